# SPDX-License-Identifier: Apache-2.0
"""Signing in on another device: what is shown here, how long it is waited, and how it ends."""

from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from keyless.auth.wish import Wish
from keyless.errors import LoginError, LoginFailure, ServiceError
from keyless.sandbox import Sandbox
from keyless.sandbox.faults import Lie, Refuse, Status
from keyless.sandbox.login_lies import NO_DEVICES
from keyless.sandbox.token_lies import FORGED_TOKEN, NO_EMAIL
from keyless.services.http import Request
from tests.auth.people import REMOTE, Card, Desk

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def sandbox() -> Sandbox:
    """A sandbox at noon, in which nobody has decided anything."""
    return Sandbox(NOON)


@pytest.fixture
def card() -> Card:
    """What is shown."""
    return Card()


@pytest.fixture
def desk(sandbox: Sandbox, card: Card) -> Desk:
    """A machine far away, where time is the sandbox's."""
    return Desk(sandbox, surroundings=REMOTE, board=card, seconds=180, in_sandbox_time=True)


def decide(sandbox: Sandbox, card: Card, decision: str, after: int) -> None:
    """Have somebody decide, elsewhere, once it was waited *after* times."""
    wait = card.wait

    def wait_and_decide(seconds: float) -> None:
        wait(seconds)
        if len(card.waits) == after:
            query = urlencode({"decision": decision, "email": "alice@example.com"})
            url = f"{card.invitations[0].url}&{query}"
            assert sandbox.transport(Request(method="GET", url=url)).status == 200

    card.wait = wait_and_decide  # type: ignore[method-assign]  # what is noted leads to a decision


def test_somebody_signs_in_elsewhere(desk: Desk, card: Card) -> None:
    """Meanwhile it is shown how long there is left."""
    decide(desk.sandbox, card, "yes", after=2)
    me = desk.sign_in()
    assert me.name == "alice@example.com"
    (invitation,) = card.invitations
    assert invitation.page == "https://oauth.sandbox.test/device"
    assert invitation.url == f"{invitation.page}?user_code={invitation.user_code}"
    assert card.waits == [175, 170]
    assert card.ends == [("signed in as alice@example.com (GitHub)", "")]
    assert "with a device code, as there is an SSH connection in between" in desk.person.heard


def test_a_terminal_shows_page_and_code(desk: Desk) -> None:
    """The code is to be compared, so that nobody signs in for somebody else."""
    desk.sandbox.issuer.approve("alice@example.com")
    desk.board = None
    desk.sign_in()
    page, _, code = desk.person.lines[1].partition("compare the code, or type it in at ")
    assert "on any device:\nhttps://oauth.sandbox.test/device?user_code=" in page
    assert code.startswith("https://oauth.sandbox.test/device: ")
    assert code.endswith("(for 3 minutes)")
    assert desk.person.lines[-1] == "signed in as alice@example.com (GitHub)"


def test_nobody_need_be_asked_with_a_browser(desk: Desk) -> None:
    """What is asked for is done, wherever this is."""
    desk.sandbox.issuer.approve("alice@example.com")
    desk.environ["KEYLESS_FLOW"] = "device"
    assert desk.sign_in(Wish(provider="google")).issuer == "https://accounts.google.com"
    assert "with a device code, as was asked for" in desk.person.heard


def test_somebody_says_no(desk: Desk, card: Card) -> None:
    """Which ends it, here as well."""
    decide(desk.sandbox, card, "no", after=1)
    with pytest.raises(LoginError, match="was told no") as caught:
        desk.sign_in()
    assert caught.value.reason is LoginFailure.CANCELLED
    assert card.ends == [("not signed in", caught.value.message)]


def test_nobody_comes(desk: Desk) -> None:
    """The time that was allowed counts."""
    with pytest.raises(LoginError, match="nobody signed in within 180 seconds") as caught:
        desk.sign_in()
    assert caught.value.reason is LoginFailure.TIMED_OUT


def test_the_code_expires_before_the_time_is_over(desk: Desk) -> None:
    """Whichever comes first: the issuer says so, or whoever waits knows."""
    desk.seconds = 3000
    with pytest.raises(LoginError) as caught:
        desk.sign_in()
    assert caught.value.reason is LoginFailure.TIMED_OUT
    assert desk.sandbox.clock.now.timestamp() - NOON.timestamp() <= 305


def test_an_issuer_that_forgets_its_own_end_is_not_asked_for_ever(desk: Desk) -> None:
    """Its code has expired by what it said in the beginning."""
    desk.seconds = 3000
    pending = Status(code=400, body=b'{"error": "authorization_pending"}')
    with (
        desk.sandbox.inject("oidc", pending, after=2),
        pytest.raises(LoginError, match="nobody typed in the code in time"),
    ):
        desk.sign_in()
    assert desk.sandbox.clock.now.timestamp() - NOON.timestamp() <= 305


def test_an_issuer_that_wants_to_be_asked_less_is(desk: Desk) -> None:
    """Five seconds less often, each time (RFC 8628, 3.5)."""
    desk.sandbox.issuer.approve("alice@example.com")
    slow = Status(code=400, body=b'{"error": "slow_down"}')
    with desk.sandbox.inject("oidc", slow, after=2, times=2):
        desk.sign_in()
    assert desk.sandbox.clock.now.timestamp() - NOON.timestamp() == 5 + 10 + 15


def test_a_network_that_fails_for_a_moment_is_forgiven(desk: Desk) -> None:
    """Somebody is signing in meanwhile."""
    desk.sandbox.issuer.approve("alice@example.com")
    with desk.sandbox.inject("oidc", Refuse(), after=2, times=3):
        assert desk.sign_in().name == "alice@example.com"


def test_a_server_that_is_something_else_is_told_at_once(desk: Desk) -> None:
    """Nobody waits for what will not come."""
    with (
        desk.sandbox.inject("oidc", Status(code=404, body=b"?"), after=2),
        pytest.raises(ServiceError, match="answered 404"),
    ):
        desk.sign_in()


@pytest.mark.parametrize(
    ("lie", "reason"),
    [(FORGED_TOKEN, LoginFailure.SIGNATURE), (NO_EMAIL, LoginFailure.NO_EMAIL)],
    ids=str,
)
def test_the_token_is_verified_as_any_is(desk: Desk, lie: Lie, reason: LoginFailure) -> None:
    """It is not for having come another way."""
    desk.sandbox.issuer.approve("alice@example.com")
    with desk.sandbox.inject("oidc", lie), pytest.raises(LoginError) as caught:
        desk.sign_in()
    assert caught.value.reason is reason


def test_whoever_was_not_expected_is_refused(desk: Desk) -> None:
    """Before anybody else is told."""
    desk.sandbox.issuer.approve("alice@example.com")
    with pytest.raises(LoginError) as caught:
        desk.sign_in(Wish(expected="bob@example.com"))
    assert caught.value.reason is LoginFailure.UNEXPECTED_IDENTITY


def test_an_issuer_that_knows_no_devices_says_so(desk: Desk) -> None:
    """Where nothing else is wanted."""
    with (
        desk.sandbox.inject("oidc", NO_DEVICES),
        pytest.raises(LoginError, match="the issuer knows no device codes") as caught,
    ):
        desk.sign_in(Wish(flow="device"))
    assert caught.value.reason is LoginFailure.NOT_OFFERED

# SPDX-License-Identifier: Apache-2.0
"""Who is here: what says it without asking anybody, whom to ask otherwise, and how often."""

import json
import time
import traceback
from datetime import UTC, datetime, timedelta

import pytest

from keyless.auth.deadline import Deadline
from keyless.auth.flows import demand_somebody
from keyless.auth.notice import NOTICE, Notice
from keyless.auth.surroundings import Surroundings
from keyless.auth.wish import Wish
from keyless.errors import InputError, KeylessError, LoginError, LoginFailure
from keyless.sandbox import Sandbox
from keyless.sandbox.faults import Lie, Status
from keyless.sandbox.instance_core import InstanceUrls
from keyless.sandbox.token_lies import ANOTHER_AUDIENCE, FORGED_TOKEN, OPAQUE_TOKEN
from keyless.services.client import Client
from keyless.services.http import Request, Response
from tests.auth.people import REMOTE, Browser, Card, Desk

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def sandbox() -> Sandbox:
    """A sandbox at noon, in which Alice signs in."""
    sandbox = Sandbox(NOON)
    sandbox.issuer.approve("alice@example.com")
    return sandbox


@pytest.fixture
def desk(sandbox: Sandbox) -> Desk:
    """A machine far away: devices are quick here, as time is the sandbox's."""
    return Desk(sandbox, surroundings=REMOTE, in_sandbox_time=True)


def test_what_the_place_says_comes_first(desk: Desk) -> None:
    """Nobody is asked."""
    desk.environ["SIGSTORE_ID_TOKEN"] = desk.sandbox.token("robot@example.com")
    assert desk.sign_in().name == "robot@example.com"
    assert desk.person.heard == (
        "being who the environment variable SIGSTORE_ID_TOKEN says that this is"
    )


def test_what_the_place_says_is_checked_before_anything_is_done(desk: Desk) -> None:
    """Whose it is, and for whom."""
    desk.environ["SIGSTORE_ID_TOKEN"] = desk.sandbox.token("robot@example.com")
    with pytest.raises(LoginError) as caught:
        desk.sign_in(Wish(expected="alice@example.com"))
    assert caught.value.reason is LoginFailure.UNEXPECTED_IDENTITY
    desk.environ["SIGSTORE_ID_TOKEN"] = desk.sandbox.token("robot@example.com", audience="other")
    with pytest.raises(LoginError) as caught:
        desk.sign_in()
    assert caught.value.reason is LoginFailure.WRONG_AUDIENCE


@pytest.mark.parametrize("wish", [Wish(provider="github"), Wish(flow="device")], ids=str)
def test_whoever_names_a_provider_or_a_way_means_a_person(desk: Desk, wish: Wish) -> None:
    """Not a token that happens to lie there."""
    desk.environ["SIGSTORE_ID_TOKEN"] = desk.sandbox.token("robot@example.com")
    assert desk.sign_in(wish).name == "alice@example.com"


def test_a_build_is_who_it_is_or_nobody(desk: Desk) -> None:
    """Nobody sits there, whatever it looks like."""
    desk.surroundings = Surroundings(in_ci=True, has_display=True, is_watching=True)
    with pytest.raises(LoginError, match="this is a build") as caught:
        desk.sign_in()
    assert caught.value.reason is LoginFailure.NOBODY_THERE
    assert desk.sign_in(Wish(flow="device")).name == "alice@example.com"


def test_a_person_is_not_asked_where_that_was_said(desk: Desk) -> None:
    """The flow of builds asks none."""
    with pytest.raises(LoginError, match="nothing here says who this is") as caught:
        desk.sign_in(Wish(flow="ci"))
    assert caught.value.reason is LoginFailure.NO_IDENTITY
    desk.environ["SIGSTORE_ID_TOKEN"] = desk.sandbox.token("robot@example.com")
    assert desk.sign_in(Wish(flow="ci")).name == "robot@example.com"


def test_a_machine_that_vouches_for_nobody_may_be_somebodys(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who sits there is asked; where nobody does, it is told."""
    monkeypatch.setenv("PATH", "")  # where the program that would be asked is not
    desk.environ["CIRCLECI"] = "true"
    assert desk.sign_in().name == "alice@example.com"
    assert "CircleCI gave this job no identity token" in desk.person.heard
    desk.surroundings = Surroundings(in_ci=True)
    with pytest.raises(LoginError, match="CircleCI gave this job no") as caught:
        desk.sign_in()
    assert caught.value.reason is LoginFailure.SOURCE


def test_nobody_can_be_asked_where_nobody_is() -> None:
    """Neither at a terminal nor in a notebook."""
    demand_somebody(Surroundings(is_watching=True))
    demand_somebody(Surroundings(in_notebook=True))
    for nowhere in (Surroundings(has_display=True), Surroundings(is_watching=True, in_ci=True)):
        with pytest.raises(LoginError, match="nobody to sign as") as caught:
            demand_somebody(nowhere)
        assert caught.value.reason is LoginFailure.NOBODY_THERE


def test_a_person_is_asked_once(desk: Desk) -> None:
    """When the token has expired, it is said what to do about it."""
    me = desk.sign_in()
    later = desk.sandbox.clock.now + timedelta(minutes=2)
    with pytest.raises(LoginError, match=r"the sign-in of \S+ is over") as caught:
        me.token(clock=lambda: later)
    assert caught.value.reason is LoginFailure.EXPIRED
    assert "renew" in str(caught.value.hint)


def test_a_person_is_asked_again_where_that_was_wished(desk: Desk) -> None:
    """And has to be who they were expected to be, each time."""
    me = desk.sign_in(Wish(renew="login", expected="alice@example.com"))
    desk.sandbox.wait(120)
    assert me.token(clock=lambda: desk.sandbox.clock.now).email == "alice@example.com"
    desk.sandbox.wait(120)
    desk.sandbox.issuer.approve("bob@example.com")
    with pytest.raises(LoginError) as caught:
        me.token(clock=lambda: desk.sandbox.clock.now)
    assert caught.value.reason is LoginFailure.UNEXPECTED_IDENTITY


def test_another_client_signs_in_to_another_issuer(desk: Desk) -> None:
    """Whose tokens are for it."""
    other = Sandbox(NOON, urls=InstanceUrls(issuer="https://oauth.sandbox.test/realms/x"))
    other.issuer.approve("alice@example.com")
    desk.sandbox = other
    url = other.core.urls.issuer
    me = desk.sign_in(Wish(issuer=url, client=Client(name="keyless")))
    token = me.token(clock=lambda: other.clock.now)
    assert (token.audience, token.issuer) == (("keyless",), url)


def test_an_interrupt_is_one_and_nothing_else(sandbox: Sandbox) -> None:
    """Ctrl-C ends it, the card says so, and nothing of what was known is left in the traceback."""
    card, wire = Card(), Wire(sandbox)
    sandbox.sigstore.transport = wire

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    desk = Desk(sandbox, surroundings=REMOTE, board=card)
    desk.deadline = lambda: Deadline(20, sleep=interrupt)  # type: ignore[method-assign]  # at once
    with pytest.raises(KeyboardInterrupt) as caught:
        desk.sign_in()
    assert card.ends == [("not signed in", "it was interrupted")]
    device_code = json.loads(wire.last.body)["device_code"]
    assert device_code not in frames_of(caught.value)


def frames_of(error: BaseException) -> str:
    """Show every local variable that *error*, and the errors that led to it, keep alive."""
    shown = []
    reason: BaseException | None = error
    while reason is not None:
        frames = traceback.TracebackException.from_exception(reason, capture_locals=True)
        shown += [str(frame.locals) for frame in frames.stack if "/tests/" not in frame.filename]
        reason = reason.__cause__ or reason.__context__
    return " ".join(shown)


class Wire:
    """A transport of a sandbox that remembers every secret that went over it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._carry = sandbox.transport
        self.secrets: set[str] = set()
        self.last = Response(status=0)

    def __call__(self, request: Request) -> Response:
        """Carry *request*."""
        self.secrets.update(request.secrets)
        answer = self._carry(request)
        words = answer.body.decode("latin-1").split('"')
        self.secrets.update(word for word in words if word.count(".") == 2 and len(word) > 60)
        self.last = answer
        return answer


FAULTS: tuple[Lie | Status, ...] = (
    FORGED_TOKEN,
    ANOTHER_AUDIENCE,
    OPAQUE_TOKEN,
    Status(code=500, body=b"no"),
    Status(code=400, body=b'{"error": "invalid_grant"}'),
)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
@pytest.mark.parametrize("flow", ["browser", "device"])
def test_no_error_keeps_a_secret(sandbox: Sandbox, fault: Lie | Status, flow: str) -> None:
    """Neither in its words, nor in the variables of the calls that led to it."""
    browser = Browser(sandbox)
    desk = Desk(sandbox, open_browser=browser, in_sandbox_time=flow == "device")
    wire = Wire(sandbox)
    sandbox.sigstore.transport = wire
    with sandbox.inject("oidc", fault, after=2), pytest.raises(KeylessError) as caught:
        desk.sign_in(Wish(flow=flow))
    assert len(wire.secrets) >= 2
    whole = f"{caught.value} {caught.value.hint} {frames_of(caught.value)} {desk.person.heard}"
    assert [secret for secret in wire.secrets if secret in whole] == []
    if flow == "browser":
        assert [secret for secret in wire.secrets if secret in browser.page.text] == []


@pytest.mark.parametrize("flow", ["browser", "device"])
def test_nothing_that_is_shown_holds_a_secret(sandbox: Sandbox, flow: str) -> None:
    """Not the address either, nor the identity that comes of it."""
    browser = Browser(sandbox)
    desk = Desk(sandbox, open_browser=browser, in_sandbox_time=flow == "device")
    wire = Wire(sandbox)
    sandbox.sigstore.transport = wire
    me = desk.sign_in(Wish(flow=flow))
    whole = f"{desk.person.heard} {me!r} {me}"
    assert [secret for secret in wire.secrets if secret in whole] == []
    assert me.reveal_token() in wire.secrets


def test_the_notice_is_told_once() -> None:
    """And not at all where the environment says so."""
    heard: list[str] = []
    notice = Notice()
    notice.tell(heard.append, {})
    notice.tell(heard.append, {})
    assert heard == [NOTICE]
    for word in ("off", "OFF", "0", "false"):
        Notice().tell(heard.append, {"KEYLESS_NOTICE": word})
    assert heard == [NOTICE]


@pytest.mark.parametrize("seconds", [0, -1, 3601, float("nan"), float("inf")])
def test_a_time_that_nobody_can_wait_is_refused(seconds: float) -> None:
    """Before anything is done."""
    with pytest.raises(InputError, match="is not how long somebody can take"):
        Deadline(seconds)


def test_what_takes_too_long_is_left_behind() -> None:
    """Whatever it is that does."""
    deadline = Deadline(0.05)
    with pytest.raises(LoginError, match=r"within 0\.05 seconds") as caught:
        deadline.within(lambda: time.sleep(0.3))
    assert caught.value.reason is LoginFailure.TIMED_OUT

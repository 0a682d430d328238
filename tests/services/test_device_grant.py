# SPDX-License-Identifier: Apache-2.0
"""Signing in on another device: the codes, the waiting, and how it ends."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from keyless.errors import LoginError, LoginFailure, ServiceError
from keyless.sandbox import Sandbox
from keyless.sandbox.faults import Refuse, Status, WrongType
from keyless.services.authorization import Attempt
from keyless.services.client import Client
from keyless.services.device_grant import DeviceCode, ask_device, start_device
from keyless.services.http import Request, Response
from keyless.services.oidc import OpenIdIssuer, TokenAnswer

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
URL = "https://oauth.sandbox.test"


@pytest.fixture
def sandbox() -> Sandbox:
    """A sandbox at noon, in which nobody has decided anything."""
    return Sandbox(NOON)


@pytest.fixture
def issuer(sandbox: Sandbox) -> OpenIdIssuer:
    """Its issuer."""
    return OpenIdIssuer.discover(
        URL, sandbox.transport, client=Client(), clock=lambda: sandbox.clock.now
    )


def test_a_device_shows_a_code_and_learns_who_signed_in(
    sandbox: Sandbox, issuer: OpenIdIssuer
) -> None:
    """With the proof of key, and a connector, as in a browser."""
    attempt = Attempt.new()
    device = start_device(issuer, attempt, connector="https://accounts.google.com")
    assert (device.seconds, device.interval, device.page) == (300, 5, f"{URL}/device")
    assert device.page_with_code == f"{URL}/device?user_code={device.user_code}"
    assert ask_device(issuer, device, attempt) == "pending"
    assert ask_device(issuer, device, attempt) == "slow down"
    sandbox.wait(20)
    sandbox.issuer.approve("alice@example.com")
    answer = ask_device(issuer, device, attempt)
    assert isinstance(answer, TokenAnswer)
    token = issuer.verified(answer, nonce=None).token
    assert (token.email, token.connector) == ("alice@example.com", "https://accounts.google.com")


def test_a_device_keeps_its_secret(sandbox: Sandbox, issuer: OpenIdIssuer) -> None:
    """With which another one could wait for the token."""
    device = start_device(issuer, Attempt.new())
    assert repr(device) == f"DeviceCode({device.user_code!r})"
    sandbox.issuer.approve("alice@example.com")
    attempt = Attempt.new()
    with pytest.raises(LoginError, match="code_verifier does not fit") as caught:
        ask_device(issuer, device, attempt)
    assert device.secret not in str(caught.value)


def test_somebody_can_say_no(sandbox: Sandbox, issuer: OpenIdIssuer) -> None:
    """And that is what is told."""
    attempt = Attempt.new()
    device = start_device(issuer, attempt)
    sandbox.issuer.deny()
    with pytest.raises(LoginError, match="was told no") as caught:
        ask_device(issuer, device, attempt)
    assert caught.value.reason is LoginFailure.CANCELLED


def test_a_code_expires(sandbox: Sandbox, issuer: OpenIdIssuer) -> None:
    """Nobody came."""
    attempt = Attempt.new()
    device = start_device(issuer, attempt)
    sandbox.wait(300)
    with pytest.raises(LoginError, match="expired_token") as caught:
        ask_device(issuer, device, attempt)
    assert caught.value.reason is LoginFailure.TIMED_OUT


@pytest.mark.parametrize("fault", [Refuse(), Status(code=503)], ids=str)
def test_a_network_may_fail_for_a_moment(
    sandbox: Sandbox, issuer: OpenIdIssuer, fault: Any
) -> None:
    """It is asked again, more slowly."""
    attempt = Attempt.new()
    device = start_device(issuer, attempt)
    with sandbox.inject("oidc", fault):
        assert ask_device(issuer, device, attempt) == "slow down"


@pytest.mark.parametrize("fault", [WrongType(), Status(code=404)], ids=str)
def test_what_will_not_pass_is_told_at_once(
    sandbox: Sandbox, issuer: OpenIdIssuer, fault: Any
) -> None:
    """Nobody waits five minutes for it."""
    attempt = Attempt.new()
    device = start_device(issuer, attempt)
    with sandbox.inject("oidc", fault), pytest.raises(ServiceError):
        ask_device(issuer, device, attempt)


def test_an_issuer_may_refuse_to_begin(sandbox: Sandbox) -> None:
    """As when it does not give what is asked for."""
    client = Client(scopes=("email",))
    issuer = OpenIdIssuer.discover(URL, sandbox.transport, client=client, clock=lambda: NOON)
    with pytest.raises(LoginError, match="refused: invalid_scope") as caught:
        start_device(issuer, Attempt.new())
    assert caught.value.reason is LoginFailure.REFUSED


def started(sandbox: Sandbox, **changes: Any) -> DeviceCode:
    """Start with an issuer that answers something else; members that are None are left out."""

    def transport(request: Request) -> Response:
        answer = sandbox.transport(request)
        if request.method == "GET":
            return answer
        said = {**json.loads(answer.body), **changes}
        kept = {name: member for name, member in said.items() if member is not None}
        return Response(status=200, body=json.dumps(kept).encode())

    issuer = OpenIdIssuer.discover(URL, transport, client=Client(), clock=lambda: NOON)
    return start_device(issuer, Attempt.new())


def test_what_an_issuer_leaves_out_has_a_default(sandbox: Sandbox) -> None:
    """Five seconds, and a page on which the code is typed in."""
    device = started(sandbox, interval=None, verification_uri_complete=None)
    assert (device.interval, device.page_with_code) == (5, f"{URL}/device")


@pytest.mark.parametrize(("said", "taken"), [(0, 1), (7, 7), (86400, 60)])
def test_an_issuer_is_asked_neither_all_the_time_nor_never(
    sandbox: Sandbox, said: int, taken: int
) -> None:
    """Whatever it says."""
    device = started(sandbox, interval=said, expires_in=10**9)
    assert (device.interval, device.seconds) == (taken, 3600)


@pytest.mark.parametrize("name", ["verification_uri", "verification_uri_complete"])
def test_nobody_is_sent_to_a_page_that_is_not_safe(sandbox: Sandbox, name: str) -> None:
    """They would type in what is theirs."""
    with pytest.raises(LoginError, match="no address under https") as caught:
        started(sandbox, **{name: "javascript:alert(1)"})
    assert caught.value.reason is LoginFailure.UNSAFE_ISSUER


@pytest.mark.parametrize("code", ["", "X" * 65, None])
def test_a_code_that_nobody_can_type_is_none(sandbox: Sandbox, code: str | None) -> None:
    """Nor one that is missing."""
    with pytest.raises(ServiceError, match="user_code"):
        started(sandbox, user_code=code)

# SPDX-License-Identifier: Apache-2.0
"""A client of an issuer's: what it asks, what it keeps to itself, and what it makes of answers."""

import json
import pickle
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from keyless.errors import InputError, LoginError, LoginFailure, ServiceError
from keyless.sandbox import Sandbox
from keyless.sandbox.faults import Lie, Redirect, Status, WrongType
from keyless.sandbox.instance_core import InstanceUrls
from keyless.sandbox.login_lies import ANOTHER_NAME, NO_PROOF_OF_KEY, OTHER_KEYS, PLAIN_ADDRESS
from keyless.sandbox.token_lies import (
    ANOTHER_ACCESS_TOKEN,
    ANOTHER_AUDIENCE,
    ANOTHER_ISSUER,
    ANOTHER_NONCE,
    FORGED_TOKEN,
    NO_ID_TOKEN,
    OPAQUE_TOKEN,
)
from keyless.services.authorization import (
    PROVIDERS,
    Attempt,
    authorization_url,
    connector_of,
)
from keyless.services.client import PUBLIC_CLIENT, Client
from keyless.services.http import Request, Response
from keyless.services.http.recording import Exchange, recording
from keyless.services.oidc import OpenIdIssuer, SignedIn

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
REDIRECT = "http://localhost:5000/auth/callback"


@pytest.fixture
def sandbox() -> Sandbox:
    """A sandbox at noon, in which Alice signs in."""
    sandbox = Sandbox(NOON)
    sandbox.issuer.approve("alice@example.com")
    return sandbox


def found(sandbox: Sandbox, *, client: Client = PUBLIC_CLIENT, log: Any = None) -> OpenIdIssuer:
    """Find the issuer of the sandbox."""
    transport = sandbox.transport if log is None else recording(sandbox.transport, log)
    url = sandbox.core.urls.issuer
    return OpenIdIssuer.discover(url, transport, client=client, clock=lambda: sandbox.clock.now)


def code_of(sandbox: Sandbox, issuer: OpenIdIssuer, attempt: Attempt) -> str:
    """Have somebody sign in; return the code that they come back with."""
    url = authorization_url(issuer.metadata, issuer.client, attempt, redirect=REDIRECT)
    back = sandbox.transport(Request(method="GET", url=url)).header("Location")
    return parse_qs(urlsplit(back).query)["code"][0]


def signed_in(sandbox: Sandbox, issuer: OpenIdIssuer | None = None) -> SignedIn:
    """Sign in, by whatever the issuer says from now on."""
    issuer, attempt = issuer or found(sandbox), Attempt.new()
    code = code_of(sandbox, issuer, attempt)
    return issuer.redeem(code, attempt=attempt, redirect=REDIRECT)


def test_somebody_signs_in(sandbox: Sandbox) -> None:
    """By the identity token, though the access token looks the same."""
    token = signed_in(sandbox).token
    assert token.email == "alice@example.com"
    assert "nonce" in token.said().names()


def test_an_issuer_may_have_a_path() -> None:
    """Which its document is found under, not beside."""
    url = "https://oauth.sandbox.test/auth/realms/main"
    sandbox = Sandbox(NOON, urls=InstanceUrls(issuer=url))
    sandbox.issuer.approve("alice@example.com")
    assert signed_in(sandbox).token.issuer == url


def test_an_access_token_may_be_opaque(sandbox: Sandbox) -> None:
    """It is not what is wanted."""
    sandbox.issuer.opaque = True
    assert signed_in(sandbox).token.email == "alice@example.com"


def test_a_client_without_a_secret_sends_none() -> None:
    """Its name stands in the form; there is no header that some issuers would refuse."""
    sandbox, log = Sandbox(NOON), list[Exchange]()
    sandbox.issuer.approve("alice@example.com")
    signed_in(sandbox, found(sandbox, log=log))
    post = next(each.request for each in log if each.request.method == "POST")
    assert post.header("Authorization") == ""
    form = dict(parse_qsl((post.body or b"").decode()))
    assert form["client_id"] == "sigstore"
    assert "client_secret" not in form


class Listening:
    """A transport that keeps what it was asked, unlike the one that hides what is secret."""

    def __init__(self, sandbox: Sandbox, **changes: Any) -> None:
        self.asked: list[Request] = []
        self._sandbox, self._changes = sandbox, changes

    def __call__(self, request: Request) -> Response:
        """Carry *request*, and have the issuer's document say something else."""
        self.asked.append(request)
        answer = self._sandbox.transport(request)
        if self._changes and request.url.endswith("configuration"):
            return Response(
                status=200, body=json.dumps({**json.loads(answer.body), **self._changes}).encode()
            )
        return answer


@pytest.mark.parametrize(
    ("ways", "header", "form"),
    [
        (None, "keyless%3A:s%25cret", None),
        (["client_secret_basic"], "keyless%3A:s%25cret", None),
        (["client_secret_post"], None, "s%cret"),
    ],
)
def test_a_secret_goes_where_the_issuer_wants_it(
    sandbox: Sandbox, ways: Any, header: str | None, form: str | None
) -> None:
    """In a header by default, each part encoded as the specification has it; else in the form."""
    listening = Listening(sandbox, token_endpoint_auth_methods_supported=ways)
    client = Client(name="keyless:", secret="s%cret")  # noqa: S106 - nobody's
    url = sandbox.core.urls.issuer
    issuer = OpenIdIssuer.discover(url, listening, client=client, clock=lambda: NOON)
    attempt = Attempt.new()
    issuer.redeem(code_of(sandbox, issuer, attempt), attempt=attempt, redirect=REDIRECT)
    post = next(each for each in listening.asked if each.method == "POST")
    said = post.header("Authorization").removeprefix("Basic ")
    assert (b64decode(said).decode() or None) == header
    assert dict(parse_qsl((post.body or b"").decode())).get("client_secret") == form
    assert client.secret in post.secrets
    assert repr(client) == "Client(keyless:)"


def test_what_is_recorded_holds_no_secret() -> None:
    """Neither the code, nor the verifier, nor a token."""
    sandbox, log = Sandbox(NOON), list[Exchange]()
    sandbox.issuer.approve("alice@example.com")
    issuer, attempt = found(sandbox, log=log), Attempt.new()
    code = code_of(sandbox, issuer, attempt)
    token = issuer.redeem(code, attempt=attempt, redirect=REDIRECT).token
    whole = b"".join(
        (each.request.body or b"") + (each.response.body if each.response else b"") for each in log
    )
    for secret in (code, attempt.verifier, token.text):
        assert secret.encode() not in whole


REFUSED: dict[Lie, LoginFailure] = {
    ANOTHER_NONCE: LoginFailure.NONCE,
    ANOTHER_AUDIENCE: LoginFailure.WRONG_AUDIENCE,
    ANOTHER_ISSUER: LoginFailure.WRONG_ISSUER,
    FORGED_TOKEN: LoginFailure.SIGNATURE,
    ANOTHER_ACCESS_TOKEN: LoginFailure.ACCESS_HASH,
    NO_ID_TOKEN: LoginFailure.NO_TOKEN,
    OPAQUE_TOKEN: LoginFailure.NO_TOKEN,
}


@pytest.mark.parametrize(("lie", "reason"), REFUSED.items(), ids=str)
def test_a_token_that_does_not_answer_is_refused(
    sandbox: Sandbox, lie: Lie, reason: LoginFailure
) -> None:
    """Each for its reason."""
    issuer, attempt = found(sandbox), Attempt.new()
    code = code_of(sandbox, issuer, attempt)
    with sandbox.inject("oidc", lie), pytest.raises(LoginError) as caught:
        issuer.redeem(code, attempt=attempt, redirect=REDIRECT)
    assert caught.value.reason is reason


UNSAFE: dict[Lie, str] = {
    NO_PROOF_OF_KEY: "does not take the proof of key S256",
    ANOTHER_NAME: "says that it is https://elsewhere.test",
    PLAIN_ADDRESS: "the token_endpoint of the issuer is no address under https",
}


@pytest.mark.parametrize(("lie", "words"), UNSAFE.items(), ids=str)
def test_nobody_signs_in_where_it_is_not_safe(sandbox: Sandbox, lie: Lie, words: str) -> None:
    """What is asked there could be stolen on the way."""
    with sandbox.inject("oidc", lie), pytest.raises(LoginError, match=words) as caught:
        found(sandbox)
    assert caught.value.reason is LoginFailure.UNSAFE_ISSUER


def test_an_issuer_that_everybody_can_listen_to_is_not_even_asked() -> None:
    """Its address alone says enough."""

    def transport(request: Request) -> Response:
        raise AssertionError(request)

    with pytest.raises(LoginError, match="the issuer is no address under https"):
        OpenIdIssuer.discover(
            "http://oauth.example", transport, client=Client(), clock=lambda: NOON
        )


def test_keys_that_have_changed_are_fetched_once_more(sandbox: Sandbox) -> None:
    """One that is old may be kept somewhere on the way; two that are, nobody waits for."""
    issuer = found(sandbox)
    for times, finds in ((1, True), (2, False)):
        attempt = Attempt.new()
        code = code_of(sandbox, issuer, attempt)
        with sandbox.inject("oidc", OTHER_KEYS, after=1, times=times):
            if finds:
                assert issuer.redeem(code, attempt=attempt, redirect=REDIRECT)
                continue
            with pytest.raises(LoginError, match="none of the issuer's") as caught:
                issuer.redeem(code, attempt=attempt, redirect=REDIRECT)
            assert caught.value.reason is LoginFailure.SIGNATURE


def test_keys_may_change_between_code_and_token(sandbox: Sandbox) -> None:
    """They are fetched after it."""
    issuer, attempt = found(sandbox), Attempt.new()
    code = code_of(sandbox, issuer, attempt)
    sandbox.issuer.rotate()
    assert issuer.redeem(code, attempt=attempt, redirect=REDIRECT)


@pytest.mark.parametrize("minutes", [5, -5])
def test_a_wrong_clock_is_measured(sandbox: Sandbox, minutes: int) -> None:
    """By what the issuer says that the time is."""
    sandbox.issuer.ahead = timedelta(minutes=minutes)
    ahead = signed_in(sandbox).ahead
    assert ahead is not None
    assert abs(ahead + timedelta(minutes=minutes)) < timedelta(seconds=2)


DATES = (
    "",
    "yesterday",
    "Sat, 01 Mar 2025 12:00:00 -0000",
    "Fri, 31 Dec 9999 23:59:59 -2359",  # which no clock in the world can be compared with
)


@pytest.mark.parametrize("date", DATES)
def test_a_time_that_cannot_be_read_is_not_measured(sandbox: Sandbox, date: str) -> None:
    """Most servers say it, and none has to."""

    def transport(request: Request) -> Response:
        answer = sandbox.transport(request)
        return Response(status=answer.status, headers=(("Date", date),), body=answer.body)

    url = sandbox.core.urls.issuer
    issuer = OpenIdIssuer.discover(url, transport, client=Client(), clock=lambda: NOON)
    ahead = signed_in(sandbox, issuer).ahead
    assert (ahead is None) == (not date.endswith("0000"))


REFUSALS: dict[str, tuple[bytes, str, LoginFailure]] = {
    "with words": (
        b'{"error": "invalid_grant", "error_description": "it was \\u001b[2J used"}',
        "the issuer oauth.sandbox.test refused: invalid_grant: it was \\x1b[2J used",
        LoginFailure.REFUSED,
    ),
    "without": (
        b'{"error": "invalid_client"}',
        "the issuer oauth.sandbox.test refused: invalid_client",
        LoginFailure.REFUSED,
    ),
    "by the person": (
        b'{"error": "access_denied"}',
        "nobody signed in: the issuer oauth.sandbox.test was told no (access_denied)",
        LoginFailure.CANCELLED,
    ),
}


@pytest.mark.parametrize(("body", "message", "reason"), REFUSALS.values(), ids=REFUSALS.keys())
def test_what_the_issuer_says_is_told(
    sandbox: Sandbox, body: bytes, message: str, reason: LoginFailure
) -> None:
    """Its own name for it, and its own words."""
    issuer, attempt = found(sandbox), Attempt.new()
    fault = Status(code=400, body=body)
    with sandbox.inject("oidc", fault), pytest.raises(LoginError) as caught:
        issuer.redeem("a code", attempt=attempt, redirect=REDIRECT)
    assert caught.value.message == message
    assert caught.value.reason is reason
    assert caught.value.hint


def test_an_issuer_does_not_repeat_what_it_was_told(sandbox: Sandbox) -> None:
    """It ends in logs that everybody reads."""
    issuer, attempt, code = found(sandbox), Attempt.new(), "the-code-that-was-redeemed"
    words = f"no code {code}, nor any for {attempt.verifier}"
    body = json.dumps({"error": "invalid_grant", "error_description": words}).encode()
    fault = Status(code=400, body=body)
    with sandbox.inject("oidc", fault), pytest.raises(LoginError) as caught:
        issuer.redeem(code, attempt=attempt, redirect=REDIRECT)
    assert "no code [hidden]" in caught.value.message
    assert code not in caught.value.message
    assert attempt.verifier not in caught.value.message


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html><title>Not here</title>", ": a page with the title 'Not here'"),
        (b"{}", ""),
        (b"", ""),
    ],
)
def test_something_else_may_have_answered(sandbox: Sandbox, body: bytes, said: str) -> None:
    """A proxy knows nothing of OAuth."""
    issuer, attempt = found(sandbox), Attempt.new()
    fault = Status(code=403, body=body)
    with sandbox.inject("oidc", fault), pytest.raises(ServiceError) as caught:
        issuer.redeem("a code", attempt=attempt, redirect=REDIRECT)
    assert caught.value.message.startswith("the issuer oauth.sandbox.test answered 403")
    assert said in caught.value.message
    assert caught.value.status == 403


def test_a_redirect_is_not_followed(sandbox: Sandbox) -> None:
    """Whoever is there would get the code and the verifier."""
    issuer, attempt = found(sandbox), Attempt.new()
    with (
        sandbox.inject("oidc", Redirect()),
        pytest.raises(ServiceError, match="answered 307: it points to https://elsewhere"),
    ):
        issuer.redeem("a code", attempt=attempt, redirect=REDIRECT)


def test_an_answer_that_makes_no_sense_is_told(sandbox: Sandbox) -> None:
    """Of the document, and of the token."""
    issuer, attempt = found(sandbox), Attempt.new()
    with sandbox.inject("oidc", WrongType()):
        with pytest.raises(ServiceError, match="gave an answer that cannot be read"):
            found(sandbox)
        with pytest.raises(ServiceError, match="gave an answer that cannot be read"):
            issuer.redeem("a code", attempt=attempt, redirect=REDIRECT)


def test_the_address_for_a_browser_holds_no_secret(sandbox: Sandbox) -> None:
    """It is shown, and kept in histories."""
    client = Client(secret="a secret", scopes=("openid", "email", "profile"))  # noqa: S106 - nobody's
    issuer, attempt = found(sandbox, client=client), Attempt.new()
    url = authorization_url(
        issuer.metadata, client, attempt, redirect=REDIRECT, connector=PROVIDERS["google"]
    )
    query = dict(parse_qsl(urlsplit(url).query))
    assert query.pop("code_challenge") not in attempt.verifier
    assert query == {
        "response_type": "code",
        "client_id": "sigstore",
        "redirect_uri": REDIRECT,
        "scope": "openid email profile",
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge_method": "S256",
        "connector_id": "https://accounts.google.com",
    }
    assert attempt.verifier not in url
    assert "a+secret" not in url


def test_an_address_with_parameters_gets_more(sandbox: Sandbox) -> None:
    """And keeps its own."""
    listening = Listening(sandbox, authorization_endpoint="https://oauth.example/?tenant=7")
    url = sandbox.core.urls.issuer
    issuer = OpenIdIssuer.discover(url, listening, client=Client(), clock=lambda: NOON)
    place = authorization_url(issuer.metadata, issuer.client, Attempt.new(), redirect=REDIRECT)
    assert place.startswith("https://oauth.example/?tenant=7&response_type=code&")


def test_an_attempt_is_nobody_elses() -> None:
    """No two are alike, and none is shown or kept."""
    one, other = Attempt.new(), Attempt.new()
    assert len({one.state, one.nonce, one.verifier, other.state, other.nonce, other.verifier}) == 6
    assert all(43 <= len(each) <= 128 for each in (one.state, one.nonce, one.verifier))
    assert repr(one) == "Attempt()"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(one)


def test_a_provider_is_called_as_the_issuer_calls_it() -> None:
    """Or is the issuer itself, which then need not ask anybody."""
    dex = "https://oauth2.example/auth"
    assert connector_of("github", issuer=dex) == "https://github.com/login/oauth"
    assert connector_of("https://idp.example", issuer=dex) == "https://idp.example"
    assert connector_of(None, issuer=dex) is None
    assert connector_of("google", issuer="https://accounts.google.com") is None
    with pytest.raises(InputError, match="no provider gitlab") as caught:
        connector_of("gitlab", issuer=dex)
    assert "github, google, microsoft" in str(caught.value.hint)

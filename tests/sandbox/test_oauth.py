# SPDX-License-Identifier: Apache-2.0
"""Signing in to a sandbox: with a browser or with a device, and everything that can go wrong."""

import gc
import json
import re
import threading
import webbrowser
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
import requests
import sigstore.oidc
from jwt.utils import base64url_decode, base64url_encode

from keyless.protocol.digest import Digest
from keyless.sandbox import Sandbox
from keyless.sandbox.faults import Lie
from keyless.sandbox.login_lies import (
    ANOTHER_NAME,
    ANOTHER_RESPONSE_ISSUER,
    BARE_REFUSAL,
    LOGIN_LIES,
    NO_CODE,
    NO_DEVICES,
    NO_PROOF_OF_KEY,
    NO_RESPONSE_ISSUER,
    NO_STATE,
    OTHER_KEYS,
    PLAIN_ADDRESS,
    REFUSAL,
)
from keyless.sandbox.token_lies import (
    ANOTHER_ACCESS_TOKEN,
    ANOTHER_AUDIENCE,
    ANOTHER_ISSUER,
    ANOTHER_NONCE,
    ANOTHER_STATE,
    ANOTHER_TOKEN,
    FORGED_TOKEN,
    NO_EMAIL,
    NO_ID_TOKEN,
    OPAQUE_TOKEN,
    TOKEN_LIES,
)
from keyless.services.http import Request, Response
from tests.sandbox.asking import get, said

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
GOOGLE = "https://accounts.google.com"
REDIRECT = "http://localhost:5000/auth/callback"
OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
VERIFIER = "v" * 43
CHALLENGE = base64url_encode(Digest.of(VERIFIER.encode()).value).decode()
ASKED = {
    "response_type": "code",
    "client_id": "sigstore",
    "scope": "openid email",
    "redirect_uri": REDIRECT,
    "state": "the state",
    "nonce": "the nonce",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture
def sandbox() -> Sandbox:
    """A sandbox at noon, in which nobody has decided anything."""
    return Sandbox(NOON)


def opened(sandbox: Sandbox, path: str = "auth", **changes: str | None) -> Response:
    """Open a page of the issuer's in a browser; a parameter that is None is left out."""
    asked = {**(ASKED if path == "auth" else {}), **changes}
    query = urlencode({name: text for name, text in asked.items() if text is not None})
    return sandbox.transport(get(sandbox.core.urls.issuer, f"{path}?{query}"))


def sent_back(response: Response) -> dict[str, str]:
    """Return what the browser brings back to the client."""
    assert response.status == 303
    place, _, query = response.header("Location").partition("?")
    assert place == REDIRECT
    return {name: text for name, (text,) in parse_qs(query).items()}


def posted(sandbox: Sandbox, path: str, authorization: str = "", **form: str) -> Response:
    """Post a form."""
    headers = (
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Authorization", authorization),
    )
    url = f"{sandbox.core.urls.issuer}/{path}"
    body = urlencode(form).encode()
    return sandbox.transport(Request(method="POST", url=url, headers=headers, body=body))


def exchanged(sandbox: Sandbox, code: str, **changes: str) -> Response:
    """Exchange *code* for a token."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "client_id": "sigstore",
        "code_verifier": VERIFIER,
    }
    return posted(sandbox, "token", **{**form, **changes})


def code_for(sandbox: Sandbox, email: str = "alice@example.com", **changes: str) -> str:
    """Have somebody sign in; return the code."""
    sandbox.issuer.approve(email)
    return sent_back(opened(sandbox, **changes))["code"]


def claims_in(sandbox: Sandbox, response: Response, audience: str = "sigstore") -> dict[str, Any]:
    """Verify the token in *response* as a client does, and return what it says."""
    assert response.status == 200, response.body
    token = said(response)["id_token"]
    keys = jwt.PyJWKSet.from_dict(said(sandbox.transport(get(sandbox.core.urls.issuer, "keys"))))
    key = keys[jwt.get_unverified_header(token)["kid"]]
    options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
    issuer = sandbox.core.urls.issuer
    found: dict[str, Any] = jwt.decode(
        token, key, audience=audience, issuer=issuer, options=options
    )
    return found


def problem(response: Response) -> str:
    """Return the error in a refusal of the token endpoint's."""
    assert response.status == 400
    return str(said(response)["error"])


def test_somebody_signs_in_with_a_browser(sandbox: Sandbox) -> None:
    """The client gets a token for them, tied to what it asked."""
    sandbox.issuer.approve("alice@example.com")
    back = sent_back(opened(sandbox))
    assert (back["state"], back["iss"]) == ("the state", sandbox.core.urls.issuer)
    answer = exchanged(sandbox, back["code"])
    claims = claims_in(sandbox, answer)
    assert (claims["email"], claims["email_verified"]) == ("alice@example.com", True)
    assert claims["nonce"] == "the nonce"
    assert claims["exp"] - claims["iat"] == said(answer)["expires_in"] == 60
    assert answer.header("Cache-Control") == "no-store"


def test_a_token_names_the_access_token_it_came_with(sandbox: Sandbox) -> None:
    """By its hash (OpenID Connect, 3.1.3.6); and the two say the same of the person."""
    answer = exchanged(sandbox, code_for(sandbox))
    claims, access = claims_in(sandbox, answer), said(answer)["access_token"]
    assert base64url_decode(claims["at_hash"]) == Digest.of(access.encode()).value[:16]
    assert jwt.decode(access, options={"verify_signature": False})["sub"] == claims["sub"]


def test_an_access_token_may_be_of_no_use_to_others(sandbox: Sandbox) -> None:
    """As most issuers have them."""
    sandbox.issuer.opaque = True
    answer = exchanged(sandbox, code_for(sandbox))
    assert "." not in said(answer)["access_token"]
    assert claims_in(sandbox, answer)["email"] == "alice@example.com"


def test_tokens_can_be_of_another_kind(sandbox: Sandbox) -> None:
    """Signed with RSA, and living longer."""
    sandbox.issuer.algorithm = "RS256"
    sandbox.issuer.lifetime = timedelta(minutes=10)
    answer = exchanged(sandbox, code_for(sandbox))
    assert jwt.get_unverified_header(said(answer)["id_token"])["alg"] == "RS256"
    claims = claims_in(sandbox, answer)
    assert claims["exp"] - claims["iat"] == 600


def test_a_person_is_known_by_whom_the_client_asks(sandbox: Sandbox) -> None:
    """Or by whom they say."""
    asked = claims_in(sandbox, exchanged(sandbox, code_for(sandbox, connector_id=GOOGLE)))
    assert asked["federated_claims"]["connector_id"] == GOOGLE
    sandbox.issuer.approve("alice@example.com", connector="https://elsewhere.test", verified=False)
    said_so = claims_in(sandbox, exchanged(sandbox, sent_back(opened(sandbox))["code"]))
    assert said_so["federated_claims"]["connector_id"] == "https://elsewhere.test"
    assert said_so["email_verified"] is False


def test_an_issuer_may_know_everybody_itself(sandbox: Sandbox) -> None:
    """It asks nobody else, and says so by saying nothing."""
    sandbox.issuer.federated = False
    claims = claims_in(sandbox, exchanged(sandbox, code_for(sandbox, connector_id=GOOGLE)))
    assert "federated_claims" not in claims


def test_a_client_with_an_empty_password_is_let_in(sandbox: Sandbox) -> None:
    """Some send one, though there is none."""
    basic = f"Basic {b64encode(b'sigstore:').decode()}"
    form = {
        "grant_type": "authorization_code",
        "code": code_for(sandbox),
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    assert claims_in(sandbox, posted(sandbox, "token", basic, **form))["aud"] == "sigstore"


@pytest.mark.parametrize("authorization", ["", "Bearer x", "Basic !"])
def test_a_client_that_does_not_say_who_it_is_gets_nothing(
    sandbox: Sandbox, authorization: str
) -> None:
    """A code is for one client."""
    form = {"grant_type": "authorization_code", "code": code_for(sandbox)}
    answer = posted(
        sandbox, "token", authorization, **form, redirect_uri=REDIRECT, code_verifier=VERIFIER
    )
    assert problem(answer) == "invalid_grant"


BAD_EXCHANGES = {
    "another code": {"code": "x"},
    "another place": {"redirect_uri": "http://localhost:1/"},
    "another client": {"client_id": "mallory"},
    "another verifier": {"code_verifier": "w" * 43},
}


@pytest.mark.parametrize("changes", BAD_EXCHANGES.values(), ids=BAD_EXCHANGES.keys())
def test_a_code_is_worth_nothing_to_others(sandbox: Sandbox, changes: Mapping[str, str]) -> None:
    """Who has seen it still lacks something."""
    form = {"code": code_for(sandbox), **changes}
    assert problem(exchanged(sandbox, **form)) == "invalid_grant"


def test_a_code_is_taken_once(sandbox: Sandbox) -> None:
    """Whoever comes second may have stolen it."""
    code = code_for(sandbox)
    assert exchanged(sandbox, code).status == 200
    assert problem(exchanged(sandbox, code)) == "invalid_grant"


def test_a_code_expires(sandbox: Sandbox) -> None:
    """After a minute."""
    code = code_for(sandbox)
    sandbox.wait(60)
    assert problem(exchanged(sandbox, code)) == "invalid_grant"


def test_only_codes_are_exchanged(sandbox: Sandbox) -> None:
    """No passwords, and nothing that lives for long."""
    answer = exchanged(sandbox, "x", grant_type="refresh_token")
    assert problem(answer) == "unsupported_grant_type"


def test_somebody_can_say_no(sandbox: Sandbox) -> None:
    """The client learns of it."""
    sandbox.issuer.deny()
    back = sent_back(opened(sandbox))
    assert (back["error"], back["state"]) == ("access_denied", "the state")


BAD_WISHES: dict[str, tuple[dict[str, str | None], str]] = {
    "not openid": ({"scope": "email"}, "invalid_scope"),
    "no client": ({"client_id": None}, "invalid_request"),
    "no proof": ({"code_challenge": None}, "invalid_request"),
    "the plain kind of proof": ({"code_challenge_method": "plain"}, "invalid_request"),
    "a proof that is none": ({"code_challenge": "short"}, "invalid_request"),
    "an unknown connector": ({"connector_id": "https://elsewhere.test"}, "invalid_request"),
    "a token at once": ({"response_type": "token"}, "unsupported_response_type"),
}


@pytest.mark.parametrize(("changes", "error"), BAD_WISHES.values(), ids=BAD_WISHES.keys())
def test_a_client_that_asks_wrongly_is_told(
    sandbox: Sandbox, changes: dict[str, str | None], error: str
) -> None:
    """Where it asked to be told."""
    sandbox.issuer.approve("alice@example.com")
    assert sent_back(opened(sandbox, **changes))["error"] == error


@pytest.mark.parametrize(
    "redirect",
    [None, "https://localhost/", "http://mallory.test/", "http://localhost@mallory.test"],
)
def test_nobody_is_sent_to_another_machine(sandbox: Sandbox, redirect: str | None) -> None:
    """What comes along would be theirs there."""
    sandbox.issuer.approve("alice@example.com")
    assert opened(sandbox, redirect_uri=redirect).status == 400


def test_a_place_with_parameters_keeps_them(sandbox: Sandbox) -> None:
    """And gets more."""
    sandbox.issuer.approve("alice@example.com")
    place = opened(sandbox, redirect_uri="http://127.0.0.1/?a=b").header("Location")
    assert place.startswith("http://127.0.0.1/?a=b&code=")


def test_a_code_can_be_carried_over_by_hand(sandbox: Sandbox) -> None:
    """Where no browser comes back."""
    sandbox.issuer.approve("alice@example.com")
    page = opened(sandbox, redirect_uri=OUT_OF_BAND).body.decode()
    (code,) = re.findall("<code>(.*)</code>", page)
    answer = exchanged(sandbox, code, redirect_uri=OUT_OF_BAND)
    assert claims_in(sandbox, answer)["email"] == "alice@example.com"
    sandbox.issuer.deny()
    assert b"access_denied" in opened(sandbox, redirect_uri=OUT_OF_BAND).body


def test_somebody_who_is_asked_says_who_they_are(sandbox: Sandbox) -> None:
    """On a page that carries on what the client has asked, and shows markup as what it is."""
    sandbox.issuer.approve("somebody@example.com")
    sandbox.issuer.ask()
    page = opened(sandbox, state='"><script>')
    fields = dict(re.findall('name="([a-z_]+)" value="([^"]*)"', page.body.decode()))
    assert {name: fields[name] for name in ASKED if name != "state"} == {
        name: text for name, text in ASKED.items() if name != "state"
    }
    assert b"<script>" not in page.body
    assert "default-src 'none'" in page.header("Content-Security-Policy")
    yes = sent_back(opened(sandbox, decision="yes", email="alice@example.com"))
    assert claims_in(sandbox, exchanged(sandbox, yes["code"]))["email"] == "alice@example.com"
    assert sent_back(opened(sandbox, decision="no"))["error"] == "access_denied"


def started(sandbox: Sandbox) -> dict[str, Any]:
    """Have a device ask for a code."""
    form = {"client_id": "sigstore", "scope": "openid email", "code_challenge": CHALLENGE}
    answer: dict[str, Any] = said(
        posted(sandbox, "device/code", **form, code_challenge_method="S256")
    )
    return answer


def polled(sandbox: Sandbox, device: Mapping[str, Any], **changes: str) -> Response:
    """Have a device ask whether somebody has decided."""
    form = {
        "grant_type": DEVICE,
        "device_code": device["device_code"],
        "client_id": "sigstore",
        "code_verifier": VERIFIER,
    }
    return posted(sandbox, "token", **{**form, **changes})


def test_somebody_signs_in_for_a_device(sandbox: Sandbox) -> None:
    """On another machine, with the code that the device shows."""
    device = started(sandbox)
    assert (device["expires_in"], device["interval"]) == (300, 5)
    assert problem(polled(sandbox, device)) == "authorization_pending"
    query = parse_qs(urlsplit(device["verification_uri_complete"]).query)
    assert query == {"user_code": [device["user_code"]]}
    assert b"Who are you?" in opened(sandbox, "device", user_code=device["user_code"]).body
    typed = device["user_code"].lower()
    done = opened(sandbox, "device", user_code=typed, decision="yes", email="alice@example.com")
    assert done.status == 200
    sandbox.wait(5)
    assert claims_in(sandbox, polled(sandbox, device))["email"] == "alice@example.com"


def test_a_device_need_not_wait_for_who_has_decided_already(sandbox: Sandbox) -> None:
    """As in a test without a browser."""
    sandbox.issuer.approve("alice@example.com")
    assert polled(sandbox, started(sandbox)).status == 200


def test_a_device_that_asks_too_often_is_slowed_down(sandbox: Sandbox) -> None:
    """By five seconds each time (RFC 8628, 3.5)."""
    device = started(sandbox)
    errors = []
    for seconds in (0, 4, 9, 15):
        sandbox.wait(seconds)
        errors.append(problem(polled(sandbox, device)))
    pending, slow = "authorization_pending", "slow_down"
    assert errors == [pending, slow, slow, pending]


def test_somebody_can_say_no_to_a_device(sandbox: Sandbox) -> None:
    """Which then gives up."""
    device = started(sandbox)
    opened(sandbox, "device", user_code=device["user_code"], decision="no")
    assert problem(polled(sandbox, device)) == "access_denied"


def test_a_device_does_not_wait_for_ever(sandbox: Sandbox) -> None:
    """Five minutes."""
    device = started(sandbox)
    sandbox.wait(300)
    assert problem(polled(sandbox, device)) == "expired_token"


def test_a_device_code_is_taken_once(sandbox: Sandbox) -> None:
    """And is unknown then."""
    device = started(sandbox)
    sandbox.issuer.approve("alice@example.com")
    assert polled(sandbox, device).status == 200
    assert problem(polled(sandbox, device)) == "invalid_grant"


def test_a_device_has_to_prove_that_it_is_the_one(sandbox: Sandbox) -> None:
    """As a client with a browser has."""
    sandbox.issuer.approve("alice@example.com")
    answer = polled(sandbox, started(sandbox), code_verifier="w" * 43)
    assert problem(answer) == "invalid_grant"


def test_a_device_that_asks_wrongly_is_told(sandbox: Sandbox) -> None:
    """As a browser's client is, but at once."""
    assert problem(posted(sandbox, "device/code", client_id="sigstore")) == "invalid_scope"


def test_a_code_that_no_device_has_is_refused(sandbox: Sandbox) -> None:
    """Whoever mistypes it is told; whoever has none yet is asked for it."""
    assert opened(sandbox, "device", user_code="XXXX-XXXX").status == 400
    assert b'name="user_code"' in opened(sandbox, "device").body


def test_the_discovery_document_tells_where_to_sign_in(sandbox: Sandbox) -> None:
    """And that a proof of the sound kind is taken."""
    url = sandbox.core.urls.issuer
    found = said(sandbox.transport(get(url, ".well-known/openid-configuration")))
    assert found["authorization_endpoint"] == f"{url}/auth"
    assert found["token_endpoint"] == f"{url}/token"
    assert found["device_authorization_endpoint"] == f"{url}/device/code"
    assert found["code_challenge_methods_supported"] == ["S256"]


LIES = {
    ANOTHER_TOKEN: lambda claims: claims["email"] == "mallory@example.com",
    ANOTHER_NONCE: lambda claims: claims["nonce"] != "the nonce",
    ANOTHER_ACCESS_TOKEN: lambda claims: claims["at_hash"],
    NO_EMAIL: lambda claims: claims["email"] is None,
}


@pytest.mark.parametrize(("lie", "is_told"), LIES.items(), ids=str)
def test_an_issuer_can_lie_about_who_signed_in(sandbox: Sandbox, lie: Lie, is_told: Any) -> None:
    """In a token that verifies."""
    code = code_for(sandbox)
    with sandbox.inject("oidc", lie):
        answer = exchanged(sandbox, code)
    assert is_told(claims_in(sandbox, answer))


@pytest.mark.parametrize(
    ("lie", "error"),
    [
        (ANOTHER_AUDIENCE, jwt.InvalidAudienceError),
        (ANOTHER_ISSUER, jwt.InvalidIssuerError),
        (FORGED_TOKEN, jwt.InvalidSignatureError),
    ],
    ids=str,
)
def test_an_issuer_can_give_a_token_that_does_not_hold(
    sandbox: Sandbox, lie: Lie, error: type[Exception]
) -> None:
    """For one reason each."""
    code = code_for(sandbox)
    with sandbox.inject("oidc", lie):
        answer = exchanged(sandbox, code)
    with pytest.raises(error):
        claims_in(sandbox, answer)


def test_a_browser_can_come_back_with_another_state(sandbox: Sandbox) -> None:
    """As if somebody else had sent it."""
    sandbox.issuer.approve("alice@example.com")
    with sandbox.inject("oidc", ANOTHER_STATE):
        assert sent_back(opened(sandbox))["state"] != "the state"


def test_an_issuer_can_give_something_else_than_an_identity_token(sandbox: Sandbox) -> None:
    """Nothing at all, or what only the issuer can read."""
    code, another = code_for(sandbox), code_for(sandbox)
    with sandbox.inject("oidc", NO_ID_TOKEN):
        assert said(exchanged(sandbox, code))["id_token"] is None
    with sandbox.inject("oidc", OPAQUE_TOKEN):
        assert "." not in said(exchanged(sandbox, another))["id_token"]


BACK: dict[Lie, dict[str, str | None]] = {
    NO_STATE: {"state": None},
    NO_CODE: {"code": None},
    NO_RESPONSE_ISSUER: {"iss": None},
    ANOTHER_RESPONSE_ISSUER: {"iss": "https://elsewhere.test"},
    REFUSAL: {"error": "server_error", "code": None, "state": "the state"},
    BARE_REFUSAL: {"error": "temporarily_unavailable", "error_description": None},
}


@pytest.mark.parametrize(("lie", "found"), BACK.items(), ids=str)
def test_a_browser_can_come_back_with_something_else(
    sandbox: Sandbox, lie: Lie, found: dict[str, str | None]
) -> None:
    """Than what whoever sent it waits for."""
    sandbox.issuer.approve("alice@example.com")
    with sandbox.inject("oidc", lie):
        back = sent_back(opened(sandbox))
    assert {name: back.get(name) for name in found} == found


SAID: dict[Lie, dict[str, Any]] = {
    NO_PROOF_OF_KEY: {"code_challenge_methods_supported": ["plain"]},
    ANOTHER_NAME: {"issuer": "https://elsewhere.test"},
    PLAIN_ADDRESS: {"token_endpoint": "http://oauth.sandbox.test/token"},
    NO_DEVICES: {"device_authorization_endpoint": None},
}


@pytest.mark.parametrize(("lie", "found"), SAID.items(), ids=str)
def test_an_issuer_can_say_of_itself_what_nobody_wants_to_hear(
    sandbox: Sandbox, lie: Lie, found: dict[str, Any]
) -> None:
    """One thing each, and the rest as ever."""
    url = sandbox.core.urls.issuer
    usual = said(sandbox.transport(get(url, ".well-known/openid-configuration")))
    with sandbox.inject("oidc", lie):
        told = said(sandbox.transport(get(url, ".well-known/openid-configuration")))
    assert {name: told.get(name) for name in found} == found
    assert all(told[name] == usual[name] for name in told if name not in found)


def test_an_issuer_can_show_other_keys(sandbox: Sandbox) -> None:
    """And change its own: what it signed before nobody can verify then."""
    answer = exchanged(sandbox, code_for(sandbox))
    with sandbox.inject("oidc", OTHER_KEYS), pytest.raises(KeyError):
        claims_in(sandbox, answer)
    assert claims_in(sandbox, answer)
    sandbox.issuer.rotate()
    with pytest.raises(KeyError):
        claims_in(sandbox, answer)


def test_an_issuer_tells_the_time(sandbox: Sandbox) -> None:
    """Which can be another than the sandbox's."""
    sandbox.issuer.ahead = timedelta(minutes=5)
    answer = exchanged(sandbox, code_for(sandbox))
    assert answer.header("Date") == "Sat, 01 Mar 2025 12:05:00 GMT"
    assert claims_in(sandbox, answer)["iat"] == (NOON + timedelta(minutes=5)).timestamp()


@pytest.mark.parametrize("lie", LOGIN_LIES, ids=str)
def test_a_lie_about_signing_in_leaves_tokens_alone(sandbox: Sandbox, lie: Lie) -> None:
    """Whatever is said beside them."""
    code = code_for(sandbox)
    with sandbox.inject("oidc", lie):
        answer = exchanged(sandbox, code)
    assert claims_in(sandbox, answer)["email"] == "alice@example.com"


@pytest.mark.parametrize("lie", TOKEN_LIES, ids=str)
def test_a_lie_about_tokens_leaves_other_questions_alone(sandbox: Sandbox, lie: Lie) -> None:
    """Refusals, pages and keys are as ever."""
    with sandbox.inject("oidc", lie):
        assert sandbox.transport(get(sandbox.core.urls.issuer, "keys")).status == 200
        assert problem(exchanged(sandbox, "x")) == "invalid_grant"
        assert "device_code" in started(sandbox)


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A browser that opens what it is told to, and needs nobody to look at it."""
    threads: list[threading.Thread] = []

    def browse(url: str) -> bool:
        threads.append(threading.Thread(target=requests.get, args=(url,), kwargs={"timeout": 20}))
        threads[-1].start()
        return True

    monkeypatch.setattr(webbrowser, "open", browse)
    yield
    for thread in threads:
        thread.join()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("browser")
def test_sigstore_python_signs_in(capfd: pytest.CaptureFixture[str]) -> None:
    """With its own client, over sockets."""
    sandbox = Sandbox()
    sandbox.issuer.approve("alice@example.com", connector=GOOGLE)
    with sandbox.serve() as served:
        token = sigstore.oidc.Issuer(served.urls.issuer).identity_token()
        assert sandbox.issuer.verified(str(token)).email == "alice@example.com"
    assert token.federated_issuer == GOOGLE
    assert json.loads(base64url_decode(str(token).split(".")[1]))["aud"] == "sigstore"
    capfd.readouterr()  # it says that it waits for the browser
    gc.collect()  # its server is never closed, of which Python would warn in another test

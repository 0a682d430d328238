# SPDX-License-Identifier: Apache-2.0
"""What issuers say of themselves: read, and refused where signing in there would not be safe."""

import json
from typing import Any

import pytest

from keyless.errors import LoginError, LoginFailure, ParseError
from keyless.protocol.issuer_metadata import IssuerMetadata, demand_safe

ISSUER = "https://oauth2.example/auth"
DOCUMENT: dict[str, Any] = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/auth?tenant=1",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
    "device_authorization_endpoint": f"{ISSUER}/device/code",
    "code_challenge_methods_supported": ["S256", "plain"],
    "authorization_response_iss_parameter_supported": True,
    "token_endpoint_auth_methods_supported": ["client_secret_post"],
}


def read(issuer: str = ISSUER, **changes: Any) -> IssuerMetadata:
    """Read the document of *issuer*, with members changed, or dropped where None."""
    said = {**DOCUMENT, "issuer": issuer, **changes}
    return IssuerMetadata.parse(json.dumps(said).encode(), issuer=issuer)


def refusal(issuer: str = ISSUER, **changes: Any) -> str:
    """Return why nobody is to sign in there."""
    with pytest.raises(LoginError) as caught:
        read(issuer, **changes)
    assert caught.value.reason is LoginFailure.UNSAFE_ISSUER
    assert caught.value.hint
    return caught.value.message


def test_an_issuer_says_where_to_sign_in() -> None:
    """All of its addresses, and what they can do."""
    found = read()
    assert found == IssuerMetadata(
        issuer=ISSUER,
        authorization_endpoint=f"{ISSUER}/auth?tenant=1",
        token_endpoint=f"{ISSUER}/token",
        jwks_uri=f"{ISSUER}/keys",
        device_endpoint=f"{ISSUER}/device/code",
        names_itself=True,
        takes_basic=False,
    )


def test_an_issuer_need_not_know_devices() -> None:
    """Nor name itself; passwords go where the specification has them go by default."""
    found = read(
        device_authorization_endpoint=None,
        authorization_response_iss_parameter_supported=None,
        token_endpoint_auth_methods_supported=None,
    )
    assert (found.device_endpoint, found.names_itself, found.takes_basic) == (None, False, True)


def test_an_issuer_is_who_it_is_asked_as() -> None:
    """To the last slash: one could have another's tokens taken for its own."""
    document = json.dumps({**DOCUMENT, "issuer": f"{ISSUER}/"}).encode()
    with pytest.raises(LoginError, match=r"says that it is \S+/auth/") as caught:
        IssuerMetadata.parse(document, issuer=ISSUER)
    assert caught.value.reason is LoginFailure.UNSAFE_ISSUER


@pytest.mark.parametrize(
    ("methods", "found"), [(["plain"], "takes plain"), ([], "takes none"), (None, "takes none")]
)
def test_an_issuer_has_to_take_the_sound_proof_of_key(methods: Any, found: str) -> None:
    """A code without it is its finder's."""
    assert found in refusal(code_challenge_methods_supported=methods)


def test_azure_takes_the_proof_without_saying_so() -> None:
    """But where it says something, that counts."""
    azure = "https://login.microsoftonline.com/7/v2.0"
    assert read(azure, code_challenge_methods_supported=None).issuer == azure
    assert "takes plain" in refusal(azure, code_challenge_methods_supported=["plain"])
    elsewhere = "https://login.microsoftonline.com.mallory.test/7"
    assert "takes none" in refusal(elsewhere, code_challenge_methods_supported=None)


@pytest.mark.parametrize(
    "name",
    ["authorization_endpoint", "token_endpoint", "jwks_uri", "device_authorization_endpoint"],
)
def test_nothing_is_sent_where_others_can_read_it(name: str) -> None:
    """Each address counts."""
    said = refusal(**{name: "http://oauth2.example/auth"})
    assert f"the {name} of the issuer is no address under https" in said


@pytest.mark.parametrize(
    "url",
    [
        "https://oauth2.example",
        "https://oauth2.example:8443/auth?x=1",
        "https://[2001:db8::1]/auth",
        "http://localhost:5556/dex",
        "http://127.0.0.1:5556",
        "http://127.1.2.3/",
        "http://[::1]:5556/dex",
    ],
)
def test_https_and_this_machine_are_safe(url: str) -> None:
    """Nobody is in between."""
    assert demand_safe(url, what="issuer") == url


@pytest.mark.parametrize(
    "url",
    [
        "http://oauth2.example",
        "http://localhost.mallory.test",
        "http://127.0.0.1.mallory.test",
        "http://localhost:1@mallory.test",
        "https://user:password@oauth2.example",
        "https://oauth2.example/#auth",
        "https://oauth2.example/a b",
        "https://oauth2.example/\n",
        "https://",
        "ftp://oauth2.example",
        "javascript:alert(1)",
        "",
    ],
)
def test_anything_else_is_not(url: str) -> None:
    """However much it looks like one of them."""
    with pytest.raises(LoginError, match="the issuer is no address under https") as caught:
        demand_safe(url, what="issuer")
    assert caught.value.reason is LoginFailure.UNSAFE_ISSUER


@pytest.mark.parametrize("name", ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"])
def test_what_is_missing_is_named(name: str) -> None:
    """By its path."""
    with pytest.raises(ParseError, match=rf"\$.{name}: missing"):
        IssuerMetadata.parse(json.dumps({**DOCUMENT, name: None}).encode(), issuer=ISSUER)

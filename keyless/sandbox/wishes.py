# SPDX-License-Identifier: Apache-2.0
"""What a client wants that asks somebody to sign in, and what they say to it."""

import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping

from keyless.protocol.digest import Digest
from keyless.value import value

CONNECTORS = (
    "https://github.com/login/oauth",
    "https://accounts.google.com",
    "https://login.microsoftonline.com",
)
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


@value
class Person:
    """Somebody who has said who they are; *connector* knows them, or the one that was asked."""

    email: str
    connector: str | None = None
    verified: bool = True


@value
class Denied:
    """Somebody who has said no."""


Decision = Person | Denied


@value
class Wish:
    """What a client wants once somebody has decided."""

    client: str
    challenge: str
    connector: str = CONNECTORS[0]
    redirect: str = ""
    nonce: str = ""


class OAuthError(Exception):
    """Raised inside a flow that ends, with what the client is told (RFC 6749, 5.2)."""

    def __init__(self, error: str, description: str = "") -> None:
        super().__init__(error, description)
        self.error = error
        self.description = description


def wish_of(asked: Mapping[str, str]) -> Wish:
    """Read what a client has *asked* for; raise OAuthError if it may not have it."""
    if asked.get("response_type", "code") != "code":
        raise OAuthError("unsupported_response_type", "only codes are given here")
    if "openid" not in asked.get("scope", "").split():
        raise OAuthError("invalid_scope", "openid is not among the scopes")
    if not asked.get("client_id"):
        raise OAuthError("invalid_request", "client_id is missing")
    challenge, method = asked.get("code_challenge", ""), asked.get("code_challenge_method")
    if method != "S256" or not _CHALLENGE.fullmatch(challenge):
        raise OAuthError("invalid_request", "a code_challenge by S256 is demanded")
    connector = asked.get("connector_id", CONNECTORS[0])
    if connector not in CONNECTORS:
        raise OAuthError("invalid_request", "Invalid ConnectorID")
    return Wish(
        client=asked["client_id"],
        challenge=challenge,
        connector=connector,
        redirect=asked.get("redirect_uri", ""),
        nonce=asked.get("nonce", ""),
    )


def decision_of(query: Mapping[str, str]) -> Decision | None:
    """Return what somebody has said on the page."""
    match query.get("decision"):
        case "yes":
            return Person(email=query.get("email", ""))
        case "no":
            return Denied()
        case _:
            return None


def challenge_of(verifier: str) -> str:
    """Return the challenge that only whoever knows *verifier* can have made (RFC 7636, S256)."""
    digest = Digest.of(verifier.encode("utf-8", "replace")).value
    return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")

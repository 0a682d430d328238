# SPDX-License-Identifier: Apache-2.0
"""Who somebody is, in words: what a token says, and what a certificate or a session does.

The token itself is never among them.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from keyless.auth.kept_session import KeptSession
from keyless.protocol.certified import certified_claims
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.token import IdentityToken
from keyless.protocol.window import in_rfc3339, in_words
from keyless.report import Row

# What is told in words of its own, and what is for whoever issued the token or asked for it.
_TOLD = {"iss", "sub", "aud", "exp", "nbf", "iat", "email", "email_verified", "federated_claims"}
_FORMALITIES = {"jti", "nonce", "at_hash", "c_hash", "azp", "auth_time", "sid"}


def token_rows(token: IdentityToken, *, origin: str, now: datetime) -> list[Row]:
    """Tell what *token* says, which came from *origin*."""
    return list(_token_rows(token, origin, now))


def _token_rows(token: IdentityToken, origin: str, now: datetime) -> Iterator[Row]:
    yield "says", token.issuer, ""
    if token.connector is not None:
        yield "who asked", token.connector, ""
    if token.email is not None:
        is_verified = "which it has verified" if token.email_verified else "which nobody verified"
        yield "e-mail", token.email, is_verified
    yield "subject", token.subject, ""
    yield "to", " and ".join(token.audience) or "nobody in particular", ""
    yield "until", in_words(token.expires_at), _left(token.expires_at - now)
    for name, claim in _other_claims(token):
        yield name.replace("_", " "), claim, ""
    yield "in", origin, "not verified here: the authority does that, before it certifies anything"


def certificate_rows(token: IdentityToken) -> list[Row]:
    """Tell what a certificate will say of whoever holds *token*; nothing where that is unknown."""
    claims = certified_claims(token)
    if claims is None or token.certified_name is None:
        return []
    said = [(name.replace("_", " "), text, "") for name, text in claims.items()]
    return [("identity", token.certified_name, ""), *said]


def session_rows(sessions: Sequence[KeptSession], *, now: datetime) -> list[Row]:
    """Tell whose *sessions* are kept, one a row."""
    return [
        (session.identity, f"vouched for by {session.issuer or 'nobody'}", _life(session, now))
        for session in sessions
    ]


def _life(session: KeptSession, now: datetime) -> str:
    until = f"until {in_words(session.expires_at)}, {_left(session.expires_at - now)}"
    return f"{until}; certified by {session.authority}"


def token_json(token: IdentityToken) -> JsonValue:
    """Return what *token* says as JSON."""
    return {
        "name": token.name,
        "issuer": token.issuer,
        "connector": token.connector,
        "subject": token.subject,
        "email": token.email,
        "email_verified": token.email_verified,
        "audience": list(token.audience),
        "expires_at": in_rfc3339(token.expires_at),
        "claims": dict(_other_claims(token)),
    }


def certificate_json(token: IdentityToken) -> JsonValue:
    """Return what a certificate will say as JSON: null where that is unknown."""
    claims = certified_claims(token)
    if claims is None or token.certified_name is None:
        return None
    return {"identity": token.certified_name, **dict(claims.items())}


def session_json(session: KeptSession) -> JsonValue:
    """Return what is known of *session* as JSON."""
    return {
        "identity": session.identity,
        "issuer": session.issuer,
        "authority": session.authority,
        "expires_at": in_rfc3339(session.expires_at),
    }


def _other_claims(token: IdentityToken) -> Iterator[tuple[str, str]]:
    said = token.said()
    for name in said.names():
        if name not in _TOLD | _FORMALITIES:
            claim = said.value(name)
            yield name, claim if isinstance(claim, str) else str(claim)


def _left(left: timedelta) -> str:
    seconds = round(left.total_seconds())
    if seconds <= 0:
        return "which is over"
    if seconds < 120:
        return f"for another {seconds} seconds"
    return f"for another {seconds // 60} minutes"

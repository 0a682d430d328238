# SPDX-License-Identifier: Apache-2.0
"""Identity tokens: what an issuer says of whoever holds one (OpenID Connect, JWT).

    base64url(header) . base64url({"iss": …, "sub": …, "aud": …, "exp": …}) . base64url(signature)

A token is its bearer's: who sees one can sign as its subject until it expires. So nothing shows
one, and `text` is for the one place that sends it. The signature is for the certificate authority
to verify, who alone has to believe it. What is read here is for the user, whom the authority does
not tell why it said no.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import NoReturn

from keyless.errors import LoginError, LoginFailure, ParseError
from keyless.protocol.issuer_rules import known_rules
from keyless.protocol.json_reader import Json
from keyless.protocol.known_issuers import certified_identity
from keyless.protocol.window import in_words
from keyless.safe_text import shown
from keyless.value import value

LONGEST_TOKEN = 32 << 10
MOST_AUDIENCES = 64
# 9999-12-31T23:59:59Z, the last second that a date can say.
LATEST_TIME = 253_402_300_799

# Issuers' clocks run ahead at times. Of the end nothing is forgiven: who judges that has a clock
# of its own, and the token must not be late when it gets there.
TOLERANCE = timedelta(seconds=60)
NEEDED_LIFE = timedelta(seconds=3)

_TOKEN = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_ACCESS_TOKENS = ("at+jwt", "application/at+jwt")


@value
class IdentityToken:
    """A token, and what it says; nothing in it is verified.

    *connector* is who knows the subject, where the issuer has asked somebody else; *certified_name*
    is what a certificate will name, where that can be told. An access token may look the same, but
    says of itself that it is one where the issuer keeps to RFC 9068.
    """

    text: str
    subject: str
    issuer: str
    audience: tuple[str, ...]
    expires_at: datetime
    not_before: datetime | None
    issued_at: datetime | None
    email: str | None
    email_verified: bool
    connector: str | None
    certified_name: str | None
    is_access_token: bool

    @classmethod
    def parse(cls, text: str) -> "IdentityToken":
        """Read a token."""
        kind, payload = _parts(text)
        try:
            return cls._of(text, kind, Json.parse(payload))
        except ParseError as error:
            raise _not_a_token(error.message) from None

    @classmethod
    def _of(cls, text: str, kind: str, claims: Json) -> "IdentityToken":
        connector = claims.optional_object("federated_claims")
        email, issuer = claims.optional_text("email"), claims.text("iss")
        return cls(
            text=text,
            subject=claims.text("sub"),
            issuer=issuer,
            audience=_audience(claims),
            expires_at=_time(claims, "exp"),
            not_before=_time(claims, "nbf") if claims.has("nbf") else None,
            issued_at=_time(claims, "iat") if claims.has("iat") else None,
            email=email,
            email_verified=_says_yes(claims, "email_verified"),
            connector=None if connector is None else connector.optional_text("connector_id"),
            certified_name=certified_identity(claims, issuer),
            is_access_token=kind in _ACCESS_TOKENS,
        )

    @property
    def name(self) -> str:
        """What to call its holder, and not more than that."""
        return self.certified_name or self.email or self.subject

    def said(self) -> Json:
        """Return all that the token says, just as it says it."""
        _, payload = _parts(self.text)
        return Json.parse(payload)

    def __repr__(self) -> str:
        return f"IdentityToken({shown(self.name)}, by {shown(self.issuer)})"

    def __reduce__(self) -> NoReturn:
        # Pickles lie about in queues and caches, and cross to other processes.
        raise TypeError("an identity token is not pickled or copied")


def diagnose(
    token: IdentityToken,
    *,
    now: datetime,
    audience: str,
    expected: str | None = None,
    ahead: timedelta | None = None,
) -> None:
    """Raise LoginError if *token* will be refused *now* by an authority that is the *audience*.

    Or if it is plainly not of whom is *expected*. How far this machine's clock is *ahead* of the
    issuer's, if that is known, tells a token that is too old from one that only seems to be.
    """
    if token.is_access_token:
        raise LoginError(
            f"what {shown(token.issuer)} gave is an access token, and no identity token",
            reason=LoginFailure.ACCESS_TOKEN,
            hint="the issuer gives both; an authority takes the one that is called id_token",
        )
    if audience not in token.audience:
        raise LoginError(
            f"the identity token is for {_listed(token.audience)}, not for {shown(audience)}",
            reason=LoginFailure.WRONG_AUDIENCE,
            hint=f"ask {shown(token.issuer)} for one with the audience {shown(audience)}",
        )
    _check_expected(token, expected)
    _check_email(token)
    _check_times(token, now, ahead)


def _check_expected(token: IdentityToken, expected: str | None) -> None:
    # What cannot be known of a certificate is not guessed; who somebody plainly is not, is.
    names = {token.certified_name} if token.certified_name else {token.email, token.subject}
    if expected is not None and expected not in names:
        raise LoginError(
            f"signed in as {shown(token.name)}, not as {shown(expected)}",
            reason=LoginFailure.UNEXPECTED_IDENTITY,
            hint="sign in with the account that is meant; nothing was sent to anybody",
        )


def _check_email(token: IdentityToken) -> None:
    if not _is_person(token):
        return
    if token.email is None:
        raise LoginError(
            f"the identity token of {shown(token.name)} has no e-mail address, by which a "
            "certificate would call them",
            reason=LoginFailure.NO_EMAIL,
            hint="ask for the scope email; or have the account show one that is verified",
        )
    if not token.email_verified:
        raise LoginError(
            f"{shown(token.issuer)} has not verified the e-mail address {shown(token.email)}",
            reason=LoginFailure.EMAIL_NOT_VERIFIED,
            hint="verify the address there, then sign in again",
        )


def _is_person(token: IdentityToken) -> bool:
    rules = known_rules(token.issuer)
    if rules is None or rules.kind == "anybody":
        return token.email is not None
    return rules.kind == "person"


def _check_times(token: IdentityToken, now: datetime, ahead: timedelta | None) -> None:
    whose = f"the identity token of {shown(token.name)}"
    problem = _untimely(token, now)
    if problem is None:
        return
    if ahead is not None and _untimely(token, now - ahead) is None:
        raise _wrong_clock(token, ahead)
    if problem is LoginFailure.EXPIRED:
        when = "has expired" if now >= token.expires_at else "is about to expire"
        raise LoginError(
            f"{whose} {when}: it is valid until {in_words(token.expires_at)}",
            reason=problem,
            hint=f"sign in again; if it is new, this machine's clock ({in_words(now)}) is fast",
        )
    start = _start(token) or now
    wait = (start - now) // timedelta(seconds=1)
    raise LoginError(
        f"{whose} is not valid yet: it begins {wait} seconds from now, {in_words(start)}",
        reason=problem,
        hint=f"this machine's clock ({in_words(now)}) is slow, or the issuer's is fast",
    )


def _untimely(token: IdentityToken, now: datetime) -> LoginFailure | None:
    """Say in which way *token* is not to be used *now*, if it is not."""
    if now + NEEDED_LIFE > token.expires_at:
        return LoginFailure.EXPIRED
    start = _start(token)
    return LoginFailure.NOT_YET_VALID if start and start > now + TOLERANCE else None


def _start(token: IdentityToken) -> datetime | None:
    return max(filter(None, (token.not_before, token.issued_at)), default=None)


def _wrong_clock(token: IdentityToken, ahead: timedelta) -> LoginError:
    seconds = round(abs(ahead).total_seconds())
    where = "ahead of" if ahead > timedelta() else "behind"
    return LoginError(
        f"this machine's clock is {seconds} seconds {where} that of {shown(token.issuer)}, so "
        "what it says now cannot be used here",
        reason=LoginFailure.CLOCK,
        hint="set the clock, then sign in again: tokens live for a minute, certificates for ten",
    )


def _listed(audience: tuple[str, ...]) -> str:
    return " and ".join(map(shown, audience[:5])) or "nobody in particular"


def _parts(text: str) -> tuple[str, bytes]:
    """Return the type that *text* says it has, and what it says; nothing is verified."""
    if len(text) > LONGEST_TOKEN or not _TOKEN.fullmatch(text):
        raise _not_a_token("three parts of base64url with dots between them are wanted")
    # It loads half of cryptography: who signs nothing does not wait for that.
    import jwt  # noqa: PLC0415

    try:
        parts = jwt.PyJWS().decode_complete(text, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        # What the library says is not repeated: it may quote what it could not read.
        raise _not_a_token("its parts cannot be read") from None
    kind, payload = parts["header"].get("typ"), parts["payload"]
    return str(kind).lower(), payload


def _not_a_token(why: str) -> ParseError:
    return ParseError(
        f"not an identity token: {why}",
        hint="an access token is not an identity token, though some look like it",
    )


def _audience(claims: Json) -> tuple[str, ...]:
    if isinstance(claims.value("aud"), str):
        return (claims.text("aud"),)
    return tuple(claims.texts("aud", most=MOST_AUDIENCES))


def _time(claims: Json, name: str) -> datetime:
    seconds = claims.value(name)
    if not isinstance(seconds, float):
        seconds = claims.integer(name)
    if not 0 <= seconds <= LATEST_TIME:
        raise claims.error("a time before 1970 or after the year 9999", name=name)
    return datetime.fromtimestamp(seconds, UTC)


def _says_yes(claims: Json, name: str) -> bool:
    # Some issuers write it as text, and the authority takes that.
    return claims.value(name) is True or claims.value(name) in ("true", "True")

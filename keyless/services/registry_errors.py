# SPDX-License-Identifier: Apache-2.0
"""What a registry's refusal means, and what to do about it.

{"errors": [{"code": "DENIED", "message": "requested access to the resource is denied"}]}
"""

from datetime import timedelta

from keyless.errors import KeylessError, ParseError, RateLimited, RegistryAuthError, ServiceError
from keyless.protocol.encoding import parse_decimal
from keyless.protocol.json_reader import Json
from keyless.safe_text import shown
from keyless.services.http import Patience, Response, server_words
from keyless.services.http.scrub import scrubbed
from keyless.services.registry_credentials import Anonymous, RegistryCredential
from keyless.value import value

LARGEST_REFUSAL = 64 << 10
LONGEST_QUOTE = 300

# Some say in how many seconds, some at which second since 1970: no wait is as long as that.
_EPOCH = 1_000_000_000
_RESETS = ("RateLimit-Reset", "X-RateLimit-Reset", "X-Rate-Limit-Reset")
# How registries call it that a tag cannot be given to something else.
_FIXED = ("TAG_INVALID", "IMMUTABLE", "ALREADY_EXISTS", "immutable")


@value
class Attempt:
    """What was asked: of which *registry*, to *do* what, as whom; and with which *secrets*."""

    registry: str
    do: str
    credential: RegistryCredential
    secrets: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Attempt(to {self.do} at {self.registry}, {self.credential})"


def refused(response: Response, attempt: Attempt, patience: Patience) -> KeylessError:
    """Return the error that a refusal is."""
    words = registry_words(response, attempt.secrets)
    said = f"{response.status}{f' {words}' if words else ''}"
    registry = shown(attempt.registry)
    match response.status:
        case 401 | 403:
            return RegistryAuthError(
                f"{registry} does not let us {attempt.do} ({said}); it was asked "
                f"{attempt.credential}",
                service=attempt.registry,
                status=response.status,
                hint=_admission(attempt),
            )
        case 429:
            return _rate_limited(response, attempt, said, patience)
        case _:
            hint = "the registry may not be able to do this, or something stands in between"
            if any(each in words for each in _FIXED):
                hint = "its tags cannot be changed: have it keep bundles, which need no tag"
            return ServiceError(
                f"{registry} could not be made to {attempt.do} ({said})",
                service=attempt.registry,
                status=response.status,
                hint="try again later" if response.status >= 500 else hint,
            )


def registry_words(response: Response, secrets: tuple[str, ...]) -> str:
    """Return what a registry says of its refusal, safe to show and short, without *secrets*."""
    try:
        errors = Json.parse(response.body, largest=LARGEST_REFUSAL).objects("errors", most=100)
        first = errors[0] if errors else None
        parts = [first.optional_text(name) for name in ("code", "message")] if first else []
    except ParseError:
        parts = []
    text = ": ".join(filter(None, parts))
    if not text:
        return server_words(response, secrets=secrets)
    return shown(scrubbed(text[: 8 * LONGEST_QUOTE], secrets), longest=LONGEST_QUOTE)


def _admission(attempt: Attempt) -> str:
    if isinstance(attempt.credential, Anonymous):
        return f"sign in there: docker login {shown(attempt.registry)}"
    return "look whether that credential is still valid, and whether it may do this"


def _rate_limited(
    response: Response, attempt: Attempt, said: str, patience: Patience
) -> RateLimited:
    seconds = patience.asked_by(response) or _reset(response, patience)
    when = ""
    if seconds is not None:
        at = patience.now() + timedelta(seconds=seconds)
        when = f"; it may be asked again in {seconds:.0f} seconds, at {at:%H:%M:%S} UTC"
    return RateLimited(
        f"{shown(attempt.registry)} was asked too often ({said}){when}",
        service=attempt.registry,
        status=response.status,
        seconds=seconds,
        hint="wait, or sign in: who is known there may ask more often"
        if isinstance(attempt.credential, Anonymous)
        else "wait, and ask for less at once",
    )


def _reset(response: Response, patience: Patience) -> float | None:
    text = next(filter(None, map(response.header, _RESETS)), "").strip()
    try:
        number = parse_decimal(text[:10])
    except ParseError:
        return None
    return max(0.0, number - patience.now().timestamp()) if number >= _EPOCH else float(number)

# SPDX-License-Identifier: Apache-2.0
"""Everything that can go wrong, and nothing else escapes.

    KeylessError                      what was found, what was wanted, and .hint: what to do
    ├── InputError                    what you named cannot be used, as a file that is not there
    │   ├── ImageNotFound             as an image that is not in its registry
    │   ├── NoSuchEntry               as an entry that a log does not have
    │   └── NotSearchable             as a log that has no index
    ├── ParseError                    bytes are not what they claim to be; .path says where
    │   └── UnsupportedError          they may well be, but are of a kind unknown here
    ├── VerificationError             a check refused: .check, .found, .wanted
    │   ├── PolicyError               all genuine, but not who or what you asked for
    │   ├── NoSignatures              nothing was found that could vouch for an image
    │   ├── NoMatchingSignature       something was, and none of it holds: .rejected, each by why
    │   └── SplitView                 a log signs two trees that are not one: .older, .newer
    ├── ServiceError                  a server failed, refused, or could not be reached: .service
    │   ├── TrustError                trust could not be brought up to date, or is too old to use
    │   ├── RegistryAuthError         a registry wants to know who asks, or does not let them
    │   ├── RateLimited               a registry was asked too often: .seconds to wait
    │   └── NotPushed                 signed and logged, and not put where it belongs: .bundles
    ├── LoginError                    no identity could be had: .reason
    └── BatchError                    some of many failed: .failures; the others are done

Errors cross process boundaries (`verify_many` on a pool), so each is rebuilt from its fields when
unpickled: one that failed to would take the whole pool down with it.
"""

from enum import Enum

from keyless.safe_text import shown
from keyless.value import value


class Check(Enum):
    """The questions a verifier asks; a refusal names the one that was answered with no."""

    PARSE = "parse"
    LOG = "transparency log"
    CHECKPOINT = "checkpoint"
    INCLUSION = "inclusion proof"
    PROMISE = "inclusion promise"
    CONSISTENCY = "log consistency"
    TIMESTAMP = "timestamp"
    TIME = "trusted time"
    CHAIN = "certificate chain"
    PROFILE = "certificate profile"
    SCT = "certificate timestamp"
    KEY = "key"
    SIGNATURE = "signature"
    ARTIFACT = "artifact"
    ENTRY = "log entry"
    POLICY = "policy"


class KeylessError(Exception):
    """Anything keyless refuses to do or could not do."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint

    @property
    def message(self) -> str:
        """The error in one sentence, without its hint."""
        return str(self.args[0])

    def __reduce__(self) -> tuple[object, ...]:
        return _revive, (type(self), self.args, self.__dict__.copy())


class InputError(KeylessError):
    """Raised when what the caller named cannot be used."""


class ImageNotFound(InputError):  # noqa: N818 - an image is what was not found
    """Raised when the image that the caller named is not where it was said to be."""


class NoSuchEntry(InputError):  # noqa: N818 - an entry is what there is none of
    """Raised when a log has no entry of the number or name that the caller gave."""


class NotSearchable(InputError):  # noqa: N818 - that is what a log may be
    """Raised when a log that was to be searched has no index; the hint says what works instead."""


class ParseError(KeylessError):
    """Raised when bytes are not what they claim to be; *path* says where, as in `$.a.b[2]`."""

    check = Check.PARSE

    def __init__(self, message: str, *, path: str | None = None, hint: str | None = None) -> None:
        super().__init__(f"{shown(path)}: {message}" if path else message, hint=hint)
        self.path = path


class UnsupportedError(ParseError):
    """Raised when bytes are well formed as far as can be told, but of a kind unknown here.

    A trusted root is read without those in it whose keys are of such a kind; for a single bundle
    there is no difference.
    """


class VerificationError(KeylessError):
    """Raised when *check* refuses: what it *found* is not what it *wanted*."""

    def __init__(
        self,
        message: str,
        *,
        check: Check,
        found: str | None = None,
        wanted: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.check = check
        self.found = found
        self.wanted = wanted


class PolicyError(VerificationError):
    """Raised when everything is genuine, but not by whom, or of what kind, was asked for."""

    def __init__(
        self,
        message: str,
        *,
        found: str | None = None,
        wanted: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, check=Check.POLICY, found=found, wanted=wanted, hint=hint)


@value
class Rejected:
    """Something that might have vouched for an image: where it is, and why it does not."""

    location: str
    error: KeylessError

    def __str__(self) -> str:
        return f"{self.location}: {self.error.message}"


class NoSignatures(VerificationError):  # noqa: N818 - that is what was found
    """Raised when nothing vouches for an image; *found* says where it was looked for."""


class NoMatchingSignature(VerificationError):  # noqa: N818 - likewise
    """Raised when none of what was found vouches for an image; *rejected* says why, one by one."""

    rejected: tuple[Rejected, ...] = ()


class SplitView(VerificationError):  # noqa: N818 - that is what the log shows
    """Raised when a log has signed two trees, and not shown that one grew into the other.

    *older* and *newer* are both checkpoints, as the log signed them: whoever runs the log, or
    watches it, can judge by these two texts alone.
    """

    def __init__(
        self,
        message: str,
        *,
        older: str,
        newer: str,
        found: str | None = None,
        wanted: str | None = None,
    ) -> None:
        super().__init__(
            message,
            check=Check.CONSISTENCY,
            found=found,
            wanted=wanted,
            hint="keep both checkpoints, trust neither, and tell whoever runs the log",
        )
        self.older = older
        self.newer = newer


class ServiceError(KeylessError):
    """Raised when *service* failed, refused, or could not be reached."""

    def __init__(
        self, message: str, *, service: str, status: int | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.service = service
        self.status = status


class TrustError(ServiceError):
    """Raised when trust could not be brought up to date, or is too old to be used."""


class RegistryAuthError(ServiceError):
    """Raised when a registry does not let in whoever asks; the message says as whom was asked."""


class RateLimited(ServiceError):  # noqa: N818 - that is what one is
    """Raised when a registry was asked too often; in so many *seconds* it may be asked again."""

    def __init__(
        self,
        message: str,
        *,
        service: str,
        status: int | None = None,
        seconds: float | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, service=service, status=status, hint=hint)
        self.seconds = seconds


class NotPushed(ServiceError):  # noqa: N818 - that is what became of it
    """Raised when signatures of an image were logged, not pushed; *bundles* has them in JSON."""

    bundles: tuple[bytes, ...] = ()


class LoginFailure(Enum):
    """Why no identity could be had, or why the one that was had is of no use."""

    NO_IDENTITY = "there is nobody to be"
    NOBODY_THERE = "there is nobody to sign in"
    NOT_ALLOWED = "the place it runs in may not ask"
    SOURCE = "the source of tokens failed"
    # Signing in.
    CANCELLED = "the person said no"
    TIMED_OUT = "nobody signed in in time"
    NOT_OFFERED = "the issuer does not offer this way"
    NO_PORT = "a browser has nowhere to come back to"
    REFUSED = "the issuer refused"
    UNSAFE_ISSUER = "the issuer cannot be signed in to safely"
    RESPONSE_ISSUER = "another issuer answered"
    # The token that came, or was given.
    NO_TOKEN = "what came is no identity token"  # noqa: S105 - no secret
    ACCESS_TOKEN = "it is an access token"  # noqa: S105 - no secret
    SIGNATURE = "no key of the issuer's signed it"
    WRONG_ISSUER = "it is another issuer's"
    WRONG_AUDIENCE = "it is for somebody else"
    NONCE = "it answers another sign-in"
    ACCESS_HASH = "it belongs to another access token"
    EXPIRED = "it has expired"
    NOT_YET_VALID = "it is not valid yet"
    CLOCK = "this machine's clock is wrong"
    NO_EMAIL = "it has no e-mail address"
    EMAIL_NOT_VERIFIED = "its e-mail address was not verified"
    UNEXPECTED_IDENTITY = "somebody else signed in"
    UNEXPECTED_PROVIDER = "they signed in elsewhere"


class LoginError(KeylessError):
    """Raised when no identity could be had; *reason* says which of the ways to fail it was."""

    def __init__(
        self,
        message: str,
        *,
        reason: LoginFailure = LoginFailure.NO_IDENTITY,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


class BatchError(KeylessError):
    """Raised when some of many failed, after the others were done.

    *failures* has the name of each that failed, and its error.
    """

    def __init__(
        self,
        message: str,
        *,
        failures: tuple[tuple[str, KeylessError], ...],
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.failures = failures


def _revive(
    cls: type[KeylessError], args: tuple[object, ...], fields: dict[str, object]
) -> KeylessError:
    # Not cls(*args): subclasses demand keywords, and their messages are already composed.
    error = cls.__new__(cls, *args)
    error.__dict__.update(fields)
    return error

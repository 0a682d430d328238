# SPDX-License-Identifier: Apache-2.0
"""Who am I: identities, as sources of the tokens that prove them.

A token of the public instance lives for a minute, a release takes longer. So an identity is not a
token but whoever can give one, and is asked again when the last one has expired.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Lock
from typing import NoReturn

from keyless import files
from keyless.auth.ambient import (
    ambient_source,
    demanded_source,
    environment_token,
    file_token,
)
from keyless.auth.session_cache import SessionCache
from keyless.errors import KeylessError, LoginError, LoginFailure, ParseError
from keyless.protocol.certificate import Certificate
from keyless.protocol.certified import certified_claims
from keyless.protocol.token import NEEDED_LIFE, IdentityToken, diagnose
from keyless.safe_text import shown

# To whom a token must be addressed, so that an authority of Sigstore's takes it.
AUDIENCE = "sigstore"


class Identity:
    """Whoever can prove to be somebody: *source* returns an identity token each time it is called.

    Nothing shows a token but `reveal_token`. An identity may be shared between threads: they ask
    its source one after the other, and all of them use what it gave. Whoever is not who is
    *expected* is refused, and so is a token for another *audience*. The *first* token may have come
    already, by signing in. Where sessions are *kept_in* a keyring, whoever signs asks for a token
    only if none is there to go on with.
    """

    def __init__(
        self,
        source: Callable[[], str],
        *,
        expected: str | None = None,
        audience: str = AUDIENCE,
        first: IdentityToken | None = None,
        kept_in: SessionCache | None = None,
    ) -> None:
        self._source = source
        self._expected = expected
        self._audience = audience
        self.kept_in = kept_in
        self._asking = Lock()
        self._last = first

    @classmethod
    def from_token(cls, text: str) -> "Identity":
        """Be whom the token *text* is about, until it expires."""
        return cls._ready(lambda: text)

    @classmethod
    def from_file(cls, path: files.Path) -> "Identity":
        """Be whom the token in the file at *path* is about; it is read anew when it expires."""
        return cls._ready(partial(file_token, path))

    @classmethod
    def from_environment(cls) -> "Identity":
        """Be whom the token in `SIGSTORE_ID_TOKEN` is about; it is read anew when it expires."""
        return cls._ready(environment_token)

    @classmethod
    def ambient(cls) -> "Identity":
        """Be whom this place says that you are, without asking a person; raise LoginError if none.

        That is a token in `SIGSTORE_ID_TOKEN` or in cosign's file, or a job of GitHub Actions,
        GitLab CI, Buildkite, CircleCI or Google Cloud. It is asked again when a token expires.
        """
        return cls._ready(demanded_source(ambient_source()).ask)

    @property
    def expected(self) -> str | None:
        """Who it is to be, and nobody else; None where that was not said."""
        return self._expected

    @property
    def name(self) -> str | None:
        """What a certificate will call you; None while no token was asked for, or if none says.

        Where a session is kept, what its certificate calls you.
        """
        if self._last is not None:
            return self._last.certified_name
        certificate = self._certificate
        return None if certificate is None else certificate.identity.text

    @property
    def issuer(self) -> str | None:
        """Who a certificate will say vouches for you; None as for `name`."""
        if self._last is not None:
            claims = certified_claims(self._last)
            return None if claims is None else claims.issuer
        certificate = self._certificate
        return None if certificate is None else certificate.claims.issuer

    @property
    def expires_at(self) -> datetime | None:
        """When the last token expires, or the session that is kept; None while there is neither."""
        if self._last is not None:
            return self._last.expires_at
        certificate = self._certificate
        return None if certificate is None else certificate.not_after

    @property
    def expires_in(self) -> timedelta | None:
        """How long that is from now, by this machine's clock; less than nothing if it is over."""
        return None if self.expires_at is None else self.expires_at - datetime.now(UTC)

    @property
    def last_token(self) -> IdentityToken | None:
        """The token that the source gave last; it may have expired."""
        return self._last

    @property
    def _certificate(self) -> Certificate | None:
        return None if self.kept_in is None else self.kept_in.certificate

    def token(self, *, clock: Callable[[], datetime], audience: str | None = None) -> IdentityToken:
        """Return a token that is valid now, for *audience*: the last one, or else another.

        Raises LoginError, which says why, if what the source gives will be refused.
        """
        with self._asking:
            if self._last is None or clock() + NEEDED_LIFE > self._last.expires_at:
                self._last = self._asked()
            # Whoever signs in by hand takes minutes: what was now before is long ago.
            diagnose(
                self._last,
                now=clock(),
                audience=audience or self._audience,
                expected=self._expected,
            )
            return self._last

    def reveal_token(self) -> str:
        """Return the text of the last token: whoever sees it can sign as you until it expires."""
        with self._asking:
            if self._last is None:
                self._last = self._asked()
            return self._last.text

    def __repr__(self) -> str:
        called = self.name if self._last is None else self._last.name
        if called is None:
            return "Identity(not asked yet)"
        by = f", vouched for by {shown(self.issuer)}" if self.issuer else ""
        return f"Identity({shown(called)}{by})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an identity is not pickled or copied: it can sign")

    @classmethod
    def _ready(cls, source: Callable[[], str]) -> "Identity":
        identity = cls(source)
        identity.reveal_token()  # asks, so that what is wrong with it is known at once
        return identity

    def _asked(self) -> IdentityToken:
        try:
            return IdentityToken.parse(self._source())
        except ParseError as error:
            refusal: KeylessError = LoginError(
                error.message, reason=LoginFailure.NO_TOKEN, hint=error.hint
            )
        except KeylessError as error:
            refusal = error
        except Exception as error:  # noqa: BLE001 - it is the caller's, and may raise anything
            refusal = LoginError(
                f"the source of identity tokens failed: {type(error).__name__}",
                reason=LoginFailure.SOURCE,
                hint="it is called without arguments, and returns the text of a token",
            )
            refusal.__cause__ = error
        # Raised from here, with nothing left of where it came from: the frames on that way hold
        # the token, and would be kept along with the error.
        refusal.__context__ = None
        raise refusal.with_traceback(None)

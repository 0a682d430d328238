# SPDX-License-Identifier: Apache-2.0
"""How issuers say no: to a browser that comes back, or to a client that asks (RFC 6749, 4.1.2.1).

{"error": "invalid_grant", "error_description": "the code has expired"}
"""

from keyless.errors import LoginError, LoginFailure, ParseError
from keyless.protocol.json_reader import Json
from keyless.safe_text import shown
from keyless.services.http import Response, server_words
from keyless.value import value

_ADVICE = {
    "expired_token": "sign in again; there are a few minutes for it",
    "invalid_client": "the issuer does not know this client, or wants a secret of it",
    "invalid_grant": "sign in again: a code is taken once, and not for long",
    "invalid_scope": "the issuer does not give all that is asked for: ask for other scopes",
    "unauthorized_client": "the issuer does not let this client sign in so: try another flow",
}
_USUAL_ADVICE = "sign in again; if it happens again, ask who runs the issuer"


@value
class Refusal:
    """That an issuer says no: its name for why, and its *words*, if it has any."""

    error: str
    words: str = ""

    @classmethod
    def of(cls, response: Response, *, secrets: tuple[str, ...]) -> "Refusal | None":
        """Read how the token endpoint says no; None if something else has answered."""
        try:
            error = Json.parse(response.body).value("error")
        except ParseError:
            return None
        if not isinstance(error, str) or not error:
            return None
        words = server_words(response, secrets=secrets)
        return cls(error=error, words="" if words == shown(error) else words)

    def by(self, issuer: str) -> LoginError:
        """Return the error that says that *issuer* said no."""
        said = shown(self.error, longest=80) + (f": {shown(self.words)}" if self.words else "")
        if self.error == "access_denied":
            return LoginError(
                f"nobody signed in: the {issuer} was told no ({said})",
                reason=LoginFailure.CANCELLED,
                hint="sign in again, and agree; nothing was signed",
            )
        return LoginError(
            f"the {issuer} refused: {said}",
            reason=LoginFailure.TIMED_OUT
            if self.error == "expired_token"
            else LoginFailure.REFUSED,
            hint=_ADVICE.get(self.error, _USUAL_ADVICE),
        )

# SPDX-License-Identifier: Apache-2.0
"""What a client asks of an issuer when somebody is to sign in, and what it keeps to itself.

    authorization_endpoint ? response_type=code & client_id & redirect_uri & scope
                           & state               returned with the answer          RFC 6749, 10.12
                           & nonce               returned within the token     OpenID Connect, 3.1.2
                           & code_challenge      SHA-256 of the verifier                    RFC 7636
                           & connector_id        whom to ask, where the issuer asks others       Dex

The state tells our answer from one that somebody else has had sent here. The verifier never leaves
this machine before the code is redeemed: whoever sees the code on its way cannot use it.
"""

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import NoReturn
from urllib.parse import urlencode, urlsplit

from keyless.errors import InputError
from keyless.protocol.digest import Digest
from keyless.protocol.issuer_metadata import IssuerMetadata
from keyless.safe_text import shown
from keyless.services.client import Client
from keyless.value import value

# With whom people have accounts, as the public instance's issuer calls them.
PROVIDERS: Mapping[str, str] = {
    "github": "https://github.com/login/oauth",
    "google": "https://accounts.google.com",
    "microsoft": "https://login.microsoftonline.com",
}
_RANDOM_BYTES = 32


@value
class Attempt:
    """What is known of one attempt to sign in to nobody but who makes it; it is used once."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> "Attempt":
        """Draw all three at random."""
        state, nonce, verifier = (secrets.token_urlsafe(_RANDOM_BYTES) for _ in range(3))
        return cls(state=state, nonce=nonce, verifier=verifier)

    @property
    def challenge(self) -> Mapping[str, str]:
        """What is shown of the verifier."""
        digest = Digest.of(self.verifier.encode("ascii")).value
        text = urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
        # Where the method is left out it is "plain", which shows the verifier itself.
        return {"code_challenge": text, "code_challenge_method": "S256"}

    def __repr__(self) -> str:
        return "Attempt()"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an attempt to sign in is not pickled or copied")


def connector_of(provider: str | None, *, issuer: str) -> str | None:
    """Return what to call *provider* when the *issuer* is to ask it; None if it need not ask."""
    if provider is None:
        return None
    connector = PROVIDERS.get(provider, provider)
    if not connector.startswith("https://"):
        raise InputError(
            f"there is no provider {shown(provider, longest=80)}",
            hint=f"it is one of {', '.join(PROVIDERS)}, or the URL by which the issuer calls it",
        )
    # Who is the provider asks nobody else.
    return None if urlsplit(connector).netloc == urlsplit(issuer).netloc else connector


def authorization_url(
    metadata: IssuerMetadata,
    client: Client,
    attempt: Attempt,
    *,
    redirect: str,
    connector: str | None = None,
) -> str:
    """Return where a browser is to go, which comes back to *redirect*; no secret is in it."""
    asked = {
        "response_type": "code",
        "client_id": client.name,
        "redirect_uri": redirect,
        "scope": " ".join(client.scopes),
        "state": attempt.state,
        "nonce": attempt.nonce,
        **attempt.challenge,
        # An issuer that does not know it leaves it alone (RFC 6749, 3.1).
        **({} if connector is None else {"connector_id": connector}),
    }
    endpoint = metadata.authorization_endpoint
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

# SPDX-License-Identifier: Apache-2.0
"""What a program that has people sign in is called by the issuer, and what it asks for."""

from keyless.safe_text import shown
from keyless.value import value


@value
class Client:
    """What a client is called at the issuer, its *secret* if it has one, and what it asks for.

    A program that people run on their own machines has no secret: it would be everybody's.
    """

    name: str = "sigstore"
    secret: str | None = None
    scopes: tuple[str, ...] = ("openid", "email")

    def __repr__(self) -> str:
        return f"Client({shown(self.name)})"


# What programs are called at the public instance's issuer, and at those that stand in for it.
PUBLIC_CLIENT = Client()

# SPDX-License-Identifier: Apache-2.0
"""Credentials for registries: what they are, and who has which.

A credential belongs to one registry, by host and port exactly; a keychain is asked for it by name.
None of them shows its secret. Each says where it came from, so that an error can.
"""

from collections.abc import Callable, Mapping

from keyless.safe_text import shown
from keyless.services.http.messages import Headers
from keyless.value import value

_OWN = "your program"


@value
class Password:
    """A user's password, or a token that is used like one; *headers* go to its registry too."""

    user: str
    secret: str
    source: str = _OWN
    headers: Headers = ()

    def __str__(self) -> str:
        return f"as the user {shown(self.user, longest=80)}, from {shown(self.source)}"

    def __repr__(self) -> str:
        return f"Password({self})"


@value
class IdentityToken:
    """A token that is good for other tokens alone; *headers* go to its registry too."""

    secret: str
    source: str = _OWN
    headers: Headers = ()

    def __str__(self) -> str:
        return f"with an identity token, from {shown(self.source)}"

    def __repr__(self) -> str:
        return f"IdentityToken({self})"


@value
class RegistryToken:
    """A token that the registry itself takes; *headers* go to it too."""

    secret: str
    source: str = _OWN
    headers: Headers = ()

    def __str__(self) -> str:
        return f"with a token, from {shown(self.source)}"

    def __repr__(self) -> str:
        return f"RegistryToken({self})"


@value
class Anonymous:
    """No credential, and why there is none."""

    why: str = "none was given"
    headers: Headers = ()

    def __str__(self) -> str:
        return f"without a credential: {shown(self.why)}"


RegistryCredential = Password | IdentityToken | RegistryToken | Anonymous

# Asked for the credential for a registry (its host, and its port if it has one) and a repository.
Keychain = Callable[[str, str], RegistryCredential]


def anonymous(registry: str, repository: str) -> RegistryCredential:  # noqa: ARG001 - a keychain
    """Have no credential for any registry."""
    return Anonymous(why="nobody is asked for one")


def keychain(credentials: Mapping[str, RegistryCredential]) -> Keychain:
    """Return the keychain that has these *credentials*, each for the registry that is its key."""
    kept = dict(credentials)

    def find(registry: str, repository: str) -> RegistryCredential:  # noqa: ARG001 - a keychain
        return kept.get(registry) or Anonymous(why=f"{_OWN} has none for {registry}")

    return find

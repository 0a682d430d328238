# SPDX-License-Identifier: Apache-2.0
"""Credentials for registries: what they are, and who has which.

A credential belongs to one registry, by host and port exactly; a keychain is asked for it by name.
None of them shows its secret.
"""

from collections.abc import Callable, Mapping

from keyless.value import value


@value
class Password:
    """A user's password, or a token that is used like one; *source* says where it came from."""

    user: str
    secret: str
    source: str = "your program"

    def __repr__(self) -> str:
        return f"Password({self.user}, from {self.source})"


@value
class IdentityToken:
    """A token that is good for other tokens alone; *source* says where it came from."""

    secret: str
    source: str = "your program"

    def __repr__(self) -> str:
        return f"IdentityToken(from {self.source})"


@value
class RegistryToken:
    """A token that the registry itself takes; *source* says where it came from."""

    secret: str
    source: str = "your program"

    def __repr__(self) -> str:
        return f"RegistryToken(from {self.source})"


RegistryCredential = Password | IdentityToken | RegistryToken

# Asked for the credential for a registry (its host, and its port if it has one) and a repository.
Keychain = Callable[[str, str], RegistryCredential | None]


def nobody(registry: str, repository: str) -> None:
    """Have no credential for any registry."""


def keychain(credentials: Mapping[str, RegistryCredential]) -> Keychain:
    """Return the keychain that has these *credentials*, each for the registry that is its key."""
    kept = dict(credentials)

    def find(registry: str, repository: str) -> RegistryCredential | None:  # noqa: ARG001 - likewise
        return kept.get(registry)

    return find

# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ARG002 - what the methods are given is the library's to decide
"""Back ends of the keyring library to test with, through its own interface."""

from typing import Any

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError, PasswordSetError


class MemoryKeyring(KeyringBackend):
    """Keeps what it is given, for as long as it is there; it counts what it is asked."""

    priority = 5  # type: ignore[assignment]  # as every back end of the library's own has it

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.asked: list[str] = []

    def get_password(self, service: str, username: str) -> str | None:
        """Return what is kept."""
        self.asked.append(f"get {service}")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep it."""
        self.asked.append(f"set {service}")
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """Keep it no longer."""
        self.asked.append(f"delete {service}")
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError(service)


class WindowsLikeKeyring(MemoryKeyring):
    """Keeps 2560 bytes of UTF-16 a secret, and raises no error of the library's for more."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep it if it is not too long."""
        if len(password.encode("utf-16-le")) > 2560:
            raise OSError(1783, "CredWrite", "The stub received bad data")
        super().set_password(service, username, password)


class TinyKeyring(MemoryKeyring):
    """Keeps a hundred characters a secret."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep it if it is not too long."""
        if len(password) > 100:
            raise PasswordSetError(f"too long: {password}")
        super().set_password(service, username, password)


class FullKeyring(MemoryKeyring):
    """Keeps *room* secrets and no more."""

    def __init__(self, room: int = 3) -> None:
        super().__init__()
        self.room = room

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep it if there is room."""
        if (service, username) not in self.kept and len(self.kept) >= self.room:
            raise PasswordSetError("full")
        super().set_password(service, username, password)


class LockedKeyring(MemoryKeyring):
    """Is locked, and whoever is asked to unlock it does not."""

    def get_password(self, service: str, username: str) -> str | None:
        """Refuse."""
        raise KeyringLocked("Failed to unlock the collection!")

    def set_password(self, service: str, username: str, password: str) -> None:
        """Refuse, and say too much."""
        raise KeyringLocked(f"Failed to keep {password}")

    def delete_password(self, service: str, username: str) -> None:
        """Refuse."""
        raise KeyringLocked("Failed to unlock the collection!")


class ForgetfulKeyring(MemoryKeyring):
    """Says that it keeps things, and does not."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep nothing."""


class ListKeyring(MemoryKeyring):
    """Keeps the list of what is kept, and nothing else, and says nothing of that."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep the list."""
        if service.startswith("keyless:index:"):
            super().set_password(service, username, password)


class BrokenKeyring(MemoryKeyring):
    """Raises what no keyring should."""

    def get_password(self, service: str, username: str) -> str | None:
        """Fail."""
        raise ZeroDivisionError(service)


class ReadOnlyKeyring(MemoryKeyring):
    """Logs in to a package index, and keeps nothing; it goes before all others."""

    priority = 9.9  # type: ignore[assignment]

    def set_password(self, service: str, username: str, password: str) -> None:
        """Refuse, as such back ends do."""
        raise NotImplementedError

    def delete_password(self, service: str, username: str) -> None:
        """Refuse, as such back ends do."""
        raise NotImplementedError


class PlaintextKeyring(MemoryKeyring):
    """Has the name of one that writes a file, and a priority that a keyring of merit has."""


class HomemadeKeyring(PlaintextKeyring):
    """Is made from it."""


class ModestKeyring(MemoryKeyring):
    """Says itself that another is better."""

    priority = 0.9  # type: ignore[assignment]


class OddKeyring(MemoryKeyring):
    """Has a priority that is none."""

    priority = float("nan")  # type: ignore[assignment]


class ByteKeyring(MemoryKeyring):
    """Gives back what is no text."""

    def get_password(self, service: str, username: str) -> Any:
        """Return bytes."""
        return b"7"


class SilentKeyring(MemoryKeyring):
    """Does not say how good it is."""

    priority = KeyringBackend.__dict__["priority"]


def chained(*keyrings: Any) -> Any:
    """Hand everything on to *keyrings*, one after the other, as that library's chain does."""
    from keyring.backends.chainer import ChainerBackend  # noqa: PLC0415 - it is looked up in it

    return type(
        "Chain", (ChainerBackend,), {"backends": keyrings, "__module__": "tests.auth.keyrings"}
    )()

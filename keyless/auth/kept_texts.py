# SPDX-License-Identifier: Apache-2.0
"""Texts in a keyring: which keyrings are good enough, and how more is kept than fits into one.

    service "keyless:NAME:0", user "keyless"    0/3:TAG:the first 1100 characters
    service "keyless:NAME:1"                    1/3:TAG:the next …

Windows keeps 1280 characters, and one secret of a service: so each part has a service of its own.
The tag is of the whole text, so that parts of two are not taken for one.

What a keyring raises is told in a sentence and dropped: its frames hold what was to be kept.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile
from typing import Protocol

from keyless.errors import ParseError, ServiceError
from keyless.protocol.digest import Digest
from keyless.safe_text import shown

LONGEST_PART = 1100
MOST_PARTS = 12
USER = "keyless"

# Those of the keyring library that keep nothing, and say so with every call or not at all.
_NO_KEYRINGS = {"keyring.backends.fail.Keyring", "keyring.backends.null.Keyring"}
_CHAINER = "keyring.backends.chainer.ChainerBackend"
_PLAIN_TEXT = re.compile("plain|unencrypted|insecure", re.IGNORECASE)
_PART = re.compile(r"([0-9]{1,2})/([0-9]{1,2}):([0-9a-f]{16}):(.*)", re.DOTALL)


class Keyring(Protocol):
    """What is used of a back end of the keyring library."""

    def get_password(self, service: str, username: str) -> str | None:
        """Return what is kept under these names."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep *password* under these names."""

    def delete_password(self, service: str, username: str) -> None:
        """Keep it no longer."""


class KeptTexts:
    """Texts in *keyring*, each under a name; ServiceError where it will not have them.

    A keyring that keeps secrets in plain text, or that its own library does not recommend, is
    refused by name.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._stores = _stores(keyring)

    def read(self, name: str) -> str | None:
        """Return the text that is kept under *name*; ParseError if its parts are none."""
        for store in self._stores:
            first = _called(store, store.get_password, _service(name, 0), USER)
            if first is not None:
                rest = (
                    _called(store, store.get_password, _service(name, position), USER)
                    for position in range(1, _count(first))
                )
                return _joined([first, *rest])
        return None

    def write(self, name: str, text: str) -> None:
        """Keep *text* under *name*, and nothing else there."""
        parts = _parts(text)
        store = self._written(_service(name, 0), parts[0])
        for position, part in enumerate(parts[1:], 1):
            _called(store, store.set_password, _service(name, position), USER, part)
        _delete(store, name, range(len(parts), MOST_PARTS))

    def remove(self, name: str) -> None:
        """Keep nothing under *name*."""
        for store in self._stores:
            _delete(store, name, range(MOST_PARTS))

    def _written(self, service: str, part: str) -> Keyring:
        """Keep *part* in the first of the stores that keeps anything, and return that."""
        refusal = _no_keyring("no back end of the chain")
        for store in self._stores:
            try:
                _called(store, store.set_password, service, USER, part)
            except _KeepsNothingError as error:
                refusal = error
            else:
                return store
        raise refusal


class UnfitKeyringError(ServiceError):
    """Raised when a keyring is none in which anything of ours would be kept."""


class _KeepsNothingError(UnfitKeyringError):
    """Raised when a back end is for reading alone, as those are that log in to package indexes."""


def _stores(keyring: Keyring) -> Sequence[Keyring]:
    """List what *keyring* keeps things in: itself, unless it hands them on to others."""
    if _CHAINER not in _kinds(keyring):
        refusal = _refusal(keyring)
        if refusal is not None:
            raise refusal
        return (keyring,)
    chained: Sequence[Keyring] = getattr(keyring, "backends", ())
    # What the first of them do not take goes to the next: none after a bad one may be asked.
    good = tuple(takewhile(lambda each: _refusal(each) is None, chained))
    if not good:
        raise next(filter(None, map(_refusal, chained)), _no_keyring(_name(keyring)))
    return good


def _refusal(keyring: Keyring) -> ServiceError | None:
    """Return why nothing is kept in *keyring*, if it is not good enough for a private key."""
    name, kinds = _name(keyring), _kinds(keyring)
    if not _NO_KEYRINGS.isdisjoint(kinds):
        return _no_keyring(name)
    if any(map(_PLAIN_TEXT.search, kinds)):
        return _not_good(name, "keeps secrets in plain text")
    priority = _priority(keyring)
    if priority is None:
        return _not_good(name, "has no priority, so that nobody recommends it")
    if not priority >= 1:
        return _not_good(name, f"is not recommended by its own library (priority {priority:g})")
    return None


def _not_good(name: str, why: str) -> ServiceError:
    return UnfitKeyringError(
        f"the keyring {shown(name)} {why}",
        service="keyring",
        hint="name a better one in PYTHON_KEYRING_BACKEND; `keyring --list-backends` lists them",
    )


def _no_keyring(name: str) -> ServiceError:
    return UnfitKeyringError(
        f"there is no keyring here that keeps anything ({shown(name)})",
        service="keyring",
        hint="that of a desktop is there where somebody has signed in to one",
    )


def _priority(keyring: Keyring) -> float | None:
    try:
        priority: object = type(keyring).priority  # type: ignore[attr-defined]  # it may have none
    except Exception:  # noqa: BLE001 - which is how it says that it cannot be used here
        return None
    return float(priority) if isinstance(priority, int | float) else None


def _kinds(keyring: Keyring) -> set[str]:
    """Return what *keyring* is, by full names: what it is made from, it may well behave like."""
    return {f"{kind.__module__}.{kind.__qualname__}" for kind in type(keyring).__mro__}


def _name(keyring: Keyring) -> str:
    return f"{type(keyring).__module__}.{type(keyring).__qualname__}"


def _called(keyring: Keyring, method: Callable[..., object], *names: str) -> str | None:
    """Return what *method* does; raise ServiceError, with nothing of what was kept, if it fails."""
    try:
        answer = method(*names)
    except Exception as error:  # noqa: BLE001 - back ends raise whatever their libraries do
        trouble = _trouble(_name(keyring), {kind.__name__ for kind in type(error).__mro__})
    else:
        return answer if isinstance(answer, str) else None
    raise trouble


def _trouble(name: str, kinds: set[str]) -> ServiceError:
    if "NoKeyringError" in kinds:
        return _no_keyring(name)
    if "KeyringLocked" in kinds:
        return ServiceError(
            f"the keyring {shown(name)} is locked", service="keyring", hint="unlock it first"
        )
    if "NotImplementedError" in kinds:
        return _KeepsNothingError(f"the keyring {shown(name)} keeps nothing", service="keyring")
    why = next(iter(kinds & {"PasswordSetError", "InitError", "PasswordDeleteError"}), None)
    return ServiceError(
        f"the keyring {shown(name)} failed ({why or 'with an error of its own'})",
        service="keyring",
    )


def _service(name: str, position: int) -> str:
    return f"keyless:{name}:{position}"


def _parts(text: str) -> list[str]:
    pieces = [text[at : at + LONGEST_PART] for at in range(0, len(text), LONGEST_PART)] or [""]
    if len(pieces) > MOST_PARTS:
        raise ServiceError(f"{len(text)} characters are too many to keep", service="keyring")
    tag = _tag(text)
    return [f"{at}/{len(pieces)}:{tag}:{piece}" for at, piece in enumerate(pieces)]


def _tag(text: str) -> str:
    return Digest.of(text.encode("utf-8", "replace")).hex[:16]


def _count(first: str) -> int:
    """Return of how many parts *first* is the first, as it says."""
    part = _PART.fullmatch(first)
    return min(int(part[2]), MOST_PARTS) if part else 1


def _joined(parts: Iterable[str | None]) -> str:
    matches = [_PART.fullmatch(part or "") for part in parts]
    read = [(match[1], match[2], match[3], match[4]) for match in matches if match]
    text = "".join(piece for *_, piece in read)
    expected = [(str(at), str(len(matches)), _tag(text)) for at in range(len(matches))]
    if [(at, count, tag) for at, count, tag, _ in read] != expected:
        raise ParseError("what was kept is damaged: its parts do not belong together")
    return text


def _delete(store: Keyring, name: str, positions: Iterable[int]) -> None:
    for position in positions:
        service = _service(name, position)
        # Back ends raise if there is nothing to delete, each an error of its own.
        if _called(store, store.get_password, service, USER) is not None:
            _called(store, store.delete_password, service, USER)

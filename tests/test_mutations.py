# SPDX-License-Identifier: Apache-2.0
"""What happens to every bundle at hand when it is altered, one place at a time.

Each leaf of its JSON is dropped, nulled, retyped, doubled, bit-flipped and swapped with the next
(so proof hashes change places); certificates lose, repeat and flip ranges of bytes. The outcome is
a refusal, or the very same proof as before, where what was altered proves nothing; never another
exception.
"""

import json
import random
from base64 import b64decode, b64encode
from collections.abc import Iterator
from itertools import pairwise

from keyless.errors import ParseError, VerificationError
from keyless.protocol.bundle import Bundle
from keyless.protocol.trusted_root import TrustedRoot
from keyless.verification import verify
from tests.cases import Case, all_cases, parametrized

SEED = 20240606
Path = tuple[str | int, ...]


# Stands in a key to tell it from the key it is written as: a dict holds no key twice.
MARK = "\N{REPLACEMENT CHARACTER}"


@parametrized(all_cases())
def test_no_altered_bundle_proves_anything_else(case: Case) -> None:
    """Altered anywhere, a bundle is refused, or proves exactly what it proved."""
    trusted_root = case.trusted_root
    before = _outcome(case, case.bundle, trusted_root)
    wrong = [
        description
        for description, altered in _alterations(case)
        if (after := _outcome(case, altered, trusted_root)) is not None and after != before
    ]
    assert not wrong


def test_the_alterations_reach_what_they_should() -> None:
    """A document with one of each is altered in every way at least once."""
    document = {"a": {"b": "AAAA", "n": 3}, "l": ["x", "y"]}
    kinds = {description.split(" ")[0] for description, _ in _document_alterations(document)}
    assert kinds == {"drop", "null", "retype", "double", "flip", "decoded", "swap"}


def _outcome(case: Case, bundle: bytes, trusted_root: TrustedRoot) -> object:
    try:
        return verify(
            Bundle.parse(bundle), case.artifact, trusted_root=trusted_root, policy=case.policy
        )
    except (ParseError, VerificationError) as refusal:
        return None if refusal.message else "a refusal without a word"


def _alterations(case: Case) -> Iterator[tuple[str, bytes]]:
    try:
        document = json.loads(case.bundle)
    except ValueError:
        return
    yield from _document_alterations(document)
    yield from _certificate_alterations(document)


def _document_alterations(document: object) -> Iterator[tuple[str, bytes]]:
    chance = random.Random(SEED)
    leaves = list(_leaves(document))
    for path, leaf in leaves:
        for kind, altered in _altered(leaf, chance):
            yield f"{kind} {path}", _dumped(_with(document, path, altered))
        yield f"drop {path}", _dumped(_without(document, path))
        yield f"double {path}", _dumped(_doubled(document, path))
    for (path, leaf), (other, neighbour) in pairwise(leaves):
        if leaf != neighbour:
            swapped = _with(_with(document, path, neighbour), other, leaf)
            yield f"swap {path} {other}", _dumped(swapped)


def _altered(leaf: object, chance: random.Random) -> Iterator[tuple[str, object]]:
    yield "null", None
    for other in (0, "", [], True, {"a": leaf}):
        if other != leaf:
            yield "retype", other
    if not isinstance(leaf, str) or not leaf:
        return
    position = chance.randrange(len(leaf))
    flipped = chr(ord(leaf[position]) ^ (1 << chance.randrange(7)))
    yield "flip", leaf[:position] + flipped + leaf[position + 1 :]
    try:
        data = bytearray(b64decode(leaf, validate=True))
    except ValueError:
        return
    for _ in range(3):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        yield "decoded", b64encode(data).decode()


def _certificate_alterations(document: object) -> Iterator[tuple[str, bytes]]:
    chance = random.Random(SEED)
    for path, leaf in _leaves(document):
        if path[-1] != "rawBytes" or not isinstance(leaf, str):
            continue
        der = b64decode(leaf)
        for _ in range(24):
            start = chance.randrange(len(der))
            end = min(len(der), start + chance.randrange(1, 24))
            piece = der[start:end]
            for kind, other in (
                ("lose", b""),
                ("repeat", piece + piece),
                ("flip", bytes(byte ^ 0xFF for byte in piece)),
            ):
                altered = b64encode(der[:start] + other + der[end:]).decode()
                yield f"{kind} {path} {start}:{end}", _dumped(_with(document, path, altered))


def _leaves(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _leaves(member, (*path, name))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _leaves(item, (*path, position))
    else:
        yield path, value


def _with(value: object, path: Path, leaf: object) -> object:
    if not path:
        return leaf
    step, *rest = path
    if isinstance(value, dict):
        return {**value, step: _with(value[step], tuple(rest), leaf)}
    assert isinstance(value, list)
    return [
        _with(item, tuple(rest), leaf) if position == step else item
        for position, item in enumerate(value)
    ]


def _without(value: object, path: Path) -> object:
    step, *rest = path
    if isinstance(value, dict):
        if rest:
            return {**value, step: _without(value[step], tuple(rest))}
        return {name: member for name, member in value.items() if name != step}
    assert isinstance(value, list)
    if rest:
        return [
            _without(item, tuple(rest)) if position == step else item
            for position, item in enumerate(value)
        ]
    return [item for position, item in enumerate(value) if position != step]


def _doubled(value: object, path: Path) -> object:
    """Write the member or item at *path* twice."""
    step, *rest = path
    if isinstance(value, dict):
        if rest:
            return {**value, step: _doubled(value[step], tuple(rest))}
        return {**value, f"{step}{MARK}": value[step]}
    assert isinstance(value, list)
    assert isinstance(step, int)
    if rest:
        return [*value[:step], _doubled(value[step], tuple(rest)), *value[step + 1 :]]
    return [*value[: step + 1], *value[step:]]


def _dumped(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).replace(MARK, "").encode()

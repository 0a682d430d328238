# SPDX-License-Identifier: Apache-2.0
"""JSON as Sigstore's documents use it, read strictly; an error says the path of what it is about.

What two readers would understand differently is refused: a key twice in one object, `NaN`, numbers
too large to hold, half a surrogate pair. What would cost more than it could be worth is refused as
well.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from math import isfinite
from typing import TypeVar

from keyless.errors import ParseError
from keyless.protocol.encoding import LARGEST_INT64, b64decode, hexdecode, parse_decimal
from keyless.safe_text import shown

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]
S = TypeVar("S")
T = TypeVar("T")

LARGEST_DOCUMENT = 16 << 20
DEEPEST_NESTING = 64
# Bundles hold hundreds of values, large bills of materials a hundred thousand, "[[],[],…" more.
MOST_VALUES = 150_000
LARGEST_WIDE_DOCUMENT = 4 << 20  # one with characters for which Python keeps four bytes each

_KINDS = {
    type(None): "null",
    bool: "a truth value",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "a list",
    dict: "an object",
}
_WIDE = re.compile(rb"[\xf0-\xf4]")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def json_value(
    data: bytes, *, largest: int = LARGEST_DOCUMENT, most: int = MOST_VALUES
) -> JsonValue:
    """Read *data* as one JSON value in UTF-8: at most *largest* bytes, and *most* values."""
    if len(data) > largest:
        raise ParseError(f"{len(data)} bytes of JSON, more than the {largest} allowed")
    if len(data) > LARGEST_WIDE_DOCUMENT and _WIDE.search(data):
        raise ParseError(f"{len(data)} bytes of JSON, too many for characters beyond U+FFFF")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ParseError(f"not UTF-8 at byte {error.start}") from None
    openings = text.count("[") + text.count("{")
    # No text shorter than *most* holds as many: most documents need not be counted.
    if len(text) > most and text.count(",") + openings > most:
        raise ParseError(f"more than {most} values in one JSON document")
    try:
        value: JsonValue = _DECODER.decode(text)
    except RecursionError:
        raise ParseError("JSON nested too deeply") from None
    except ValueError as error:  # as for an integer of more than 4300 digits
        raise ParseError(f"not JSON: {shown(error)}") from None
    if openings > DEEPEST_NESTING or _SURROGATE.search(text):
        _check_nesting_and_text(value)
    return value


class Json:
    """One JSON object, read member by member; an error says the path of the member it is about.

    As in protobuf's JSON, `null` is the same as absent, and unknown members are left alone. *text*
    and its like demand their member, *optional_text* and its like return None for an absent one,
    and *int64* and the plural ones take protobuf's default: 0, and nothing.
    """

    __slots__ = ("_members", "_name", "_parent")

    def __init__(
        self, members: dict[str, JsonValue], name: str = "$", parent: "Json | None" = None
    ) -> None:
        self._members = members
        self._name = name
        self._parent = parent

    @classmethod
    def parse(
        cls, data: bytes, *, largest: int = LARGEST_DOCUMENT, most: int = MOST_VALUES
    ) -> "Json":
        """Read *data* as one JSON object in UTF-8: at most *largest* bytes, and *most* values."""
        value = json_value(data, largest=largest, most=most)
        if not isinstance(value, dict):
            raise ParseError(f"not a JSON object but {_kind(value)}", path="$")
        return cls(value)

    @property
    def path(self) -> str:
        """Where this object stands in its document, as in `$.a.b[2]`."""
        return self._name if self._parent is None else f"{self._parent.path}.{self._name}"

    def error(
        self, message: str, *, name: str | None = None, hint: str | None = None
    ) -> ParseError:
        """Return the error that says *message* of the member *name*, or of the whole object."""
        path = self.path if name is None else f"{self.path}.{name}"
        return ParseError(message, path=path, hint=hint)

    def has(self, name: str) -> bool:
        """Say whether *name* is there and not null."""
        return self._members.get(name) is not None

    def names(self) -> tuple[str, ...]:
        """List the members that are there and not null."""
        return tuple(name for name, value in self._members.items() if value is not None)

    def value(self, name: str) -> JsonValue:
        """Return the member *name* as it is, None when it is absent."""
        return self._members.get(name)

    def text(self, name: str) -> str:
        """Return the member *name*, a string."""
        value = self._members.get(name)
        if not isinstance(value, str):
            raise self._not("a string", name)
        return value

    def optional_text(self, name: str) -> str | None:
        """Return the member *name*, a string, or None."""
        return self.text(name) if self.has(name) else None

    def base64(self, name: str) -> bytes:
        """Return what the member *name* holds in base64."""
        return self.within(name, b64decode, self.text(name))

    def optional_base64(self, name: str) -> bytes | None:
        """Return what the member *name* holds in base64, or None."""
        return self.base64(name) if self.has(name) else None

    def hex(self, name: str) -> bytes:
        """Return what the member *name* holds in hexadecimal."""
        return self.within(name, hexdecode, self.text(name))

    def int64(self, name: str) -> int:
        """Return the member *name*, an int64: decimal string or number, 0 when absent."""
        value = self._members.get(name)
        if value is None:
            return 0
        if isinstance(value, str):
            return self.within(name, parse_decimal, value)
        return self.integer(name)

    def integer(self, name: str) -> int:
        """Return the member *name*, a JSON number without fraction, from 0 to 2^63 - 1."""
        value = self._members.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._not("a whole number", name)
        if not 0 <= value <= LARGEST_INT64:
            raise self.error("a number outside 0 to 2^63 - 1", name=name)
        return value

    def object(self, name: str) -> "Json":
        """Return the member *name*, an object."""
        value = self._members.get(name)
        if not isinstance(value, dict):
            raise self._not("an object", name)
        return Json(value, name, self)

    def optional_object(self, name: str) -> "Json | None":
        """Return the member *name*, an object, or None."""
        return self.object(name) if self.has(name) else None

    def objects(self, name: str, *, most: int) -> "list[Json]":
        """Return the objects of the list *name*, at most *most*; none when it is absent."""
        values = self._list(name, most)
        for position, value in enumerate(values):
            if not isinstance(value, dict):
                raise self._not("an object", f"{name}[{position}]", value)
        return [
            Json(value, f"{name}[{position}]", self)
            for position, value in enumerate(values)
            if isinstance(value, dict)
        ]

    def texts(self, name: str, *, most: int) -> list[str]:
        """Return the strings of the list *name*, at most *most*; none when it is absent."""
        values = self._list(name, most)
        texts = [value for value in values if isinstance(value, str)]
        if len(texts) != len(values):
            raise self.error("a list of something else than strings", name=name)
        return texts

    def base64s(self, name: str, *, most: int) -> list[bytes]:
        """Return what the strings of the list *name* hold in base64, at most *most*."""
        return self._each(name, b64decode, self.texts(name, most=most))

    def hexes(self, name: str, *, most: int) -> list[bytes]:
        """Return what the strings of the list *name* hold in hexadecimal, at most *most*."""
        return self._each(name, hexdecode, self.texts(name, most=most))

    def within(self, name: str, parse: Callable[[S], T], content: S) -> T:
        """Return *content*, which the member *name* holds, as *parse* reads it."""
        try:
            return parse(content)
        except ParseError as error:
            raise type(error)(error.message, path=f"{self.path}.{name}", hint=error.hint) from None

    def only_one_of(self, *names: str) -> str:
        """Return which of *names* is there; it must be exactly one."""
        present = [name for name in names if self.has(name)]
        if len(present) != 1:
            found = " and ".join(present) if present else "none"
            raise self.error(f"exactly one of {', '.join(names)} is wanted, found {found}")
        return present[0]

    def _each(self, name: str, parse: Callable[[str], bytes], texts: list[str]) -> list[bytes]:
        # As within() for each of them, but the path is made only when there is an error to tell.
        parsed: list[bytes] = []
        try:
            for text in texts:
                parsed.append(parse(text))  # noqa: PERF401 - its length names the one that fails
        except ParseError as error:
            raise self.error(
                error.message, name=f"{name}[{len(parsed)}]", hint=error.hint
            ) from None
        return parsed

    def _list(self, name: str, most: int) -> list[JsonValue]:
        value = self._members.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._not("a list", name)
        if len(value) > most:
            raise self.error(f"{len(value)} items, more than the {most} allowed", name=name)
        return value

    def _not(self, wanted: str, name: str, value: JsonValue = None) -> ParseError:
        found = value if value is not None else self._members.get(name)
        if found is None:
            return self.error("missing", name=name)
        return self.error(f"{_kind(found)} where {wanted} is wanted", name=name)


def _kind(value: JsonValue) -> str:
    return _KINDS[type(value)]


def _object_without_duplicates(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    members = dict(pairs)
    if len(members) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        raise ParseError(f"the key {shown(twice, longest=80)} stands twice in one JSON object")
    return members


def _refuse_constant(text: str) -> float:
    raise ParseError(f"{text} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ParseError(f"{shown(text, longest=80)} is too large for a number")
    return number


# Kept: making a decoder for each document costs more than reading a small one.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_object_without_duplicates,
    parse_constant=_refuse_constant,
    parse_float=_finite,
)


def _check_nesting_and_text(value: JsonValue) -> None:
    for text in _texts_within(value):
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise ParseError("half of a surrogate pair in a JSON string") from None


def _texts_within(value: JsonValue) -> Iterator[str]:
    """Walk level by level, so that nesting is counted and never recursed into."""
    level = [value]
    for _ in range(DEEPEST_NESTING + 1):
        yield from (item for item in level if isinstance(item, str))
        nested = [item for item in level if isinstance(item, list | dict)]
        if not nested:
            return
        level = []
        for item in nested:
            if isinstance(item, dict):
                yield from item
                level.extend(item.values())
            else:
                level.extend(item)
    raise ParseError(f"JSON nested deeper than {DEEPEST_NESTING} levels")

# SPDX-License-Identifier: Apache-2.0
"""The little of ASN.1 that certificates and timestamps are made of, read strictly (X.690, DER).

      tag    length           content
    +------+----------------+------------------------------+
    | 0x30 | 0x82 0x01 0x0a | 266 bytes: more of the same  |
    +------+----------------+------------------------------+

Each thing has one encoding, and every other one is refused: lengths are definite and as short as
can be, as are integers; a default is left out; nothing follows the last element. What is returned
are slices of the bytes given, so that what a signature covers is what was read, never something
encoded anew. Nothing here recurses, whatever is nested in what.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Self

from keyless.errors import ParseError
from keyless.safe_text import shown

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
UTF8_STRING, UTC_TIME, GENERALIZED_TIME, SEQUENCE, SET = 0x0C, 0x17, 0x18, 0x30, 0x31
END = 0x00  # no element has this tag

# Far beyond what anybody uses: serial numbers have 20 bytes, arcs of object identifiers five.
# Without limits, a number could be one that Python refuses to print.
LONGEST_INTEGER = 64
LONGEST_OID = 64
# In one list. Certificates of builds have some thirty extensions; a list of thousands costs time
# before anybody could see that it is none of an authority's.
MOST_ELEMENTS = 128

_NAMES = {
    BOOLEAN: "a truth value",
    INTEGER: "an integer",
    BIT_STRING: "a bit string",
    OCTET_STRING: "an octet string",
    NULL: "a null",
    OID: "an object identifier",
    UTF8_STRING: "a UTF-8 string",
    UTC_TIME: "a two-digit time",
    GENERALIZED_TIME: "a time",
    SEQUENCE: "a sequence",
    SET: "a set",
    END: "nothing more",
}
# Python counts microseconds. A finer time would have to be rounded, into a window or out of it.
# Some Pythons read an hour 24, another name for midnight.
_TIME = re.compile(r"[0-9]{8}(?:[01][0-9]|2[0-3])[0-9]{4}(?:\.[0-9]{0,5}[1-9])?Z")
# One arc: seven bits a byte, the first byte not an idle 0x80, the last without its top bit.
_OID_ARC = re.compile(rb"(?!\x80)[\x80-\xff]*[\x00-\x7f]")


class Der:
    """The elements of *data*, taken one after the other; errors call the whole *what*.

    As a context it demands, when left without an error, that every element was taken.
    """

    __slots__ = ("_data", "_size", "_what", "at")

    def __init__(self, data: bytes, what: str) -> None:
        self._data = data
        self._size = len(data)
        self._what = what
        self.at = 0  # how many bytes were taken

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.finish()

    def finish(self) -> None:
        """Demand that every element was taken."""
        if self.at != self._size:
            raise self.error(f"{_called(self.tag)} where {_called(END)} is wanted")

    def error(self, message: str) -> ParseError:
        """Return the error that says *message* of the whole."""
        return ParseError(f"the {self._what} is malformed: {message}")

    @property
    def tag(self) -> int:
        """The next element's tag; `END` when there is none."""
        return self._data[self.at] if self.at < self._size else END

    @property
    def taken(self) -> bytes:
        """Everything taken so far."""
        return self._data[: self.at]

    def content(self, tag: int) -> bytes:
        """Take what is in the next element, which must have *tag*."""
        data, at, size = self._data, self.at, self._size
        if at == size or data[at] != tag:
            raise self.error(f"{_called(self.tag)} where {_called(tag)} is wanted")
        start = at + 2
        length = data[at + 1] if start <= size else 0x80
        if length >= 0x80:
            start, length = self._long_length(start)
        self.at = end = start + length
        if end > size:
            raise self.error("it is cut short")
        return data[start:end]

    def element(self, tag: int) -> bytes:
        """Take the next element, which must have *tag*, and return all of it."""
        start = self.at
        self.content(tag)
        return self._data[start : self.at]

    def optional(self, tag: int) -> bytes | None:
        """Take what is in the next element if it has *tag*."""
        return self.content(tag) if self.tag == tag else None

    def inside(self, tag: int = SEQUENCE) -> "Der":
        """Take the next element, which must have *tag*, to read the elements inside."""
        return Der(self.content(tag), self._what)

    def integer(self, tag: int = INTEGER) -> int:
        """Take an integer."""
        content = self.content(tag)
        if len(content) > LONGEST_INTEGER:
            raise self.error(f"an integer of {len(content)} bytes")
        if not content or (
            len(content) > 1 and content[0] in (0x00, 0xFF) and content[0] >> 7 == content[1] >> 7
        ):
            raise self.error("an integer that is not as short as can be")
        return int.from_bytes(content, "big", signed=True)

    def flag(self) -> bool:
        """Take a truth value that is left out when false."""
        if self.tag != BOOLEAN:
            return False
        if self.content(BOOLEAN) != b"\xff":
            raise self.error("a truth value that is neither left out nor true")
        return True

    def oid(self) -> str:
        """Take an object identifier, as in `2.5.29.17`."""
        return oid_text(self.content(OID))

    def text(self, tag: int = UTF8_STRING, *, encoding: str = "utf-8") -> str:
        """Take a string in *encoding*."""
        try:
            return self.content(tag).decode(encoding)
        except UnicodeDecodeError as error:
            raise self.error(f"a string that is not {encoding} at byte {error.start}") from None

    def bits(self) -> tuple[bytes, int]:
        """Take a bit string: its bytes, and how many bits of the last are not part of it."""
        content = self.content(BIT_STRING)
        spare = content[0] if content else 8
        if spare > 7 or (spare and (len(content) == 1 or content[-1] & ((1 << spare) - 1))):
            raise self.error("a bit string with stray bits")
        return content[1:], spare

    def whole_bytes(self) -> bytes:
        """Take a bit string that is made of whole bytes."""
        content, spare = self.bits()
        if spare:
            raise self.error("a bit string that ends within a byte")
        return content

    def time(self) -> datetime:
        """Take a time in UTC."""
        return self._time(self.content(GENERALIZED_TIME).decode("latin-1"))

    def date(self) -> datetime:
        """Take a time in UTC as certificates write it: until 2049 with two digits for the year."""
        if self.tag != UTC_TIME:
            return self.time()
        text = self.content(UTC_TIME).decode("latin-1")
        if "." in text:
            raise self.error("a date with a fraction of a second")
        return self._time(("19" if text[:1] >= "5" else "20") + text)

    def rest(self) -> Iterator[tuple[int, bytes]]:
        """Take all that is left, one element's tag and content after the other."""
        for _ in self.while_more():
            tag = self._data[self.at]
            yield tag, self.content(tag)

    def while_more(self) -> Iterator[None]:
        """Go round once for each element that is left, which each round must take."""
        for _ in range(MOST_ELEMENTS):
            if self.at == self._size:
                return
            yield
        if self.at != self._size:
            raise self.error(f"more than {MOST_ELEMENTS} elements in one list")

    def _time(self, text: str) -> datetime:
        if not _TIME.fullmatch(text):
            raise self.error(f"{shown(text, longest=80)} is not a time as DER writes it")
        try:
            return datetime.fromisoformat(f"{text[:8]}T{text[8:]}")
        except ValueError:
            raise self.error(f"{text} is not a time of any calendar") from None

    def _long_length(self, at: int) -> tuple[int, int]:
        """Read a length of several bytes, which start *at*; return where they end, and it."""
        size = self._data[at - 1] & 0x7F if at <= self._size else 0
        length = int.from_bytes(self._data[at : at + size], "big")
        if length < 0x80 or length >> 8 * (size - 1) == 0:
            raise self.error("a length that is missing, or not as short as can be")
        return at + size, length


def sequence(data: bytes, what: str) -> Der:
    """Read inside *data*, which is one sequence and nothing else; errors call it *what*."""
    return Der(content_of(data, SEQUENCE, what), what)


def content_of(data: bytes, tag: int, what: str) -> bytes:
    """Return what is in *data*, one element with *tag* and nothing else; errors call it *what*."""
    size = len(data) - 2
    if 0 <= size < 0x80 and data[0] == tag and data[1] == size:  # as most are: at once
        return data[2:]
    reader = Der(data, what)
    content = reader.content(tag)
    reader.finish()
    return content


def encoded(tag: int, content: bytes) -> bytes:
    """Write one element."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def oid_bytes(text: str) -> bytes:
    """Return what is inside the object identifier *text*, as in `2.5.29.17`."""
    first, second, *rest = map(int, text.split("."))
    return b"".join(map(_base_128, (40 * first + second, *rest)))


def oid_text(content: bytes) -> str:
    """Return the object identifier that has *content* inside, as in `2.5.29.17`."""
    arcs = _OID_ARC.findall(content[:LONGEST_OID])
    if not content or b"".join(arcs) != content:
        raise ParseError(f"not an object identifier: {shown(content.hex(), longest=80)}")
    joined, *rest = (_from_base_128(arc) for arc in arcs)
    first = min(joined // 40, 2)
    return ".".join(map(str, (first, joined - 40 * first, *rest)))


def _base_128(number: int) -> bytes:
    low, high = bytes((number & 0x7F,)), number >> 7
    while high:
        low, high = bytes((0x80 | high & 0x7F,)) + low, high >> 7
    return low


def _from_base_128(arc: bytes) -> int:
    number = 0
    for byte in arc:
        number = number << 7 | byte & 0x7F
    return number


def _called(tag: int) -> str:
    return _NAMES.get(tag) or f"an element with tag {tag:#04x}"

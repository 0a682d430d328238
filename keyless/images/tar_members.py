# SPDX-License-Identifier: Apache-2.0
"""A tar archive as it lies there: which of its files starts where. Nothing is ever unpacked.

An archive is blocks of 512 bytes: a header, then as many as its file needs, then the next header;
a block of zeros ends it.

      0 name (100)        the rest of it, before a slash, stands at 345 (155)
    100 mode, uid, gid    (8 each)
    124 size (12)         octal; from 8 GiB on 0x80, and then base 256
    148 checksum (8)      of the header, with this field full of spaces
    156 kind (1)          0 file, 5 folder, x g pax records for the next or all, L long name
    257 magic, version    `ustar` NUL `00`; of GNU's own `ustar  ` NUL

Archives come from strangers, and two programs that read one differently can be shown two different
things. So a name stands once, and is plain: nothing absolute, no `..`. What is neither file nor
folder is refused, links above all: what they name may lie outside, or change.
"""

import re
from collections.abc import Callable, Iterator

from keyless.errors import ParseError
from keyless.safe_text import shown
from keyless.value import replace, value

BLOCK = 512
LARGEST_OCTAL = 8**11 - 1  # what eleven digits hold; beyond, others write the size elsewhere
MOST_MEMBERS = 100_000
LARGEST_RECORDS = 64 << 10
LONGEST_NAME = 1024

# Read so many bytes at an offset; fewer where the archive ends.
ReadAt = Callable[[int, int], bytes]

_FILE, _FOLDER, _PAX, _PAX_FOR_ALL, _LONG_NAME = b"0", b"5", b"x", b"g", b"L"
_KINDS = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a named pipe",
    b"K": "a link with a long name",
    b"S": "a sparse file",
}
_OCTAL = re.compile(rb" *([0-7]+)[ \0]*")
_PAX_RECORD = re.compile(rb"([1-9][0-9]{0,5}) ")
_DECIMAL = re.compile(rb"0|[1-9][0-9]{0,18}")
_COMPRESSED = {
    b"\x1f\x8b": "gunzip",
    b"BZh": "bunzip2",
    b"\xfd7zXZ": "unxz",
    b"(\xb5/\xfd": "unzstd",
}


@value
class Member:
    """A file in an archive: its content starts at *offset*, and has *size* bytes."""

    offset: int
    size: int

    @property
    def end(self) -> int:
        """Where the next header stands."""
        return self.offset + -(-self.size // BLOCK) * BLOCK


@value
class _Header:
    name: bytes
    kind: bytes
    member: Member


@value
class _Announced:
    """What records before a header say of what it is about, in place of the header."""

    name: bytes | None = None
    size: int | None = None


def members(read_at: ReadAt, *, size: int) -> dict[str, Member]:
    """List the files of the archive of *size* bytes that *read_at* reads, by their plain names."""
    found: dict[str, Member] = {}
    for header in _headers(read_at, size):
        name = _plain_name(header.name)
        if header.kind == _FOLDER:
            continue
        if name in found:
            raise ParseError(f"the archive has two files {shown(name)}")
        if not name:
            raise ParseError("the archive has a file without a name")
        if len(found) == MOST_MEMBERS:
            raise ParseError(f"the archive has more than {MOST_MEMBERS} files")
        found[name] = header.member
    return found


def _headers(read_at: ReadAt, size: int) -> Iterator[_Header]:
    """Yield the header of each file and folder, with what was announced of it filled in."""
    announced, position = _Announced(), 0
    for _ in range(4 * MOST_MEMBERS):  # folders and records count too
        block = read_at(position, BLOCK)
        if not block.strip(b"\0"):
            return
        header = _header(block, position)
        if header.kind in (_FILE, _FOLDER):
            header = _as_announced(header, announced)
            announced = _Announced()
        position = header.member.end
        if header.member.offset + header.member.size > size:
            raise ParseError(
                f"the archive is cut off within {shown(header.name.decode('latin-1'))}"
            )
        if header.kind in (_FILE, _FOLDER):
            yield header
        else:
            announced = _record(header, announced, read_at)
    raise ParseError("the archive has too many headers")


def _header(block: bytes, position: int) -> _Header:
    if len(block) < BLOCK:
        raise ParseError("the archive is cut off within a header")
    _check_magic(block, position)
    blank = block[:148] + b" " * 8 + block[156:]
    if _octal(block[148:156]) != sum(blank):
        raise ParseError(f"the header at byte {position} of the archive has a wrong checksum")
    kind = block[156:157].replace(b"\0", _FILE)  # as it was written before there were kinds
    name = block[:100].partition(b"\0")[0]
    prefix = block[345:500].partition(b"\0")[0] if block[257:263] == b"ustar\0" else b""
    member = Member(offset=position + BLOCK, size=_size(block[124:136]))
    header = _Header(name=prefix + b"/" + name if prefix else name, kind=kind, member=member)
    if kind not in (_FILE, _FOLDER, _PAX, _PAX_FOR_ALL, _LONG_NAME):
        what = _KINDS.get(kind, f"of kind {shown(kind.decode('latin-1'))!r}")
        raise ParseError(
            f"{shown(header.name.decode('latin-1'))} in the archive is {what}",
            hint="an OCI layout has files only; `docker save` writes one since version 25",
        )
    if kind == _FOLDER and member.size:
        raise ParseError(f"the folder {shown(name.decode('latin-1'))} in the archive has a content")
    return header


def _check_magic(block: bytes, position: int) -> None:
    if block[257:263] == b"ustar\0" or block[257:265] == b"ustar  \0":
        return
    if position:
        raise ParseError(f"no header at byte {position} of the archive")
    for start, program in _COMPRESSED.items():
        if block.startswith(start):
            raise ParseError("a compressed archive", hint=f"unpack it with {program} first")
    raise ParseError("not a tar archive")


def _as_announced(header: _Header, announced: _Announced) -> _Header:
    size, stated = announced.size, header.member.size
    if size is None:
        size = stated
    elif size != stated and size <= LARGEST_OCTAL:
        # Whoever does not read the record would take another header for the next one.
        raise ParseError(f"{shown(header.name.decode('latin-1'))} in the archive has two sizes")
    name = header.name if announced.name is None else announced.name
    return replace(header, name=name, member=replace(header.member, size=size))


def _record(header: _Header, announced: _Announced, read_at: ReadAt) -> _Announced:
    """Add to what is *announced* what the records under *header* say."""
    member = header.member
    if member.size > LARGEST_RECORDS:
        raise ParseError(f"{member.size} bytes of records in the archive, too many")
    data = read_at(member.offset, member.size)
    if header.kind == _LONG_NAME:
        return _with_name(announced, data.partition(b"\0")[0])
    listed = list(_pax_records(data))
    records = dict(listed)
    if len(records) != len(listed):
        raise ParseError("the archive says two things of one file")
    if any(key.startswith(b"GNU.sparse") for key in records):
        raise ParseError("the archive has a sparse file")
    name, size = records.get(b"path"), records.get(b"size")
    if header.kind == _PAX_FOR_ALL and (name is not None or size is not None):
        raise ParseError("the archive gives one name or size to many files")
    if size is not None:
        if not _DECIMAL.fullmatch(size):
            raise ParseError("a size in the archive is no plain number")
        announced = replace(announced, size=int(size))
    return announced if name is None else _with_name(announced, name)


def _with_name(announced: _Announced, name: bytes) -> _Announced:
    if announced.name is not None:
        raise ParseError("the archive gives two names to one file")
    return replace(announced, name=name)


def _pax_records(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Read records as in `19 path=index.json`, each with its length, this and a newline counted."""
    while data:
        length = _PAX_RECORD.match(data)
        if length is None:
            raise ParseError("the archive has records without a length")
        record, data = data[: int(length[1])], data[int(length[1]) :]
        key, equals, content = record[length.end() :].partition(b"=")
        if len(record) != int(length[1]) or not equals or not content.endswith(b"\n"):
            raise ParseError("the archive has malformed records")
        yield key, content[:-1]


def _plain_name(raw: bytes) -> str:
    """Return *raw* as a name that stays inside: no root, no `..`, nothing that hides."""
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise ParseError("a name in the archive is not UTF-8") from None
    plain = name.removeprefix("./").removesuffix("/")
    if plain in ("", "."):  # the folder itself, as `tar -C folder .` lists it
        return ""
    if name.startswith("/") or any(part in ("", ".", "..") for part in plain.split("/")):
        raise ParseError(f"{shown(name)} in the archive leads out of it")
    if "\\" in plain or ":" in plain or not plain.isprintable() or len(plain) > LONGEST_NAME:
        raise ParseError(f"{shown(name)} in the archive is no plain name")
    return plain


def _size(field: bytes) -> int:
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    return _octal(field)


def _octal(field: bytes) -> int:
    match = _OCTAL.fullmatch(field)
    if match is None:
        raise ParseError("a number in a header of the archive is not octal")
    return int(match[1], 8)

# SPDX-License-Identifier: Apache-2.0
"""Tar archives are read where they lie, and refused where two programs might read them apart."""

import io
import tarfile
from collections.abc import Callable

import pytest

from keyless.errors import ParseError
from keyless.images import tar_members
from keyless.images.tar_members import BLOCK, Member, members

HASH = "0f" * 32


def read(archive: bytes) -> dict[str, Member]:
    """List the files of *archive*."""
    return members(lambda offset, count: archive[offset : offset + count], size=len(archive))


def tar(*infos: tarfile.TarInfo, form: int = tarfile.PAX_FORMAT) -> bytes:
    """Write an archive with *infos*, whose files are full of `x`."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for info in infos:
            archive.addfile(info, io.BytesIO(b"x" * info.size))
    return buffer.getvalue()


def info(name: str, size: int = 3, **fields: object) -> tarfile.TarInfo:
    """Describe a file."""
    made = tarfile.TarInfo(name)
    made.size = size
    for field, content in fields.items():
        setattr(made, field, content)
    return made


def header(name: str, *, size: int = 0, kind: bytes = b"0") -> bytearray:
    """Write one header, to be spoilt."""
    return bytearray(info(name, size, type=kind).tobuf(tarfile.USTAR_FORMAT))


def sealed(block: bytearray) -> bytes:
    """Return *block* with the checksum that it now has."""
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block[:BLOCK])
    return bytes(block)


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_files_are_found_where_they_start(form: int) -> None:
    """The offset and the size lead to the content, in each form that programs write."""
    archive = tar(info("oci-layout"), info(f"blobs/sha256/{HASH}", 700), form=form)
    found = read(archive)
    assert list(found) == ["oci-layout", f"blobs/sha256/{HASH}"]
    blob = found[f"blobs/sha256/{HASH}"]
    assert archive[blob.offset : blob.offset + blob.size] == b"x" * 700


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_long_names_are_read(form: int) -> None:
    """A name longer than a header has room for stands in records before it."""
    name = "blobs/sha512/" + "ab" * 64
    assert list(read(tar(info(name), form=form))) == [name]


def test_a_name_of_two_parts_is_put_together() -> None:
    """POSIX headers keep the folder of a long name apart from the rest."""
    name = "f" * 60 + "/" + "g" * 60
    assert list(read(tar(info(name), form=tarfile.USTAR_FORMAT))) == [name]


def test_a_folder_packed_from_within_has_plain_names() -> None:
    """`tar -C layout .` writes `./` before each name, and lists the folder itself."""
    archive = tar(
        info("./", 0, type=tarfile.DIRTYPE),
        info("./blobs", 0, type=tarfile.DIRTYPE),
        info("./index.json"),
    )
    assert list(read(archive)) == ["index.json"]


def test_sizes_from_8_gib_on_are_read() -> None:
    """GNU's writes them in base 256, pax in a record; either is believed as far as it reaches."""
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        blob = info("blob", 9 << 30).tobuf(form)
        with pytest.raises(ParseError, match="cut off within blob"):
            read(blob)
        offset = len(blob)
        found = members(lambda at, n, blob=blob: blob[at : at + n], size=offset + (9 << 30))
        assert found["blob"] == Member(offset=offset, size=9 << 30)


def test_an_archive_without_an_end_mark_is_read() -> None:
    """Some writers leave the last blocks of zeros out; what is missing its digest would tell."""
    assert list(read(bytes(header("index.json")))) == ["index.json"]


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../outside", "blobs/../../outside", "blobs//x", "blobs/./x", ".//etc/passwd"],
)
def test_a_name_that_leads_out_is_refused(name: str) -> None:
    """Nobody unpacks here, but whoever would must not be led anywhere."""
    with pytest.raises(ParseError, match="leads out of it"):
        read(tar(info(name)))


@pytest.mark.parametrize("name", ["..\\outside", "C:x", "a\nb", "a\u202eb", "n" * 2000])
def test_a_name_that_hides_something_is_refused(name: str) -> None:
    """Separators of other systems, control characters and endless names have no place here."""
    with pytest.raises(ParseError, match="is no plain name"):
        read(tar(info(name)))


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (tarfile.SYMTYPE, "is a symbolic link"),
        (tarfile.LNKTYPE, "is a hard link"),
        (tarfile.CHRTYPE, "is a device"),
        (tarfile.BLKTYPE, "is a device"),
        (tarfile.FIFOTYPE, "is a named pipe"),
        (b"S", "is a sparse file"),
        (b"V", "is of kind 'V'"),
    ],
)
def test_what_is_no_file_is_refused_by_what_it_is(kind: bytes, reason: str) -> None:
    """A link may lead anywhere, a device do anything."""
    with pytest.raises(ParseError, match=reason):
        read(tar(info("blobs", 0, type=kind, linkname="/etc")))


def test_two_files_of_one_name_are_refused() -> None:
    """One program takes the first, another the last."""
    with pytest.raises(ParseError, match=r"two files index\.json"):
        read(tar(info("index.json"), info("./index.json")))


def test_an_archive_that_ends_early_is_refused() -> None:
    """A blob that is not all there is told before anybody reads it."""
    archive = tar(info("index.json", 700))
    with pytest.raises(ParseError, match=r"cut off within index\.json"):
        read(archive[: BLOCK + 600])
    with pytest.raises(ParseError, match="cut off within a header"):
        read(archive[:100])


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda block: block.__setitem__(0, 0x58), "wrong checksum"),
        (lambda block: block.__setitem__(slice(124, 136), b"12345678 9x\0"), "not octal"),
        (lambda block: block.__setitem__(slice(124, 136), b"\xff" + bytes(11)), "is not octal"),
        (lambda block: block.__setitem__(slice(0, 2), b"\xff\xfe"), "not UTF-8"),
        (lambda block: block.__setitem__(slice(0, 100), bytes(100)), "without a name"),
    ],
)
def test_a_spoilt_header_is_refused(spoil: Callable[[bytearray], None], reason: str) -> None:
    """A header is read whole or not at all."""
    block = header("index.json")
    spoil(block)
    with pytest.raises(ParseError, match=reason):
        read(bytes(block) if reason == "wrong checksum" else sealed(block))


def test_a_folder_with_a_content_is_refused() -> None:
    """Some programs would skip it, others take it for headers."""
    with pytest.raises(ParseError, match="has a content"):
        read(sealed(header("blobs", size=512, kind=b"5")) + bytes(512))


def records(kind: bytes, data: bytes) -> bytes:
    """Write *data* as records of *kind*."""
    return bytes(header("records", size=len(data), kind=kind)) + data + bytes(-len(data) % BLOCK)


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        (records(b"x", b"11 size=1\n"), "malformed records"),
        (records(b"x", b"no length\n"), "without a length"),
        (records(b"x", b"10 path=a\n10 path=b\n"), "two things of one file"),
        (records(b"x", b"999 path=a\n"), "malformed records"),
        (records(b"x", b"11 path=ab\n") + records(b"L", b"b\0"), "two names to one file"),
        (records(b"x", b"11 size=-1\n"), "no plain number"),
        (records(b"x", b"12 size=512\n"), "has two sizes"),
        (records(b"g", b"11 path=ab\n"), "one name or size to many"),
        (records(b"x", b"22 GNU.sparse.major=1\n"), "sparse"),
        (records(b"x", bytes(70_000)), "bytes of records in the archive, too many"),
    ],
)
def test_records_that_could_mislead_are_refused(before: bytes, reason: str) -> None:
    """Records give another name or size than the header: where programs differ, none is right."""
    with pytest.raises(ParseError, match=reason):
        read(before + bytes(header("index.json")))


def test_records_that_say_nothing_here_are_passed_over() -> None:
    """Times and owners may stand in records; so may a comment on everything."""
    before = records(b"g", b"13 comment=a\n") + records(b"x", b"13 mtime=1.5\n")
    assert list(read(before + bytes(header("index.json")))) == ["index.json"]


@pytest.mark.parametrize(
    ("start", "program"), [(b"\x1f\x8b\x08", "gunzip"), (b"(\xb5/\xfd", "unzstd")]
)
def test_a_compressed_archive_is_told_from_others(start: bytes, program: str) -> None:
    """It has no offsets to read at; what to do is said."""
    with pytest.raises(ParseError, match="a compressed archive") as refusal:
        read(start.ljust(BLOCK, b"\1"))
    assert program in (refusal.value.hint or "")


def test_what_is_no_archive_is_told_so() -> None:
    """Neither a document nor the rest of one is an archive."""
    with pytest.raises(ParseError, match="not a tar archive"):
        read(b"{}".ljust(BLOCK))
    with pytest.raises(ParseError, match="no header at byte 512"):
        read(bytes(header("index.json")) + b"y" * BLOCK)


def test_the_number_of_files_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of a million names is a bomb, however small its files."""
    monkeypatch.setattr(tar_members, "MOST_MEMBERS", 3)
    with pytest.raises(ParseError, match="more than 3 files"):
        read(tar(*(info(f"f{number}") for number in range(4))))
    with pytest.raises(ParseError, match="too many headers"):
        read(tar(*(info(f"f{number}", 0, type=tarfile.DIRTYPE) for number in range(13))))

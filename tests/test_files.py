# SPDX-License-Identifier: Apache-2.0
"""Files: hashed as they are or not at all, bundles found, read and written."""

import hashlib
import io
import os
import random
import socket
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable
from io import FileIO
from pathlib import Path

import pytest

from keyless import files
from keyless.errors import InputError, KeylessError, ParseError
from keyless.files import (
    BUFFER,
    LARGE,
    demand_readable,
    demand_room,
    digest,
    digest_stream,
    find_bundle,
    read,
    read_bundle,
    write_bundle,
)
from keyless.files.large import BUFFER as BIG
from keyless.files.large import ReadAhead, chunks_of_large
from keyless.protocol.bundle import Bundle
from keyless.protocol.digest import Digest, HashAlgorithm
from tests.cases import CONFORMANCE, CORPUS, corpus

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

needs_unix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    """A file to hash."""
    path = tmp_path / "artifact"
    path.write_bytes(b"hello\n")
    return path


@pytest.mark.parametrize(
    "size", [0, 1, BUFFER - 1, BUFFER, BUFFER + 1, LARGE - 1, LARGE, LARGE + BUFFER + 1]
)
def test_a_file_of_any_size_is_hashed(tmp_path: Path, size: int) -> None:
    """Also at the sizes where the way it is read changes."""
    path = tmp_path / "artifact"
    data = os.urandom(min(size, 1 << 20)) * (size >> 20) + os.urandom(size % (1 << 20))
    path.write_bytes(data)
    assert digest(path) == Digest.of(data[:size])


@pytest.mark.parametrize("algorithm", HashAlgorithm)
def test_any_accepted_hash_can_be_asked_for(artifact: Path, algorithm: HashAlgorithm) -> None:
    """The bundle decides which."""
    assert digest(artifact, algorithm=algorithm) == Digest.of(b"hello\n", algorithm)
    stream = io.BytesIO(b"hello\n")
    assert digest_stream(stream, algorithm=algorithm) == Digest.of(b"hello\n", algorithm)


def test_a_path_may_be_text_or_bytes_or_a_path(artifact: Path) -> None:
    """Whatever the system takes for a path."""
    assert digest(str(artifact)) == digest(artifact) == digest(os.fsencode(artifact))  # type: ignore[arg-type]  # taken, though not promised


def test_a_link_that_is_named_is_followed(artifact: Path) -> None:
    """Who names a link means what it leads to."""
    link = artifact.with_name("link")
    link.symlink_to(artifact)
    assert digest(link) == digest(artifact)


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Of a file of 256 MiB never more than two buffers are held."""
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(256 << 20)
    tracemalloc.start()
    try:
        digest(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20


def _absent(folder: Path) -> Path:
    return folder / "absent"


def _folder(folder: Path) -> Path:
    return folder


def _pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def _socket(folder: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "socket"))
    return folder / "socket"


def _device(folder: Path) -> Path:  # noqa: ARG001 - as the others
    return Path("/dev/zero")


def _dangling(folder: Path) -> Path:
    (folder / "link").symlink_to("nowhere")
    return folder / "link"


def _circle(folder: Path) -> Path:
    (folder / "link").symlink_to("link")
    return folder / "link"


def _below_a_file(folder: Path) -> Path:
    (folder / "file").touch()
    return folder / "file" / "below"


@needs_unix
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_absent, "there is no file .*absent"),
        (_folder, "is a folder, not a file"),
        (_pipe, "is a named pipe, not a file"),
        (_socket, "is a socket, not a file"),
        (_device, "/dev/zero is a device, not a file"),
        (_dangling, "there is no file .*link"),
        (_circle, "link cannot be read: Too many levels of symbolic links"),
        (_below_a_file, "below cannot be read: Not a directory"),
        (lambda _: Path("a\0b"), r"a\\x00b cannot be read: .*null"),
        (lambda folder: folder / ("x" * 300), "cannot be read: File name too long"),
        (lambda _: 5, "not a path: 5"),
    ],
)
def test_what_is_no_file_is_refused(
    tmp_path: Path, make: Callable[[Path], Path], said: str
) -> None:
    """Each for what it is, without opening it or waiting for it."""
    path = make(tmp_path)
    with pytest.raises(InputError, match=said):
        digest(path)
    with pytest.raises(InputError, match=said):
        read_bundle(path)


@needs_unix
def test_a_file_that_may_not_be_read_is_named(artifact: Path) -> None:
    """The error says that it is a question of who may."""
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    artifact.chmod(0)
    with pytest.raises(InputError, match="may not be read by this user"):
        digest(artifact)


class _Meddler:
    """Changes a file once it is being hashed; stands in for whoever else uses the machine."""

    def __init__(self, path: Path, change: Callable[[Path], object]) -> None:
        self._path = path
        self._change = change
        self._done = False

    def __call__(self, _: object, event: str, argument: object) -> None:
        if event == "c_call" and getattr(argument, "__name__", "") == "readinto" and not self._done:
            self._done = True
            self._change(self._path)


def _grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def _touch(path: Path) -> None:
    os.utime(path, ns=(0, 1))


def _replace(path: Path) -> None:
    found = path.stat()
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    os.utime(other, ns=(found.st_atime_ns, found.st_mtime_ns))
    other.replace(path)


def _shrink(path: Path) -> None:
    os.truncate(path, 1)


@pytest.mark.parametrize("size", [100, LARGE + 1])
@pytest.mark.parametrize("change", [_grow, _touch, _replace, _shrink])
def test_a_file_that_changes_meanwhile_is_refused(
    artifact: Path, change: Callable[[Path], None], size: int
) -> None:
    """Its size, its time or the file under its name: what was hashed would be neither."""
    artifact.write_bytes(bytes(size))
    meddler = _Meddler(artifact, change)
    threading.setprofile(meddler)
    sys.setprofile(meddler)
    try:
        with pytest.raises(InputError, match="changed while it was hashed"):
            digest(artifact)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]  # how it is switched off


def test_a_file_that_vanishes_meanwhile_is_refused(artifact: Path) -> None:
    """There is nothing left that the digest would be of."""
    meddler = _Meddler(artifact, Path.unlink)
    sys.setprofile(meddler)
    try:
        with pytest.raises(InputError, match="there is no file"):
            digest(artifact)
    finally:
        sys.setprofile(None)


def test_a_disk_that_fails_is_reported(tmp_path: Path) -> None:
    """An error in the thread that reads ahead is an error of the whole."""
    path = tmp_path / "artifact"
    path.write_bytes(bytes(LARGE + 1))

    def close(_: Path) -> None:
        for descriptor in range(3, 64):
            try:
                if os.path.samestat(os.fstat(descriptor), path.stat()):
                    os.dup2(os.open(tmp_path, os.O_RDONLY), descriptor)
            except OSError:
                continue

    meddler = _Meddler(path, close)
    threading.setprofile(meddler)
    try:
        with pytest.raises(InputError, match="cannot be read: Is a directory"):
            digest(path)
    finally:
        threading.setprofile(None)  # type: ignore[arg-type]  # how it is switched off


@pytest.mark.parametrize("trial", [0, BIG, 1 << 30])
def test_a_large_file_is_read_to_its_end(tmp_path: Path, trial: int) -> None:
    """By one thread, by two, or by one again when two are slower: no byte is lost in between."""
    path = tmp_path / "artifact"
    data = random.Random(trial).randbytes(7 * BIG + 1)
    path.write_bytes(data)
    for _ in range(3):
        with FileIO(path) as file:
            alone = iter(lambda: memoryview(file.read(1000)), b"")
            assert b"".join(map(bytes, chunks_of_large(file, alone, trial=trial))) == data


def test_reading_ahead_can_be_stopped(tmp_path: Path) -> None:
    """What was under way still comes, and the file stands where that ends."""
    path = tmp_path / "artifact"
    data = random.Random(1).randbytes(5 * BIG)
    path.write_bytes(data)
    read = b""
    with FileIO(path) as file:
        with ReadAhead(file) as ahead:
            for chunk in ahead:
                read += chunk
                ahead.stop()
        assert len(read) == 2 * BIG
        assert read + file.readall() == data


def test_a_stream_is_hashed_from_where_it_stands() -> None:
    """What was read before is not part of it."""
    stream = io.BytesIO(b"head" + bytes(3 * BUFFER))
    stream.read(4)
    assert digest_stream(stream) == Digest.of(bytes(3 * BUFFER))
    assert digest_stream(stream).hex == EMPTY


@pytest.mark.parametrize("stream", [io.StringIO("text"), None, "path", io.BytesIO])
def test_what_is_no_binary_stream_is_refused(stream: object) -> None:
    """A file opened as text is not hashed: its bytes are gone."""
    with pytest.raises(InputError, match="cannot be read as a binary file") as refusal:
        digest_stream(stream)  # type: ignore[arg-type]  # that is the point
    assert '"rb"' in str(refusal.value.hint)


def test_a_closed_stream_is_refused() -> None:
    """There is nothing left to read of it."""
    stream = io.BytesIO(b"hello")
    stream.close()
    with pytest.raises(InputError, match="closed file"):
        digest_stream(stream)


def test_the_bundle_beside_a_file_is_found(artifact: Path) -> None:
    """`.sigstore.json` first, then `.sigstore`; and if there is neither, both are named."""
    with pytest.raises(InputError, match="has no bundle beside it") as refusal:
        find_bundle(artifact)
    assert "artifact.sigstore.json nor artifact.sigstore;" in str(refusal.value.hint)
    second = Path(f"{artifact}.sigstore")
    second.touch()
    assert find_bundle(artifact) == str(second)
    first = Path(f"{artifact}.sigstore.json")
    first.symlink_to("nowhere")  # there, though it leads nowhere: the other is not taken instead
    assert find_bundle(artifact) == str(first)


@pytest.mark.skipif(not CORPUS.exists(), reason="the shared corpus is absent")
def test_a_bundle_is_written_and_read(tmp_path: Path) -> None:
    """All of it, with the modes of any file, and nothing unfinished left behind."""
    bundle = next(
        bundle for case in corpus() if (bundle := Bundle.parse(case.bundle)).version == "0.3"
    )
    path = tmp_path / "artifact.sigstore.json"
    path.write_bytes(b"what was there before")
    write_bundle(path, bundle)
    assert read_bundle(path) == bundle
    assert path.read_bytes() == bundle.to_json()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not CORPUS.exists(), reason="the shared corpus is absent")
def test_a_bundle_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    """Neither half a bundle nor an unfinished file."""
    bundle = next(
        bundle for case in corpus() if (bundle := Bundle.parse(case.bundle)).version == "0.3"
    )
    target = tmp_path / "folder"
    target.mkdir()
    with pytest.raises(InputError, match="folder cannot be written: Is a directory"):
        write_bundle(target, bundle)
    assert list(tmp_path.iterdir()) == [target]
    with pytest.raises(InputError, match=r"there is no file .*absent"):
        write_bundle(tmp_path / "absent" / "x.sigstore.json", bundle)


def test_a_file_that_can_be_read_is_told_from_what_cannot(artifact: Path, tmp_path: Path) -> None:
    """As it would be when it is read: a folder is no file, and one that is gone is none."""
    demand_readable(artifact)
    with pytest.raises(InputError, match="is a folder, not a file"):
        demand_readable(tmp_path)
    with pytest.raises(InputError, match="there is no file"):
        demand_readable(tmp_path / "absent")


def test_a_folder_with_room_is_left_as_it_was(tmp_path: Path) -> None:
    """Looking whether something could be written leaves nothing behind."""
    demand_room(tmp_path, size=1 << 16)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_none_has_no_room(artifact: Path) -> None:
    """A file is no folder, and one that is to be made later is none yet."""
    for name in (artifact, artifact.with_name("absent")):
        with pytest.raises(InputError, match="there is no folder"):
            demand_room(name, size=1)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="/proc is Linux's own")
def test_a_folder_that_takes_no_files_says_so() -> None:
    """Nobody, not even root, makes files there."""
    with pytest.raises(InputError, match="/proc takes no files"):
        demand_room("/proc", size=1)


@needs_unix
def test_a_folder_without_room_says_so_and_is_left_as_it_was(tmp_path: Path) -> None:
    """What there is no room for is known before it is made, and no half of it stays."""
    script = f"""
import resource
from keyless.errors import InputError
from keyless.files import demand_room
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
demand_room({str(tmp_path)!r}, size=1000)
try:
    demand_room({str(tmp_path)!r}, size=1001)
except InputError as error:
    assert "cannot be written to: File too large" in error.message
else:
    raise AssertionError
"""
    subprocess.run([sys.executable, "-c", script], check=True)
    assert list(tmp_path.iterdir()) == []


def test_a_file_beyond_all_measure_is_not_read(tmp_path: Path) -> None:
    """Reading stops where the limit is."""
    path = tmp_path / "large"
    path.write_bytes(bytes(100))
    assert read(path, largest=100) == bytes(100)
    with pytest.raises(InputError, match="larger than the 99 bytes allowed"):
        read(path, largest=99)
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(InputError, match="larger than the 16777216 bytes allowed"):
        read_bundle(path)


def test_a_bundle_that_is_none_is_a_parse_error(artifact: Path) -> None:
    """The file could be read; what is in it could not."""
    with pytest.raises(ParseError, match="not JSON"):
        read_bundle(artifact)


@pytest.mark.parametrize("name", ["\x1b[2Jx", "a\nb", "\u202egnp.exe"])
def test_a_files_name_is_shown_safely(tmp_path: Path, name: str) -> None:
    """A name that would move the cursor or turn the line around is spelled out."""
    for use in (digest, find_bundle, read_bundle):
        with pytest.raises(KeylessError) as refusal:
            use(tmp_path / name)
        assert refusal.value.message.isprintable()
        assert str(refusal.value.hint).isprintable()


def test_one_thread_is_enough_for_small_files(artifact: Path) -> None:
    """No second one is started, nor is what it takes imported."""
    script = f"""
import sys
from keyless.files import digest
digest({str(artifact)!r})
assert "queue" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_conformance_artifact_is_hashed() -> None:
    """As everybody hashes it."""
    path = CONFORMANCE / "a.txt"
    if not path.exists():
        pytest.skip("the shared conformance cases are absent")
    assert digest(path).value == hashlib.sha256(path.read_bytes()).digest()
    assert files.BUNDLE_SUFFIXES == (".sigstore.json", ".sigstore")

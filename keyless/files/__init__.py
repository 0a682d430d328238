# SPDX-License-Identifier: Apache-2.0
"""Files: the digest of an artifact, and the bundle beside it.

Whatever goes wrong with a path is an `InputError` that says so. A link that is named is followed;
what is no regular file (a folder, a pipe, a device) is refused, and refused before it is opened,
since opening some devices does something.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import FileIO
from typing import BinaryIO

from keyless.errors import InputError
from keyless.protocol.bundle import Bundle
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.json_reader import LARGEST_DOCUMENT
from keyless.safe_text import shown

Path = str | os.PathLike[str]

BUNDLE_SUFFIXES = (".sigstore.json", ".sigstore")
BUFFER = 256 << 10
LARGE = 64 << 20

_READ_ONLY = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)  # Windows would change line ends otherwise
    | getattr(os, "O_NONBLOCK", 0)  # what became a pipe since we looked must not make us wait
)


def digest(path: Path, *, algorithm: HashAlgorithm = HashAlgorithm.SHA256) -> Digest:
    """Hash the file at *path*, in memory that does not grow with it.

    One that changes meanwhile is refused: what was hashed would be neither the old nor the new.
    """
    name = name_of(path)
    with _opened(name) as file:
        before = os.fstat(file.fileno())
        value, length = _hash(file, before.st_size, algorithm)
        after, at_path = os.fstat(file.fileno()), os.stat(name)
    same = _identity(before) == _identity(after) == _identity(at_path)
    if not same or length != before.st_size:
        raise InputError(
            f"{shown(name)} changed while it was hashed",
            hint="try again once nothing writes to it any more",
        )
    return Digest(algorithm=algorithm, value=value)


def digest_stream(stream: BinaryIO, *, algorithm: HashAlgorithm = HashAlgorithm.SHA256) -> Digest:
    """Hash what is left to read of *stream*, an open binary file."""
    hasher = hashlib.new(algorithm.value)
    try:
        while data := stream.read(BUFFER):
            hasher.update(data)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InputError(
            f"what was given cannot be read as a binary file: {shown(error)}",
            hint='open the file in binary mode, as in open(path, "rb")',
        ) from None
    return Digest(algorithm=algorithm, value=hasher.digest())


def find_bundle(path: Path) -> str:
    """Return where the bundle of the artifact at *path* is: the first of its names that exists."""
    name = name_of(path)
    candidates = [name + suffix for suffix in BUNDLE_SUFFIXES]
    for candidate in candidates:
        if os.path.lexists(candidate):
            return candidate
    raise InputError(
        f"{shown(name)} has no bundle beside it",
        hint=f"there is neither {shown(candidates[0])} nor {shown(os.path.basename(candidates[1]))}"
        "; say where its bundle is",
    )


def read_bundle(path: Path) -> Bundle:
    """Read the bundle at *path*."""
    return Bundle.parse(read(path, largest=LARGEST_DOCUMENT))


def write_bundle(path: Path, bundle: Bundle) -> None:
    """Write *bundle* to *path*: all of it, or nothing."""
    write(path, bundle.to_json())


def write(path: Path, data: bytes) -> None:
    """Write *data* to *path*, in the place of what is there: all of it, or nothing."""
    name = name_of(path)
    unfinished = unfinished_name(name)
    with input_errors(name, "written"):
        try:
            with open(unfinished, "xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, name)
        except BaseException:
            with suppress(OSError):
                os.unlink(unfinished)
            raise


def demand_readable(path: Path) -> None:
    """Refuse *path* unless it is a regular file that this user may read."""
    with _opened(name_of(path)):
        pass


def demand_room(folder: Path, *, size: int) -> None:
    """Refuse *folder* unless a file of *size* bytes can be written into it now."""
    name = name_of(folder)
    if not os.path.isdir(name):
        raise InputError(f"there is no folder {shown(name)}", hint="make it first")
    probe = unfinished_name(os.path.join(name, ""))
    with input_errors(name, "written to"):
        try:
            with open(probe, "xb") as file:
                file.write(bytes(size))
                file.flush()
                os.fsync(file.fileno())
        except FileNotFoundError:  # it was a folder just now
            raise InputError(f"{shown(name)} takes no files") from None
        finally:
            with suppress(OSError):
                os.unlink(probe)


def read(path: Path, *, largest: int) -> bytes:
    """Return what the file at *path* holds, at most *largest* bytes."""
    name = name_of(path)
    data = bytearray()
    with _opened(name) as file:
        while chunk := file.read(BUFFER):
            data += chunk
            if len(data) > largest:
                raise InputError(f"{shown(name)} is larger than the {largest} bytes allowed")
    return bytes(data)


def name_of(path: Path) -> str:
    """Return *path* as text."""
    try:
        return os.fsdecode(path)
    except TypeError:
        raise InputError(f"not a path: {shown(path, longest=120)}") from None


def unfinished_name(name: str) -> str:
    """Return a name beside *name* that nothing has."""
    return f"{name}.{os.urandom(6).hex()}.unfinished"


@contextmanager
def _opened(name: str) -> Iterator[FileIO]:
    """Open the regular file *name*, unbuffered; say what is wrong with it otherwise."""
    with input_errors(name, "read"), open_regular(name) as file:
        yield file


def open_regular(name: str) -> FileIO:
    """Open the regular file *name*, unbuffered, to be closed by the caller."""
    with input_errors(name, "read"), ExitStack() as unless_well:
        _demand_regular(name, os.stat(name))
        file = unless_well.enter_context(FileIO(os.open(name, _READ_ONLY), "rb"))
        _demand_regular(name, os.fstat(file.fileno()))  # no other has taken its place
        unless_well.pop_all()
        return file


def _demand_regular(name: str, found: os.stat_result) -> None:
    if stat.S_ISREG(found.st_mode):
        return
    kind = kind_of(found.st_mode)
    raise InputError(f"{shown(name)} is {kind}, not a file", hint="name a regular file")


def kind_of(mode: int) -> str:
    """Say what a file of *mode*, as `stat` has it, is."""
    return _KINDS.get(stat.S_IFMT(mode), "something else than a file")


@contextmanager
def input_errors(name: str, done: str) -> Iterator[None]:
    """Turn what the system says about *name*, which was to be *done*, into an InputError."""
    try:
        yield
    except FileNotFoundError:
        raise InputError(
            f"there is no file {shown(name)}", hint="look for a slip in the name"
        ) from None
    except PermissionError:
        raise InputError(
            f"{shown(name)} may not be {done} by this user", hint="change who may, or who you are"
        ) from None
    except (OSError, ValueError) as error:  # a name with a NUL in it is a ValueError
        why = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{shown(name)} cannot be {done}: {shown(why)}") from None


def _hash(file: FileIO, size: int, algorithm: HashAlgorithm) -> tuple[bytes, int]:
    """Hash *file* to its end; return the digest and how many bytes it is of."""
    hasher = hashlib.new(algorithm.value)
    length = 0
    for chunk in _chunks(file, size):
        hasher.update(chunk)
        length += len(chunk)
    return hasher.digest(), length


def _chunks(file: FileIO, size: int) -> Iterator[memoryview]:
    alone = _read_again_and_again(file)
    if size < LARGE:
        return alone
    # Most artifacts are smaller: a verdict on one does without the threads that this imports.
    from keyless.files.large import chunks_of_large  # noqa: PLC0415

    return chunks_of_large(file, alone)


def _read_again_and_again(file: FileIO) -> Iterator[memoryview]:
    """Yield what *file* holds, in one buffer that stays in the processor's cache."""
    buffer = memoryview(bytearray(BUFFER))
    while count := file.readinto(buffer):
        yield buffer[:count]


def _identity(found: os.stat_result) -> tuple[int, ...]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


_KINDS = {
    stat.S_IFREG: "a file",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

# SPDX-License-Identifier: Apache-2.0
"""The files of an image layout, in a folder or in a tar archive, by names as `blobs/sha256/0f5e…`.

Either may come from a stranger: a folder unpacked from who knows what, an archive off the net. What
is asked for is read from regular files only, through no link that lies in it; the layout above
checks each byte of it by its digest.

Changes are made within `changing()`. In a folder each file appears whole, the index last, so that
whoever reads meanwhile sees the old or the new. An archive is written anew, and takes the place of
the old at the end.
"""

import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from threading import Lock
from typing import Protocol

from keyless import files
from keyless.errors import InputError, ParseError
from keyless.safe_text import shown
from keyless.services.trust_cache import take_lock

MARKER = "oci-layout"
MARKER_CONTENT = b'{"imageLayoutVersion":"1.0.0"}'
INDEX = "index.json"
BUFFER = 1 << 20
MOST_FILES = 100_000
LONGEST_WAIT = 10.0  # seconds, for another that changes the same layout
PAUSE = 0.02

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_READ_ONLY = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | _NO_FOLLOW


class LayoutFiles(Protocol):
    """Where the files of a layout are; *name* is safe to show."""

    @property
    def name(self) -> str:
        """How the caller called it, safe to show."""

    def size(self, path: str) -> int | None:
        """Return how many bytes *path* has, or None if it is not there."""

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield what *path*, which is there, holds."""

    def listed(self, folder: str) -> Iterator[tuple[str, int]]:
        """Yield the name and the size of each file directly in *folder*."""

    def changing(self) -> AbstractContextManager[None]:
        """Keep others out meanwhile; in an archive, all that is added within appears at its end."""

    def add(self, path: str, *, size: int, data: Iterable[bytes]) -> None:
        """Write *path*, of *size* bytes: all of it, or nothing."""

    def remove(self, path: str) -> None:
        """Remove *path*, if it is there."""


class Changeable:
    """What is changed by one at a time, who may do so in steps, and from several threads."""

    def __init__(self) -> None:
        self._changes = 0
        self._counting = Lock()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Keep others out meanwhile; the outermost of several decides whether it was all well."""
        with self._counting:
            if not self._changes:
                self._begin()
            self._changes += 1
        well = False
        try:
            yield
            well = True
        finally:
            with self._counting:
                self._changes -= 1
                if not self._changes:
                    self._end(well=well)

    def _begin(self) -> None:
        raise NotImplementedError

    def _end(self, *, well: bool) -> None:
        raise NotImplementedError


class Folder(Changeable):
    """A layout in the folder *path*, made when something is first written to it."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path
        self._lock = -1
        self.name = shown(path)

    def size(self, path: str) -> int | None:
        """Return how many bytes *path* has, or None if it is not there."""
        found = self._found(path)
        if found is not None and not stat.S_ISREG(found.st_mode):
            raise self._refusal(path, found)
        return None if found is None else found.st_size

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield what *path*, which is there, holds."""
        self.size(path)  # refuses what is no file, before it is opened
        with files.input_errors(self._place(path), "read"):
            descriptor = os.open(self._place(path), _READ_ONLY)
        with files.input_errors(self._place(path), "read"), open(descriptor, "rb", 0) as file:
            opened = os.fstat(descriptor)
            if not stat.S_ISREG(opened.st_mode):
                raise self._refusal(path, opened)
            while chunk := file.read(BUFFER):
                yield chunk

    def listed(self, folder: str) -> Iterator[tuple[str, int]]:
        """Yield the name and the size of each file directly in *folder*."""
        if self._found(folder) is None:
            return
        with (
            files.input_errors(self._place(folder), "read"),
            os.scandir(self._place(folder)) as all_,
        ):
            for count, entry in enumerate(all_):
                if count == MOST_FILES:
                    raise ParseError(f"{self.name} has more than {MOST_FILES} files")
                if entry.is_file(follow_symlinks=False):
                    yield entry.name, entry.stat(follow_symlinks=False).st_size

    def add(self, path: str, *, size: int, data: Iterable[bytes]) -> None:
        """Write *path*, of *size* bytes: all of it, or nothing."""
        with files.input_errors(self._path, "written"):
            self._make_layout()
            self._make_folders(path)
            if (found := self._found(path)) is not None and not stat.S_ISREG(found.st_mode):
                raise self._refusal(path, found)
            self._write(path, exactly(data, size, path))

    def remove(self, path: str) -> None:
        """Remove *path*, if it is there."""
        if self.size(path) is not None:
            with files.input_errors(self._place(path), "removed"):
                os.unlink(self._place(path))

    def _begin(self) -> None:
        with files.input_errors(self._path, "written"):
            self._make_layout()
            self._lock = os.open(self._place(MARKER), os.O_RDWR | _NO_FOLLOW)
        try:
            wait_for(lambda: take_lock(self._lock), self.name)
        except BaseException:
            os.close(self._lock)
            raise

    def _end(self, *, well: bool) -> None:  # noqa: ARG002 - each file stands by itself
        os.close(self._lock)  # gives up the lock as well

    def _write(self, path: str, data: Iterable[bytes]) -> None:
        unfinished = files.unfinished_name(self._place(path))
        try:
            with open(unfinished, "xb") as file:
                file.writelines(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, self._place(path))
        except BaseException:
            with suppress(OSError):
                os.unlink(unfinished)
            raise

    def _make_layout(self) -> None:
        os.makedirs(self._path, exist_ok=True)
        if self.size(MARKER) is not None:
            return
        # Whoever names the wrong folder finds nothing in it afterwards that was not there.
        if others := [name for name in os.listdir(self._path) if not name.startswith(MARKER)]:
            raise InputError(
                f"{self.name} is a folder of something else, as {shown(others[0], longest=80)}",
                hint="name a new folder, or an empty one",
            )
        self._write(MARKER, [MARKER_CONTENT])

    def _make_folders(self, path: str) -> None:
        for folder in _folders(path):
            if self._found(folder) is None:
                with suppress(FileExistsError):
                    os.mkdir(self._place(folder))

    def _found(self, path: str) -> os.stat_result | None:
        """Look at *path* and the folders it is in, which must be folders and no links to some."""
        for folder in _folders(path):
            found = self._status(folder)
            if found is None:
                return None
            if not stat.S_ISDIR(found.st_mode):
                raise self._refusal(folder, found, wanted="a folder")
        return self._status(path)

    def _status(self, path: str) -> os.stat_result | None:
        with files.input_errors(self._place(path), "read"):
            try:
                return os.lstat(self._place(path))
            except FileNotFoundError:
                return None

    def _refusal(self, path: str, found: os.stat_result, *, wanted: str = "a file") -> ParseError:
        kind = files.kind_of(found.st_mode)
        return ParseError(
            f"{shown(path)} in {self.name} is {kind}, not {wanted}",
            hint="a layout that leads elsewhere is not read",
        )

    def _place(self, path: str) -> str:
        return os.path.join(self._path, *path.split("/"))


def exactly(data: Iterable[bytes], size: int, path: str) -> Iterator[bytes]:
    """Yield *data*, which must be of *size* bytes."""
    count = 0
    for chunk in data:
        count += len(chunk)
        if count > size:
            break
        yield chunk
    if count != size:
        raise ParseError(f"{shown(path)} is not of the {size} bytes that were announced")


def wait_for(take: Callable[[], bool], name: str) -> None:
    """Call *take* until it takes what another holds, but not for ever."""
    until = time.monotonic() + LONGEST_WAIT
    while not take():
        if time.monotonic() > until:
            raise InputError(f"{name} is being changed by another", hint="try again later")
        time.sleep(PAUSE)


def _folders(path: str) -> Iterator[str]:
    """Yield the folders that *path* is in, outermost first."""
    parts = path.split("/")
    for count in range(1, len(parts)):
        yield "/".join(parts[:count])

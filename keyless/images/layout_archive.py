# SPDX-License-Identifier: Apache-2.0
"""A layout in a tar archive: read where it lies, never unpacked; changed by writing it anew.

    oci-layout  blobs/sha256/0f5e…  …  index.json

What is added goes to a draft beside the archive. At the end the draft gets what it does not yet
have of the old archive, and takes its place: whoever opens it sees the old or the new.
"""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from io import FileIO
from threading import RLock
from weakref import finalize

from keyless import files
from keyless.errors import InputError, ParseError
from keyless.images.layout_files import (
    BUFFER,
    INDEX,
    MARKER,
    MARKER_CONTENT,
    Changeable,
    wait_for,
)
from keyless.images.tar_draft import TarDraft
from keyless.images.tar_members import Member, ReadAt, members
from keyless.safe_text import shown
from keyless.services.trust_cache import take_lock

_Found = tuple[ReadAt, Member]


class Archive(Changeable):
    """A layout in the tar archive at *path*, made when something is first written to it."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path
        self.name = shown(path)
        self._mutex = RLock()
        self._file: FileIO | None = None
        self._closing: Callable[[], object] = bool  # of nothing, so far
        self._members: dict[str, Member] = {}
        self._draft: TarDraft | None = None
        self._index: bytes | None = None  # of the draft: it comes last, as it may change again
        self._removed: set[str] = set()
        self._open()

    def size(self, path: str) -> int | None:
        """Return how many bytes *path* has, or None if it is not there."""
        with self._mutex:
            if path == INDEX and self._index is not None:
                return len(self._index)
            found = self._found(path)
            return None if found is None else found[1].size

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield what *path*, which is there, holds."""
        position = 0
        while data := self._read(path, position):
            yield data
            position += len(data)

    def listed(self, folder: str) -> Iterator[tuple[str, int]]:
        """Yield the name and the size of each file directly in *folder*."""
        with self._mutex:
            old = {name: each for name, each in self._members.items() if name not in self._removed}
            now = {**old, **(self._draft.members if self._draft else {})}
        for name, member in now.items():
            where, _, last = name.rpartition("/")
            if where == folder:
                yield last, member.size

    def add(self, path: str, *, size: int, data: Iterable[bytes]) -> None:
        """Add *path*, of *size* bytes: all of it, or nothing."""
        with self._mutex:
            draft = self._started()
            if path == INDEX:
                self._index = b"".join(data)
            elif path not in draft.members:
                draft.add(path, size=size, data=data)
                self._removed.discard(path)

    def remove(self, path: str) -> None:
        """Remove *path*, if it is there; what this very change added stays where it is."""
        with self._mutex:
            self._started()
            self._removed.add(path)

    def _begin(self) -> None:
        with self._mutex:
            self._started()

    def _end(self, *, well: bool) -> None:
        with self._mutex:
            draft, self._draft = self._draft, None
            if draft is None:
                return
            if well:
                try:
                    self._publish(draft)
                except BaseException:
                    draft.abandon()
                    raise
            else:
                draft.abandon()
            self._index, self._removed = None, set()
            self._open()

    def _started(self) -> TarDraft:
        if self._draft is None:
            self._lock()
            self._draft = TarDraft(self._path)
            if MARKER not in self._members:
                content = [MARKER_CONTENT]
                self._draft.add(MARKER, size=len(MARKER_CONTENT), data=content)
        return self._draft

    def _publish(self, draft: TarDraft) -> None:
        if self._index is None and INDEX in self._members:
            self._index = b"".join(self.chunks(INDEX))
        for name, member in self._members.items():
            if name != INDEX and name not in self._removed and name not in draft.members:
                draft.add(name, size=member.size, data=self.chunks(name))
        if self._index is not None:
            draft.add(INDEX, size=len(self._index), data=[self._index])
        if self._file is None and os.path.lexists(self._path):
            raise InputError(f"{self.name} was made by another meanwhile", hint="try again")
        draft.publish()

    def _lock(self) -> None:
        """Keep others from changing the archive, if there is one, and see what is in it now."""
        wait_for(self._is_locked, self.name)

    def _is_locked(self) -> bool:
        if self._file is None:
            return True
        if not take_lock(self._file.fileno()):
            return False
        with files.input_errors(self._path, "read"):
            there, ours = os.stat(self._path), os.fstat(self._file.fileno())
        if (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino):
            return True
        self._open()  # another has taken its place
        return False

    def _open(self) -> None:
        self._closing()
        self._file, self._members = None, {}
        if not os.path.lexists(self._path):
            return
        self._file = files.open_regular(self._path)
        self._closing = finalize(self, self._file.close)
        size = os.fstat(self._file.fileno()).st_size
        try:
            self._members = members(self._read_at, size=size)
        except ParseError as error:
            raise ParseError(f"{self.name}: {error.message}", hint=error.hint) from None

    def _found(self, path: str) -> _Found | None:
        if self._draft is not None and path in self._draft.members:
            return self._draft.read_at, self._draft.members[path]
        if path in self._members and path not in self._removed:
            return self._read_at, self._members[path]
        return None

    def _read(self, path: str, position: int) -> bytes:
        with self._mutex:
            if path == INDEX and self._index is not None:
                return self._index[position:]
            found = self._found(path)
            if found is None:
                raise InputError(f"{shown(path)} is no longer in {self.name}")
            read_at, member = found
            count = min(BUFFER, member.size - position)
            return read_at(member.offset + position, count) if count > 0 else b""

    def _read_at(self, offset: int, count: int) -> bytes:
        file = self._file
        if file is None:
            return b""
        with files.input_errors(self._path, "read"):
            file.seek(offset)
            data = bytearray()
            while len(data) < count and (chunk := file.read(count - len(data))):
                data += chunk
        return bytes(data)


def is_archive(path: str) -> bool:
    """Say whether a layout at *path* is an archive: a file, or to be one by its name."""
    with suppress(OSError, ValueError):
        return not stat.S_ISDIR(os.stat(path).st_mode)
    return path.endswith(".tar")

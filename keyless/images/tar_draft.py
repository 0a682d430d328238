# SPDX-License-Identifier: Apache-2.0
"""A tar archive while it is written: beside its place, which it takes whole or not at all.

The same files in the same order make the same archive, byte for byte: nobody owns them, and all
are of 1970.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from typing import IO
from weakref import finalize

from keyless import files
from keyless.errors import ParseError
from keyless.images.tar_members import BLOCK, Member
from keyless.safe_text import shown

END = bytes(2 * BLOCK)
RECORD = 20 * BLOCK  # to whose multiple archives are filled up
MODE = 0o644
COPIED = 1 << 20


class TarDraft:
    """An archive that is to stand at *path*; what is in it so far is in *members*."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._unfinished = files.unfinished_name(path)
        with files.input_errors(path, "written"):
            self._file = open(self._unfinished, "x+b")  # noqa: SIM115 - closed by publish, abandon
        # Whoever forgets the draft, or dies of an error, leaves no file behind.
        self._remains = finalize(self, _discard, self._file, self._unfinished)
        self.members: dict[str, Member] = {}

    def add(self, name: str, *, size: int, data: Iterable[bytes]) -> None:
        """Append the file *name* of *size* bytes; without a trace of it if *data* fails."""
        start = self._file.tell()
        with files.input_errors(self._path, "written"):
            try:
                self._file.write(_header(name, size))
                offset = self._file.tell()
                self._fill(name, size, data)
            except BaseException:
                self._file.seek(start)
                self._file.truncate()
                raise
        self.members[name] = Member(offset=offset, size=size)

    def read_at(self, offset: int, count: int) -> bytes:
        """Read *count* bytes at *offset*."""
        self._file.seek(offset)
        data = self._file.read(count)
        self._file.seek(0, os.SEEK_END)
        return data

    def publish(self) -> None:
        """Take the place: until now whoever looked there saw what was there before."""
        with files.input_errors(self._path, "written"):
            self._file.write(END)
            self._file.write(bytes(-self._file.tell() % RECORD))
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            os.replace(self._unfinished, self._path)
        self._remains.detach()

    def abandon(self) -> None:
        """Leave nothing behind."""
        self._remains()

    def _fill(self, name: str, size: int, data: Iterable[bytes]) -> None:
        written = 0
        for chunk in data:
            written += len(chunk)
            if written > size:
                break
            self._file.write(chunk)
        if written != size:
            raise ParseError(f"{shown(name)} is not of the {size} bytes that were announced")
        self._file.write(bytes(-size % BLOCK))


def _header(name: str, size: int) -> bytes:
    # Who only reads does without it.
    from tarfile import PAX_FORMAT, TarInfo  # noqa: PLC0415

    info = TarInfo(name)
    info.size, info.mode = size, MODE
    return info.tobuf(PAX_FORMAT)


def _discard(file: IO[bytes], path: str) -> None:
    with suppress(OSError):
        file.close()
        os.unlink(path)

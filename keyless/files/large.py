# SPDX-License-Identifier: Apache-2.0
"""Reading large files while they are hashed; imported when one is met.

Reading and hashing both let go of the interpreter's lock, so two processors can share the work. But
where both are busy, or one is slow to see what the other has written, that costs more than it
saves: which it is, is found out from the file's first part.
"""

import time
from collections.abc import Iterator
from io import FileIO
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Self

BUFFER = 1 << 20
TRIAL = 16 << 20


def chunks_of_large(
    file: FileIO, alone: Iterator[memoryview], *, trial: int = TRIAL
) -> Iterator[memoryview]:
    """Yield what *file* holds: *trial* bytes as *alone* reads them, as many with a second thread.

    The rest comes the way that was faster.
    """
    started, read = time.perf_counter(), 0
    for chunk in alone:
        yield chunk
        read += len(chunk)
        if read >= trial:
            break
    seconds, started = time.perf_counter() - started, time.perf_counter()
    with ReadAhead(file) as ahead:
        for number, chunk in enumerate(ahead, start=1):
            yield chunk
            if number == trial // BUFFER and time.perf_counter() - started > seconds:
                ahead.stop()
    yield from alone


class ReadAhead:
    """What *file* holds, chunk by chunk: while one is in use, another thread reads the next."""

    def __init__(self, file: FileIO) -> None:
        self._file = file
        self._empty: SimpleQueue[memoryview | None] = SimpleQueue()
        self._filled: SimpleQueue[tuple[memoryview, int] | Exception] = SimpleQueue()
        self._reader = Thread(target=self._fill, name="keyless-read-ahead", daemon=True)
        self._under_way = 0
        self._stopped = False

    def __enter__(self) -> Self:
        self._reader.start()
        for _ in range(2):
            self._empty.put(memoryview(bytearray(BUFFER)))
            self._under_way += 1
        return self

    def __iter__(self) -> Iterator[memoryview]:
        while self._under_way:
            filled = self._filled.get()
            if isinstance(filled, Exception):
                raise filled
            buffer, count = filled
            if not count:
                return
            yield buffer[:count]
            if self._stopped:
                self._under_way -= 1
            else:
                self._empty.put(buffer)

    def stop(self) -> None:
        """Read no further than what is being read; the iteration ends with that."""
        self._stopped = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._empty.put(None)
        self._reader.join()

    def _fill(self) -> None:
        try:
            while (buffer := self._empty.get()) is not None:
                self._filled.put((buffer, self._file.readinto(buffer)))
        except (OSError, ValueError) as error:  # the latter if it was closed under our hands
            self._filled.put(error)

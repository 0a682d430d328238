# SPDX-License-Identifier: Apache-2.0
"""Bodies that come or go piece by piece, and whether they still move.

How long a large one takes nobody can say beforehand, but that nothing moves for a minute, or next
to nothing, can be told.
"""

import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from keyless.errors import InputError
from keyless.safe_text import shown
from keyless.services.http.deadline import TooLateError
from keyless.services.http.messages import Upload

# Fewer bytes a second than this, for as long as a request may take, is as good as none.
SLOWEST = 1 << 10


class AbandonedError(Exception):
    """Raised within a body that is still being sent when nobody waits for the answer any more."""


class Outgoing:
    """The body of a request that is sent piece by piece, of a length that is said beforehand.

    As a context manager: once the block is left, nothing more of it is sent.
    """

    def __init__(self, upload: Upload) -> None:
        self._upload = upload
        self._at: float | None = time.monotonic()
        self._left = False

    @property
    def data(self) -> "Outgoing | bytes":
        """What to hand on; nothing at all where there is nothing to send."""
        # The length of an empty one would be taken for one that is not known.
        return self if self._upload.size else b""

    def latest(self) -> float:
        """Return when the other side last took something; now, while it is not its turn."""
        at = self._at
        return time.monotonic() if at is None else at

    def __len__(self) -> int:
        return self._upload.size

    def __iter__(self) -> Iterator[bytes]:
        sent = 0
        for piece in self._pieces():
            if self._left:
                raise AbandonedError
            sent += len(piece)
            if sent > self._upload.size:
                raise _miscounted(self._upload)
            yield piece
        if sent < self._upload.size:
            raise _miscounted(self._upload)

    def _pieces(self) -> Iterator[bytes]:
        """Yield the pieces, and take the time between them."""
        self._at = None
        try:
            for piece in self._upload.pieces():
                self._at = time.monotonic()
                yield piece
                self._at = None
        except OSError as error:  # would be taken for one of the network's
            raise InputError(
                f"what was to be sent cannot be read: {shown(error.strerror)}"
            ) from None
        finally:
            self._at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._left = True


def flowing(read: Callable[[], bytes], *, seconds: float) -> Iterator[bytes]:
    """Yield what *read* returns until that is nothing; TooLateError if next to nothing comes.

    What happens in between, in whoever takes the pieces, takes no time.
    """
    waited, came = 0.0, 0
    while True:
        asked = time.monotonic()
        chunk = read()
        waited, came = waited + time.monotonic() - asked, came + len(chunk)
        if waited > seconds:
            if came < seconds * SLOWEST:
                raise TooLateError
            waited, came = 0.0, 0
        if not chunk:
            return
        yield chunk


def _miscounted(upload: Upload) -> InputError:
    return InputError(f"what was to be sent has not the {upload.size} bytes that were said")

# SPDX-License-Identifier: Apache-2.0
"""How far a transfer has come, on one line that is gone when it ends, where a person watches.

keyless: [##############----------------]  120 of 256 MiB
"""

import sys
from time import monotonic
from types import TracebackType
from typing import Self

from keyless.cli.output import SHORTEST_WAIT
from keyless.images.transfer import Step

CELLS = 30
LINE = 78  # characters, so that it never wraps
UNITS = (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))


class TransferBar:
    """Shows each step that it is told, now and then; of a transfer that is over at once, none."""

    def __init__(self) -> None:
        self._watched = sys.stderr is not None and sys.stderr.isatty()
        self._next = monotonic() + SHORTEST_WAIT
        self._shown = False

    def tell(self, step: Step) -> None:
        """Show how far it has come."""
        if self._watched and monotonic() >= self._next:
            self._next = monotonic() + SHORTEST_WAIT
            self._write(f"\r{_line(step.done, step.total):<{LINE}}")
            self._shown = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._shown:
            self._write(f"\r{'':{LINE}}\r")

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


def _line(done: int, total: int) -> str:
    full = CELLS * done // max(1, total)
    unit, size = next((each for each in UNITS if total >= each[1]), ("bytes", 1))
    bar = f"{'#' * full}{'-' * (CELLS - full)}"
    return f"keyless: [{bar}]  {done // size} of {total // size} {unit}"

# SPDX-License-Identifier: Apache-2.0
"""Waiting for others to be done: what a second processor gains is not seen while it is busy.

Needs Linux's /proc/stat; elsewhere nobody is waited for.
"""

from pathlib import Path
from time import monotonic, sleep

STAT = Path("/proc/stat")
WATCHED = 0.1  # seconds: processors tell their time in hundredths
IDLE = 0.9
PATIENCE = 90.0


class Patience:
    """Waits before each round until the processors are idle, but only so long in all."""

    def __init__(self, seconds: float = PATIENCE) -> None:
        self._until = monotonic() + seconds
        self._rounds = self._busy = 0

    def wait(self) -> None:
        """Return when the machine is idle, or patience is at an end."""
        self._rounds += 1
        while _idle_share() < IDLE:
            if monotonic() > self._until:
                self._busy += 1
                return

    @property
    def note(self) -> str:
        """How many rounds were taken on a busy machine; nothing when none was."""
        return f"{self._busy} of {self._rounds} rounds on a busy machine" if self._busy else ""


def _idle_share() -> float:
    """Return which part of all processors' time had nothing to do, over a moment."""
    if not STAT.exists():
        return 1.0
    idle, total = _times()
    sleep(WATCHED)
    idle_now, total_now = _times()
    return (idle_now - idle) / max(1, total_now - total)


def _times() -> tuple[int, int]:
    # cpu  user nice system idle iowait …, in ticks, of all processors together
    ticks = [int(field) for field in STAT.read_text(encoding="ascii").split("\n", 1)[0].split()[1:]]
    return ticks[3] + ticks[4], sum(ticks[:8])

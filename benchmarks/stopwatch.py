# SPDX-License-Identifier: Apache-2.0
"""Time taken: contestants take turns, so that what slows the machine slows all of them."""

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

Clock = Callable[[], float]

# What is installed keeps its bytecode; a checkout that may not would be compiled at each start.
COMPILED_ONCE = {"PYTHONDONTWRITEBYTECODE": ""}
LAUNCHER = Path(__file__).with_name("launcher.py")


def taking_turns(
    contestants: Sequence[Callable[[], float]],
    *,
    rounds: int,
    before_each: Callable[[], None] = lambda: None,
) -> list[tuple[float, ...]]:
    """Call each of *contestants* once a round, each round another first; return their figures."""
    figures: list[list[float]] = [[] for _ in contestants]
    for round_ in range(rounds):
        before_each()
        for turn in range(len(contestants)):
            who = (round_ + turn) % len(contestants)
            figures[who].append(contestants[who]())
    return [tuple(each) for each in figures]


def warm(
    calls: Sequence[Callable[[], object]],
    *,
    rounds: int,
    clock: Clock = perf_counter,
    before_each: Callable[[], None] = lambda: None,
) -> list[tuple[float, ...]]:
    """Return the seconds that each of *calls* took in each round, after one that does not count."""
    for call in calls:
        call()
    # What one contestant keeps in memory must not make the other's garbage slow to collect.
    gc.collect()
    gc.freeze()
    try:
        timed = [_timed(call, clock) for call in calls]
        return taking_turns(timed, rounds=rounds, before_each=before_each)
    finally:
        gc.unfreeze()


@dataclass(frozen=True)
class Run:
    """What a process took from its start to its end."""

    seconds: float
    peak_mib: float


def process(command: Sequence[str | Path], environment: Mapping[str, str]) -> Run:
    """Run *command*, which must succeed, in *environment*; its standard output goes nowhere."""
    # A process's peak counts what it was before it became *command*: a copy of its parent. So a
    # parent smaller than any child starts it, and holds the watch as well.
    finished = subprocess.run(
        [sys.executable, "-I", "-S", LAUNCHER, *command],
        env={**os.environ, **COMPILED_ONCE, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise RuntimeError(f"{command[:3]} failed: {finished.stderr.strip()[-400:]}")
    seconds, kib = finished.stdout.split()
    return Run(seconds=float(seconds), peak_mib=int(kib) / 1024)


def _timed(call: Callable[[], object], clock: Clock) -> Callable[[], float]:
    def seconds() -> float:
        start = clock()
        call()
        return clock() - start

    return seconds

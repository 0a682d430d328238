# SPDX-License-Identifier: Apache-2.0
"""Rows on bundles that are parsed and verified in a process that is warm.

Each contestant has a process of its own, as it has with whoever uses it; they take turns. Where a
process lies in memory makes it a percent faster or slower for all its life, so there are several
generations of them.

What is measured runs on one thread and waits for nothing: its time is the processor's, and what
other programs take of the machine meanwhile is nobody's.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from benchmarks import honesty
from benchmarks.material import MATERIALS
from benchmarks.row import Goal, Row, at_most
from benchmarks.stopwatch import taking_turns

CORPUS_GOALS = {"corpus/sigstore-python": at_most(0.77), "corpus/floor": at_most(1.15)}
REKOR_V2_GOALS = {"rekor2/sigstore-python": at_most(0.5), "rekor2/floor": at_most(1.2)}

CONTESTANTS = ("keyless", "sigstore_python", "floor")
GENERATIONS, ROUNDS = 5, 7
MICROSECONDS = 1e6


def corpus_rows() -> list[Row]:
    return _rows("corpus", CORPUS_GOALS, times=1)


def rekor_v2_rows() -> list[Row]:
    return _rows("rekor2", REKOR_V2_GOALS, times=50)


def _rows(name: str, goals: Mapping[str, Goal], *, times: int) -> list[Row]:
    material = MATERIALS[name]()
    for contestant in ("keyless", "floor"):
        honesty.check(contestant, material)
    seconds: list[list[float]] = [[] for _ in CONTESTANTS]
    for _ in range(GENERATIONS):
        with ExitStack() as stack:
            workers = [stack.enter_context(_worker(each, name, times)) for each in CONTESTANTS]
            for mine, more in zip(seconds, taking_turns(workers, rounds=ROUNDS), strict=True):
                mine.extend(more)
    bundles = times * len(material.samples)
    ours, *others = [
        tuple(second * MICROSECONDS / bundles for second in series) for series in seconds
    ]
    return [
        Row(name=name, goal=goal, unit="us a bundle", ours=ours, peer=peer)
        for (name, goal), peer in zip(goals.items(), others, strict=True)
    ]


@contextmanager
def _worker(contestant: str, material: str, times: int) -> Iterator[Callable[[], float]]:
    """Start *contestant* on *material*; a call has it go through all of it, and says how long."""
    command = (sys.executable, "-m", "benchmarks.worker", contestant, material, str(times))
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        asked, answers = process.stdin, process.stdout
        assert asked is not None
        assert answers is not None

        def seconds() -> float:
            asked.write("\n")
            asked.flush()
            return float(answers.readline())

        yield seconds
        asked.close()

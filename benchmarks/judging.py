# SPDX-License-Identifier: Apache-2.0
"""Rows on bundles that are parsed and verified in a process that is warm.

Everything here runs on one thread and waits for nothing, so its time is the processor's: what other
programs take of the machine meanwhile is nobody's.
"""

from collections.abc import Mapping
from time import process_time

from benchmarks import contestants, honesty
from benchmarks.material import Material, corpus, rekor_v2
from benchmarks.row import Goal, Row, at_most
from benchmarks.stopwatch import warm

CORPUS_GOALS = {"corpus/sigstore-python": at_most(0.77), "corpus/floor": at_most(1.15)}
REKOR_V2_GOALS = {"rekor2/sigstore-python": at_most(0.5), "rekor2/floor": at_most(1.2)}
MICROSECONDS = 1e6


def corpus_rows() -> list[Row]:
    return _rows(corpus(), CORPUS_GOALS, times=1, rounds=25)


def rekor_v2_rows() -> list[Row]:
    return _rows(rekor_v2(), REKOR_V2_GOALS, times=50, rounds=25)


def _rows(material: Material, goals: Mapping[str, Goal], *, times: int, rounds: int) -> list[Row]:
    for contestant in (contestants.keyless, contestants.floor):
        honesty.check(contestant, material)
    longer = material.repeated(times)
    passes = [
        contestants.keyless(longer),
        contestants.sigstore_python(longer),
        contestants.floor(longer),
    ]
    ours, *others = [
        tuple(seconds * MICROSECONDS / len(longer.samples) for seconds in series)
        for series in warm(passes, rounds=rounds, clock=process_time)
    ]
    return [
        Row(name=name, goal=goal, unit="us a bundle", ours=ours, peer=peer)
        for (name, goal), peer in zip(goals.items(), others, strict=True)
    ]

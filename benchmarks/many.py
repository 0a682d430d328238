# SPDX-License-Identifier: Apache-2.0
"""Rows on batches: what threads gain, what processes gain, and what one certificate saves."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from itertools import count
from multiprocessing import get_context
from time import process_time

from benchmarks.floor import Floor
from benchmarks.forgery import forged
from benchmarks.idleness import Patience
from benchmarks.material import Material, corpus
from benchmarks.row import Row, at_least
from benchmarks.stopwatch import warm
from keyless.batch import verify_many
from keyless.policy import SignedBy
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.trusted_root import TrustedRoot

THREADS_GOALS = {"threads": at_least(0.9)}
PROCESSES_GOALS = {"processes": at_least(1.8)}
RELEASE_GOALS = {"release": at_least(2)}

BATCH = 600
RELEASE = 100
CHUNK = 15  # bundles whose signatures are handed to a thread at a time: four chunks of the corpus


def threads_rows() -> list[Row]:
    material = corpus()
    chunks = _in_chunks(_signatures(material))
    batch = Batch(material)
    patience = Patience()
    with ThreadPoolExecutor(2) as threads:
        calls = (
            batch.judge,
            partial(batch.judge, threads),
            lambda: list(map(_call_all, chunks)),
            lambda: list(threads.map(_call_all, chunks)),
        )
        alone, ours, bare_alone, bare = warm(calls, rounds=21, before_each=patience.wait)
    goal = THREADS_GOALS["threads"]
    gains = _quotients(alone, ours), _quotients(bare_alone, bare)
    return [
        Row(
            name="threads",
            goal=goal,
            unit="x by a 2nd",
            ours=gains[0],
            peer=gains[1],
            note=patience.note,
        )
    ]


def processes_rows() -> list[Row]:
    batch = Batch(forged(bundles=BATCH, certificates=BATCH))
    patience = Patience()
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as processes:
        calls = (partial(batch.judge, processes), batch.judge)
        ours, alone = warm(calls, rounds=9, before_each=patience.wait)
    goal = PROCESSES_GOALS["processes"]
    rates = _rates(ours, BATCH), _rates(alone, BATCH)
    return [
        Row(
            name="processes",
            goal=goal,
            unit="bundles/s",
            ours=rates[0],
            peer=rates[1],
            note=patience.note,
        )
    ]


def release_rows() -> list[Row]:
    batches = [Batch(forged(bundles=RELEASE, certificates=number)) for number in (1, RELEASE)]
    ours, peer = warm([batch.judge for batch in batches], rounds=15, clock=process_time)
    goal = RELEASE_GOALS["release"]
    rates = _rates(ours, RELEASE), _rates(peer, RELEASE)
    return [Row(name="release", goal=goal, unit="bundles/s", ours=rates[0], peer=rates[1])]


class Batch:
    """Bundles to be judged together, over and over, each time as if for the first time."""

    def __init__(self, material: Material) -> None:
        self._trusted_root = material.trusted_root
        self._pairs = [
            (sample.bundle, Digest(algorithm=HashAlgorithm.SHA256, value=sample.sha256))
            for sample in material.samples
        ]
        # One policy for all of them, which takes no longer to ask than one for a single signer.
        self._policy = SignedBy(
            _any_of(sample.identity for sample in material.samples),
            issuer=_any_of(sample.issuer for sample in material.samples),
        )
        self._times = count()

    def judge(self, executor: Executor | None = None) -> None:
        """Judge all of them on *executor*, and assert that each is accepted."""
        # Workers keep what they learned of certificates for as long as the trusted root is the
        # same, and batches after the first would gain from that. So it calls itself another one.
        origin = f"run {next(self._times)}"
        outcomes = verify_many(
            self._pairs,
            trusted_root=TrustedRoot.parse(self._trusted_root, origin=origin),
            policy=self._policy,
            executor=executor,
        )
        assert all(outcome.verified is not None for outcome in outcomes)


def _any_of(texts: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(set(texts)))))


class _Recording(Floor):
    """A floor that keeps what it verifies."""

    def __init__(self, trusted_root: bytes) -> None:
        super().__init__(trusted_root)
        self.calls: list[Callable[[], None]] = []

    def signed(self, verify: Callable[..., None], *arguments: object) -> None:
        super().signed(verify, *arguments)
        self.calls.append(partial(verify, *arguments))


def _signatures(material: Material) -> Iterator[list[Callable[[], None]]]:
    """Yield, bundle by bundle, the signatures in it, each as a call that verifies it."""
    recording = _Recording(material.trusted_root)
    for sample in material.samples:
        recording.calls = []
        recording.judge(sample.bundle, sample.sha256, sample.identity, sample.issuer)
        yield recording.calls


def _in_chunks(bundles: Iterator[list[Callable[[], None]]]) -> list[list[Callable[[], None]]]:
    all_of_them = list(bundles)
    return [
        [call for calls in all_of_them[start : start + CHUNK] for call in calls]
        for start in range(0, len(all_of_them), CHUNK)
    ]


def _call_all(calls: Sequence[Callable[[], None]]) -> None:
    for call in calls:
        call()


def _quotients(one: Sequence[float], two: Sequence[float]) -> tuple[float, ...]:
    return tuple(alone / together for alone, together in zip(one, two, strict=True))


def _rates(seconds: Sequence[float], bundles: int) -> tuple[float, ...]:
    return tuple(bundles / each for each in seconds)

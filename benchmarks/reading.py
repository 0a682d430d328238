# SPDX-License-Identifier: Apache-2.0
"""Rows on reading a log of version 2: how fast, in how much memory, and on how many workers."""

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

from benchmarks.idleness import Patience
from benchmarks.material import AbsentError
from benchmarks.row import Goal, Row, at_least, at_most
from benchmarks.stopwatch import process, warm
from benchmarks.tiles import EVERY, ISSUER, OURS, bare_hashes, usual_bodies, write_log
from keyless.explorer.log_v2 import ShardV2
from keyless.explorer.scan import scan
from keyless.policy import Glob, Policy, SignedBy

SPEED_GOALS = {"log/scan": at_least(0.5), "log/rate": at_least(1)}
MEMORY_GOALS = {"log/memory": at_most(1.1)}
PROCESSES_GOALS = {"log/processes": at_least(1.6)}
DASK_GOALS = {"log/dask": at_least(1.6)}

ROOT = Path(__file__).parent.parent
SIZE = 100_000
# Of which the files are in the system's cache, and all bodies in the peer's memory.
HASHED = 160 * 256
WANTED_RATE = 20_000
LARGE, SMALL = 1 << 20, 1 << 17  # entries that are made up: a million, and an eighth of that

# By a name that is looked for from afar, and by one for which every certificate is read.
EXACTLY = SignedBy(OURS, issuer=ISSUER)
BY_PATTERN = SignedBy(Glob("https://github.com/example/ours/**"), issuer=ISSUER)


def speed_rows() -> list[Row]:
    bodies = usual_bodies(HASHED)
    with _log(HASHED) as shard:
        root = shard.checkpoint().root
        calls = (lambda: _scan(shard, EXACTLY), lambda: _same(bare_hashes(bodies), root))
        ours, peer = warm(calls, rounds=11, clock=process_time)
    rates = _rates(ours, HASHED), _rates(peer, HASHED)
    hashed, rate = SPEED_GOALS.items()
    unit = "entries/s"
    wanted = (float(WANTED_RATE),) * len(ours)
    return [
        Row(
            name=hashed[0],
            goal=hashed[1],
            unit=unit,
            ours=rates[0],
            peer=rates[1],
        ),
        Row(name=rate[0], goal=rate[1], unit=unit, ours=rates[0], peer=wanted),
    ]


def memory_rows() -> list[Row]:
    large, small = (tuple(_peak(size) for _ in range(3)) for size in (LARGE, SMALL))
    name, goal = next(iter(MEMORY_GOALS.items()))
    return [Row(name=name, goal=goal, unit="MiB at peak", ours=large, peer=small)]


def processes_rows() -> list[Row]:
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as executor:
        return _workers_rows("log/processes", PROCESSES_GOALS["log/processes"], executor)


def dask_rows() -> list[Row]:
    try:
        import distributed  # noqa: PLC0415 - an extra, which may be absent
    except ImportError:
        message = "there is no dask here to make a cluster with"
        raise AbsentError(message) from None
    with (
        TemporaryDirectory() as scratch,
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",
            local_directory=scratch,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        return _workers_rows("log/dask", DASK_GOALS["log/dask"], client.get_executor())


def _workers_rows(name: str, goal: Goal, executor: Executor) -> list[Row]:
    patience = Patience()
    with _log(SIZE) as shard:
        calls = (partial(_scan, shard, BY_PATTERN, executor), partial(_scan, shard, BY_PATTERN))
        ours, peer = warm(calls, rounds=3, before_each=patience.wait)
    return [
        Row(
            name=name,
            goal=goal,
            unit="entries/s",
            ours=_rates(ours, SIZE),
            peer=_rates(peer, SIZE),
            note=patience.note,
        )
    ]


def _scan(shard: ShardV2, match: Policy, executor: Executor | None = None) -> None:
    found = scan(shard, match=match, executor=executor)
    assert len(found.entries) == len(found.indexes) // EVERY


def _same(found: bytes, wanted: bytes) -> None:
    assert found == wanted


def _peak(size: int) -> float:
    program = (
        "import sys; from benchmarks.reading import EXACTLY; from benchmarks.tiles import "
        "made_up_log; from keyless.explorer.scan import scan; "
        "scan(made_up_log(int(sys.argv[1])), match=EXACTLY)"
    )
    return process((sys.executable, "-c", program, str(size)), {"PYTHONPATH": str(ROOT)}).peak_mib


@contextmanager
def _log(size: int) -> Iterator[ShardV2]:
    with TemporaryDirectory() as folder:
        yield write_log(Path(folder), size)


def _rates(seconds: Sequence[float], entries: int) -> tuple[float, ...]:
    return tuple(entries / each for each in seconds)

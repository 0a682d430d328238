# SPDX-License-Identifier: Apache-2.0
"""A whole log read at once: nothing left out, nothing put in, and who lies is named."""

from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any

import pytest

from keyless.errors import Check, InputError, KeylessError, ServiceError
from keyless.explorer import Log, open_log
from keyless.explorer.entry import Entry
from keyless.explorer.log_v2 import ShardV2
from keyless.explorer.scan import SMALLEST_PART, Scan, scan
from keyless.explorer.scan_worker import read_part
from keyless.policy import SignedBy
from keyless.policy.witnesses import Witness, Witnesses
from keyless.protocol.merkle import verify_inclusion
from keyless.sandbox.faults import Status, WrongType
from keyless.sandbox.log_lies import ANOTHER_ENTRY, FORKED_TREE
from keyless.sandbox.note_writer import Witness as Cosigner
from keyless.sandbox.tile_lies import (
    ALTERED_ENTRY,
    ALTERED_TILE,
    EXCHANGED_ENTRIES,
    FORGED_CHECKPOINT,
    MISSING_ENTRY,
)
from tests.explorer.logs import ALICE, ISSUER, Scene
from tests.refusals import refused

SIZE = 10_000
HERS = SignedBy(ALICE, issuer=ISSUER)
HER_INDEXES = list(range(999, SIZE, 1000))


@pytest.fixture(scope="module")
def scene() -> Scene:
    """A log of 10 000 entries, of which every thousandth is Alice's."""
    return Scene(SIZE, alice=1000)


@pytest.fixture
def log(scene: Scene) -> Log:
    """The log, as somebody sees it who has never seen it before."""
    return open_log(scene.sandbox.sigstore, "log2025-1")


def indexes(scan: Scan) -> list[int]:
    """Say which entries were found."""
    return [entry.index for entry in scan.entries]


def test_every_entry_that_matches_is_found(scene: Scene, log: Log) -> None:
    """With its proof, in the tree that the checkpoint signs."""
    scan = log.scan(match=HERS)
    assert indexes(scan) == HER_INDEXES
    assert scan.checkpoint.root == scene.log.tree.root()
    assert scan.unreadable == ()
    for entry in scan.entries:
        assert entry.record == scene.log.entry(entry.index)
        assert entry.evidence is not None
        assert entry.record.proof is not None
        verify_inclusion(
            entry.record.leaf,
            index=entry.index,
            size=SIZE,
            proof=entry.record.proof.hashes,
            root=scene.log.tree.root(),
        )
    assert str(scan).startswith("10 of 10000 entries of log2025-1.rekor.sandbox.test: 10000")


def test_a_log_is_read_without_its_hashes(scene: Scene) -> None:
    """Every bundle once, and of the hashes only those above what was found."""
    shard = scene.shard()
    with scene.asked.meanwhile() as paths:
        assert shard_scan(shard, match=HERS).entries
    entries = [path for path in paths if "/entries/" in path]
    assert len(entries) == len(set(entries)) == 40
    assert set(paths) - set(entries) == {"checkpoint", "tile/0/039.p/16", "tile/1/000.p/39"}


def shard_scan(shard: ShardV2, *args: Any, **how: Any) -> Scan:
    """Scan a shard by itself."""
    from keyless.explorer.scan import scan  # noqa: PLC0415 - the word is taken in this module

    return scan(shard, *args, **how)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (range(SIZE), HER_INDEXES),
        (range(999, 1000), [999]),
        (range(1000, 1999), []),
        (range(500, 7000), HER_INDEXES[:7]),
        (range(4096, 8192), HER_INDEXES[4:8]),
        (range(255, 257), []),
        (range(SIZE - 1, SIZE), [SIZE - 1]),
        (range(7, 7), []),
        (slice(None, -1), HER_INDEXES[:-1]),
        (slice(-2000, None), HER_INDEXES[-2:]),
        (slice(9000, 10**9), [SIZE - 1]),
    ],
    ids=str,
)
def test_a_part_of_a_log_is_read(log: Log, wanted: range | slice, found: list[int]) -> None:
    """And joined to the root by the hashes beside it."""
    assert indexes(log.scan(wanted, match=HERS)) == found


def test_no_bundle_is_read_twice(scene: Scene) -> None:
    """Parts end where bundles do, wherever the first one begins."""
    shard = scene.shard()
    with scene.asked.meanwhile() as paths:
        scan(shard, range(100, SIZE), match=HERS)
    bundles = [path for path in paths if path.startswith("tile/entries/")]
    assert len(bundles) == len(set(bundles)) == -(-SIZE // 256)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 4096, 4097])
def test_logs_of_all_sizes_are_scanned(size: int) -> None:
    """The empty one included."""
    every = max(1, size // 8)
    log = open_log(Scene(size, alice=every).sandbox.sigstore, "log2025-1")
    assert indexes(log.scan(match=HERS)) == list(range(every - 1, size, every))


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (range(0, 10, 2), "one after the other"),
        (slice(None, None, -1), "one after the other"),
        (range(5, SIZE + 1), "not all of the entries 5 to 10000 are there"),
        (range(-1, 5), "not all of the entries -1 to 4 are there"),
        (7, "7 is no range"),
    ],
    ids=str,
)
def test_what_is_no_part_of_the_log_is_refused(log: Log, wanted: Any, reason: str) -> None:
    """Rather than read in part."""
    with pytest.raises(InputError, match=reason):
        log.scan(wanted, match=HERS)


def test_a_call_chooses_as_it_likes(log: Log) -> None:
    """It is given the entry, which is not verified yet, and says so."""
    scan = log.scan(match=lambda entry: entry.index % 3000 == 0 and not entry.is_verified)
    assert indexes(scan) == [0, 3000, 6000, 9000]
    assert all(entry.is_verified for entry in scan.entries)


def test_a_call_that_fails_says_at_which_entry(log: Log) -> None:
    """It is the caller's."""
    with pytest.raises(KeylessError, match="the match failed at entry 3: ZeroDivisionError"):
        log.scan(match=lambda entry: 1 // (entry.index - 3) > 7)


def test_entries_that_cannot_be_read_are_listed() -> None:
    """Whoever looks for somebody must look at these as well."""
    scene = Scene(10, alice=5)
    scene.log.tree.append(b"\xff")
    scan = open_log(scene.sandbox.sigstore, "log2025-1").scan(match=HERS)
    assert (indexes(scan), scan.unreadable) == ([4, 9], (10,))


# Executors


def test_threads_read_it(log: Log) -> None:
    """As many as there are."""
    told: list[tuple[str, int, int]] = []
    with ThreadPoolExecutor(3) as executor:
        scan = log.scan(match=HERS, executor=executor, told=lambda *said: told.append(said))
    assert indexes(scan) == HER_INDEXES
    name = "log2025-1.rekor.sandbox.test"
    assert told == [(name, done, SIZE) for done in (4096, 8192, SIZE)]


def entry_at(index: int, entry: Entry) -> bool:
    """Match the entry at *index*: this can be sent to another process."""
    return entry.index == index


def test_other_processes_read_it(scene: Scene) -> None:
    """Over the network, as they would in earnest."""
    with (
        scene.sandbox.serve() as served,
        ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor,
    ):
        log = open_log(served.sigstore).shards[served.urls.log_v2.partition("//")[2]]
        assert indexes(log.scan(match=HERS, executor=executor)) == HER_INDEXES
        scan = log.scan(range(5000, 6000), match=partial(entry_at, 5432), executor=executor)
        assert indexes(scan) == [5432]


def test_a_cluster_reads_it(scene: Scene) -> None:
    """Dask's, whose workers are processes here, and machines elsewhere."""
    distributed = pytest.importorskip("distributed")
    with (
        scene.sandbox.serve() as served,
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, processes=True, dashboard_address="127.0.0.1:0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        log = open_log(served.sigstore).shards[served.urls.log_v2.partition("//")[2]]
        assert indexes(log.scan(match=HERS, executor=client.get_executor())) == HER_INDEXES


def test_what_does_not_pickle_is_said(log: Log) -> None:
    """A sandbox in this process cannot be asked from another one."""
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor,
        pytest.raises(ServiceError, match=r"the executor failed: .*[pP]ickl") as caught,
    ):
        log.scan(match=HERS, executor=executor)
    assert "must pickle" in str(caught.value.hint)


class Broken(Executor):
    """An executor that takes nothing."""

    def submit(self, *_: Any, **__: Any) -> Future[Any]:
        """Refuse."""
        message = "cannot schedule new futures after shutdown"
        raise RuntimeError(message)


def test_an_executor_that_takes_nothing_is_said(log: Log) -> None:
    """It says nothing about the log."""
    with pytest.raises(ServiceError, match="the executor failed: RuntimeError: cannot schedule"):
        log.scan(match=HERS, executor=Broken())


class Forgetful(Executor):
    """An executor whose workers leave out what they found, or make something up."""

    def __init__(self, lie: Any) -> None:
        self._lie = lie

    def submit(self, call: Any, *args: Any, **_: Any) -> Future[Any]:
        """Do it, and lie about it."""
        future: Future[Any] = Future()
        future.set_result(self._lie(call(*args)))
        return future


def test_a_worker_that_makes_something_up_is_refused(log: Log) -> None:
    """What it found must be in the tree."""
    from keyless.value import replace  # noqa: PLC0415

    def lie(read: Any) -> Any:
        found = tuple(replace(it, body=it.body.replace(b"0", b"1")) for it in read.found)
        return replace(read, found=found)

    with refused(Check.INCLUSION, "another root than the signed one"):
        log.scan(match=HERS, executor=Forgetful(lie))
    assert read_part.__module__ == "keyless.explorer.scan_worker"


# Lies


@pytest.mark.parametrize("lie", [EXCHANGED_ENTRIES, ALTERED_ENTRY, ANOTHER_ENTRY], ids=str)
@pytest.mark.parametrize("workers", [0, 2])
def test_the_part_that_lies_is_named(scene: Scene, log: Log, lie: Any, workers: int) -> None:
    """Nothing of the answer is given out."""
    size = len(scene.log.tree)
    # The second part is asked for after the checkpoint and the 16 bundles of the first.
    with (
        scene.sandbox.inject("rekor_v2", lie, after=17, times=1),
        ThreadPoolExecutor(1) as threads,
        refused(Check.INCLUSION, "gave out as its entries 4096 to 8191 is not what it signs"),
    ):
        log.scan(match=HERS, executor=threads if workers else None)
    assert SMALLEST_PART == 4096
    assert len(scene.log.tree) >= size


def test_all_parts_that_lie_are_named() -> None:
    """Some of them, if there are many."""
    scene = Scene(0)
    for number in range(8 * SMALLEST_PART):
        scene.log.tree.append(b"%d" % number)
    log = open_log(scene.sandbox.sigstore, "log2025-1")
    with (
        scene.sandbox.inject("rekor_v2", EXCHANGED_ENTRIES),
        refused(Check.INCLUSION, "entries 0 to 4095, 4096 to .* to 20479 and 3 more parts is not"),
    ):
        log.scan(match=HERS)


def test_a_fork_is_not_the_tree_that_was_signed_before() -> None:
    """Whoever has a checkpoint scans that tree, and no other."""
    scene = Scene(1000)
    log = open_log(scene.sandbox.sigstore, "log2025-1")
    checkpoint = log.checkpoint()
    with (
        scene.sandbox.inject("rekor_v2", FORKED_TREE),
        refused(Check.INCLUSION, "does not lead to the root that the log signs"),
    ):
        log.scan(match=HERS, checkpoint=checkpoint)


@pytest.mark.parametrize(
    ("fault", "error", "reason"),
    [
        (MISSING_ENTRY, ServiceError, "255 entries in tile/entries/000, not 256"),
        (WrongType(), ServiceError, "cannot be read"),
        (Status(code=404), ServiceError, "answered 404"),
        (Status(code=500), ServiceError, "answered 500"),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_the_logs_failure(
    scene: Scene, log: Log, fault: Any, error: type[KeylessError], reason: str
) -> None:
    """On a worker as well."""
    with (
        scene.sandbox.inject("rekor_v2", fault, after=1),
        ThreadPoolExecutor(2) as executor,
        pytest.raises(error, match=reason),
    ):
        log.scan(match=HERS, executor=executor)


def test_a_forged_checkpoint_is_refused(scene: Scene, log: Log) -> None:
    """Before anything is read."""
    with scene.sandbox.inject("rekor_v2", FORGED_CHECKPOINT), refused(Check.LOG):
        log.scan(match=HERS)


def test_altered_hashes_are_refused(scene: Scene, log: Log) -> None:
    """Those that stand beside what is read."""
    with scene.sandbox.inject("rekor_v2", ALTERED_TILE), refused(Check.INCLUSION):
        log.scan(range(300, 400), match=HERS)


def test_witnesses_are_asked_for(scene: Scene, log: Log) -> None:
    """Who has seen the tree is told."""
    cosigner, stranger = Cosigner("w.example"), Cosigner("x.example")
    wanted = [Witness(name=it.name, key=it.key) for it in (cosigner, stranger)]
    scene.log.witnesses = (cosigner,)
    try:
        scan = log.scan(range(10), match=HERS, witnesses=Witnesses(1, *wanted))
        assert [it.witness for it in scan.cosignatures] == ["w.example"]
        with refused(Check.CHECKPOINT, "1 of the 2 witnesses wanted"):
            log.scan(range(10), match=HERS, witnesses=Witnesses(2, *wanted))
    finally:
        scene.log.witnesses = ()


def test_a_log_of_version_1_is_not_scanned(scene: Scene) -> None:
    """It is not read as files; what works instead is said."""
    with pytest.raises(InputError, match="its log is of version 1") as caught:
        open_log(scene.sandbox.sigstore).scan(match=HERS)
    assert "searched, and followed" in str(caught.value.hint)


def test_an_unverified_log_is_not_scanned(log: Log) -> None:
    """All of it is verified, or there is no answer."""
    with pytest.raises(InputError, match="neither followed nor scanned unverified"):
        log.unverified.scan(match=HERS)

# SPDX-License-Identifier: Apache-2.0
"""The sandbox's logs: every entry proves itself, at every size, whoever asks when."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from keyless.errors import Check, VerificationError
from keyless.protocol.checkpoint import Checkpoint, note_key_id
from keyless.protocol.digest import Digest
from keyless.protocol.entry import LogEntry
from keyless.protocol.entry_body import Verifier
from keyless.protocol.json_reader import Json
from keyless.protocol.keys import algorithm_named
from keyless.protocol.merkle import verify_consistency, verify_inclusion
from keyless.sandbox.clock import Clock
from keyless.sandbox.entry_writer import hashedrekord_v1, hashedrekord_v2
from keyless.sandbox.note_writer import Witness
from keyless.sandbox.transparency_log import LogV1, LogV2

NOON = datetime(2025, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
P256 = algorithm_named("PKIX_ECDSA_P256_SHA_256")
VERIFIER = Verifier(der=b"a certificate", is_certificate=True)
EARLIER = 4_163_431


def body_v1(number: int) -> bytes:
    """Write an entry for the first log."""
    return hashedrekord_v1(Digest.of(b"%d" % number), b"signature", VERIFIER)


def body_v2(number: int) -> bytes:
    """Write an entry for the second log."""
    return hashedrekord_v2(Digest.of(b"%d" % number), b"signature", VERIFIER, algorithm=P256)


def log_v1() -> LogV1:
    """Make a shard of the first log that comes after others."""
    return LogV1(Clock(NOON), url="https://rekor.sandbox.test", earlier=EARLIER)


def log_v2(*, algorithm: str = "PKIX_ED25519", witnesses: int = 0) -> LogV2:
    """Make a second log."""
    return LogV2(
        Clock(NOON),
        url="https://log2025-1.rekor.sandbox.test:8443/base",
        algorithm=algorithm_named(algorithm),
        witnesses=[Witness(f"witness{number}.test") for number in range(witnesses)],
    )


def checkpoint_of(entry: LogEntry) -> Checkpoint:
    """Return the checkpoint that *entry* came with."""
    assert entry.proof
    assert entry.proof.checkpoint
    return entry.proof.checkpoint


def verify_in_tree(entry: LogEntry) -> None:
    """Verify that *entry* is where its proof says, in the tree that its checkpoint signs."""
    assert entry.proof
    checkpoint = checkpoint_of(entry)
    assert (entry.proof.size, entry.proof.root) == (checkpoint.size, checkpoint.root)
    verify_inclusion(
        entry.leaf,
        index=entry.proof.index,
        size=checkpoint.size,
        proof=entry.proof.hashes,
        root=checkpoint.root,
    )


def test_an_entry_of_the_first_log_proves_itself() -> None:
    """In the tree, under a checkpoint that the log signs as itself and with the tree's number."""
    log = log_v1()
    entries = [log.append(body_v1(number)) for number in range(20)]
    for entry in entries:
        verify_in_tree(entry)
        checkpoint = checkpoint_of(entry)
        checkpoint.verify(log.key, key_hint=log.log_id[:4], name="rekor.sandbox.test")
        assert checkpoint.origin == f"rekor.sandbox.test - {log.tree_id}"


def test_an_entry_of_the_first_log_is_numbered_over_all_shards() -> None:
    """What the promise signs is not the place in the tree."""
    log = log_v1()
    log.append(body_v1(0))
    entry = log.append(body_v1(1))
    assert entry.proof
    assert (entry.index, entry.proof.index) == (EARLIER + 1, 1)
    again = log.entry(EARLIER + 1)
    assert (again.promise_payload(), again.leaf) == (entry.promise_payload(), entry.leaf)


def test_the_first_log_promises_with_its_time() -> None:
    """The promise verifies, and the time in it is the clock's, in whole seconds."""
    log = log_v1()
    entry = log.append(body_v1(0))
    assert entry.promise
    log.key.verify(entry.promise, entry.promise_payload(), check=Check.PROMISE)
    assert entry.integrated_time == int(NOON.timestamp())


def test_the_first_log_keeps_the_time_of_each_entry() -> None:
    """It is that of writing down, however late one asks."""
    log = log_v1()
    later = NOON + timedelta(hours=1)
    log.append(body_v1(0))
    log.append(body_v1(1), at=later)
    times = [log.entry(EARLIER + place).integrated_time for place in (0, 1)]
    assert times == [int(NOON.timestamp()), int(later.timestamp())]


def test_an_entry_of_the_second_log_proves_itself() -> None:
    """In the tree, under a checkpoint signed in the name of the log's host."""
    log = log_v2()
    entries = [log.append(body_v2(number)) for number in range(20)]
    for index, entry in enumerate(entries):
        verify_in_tree(entry)
        checkpoint = checkpoint_of(entry)
        checkpoint.verify(log.key, key_hint=log.log_id[:4], name="log2025-1.rekor.sandbox.test")
        assert checkpoint.origin == "log2025-1.rekor.sandbox.test"
        assert (entry.index, entry.promise, entry.integrated_time) == (index, None, 0)
        assert entry.is_v2


@pytest.mark.parametrize("algorithm", ["PKIX_ED25519", "PKIX_ECDSA_P256_SHA_256"])
def test_the_second_log_is_called_by_its_note_key(algorithm: str) -> None:
    """Its id is the whole of what key hints are the beginning of."""
    log = log_v2(algorithm=algorithm)
    assert log.append(body_v2(0)).log_id == note_key_id(log.name, log.key)


@pytest.mark.parametrize("log", [log_v1(), log_v2()], ids=["first", "second"])
def test_an_older_tree_can_be_asked_for(log: LogV1 | LogV2) -> None:
    """Proofs are made for any size that the tree has had, and one tree begins with the other."""
    for number in range(9):
        log.append((body_v1 if isinstance(log, LogV1) else body_v2)(number))
    index = log.earlier if isinstance(log, LogV1) else 0
    old, new = log.entry(index, size=4), log.entry(index)
    verify_in_tree(old)
    assert (checkpoint_of(old).size, checkpoint_of(new).size) == (4, 9)
    verify_consistency(
        first=4,
        second=9,
        proof=log.tree.prove_consistency(4),
        first_root=checkpoint_of(old).root,
        second_root=checkpoint_of(new).root,
    )


def test_witnesses_cosign_beside_the_log() -> None:
    """Each says when it saw the checkpoint; the log's own signature stays there."""
    log = log_v2(witnesses=2)
    checkpoint = checkpoint_of(log.append(body_v2(0)))
    assert [it.name for it in checkpoint.signatures] == [log.name, "witness0.test", "witness1.test"]
    checkpoint.verify(log.key, key_hint=log.log_id[:4], name=log.name)
    for witness in log.witnesses:
        assert checkpoint.verify_cosignature(witness.key, name=witness.name) == NOON.replace(
            microsecond=0
        )


def test_a_witness_does_not_sign_for_the_log() -> None:
    """Its line verifies as a cosignature, and as nothing else."""
    log = log_v2(witnesses=1)
    checkpoint = checkpoint_of(log.append(body_v2(0)))
    (witness,) = log.witnesses
    with pytest.raises(VerificationError) as refusal:
        checkpoint.verify(witness.key, key_hint=checkpoint.signatures[1].key_hint, name=None)
    assert refusal.value.check is Check.CHECKPOINT


def test_a_checkpoint_may_say_more() -> None:
    """Older logs wrote a time below the root; it is signed as well."""
    log = log_v1()
    log.append(body_v1(0))
    checkpoint = Checkpoint.parse(log.checkpoint(extensions=["Timestamp: 1740830400"]))
    checkpoint.verify(log.key, key_hint=log.log_id[:4], name=None)
    assert checkpoint.extensions == ("Timestamp: 1740830400",)


@pytest.mark.parametrize("log", [log_v1(), log_v2()], ids=["first", "second"])
def test_an_entry_is_written_and_read_as_bundles_hold_it(log: LogV1 | LogV2) -> None:
    """What the log returns is what a client would parse."""
    entry = log.append((body_v1 if isinstance(log, LogV1) else body_v2)(0))
    assert LogEntry.parse(Json(entry.to_json())) == entry


def test_threads_may_write_down_at_once() -> None:
    """Every entry keeps its own time and place."""
    log = log_v1()

    def append(number: int) -> tuple[int, int]:
        entry = log.append(body_v1(number), at=NOON + timedelta(seconds=number))
        return entry.index, entry.integrated_time

    with ThreadPoolExecutor(8) as threads:
        written = list(threads.map(append, range(100)))
    assert sorted(index for index, _ in written) == list(range(EARLIER, EARLIER + 100))
    assert [log.entry(index).integrated_time for index, _ in written] == [at for _, at in written]


@pytest.mark.parametrize("index", [EARLIER - 1, EARLIER + 1, 0])
def test_an_entry_of_another_shard_is_none_of_this_ones(index: int) -> None:
    """Whoever asks is to ask the shard that has it."""
    log = log_v1()
    log.append(body_v1(0))
    with pytest.raises(IndexError, match="no entry"):
        log.entry(index)


@pytest.mark.parametrize("index", [-1, 1])
def test_an_entry_that_is_not_there_is_not_made_up(index: int) -> None:
    """The second log counts from 0, and in one direction."""
    log = log_v2()
    log.append(body_v2(0))
    with pytest.raises(IndexError, match="no entry"):
        log.entry(index)


def test_a_shard_is_followed_by_another() -> None:
    """An empty tree of its own, counted on, under the same key."""
    log = log_v1()
    log.append(body_v1(0))
    following = log.successor()
    entry = following.append(body_v1(1))
    assert (entry.index, following.log_id) == (EARLIER + 1, log.log_id)
    assert following.tree_id != log.tree_id
    verify_in_tree(entry)


def test_an_entry_is_named_by_its_tree_and_its_leaf() -> None:
    """In sixteen digits and sixty-four."""
    log = log_v1()
    entry = log.append(body_v1(0))
    assert log.uuid(entry) == f"{log.tree_id:016x}{entry.leaf.hex()}"


@pytest.mark.parametrize("log", [log_v1(), log_v2(witnesses=1)], ids=["v1", "v2"])
def test_a_fork_passes_for_the_log_and_is_another(log: LogV1 | LogV2) -> None:
    """As long, by the same key, with proofs that hold; under another root."""
    for number in range(3):
        log.append(body_v1(number) if isinstance(log, LogV1) else body_v2(number))
    fork = log.fork()
    first = EARLIER if isinstance(log, LogV1) else 0
    for place in range(3):
        verify_in_tree(fork.entry(first + place))
    assert (fork.name, fork.log_id, len(fork.tree)) == (log.name, log.log_id, 3)
    assert fork.tree.root() != log.tree.root()
    last, told = log.entry(first + 2), fork.entry(first + 2)
    assert (told.canonical_body, told.integrated_time) == (
        last.canonical_body,
        last.integrated_time,
    )
    assert checkpoint_of(told).origin == checkpoint_of(last).origin

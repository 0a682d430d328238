# SPDX-License-Identifier: Apache-2.0
"""The sandbox's trees: the same proofs as the specification's, in a fraction of the hashes."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyless.protocol.merkle import (
    leaf_hash,
    prove_consistency,
    prove_inclusion,
    root_hash,
    verify_consistency,
    verify_inclusion,
)
from keyless.sandbox.merkle_log import MerkleLog

MANY = 100_000


def log_of(size: int) -> MerkleLog:
    """Make a log of *size* different entries."""
    log = MerkleLog()
    for number in range(size):
        log.append(b"entry %d" % number)
    return log


@pytest.fixture(scope="module")
def large() -> MerkleLog:
    """A log of a hundred thousand entries."""
    return log_of(MANY)


def test_a_new_log_is_the_empty_tree() -> None:
    """Before the first entry, the root is that of no leaves."""
    log = MerkleLog()
    assert (len(log), log.root()) == (0, root_hash([]))


def test_an_entry_is_kept_at_the_index_it_was_given() -> None:
    """What was appended can be read back, and its leaf is its hash."""
    log = log_of(2)
    index = log.append(b"third")
    assert (index, log[2], log.leaf(2), len(log)) == (2, b"third", leaf_hash(b"third"), 3)


@pytest.mark.parametrize("size", range(1, 70))
def test_every_inclusion_proof_of_every_size_is_the_specifications(size: int) -> None:
    """Roots and inclusion proofs equal those computed from all the leaves."""
    log = log_of(70)
    leaves = [log.leaf(index) for index in range(size)]
    assert log.root(size) == root_hash(leaves)
    for index in range(size):
        assert log.prove_inclusion(index, size=size) == prove_inclusion(leaves, index)


@pytest.mark.parametrize("size", range(1, 70))
def test_every_consistency_proof_of_every_size_is_the_specifications(size: int) -> None:
    """Consistency proofs equal those computed from all the leaves."""
    log = log_of(70)
    leaves = [log.leaf(index) for index in range(size)]
    for first in range(1, size + 1):
        assert log.prove_consistency(first, size=size) == prove_consistency(leaves, first)


@given(size=st.integers(1, MANY), data=st.data())
def test_a_large_log_proves_what_it_holds(large: MerkleLog, size: int, data: st.DataObject) -> None:
    """At any size that the log has had, its proofs verify."""
    index = data.draw(st.integers(0, size - 1))
    root = large.root(size)
    verify_inclusion(
        large.leaf(index),
        index=index,
        size=size,
        proof=large.prove_inclusion(index, size=size),
        root=root,
    )
    first = data.draw(st.integers(1, size))
    verify_consistency(
        first=first,
        second=size,
        proof=large.prove_consistency(first, size=size),
        first_root=large.root(first),
        second_root=root,
    )


def test_threads_may_append_and_prove_at_once() -> None:
    """Every entry gets an index of its own, and a proof made meanwhile verifies."""
    log = MerkleLog()

    def append(number: int) -> int:
        index = log.append(b"entry %d" % number)
        size = len(log)
        proof = log.prove_inclusion(index, size=size)
        verify_inclusion(log.leaf(index), index=index, size=size, proof=proof, root=log.root(size))
        return index

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(append, range(500))) == list(range(500))


def test_nothing_is_the_beginning_of_everything() -> None:
    """The empty tree needs no proof that another begins with it."""
    assert log_of(5).prove_consistency(0) == []


def test_proofs_of_a_large_log_do_not_walk_its_leaves(large: MerkleLog) -> None:
    """A thousand proofs from a hundred thousand entries are a matter of milliseconds each."""
    started = time.perf_counter()
    for index in range(0, MANY, MANY // 1000):
        large.prove_inclusion(index)
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(("index", "size"), [(5, 5), (-1, 5), (0, 0), (0, 6), (0, -1)])
def test_what_the_log_never_held_is_not_proved(index: int, size: int) -> None:
    """No proof is made up for an entry or a tree that does not exist."""
    with pytest.raises(IndexError, match=r"no (entry|tree)"):
        log_of(5).prove_inclusion(index, size=size)


@pytest.mark.parametrize("first", [-1, 6])
def test_a_longer_tree_is_not_the_beginning_of_a_shorter(first: int) -> None:
    """Consistency runs one way."""
    with pytest.raises(IndexError, match="no tree of"):
        log_of(5).prove_consistency(first)


def test_an_entry_is_found_by_its_hash() -> None:
    """The first of those that are the same; one that is not there is not."""
    log = log_of(5)
    log.append(b"entry 3")
    assert log.find(leaf_hash(b"entry 3")) == 3
    assert log.find(leaf_hash(b"entry 5")) is None


@pytest.mark.parametrize("height", [0, 1, 3])
def test_complete_subtrees_are_there_by_height(height: int) -> None:
    """As many as the log has; and none that are higher than it is."""
    log = log_of(21)
    width = 1 << height
    whole = [
        root_hash([log.leaf(index) for index in range(start, start + width)])
        for start in range(0, 21 - width + 1, width)
    ]
    assert log.nodes(height, 0, 256) == whole
    assert log.nodes(height, 1, 2) == whole[1:2]
    assert log.nodes(9, 0, 256) == []


def test_what_keeps_a_log_is_told_of_every_entry_in_its_turn() -> None:
    """Before it is there; what cannot be kept is not added."""
    log = MerkleLog()
    kept: list[tuple[int, bytes]] = []

    def keep(body: bytes) -> None:
        kept.append((len(log), body))
        if body == b"too much":
            raise OSError("full")

    log.keep = keep
    log.append(b"one")
    with pytest.raises(OSError, match="full"):
        log.append(b"too much")
    log.append(b"two")
    assert kept == [(0, b"one"), (1, b"too much"), (1, b"two")]
    assert [log[0], log[1]] == [b"one", b"two"]

# SPDX-License-Identifier: Apache-2.0
"""The log as a Python sequence, and the logs of an instance as a mapping."""

import pickle

import pytest

import keyless
from keyless.errors import Check, InputError, NoSuchEntry, SplitView
from keyless.explorer import open_log
from keyless.instance import Sigstore
from keyless.protocol.checkpoint import Checkpoint
from keyless.value import replace
from tests.explorer.trees import SIZES, Trees
from tests.refusals import refused

SIZE = sum(SIZES)


@pytest.fixture(scope="module")
def trees() -> Trees:
    """One instance for all who only read it; its second log has two entries."""
    trees = Trees()
    for artifact in (b"one", b"two"):
        trees.sign(artifact, rekor=2)
    return trees


def test_nothing_is_asked_before_something_is_looked_up(trees: Trees) -> None:
    """Nor by whoever asks only whether there is a log, or prints it."""
    with trees.counting.meanwhile() as asked:
        log = keyless.log(sigstore=trees.sigstore)
        assert log
        assert repr(log) == "Log(rekor.sandbox.test, version 1, at https://rekor.sandbox.test)"
        assert "rekor.sandbox.test (version 1)" in repr(log.shards)
        entries = log[3:9]
        assert entries
        assert repr(entries) == (
            "Entries(entries 3 to 8 of rekor.sandbox.test, read as they are looked at)"
        )
        assert repr(log.unverified).startswith("Log(UNVERIFIED: rekor.sandbox.test")
    assert not asked


SLICES = [
    slice(None),
    slice(3, 9),
    slice(None, 4),
    slice(12, None),
    slice(-5, None),
    slice(None, -14),
    slice(-3, -1),
    slice(2, 15, 4),
    slice(None, None, -1),
    slice(12, 3, -3),
    slice(40, None, -5),
    slice(5, 5),
    slice(9, 3),
    slice(14, 99),
    slice(99, 120),
]


@pytest.mark.parametrize("key", SLICES, ids=str)
def test_a_slice_is_that_of_a_list(trees: Trees, key: slice) -> None:
    """Over the seams of trees, from either end, and past it."""
    assert [entry.index for entry in trees.log[key]] == list(range(SIZE))[key]


@pytest.mark.parametrize("key", [slice(3, 9), slice(-5, None), slice(0, 99)], ids=str)
def test_of_a_slice_single_entries_and_slices_are_taken(trees: Trees, key: slice) -> None:
    """As of a list."""
    entries, indexes = trees.log[key], list(range(SIZE))[key]
    assert entries[0].index == indexes[0]
    assert entries[-1].index == indexes[-1]
    assert [entry.index for entry in entries[1:3]] == indexes[1:3]
    assert [entry.index for entry in entries[::-1]] == indexes[::-1]
    with pytest.raises(NoSuchEntry, match="there is no entry 500 among"):
        trees.log[-5:][500]


def test_the_log_counts_from_its_end_as_well(trees: Trees) -> None:
    """As a list does."""
    log = trees.log
    assert (len(log), log[-1].index, log[-SIZE].index) == (SIZE, SIZE - 1, 0)
    with pytest.raises(NoSuchEntry, match="has no entry -18"):
        log[-SIZE - 1]
    assert next(reversed(log)).index == SIZE - 1
    assert [entry.index for entry in log] == list(range(SIZE))


def test_what_is_in_the_log_is_in_it(trees: Trees) -> None:
    """And what is not is not."""
    log = trees.log
    assert 3 in log
    assert log[3].uuid in log
    assert SIZE not in log
    assert "0" * 80 not in log


def test_a_slice_prints_as_a_table(trees: Trees) -> None:
    """Of the first few; in a notebook as well."""
    entries = trees.log[3:9]
    lines = str(entries).splitlines()
    assert lines[0] == "entries 3 to 8 of rekor.sandbox.test, read as they are looked at"
    assert [line.split()[0] for line in lines[2:]] == ["3", "4", "5", "6", "7", "8"]
    assert "<table" in entries._repr_html_()
    assert len(entries.read()) == 6
    assert "no entries of rekor.sandbox.test" in str(trees.log[5:5])
    assert "UNVERIFIED" in str(trees.log.unverified[3:4])


def test_every_log_has_the_same_face(trees: Trees) -> None:
    """By its host, by the first part of it, or by the number of its tree."""
    shards = trees.log.shards
    assert len(shards) == 4
    second = shards["log2025-1"]
    assert [entry.index for entry in second] == [0, 1]
    assert second[-1].covers(b"two")
    assert shards["log2025-1.rekor.sandbox.test"].name == second.name
    assert [entry.index for entry in shards["rekor.sandbox.test"][15:]] == [15, 16]
    assert second.entry("rekor.sandbox.test:6").index == 6
    assert trees.log.entry("log2025-1:1") == second[1]
    first = next(iter(shards))
    assert trees.log.entry(f"{first}:4").index == 4
    assert "log2025-1" in shards
    assert "log2031" not in shards
    numbers: list[object] = [5]
    assert numbers[0] not in shards


def test_a_log_that_there_is_not_is_refused(trees: Trees) -> None:
    """With those that there are."""
    with pytest.raises(InputError, match="no log is called log2031") as caught:
        trees.log.shards["log2031"]
    assert caught.value.hint is not None
    assert "rekor.sandbox.test" in caught.value.hint
    with pytest.raises(NoSuchEntry, match="no log has a tree 7"):
        trees.log.shards["7"]
    with pytest.raises(InputError, match="no log is called"):
        keyless.log("\x1b", sigstore=trees.sigstore)


def test_the_logs_print_as_a_table(trees: Trees) -> None:
    """With where each tree begins and ends."""
    shown = str(trees.log.shards)
    assert "version 1, entries 0 to 4" in shown
    assert "version 1, entries 5 to 7" in shown
    assert "version 1, entries 8 to 16" in shown
    assert "log2025-1.rekor.sandbox.test  version 2" in shown
    assert "<table" in trees.log.shards._repr_html_()


def test_the_second_log_finds_nothing_by_its_name(trees: Trees) -> None:
    """It says what works instead."""
    second = trees.log.shards["log2025-1"]
    with pytest.raises(InputError, match="cannot find an entry by its name") as caught:
        second.entry(second[0].uuid)
    assert caught.value.hint is not None
    assert "index" in caught.value.hint


def test_without_a_first_log_it_is_the_newest_second_one() -> None:
    """As in an instance that has no other."""
    trees = Trees((1,))
    trees.sign(rekor=2)
    root = trees.sandbox.core.trust
    only = keyless.TrustedRoot.parse(replace(root, logs=root.logs[1:]).to_json())
    sigstore = trees.sandbox.connect()
    instance = Sigstore(
        sigstore.name,
        trusted_root=only,
        trust=sigstore.trust,
        transport=sigstore.transport,
        documents=sigstore.documents,
    )
    log = open_log(instance)
    assert (log.name, log[0].is_verified) == ("log2025-1.rekor.sandbox.test", True)
    nothing = keyless.TrustedRoot.parse(replace(root, logs=()).to_json())
    instance.trusted_root = nothing
    with pytest.raises(InputError, match="has no log that is trusted and says where it is"):
        open_log(instance)


def test_a_log_is_asked_for_by_its_version(trees: Trees) -> None:
    """The newest of it; one that is named has a version already."""
    sigstore = trees.sandbox.sigstore
    assert [keyless.log(sigstore=sigstore, rekor=each).shard.version for each in (1, 2)] == [1, 2]
    name = "log2025-1"
    with pytest.raises(InputError, match="a log that is named is of one version"):
        keyless.log(name, sigstore=sigstore, rekor=2)
    root = replace(trees.sandbox.core.trust, logs=trees.sandbox.core.trust.logs[:1])
    sigstore.trusted_root = keyless.TrustedRoot.parse(root.to_json())
    with pytest.raises(InputError, match="has no log of version 2 that is trusted"):
        keyless.log(sigstore=sigstore, rekor=2)


def test_entries_pickle(trees: Trees) -> None:
    """As whoever reads on several processes needs."""
    for log in (trees.log, trees.log.shards["log2025-1"]):
        entry = log[1]
        assert str(entry)
        assert pickle.loads(pickle.dumps(entry)) == entry


# Checkpoints


def test_two_checkpoints_of_one_history_are_consistent() -> None:
    """In either order, as text or as what was verified, and beside what the log is now."""
    trees = Trees((3, 4))
    trees.sign(rekor=2)
    for name in (None, "log2025-1"):
        log = keyless.log(name, sigstore=trees.sigstore)
        old = log.checkpoint()
        trees.grow(3)
        trees.sign(b"more", rekor=2)
        new = log.checkpoint()
        assert old.size < new.size
        assert log.consistent(old)
        assert log.consistent(old, new)
        assert log.consistent(new, old)
        assert log.consistent(old.checkpoint.to_text(), new.checkpoint)
        assert log.consistent(old, old)


def test_checkpoints_of_two_trees_are_each_part_of_what_is_there() -> None:
    """Neither grew into the other."""
    trees = Trees((3,))
    log = trees.log
    old = log.checkpoint()
    trees.grow(2)
    trees.sandbox.rekor_v1.rotate()
    trees.grow(4)
    assert log.consistent(old)
    assert log.consistent(old, log.checkpoint())
    fork = Checkpoint.parse(trees.sandbox.rekor_v1.log.fork().checkpoint(size=3))
    for pair in ((old, fork), (fork, old)):
        with pytest.raises(SplitView):
            log.consistent(*pair)


def test_a_checkpoint_that_was_verified_elsewhere_is_verified_here(trees: Trees) -> None:
    """Who is believed there may be nobody here."""
    elsewhere = Trees((2,)).log.checkpoint()
    with refused(Check.LOG, "no trusted log signs the checkpoint"):
        trees.log.consistent(elsewhere)


def test_checkpoints_of_two_logs_say_nothing_about_each_other(trees: Trees) -> None:
    """Nor does one of a tree that the log does not have."""
    log = trees.log
    second = log.shards["log2025-1"].checkpoint()
    with pytest.raises(InputError, match="says nothing about"):
        log.consistent(log.checkpoint(), second)
    fork = trees.sandbox.core.log_v1.successor()
    fork.append(trees.body(b"x", "bob@example.com"))
    with pytest.raises(InputError, match="has no tree that is called"):
        log.consistent(Checkpoint.parse(fork.checkpoint()))

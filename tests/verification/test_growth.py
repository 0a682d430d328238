# SPDX-License-Identifier: Apache-2.0
"""What a log shows now against what it has shown before, and what others have seen of it."""

import pickle
from datetime import UTC, datetime

import pytest

from keyless.errors import Check, InputError, SplitView, VerificationError
from keyless.evidence import Inclusion, VerifiedCheckpoint
from keyless.policy.witnesses import Witness, Witnesses
from keyless.protocol.checkpoint import Checkpoint
from keyless.protocol.entry import LogEntry
from keyless.protocol.trusted_root import Log
from keyless.protocol.window import Window
from keyless.sandbox.clock import Clock
from keyless.sandbox.note_writer import Witness as Cosigner
from keyless.sandbox.transparency_log import LogV2
from keyless.value import replace
from keyless.verification import verify_checkpoint
from keyless.verification.growth import (
    verify_entry_under,
    verify_growth,
    verify_kept,
    verify_witnesses,
)
from tests.refusals import refused

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
URL = "https://log.sandbox.test"


class Scene:
    """A log with witnesses, and a fork of it."""

    def __init__(self, witnesses: int = 0) -> None:
        self.cosigners = [Cosigner(f"w{number}.example") for number in range(witnesses)]
        self.log = LogV2(Clock(NOON), url=URL, witnesses=self.cosigners)
        for index in range(40):
            self.log.tree.append(b'{"kind":"x","apiVersion":"1","n":%d}' % index)

    def seen(self, size: int, log: LogV2 | None = None) -> VerifiedCheckpoint:
        """Return the checkpoint of a tree of *size*, verified."""
        log = log or self.log
        trusted = Log(
            name=log.name,
            base_url=log.url,
            operator="",
            log_id=log.log_id,
            checkpoint_key_id=log.log_id,
            key=log.key,
            algorithm=log.key.algorithm,
            window=Window(start=NOON),
        )
        return verify_checkpoint(Checkpoint.parse(log.checkpoint(size=size)), trusted)

    def proof(self, first: int, second: int, log: LogV2 | None = None) -> list[bytes]:
        """Prove that a tree grew."""
        return (log or self.log).tree.prove_consistency(first, size=second)

    def witness(self, number: int) -> Witness:
        """Return a witness of the log by name and key."""
        cosigner = self.cosigners[number]
        return Witness(name=cosigner.name, key=cosigner.key)


@pytest.mark.parametrize("first", [0, 1, 7, 16, 39, 40])
def test_a_tree_that_grew_is_shown_to_have_grown(first: int) -> None:
    """From any size, its own included."""
    scene = Scene()
    verify_growth(scene.seen(first), scene.seen(40), proof=scene.proof(first, 40))


def split(older: VerifiedCheckpoint, newer: VerifiedCheckpoint, proof: list[bytes]) -> SplitView:
    """Return the split view that two checkpoints are."""
    with pytest.raises(SplitView) as caught:
        verify_growth(older, newer, proof=proof)
    assert caught.value.check is Check.CONSISTENCY
    assert caught.value.older == older.checkpoint.to_text()
    assert caught.value.newer == newer.checkpoint.to_text()
    assert Checkpoint.parse(caught.value.newer) == newer.checkpoint
    back = pickle.loads(pickle.dumps(caught.value))
    assert (back.older, back.newer) == (caught.value.older, caught.value.newer)
    return caught.value


def test_a_fork_is_a_split_view() -> None:
    """Every proof in it holds, and leads to another past."""
    scene = Scene()
    fork = scene.log.fork()
    error = split(scene.seen(20), scene.seen(40, fork), scene.proof(20, 40, fork))
    assert "does not show that its tree of 40 entries grew out of its tree of 20" in error.message


def test_two_trees_of_one_size_are_a_split_view() -> None:
    """There is nothing to prove, and nothing that could."""
    scene = Scene()
    error = split(scene.seen(40), scene.seen(40, scene.log.fork()), [])
    assert "another root for 40 leaves" in error.message


def test_a_shrunk_tree_is_a_split_view() -> None:
    """What was there is there no more."""
    scene = Scene()
    error = split(scene.seen(40), scene.seen(39), [])
    assert "has 39 entries, and had 40 before" in error.message


def test_a_tree_that_is_still_there_is_kept() -> None:
    """Of whatever size it is now."""
    scene = Scene()
    verify_kept(scene.seen(7), [Scene().seen(3), scene.seen(12)])


def test_a_tree_that_is_gone_is_a_split_view() -> None:
    """Another one, even of the same name, does not stand for it."""
    scene, other = Scene(), Scene()
    with pytest.raises(SplitView, match="has no tree that is called") as caught:
        verify_kept(scene.seen(7), [other.seen(3), other.seen(12)])
    assert caught.value.older == scene.seen(7).checkpoint.to_text()
    assert caught.value.newer == other.seen(12).checkpoint.to_text()


def test_growth_without_a_proof_is_a_split_view() -> None:
    """A log that cannot prove it has not shown it."""
    scene = Scene()
    assert "0 hashes where" in split(scene.seen(20), scene.seen(40), []).message


def test_trees_that_have_nothing_to_do_with_each_other_are_not_compared() -> None:
    """That says nothing of the log, but of whoever asks."""
    scene, other = Scene(), Scene()
    with pytest.raises(InputError, match="says nothing about"):
        verify_growth(scene.seen(20), other.seen(40), proof=[])


def entry(scene: Scene, index: int, size: int = 40) -> LogEntry:
    """Return an entry with its proof."""
    return scene.log.entry(index, size=size)


def test_two_trees_of_one_log_are_not_compared() -> None:
    """It signs for both with one key."""
    scene = Scene()
    other = replace(scene.seen(12), origin=f"{scene.log.name} - 2")
    with pytest.raises(InputError, match="says nothing about"):
        verify_growth(scene.seen(7), other, proof=scene.proof(7, 12))


def test_an_entry_is_in_the_tree_of_a_checkpoint() -> None:
    """Of this one: which, the evidence says."""
    scene = Scene()
    checkpoint = scene.seen(40)
    verified = verify_entry_under(entry(scene, 7), checkpoint)
    assert verified.index == 7
    assert verified.log_id == scene.log.log_id
    assert verified.integrated_time is None
    assert verified.proof == Inclusion(
        index=7, size=40, root=checkpoint.root, origin=checkpoint.origin
    )


def test_an_entry_of_another_tree_is_refused() -> None:
    """Of an earlier one as well: its proof is another."""
    scene = Scene()
    with refused(Check.INCLUSION, "hashes where 6 of 32 bytes are wanted"):
        verify_entry_under(entry(scene, 7, size=20), scene.seen(40))
    with refused(Check.INCLUSION, "another root than the signed one"):
        verify_entry_under(entry(scene, 7), scene.seen(40, scene.log.fork()))


def test_an_entry_without_a_proof_is_refused() -> None:
    """A checkpoint alone says nothing of it."""
    scene = Scene()
    with refused(Check.INCLUSION, "comes without a proof"):
        verify_entry_under(replace(entry(scene, 7), proof=None), scene.seen(40))


def test_witnesses_say_when_they_saw_a_checkpoint() -> None:
    """As many as are asked for, and all who are known."""
    scene = Scene(witnesses=2)
    wanted = Witnesses(1, scene.witness(0), scene.witness(1))
    first, second = verify_witnesses(scene.seen(40), wanted)
    assert (first.witness, second.witness) == ("w0.example", "w1.example")
    assert first.at == NOON
    assert str(first) == "seen by the witness w0.example at 2025-03-01 12:00:00 UTC"


def test_a_quorum_that_is_met_needs_nobody_else() -> None:
    """Who has not seen it yet may see it later."""
    scene = Scene(witnesses=1)
    stranger = Cosigner("x.example")
    wanted = Witnesses(1, scene.witness(0), Witness(name=stranger.name, key=stranger.key))
    assert [it.witness for it in verify_witnesses(scene.seen(40), wanted)] == ["w0.example"]


def test_too_few_witnesses_are_refused() -> None:
    """By name."""
    scene = Scene(witnesses=1)
    stranger = Cosigner("x.example")
    wanted = Witnesses(2, scene.witness(0), Witness(name=stranger.name, key=stranger.key))
    with refused(Check.CHECKPOINT, "1 of the 2 witnesses wanted have seen"):
        verify_witnesses(scene.seen(40), wanted)
    with pytest.raises(VerificationError) as caught:
        verify_witnesses(scene.seen(40), wanted)
    assert caught.value.wanted == wanted.description
    assert "missing: x.example" in str(caught.value.hint)


def test_a_witness_of_the_same_name_with_another_key_does_not_count() -> None:
    """Names are there for everybody to write."""
    scene = Scene(witnesses=1)
    impostor = Witness(name="w0.example", key=Cosigner("w0.example").key)
    with refused(Check.CHECKPOINT, "0 of the 1 witnesses wanted"):
        verify_witnesses(scene.seen(40), Witnesses(1, impostor))

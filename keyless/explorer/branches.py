# SPDX-License-Identifier: Apache-2.0
"""The trees that a reader follows: those of a log of version 1, and each shard of version 2.

A branch is one tree as it is now, under the checkpoint that its log signs for it. Its entries are
read as they are under that very checkpoint, and under no other that has not been shown to be a
part of the same tree.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from keyless.errors import Check, InputError, VerificationError
from keyless.evidence import VerifiedCheckpoint
from keyless.explorer.entry import Entry
from keyless.explorer.log_v1 import LogV1, Tree
from keyless.explorer.log_v2 import ShardV2
from keyless.explorer.position import Position, reverified
from keyless.explorer.shard import Shard
from keyless.explorer.tree_v1 import TreeV1
from keyless.protocol.trusted_root import Log
from keyless.safe_text import shown
from keyless.verification import verify_checkpoint_among
from keyless.verification.growth import verify_kept

Source = LogV1 | TreeV1 | ShardV2
# By the version of the log, and then by age.
Order = tuple[int, float]


class Branch(Protocol):
    """One tree, as it is now."""

    @property
    def name(self) -> str:
        """What it is called here; safe to show."""

    @property
    def logs(self) -> tuple[Log, ...]:
        """How its log is trusted."""

    @property
    def checkpoint(self) -> VerifiedCheckpoint:
        """What its log signs for it now."""

    @property
    def order(self) -> Order:
        """What it stands behind: the older trees of logs of its version."""

    def prove_growth(self, old: VerifiedCheckpoint) -> None:
        """Refuse, with SplitView, unless the tree of *old* grew into this one."""

    def entries(self, first: int) -> Iterator[Entry]:
        """Yield its entries from place *first* on, up to the end that the checkpoint sets."""


def source_of(shard: Shard) -> Source:
    """Return *shard* as one that can be read on and on."""
    if isinstance(shard, LogV1 | TreeV1 | ShardV2):
        return shard
    raise InputError(f"{shard.name} cannot be read on", hint="take a log of the instance")


def branches(source: Source, position: Position, now: datetime) -> Iterator[Branch]:
    """Ask *source* for its trees, but for those that can have nothing new for *position*."""
    match source:
        case LogV1():
            yield from (BranchV1(source, tree) for tree in _trees(source, position))
        case TreeV1():
            trees = _trees(source.log, position)
            yield from (BranchV1(source.log, it) for it in trees if str(it.tree_id) == source.name)
        case ShardV2():
            if not _is_over(source, position, now):
                yield BranchV2(source, source.checkpoint())


class BranchV2:
    """A *shard* of version 2, under *checkpoint*."""

    def __init__(self, shard: ShardV2, checkpoint: VerifiedCheckpoint) -> None:
        self._shard = shard
        self.name = shard.name
        self.logs = shard.known.logs
        self.checkpoint = checkpoint
        self.order: Order = (2, shard.window.start.timestamp())

    def prove_growth(self, old: VerifiedCheckpoint) -> None:
        """Refuse, with SplitView, unless the tree of *old* grew into this one."""
        self._shard.prove_growth(old, self.checkpoint)

    def entries(self, first: int) -> Iterator[Entry]:
        """Yield its entries from place *first* on."""
        return self._shard.read_through(self.checkpoint, range(first, self.checkpoint.size))


class BranchV1:
    """A *tree* of a *log* of version 1."""

    def __init__(self, log: LogV1, tree: Tree) -> None:
        self._log = log
        self._tree = tree
        self._shown: set[tuple[int, bytes]] = set()
        self.name = f"{log.name}, tree {tree.tree_id}"
        self.logs = log.known.logs
        self.checkpoint = tree.checkpoint
        self.order: Order = (1, tree.offset)

    def prove_growth(self, old: VerifiedCheckpoint) -> None:
        """Refuse, with SplitView, unless the tree of *old* grew into this one."""
        self._log.prove_growth(old, self.checkpoint)

    def entries(self, first: int) -> Iterator[Entry]:
        """Yield its entries from place *first* on, each shown to be in this tree as well."""
        start, end = self._tree.offset + first, self._tree.end
        for entry in self._log.entries(range(start, end)):
            self._demand_same(entry)
            yield entry

    def _demand_same(self, entry: Entry) -> None:
        """Refuse an *entry* whose proof leads to a tree that is not this one, earlier or later."""
        theirs = self._checkpoint_of(entry)
        if theirs.origin != self.checkpoint.origin:
            # Counted from elsewhere, even the very same leaves are others for every index.
            raise VerificationError(
                f"entry {entry.index} is proved to be in another tree than {self.name}",
                check=Check.ENTRY,
                found=f"a tree called {shown(theirs.origin)}",
                wanted=f"the tree called {shown(self.checkpoint.origin)}",
            )
        if (theirs.size, theirs.root) in self._shown:
            return
        # The log proves an entry in the tree that it has when it is asked, which grows meanwhile.
        older, newer = sorted((self.checkpoint, theirs), key=lambda each: each.size)
        self._log.prove_growth(older, newer)
        self._shown.add((theirs.size, theirs.root))

    def _checkpoint_of(self, entry: Entry) -> VerifiedCheckpoint:
        proof = entry.record.proof
        if proof is None or proof.checkpoint is None or not entry.is_verified:
            raise VerificationError(
                f"entry {entry.index} comes without a proof that it is in the log",
                check=Check.INCLUSION,
                found="nothing",
                wanted="an inclusion proof with a signed checkpoint",
            )
        return verify_checkpoint_among(proof.checkpoint, self.logs)


def _trees(log: LogV1, position: Position) -> tuple[Tree, ...]:
    """Ask *log* for its trees, among which must be all that were read before."""
    trees = log.trees()
    logs = log.known.logs
    for mark in position.bookmarks:
        if mark.is_of(mark.checkpoint.origin, logs):
            # Else a new tree could take the place of one, with another history, and the proof that
            # it grew out of nothing.
            verify_kept(reverified(mark, logs), [tree.checkpoint for tree in trees])
    return trees


def _is_over(shard: ShardV2, position: Position, now: datetime) -> bool:
    """Say whether *shard* was read after its time: what it is given then, nobody may believe."""
    end = shard.window.end
    if end is None or now <= end:
        return False
    marks = (position.of(log.name, shard.known.logs) for log in shard.known.logs)
    mark = next((each for each in marks if each is not None), None)
    if mark is None:
        return position.started > end
    return mark.at > end and mark.read == mark.checkpoint.size

# SPDX-License-Identifier: Apache-2.0
"""One tree of a log of version 1 to look things up in, by the place of entries in that tree."""

from collections.abc import Iterable, Iterator
from typing import Literal

from keyless.errors import Check, KeylessError, NoSuchEntry, VerificationError
from keyless.evidence import VerifiedCheckpoint
from keyless.explorer.entry import Entry
from keyless.explorer.log_v1 import LogV1, Tree
from keyless.protocol.rest_entry import TREE_DIGITS


class TreeV1:
    """One *tree* of *log*: entries are asked for by their place in it."""

    version: Literal[1] = 1

    def __init__(self, log: LogV1, tree: Tree, *, is_closed: bool) -> None:
        self.name = str(tree.tree_id)
        self.url = log.url
        self.log = log
        self.offset = tree.offset
        self._tree = tree
        self._is_closed = is_closed

    def unverified(self) -> "TreeV1":
        """Return the same tree, of which nothing is verified."""
        return TreeV1(self.log.unverified(), self._tree, is_closed=self._is_closed)

    def checkpoint(self) -> VerifiedCheckpoint:
        """Ask what it commits to now."""
        return next(
            tree.checkpoint for tree in self.log.trees() if tree.tree_id == self._tree.tree_id
        )

    def size(self) -> int:
        """Say how many entries it has: once it is closed, for good."""
        return self._tree.size if self._is_closed else self.checkpoint().size

    def entry(self, index: int) -> Entry:
        """Return the entry at that place in the tree."""
        if self._is_closed and index >= self._tree.size:
            raise NoSuchEntry(
                f"tree {self.name} has no entry {index}",
                hint=f"it was closed after {self._tree.size} entries",
            )
        entry = self.log.entry(self.offset + index)
        if self._is_elsewhere(entry):
            raise self._refusal(entry)
        return entry

    def entries(self, indexes: Iterable[int]) -> Iterator[Entry]:
        """Yield the entries at these places in the tree."""
        size = self._tree.size if self._is_closed else None
        inside = (index for index in indexes if size is None or index < size)
        for entry in self.log.entries(self.offset + index for index in inside):
            if self._is_elsewhere(entry):
                if entry.index - self.offset >= self.size():
                    return  # the tree was closed meanwhile, and the log goes on in the next
                raise self._refusal(entry)
            yield entry

    def entry_called(self, uuid: str) -> Entry:
        """Return the entry called *uuid*, if it is in this tree."""
        entry = self.log.entry_called(uuid)
        if not self._has(entry):
            raise NoSuchEntry(
                f"tree {self.name} has no entry {uuid}", hint="another tree of the log has"
            )
        return entry

    def prove_growth(self, old: VerifiedCheckpoint, new: VerifiedCheckpoint) -> None:
        """Refuse, with SplitView, unless the tree of *old* grew into that of *new*."""
        self.log.prove_growth(old, new)

    def _has(self, entry: Entry) -> bool:
        return entry.uuid[:TREE_DIGITS] == f"{self._tree.tree_id:0{TREE_DIGITS}x}"

    def _is_elsewhere(self, entry: Entry) -> bool:
        # One that nobody has verified need not say where it is.
        return entry.is_verified and not self._has(entry)

    def _refusal(self, entry: Entry) -> KeylessError:
        """Return what to raise of an *entry* that has the index, and is of another tree."""
        place = entry.index - self.offset
        if place >= self.size():
            return NoSuchEntry(
                f"tree {self.name} has no entry {place}",
                hint="it was closed meanwhile, and the log goes on in another tree",
            )
        # An old checkpoint of a tree before this one would have all of this one be counted from
        # too early an index, at which another entry is, as genuine as any.
        return VerificationError(
            f"entry {entry.index} is of another tree than {self.name}, where the log has said that "
            "it would be",
            check=Check.ENTRY,
            found=f"the entry called {entry.uuid}",
            wanted=f"entry {place} of tree {self.name}",
            hint="do not rely on this log, and tell whoever runs it",
        )


def find_tree(log: LogV1, tree_id: int) -> TreeV1 | None:
    """Return that tree of *log*, None if it has none that is called so."""
    trees = log.trees()
    for tree in trees:
        if tree.tree_id == tree_id:
            return TreeV1(log, tree, is_closed=tree is not trees[-1])
    return None

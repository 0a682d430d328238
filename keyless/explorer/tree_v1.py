# SPDX-License-Identifier: Apache-2.0
"""One tree of a log of version 1 to look things up in, by the place of entries in that tree."""

from collections.abc import Iterable, Iterator
from typing import Literal

from keyless.errors import NoSuchEntry
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
        return self.log.entry(self.offset + index)

    def entries(self, indexes: Iterable[int]) -> Iterator[Entry]:
        """Yield the entries at these places in the tree."""
        size = self._tree.size if self._is_closed else None
        inside = (index for index in indexes if size is None or index < size)
        return self.log.entries(self.offset + index for index in inside)

    def entry_called(self, uuid: str) -> Entry:
        """Return the entry called *uuid*, if it is in this tree."""
        entry = self.log.entry_called(uuid)
        if entry.uuid[:TREE_DIGITS] != f"{self._tree.tree_id:0{TREE_DIGITS}x}":
            raise NoSuchEntry(
                f"tree {self.name} has no entry {uuid}", hint="another tree of the log has"
            )
        return entry

    def prove_growth(self, old: VerifiedCheckpoint, new: VerifiedCheckpoint) -> None:
        """Refuse, with SplitView, unless the tree of *old* grew into that of *new*."""
        self.log.prove_growth(old, new)


def find_tree(log: LogV1, tree_id: int) -> TreeV1 | None:
    """Return that tree of *log*, None if it has none that is called so."""
    trees = log.trees()
    for tree in trees:
        if tree.tree_id == tree_id:
            return TreeV1(log, tree, is_closed=tree is not trees[-1])
    return None

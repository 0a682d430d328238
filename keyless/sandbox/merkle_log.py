# SPDX-License-Identifier: Apache-2.0
"""An append-only Merkle tree that keeps its inner hashes (RFC 9162, 2.1).

    level 2   [0..4)
    level 1   [0..2)  [2..4)  [4..6)
    level 0   0   1   2   3   4   5   6

Level *n* holds the hashes of the complete subtrees of 2ⁿ leaves, each written once, when its last
leaf arrives. What is not complete at the right edge is hashed together when asked for. So a tree of
a hundred thousand leaves proves any of them with some dozens of hashes, at every size it ever had.
"""

from collections.abc import Callable
from threading import Lock

from keyless.protocol.merkle import leaf_hash, node_hash, root_hash


class MerkleLog:
    """The entries of a log, and the tree over them. May be shared between threads.

    What *keep* is, if anything, is told of every entry in its turn, before anybody can read it.
    """

    def __init__(self) -> None:
        self._appending = Lock()
        self._bodies: list[bytes] = []
        self._levels: list[list[bytes]] = [[]]
        self._places: dict[bytes, int] = {}
        self.keep: Callable[[bytes], None] | None = None

    def __len__(self) -> int:
        return len(self._bodies)

    def __getitem__(self, index: int) -> bytes:
        if not 0 <= index < len(self):
            raise IndexError(f"no entry {index} among {len(self)}")
        return self._bodies[index]

    def append(self, body: bytes) -> int:
        """Add *body* as the last entry; return its index."""
        leaf = leaf_hash(body)
        with self._appending:
            if self.keep is not None:
                self.keep(body)
            # The tree first: whoever reads meanwhile goes by the number of bodies.
            self._add(leaf)
            self._bodies.append(body)
            index = len(self._bodies) - 1
            self._places.setdefault(leaf, index)
            return index

    def leaf(self, index: int) -> bytes:
        """Return the hash of the entry at *index*."""
        return self._levels[0][index]

    def find(self, leaf: bytes) -> int | None:
        """Return the index of the first entry with the hash *leaf*; None when there is none."""
        return self._places.get(leaf)

    def nodes(self, height: int, start: int, end: int) -> list[bytes]:
        """Return the hashes of the complete subtrees of 2^*height* leaves, *start* up to *end*.

        Fewer when there are not as many, and none when there are none so high.
        """
        return self._levels[height][start:end] if height < len(self._levels) else []

    def root(self, size: int | None = None) -> bytes:
        """Return the root of the tree when it had *size* entries, or has now."""
        if (wanted := self._wanted(size)) == 0:
            return root_hash([])
        return self._hash(0, wanted)

    def prove_inclusion(self, index: int, *, size: int | None = None) -> list[bytes]:
        """Prove that the entry at *index* is in the tree of *size* entries."""
        end = self._wanted(size)
        if not 0 <= index < end:
            raise IndexError(f"no entry {index} among {end}")
        proof = []
        start = 0
        while end - start > 1:
            middle = start + _largest_complete(end - start)
            if index < middle:
                proof.append(self._hash(middle, end))
                end = middle
            else:
                proof.append(self._hash(start, middle))
                start = middle
        return proof[::-1]

    def prove_consistency(self, first: int, *, size: int | None = None) -> list[bytes]:
        """Prove that the tree of *size* entries begins with the one of *first* entries."""
        end = self._wanted(size)
        if not 0 <= first <= end:
            raise IndexError(f"no tree of {first} entries in one of {end}")
        proof: list[bytes] = []
        start = 0
        while 0 < first < end:
            middle = start + _largest_complete(end - start)
            if first <= middle:
                proof.append(self._hash(middle, end))
                end = middle
            else:
                proof.append(self._hash(start, middle))
                start = middle
        # What is left is the last part of the first tree. When that is all of it, whoever asks has
        # its root already.
        if start:
            proof.append(self._hash(start, first))
        return proof[::-1]

    def _add(self, node: bytes) -> None:
        """Add a leaf, and every subtree that it completes."""
        for level in self._levels:
            level.append(node)
            if len(level) % 2:
                return
            node = node_hash(level[-2], level[-1])
        self._levels.append([node])

    def _hash(self, start: int, end: int) -> bytes:
        """Return the hash of the subtree that holds the entries from *start* up to *end*."""
        size = end - start
        complete = _largest_complete(size) if size > 1 else 0
        if 2 * complete == size or size == 1:
            level = size.bit_length() - 1
            return self._levels[level][start >> level]
        middle = start + complete
        return node_hash(self._hash(start, middle), self._hash(middle, end))

    def _wanted(self, size: int | None) -> int:
        if size is None:
            return len(self)
        if not 0 <= size <= len(self):
            raise IndexError(f"no tree of {size} entries in one of {len(self)}")
        return size


def _largest_complete(size: int) -> int:
    """Return the largest power of two below *size*, where RFC 9162 splits a tree."""
    return 1 << (size - 1).bit_length() - 1

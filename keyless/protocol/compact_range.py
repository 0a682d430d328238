# SPDX-License-Identifier: Apache-2.0
"""Compact ranges: what must be kept of a run of leaves so that it can be joined to its neighbours.

A range keeps the roots of the fewest whole subtrees that cover it, from left to right, at most two
of each size. Whoever scans a log keeps some dozens of hashes for any number of entries, can scan
from the middle, and ends at the root that the log signed or knows that it was shown something else.

    leaves 3 to 9:    3   [4, 8)   [8, 10)
"""

from collections.abc import Sequence

from keyless.errors import InputError, ParseError
from keyless.protocol.merkle import HASH_SIZE, node_hash, root_hash
from keyless.value import value


@value
class CompactRange:
    """Leaves *start* to just before *end*, by the roots of the subtrees that cover them."""

    start: int
    end: int
    hashes: tuple[bytes, ...]

    def __init__(self, *, start: int, end: int, hashes: tuple[bytes, ...]) -> None:
        if not 0 <= start <= end:
            raise ParseError(f"not a range of leaves: from {start} to {end}")
        wanted = len(subtree_heights(start, end))
        if len(hashes) != wanted or any(len(each) != HASH_SIZE for each in hashes):
            raise ParseError(f"leaves {start} to {end} are covered by {wanted} hashes, not these")
        self.__dict__.update(start=start, end=end, hashes=hashes)

    @classmethod
    def of(cls, start: int, leaves: Sequence[bytes]) -> "CompactRange":
        """Cover the hashes of *leaves*, the first of which is leaf *start*."""
        nodes: list[tuple[int, bytes]] = []
        for index, leaf in enumerate(leaves, start):
            _push(nodes, index, 0, leaf)
        hashes = tuple(each for _, each in nodes)
        return cls(start=start, end=start + len(leaves), hashes=hashes)

    def join(self, following: "CompactRange") -> "CompactRange":
        """Return the range that covers this one and the one *following* it."""
        if following.start != self.end:
            raise InputError(
                f"a range that ends before leaf {self.end} cannot be joined "
                f"to one that starts at leaf {following.start}"
            )
        nodes = list(zip(subtree_heights(self.start, self.end), self.hashes, strict=True))
        begin = following.start
        heights = subtree_heights(following.start, following.end)
        for height, each in zip(heights, following.hashes, strict=True):
            _push(nodes, begin >> height, height, each)
            begin += 1 << height
        hashes = tuple(each for _, each in nodes)
        return CompactRange(start=self.start, end=following.end, hashes=hashes)

    def root(self) -> bytes:
        """Return the root of the tree of these leaves; they must be a log's first."""
        if self.start != 0:
            raise InputError(f"a range that starts at leaf {self.start} is not a tree")
        return root_over(self.hashes)


def root_over(subtrees: Sequence[bytes]) -> bytes:
    """Hash the roots of *subtrees*, side by side and each smaller than the last, into one."""
    if not subtrees:
        return root_hash([])
    *before, computed = subtrees
    for each in reversed(before):
        computed = node_hash(each, computed)
    return computed


def subtree_heights(start: int, end: int) -> list[int]:
    """List the heights of the fewest whole subtrees that cover leaves *start* to *end*."""
    heights = []
    while start < end:
        height = (end - start).bit_length() - 1
        if start:  # a subtree of that height starts at multiples of its size only
            height = min(height, (start & -start).bit_length() - 1)
        heights.append(height)
        start += 1 << height
    return heights


def _push(nodes: list[tuple[int, bytes]], index: int, height: int, node: bytes) -> None:
    """Append *node*, number *index* of its *height*, joined to what it completes."""
    while index & 1 and nodes and nodes[-1][0] == height:
        node = node_hash(nodes.pop()[1], node)
        index, height = index >> 1, height + 1
    nodes.append((height, node))

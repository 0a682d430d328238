# SPDX-License-Identifier: Apache-2.0
"""The tree of a checkpoint, read from tiles; whatever it gives out leads to the signed root.

    level 2                     ┌─ one tile, whose root is the checkpoint's ─┐
    level 1    [256 of them]    [256]    [3, and a last one that is not whole yet]
    level 0    [256 leaves] …   [256] …  [256] [256] [256] [17]

The hashes of a tile are nodes of its level. Each full tile must have the node above it as its root.
The tiles of the right edge are partial, and shown to be right together: each has, behind its own
hashes, the root of the partial tile below it. So no more than one tile a level is read for the
edge, once, and one for the way up from anywhere; and a tile once shown to be right needs no proof
again.
"""

from collections.abc import Sequence
from threading import Lock

from keyless.errors import Check, VerificationError
from keyless.evidence import VerifiedCheckpoint
from keyless.explorer.tile_cache import TileCache
from keyless.protocol.compact_range import CompactRange, root_over, subtree_heights
from keyless.protocol.merkle import leaf_hash, prove_inclusion, root_hash
from keyless.protocol.tiles import WIDEST, Tile, consistency_ranges
from keyless.services.answers import answer_of
from keyless.services.tiled_log import TiledLog

MOST_REMEMBERED = 64
_HEIGHT = 8

_Hashes = tuple[bytes, ...]


class TiledTree:
    """The tree that *checkpoint* commits to, of a log whose *files* these are.

    May be shared between threads. Full tiles are kept in *cache* once they are shown to be right.
    """

    def __init__(self, checkpoint: VerifiedCheckpoint, files: TiledLog, cache: TileCache) -> None:
        self._files = files
        self._cache = cache
        self._remembering = Lock()
        self._remembered: dict[tuple[int, int], _Hashes] = {}
        self._edge: dict[int, _Hashes] | None = None
        self.checkpoint = checkpoint
        self.size = checkpoint.size

    def entries(self, tile: Tile) -> _Hashes:
        """Return the entries under *tile*, of level 0 and as wide as it is in this tree."""
        kept = self._cache.entries(tile)
        if kept is not None and self._is_right(tile, kept):
            return kept
        entries = self._read_entries(tile)
        self._cache.keep_entries(tile, entries)
        return entries

    def passing_entries(self, tile: Tile) -> _Hashes:
        """Return the entries under *tile*, of which there are too many to keep."""
        kept = self._cache.entries(tile)
        if kept is not None and self._is_right(tile, kept):
            return kept
        return self._read_entries(tile)

    def prove_inclusion(self, index: int) -> list[bytes]:
        """Return the hashes that lead from leaf *index* to the root."""
        tile, offset = divmod(index, WIDEST)
        leaves = self.nodes(0, tile)
        return prove_inclusion(leaves, offset) + self.prove_tile(tile)

    def prove_tile(self, index: int) -> list[bytes]:
        """Return the hashes that lead from the root of tile *index* of level 0 to the root."""
        proof = []
        for level in range(1, self._top + 1):
            index, offset = divmod(index, WIDEST)
            proof += prove_inclusion(self.nodes(level, index), offset)
        return proof

    def prove_growth(self, first: int) -> list[bytes]:
        """Return the hashes that show how the tree of the *first* leaves grew into this one."""
        ranges = consistency_ranges(first, size=self.size)
        return [root_over(self.range(each.start, each.stop).hashes) for each in ranges]

    def range(self, start: int, end: int) -> CompactRange:
        """Return what covers leaves *start* to just before *end*."""
        hashes = []
        at = start
        for height in subtree_heights(start, end):
            hashes.append(self._subtree(at, height))
            at += 1 << height
        return CompactRange(start=start, end=end, hashes=tuple(hashes))

    def nodes(self, level: int, index: int) -> _Hashes:
        """Return the nodes in tile *index* of *level*; at the right edge with the one not whole."""
        if index == self._last(level) and level in (edge := self._right_edge()):
            return edge[level]
        if (remembered := self._remembered.get((level, index))) is not None:
            return remembered
        hashes = self._full(Tile(level=level, index=index))
        self._remember(level, index, hashes)
        return hashes

    @property
    def _top(self) -> int:
        """The level that is one tile."""
        level = 0
        while self._count(level) > WIDEST:
            level += 1
        return level

    def _count(self, level: int) -> int:
        """Return how many nodes *level* has, with the one at the edge that is not whole."""
        return -(-self.size >> _HEIGHT * level)

    def _last(self, level: int) -> int:
        return max(0, self._count(level) - 1) // WIDEST

    def _subtree(self, start: int, height: int) -> bytes:
        level = height // _HEIGHT
        if level > self._top:
            return self.checkpoint.root
        index, offset = divmod(start >> _HEIGHT * level, WIDEST)
        return root_hash(self.nodes(level, index)[offset : offset + (1 << height % _HEIGHT)])

    def _full(self, tile: Tile) -> _Hashes:
        wanted = self._root_of(tile)
        kept = self._cache.hashes(tile)
        if kept is not None and root_hash(kept) == wanted:
            return kept
        hashes = self._files.hashes(tile)
        self._demand_root(tile.path, root_hash(hashes), wanted)
        self._cache.keep_hashes(tile, hashes)
        return hashes

    def _root_of(self, tile: Tile) -> bytes:
        """Return what the root over *tile* must be."""
        if tile.level == self._top:
            return self.checkpoint.root
        index, offset = divmod(tile.index, WIDEST)
        return self.nodes(tile.level + 1, index)[offset]

    def _is_right(self, tile: Tile, entries: Sequence[bytes]) -> bool:
        """Say whether *entries* are those under *tile*, a full one."""
        leaves = tuple(map(leaf_hash, entries))
        if root_hash(leaves) != self._root_of(tile):
            return False
        self._remember(0, tile.index, leaves)
        return True

    def _read_entries(self, tile: Tile) -> _Hashes:
        entries = self._files.entries(tile)
        leaves = tuple(map(leaf_hash, entries))
        if tile != tile.full:
            if self._edge is None:
                # They have the hashes of the last tile in them: it need not be read as well.
                self._edge = self._read_edge(leaves)
            wanted = root_hash(self._edge[0])
        else:
            wanted = self._root_of(tile)
        self._demand_root(tile.entries_path, root_hash(leaves), wanted)
        self._remember(0, tile.index, leaves)
        return entries

    def _right_edge(self) -> dict[int, _Hashes]:
        """Return the nodes of the last tile of each level in which it is not full."""
        if self._edge is None:
            self._edge = self._read_edge(None)
        return self._edge

    def _read_edge(self, leaves: _Hashes | None) -> dict[int, _Hashes]:
        """Read the right edge; its *leaves* are known already, if they are given."""
        edge: dict[int, _Hashes] = {}
        below: _Hashes = ()  # the one node that is not whole, if there is one
        paths = []
        for level in range(self._top + 1):
            tile = self._last_tile(level)
            if tile.width == WIDEST:  # a full tile like any other, and nothing is open below it
                continue
            if tile.width:
                paths.append(tile.path)
                known = leaves if level == 0 else None
                below = (known or self._files.hashes(tile)) + below
            edge[level] = below
            below = (root_hash(below),)
        if edge:
            self._demand_root(", ".join(paths), root_hash(edge[self._top]), self.checkpoint.root)
        return edge

    def _last_tile(self, level: int) -> Tile:
        index = self._last(level)
        return Tile(level=level, index=index, width=(self.size >> _HEIGHT * level) - WIDEST * index)

    def _demand_root(self, paths: str, found: bytes, wanted: bytes) -> None:
        with answer_of(self._files.name):
            if found != wanted:
                raise VerificationError(
                    f"{paths or 'an empty tree'} does not lead to the root that the log signs",
                    check=Check.INCLUSION,
                    found=f"hash {found.hex()}",
                    wanted=f"hash {wanted.hex()}",
                    hint="what the log serves was altered, or is of another tree than its "
                    "checkpoint: rely on none of it, and tell whoever runs the log",
                )

    def _remember(self, level: int, index: int, hashes: _Hashes) -> None:
        with self._remembering:
            self._remembered[level, index] = hashes
            if len(self._remembered) > MOST_REMEMBERED:
                del self._remembered[next(iter(self._remembered))]

# SPDX-License-Identifier: Apache-2.0
"""Logs as static files: which tiles a proof is made of, and how it is made (C2SP tlog-tiles).

    <log>/tile/<level>/<index>[.p/<width>]     up to 256 hashes, side by side
    <log>/tile/entries/<index>[.p/<width>]     the entries under a tile of level 0, each as

    ┌─────────────────┬──────┐
    │ 2 bytes: length │ body │
    └─────────────────┴──────┘

A tile of level 0 holds the hashes of leaves; each hash of a higher one is the root over a whole
tile of the level below. The last tile of a level may be partial, and is gone once the log has a
full one in its place: whoever misses it asks for `tile.full` and takes its first *width* hashes.

    ranges = inclusion_ranges(index, size=size)
    tiles = {tile: parse_hashes(fetch(tile.path), tile) for tile in tiles_under(ranges, size=size)}
    proof = hashes_over(ranges, tiles, size=size)
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from keyless.errors import InputError, ParseError
from keyless.protocol.compact_range import root_over, subtree_heights
from keyless.protocol.merkle import HASH_SIZE, root_hash
from keyless.value import replace, value

WIDEST = 256
_HEIGHT = 8  # of a tile as a tree over its own hashes


@value
class Tile:
    """Hashes *index* * 256 and the *width* - 1 that follow it, of a *level* of a log."""

    level: int
    index: int
    width: int = WIDEST

    @property
    def path(self) -> str:
        """Where the log serves its hashes."""
        return f"tile/{self.level}/{self._place}"

    @property
    def entries_path(self) -> str:
        """Where the log serves the entries whose hashes it holds, when it is of level 0."""
        return f"tile/entries/{self._place}"

    @property
    def full(self) -> "Tile":
        """The tile that takes its place when the log has grown."""
        return replace(self, width=WIDEST)

    @property
    def _place(self) -> str:
        digits = str(self.index)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        *groups, last = (digits[start : start + 3] for start in range(0, len(digits), 3))
        partial = "" if self.width == WIDEST else f".p/{self.width}"
        return f"{''.join(f'x{group}/' for group in groups)}{last}{partial}"


def tile_of_leaf(index: int, *, size: int) -> Tile:
    """Return the tile of level 0 that holds leaf *index* of a log of *size* leaves."""
    _demand_leaf(index, size)
    return _tile(0, index, size)


def parse_hashes(data: bytes, tile: Tile) -> tuple[bytes, ...]:
    """Read the hashes of *tile*."""
    if len(data) != tile.width * HASH_SIZE:
        raise ParseError(
            f"{len(data)} bytes of {tile.path}, where {tile.width} hashes have "
            f"{tile.width * HASH_SIZE}"
        )
    return tuple(data[start : start + HASH_SIZE] for start in range(0, len(data), HASH_SIZE))


def parse_entries(data: bytes, tile: Tile) -> tuple[bytes, ...]:
    """Read the entries whose hashes *tile* holds."""
    entries: list[bytes] = []
    start = 0
    while start < len(data):
        body = start + 2
        end = body + int.from_bytes(data[start:body])
        if end > len(data):
            raise ParseError(f"{tile.entries_path} ends within entry {len(entries)}")
        entries.append(data[body:end])
        start = end
    if len(entries) != tile.width:
        raise ParseError(f"{len(entries)} entries in {tile.entries_path}, not {tile.width}")
    return tuple(entries)


def inclusion_ranges(index: int, *, size: int) -> list[range]:
    """List the leaves under each hash of the proof that a log of *size* has leaf *index*."""
    _demand_leaf(index, size)
    return _ranges_beside(index, height=0, size=size)


def consistency_ranges(first: int, *, size: int) -> list[range]:
    """List the leaves under each hash of the proof that a log grew from *first* to *size*."""
    if not 0 <= first <= size:
        raise InputError(f"a log of {size} leaves was never one of {first}")
    if first in {0, size}:
        return []
    height = (first & -first).bit_length() - 1
    start = first - (1 << height)  # 0 when the first tree is whole, and its root is known
    beside = _ranges_beside(start >> height, height=height, size=size)
    return [range(start, first), *beside] if start else beside


def tiles_under(ranges: Iterable[range], *, size: int) -> tuple[Tile, ...]:
    """List the tiles to fetch from a log of *size* leaves to hash *ranges*, each tile once."""
    subtrees = (subtree for leaves in ranges for subtree in _subtrees(leaves))
    return tuple(dict.fromkeys(_tile(*_place(*subtree), size) for subtree in subtrees))


def hashes_over(
    ranges: Iterable[range], tiles: Mapping[Tile, Sequence[bytes]], *, size: int
) -> list[bytes]:
    """Hash each of *ranges* from the *tiles* of a log of *size* leaves.

    Over a proof's ranges the hashes are the proof; over `[range(size)]` they are the root.
    """
    return [
        root_over([_hash(start, height, tiles, size) for start, height in _subtrees(leaves)])
        for leaves in ranges
    ]


def _demand_leaf(index: int, size: int) -> None:
    if not 0 <= index < size:
        raise InputError(f"no leaf {index} in a log of {size} leaves")


def _ranges_beside(node: int, *, height: int, size: int) -> list[range]:
    """List the leaves under each sibling on the way up from *node*, which has the *height*."""
    ranges = []
    while 1 << height < size:
        start = (node ^ 1) << height
        if start < size:
            ranges.append(range(start, min(start + (1 << height), size)))
        node, height = node >> 1, height + 1
    return ranges


def _subtrees(leaves: range) -> Iterator[tuple[int, int]]:
    """Yield the first leaf and the height of each whole subtree that covers some of *leaves*."""
    start = leaves.start
    for height in subtree_heights(leaves.start, leaves.stop):
        yield start, height
        start += 1 << height


def _place(start: int, height: int) -> tuple[int, int]:
    """Return which level's tiles hold the hashes of a subtree, and the first of these hashes."""
    level = height // _HEIGHT
    return level, start >> level * _HEIGHT


def _tile(level: int, position: int, size: int) -> Tile:
    index = position // WIDEST
    whole = size >> level * _HEIGHT
    return Tile(level=level, index=index, width=min(WIDEST, whole - index * WIDEST))


def _hash(start: int, height: int, tiles: Mapping[Tile, Sequence[bytes]], size: int) -> bytes:
    level, position = _place(start, height)
    tile = _tile(level, position, size)
    if tile not in tiles:
        raise InputError(f"{tile.path} is needed and was not given")
    offset = position % WIDEST
    return root_hash(tiles[tile][offset : offset + (1 << height % _HEIGHT)])

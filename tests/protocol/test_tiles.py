# SPDX-License-Identifier: Apache-2.0
"""Tiles: their names, their contents, and the proofs that are made of them."""

import re
from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keyless.errors import InputError, ParseError
from keyless.protocol.merkle import verify_consistency, verify_inclusion
from keyless.protocol.tiles import (
    Tile,
    consistency_ranges,
    hashes_over,
    inclusion_ranges,
    parse_entries,
    parse_hashes,
    tile_of_leaf,
    tiles_under,
)
from tests.protocol import trees
from tests.protocol.trees import LEAVES

SIZES = st.integers(1, len(LEAVES)) | st.sampled_from([255, 256, 257, 511, 512, 4096])
# What a log of 70 000 leaves serves, by the specification's own example.
SIZE_IN_SPEC = 70_000


def served(tile: Tile) -> bytes:
    """Return what a log over `LEAVES` serves as *tile*."""
    step = 256**tile.level
    first = tile.index * 256
    hashes = (trees.root(at * step, (at + 1) * step) for at in range(first, first + tile.width))
    return b"".join(hashes)


def fetched(ranges: Iterable[range], size: int) -> dict[Tile, tuple[bytes, ...]]:
    """Fetch what *ranges* of a log of *size* leaves need."""
    return {tile: parse_hashes(served(tile), tile) for tile in tiles_under(ranges, size=size)}


def bundle(*entries: bytes) -> bytes:
    """Write *entries* as a log serves them."""
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(level=0, index=0), "tile/0/000"),
        (Tile(level=0, index=7, width=1), "tile/0/007.p/1"),
        (Tile(level=1, index=255, width=255), "tile/1/255.p/255"),
        (Tile(level=0, index=999), "tile/0/999"),
        (Tile(level=2, index=1000), "tile/2/x001/000"),
        (Tile(level=0, index=19669, width=228), "tile/0/x019/669.p/228"),
        (Tile(level=5, index=1234067), "tile/5/x001/x234/067"),
    ],
)
def test_tile_has_its_path(tile: Tile, path: str) -> None:
    """Three digits a folder, all but the last one marked, and a width when it is partial."""
    assert tile.path == path


def test_entries_have_the_path_of_their_tile() -> None:
    """Entries are served beside the tile that holds their hashes."""
    tile = Tile(level=0, index=1234067, width=8)
    assert tile.entries_path == "tile/entries/x001/x234/067.p/8"


def test_full_tile_takes_the_place_of_a_partial_one() -> None:
    """A log may have thrown the partial one away."""
    assert Tile(level=0, index=7, width=1).full.path == "tile/0/007"


@pytest.mark.parametrize(
    ("index", "size", "tile"),
    [
        (0, 1, Tile(level=0, index=0, width=1)),
        (255, 256, Tile(level=0, index=0)),
        (255, 300, Tile(level=0, index=0)),
        (256, 300, Tile(level=0, index=1, width=44)),
        (5035492, 5035493, Tile(level=0, index=19669, width=229)),
    ],
)
def test_leaf_is_in_its_tile(index: int, size: int, tile: Tile) -> None:
    """The tile is as wide as the log's size makes it."""
    assert tile_of_leaf(index, size=size) == tile


def test_tiles_are_those_of_the_specification() -> None:
    """Hashing all of a log of 70 000 takes the partial tiles at its edge, and no others."""
    assert tiles_under([range(SIZE_IN_SPEC)], size=SIZE_IN_SPEC) == (
        Tile(level=2, index=0, width=1),
        Tile(level=1, index=1, width=17),
        Tile(level=0, index=273, width=112),
    )


def test_each_tile_is_fetched_once() -> None:
    """Most of a proof comes out of the same few tiles."""
    ranges = inclusion_ranges(69_999, size=SIZE_IN_SPEC)
    tiles = tiles_under(ranges, size=SIZE_IN_SPEC)
    assert len(tiles) == len(set(tiles)) == 3


@given(SIZES)
@example(0)
def test_root_is_made_of_tiles(size: int) -> None:
    """The root of any log is in its tiles, that of an empty one in none."""
    whole = [range(size)]
    assert hashes_over(whole, fetched(whole, size), size=size) == [trees.root(0, size)]


@given(st.data())
def test_inclusion_proof_is_made_of_tiles(data: st.DataObject) -> None:
    """Any leaf of any log, by the tiles alone."""
    size = data.draw(SIZES)
    index = data.draw(st.integers(0, size - 1))
    ranges = inclusion_ranges(index, size=size)
    verify_inclusion(
        LEAVES[index],
        index=index,
        size=size,
        proof=hashes_over(ranges, fetched(ranges, size), size=size),
        root=trees.root(0, size),
    )


@given(st.data())
def test_consistency_proof_is_made_of_tiles(data: st.DataObject) -> None:
    """Any two sizes of any log, by the tiles of the larger alone."""
    second = data.draw(SIZES)
    first = data.draw(st.integers(0, second))
    ranges = consistency_ranges(first, size=second)
    verify_consistency(
        first=first,
        second=second,
        proof=hashes_over(ranges, fetched(ranges, second), size=second),
        first_root=trees.root(0, first),
        second_root=trees.root(0, second),
    )


def test_missing_tile_is_named() -> None:
    """Whoever forgot to fetch one is told which."""
    with pytest.raises(InputError, match=re.escape("tile/0/000.p/7 is needed and was not given")):
        hashes_over([range(7)], {}, size=7)


@pytest.mark.parametrize("index", [-1, 7])
def test_leaves_that_are_not_there_have_neither_tile_nor_proof(index: int) -> None:
    """Whoever asks is told how many leaves there are."""
    for ask in (tile_of_leaf, inclusion_ranges):
        with pytest.raises(InputError, match=f"no leaf {index} in a log of 7 leaves"):
            ask(index, size=7)


@pytest.mark.parametrize("first", [-1, 8])
def test_growth_from_a_log_that_never_was_has_no_proof(first: int) -> None:
    """Whoever asks is told how many leaves there are."""
    with pytest.raises(InputError, match=f"a log of 7 leaves was never one of {first}"):
        consistency_ranges(first, size=7)


@pytest.mark.parametrize("length", [0, 63, 65, 96])
def test_tile_of_another_length_is_malformed(length: int) -> None:
    """A tile has as many hashes as its name says."""
    reason = f"{length} bytes of tile/1/000.p/2, where 2 hashes have 64"
    with pytest.raises(ParseError, match=re.escape(reason)):
        parse_hashes(bytes(length), Tile(level=1, index=0, width=2))


@given(st.lists(st.binary(max_size=600), min_size=1, max_size=256))
def test_entries_are_read_as_they_were_written(entries: list[bytes]) -> None:
    """Empty ones and long ones, up to a full bundle."""
    tile = Tile(level=0, index=3, width=len(entries))
    assert parse_entries(bundle(*entries), tile) == tuple(entries)


def test_longest_entry_is_read() -> None:
    """Two bytes of length say up to 65535."""
    entry = bytes(0xFFFF)
    assert parse_entries(bundle(entry), Tile(level=0, index=0, width=1)) == (entry,)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "0 entries in tile/entries/000.p/2, not 2", id="nothing"),
        pytest.param(bundle(b"a"), "1 entries in tile/entries/000.p/2, not 2", id="too few"),
        pytest.param(bundle(b"a", b"b", b""), "3 entries in tile", id="too many"),
        pytest.param(bundle(b"a") + b"\0", "ends within entry 1", id="half a length"),
        pytest.param(bundle(b"a", b"b")[:-1], "ends within entry 1", id="a body cut short"),
    ],
)
def test_malformed_entries_are_refused(data: bytes, reason: str) -> None:
    """Neither more, nor fewer, nor parts of entries than the name says."""
    with pytest.raises(ParseError, match=re.escape(reason)):
        parse_entries(data, Tile(level=0, index=0, width=2))

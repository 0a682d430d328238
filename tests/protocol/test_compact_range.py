# SPDX-License-Identifier: Apache-2.0
"""Compact ranges: joined in any order that keeps their places, they are the tree."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyless.errors import InputError, ParseError
from keyless.protocol.compact_range import CompactRange
from tests.protocol import trees
from tests.protocol.trees import LEAVES


def over(start: int, end: int) -> CompactRange:
    """Return the range of leaves *start* to *end*."""
    return CompactRange.of(start, LEAVES[start:end])


def test_range_from_the_first_leaf_leads_to_the_root() -> None:
    """Every size to 130, no leaves included."""
    for size in range(131):
        assert over(0, size).root() == trees.root(0, size)


def test_range_keeps_whole_subtrees() -> None:
    """Leaves 3 to 9 are covered by 3, [4, 8) and [8, 10)."""
    assert over(3, 10) == CompactRange(
        start=3, end=10, hashes=(trees.root(3, 4), trees.root(4, 8), trees.root(8, 10))
    )


def test_joined_ranges_are_the_range() -> None:
    """Every way to cut every range of up to 40 leaves in two, empty parts included."""
    for end in range(41):
        for start in range(end + 1):
            whole = over(start, end)
            for middle in range(start, end + 1):
                assert over(start, middle).join(over(middle, end)) == whole


@given(st.lists(st.integers(0, len(LEAVES)), min_size=1, max_size=12).map(sorted))
def test_ranges_joined_one_after_another_lead_to_the_root(cuts: list[int]) -> None:
    """A scan that is interrupted anywhere ends at the same root."""
    scanned = CompactRange.of(0, [])
    for end in cuts:
        scanned = scanned.join(over(scanned.end, end))
    assert scanned.root() == trees.root(0, cuts[-1])


@given(st.data())
def test_ranges_stay_small(data: st.DataObject) -> None:
    """At most two subtrees of each height are kept."""
    start = data.draw(st.integers(0, len(LEAVES)))
    end = data.draw(st.integers(start, len(LEAVES)))
    assert len(over(start, end).hashes) <= 2 * (end - start).bit_length()


@pytest.mark.parametrize("start", [4, 6])
def test_only_neighbours_are_joined(start: int) -> None:
    """A gap and an overlap are both refused, and the error says between which leaves."""
    reason = f"ends before leaf 5 cannot be joined to one that starts at leaf {start}"
    with pytest.raises(InputError, match=reason):
        over(0, 5).join(over(start, 9))


def test_range_from_the_middle_has_no_root() -> None:
    """A root is that of a tree, and a tree begins with leaf 0."""
    with pytest.raises(InputError, match="starts at leaf 4 is not a tree"):
        over(4, 8).root()


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (3, 2)])
def test_ranges_that_cannot_be_are_refused(start: int, end: int) -> None:
    """A range kept in a file may come back altered."""
    with pytest.raises(ParseError, match=f"not a range of leaves: from {start} to {end}"):
        CompactRange(start=start, end=end, hashes=())


@pytest.mark.parametrize("hashes", [(), (LEAVES[0],), LEAVES[:3], (LEAVES[0], b"short")])
def test_hashes_that_do_not_cover_the_range_are_refused(hashes: tuple[bytes, ...]) -> None:
    """Neither their number nor their length is left to chance."""
    with pytest.raises(ParseError, match="leaves 0 to 3 are covered by 2 hashes, not these"):
        CompactRange(start=0, end=3, hashes=hashes)


def test_range_survives_a_trip_to_another_process() -> None:
    """Scans are spread over workers, which send ranges back."""
    assert pickle.loads(pickle.dumps(over(3, 10))) == over(3, 10)

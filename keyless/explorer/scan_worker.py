# SPDX-License-Identifier: Apache-2.0
"""A part of a log, read and hashed by a worker: in this process, another one, or on a cluster.

A worker believes nothing and proves nothing. It hashes every entry of its part into the roots of
the fewest whole subtrees that cover it, and returns these with what it found: whoever gave the part
out joins them to the root that the log signs.
"""

from collections.abc import Callable

from keyless.errors import ParseError
from keyless.explorer.entry import Address, Entry
from keyless.explorer.log_v2 import record_of
from keyless.explorer.matching import Match, is_match, is_match_in
from keyless.explorer.sieve import Sieve
from keyless.policy import Policy
from keyless.protocol.compact_range import CompactRange
from keyless.protocol.entry import InclusionProof
from keyless.protocol.merkle import leaf_hash, prove_inclusion, root_hash
from keyless.protocol.tiles import WIDEST, tile_of_leaf
from keyless.services.tiled_log import TiledLog
from keyless.value import value


@value
class Part:
    """Entries *start* to just before *end* of a log of *size*, among which *match* is looked for.

    It pickles if its *files* and its *match* do.
    """

    files: TiledLog
    start: int
    end: int
    size: int
    match: Match
    log: Address


@value
class Found:
    """The entry at *index*, its *body*, and the hashes *within* its tile that lead to its root."""

    index: int
    body: bytes
    within: tuple[bytes, ...]


@value
class PartRead:
    """What a part holds: all of it as a *range*, and in it what was *found*, and not readable."""

    range: CompactRange
    found: tuple[Found, ...]
    unreadable: tuple[int, ...]


def read_part(part: Part) -> PartRead:
    """Read *part*, bundle by bundle, and keep no more of it than its hashes and what matches."""
    is_wanted = _wanting(part)
    covered = CompactRange.of(part.start, [])
    found: list[Found] = []
    unreadable: list[int] = []
    while covered.end < part.end:
        tile = tile_of_leaf(covered.end, size=part.size)
        first = tile.index * WIDEST
        entries = part.files.entries(tile)
        leaves = [leaf_hash(entry) for entry in entries]
        end = min(part.end, first + tile.width)
        covered = covered.join(_covering(first, leaves, covered.end, end))
        for index in range(max(part.start, first), end):
            body = entries[index - first]
            try:
                if is_wanted(index, body):
                    within = tuple(prove_inclusion(leaves, index - first))
                    found.append(Found(index=index, body=body, within=within))
            except ParseError:
                unreadable.append(index)
    return PartRead(range=covered, found=tuple(found), unreadable=tuple(unreadable))


def _covering(first: int, leaves: list[bytes], start: int, end: int) -> CompactRange:
    """Cover the leaves *start* to *end*, which are among *leaves* from *first* on."""
    if start == first and end == first + WIDEST:
        return CompactRange(start=start, end=end, hashes=(root_hash(leaves),))
    return CompactRange.of(start, leaves[start - first : end - first])


def _wanting(part: Part) -> Callable[[int, bytes], bool]:
    """Return what says of an index and a body whether that entry is wanted."""
    match = part.match
    if isinstance(match, Policy):
        sieve = Sieve(match)
        return lambda _, body: sieve.lets_through(body) and is_match_in(body, match)
    return lambda index, body: is_match(_unverified(part, index, body), match)


def _unverified(part: Part, index: int, body: bytes) -> Entry:
    proof = InclusionProof(index=index, size=part.size, root=b"", hashes=(), checkpoint=None)
    record = record_of(body, b"", proof)
    return Entry(record, log=part.log, uuid=record.leaf.hex(), evidence=None)

# SPDX-License-Identifier: Apache-2.0
"""A part of a log, read and hashed by a worker: in this process, another one, or on a cluster.

A worker believes nothing and proves nothing. It hashes every entry of its part into the roots of
the fewest whole subtrees that cover it, and returns these with what it found: whoever gave the part
out joins them to the root that the log signs.
"""

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
    sieve = Sieve(part.match) if isinstance(part.match, Policy) else None
    covered = CompactRange.of(part.start, [])
    found: list[Found] = []
    unreadable: list[int] = []
    while covered.end < part.end:
        tile = tile_of_leaf(covered.end, size=part.size)
        first = tile.index * WIDEST
        entries = part.files.entries(tile)
        leaves = [leaf_hash(entry) for entry in entries]
        start, end = covered.end, min(part.end, first + tile.width)
        covered = covered.join(_covering(first, leaves, start, end))
        if sieve is not None and not sieve.lets_through_any(entries):
            continue
        for index in range(start, end):
            body = entries[index - first]
            try:
                if _is_wanted(part, sieve, index, body):
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


def _is_wanted(part: Part, sieve: Sieve | None, index: int, body: bytes) -> bool:
    if sieve is not None and not sieve.lets_through(body):
        return False
    if isinstance(part.match, Policy):
        return is_match_in(body, part.match)
    return is_match(_unverified(part, index, body), part.match)


def _unverified(part: Part, index: int, body: bytes) -> Entry:
    proof = InclusionProof(index=index, size=part.size, root=b"", hashes=(), checkpoint=None)
    record = record_of(body, b"", proof)
    return Entry(record, log=part.log, uuid=record.leaf.hex(), evidence=None)

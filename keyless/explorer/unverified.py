# SPDX-License-Identifier: Apache-2.0
"""Logs as they say they are: entries without proof, which say so themselves.

They are for looking at what does not verify, and asked for by name.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

from keyless.errors import NoSuchEntry
from keyless.evidence import VerifiedCheckpoint
from keyless.explorer.entry import Address, Entry
from keyless.explorer.log_v1 import LogV1
from keyless.explorer.log_v2 import ShardV2, record_of
from keyless.explorer.shard import Shard
from keyless.explorer.tree_v1 import TreeV1
from keyless.protocol.entry import InclusionProof
from keyless.protocol.tiles import WIDEST, Tile, tile_of_leaf


class UnverifiedV2:
    """The log of *shard*, of which nothing but its checkpoint is verified."""

    version: Literal[2] = 2

    def __init__(self, shard: ShardV2) -> None:
        self.name = shard.name
        self.url = shard.url
        self._shard = shard

    def checkpoint(self) -> VerifiedCheckpoint:
        """Ask what it commits to now: this it must sign."""
        return self._shard.checkpoint()

    def size(self) -> int:
        """Ask how many entries it says it has."""
        return self._shard.files.checkpoint().size

    def entry(self, index: int) -> Entry:
        """Return what it says is the entry at *index*."""
        for entry in self.entries((index,)):
            return entry
        raise NoSuchEntry(f"{self.name} has no entry {index}")

    def entries(self, indexes: Iterable[int]) -> Iterator[Entry]:
        """Yield what it says are the entries at *indexes*."""
        size = self.size()
        read: tuple[Tile, tuple[bytes, ...]] | None = None
        for index in indexes:
            if index >= size:
                return
            tile = tile_of_leaf(index, size=size)
            if read is None or read[0] != tile:
                read = tile, self._shard.files.entries(tile)
            yield self._entry(read[1][index % WIDEST], index, size)

    def prove_growth(self, old: VerifiedCheckpoint, new: VerifiedCheckpoint) -> None:
        """Refuse, with SplitView, unless the tree of *old* grew into that of *new*."""
        self._shard.prove_growth(old, new)

    def _entry(self, body: bytes, index: int, size: int) -> Entry:
        place = InclusionProof(index=index, size=size, root=b"", hashes=(), checkpoint=None)
        record = record_of(body, self._shard.known.logs[-1].log_id, place)
        address = Address(name=self.name, version=2, url=self.url)
        return Entry(record, log=address, uuid=record.leaf.hex(), evidence=None)


def unverified(shard: Shard) -> Shard:
    """Return *shard* as it says it is."""
    match shard:
        case LogV1() | TreeV1():
            return shard.unverified()
        case ShardV2():
            return UnverifiedV2(shard)
        case _:
            return shard

# SPDX-License-Identifier: Apache-2.0
"""One shard of a log of version 2, read from its files; every entry in the tree that it signs."""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from keyless.errors import Check, InputError, NoSuchEntry, VerificationError
from keyless.evidence import VerifiedCheckpoint
from keyless.explorer.directory import KnownLog
from keyless.explorer.entry import Address, Entry
from keyless.explorer.tile_cache import TileCache
from keyless.explorer.tiled_tree import TiledTree
from keyless.protocol.encoding import LARGEST_INT64
from keyless.protocol.entry import InclusionProof, LogEntry
from keyless.protocol.entry_body import recorded_body
from keyless.protocol.merkle import leaf_hash, prove_each
from keyless.protocol.tiles import WIDEST, Tile, tile_of_leaf
from keyless.protocol.trusted_root import TrustedRoot
from keyless.protocol.window import Window
from keyless.safe_text import shown
from keyless.services.answers import answer_of
from keyless.services.http import Transport
from keyless.services.tiled_log import TiledLog
from keyless.value import value
from keyless.verification import verify_checkpoint_among
from keyless.verification.growth import verify_entry_under, verify_growth

# What is looked up is kept, what is read through is not: a log may be larger than the disk.
MOST_KEPT = 16 * WIDEST

Read = Callable[[Tile], tuple[bytes, ...]]


@value
class Page:
    """The *entries* under one *tile*, and what shows that they are in the tree of *checkpoint*.

    The proof of each is *within* the tile first, and then *above* it, which is the same for all.
    """

    checkpoint: VerifiedCheckpoint
    tile: Tile
    entries: tuple[bytes, ...]
    within: tuple[tuple[bytes, ...], ...]
    above: tuple[bytes, ...]

    def record(self, index: int) -> LogEntry:
        """Return the entry at *index*, with its proof."""
        offset = index % WIDEST
        proof = InclusionProof(
            index=index,
            size=self.checkpoint.size,
            root=self.checkpoint.root,
            hashes=self.within[offset] + self.above,
            checkpoint=self.checkpoint.checkpoint,
        )
        return record_of(self.entries[offset], self.checkpoint.log_id, proof)


class ShardV2:
    """The log that is *known*, asked over *transport*. May be shared between threads.

    Full tiles are kept in *folder*; without one, nowhere. With a *trusted_root*, entries say who
    issued their certificates.
    """

    version: Literal[2] = 2

    def __init__(
        self,
        known: KnownLog,
        transport: Transport,
        *,
        folder: str | None,
        trusted_root: TrustedRoot | None = None,
    ) -> None:
        self.known = known
        self.files = TiledLog(known.url, transport)
        self._folder = folder
        self._trusted_root = trusted_root
        self._tree: TiledTree | None = None

    @property
    def name(self) -> str:
        """What it is called here: its host; safe to show."""
        return shown(self.known.name)

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.known.url

    @property
    def window(self) -> Window:
        """When its word counts."""
        return self.known.window

    @property
    def address(self) -> Address:
        """How its entries call it."""
        return Address(name=self.name, version=2, url=self.url)

    def checkpoint(self) -> VerifiedCheckpoint:
        """Ask what it commits to now; a frozen one commits to the same for ever."""
        checkpoint = self.files.checkpoint()
        with answer_of(self.files.name):
            verified = verify_checkpoint_among(checkpoint, self.known.logs)
            _demand_own_name(verified)
        self.tree(verified)
        return verified

    def size(self) -> int:
        """Ask how many entries it has."""
        return self.checkpoint().size

    def tree(self, checkpoint: VerifiedCheckpoint) -> TiledTree:
        """Return the tree of *checkpoint*, to be read; it remembers what it has read."""
        tree = self._tree
        if tree is None or tree.checkpoint != checkpoint:
            cache = TileCache(self._folder, checkpoint.log_id)
            tree = self._tree = TiledTree(checkpoint, self.files, cache)
        return tree

    def entry(self, index: int) -> Entry:
        """Return the entry at *index*; raise NoSuchEntry when there is none."""
        _demand_index(index)
        tree = self._tree_with(index)
        if index >= tree.size:
            raise NoSuchEntry(
                f"{self.name} has no entry {index}: it has {tree.size}",
                hint="the first is entry 0; one just written down appears within seconds",
            )
        tile = tile_of_leaf(index, size=tree.size)
        return self.proven(_page(tree, tile, tree.entries(tile)).record(index), tree.checkpoint)

    def entries(self, indexes: Sequence[int]) -> Iterator[Entry]:
        """Yield the entries at *indexes*, in their order, each bundle of them read once.

        It ends before the first that is beyond the log's end.
        """
        if not indexes:
            return
        tree = self._tree_with(max(indexes[0], indexes[-1]))
        yield from self.entries_under(tree.checkpoint, indexes)

    def entries_under(
        self, checkpoint: VerifiedCheckpoint, indexes: Sequence[int]
    ) -> Iterator[Entry]:
        """Yield the entries at *indexes* as they are in the tree of *checkpoint*, and no other."""
        tree = self.tree(checkpoint)
        read = tree.passing_entries if len(indexes) > MOST_KEPT else tree.entries
        return self._entries(tree, indexes, read)

    def read_through(
        self, checkpoint: VerifiedCheckpoint, indexes: Sequence[int]
    ) -> Iterator[Entry]:
        """Yield them as `entries_under` does, and keep none: whoever reads on comes by once."""
        tree = self.tree(checkpoint)
        return self._entries(tree, indexes, tree.passing_entries)

    def prove_growth(self, old: VerifiedCheckpoint, new: VerifiedCheckpoint) -> None:
        """Refuse, with SplitView, unless the tree of *old* grew into that of *new*."""
        grows = old.log_id == new.log_id and 0 < old.size < new.size
        proof = self.tree(new).prove_growth(old.size) if grows else []
        verify_growth(old, new, proof=proof)

    def _entries(self, tree: TiledTree, indexes: Sequence[int], read: Read) -> Iterator[Entry]:
        page = None
        for index in indexes:
            if index >= tree.size:
                return
            _demand_index(index)
            tile = tile_of_leaf(index, size=tree.size)
            if page is None or page.tile != tile:
                page = _page(tree, tile, read(tile))
            yield self.proven(page.record(index), tree.checkpoint)

    def proven(self, record: LogEntry, checkpoint: VerifiedCheckpoint) -> Entry:
        """Return *record* as it is shown, once its proof holds under *checkpoint*."""
        with answer_of(self.files.name):
            evidence = verify_entry_under(record, checkpoint)
        return Entry(
            record,
            log=self.address,
            uuid=record.leaf.hex(),
            evidence=evidence,
            trusted_root=self._trusted_root,
        )

    def _tree_with(self, index: int) -> TiledTree:
        """Return a tree that has *index*; without asking, if one is known, and else the newest."""
        tree = self._tree  # once: others may look for another one meanwhile
        if tree is not None and index < tree.size:
            return tree
        return self.tree(self.checkpoint())


def record_of(body: bytes, log_id: bytes, proof: InclusionProof) -> LogEntry:
    """Return the entry with *body*: whatever it says, it is in the log and must not be hidden."""
    return LogEntry.in_tile(body, log_id=log_id, proof=proof, parse=recorded_body)


def _page(tree: TiledTree, tile: Tile, entries: tuple[bytes, ...]) -> Page:
    within = prove_each([leaf_hash(entry) for entry in entries])
    return Page(
        checkpoint=tree.checkpoint,
        tile=tile,
        entries=entries,
        within=tuple(map(tuple, within)),
        above=tuple(tree.prove_tile(tile.index)),
    )


def _demand_own_name(checkpoint: VerifiedCheckpoint) -> None:
    """Refuse a tree beside the only one: whoever follows the log would take it for a new one."""
    # By an ECDSA key alone, no log can be told to be of this version.
    if checkpoint.origin != checkpoint.log:
        raise VerificationError(
            "the checkpoint is of another tree than the one of its log",
            check=Check.CHECKPOINT,
            found=f"origin {shown(checkpoint.origin)}",
            wanted=f"origin {shown(checkpoint.log)}",
        )


def _demand_index(index: int) -> None:
    if not 0 <= index <= LARGEST_INT64:
        raise InputError(f"{index} is not the index of an entry")

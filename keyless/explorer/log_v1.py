# SPDX-License-Identifier: Apache-2.0
"""A log of version 1 to look things up in, over all of its trees as one.

    tree             1193…    2605…    3904…
    its entries      0 … 4    0 … 2    0 … 8         an entry's place in its tree
    over all trees   0 … 4    5 … 7    8 … 16        and its index, which is what people know

One answer shows that an entry is the one that was asked for, in seven ways: its name is the hash of
its body; the tree in its name is the one its checkpoint is about; its index is the one asked for;
that index and its place in the tree differ by the size of all trees before; its proof leads to the
root that the checkpoint signs; a trusted key signs the checkpoint; and the promise, which alone
speaks of the index and the time. A checkpoint may be as old as it likes: a tree that was closed has
no newer one.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Literal, TypeVar

from keyless.errors import Check, KeylessError, NoSuchEntry, ServiceError, VerificationError
from keyless.evidence import VerifiedCheckpoint, VerifiedEntry
from keyless.explorer.directory import KnownLog
from keyless.explorer.entry import Address, Entry
from keyless.protocol.entry import LogEntry
from keyless.protocol.rest_entry import RestEntry, full_name
from keyless.protocol.rest_log import Shard as TreeInfo
from keyless.protocol.rest_log import tree_of
from keyless.protocol.trusted_root import TrustedRoot
from keyless.safe_text import shown
from keyless.services.answers import answer_of
from keyless.services.http import Transport
from keyless.services.rekor_v1 import MOST_RETRIEVED, NOT_FOUND, RekorV1
from keyless.value import value
from keyless.verification import verify_checkpoint_among, verify_entry
from keyless.verification.growth import verify_growth

T = TypeVar("T")


@value
class Tree:
    """One tree of a log, after *offset* entries in those before it."""

    tree_id: int
    offset: int
    checkpoint: VerifiedCheckpoint

    @property
    def size(self) -> int:
        """How many entries it has."""
        return self.checkpoint.size

    @property
    def end(self) -> int:
        """The index that its next entry would have, or the first of the next tree has."""
        return self.offset + self.size


class LogV1:
    """The log *known*, over all of its trees. May be shared between threads.

    Unless it *verifies*, what it gives is as the log says it is, and says so itself.
    """

    version: Literal[1] = 1

    def __init__(
        self,
        known: KnownLog,
        transport: Transport,
        *,
        trusted_root: TrustedRoot,
        verifies: bool = True,
    ) -> None:
        self.name = known.name
        self.url = known.url
        self.client = RekorV1(known.url, transport)
        self.known = known
        self._transport = transport
        self._trusted_root = trusted_root
        self._verifies = verifies
        self._offsets: dict[int, int] = {}

    def unverified(self) -> "LogV1":
        """Return the same log, of which nothing is verified."""
        return LogV1(self.known, self._transport, trusted_root=self._trusted_root, verifies=False)

    def trees(self) -> tuple[Tree, ...]:
        """Ask which trees the log has, the first one first; the last is the one that grows."""
        info = self.client.log_info()
        trees: list[Tree] = []
        with answer_of(self.client.name):
            for shard in info.shards:
                tree = self._tree(shard, trees[-1].end if trees else 0)
                self._demand_offset(tree.tree_id, tree.offset)
                trees.append(tree)
        return tuple(trees)

    def checkpoint(self) -> VerifiedCheckpoint:
        """Ask what it commits to now: in the tree that grows."""
        return self.trees()[-1].checkpoint

    def size(self) -> int:
        """Ask how many entries it has, over all trees."""
        return self.trees()[-1].end

    def entry(self, index: int) -> Entry:
        """Return the entry at *index*, counted over all trees."""
        try:
            found = self.client.entry(index)
        except ServiceError as error:
            if error.status != NOT_FOUND:
                raise
            raise self._absent(f"entry {index}", index) from None
        return self._entry(found)

    def entry_called(self, uuid: str) -> Entry:
        """Return the entry called *uuid*, with its tree or without."""
        try:
            found = self.client.entry_by_uuid(uuid)
        except ServiceError as error:
            if error.status != NOT_FOUND:
                raise
            raise self._absent(f"entry {uuid}", None) from None
        return self._entry(found)

    def entries(self, indexes: Iterable[int]) -> Iterator[Entry]:
        """Yield the entries at *indexes*, asking for ten at a time."""
        for batch in _batches(indexes):
            found = self.client.entries(batch)
            for index in batch:
                if index in found:
                    yield self._entry(found[index])
                elif index >= self.size():
                    return
                else:
                    raise self._absent(f"entry {index}", index)

    def entries_called(self, uuids: Iterable[str]) -> Iterator[Entry | None]:
        """Yield the entries called *uuids*, asking for ten at a time; None for each not there."""
        for batch in _batches(uuids):
            found = self.client.entries_called(batch)
            for uuid in batch:
                yield self._entry(found[uuid]) if uuid in found else None

    def prove_growth(self, old: VerifiedCheckpoint, new: VerifiedCheckpoint) -> None:
        """Refuse, with SplitView, unless the tree of *old* grew into that of *new*."""
        tree_id = tree_of(old.origin)
        proof: tuple[bytes, ...] = ()
        if tree_id is not None and old.origin == new.origin and 0 < old.size < new.size:
            proof = self.client.growth_proof(old.size, new.size, tree_id=tree_id).hashes
        verify_growth(old, new, proof=proof)

    def _tree(self, shard: TreeInfo, offset: int) -> Tree:
        checkpoint = verify_checkpoint_among(shard.checkpoint, self.known.logs)
        if tree_of(checkpoint.origin) != shard.tree_id:
            raise VerificationError(
                f"the checkpoint of tree {shard.tree_id} is about another tree",
                check=Check.CHECKPOINT,
                found=f"origin {shown(checkpoint.origin)}",
                wanted=f"one that names tree {shard.tree_id}",
            )
        return Tree(tree_id=shard.tree_id, offset=offset, checkpoint=checkpoint)

    def _entry(self, found: RestEntry) -> Entry:
        return Entry(
            found.entry,
            log=Address(name=self.name, version=1, url=self.url),
            uuid=full_name(found.entry),
            evidence=self._verified(found.entry) if self._verifies else None,
            attestation=found.attestation,
            trusted_root=self._trusted_root if self._verifies else None,
        )

    def _verified(self, entry: LogEntry) -> VerifiedEntry:
        with answer_of(self.client.name):
            self._demand_own(entry)
            evidence = verify_entry(entry, trusted_root=self._trusted_root)
        tree_id, place = _place_of(entry)
        if evidence.index is None and tree_id not in self._offsets:
            self.trees()  # no promise speaks of the index: the sizes of the trees do
        with answer_of(self.client.name):
            self._demand_offset(tree_id, entry.index - place)
        return evidence

    def _demand_own(self, entry: LogEntry) -> None:
        """Refuse an entry of another log, which may be as genuine as can be."""
        if all(entry.log_id != log.log_id for log in self.known.logs):
            raise VerificationError(
                "the entry is of another log than the one that was asked",
                check=Check.LOG,
                found=f"the log with id {entry.log_id.hex()}",
                wanted=f"{self.name}, with id "
                + " or ".join(log.log_id.hex() for log in self.known.logs),
            )

    def _demand_offset(self, tree_id: int, offset: int) -> None:
        """Refuse two ways to count the entries of one tree."""
        # Known from the sizes of the trees where they were asked, else from the first entry of the
        # tree: its promise signs the index, its proof the place. All others have to agree with it.
        known = self._offsets.setdefault(tree_id, offset)
        if known != offset or offset < 0:
            raise VerificationError(
                f"the entries of tree {tree_id} are counted in two ways",
                check=Check.ENTRY,
                found=f"{offset} entries before that tree",
                wanted=f"{known}, as the log said before, and at least 0",
            )

    def _absent(self, what: str, index: int | None) -> KeylessError:
        """Return what to raise of an entry that the log did not answer with."""
        size = self.size()  # which also shows that it is a log that answers
        if index is not None and index < size:
            return ServiceError(
                f"the {self.client.name} has {size} entries, and does not give out {what}",
                service=self.client.name,
                status=NOT_FOUND,
                hint="try again later; if it stays so, tell whoever runs the log",
            )
        last = f"the last one is {size - 1}" if size else "none yet"
        many = "1 entry" if size == 1 else f"{size} entries"
        return NoSuchEntry(f"{self.name} has no {what}", hint=f"it has {many}: {last}")


def _batches(asked: Iterable[T]) -> Iterator[list[T]]:
    """Yield what is *asked*, in lists as long as the log takes them."""
    remaining = iter(asked)
    while batch := list(islice(remaining, MOST_RETRIEVED)):
        yield batch


def _place_of(entry: LogEntry) -> tuple[int, int]:
    """Return in which tree *entry* is, and where; its proof was found to hold."""
    proof = entry.proof
    checkpoint = None if proof is None else proof.checkpoint
    tree_id = None if checkpoint is None else tree_of(checkpoint.origin)
    if proof is None or tree_id is None:
        raise VerificationError(
            "the checkpoint of the entry's proof does not say which tree it is about",
            check=Check.CHECKPOINT,
            found=f"origin {shown(checkpoint.origin if checkpoint else '')}",
            wanted="a name and the number of a tree",
        )
    return tree_id, proof.index

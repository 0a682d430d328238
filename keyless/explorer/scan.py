# SPDX-License-Identifier: Apache-2.0
"""A whole log read at once, on as many workers as there are: nothing left out, nothing put in.

    [0, 4096)  [4096, 8192)  …  [98304, 100000)     parts, each read and hashed by a worker
         └───────────┴──────┬──────────┘            into the roots of its largest subtrees,
                      the signed root               which are joined, and must lead here

No worker reads a hash from the log, only entries: if the joined roots lead to the one that the log
signs, every entry that was looked at is the log's, and none was kept from anybody. If not, the
log's own tiles say which part is not what it should be. What is read beside the part that is asked
for comes from these tiles.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence

from keyless.batch import Executor, Promised
from keyless.errors import Check, InputError, KeylessError, ServiceError, VerificationError
from keyless.evidence import VerifiedCheckpoint, VerifiedCosignature
from keyless.explorer.entry import Entry
from keyless.explorer.listing import Listing
from keyless.explorer.log_v2 import ShardV2, record_of
from keyless.explorer.matching import Match
from keyless.explorer.scan_worker import Found, Part, PartRead, read_part
from keyless.explorer.tiled_tree import TiledTree
from keyless.policy.witnesses import Witnesses
from keyless.protocol.compact_range import CompactRange
from keyless.protocol.entry import InclusionProof
from keyless.protocol.tiles import WIDEST
from keyless.safe_text import shown
from keyless.value import value
from keyless.verification.growth import verify_witnesses

# A part takes a second or so to fetch and to hash: all workers are soon busy, and end together.
SMALLEST_PART = 16 * WIDEST
# What is kept of each part, in case one of them lies, is to stay small for logs of any size.
MOST_PARTS = 4096
# Enough for a cluster, and few enough to hold what they have found.
MOST_WAITING = 128
MOST_NAMED = 5

Told = Callable[[str, int, int], None]


@value
class Scan:
    """What was found among *indexes* of a log: *entries*, and none that matches is missing.

    All of them were read, in the tree that *checkpoint* signs; `unreadable` lists those of which
    not all can be read, and *cosignatures* who of the witnesses that were asked for has seen it.
    """

    checkpoint: VerifiedCheckpoint
    indexes: range
    entries: Listing
    unreadable: tuple[int, ...]
    cosignatures: tuple[VerifiedCosignature, ...]

    def __str__(self) -> str:
        title = f"{len(self.entries)} of {len(self.indexes)} entries of {self.checkpoint}"
        return f"{title}\n{self.entries}" if self.entries else title


def scan(  # noqa: PLR0913 - what is read, what is looked for, who works, and what is demanded
    shard: ShardV2,
    indexes: range | slice | None = None,
    *,
    match: Match,
    executor: Executor | None = None,
    checkpoint: VerifiedCheckpoint | None = None,
    witnesses: Witnesses | None = None,
    told: Told | None = None,
) -> Scan:
    """Read all entries at *indexes* of *shard*, or all there are, and return those that *match*.

    They are read in the tree of *checkpoint*, or the present one, which *witnesses* must have seen
    where they are given. On an *executor* of other processes, *match* must pickle. Raises
    VerificationError, and says which entries, if what the log gave out is not what it signs.
    """
    present = checkpoint or shard.checkpoint()
    seen = () if witnesses is None else verify_witnesses(present, witnesses)
    wanted = _wanted(indexes, present.size)
    driver = _Driver(shard, shard.tree(present), wanted, told)
    return Scan(
        checkpoint=present,
        indexes=wanted,
        entries=driver.read(match, executor),
        unreadable=tuple(driver.unreadable),
        cosignatures=seen,
    )


class _Driver:
    """Gives out parts of *wanted*, and joins what comes back to the root of *tree*."""

    def __init__(self, shard: ShardV2, tree: TiledTree, wanted: range, told: Told | None) -> None:
        self._shard = shard
        self._tree = tree
        self._wanted = wanted
        self._told = told
        self._covered = tree.range(0, wanted.start)
        self._ranges: list[CompactRange] = []
        self._found: list[Found] = []
        self.unreadable: list[int] = []

    def read(self, match: Match, executor: Executor | None) -> Listing:
        parts = self._parts(match)
        for read in map(read_part, parts) if executor is None else _elsewhere(parts, executor):
            self._join(read)
        covered = self._covered.join(self._tree.range(self._wanted.stop, self._tree.size))
        if covered.root() != self._tree.checkpoint.root:
            raise self._refusal()
        return Listing(map(self._entry, self._found))

    def _parts(self, match: Match) -> Iterator[Part]:
        """Cut what is wanted where tiles end, so that no bundle is read twice."""
        many = -(-len(self._wanted) // (SMALLEST_PART * MOST_PARTS)) or 1
        size = SMALLEST_PART * many
        start = self._wanted.start
        while start < self._wanted.stop:
            end = min((start // size + 1) * size, self._wanted.stop)
            yield Part(
                files=self._shard.files,
                start=start,
                end=end,
                size=self._tree.size,
                match=match,
                log=self._shard.address,
            )
            start = end

    def _join(self, read: PartRead) -> None:
        self._covered = self._covered.join(read.range)
        self._ranges.append(read.range)
        self._found.extend(read.found)
        self.unreadable.extend(read.unreadable)
        if self._told is not None:
            done = read.range.end - self._wanted.start
            self._told(self._shard.name, done, len(self._wanted))

    def _entry(self, found: Found) -> Entry:
        checkpoint = self._tree.checkpoint
        proof = InclusionProof(
            index=found.index,
            size=checkpoint.size,
            root=checkpoint.root,
            hashes=(*found.within, *self._tree.prove_tile(found.index // WIDEST)),
            checkpoint=checkpoint.checkpoint,
        )
        record = record_of(found.body, checkpoint.log_id, proof)
        return self._shard.proven(record, checkpoint)

    def _refusal(self) -> VerificationError:
        """Say which parts are not what the log's tiles, which do lead to its root, say they are."""
        lies = [each for each in self._ranges if each != self._tree.range(each.start, each.end)]
        named = [f"{each.start} to {each.end - 1}" for each in lies[:MOST_NAMED]]
        more = f" and {len(lies) - MOST_NAMED} more parts" if len(lies) > MOST_NAMED else ""
        return VerificationError(
            f"what {self._shard.name} gave out as its entries {', '.join(named)}{more} is not what "
            "it signs",
            check=Check.INCLUSION,
            found="entries that do not lead to the root that the log signs",
            wanted=f"those of {self._tree.checkpoint}",
            hint="nothing of this scan is to be relied on; scan these entries again, and if it "
            "stays so, tell whoever runs the log",
        )


def _elsewhere(parts: Iterator[Part], executor: Executor) -> Iterator[PartRead]:
    waiting: deque[Promised[PartRead]] = deque()
    try:
        for part in parts:
            waiting.append(_submitted(part, executor))
            if len(waiting) >= MOST_WAITING:
                yield _result(waiting.popleft())
        while waiting:
            yield _result(waiting.popleft())
    finally:  # whoever has no use for one part has none for the others
        for promised in waiting:
            promised.cancel()


def _submitted(part: Part, executor: Executor) -> Promised[PartRead]:
    try:
        return executor.submit(read_part, part)
    except Exception as error:  # noqa: BLE001 - executors are of many makes
        raise _failed(error) from None


def _result(promised: Promised[PartRead]) -> PartRead:
    try:
        return promised.result()
    except KeylessError:
        raise
    except Exception as error:  # noqa: BLE001 - as above: a dead worker, what does not pickle, …
        raise _failed(error) from None


def _failed(error: Exception) -> ServiceError:
    return ServiceError(
        f"no answer: the executor failed: {type(error).__name__}: {shown(error)}",
        service="executor",
        hint="what other processes are to do must pickle: the match, and the way to the network",
    )


def _wanted(indexes: range | slice | None, size: int) -> range:
    """Return *indexes* as a range of entries that there are."""
    whole = range(size)
    wanted: Sequence[int] = whole
    if isinstance(indexes, slice):
        wanted = whole[indexes]
    elif isinstance(indexes, range):
        wanted = indexes
    elif indexes is not None:
        raise InputError(f"{shown(indexes, longest=80)} is no range", hint="as in range(0, 1000)")
    if not isinstance(wanted, range) or wanted.step != 1:
        raise InputError("entries are scanned one after the other", hint="leave out the step")
    if wanted.start < 0 or wanted.stop > size:
        raise InputError(
            f"not all of the entries {wanted.start} to {wanted.stop - 1} are there",
            hint=f"there are {size}",
        )
    return wanted if len(wanted) else range(0)

# SPDX-License-Identifier: Apache-2.0
"""The logs, to look things up in: every entry verified before it is shown, or said not to be.

log = keyless.log()
log[95412912], log[100:120], log[-5:], len(log), log.entry(link), log.checkpoint()
log.shards                    the trees of version 1, and every log of version 2
log.shards["log2025-1"][0]    each of which can do the same
log.unverified[5]             as the log says it is, and says so
log.follow("position.json")   what comes, once the log is shown not to have been rewritten
log.scan(match=policy)        all there is, on as many processors as there are
"""

from collections.abc import Iterator, Sequence
from typing import SupportsIndex, assert_never, overload

from keyless.errors import InputError, NoSuchEntry
from keyless.evidence import VerifiedCheckpoint
from keyless.explorer.asked import AtIndex, Called, InBundle, read_asked
from keyless.explorer.bundled import entry_in
from keyless.explorer.consistent import CheckpointLike, demand_consistent
from keyless.explorer.directory import KnownLog, known_logs
from keyless.explorer.entries import Entries, indexes_of
from keyless.explorer.entry import Entry
from keyless.explorer.hits import Hits, Progress, found_in
from keyless.explorer.log_v1 import LogV1
from keyless.explorer.log_v2 import ShardV2
from keyless.explorer.opening import open_known
from keyless.explorer.reading_on import ReadingOn
from keyless.explorer.search import Sought, criteria, searchable
from keyless.explorer.shard import Shard
from keyless.explorer.shards import Shards
from keyless.explorer.tree_v1 import TreeV1
from keyless.explorer.unverified import UnverifiedV2
from keyless.instance import Sigstore
from keyless.instance.sigstore import LogVersion
from keyless.protocol.digest import Digest
from keyless.safe_text import shown

__all__ = ["Entries", "Entry", "Log", "Shards", "open_log"]


def open_log(
    sigstore: Sigstore, name: str | None = None, *, rekor: LogVersion | None = None
) -> "Log":
    """Return the log of *sigstore* that is called *name*: a host, the first part of one, a tree.

    Without a name it is the log of version 1 where there is one, else the newest of version 2; or
    the newest of version *rekor*.
    """
    known = known_logs(sigstore)
    if name is not None:
        if rekor is not None:
            raise InputError("a log that is named is of one version", hint="leave out either")
        return Shards(lambda shard: Log(shard, sigstore, known), sigstore, known)[name]
    followed = [log for log in known if rekor in (None, log.version)]
    if not followed:
        version = "" if rekor is None else f" of version {rekor}"
        raise InputError(
            f"{shown(sigstore.name)} has no log{version} that is trusted and says where it is",
            hint="its trusted root has no such log with a URL",
        )
    return Log(open_known(followed[0], sigstore), sigstore, known, followed=followed)


class Log(ReadingOn):
    """A log of *sigstore*, read through *shard*; it is asked when something is looked up.

    What it gives has been shown to be what was asked for, and in the tree that the log signs. May
    be shared between threads. When it is followed, it stands for those that are *followed*, if
    any are given; else it is the one that somebody named.
    """

    def __init__(
        self,
        shard: Shard,
        sigstore: Sigstore,
        known: Sequence[KnownLog],
        *,
        verifies: bool = True,
        followed: Sequence[KnownLog] = (),
    ) -> None:
        super().__init__(shard, sigstore, known, verifies=verifies, followed=followed)

    @property
    def name(self) -> str:
        """What it is called: its host, or the number of its tree."""
        return self.shard.name

    @property
    def shards(self) -> "Shards[Log]":
        """All logs of the instance, and the trees of those of version 1, by their names."""
        return Shards(self._face, self.sigstore, self._known)

    @property
    def unverified(self) -> "Log":
        """The same log as it says it is: what it gives is UNVERIFIED, and says so."""
        shard = self.shard
        if isinstance(shard, LogV1 | TreeV1):
            shard = shard.unverified()
        elif isinstance(shard, ShardV2):
            shard = UnverifiedV2(shard)
        return Log(shard, self.sigstore, self._known, verifies=False)

    @overload
    def __getitem__(self, key: SupportsIndex, /) -> Entry: ...

    @overload
    def __getitem__(self, key: slice, /) -> Entries: ...

    def __getitem__(self, key: SupportsIndex | slice, /) -> Entry | Entries:
        if isinstance(key, slice):
            return Entries(self.shard, indexes_of(key, self.shard))
        index = key.__index__()
        if index >= 0:
            return self.shard.entry(index)
        size = self.shard.size()
        if index < -size:
            raise NoSuchEntry(f"{self.name} has no entry {index}", hint=f"it has {size} entries")
        return self.shard.entry(size + index)

    def __len__(self) -> int:
        return self.shard.size()

    def __bool__(self) -> bool:
        return True  # without asking how many entries it has

    def __iter__(self) -> Iterator[Entry]:
        return iter(Entries(self.shard, range(self.shard.size())))

    def __reversed__(self) -> Iterator[Entry]:
        return iter(self[::-1])

    def __contains__(self, asked: object) -> bool:
        try:
            self.entry(asked)
        except NoSuchEntry:
            return False
        return True

    def entry(self, asked: object) -> Entry:
        """Return the entry that is *asked* for: by index, name, link, `LOG:INDEX`, bundle or path.

        Of a link only what it says of the entry counts; its host is never asked. A bundle that has
        its entry's proof is read without asking anybody.
        """
        said = read_asked(asked)
        match said:
            case AtIndex(index=index, shard=name):
                shard = self.shard if name is None else self.shards[name].shard
                return shard.entry(index)
            case Called(uuid=uuid):
                return self._called(uuid)
            case InBundle(bundle=bundle):
                return entry_in(bundle, self.sigstore, self._known, verifies=self.is_verified)
            case _:
                assert_never(said)

    def find(  # noqa: PLR0913 - whatever of it is known of what is sought
        self,
        *,
        email: str | None = None,
        subject: str | None = None,
        artifact: Sought | None = None,
        digest: Digest | str | None = None,
        key: Sought | None = None,
        certificate: Sought | None = None,
        progress: Progress | None = None,
    ) -> Hits:
        """Search for entries that have to do with all of what is given; in a log of version 1.

        *email* and *subject* are names in certificates (a subject of any kind, as a workflow's
        URI), *artifact* is a path, bytes or a `Digest`, *key* and *certificate* are as they are,
        in PEM, or in a file. The log's index is all that is asked: nothing shows that it leaves
        nothing out.
        """
        sought = criteria(
            email=email,
            subject=subject,
            artifact=artifact,
            digest=digest,
            key=key,
            certificate=certificate,
        )
        return found_in(searchable(self.shard), sought, progress)

    def checkpoint(self) -> VerifiedCheckpoint:
        """Ask what the log commits to now."""
        return self.shard.checkpoint()

    def consistent(self, old: CheckpointLike, new: CheckpointLike | None = None) -> bool:
        """Say that the log shows that it grew from *old* to *new*, or to what it is now.

        It is true, or SplitView is raised, with both checkpoints: that a log has told two stories
        is not something to be overlooked.
        """
        demand_consistent(old, new, self.sigstore, self._known)
        return True

    def __repr__(self) -> str:
        words = "" if self.is_verified else "UNVERIFIED: "
        return f"Log({words}{self.name}, version {self.shard.version}, at {shown(self.shard.url)})"

    def _face(self, shard: Shard) -> "Log":
        log = Log(shard, self.sigstore, self._known)
        return log if self.is_verified else log.unverified

    def _called(self, uuid: str) -> Entry:
        shard = self.shard
        if isinstance(shard, LogV1 | TreeV1):
            return shard.entry_called(uuid)
        raise InputError(
            f"{self.name} cannot find an entry by its name: it is of version 2",
            hint="ask for its index there, which stands in its bundle; a log of version 1 can",
        )

# SPDX-License-Identifier: Apache-2.0
"""What is done with a log as a whole: following what comes, and scanning what is there."""

from collections.abc import Callable, Sequence

from keyless.batch import Executor
from keyless.errors import InputError
from keyless.evidence import VerifiedCheckpoint
from keyless.explorer.branches import Source, source_of
from keyless.explorer.directory import KnownLog
from keyless.explorer.follow import Following, Pace, Since, Told
from keyless.explorer.log_v2 import ShardV2
from keyless.explorer.matching import Match
from keyless.explorer.opening import open_known
from keyless.explorer.scan import Scan, scan
from keyless.explorer.shard import Shard
from keyless.instance import Sigstore
from keyless.policy.witnesses import Witnesses


class ReadingOn:
    """A log of *sigstore*; when it is followed, it may stand for others that are *followed*."""

    def __init__(
        self,
        shard: Shard,
        sigstore: Sigstore,
        known: Sequence[KnownLog],
        *,
        verifies: bool,
        followed: Sequence[KnownLog],
    ) -> None:
        self.shard = shard
        self.sigstore = sigstore
        self.is_verified = verifies
        self._known = tuple(known)
        self._followed = tuple(followed)

    def follow(  # noqa: PLR0913 - where from, what for, and how: each of them has its say
        self,
        since: Since = None,
        *,
        match: Match | None = None,
        witnesses: Witnesses | None = None,
        pace: Pace | None = None,
        renew: Callable[[], "ReadingOn"] | None = None,
        told: Told | None = None,
    ) -> Following:
        """Follow the log, or all of them if none was named: yield entries that come and *match*.

        From now on, or *since* a checkpoint, a `Position`, or the one in the file of that path,
        which is then kept up to date. That every tree has grown out of what it was is proved before
        any of its entries is given out, else SplitView is raised; *witnesses* must have seen it.
        *renew* is asked, before each round, for the log as it is trusted by then: so the next shard
        of it is found.
        """

        def sources() -> tuple[Source, ...]:
            return self.sources() if renew is None else renew().sources()

        return Following(
            sources,
            since,
            match=match,
            witnesses=witnesses,
            pace=pace,
            told=told,
        )

    def scan(  # noqa: PLR0913 - as above
        self,
        indexes: range | slice | None = None,
        *,
        match: Match,
        executor: Executor | None = None,
        checkpoint: VerifiedCheckpoint | None = None,
        witnesses: Witnesses | None = None,
        told: Told | None = None,
    ) -> Scan:
        """Read all entries at *indexes*, or all there are, and return every one that *match*es.

        On an *executor* it is done by as many workers as that has: threads, processes, or those of
        a cluster. What they read is shown, all of it, to be the tree that the log signs, or refused
        with the entries that are not. This is for logs of version 2.
        """
        shard = self._source()
        if not isinstance(shard, ShardV2):
            raise InputError(
                f"{shard.name} cannot be scanned: its log is of version 1",
                hint='a log of version 2 can, as log.shards["log2025-1"]; one of version 1 can be '
                "searched, and followed",
            )
        return scan(
            shard,
            indexes,
            match=match,
            executor=executor,
            checkpoint=checkpoint,
            witnesses=witnesses,
            told=told,
        )

    def sources(self) -> tuple[Source, ...]:
        """List what is followed: this log, or all those that it stands for."""
        if self._followed:
            return tuple(open_known(known, self.sigstore) for known in self._followed)
        return (self._source(),)

    def _source(self) -> Source:
        if not self.is_verified:
            raise InputError(
                f"{self.shard.name} is neither followed nor scanned unverified",
                hint="leave out `.unverified`: what is read is then shown to be in the log",
            )
        return source_of(self.shard)

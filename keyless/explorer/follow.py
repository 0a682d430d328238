# SPDX-License-Identifier: Apache-2.0
"""Following logs: every entry that comes, once it is shown that the log has not been rewritten.

    for each tree, again and again:
        its checkpoint          signed by its log, and seen by witnesses where they are asked for
        its growth              out of the tree that was there the last time, else SplitView
        what is new             each entry proved to be under that very checkpoint

A tree that was not there before, as the next shard of a log that rotates, is read from its first
entry. Whoever stops can go on from `position`, which counts what was taken and nothing more: an
entry may come twice after an interruption, but none is missed.
"""

import os
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import UTC, datetime

from keyless import files
from keyless.errors import InputError, ParseError, ServiceError
from keyless.evidence import VerifiedCheckpoint, VerifiedCosignature
from keyless.explorer.branches import Branch, Order, Source, branches
from keyless.explorer.entry import Entry
from keyless.explorer.matching import Match, is_match
from keyless.explorer.position import BEGINNING, Bookmark, Position, reverified
from keyless.policy.witnesses import Witnesses
from keyless.safe_text import shown
from keyless.value import value
from keyless.verification.growth import verify_witnesses

Since = Position | VerifiedCheckpoint | files.Path | None
Sources = Callable[[], Sequence[Source]]
Told = Callable[[str, int, int], None]

USUAL_PAUSE = 30.0


def _now() -> datetime:
    return datetime.now(UTC)


@value
class Pace:
    """How often the logs are asked, and until when.

    They are asked *rounds* times, or without end, *seconds* apart; no round begins after *until*.
    """

    seconds: float = USUAL_PAUSE
    rounds: int | None = None
    until: datetime | None = None
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = _now

    def goes_on(self, rounds: int) -> bool:
        """Say whether there is another round after so many."""
        if self.rounds is not None and rounds >= self.rounds:
            return False
        return self.until is None or self.now() < self.until


ONCE = Pace(rounds=1)


class Following:
    """The entries of *sources* since a position that *match*: an iterator, as it is read once.

    `position` is how far it has come; `unreadable` lists the entries whose signer could not be
    read, and `cosignatures` who of *witnesses* has seen each tree. When *since* is a path, the
    position is read from that file, and written there after each round and at the end. *told* is
    called with the name of a tree, how many entries are read, and how many there are to read.
    """

    def __init__(  # noqa: PLR0913 - whoever follows a log says where from, what for, and how
        self,
        sources: Sources,
        since: Since = None,
        *,
        match: Match | None = None,
        witnesses: Witnesses | None = None,
        pace: Pace | None = None,
        told: Told | None = None,
    ) -> None:
        self._sources = sources
        self._match = match
        self._witnesses = witnesses
        self._pace = pace or Pace()
        self._told = told
        self._file: str | None = None
        self._after: VerifiedCheckpoint | None = None
        self._asked = self._pace.now()
        self._is_new = True  # whoever has no position has read all there was before
        self.position = self._position(since)
        self.unreadable: list[str] = []
        self.cosignatures: dict[str, tuple[VerifiedCosignature, ...]] = {}
        self._entries = self._follow()

    def __iter__(self) -> Iterator[Entry]:
        return self

    def __next__(self) -> Entry:
        return next(self._entries)

    def close(self) -> None:
        """Stop, and keep the position where it is kept."""
        self._entries.close()

    def _position(self, since: Since) -> Position:
        now = self._pace.now()
        match since:
            case None:
                return Position(started=now, bookmarks=())
            case Position():
                self._is_new = False
                return since
            case VerifiedCheckpoint(checkpoint=checkpoint, size=size):
                self._after = since
                # When it was the latest, nobody says: its log is asked, even if it is over by now.
                mark = Bookmark(checkpoint=checkpoint, read=size, at=BEGINNING)
                return Position(started=now, bookmarks=(mark,))
            case _:
                self._file = files.name_of(since)
                if not os.path.lexists(self._file):
                    return Position(started=now, bookmarks=())
                self._is_new = False
                return Position.read(self._file)

    def _follow(self) -> Generator[Entry, None, None]:
        rounds = 0
        while True:
            try:
                for branch in self._branches():
                    yield from self._read(branch)
            finally:
                self._keep()
            rounds += 1
            if not self._pace.goes_on(rounds):
                return
            self._pace.sleep(self._pace.seconds)

    def _branches(self) -> list[Branch]:
        """Ask for every tree, the older ones first; mark those of which nothing is to be read."""
        # Of before they are asked: what is written meanwhile, their checkpoints do not cover.
        self._asked = now = self._pace.now()
        found = [it for source in self._sources() for it in branches(source, self.position, now)]
        found.sort(key=lambda branch: branch.order)
        if self._is_new:
            first = self._first(found)
            for branch in found:
                if self._mark_of(branch) is None and not first < branch.order:
                    self._mark(branch, None, branch.checkpoint.size)
            self._is_new = False
        return found

    def _first(self, found: Sequence[Branch]) -> Order:
        """Return behind which tree others are read from their first entry."""
        if self._after is None:
            return max((branch.order for branch in found), default=(0, 0))
        for branch in found:
            if self._mark_of(branch) is not None:
                return branch.order
        raise InputError(
            f"the checkpoint of {shown(self._after.origin)} is of no log that is followed",
            hint=f"followed are {', '.join(branch.name for branch in found) or 'none'}",
        )

    def _read(self, branch: Branch) -> Iterator[Entry]:
        if self._witnesses is not None:
            self.cosignatures[branch.name] = verify_witnesses(branch.checkpoint, self._witnesses)
        mark = self._mark_of(branch)
        if mark is not None:
            branch.prove_growth(reverified(mark, branch.logs))
        start = read = 0 if mark is None else mark.read
        mark = self._mark(branch, mark, read)
        for entry in branch.entries(start):
            if self._is_wanted(entry):
                yield entry
            read += 1
            mark = self._mark(branch, mark, read)
            self._tell(branch, read - start, branch.checkpoint.size - start)
        if read < branch.checkpoint.size:
            raise ServiceError(
                f"{branch.name} has {branch.checkpoint.size} entries, and gives out {read} of them",
                service=branch.name,
                hint="try again later; if it stays so, tell whoever runs the log",
            )

    def _is_wanted(self, entry: Entry) -> bool:
        try:
            return is_match(entry, self._match)
        except ParseError:
            self.unreadable.append(f"{entry.shard}:{entry.index}")
            return False

    def _mark_of(self, branch: Branch) -> Bookmark | None:
        return self.position.of(branch.checkpoint.origin, branch.logs)

    def _mark(self, branch: Branch, before: Bookmark | None, read: int) -> Bookmark:
        checkpoint = branch.checkpoint.checkpoint
        mark = Bookmark(checkpoint=checkpoint, read=read, at=self._asked)
        self.position = self.position.put(mark, instead_of=before)
        return mark

    def _keep(self) -> None:
        # Before the first round nothing is known, and a file that says so would hide what comes.
        if self._file is not None and not self._is_new:
            self.position.write(self._file)

    def _tell(self, branch: Branch, read: int, total: int) -> None:
        if self._told is not None:
            self._told(branch.name, read, total)

# SPDX-License-Identifier: Apache-2.0
"""What a search of a log found: names of entries, which are looked up as they are looked at.

    hits = log.find(email="alice@example.com") & log.find(artifact="app.whl")
    hits.newest(20)

A name says in which tree an entry is and not how old it is. So the trees are read one by one, the
newest first, and each is put in order before any of it is given out.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from threading import Lock
from typing import Any

from keyless.errors import InputError
from keyless.explorer.entry import Entry
from keyless.explorer.listing import Listing
from keyless.explorer.log_v1 import LogV1
from keyless.explorer.search import Criterion
from keyless.explorer.timeline import Span, Timeline
from keyless.protocol.rest_entry import LEAF_DIGITS
from keyless.report import html, text

# Told after each request how many of all hits have been looked up.
Progress = Callable[[int, int], None]


def found_in(log: LogV1, criteria: Sequence[Criterion], progress: Progress | None = None) -> "Hits":
    """Ask the index of *log* what fits all *criteria*."""
    hits = [_found(log, criterion, progress) for criterion in criteria]
    both = hits[0]
    for each in hits[1:]:
        both &= each
    return both


class Hits:
    """Entries of a log that its index named; none is fetched before somebody looks at it.

    Iterating gives them newest first, each verified. `&`, `|` and `-` of two searches of the same
    log are what both, either and only the first found. Printing it asks nobody: it shows what has
    been looked up so far.
    """

    def __init__(
        self,
        log: LogV1,
        named: "dict[str, tuple[Criterion, ...]]",
        *,
        sought: str,
        progress: Progress | None = None,
        known: "dict[str, Entry | None] | None" = None,
    ) -> None:
        self.sought = sought
        self.log = log
        self.named = named
        self.progress = progress
        # Shared by what is made of one search: nothing is looked up twice.
        self.known: dict[str, Entry | None] = {} if known is None else known
        self._reading = Lock()

    @property
    def uuids(self) -> tuple[str, ...]:
        """The names of what was found, in no order."""
        return tuple(self.named)

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of what was found and looked up, and that the log did not give out."""
        return tuple(it for it in self.named if it in self.known and self.known[it] is None)

    def newest(self, count: int) -> Listing:
        """Return the *count* newest."""
        return Listing(islice(self, count))

    def all(self) -> Listing:
        """Look all of them up, and return them, newest first."""
        return Listing(self)

    def to_dataframe(self) -> Any:  # noqa: ANN401 - of pandas, which whoever asks for none lacks
        """Look all of them up, and return them as a `pandas.DataFrame`."""
        return self.all().to_dataframe()

    def timeline(self, *, by: Span = "day") -> Timeline:
        """Look all of them up, and count them *by* the hour, the day or the month."""
        return Timeline.of(self, by=by)

    def __len__(self) -> int:
        return len(self.named)

    def __iter__(self) -> Iterator[Entry]:
        for uuids in self._by_tree():
            yield from self._newest_first(uuids)

    def __and__(self, other: "Hits") -> "Hits":
        named = {
            uuid: (*criteria, *other.named[uuid])
            for uuid, criteria in self.named.items()
            if uuid in other.named
        }
        return self._joined(other, named, "and")

    def __or__(self, other: "Hits") -> "Hits":
        named = self.named | other.named
        return self._joined(other, named, "or")

    def __sub__(self, other: "Hits") -> "Hits":
        named = {uuid: it for uuid, it in self.named.items() if uuid not in other.named}
        return self._joined(other, named, "but not")

    def __repr__(self) -> str:
        return f"Hits({len(self)} of {self.sought})"

    def __str__(self) -> str:
        seen = self._seen()
        return text(self._title(), []) + (f"\n{seen}" if seen else "")

    def _repr_html_(self) -> str:
        seen = self._seen()
        return html(self._title(), []) + (seen._repr_html_() if seen else "")

    def _title(self) -> str:
        count = f"{len(self)} entr{'y' if len(self) == 1 else 'ies'} of {self.sought}"
        looked_up = sum(uuid in self.known for uuid in self.named)
        missing = f", {len(self.missing)} of which the log does not give out" * bool(self.missing)
        unseen = "" if looked_up else "; newest(20) looks the newest up"
        return f"{count}{missing}{unseen}"

    def _seen(self) -> Listing:
        known = (self.known.get(uuid) for uuid in self.named)
        return Listing(_sorted(entry for entry in known if entry is not None))

    def _joined(self, other: "Hits", named: "dict[str, tuple[Criterion, ...]]", how: str) -> "Hits":
        if other.log is not self.log:
            raise InputError("these were found in different logs", hint="join their entries")
        return Hits(
            self.log,
            named,
            sought=f"({self.sought} {how} {other.sought})",
            progress=self.progress or other.progress,
            known=self.known | other.known,
        )

    def _by_tree(self) -> Iterator[list[str]]:
        """Yield the names tree by tree, the newest tree first; before them, those without one."""
        trees = [f"{tree.tree_id:016x}" for tree in reversed(self.log.trees())]
        order = {tree: position for position, tree in enumerate(trees)}
        of_tree: dict[int, list[str]] = {}
        for uuid in self.named:
            position = order.get(uuid[:-LEAF_DIGITS], -1)
            of_tree.setdefault(position, []).append(uuid)
        unplaced = of_tree.pop(-1, [])
        if unplaced:  # they may be of any tree: all of them are put in order together
            yield [*unplaced, *(uuid for uuids in of_tree.values() for uuid in uuids)]
        else:
            yield from (of_tree[position] for position in sorted(of_tree))

    def _newest_first(self, uuids: Sequence[str]) -> Iterator[Entry]:
        with self._reading:
            self._look_up([uuid for uuid in uuids if uuid not in self.known])
        return iter(_sorted(it for it in map(self.known.get, uuids) if it is not None))

    def _look_up(self, uuids: Sequence[str]) -> None:
        done = sum(map(self.known.__contains__, self.named))
        for uuid, entry in zip(uuids, self.log.entries_called(uuids), strict=True):
            if entry is not None:
                for criterion in self.named[uuid]:
                    criterion.check(entry)
            self.known[uuid] = entry
            done += 1
            if self.progress is not None:
                self.progress(done, len(self))


def _found(log: LogV1, criterion: Criterion, progress: Progress | None) -> Hits:
    named: dict[str, tuple[Criterion, ...]] = {}
    for search in criterion.searches():
        named |= dict.fromkeys(log.client.search(search), (criterion,))
    return Hits(log, named, sought=str(criterion), progress=progress)


def _sorted(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: entry.index, reverse=True)

# SPDX-License-Identifier: Apache-2.0
"""Some entries of a log, read when they are looked at, and not before."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import SupportsIndex, overload

from keyless.errors import NoSuchEntry
from keyless.explorer.entry import Entry
from keyless.explorer.listing import Listing
from keyless.explorer.shard import Shard

# Of what is shown on a screen, so many entries are read.
MOST_SHOWN = 20


class Entries(Iterable[Entry]):
    """The entries of *shard* at *indexes*, of which some may be beyond its end.

    Iterating reads them, as many at a time as the log gives; `read()` keeps them all. Printing
    them, and showing them in a notebook, reads the first few. They have no length: a list that is
    made of them would ask the log for its size, and then for the entries.
    """

    def __init__(self, shard: Shard, indexes: range) -> None:
        self._shard = shard
        self._indexes = indexes

    def __iter__(self) -> Iterator[Entry]:
        return self._shard.entries(self._indexes)

    def __bool__(self) -> bool:
        # Asking an object whether it is there must not ask the network.
        return bool(self._indexes)

    @overload
    def __getitem__(self, key: SupportsIndex, /) -> Entry: ...

    @overload
    def __getitem__(self, key: slice, /) -> "Entries": ...

    def __getitem__(self, key: SupportsIndex | slice, /) -> "Entry | Entries":
        if isinstance(key, slice):
            return Entries(self._shard, self._inside()[key])
        position = key.__index__()
        indexes = self._indexes if position >= 0 else self._inside()
        try:
            index = indexes[position]
        except IndexError:
            raise NoSuchEntry(f"there is no entry {position} among {len(indexes)}") from None
        return self._shard.entry(index)

    def read(self) -> Listing:
        """Read them all, and keep them: a table to print, to plot, or to make a DataFrame of."""
        return Listing(self)

    def __repr__(self) -> str:
        return f"Entries({self._words()})"

    def __str__(self) -> str:
        return f"{self._words()}\n{self._first()}"

    def _repr_html_(self) -> str:
        return f"<div>{self._words()}{self._first()._repr_html_()}</div>"

    def _first(self) -> Listing:
        return Listing(islice(self, MOST_SHOWN))

    def _words(self) -> str:
        if not self._indexes:
            return f"no entries of {self._shard.name}"
        first, last = self._indexes[0], self._indexes[-1]
        return f"entries {first} to {last} of {self._shard.name}, read as they are looked at"

    def _inside(self) -> range:
        """Return the indexes up to the end of the log, which is asked for its size."""
        if not self._indexes:
            return self._indexes
        size = self._shard.size()
        start, stop, step = self._indexes.start, self._indexes.stop, self._indexes.step
        # Ranges that go down are made of no more than it has.
        return range(start, min(stop, size), step) if step > 0 else self._indexes


def indexes_of(key: slice, shard: Shard) -> range:
    """Return what *key* means in *shard*, which is asked for its size only where that matters."""
    start, stop, step = key.start, key.stop, 1 if key.step is None else key.step
    if step > 0 and stop is not None and stop >= 0 and (start is None or start >= 0):
        return range(start or 0, stop, step)
    return range(*key.indices(shard.size()))

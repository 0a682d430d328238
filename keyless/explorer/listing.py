# SPDX-License-Identifier: Apache-2.0
"""Entries in a row: a terminal and a notebook show them as a table, pandas takes them as one."""

from collections.abc import Iterator
from typing import Any, SupportsIndex, overload

from keyless.explorer.entry import Entry
from keyless.explorer.timeline import Span, Timeline
from keyless.protocol.window import in_words
from keyless.report import table_html, table_text

HEADER = ("index", "time", "kind", "identity", "issuer", "digest")
UNVERIFIED = "UNVERIFIED"
NOT_TRUSTED = "NOT TRUSTED:"
# So much of a digest tells it from others; a table has no room for all of it.
_DIGEST = len("sha256:") + 16
# Of a table longer than that, nobody reads the rest on a screen.
MOST_ROWS = 100


class Listing(tuple[Entry, ...]):
    """Entries, in the order in which they were asked for."""

    __slots__ = ()

    @overload
    def __getitem__(self, key: SupportsIndex, /) -> Entry: ...

    @overload
    def __getitem__(self, key: slice, /) -> "Listing": ...

    def __getitem__(self, key: SupportsIndex | slice, /) -> "Entry | Listing":
        if isinstance(key, slice):
            return Listing(super().__getitem__(key))
        return super().__getitem__(key)

    def to_dataframe(self) -> Any:  # noqa: ANN401 - of pandas, which whoever asks for none lacks
        """Return the entries as a `pandas.DataFrame`, a column for each thing there is to know."""
        # pandas takes half a second to import, and need not be installed.
        from keyless.explorer.tables import to_dataframe  # noqa: PLC0415

        return to_dataframe(self)

    def timeline(self, *, by: Span = "day") -> Timeline:
        """Count the entries *by* the hour, the day or the month."""
        return Timeline.of(self, by=by)

    def __str__(self) -> str:
        return "\n".join(
            (table_text(HEADER, [row_of(it) for it in self[:MOST_ROWS]]), *self._rest())
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} entries)"

    def _repr_html_(self) -> str:
        table = table_html(HEADER, [row_of(it) for it in self[:MOST_ROWS]])
        return f"<div>{table}{''.join(self._rest())}</div>"

    def _rest(self) -> Iterator[str]:
        if len(self) > MOST_ROWS:
            yield f"… and {len(self) - MOST_ROWS} more"


def row_of(entry: Entry) -> tuple[str, ...]:
    """Return what a table says of *entry*, under the names of `HEADER`; not yet made safe."""
    index = str(entry.index)
    time = "" if entry.time is None else in_words(entry.time)
    return (
        index if entry.is_verified else f"{index} {UNVERIFIED}",
        time,
        entry.kind,
        identity_of(entry) or "",
        entry.issuer or "",
        "" if entry.digest is None else f"{str(entry.digest)[:_DIGEST]}…",
    )


def identity_of(entry: Entry) -> str | None:
    """Return whom the certificate of *entry* names; first, if so, that nobody trusted issued it.

    Whoever wrote that one could put any name into it, and before the name it cannot be cut off.
    """
    if entry.identity is None:
        return None
    if entry.trusted_root is not None and entry.authority is None:
        return f"{NOT_TRUSTED} {entry.identity.text}"
    return entry.identity.text

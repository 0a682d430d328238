# SPDX-License-Identifier: Apache-2.0
"""When entries were made, counted by the hour, day or month: as bars of text, or drawn in HTML."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, assert_never

from keyless.explorer.entry import Entry
from keyless.value import value

Span = Literal["hour", "day", "month"]

WIDEST = 50
# A plot of a few hundred bars is all that a screen can show.
MOST_BARS = 400

# Pixels, as all measures of the drawing.
_BAR, _CHARACTER, _LONGEST_BAR = 14, 7, 320


@value
class Timeline:
    """How many entries each *span* of time had; what had none between two that had some is there.

    *undated* are those of which nobody says when they were made, as in logs of version 2.
    """

    span: Span
    counts: tuple[tuple[datetime, int], ...]
    undated: int

    @classmethod
    def of(cls, entries: Iterable[Entry], *, by: Span) -> "Timeline":
        """Count *entries* by the span they were made in."""
        times = [entry.time for entry in entries]
        dated = Counter(_start(time, by) for time in times if time is not None)
        return cls(span=by, counts=_filled(dated, by), undated=times.count(None))

    def __repr__(self) -> str:
        dated = sum(count for _, count in self.counts)
        return f"Timeline({dated + self.undated} entries, by the {self.span})"

    def __str__(self) -> str:
        most = max((count for _, count in self.counts), default=1)
        lines = [
            f"{_label(start, self.span)}  {count:>6}  {'█' * -(-count * WIDEST // most)}".rstrip()
            for start, count in self.counts
        ]
        return "\n".join((*lines, *self._notes()))

    def _repr_html_(self) -> str:
        most = max((count for _, count in self.counts), default=1)
        labels = [_label(start, self.span) for start, _ in self.counts]
        left = 10 + _CHARACTER * max(map(len, labels), default=0)
        bars = "".join(
            _bar(row * _BAR, left, label, count, round(_LONGEST_BAR * count / most))
            for row, (label, (_, count)) in enumerate(zip(labels, self.counts, strict=True))
        )
        width, height = left + _LONGEST_BAR + 80, _BAR * len(self.counts) + 4
        notes = "".join(f"<div>{note}</div>" for note in self._notes())
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img"'
            f' aria-label="entries by the {self.span}" fill="currentColor"'
            f' font-family="monospace" font-size="11">{bars}</svg>{notes}'
        )

    def _notes(self) -> Sequence[str]:
        return [f"{self.undated} of which nobody says when"] if self.undated else []


def _filled(counts: Counter[datetime], by: Span) -> tuple[tuple[datetime, int], ...]:
    """List *counts* in order, with the empty spans in between, unless those are too many."""
    starts = sorted(counts)
    listed: list[tuple[datetime, int]] = []
    for start in starts:
        between = _next(listed[-1][0], by) if listed else start
        while between < start and len(listed) < MOST_BARS:
            listed.append((between, 0))
            between = _next(between, by)
        listed.append((start, counts[start]))
    if len(listed) > MOST_BARS:
        return tuple((start, counts[start]) for start in starts)
    return tuple(listed)


def _start(time: datetime, by: Span) -> datetime:
    hour = time.replace(minute=0, second=0, microsecond=0)
    match by:
        case "hour":
            return hour
        case "day":
            return hour.replace(hour=0)
        case "month":
            return hour.replace(day=1, hour=0)
        case _:
            assert_never(by)


def _next(start: datetime, by: Span) -> datetime:
    match by:
        case "hour":
            return datetime.fromtimestamp(start.timestamp() + 3600, start.tzinfo)
        case "day":
            return datetime.fromtimestamp(start.timestamp() + 86400, start.tzinfo)
        case "month":
            months = start.year * 12 + start.month  # the next one, counted from 0
            return start.replace(year=months // 12, month=months % 12 + 1)
        case _:
            assert_never(by)


def _label(start: datetime, by: Span) -> str:
    return f"{start:{ {'hour': '%Y-%m-%d %H:00', 'day': '%Y-%m-%d', 'month': '%Y-%m'}[by] }}"


def _bar(top: int, left: int, label: str, count: int, length: int) -> str:
    return (
        f'<text x="0" y="{top + 11}">{label}</text>'
        f'<rect x="{left}" y="{top + 2}" width="{length}" height="{_BAR - 3}" opacity="0.6"/>'
        f'<text x="{left + length + 5}" y="{top + 11}">{count}</text>'
    )

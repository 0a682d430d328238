# SPDX-License-Identifier: Apache-2.0
"""Entries drawn with matplotlib; imported only for whoever asks for a picture.

Each returns a picture: a notebook shows it, and `.savefig(path)` keeps it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from io import BytesIO

from keyless.errors import InputError
from keyless.explorer.entry import Entry
from keyless.explorer.listing import identity_of
from keyless.explorer.timeline import Span, Timeline
from keyless.safe_text import shown

try:
    from matplotlib.dates import date2num
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator
except ImportError:
    raise InputError(
        "a picture was asked for, and matplotlib is not installed here",
        hint='install it with: pip install "keyless[notebook]"',
    ) from None

MOST_BARS = 20
LONGEST_LABEL = 60
_INCHES = 8.0
_CHARACTER = 0.08  # inches, as it is in the usual font
_DAYS: Mapping[Span, float] = {"hour": 1 / 24, "day": 1, "month": 28}


class Picture(Figure):  # type: ignore[misc,unused-ignore]  # without matplotlib, nothing is known of it
    """A figure of matplotlib's, which a notebook shows whether or not pyplot was imported there."""

    def _repr_png_(self) -> bytes:
        file = BytesIO()
        self.savefig(file, format="png")
        return file.getvalue()


Draw = Callable[[Iterable[Entry]], Picture]


def over_time(entries: Iterable[Entry], *, by: Span = "day") -> Picture:
    """Draw how many of *entries* were made *by* the hour, day or month."""
    timeline = Timeline.of(entries, by=by)
    figure = Picture(figsize=(_INCHES, 3), layout="constrained")
    axes = figure.subplots()
    starts = date2num([start for start, _ in timeline.counts])  # type: ignore[no-untyped-call,unused-ignore]  # theirs
    counts = [count for _, count in timeline.counts]
    axes.bar(starts, counts, width=_DAYS[by], align="edge", edgecolor="white", linewidth=0.3)
    axes.xaxis_date()
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="time (UTC)", ylabel=f"entries by the {by}")
    axes.set_ylim(bottom=0)
    figure.autofmt_xdate()
    return figure


def by_issuer(entries: Iterable[Entry]) -> Picture:
    """Draw who vouched for how many signers of *entries*."""
    return _counted(entries, lambda entry: entry.issuer, "issuer")


def by_identity(entries: Iterable[Entry]) -> Picture:
    """Draw who signed how many of *entries*."""
    return _counted(entries, identity_of, "identity")


def by_kind(entries: Iterable[Entry]) -> Picture:
    """Draw how many of *entries* are of which kind."""
    return _counted(entries, lambda entry: entry.kind, "kind")


def _counted(entries: Iterable[Entry], read: Callable[[Entry], str | None], what: str) -> Picture:
    counts = Counter(read(entry) or f"no {what}" for entry in entries).most_common()
    rest = sum(count for _, count in counts[MOST_BARS:])
    bars = [(_label(name), count) for name, count in counts[:MOST_BARS]]
    bars += [(f"{len(counts) - MOST_BARS} others", rest)] if rest else []
    longest = max((len(label) for label, _ in bars), default=0)
    width = _INCHES / 2 + longest * _CHARACTER
    figure = Picture(figsize=(width, 1 + 0.3 * len(bars)), layout="constrained")
    axes = figure.subplots()
    axes.margins(x=0.12)  # for the numbers beside the bars
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    # By position, as two labels that were cut may be the same.
    drawn = axes.barh(range(len(bars)), [count for _, count in bars])
    axes.set_yticks(range(len(bars)), [label for label, _ in bars], parse_math=False)
    axes.bar_label(drawn, padding=3)
    axes.invert_yaxis()
    axes.set(xlabel="entries", title=f"by {what}")
    return figure


def _label(name: str) -> str:
    whole = shown(name, longest=2 * LONGEST_LABEL)
    return whole if len(whole) <= LONGEST_LABEL else f"{whole[: LONGEST_LABEL - 1]}…"

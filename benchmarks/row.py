# SPDX-License-Identifier: Apache-2.0
"""One line of the table: ours, its peer, their ratio, and whether that is what was hoped for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What a ratio should be: at most, or at least, *limit*."""

    limit: float
    at_least: bool

    def holds(self, ratio: float) -> bool:
        """Say whether *ratio* reaches the goal."""
        return ratio >= self.limit if self.at_least else ratio <= self.limit

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.limit:g}"


def at_most(limit: float) -> Goal:
    return Goal(limit=limit, at_least=False)


def at_least(limit: float) -> Goal:
    return Goal(limit=limit, at_least=True)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A measurement, round by round; without rounds it was skipped, and *note* says why.

    Of one that was taken, *note* says what a reader should know of it.
    """

    name: str
    goal: Goal
    unit: str = ""
    ours: tuple[float, ...] = ()
    peer: tuple[float, ...] = ()
    note: str = ""

    @property
    def ratios(self) -> list[float]:
        """Ours by the peer's, round by round: what slows a whole round slows both of its sides."""
        return [ours / peer for ours, peer in zip(self.ours, self.peer, strict=True)]

    def to_json(self) -> dict[str, str | float | bool | None]:
        """Return the row as `--json` prints it; the figures of a skipped one are null."""
        if not self.ours:
            ours = peer = ratio = holds = None
        else:
            ours, peer, ratio = map(median, (self.ours, self.peer, self.ratios))
            holds = self.goal.holds(ratio)
        return {
            "name": self.name,
            "ours": _rounded(ours),
            "peer": _rounded(peer),
            "ratio": _rounded(ratio),
            "goal": str(self.goal),
            "holds": holds,
        }

    def noise(self) -> str:
        """Say in how many rounds the row was taken, and how far they lie apart."""
        if not self.ours:
            return f"{self.name}: skipped: {self.note}"
        spans = ", ".join(
            f"{what} {_span(figures)}"
            for what, figures in (("ours", self.ours), ("peer", self.peer), ("ratio", self.ratios))
        )
        note = f"; {self.note}" if self.note else ""
        return f"{self.name}: {len(self.ours)} rounds, min to max: {spans}{note}"


def skipped(reason: str, goals: Mapping[str, Goal]) -> list[Row]:
    """Return the rows that have *goals*, but could not be measured for *reason*."""
    return [Row(name=name, goal=goal, note=reason) for name, goal in goals.items()]


def table(rows: Sequence[Row]) -> str:
    """Lay *rows* out for a terminal, or for a page of documentation."""
    heads = ("what", "unit", "ours", "peer", "ratio", "min", "max", "goal", "holds")
    lines = [heads, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    laid = [" | ".join(map(str.ljust, line, widths)) for line in lines]
    laid.insert(1, " | ".join("-" * width for width in widths))
    return "\n".join(f"| {line} |" for line in laid)


def _cells(row: Row) -> tuple[str, ...]:
    if not row.ours:
        return (row.name, row.unit, "", "", "", "", "", str(row.goal), f"skipped: {row.note}")
    ratio = median(row.ratios)
    figures = (median(row.ours), median(row.peer), ratio, min(row.ratios), max(row.ratios))
    verdict = "yes" if row.goal.holds(ratio) else "no"
    return (row.name, row.unit, *map(_figure, figures), str(row.goal), verdict)


def _span(figures: Sequence[float]) -> str:
    return f"{_figure(min(figures))} to {_figure(max(figures))}"


def _figure(number: float) -> str:
    return f"{number:.0f}" if number >= 100 else f"{number:.3g}"


def _rounded(number: float | None) -> float | None:
    return None if number is None else float(f"{number:.4g}")

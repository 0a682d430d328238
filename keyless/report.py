# SPDX-License-Identifier: Apache-2.0
"""Verdicts as a person reads them: aligned text for a terminal, HTML for a notebook.

Both are made of a title and rows of plain strings, which may come from anywhere: everything passes
through `shown` on its way out, so that nothing in an identity or a server's message moves a cursor
or becomes markup.

The HTML must survive where it is shown. Notebooks strip `<script>`, GitHub strips `<style>`, and
themes are light or dark: so styles are inline, no colour is set, and `<details>` is the only thing
that moves.
"""

from collections.abc import Iterator, Sequence

from keyless.errors import KeylessError, ParseError, ServiceError, VerificationError
from keyless.safe_text import linked, shown

__all__ = [
    "Row",
    "html",
    "refusal_html",
    "refusal_text",
    "shown",
    "table_html",
    "table_text",
    "text",
]

# What it is, what it says, and what more there is to know of it: nothing, if empty.
Row = tuple[str, str, str]

# A field may be put together from several texts of outside, each of which was cut already.
LONGEST = 2000
WIDEST_CELL = 60

_TABLE = "border-collapse:collapse;margin:0.5em 0;background:none;color:inherit"
_LABEL = "text-align:left;vertical-align:top;font-weight:normal;opacity:0.7;padding:0.1em 1em 0 0"
_VALUE = "text-align:left;vertical-align:top;padding:0.1em 0;overflow-wrap:anywhere"
# A line for each row: what a stranger wrote may be long, and neither breaks nor widens the table.
_CELL = (
    "text-align:left;vertical-align:top;padding:0.1em 1em 0.1em 0;"
    "white-space:nowrap;max-width:26em;overflow:hidden;text-overflow:ellipsis"
)
_DETAIL = "margin:0.2em 0 0.4em 1em;opacity:0.85"


def text(title: str, rows: Sequence[Row]) -> str:
    """Write *rows* under *title*, a label and a value on each line, details below their value."""
    safe = [(_plain(label), _plain(value), _plain(detail)) for label, value, detail in rows]
    width = max((len(label) for label, _, _ in safe), default=0)
    lines = [_plain(title)]
    for label, value, detail in safe:
        lines.append(f"  {label:<{width}}  {value}".rstrip())
        if detail:
            lines.append(f"  {'':<{width}}    {detail}")
    return "\n".join(lines)


def html(title: str, rows: Sequence[Row]) -> str:
    """Write *rows* under *title* as one piece of HTML, details folded away."""
    body = "".join(map(_html_row, rows))
    table = f'<table style="{_TABLE}"><tbody>{body}</tbody></table>'
    return f"<div><strong>{_escaped(title)}</strong>{table}</div>"


def table_text(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write *rows* under *header* in columns; no cell is longer than `WIDEST_CELL`."""
    cells = [[_cell(each) for each in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(f"{each:<{width}}" for each, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


def table_html(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write *rows* under *header* as one table of HTML; what is cut off shows under a pointer."""
    head = "".join(f'<th scope="col" style="{_LABEL}">{_escaped(each)}</th>' for each in header)
    body = "".join(f"<tr>{''.join(map(_html_cell, row))}</tr>" for row in rows)
    table = f'<table style="{_TABLE}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div style="overflow:auto">{table}</div>'


def refusal_text(error: KeylessError) -> str:
    """Write what was refused and why, for a terminal."""
    return text(error.message, tuple(_reasons(error)))


def refusal_html(error: KeylessError) -> str:
    """Write what was refused and why, for a notebook."""
    return html(error.message, tuple(_reasons(error)))


def _reasons(error: KeylessError) -> Iterator[Row]:
    if isinstance(error, VerificationError | ParseError):
        yield "check", error.check.value, ""
    if isinstance(error, VerificationError):
        if error.found:
            yield "found", error.found, ""
        if error.wanted:
            yield "wanted", error.wanted, ""
    if isinstance(error, ServiceError):
        yield "service", error.service, f"status {error.status}" if error.status else ""
    if error.hint:
        yield "hint", error.hint, ""


def _html_row(row: Row) -> str:
    label, value, detail = row
    cell = _linked(value)
    if detail:
        more = f'<div style="{_DETAIL}">{_linked(detail)}</div>'
        cell = f"<details><summary>{cell}</summary>{more}</details>"
    head = f'<th scope="row" style="{_LABEL}">{_escaped(label)}</th>'
    return f'<tr>{head}<td style="{_VALUE}">{cell}</td></tr>'


def _html_cell(value: str) -> str:
    return f'<td style="{_CELL}" title="{_escaped(value)}">{_linked(value)}</td>'


def _linked(value: str) -> str:
    return linked(value) if value.startswith("https://") else _escaped(value)


def _escaped(value: str) -> str:
    return shown(value, medium="html", longest=LONGEST)


def _plain(value: str) -> str:
    return shown(value, longest=LONGEST)


def _cell(value: str) -> str:
    whole = shown(value, longest=LONGEST)
    return whole if len(whole) <= WIDEST_CELL else f"{whole[: WIDEST_CELL - 1]}…"

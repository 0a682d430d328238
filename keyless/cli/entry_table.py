# SPDX-License-Identifier: Apache-2.0
"""Entries as a table: as wide as the terminal and in its colours, or plain for a pipe."""

import sys

from keyless.cli import output
from keyless.explorer.listing import HEADER, Listing, row_of
from keyless.safe_text import shown

# Of which one may see the beginning only, where there is no room for more.
_CUT = frozenset({"identity", "issuer", "digest"})


def say_entries(entries: Listing) -> None:
    """Print *entries*, a line each."""
    if sys.stdout is None or not sys.stdout.isatty():
        output.say(str(entries))
        return
    # It takes longer to import than the log to answer, and a pipe has no use for it.
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False)
    for name in HEADER:
        table.add_column(name, no_wrap=True, overflow="ellipsis" if name in _CUT else "fold")
    for entry in entries:
        # `Text` has no markup: what a stranger wrote stays what it is.
        table.add_row(*(Text(shown(cell)) for cell in row_of(entry)))
    Console(file=sys.stdout).print(table)

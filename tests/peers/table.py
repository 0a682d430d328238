# SPDX-License-Identifier: Apache-2.0
"""The table in docs/interop.md: who signs what, and who takes it."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

from tests.peers.agreement import CLIENTS, NAMES, Agreement, Cell
from tests.peers.clients.client import IMAGE_KINDS, IMAGE_SETTINGS, KINDS, SETTINGS, Setting
from tests.peers.differences import not_signed, refused
from tests.peers.image_agreement import IMAGE_NAMES
from tests.peers.stack.programs import BY_NAME

PAGE = Path(__file__).parents[2] / "docs" / "interop.md"
BEGIN = "<!-- what `nox -s peers` found: written by it -->"
END = "<!-- end of what it found -->"
SERVERS = {
    "Fulcio": "fulcio",
    "ctfe": "ct-server",
    "timestamp-authority": "timestamp-server",
    "Rekor": "rekor-server",
    "Trillian": "trillian-server",
    "rekor-tiles": "rekor-tiles",
}
COLUMNS = tuple((setting.rekor, setting.tsa) for setting in SETTINGS if setting.kind == "file")


def table(found: Agreement) -> str:
    """Write what was *found*, with versions."""
    notes: list[str] = []
    heads = [f"log v{rekor}{'' if tsa else ', no TSA'}" for rekor, tsa in COLUMNS]
    lines = [f"| signed by | | {' | '.join(heads)} |", "|" + "---|" * (len(heads) + 2)]
    for name, kind, settings in _rows():
        cells = [_said((name, setting), found, notes) for setting in settings]
        lines.append(f"| {name} | {kind} | {' | '.join(cells)} |")
    remarks = [f"{number}. {note}" for number, note in enumerate(notes, 1)]
    return "\n".join([_versions(), "", *lines, "", *remarks])


def rewritten(page: str, found: Agreement) -> str:
    """Return *page* with its table as it was *found*."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n\n{table(found)}\n\n{END}{rest.split(END)[1]}"


def _rows() -> Iterator[tuple[str, str, list[Setting]]]:
    both = ((NAMES, KINDS, SETTINGS), (IMAGE_NAMES, IMAGE_KINDS, IMAGE_SETTINGS))
    for names, kinds, settings in both:
        for name, kind in product(names, kinds):
            yield name, kind, [setting for setting in settings if setting.kind == kind]


def _said(cell: Cell, found: Agreement, notes: list[str]) -> str:
    if cell in found.failures:
        why = not_signed(cell)
        return f"not signed{_note(why and why.because, notes)}"
    judges = IMAGE_NAMES if cell[1].kind in IMAGE_KINDS else NAMES
    refusing = [name for name in judges if found.verdicts[cell, name].of_the_true is not None]
    if not refusing:
        return "all"
    takers = "none" if len(refusing) == len(judges) else f"all but {', '.join(refusing)}"
    reasons = dict.fromkeys(why.because for name in refusing if (why := refused(cell, name)))
    marks = "".join(_note(reason, notes) for reason in reasons)
    return f"{takers}{marks}"


def _note(text: str | None, notes: list[str]) -> str:
    said = text or "for reasons that nobody knows yet"
    if said not in notes:
        notes.append(said)
    return f" ({notes.index(said) + 1})"


def _versions() -> str:
    clients = [f"{each.name} ({each.version})" for each in CLIENTS if each.name != "keyless"]
    servers = [f"{name} {BY_NAME[program].version[1:]}" for name, program in SERVERS.items()]
    return f"Clients: keyless, {', '.join(clients)}.\nServers: {', '.join(servers)}."

# SPDX-License-Identifier: Apache-2.0
"""What the commands that read a log on and on have in common: which log, whose entries, how shown.

With --json there is one document at the end, with --jsonl one object for each entry as it comes,
and nothing else on stdout; what is said of the reading itself goes to stderr in every case.
"""

import gc
import json
from collections.abc import Sequence

from keyless.cli import output
from keyless.cli.arguments import Parser
from keyless.cli.log_options import LogOptions, add_log_options, evidence_json
from keyless.cli.who_options import WhoOptions
from keyless.cli.witness_options import WitnessOptions, add_witness_options
from keyless.errors import InputError, KeylessError, SplitView
from keyless.explorer import Entry
from keyless.protocol.json_reader import JsonValue
from keyless.safe_text import shown


class ReadingOptions(WhoOptions, WitnessOptions, LogOptions):
    """What a command was told that reads a log."""

    jsonl: bool


class Shown:
    """Where entries go as they come; *options* say how, and *log* is where they are from."""

    def __init__(self, options: ReadingOptions) -> None:
        if options.json and options.jsonl:
            raise InputError("--json prints one document, and --jsonl many", hint="give one")
        self._as_lines = options.jsonl
        self._as_document = options.json
        self._kept: list[JsonValue] = []
        self._progress = output.Progress(0)
        self.count = 0
        # main() does without for one short command; this may be a long one.
        gc.enable()

    def tell(self, _: str, done: int, total: int) -> None:
        """Say on a terminal how far it has come."""
        self._progress.reach(done, total)

    def show(self, entry: Entry) -> None:
        """Show *entry* now, or keep it for the document."""
        self._progress.make_way()
        self.count += 1
        if self._as_document:
            self._kept.append(entry.to_json())
        elif self._as_lines:
            output.say(json.dumps(entry.to_json()))
        else:
            output.say(str(entry))
        output.finish()  # whoever listens at the other end of a pipe hears it now

    def end(self, error: KeylessError | None = None, **members: JsonValue) -> None:
        """Print the document, if there is to be one, with all other *members*."""
        self._progress.make_way()
        if self._as_document:
            document: dict[str, JsonValue] = {"keyless": 1, "error": None, **members}
            if error is not None:
                document["error"] = {**output.error_json(error), **evidence_json(error)}
            output.say_json({**document, "entries": self._kept})


def add_reading_options(parser: Parser) -> None:
    """Let *parser* know the words that all of these commands take."""
    add_log_options(parser)
    parser.add_argument("--jsonl", action="store_true", help="print one JSON object a line")
    add_witness_options(parser)


def tell_evidence(error: KeylessError) -> None:
    """Print both checkpoints of a split view: they are the evidence, and may never be had again."""
    if not isinstance(error, SplitView):
        return
    for name, note in (("older", error.older), ("newer", error.newer)):
        lines = "\n".join(f"  {shown(line)}" for line in note.splitlines())
        output.note(f"the {name} checkpoint:\n{lines}")


def tell_unreadable(entries: Sequence[object]) -> None:
    """Say which entries could not be read, as a signer may be in one."""
    if entries:
        some = ", ".join(shown(each) for each in entries[:5])
        more = f" and {len(entries) - 5} more" if len(entries) > 5 else ""
        output.note(f"not all can be read of {len(entries)} entries: {some}{more}")

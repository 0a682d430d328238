# SPDX-License-Identifier: Apache-2.0
"""`keyless log get`, `head` and `consistency`: one entry, what a log is now, and what it was."""

from collections.abc import Sequence

from keyless import files
from keyless.cli import output
from keyless.cli.arguments import Parser
from keyless.cli.log_options import (
    EXIT_CODES,
    LogOptions,
    add_log_options,
    add_unverified_option,
    failure_json,
    log_named,
    telling_in_json,
)
from keyless.cli.witness_options import (
    WitnessOptions,
    add_witness_options,
    cosignatures_json,
    witnesses_of,
)
from keyless.errors import InputError, KeylessError, SplitView
from keyless.evidence import VerifiedCheckpoint
from keyless.protocol.checkpoint import LARGEST_CHECKPOINT, Checkpoint
from keyless.protocol.json_reader import JsonValue
from keyless.report import text
from keyless.safe_text import shown
from keyless.verification.growth import verify_witnesses

_GET = """\
ENTRY is an index; a name of 64 or 80 hexadecimal digits; a link that has either in it, of which the
host is never asked; LOG:INDEX; or the path of a bundle, which is read without asking anybody.
"""


class GetOptions(LogOptions):
    """What `keyless log get` was told."""

    entry: str
    proof: bool
    rekor_cli: bool


class HeadOptions(WitnessOptions, LogOptions):
    """What `keyless log head` was told."""

    note: bool


class ConsistencyOptions(LogOptions):
    """What `keyless log consistency` was told."""

    old: str
    new: str | None


def get(arguments: Sequence[str]) -> int:
    """Run `keyless log get`."""
    parser = Parser(
        "log get",
        description="Show one entry of the log, once it is shown to be in there.",
        epilog=f"{_GET}\n{EXIT_CODES}",
    )
    parser.add_argument("entry", metavar="ENTRY", help="which one: see below")
    parser.add_argument("--proof", action="store_true", help="draw the proof that it is in there")
    parser.add_argument(
        "--rekor-cli", action="store_true", help="print it as `rekor-cli get --format json` does"
    )
    add_unverified_option(parser)
    add_log_options(parser)
    options = parser.parse_args(arguments, GetOptions())
    with telling_in_json(options, entry=None):
        entry = log_named(options).entry(options.entry)
    if options.rekor_cli:
        output.say_json(entry.to_rekor_cli_json())
    elif options.json:
        output.say_json({"keyless": 1, "error": None, "entry": entry.to_json()})
    else:
        output.say(str(entry))
        if options.proof:
            output.say(f"\n{entry.proof or 'it comes without a proof'}")
    return output.DONE


def head(arguments: Sequence[str]) -> int:
    """Run `keyless log head`."""
    parser = Parser(
        "log head",
        description="Show what the log commits to now, by its signed checkpoint.",
        epilog=f"Keep it with --note for `keyless log consistency`.\n\n{EXIT_CODES}",
    )
    parser.add_argument("--note", action="store_true", help="print the checkpoint, as it is signed")
    add_witness_options(parser)
    add_log_options(parser)
    options = parser.parse_args(arguments, HeadOptions())
    with telling_in_json(options, head=None):
        witnesses = witnesses_of(options)
        checkpoint = log_named(options).checkpoint()
        seen = () if witnesses is None else verify_witnesses(checkpoint, witnesses)
    if options.note:
        output.say_bytes(checkpoint.checkpoint.to_text().encode("utf-8"))
    elif options.json:
        head = {**_checkpoint_json(checkpoint), "cosignatures": cosignatures_json(seen)}
        output.say_json({"keyless": 1, "error": None, "head": head})
    else:
        rows = [*_rows(checkpoint), *(("witness", str(each), "") for each in seen)]
        output.say(text(f"head of {checkpoint.log}", rows))
    return output.DONE


def consistency(arguments: Sequence[str]) -> int:
    """Run `keyless log consistency`."""
    parser = Parser(
        "log consistency",
        description="Have the log show that it has grown from one checkpoint to another.",
        epilog=f"Checkpoints are files, as `keyless log head --note` writes them.\n\n{EXIT_CODES}",
    )
    parser.add_argument("old", metavar="OLD", help="a checkpoint of the log")
    parser.add_argument("new", metavar="NEW", nargs="?", help="another; else what the log is now")
    add_log_options(parser)
    options = parser.parse_args(arguments, ConsistencyOptions())
    try:
        log = log_named(options)
        old = _read(options.old)
        new = log.checkpoint().checkpoint if options.new is None else _read(options.new)
        log.consistent(old, new)
    except KeylessError as error:
        _tell_failure(error, as_json=options.json)
        raise
    if options.json:
        output.say_json({"keyless": 1, "error": None, "consistent": True})
    else:
        output.say(f"consistent: {_words(old)}, and {_words(new)}")
    return output.DONE


def _read(path: str) -> Checkpoint:
    data = files.read(path, largest=LARGEST_CHECKPOINT)
    try:
        return Checkpoint.parse(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise InputError(f"{shown(path)} is no checkpoint: it is not UTF-8") from None


def _tell_failure(error: KeylessError, *, as_json: bool) -> None:
    """Print both checkpoints of a split view: all that others need to see it for themselves."""
    if as_json:
        consistent = False if isinstance(error, SplitView) else None
        output.say_json(failure_json(error, consistent=consistent))
    elif isinstance(error, SplitView):
        for name, note in (("older", error.older), ("newer", error.newer)):
            lines = note.split("\n")
            output.say(f"{name}:")
            output.say("\n".join(shown(line, longest=LARGEST_CHECKPOINT) for line in lines))


def _words(checkpoint: Checkpoint) -> str:
    many = "1 entry" if checkpoint.size == 1 else f"{checkpoint.size} entries"
    return f"{shown(checkpoint.origin)} with {many}"


def _rows(checkpoint: VerifiedCheckpoint) -> list[tuple[str, str, str]]:
    return [
        ("origin", checkpoint.origin, ""),
        ("entries", str(checkpoint.size), ""),
        ("root", checkpoint.root.hex(), ""),
        *(("signed by", str(line), "") for line in checkpoint.checkpoint.signatures),
    ]


def _checkpoint_json(checkpoint: VerifiedCheckpoint) -> dict[str, JsonValue]:
    return {
        "log": checkpoint.log,
        "log_id": checkpoint.log_id.hex(),
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
        "checkpoint": checkpoint.checkpoint.to_text(),
    }

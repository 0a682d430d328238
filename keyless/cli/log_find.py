# SPDX-License-Identifier: Apache-2.0
"""`keyless log find`: what has been signed by somebody, of something, or with a key."""

import json
from collections.abc import Iterator, Sequence
from itertools import islice

from keyless.cli import output
from keyless.cli.arguments import Parser
from keyless.cli.entry_table import say_entries
from keyless.cli.log_options import (
    EXIT_CODES,
    LogOptions,
    add_log_options,
    add_unverified_option,
    log_named,
    telling_in_json,
)
from keyless.errors import InputError
from keyless.explorer import Entry
from keyless.explorer.hits import Hits
from keyless.explorer.listing import Listing
from keyless.protocol.json_reader import JsonValue

DESCRIPTION = """\
Search a log of version 1 for entries that have to do with all that is named, and show the newest,
each once it is shown to be in the log.
"""
EPILOG = f"""\
The log's index is beside its tree: every entry that it names is verified, and nothing shows that
it names all. A log of version 2 has none: keyless log scan reads the whole of it.

{EXIT_CODES}
"""
USUAL = 20
MOST = 100_000


class Options(LogOptions):
    """What `keyless log find` was told."""

    email: str | None
    subject: str | None
    artifact: str | None
    digest: str | None
    key: str | None
    certificate: str | None
    number: int
    all: bool
    jsonl: bool
    timeline: bool


def find(arguments: Sequence[str]) -> int:
    """Run `keyless log find`."""
    options = _parser().parse_args(arguments, Options())
    _demand_sense(options)
    progress = output.Progress(0)
    with telling_in_json(options, found=None, entries=[]):
        hits = _sought(options, progress)
        try:
            _show(hits, options, progress)
        finally:
            progress.make_way()
    _tell(hits)
    return output.DONE


def _parser() -> Parser:
    parser = Parser("log find", description=DESCRIPTION, epilog=EPILOG)
    sought = parser.add_argument_group("what to look for; of several, all")
    sought.add_argument("--email", metavar="ADDRESS", help="the signer's e-mail address")
    sought.add_argument(
        "--subject", metavar="NAME", help="any name of the signer's, as the URI of a workflow"
    )
    sought.add_argument("--artifact", metavar="FILE", help="what was signed, or spoken of")
    sought.add_argument("--digest", metavar="sha256:HEX", help="its digest")
    sought.add_argument("--key", metavar="FILE", help="the signer's public key, in PEM")
    sought.add_argument("--certificate", metavar="FILE", help="the signer's certificate, in PEM")
    parser.add_argument(
        "-n", "--number", metavar="N", type=int, default=USUAL, help=f"how many; else {USUAL}"
    )
    parser.add_argument("--all", action="store_true", help="all of them, however many")
    parser.add_argument(
        "--timeline", action="store_true", help="show how many there were each day instead"
    )
    parser.add_argument("--jsonl", action="store_true", help="print one JSON object a line")
    add_unverified_option(parser)
    add_log_options(parser)
    return parser


def _demand_sense(options: Options) -> None:
    if sum((options.json, options.jsonl, options.timeline)) > 1:
        raise InputError("--json, --jsonl and --timeline each print it all", hint="give one")
    if not 0 <= options.number <= MOST:
        raise InputError(f"--number {options.number} is not a number from 0 to {MOST}")


def _sought(options: Options, progress: output.Progress) -> Hits:
    return log_named(options).find(
        email=options.email,
        subject=options.subject,
        artifact=options.artifact,
        digest=options.digest,
        key=options.key,
        certificate=options.certificate,
        progress=progress.reach,
    )


def _show(hits: Hits, options: Options, progress: output.Progress) -> None:
    if options.timeline:
        output.say(str(hits.timeline()))
    elif options.json:
        entries: list[JsonValue] = [entry.to_json() for entry in _wanted(hits, options)]
        document: dict[str, JsonValue] = {"keyless": 1, "error": None, "found": len(hits)}
        output.say_json({**document, "entries": entries})
    elif options.jsonl:
        for entry in _wanted(hits, options):
            progress.make_way()
            output.say(json.dumps(entry.to_json()))
    elif len(hits):
        found = Listing(_wanted(hits, options))
        progress.make_way()
        say_entries(found)


def _wanted(hits: Hits, options: Options) -> Iterator[Entry]:
    return islice(hits, None if options.all else options.number)


def _tell(hits: Hits) -> None:
    """Say how many there are, beside what was shown of them."""
    many = "1 entry" if len(hits) == 1 else f"{len(hits)} entries"
    missing = f"; {len(hits.missing)} of them the log does not give out" if hits.missing else ""
    output.note(f"the log's index names {many} of {hits.sought}{missing}")

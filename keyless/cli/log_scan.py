# SPDX-License-Identifier: Apache-2.0
"""`keyless log scan`: every entry of a log of version 2 that names a signer, and none is missed."""

import os
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from keyless.batch import Executor
from keyless.cli import output
from keyless.cli.arguments import Parser
from keyless.cli.log_options import EXIT_CODES, log_named
from keyless.cli.log_reading import (
    ReadingOptions,
    Shown,
    add_reading_options,
    tell_evidence,
    tell_unreadable,
)
from keyless.cli.who_options import add_who_options, policy_of
from keyless.cli.witness_options import cosignatures_json, tell_cosignatures, witnesses_of
from keyless.errors import InputError, KeylessError
from keyless.explorer import Log
from keyless.explorer.directory import known_logs
from keyless.explorer.scan import Scan
from keyless.safe_text import shown as shown_safely

DESCRIPTION = """\
Read a whole log of version 2, or a part of it, and show every entry that names a signer. All that
was read is shown to be the tree that the log signs, so that nothing was left out.
"""
EPILOG = f"""\
Without --log, it is the newest log of version 2. A log of version 1 cannot be read like this; its
entries are found by keyless log find.

{EXIT_CODES}
"""
MOST_WORKERS = 64
_RANGE = re.compile(r"([0-9]{0,18}):([0-9]{0,18})")


class Options(ReadingOptions):
    """What `keyless log scan` was told."""

    range: str | None
    workers: int


def scan(arguments: Sequence[str]) -> int:
    """Run `keyless log scan`."""
    options = Options()
    _parser().parse_args(arguments, options)
    shown = Shown(options)
    try:
        log = _log(options)
        found = _scan(log, options, shown)
    except KeylessError as error:
        shown.end(error)
        tell_evidence(error)
        raise
    for entry in found.entries:
        shown.show(entry)
    shown.end(
        checkpoint=found.checkpoint.checkpoint.to_text(),
        range=[found.indexes.start, found.indexes.stop],
        unreadable=[*found.unreadable],
        cosignatures=cosignatures_json(found.cosignatures),
    )
    tell_cosignatures(found.cosignatures)
    tell_unreadable(found.unreadable)
    read = f"{len(found.indexes)} entries of {log.name}"
    output.note(f"{len(found.entries)} of {read} match")
    return output.DONE


def _parser() -> Parser:
    parser = Parser("log scan", description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument("--range", metavar="A:B", help="only entries A to just before B")
    parser.add_argument(
        "--workers",
        metavar="N",
        type=int,
        default=os.cpu_count() or 1,
        help="how many processes read; else one for each processor",
    )
    add_who_options(parser, "whose entries to look for", required=True)
    add_reading_options(parser)
    return parser


def _log(options: Options) -> Log:
    log = log_named(options)
    if options.log is not None or options.rekor is not None or log.shard.version == 2:
        return log
    for known in known_logs(log.sigstore):  # of each version, the newest comes first
        if known.version == 2:
            return log.shards[known.name]
    raise InputError(
        f"{shown_safely(log.sigstore.name)} has no log of version 2",
        hint="its log of version 1 can be searched: keyless log find",
    )


def _scan(log: Log, options: Options, shown: Shown) -> Scan:
    policy, witnesses = policy_of(options), witnesses_of(options)
    with _executor(options.workers) as executor:
        return log.scan(
            _range(options.range),
            match=policy,
            executor=executor,
            witnesses=witnesses,
            told=shown.tell,
        )


def _range(text: str | None) -> slice | None:
    if text is None:
        return None
    match = _RANGE.fullmatch(text)
    if match is None:
        raise InputError(f"--range {shown_safely(text, longest=80)} is none, as 0:1000 is")
    start, end = (int(digits) if digits else None for digits in match.groups())
    return slice(start, end)


def _executor(workers: int) -> AbstractContextManager[Executor | None]:
    if not 1 <= workers <= MOST_WORKERS:
        raise InputError(f"--workers {workers} is not a number from 1 to {MOST_WORKERS}")
    if workers == 1:
        return nullcontext()
    # It takes as long to import as the rest, and one worker does without.
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415

    return ProcessPoolExecutor(workers)

# SPDX-License-Identifier: Apache-2.0
"""`keyless log watch`: what was signed in somebody's name since the last time; for cron and CI."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime

from keyless.cli import output
from keyless.cli.arguments import Parser
from keyless.cli.log_options import log_named
from keyless.cli.log_reading import (
    ReadingOptions,
    Shown,
    add_reading_options,
    tell_evidence,
    tell_unreadable,
)
from keyless.cli.who_options import add_who_options, policy_of
from keyless.cli.witness_options import cosignatures_json, tell_cosignatures, witnesses_of
from keyless.errors import KeylessError
from keyless.explorer import Log
from keyless.explorer.follow import ONCE, Following
from keyless.explorer.log_v2 import ShardV2
from keyless.explorer.position import Position
from keyless.protocol.window import in_words
from keyless.safe_text import shown as shown_safely

DESCRIPTION = """\
Read what the logs have written down since the last time, and show what names a signer. How far it
was read is kept in FILE: without one there yet, it is made, and reading begins there and then.
"""
EPILOG = """\
Before an entry is shown, the log has proved that all it had shown before is still there. If it has
not, both of its checkpoints are printed: keep them, they are the evidence.

All logs of the instance are read, unless --log names one. One of version 1 gives out ten entries at
a time, and a busy one, as the public one, grows faster than that: there, keyless log find asks its
index, and --rekor 2 watches all the others.

An entry names whom its certificate says, and anybody can have a certificate of their own logged:
`authority` in what is shown says whether a trusted authority has issued it.

Exit codes: 0 read, 1 something matched and --fail-on-match was given, or the log was refused,
2 misused, 3 a service failed.
"""


class Options(ReadingOptions):
    """What `keyless log watch` was told."""

    since: str
    from_start: bool
    fail_on_match: bool


def watch(arguments: Sequence[str]) -> int:
    """Run `keyless log watch`."""
    options = Options()
    _parser().parse_args(arguments, options)
    shown = Shown(options)
    begins = not (options.from_start or os.path.lexists(options.since))
    try:
        log = log_named(options)
        following = _following(log, options, shown)
        for entry in following:
            shown.show(entry)
    except KeylessError as error:
        shown.end(error, matches=shown.count)
        tell_evidence(error)
        raise
    seen = [each for all_of_one in following.cosignatures.values() for each in all_of_one]
    shown.end(
        matches=shown.count,
        unreadable=[*following.unreadable],
        cosignatures=cosignatures_json(seen),
    )
    tell_cosignatures(seen)
    tell_unreadable(following.unreadable)
    if begins:
        output.note(
            f"{shown_safely(options.since)} is new: what comes from now on will be shown, nothing "
            "of before was looked at"
        )
    if options.log is not None:
        _tell_ended(log)
    output.note(f"new entries that match: {shown.count}")
    return output.REFUSED if shown.count and options.fail_on_match else output.DONE


def _parser() -> Parser:
    parser = Parser("log watch", description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument("--since", metavar="FILE", required=True, help="where it is kept how far")
    parser.add_argument(
        "--from-start", action="store_true", help="without FILE there, read all there is"
    )
    parser.add_argument(
        "--fail-on-match", action="store_true", help="exit with 1 if anything matches"
    )
    add_who_options(parser, "whose entries to look for", required=True)
    add_reading_options(parser)
    return parser


def _tell_ended(log: Log) -> None:
    """Say that nothing comes any more from a log that was named, and has ended."""
    end = log.shard.window.end if isinstance(log.shard, ShardV2) else None
    if end is not None and end < datetime.now(UTC):
        output.note(
            f"{log.name} has ended: nothing comes there since {in_words(end)}; with --rekor 2 in "
            "place of --log, those that come after it are read as well"
        )


def _following(log: Log, options: Options, shown: Shown) -> Following:
    if options.from_start and not os.path.lexists(options.since):
        Position.beginning().write(options.since)
    return log.follow(
        options.since,
        match=policy_of(options),
        witnesses=witnesses_of(options),
        pace=ONCE,
        told=shown.tell,
    )

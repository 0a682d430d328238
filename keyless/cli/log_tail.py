# SPDX-License-Identifier: Apache-2.0
"""`keyless log tail`: the last entries of a log, and those that come."""

from collections.abc import Callable, Sequence
from time import monotonic

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
from keyless.cli.who_options import add_who_options, names_somebody, policy_of
from keyless.cli.witness_options import tell_cosignatures, witnesses_of
from keyless.errors import InputError, KeylessError, ParseError
from keyless.explorer import Entry, Log
from keyless.explorer.follow import USUAL_PAUSE, Pace
from keyless.explorer.matching import is_match
from keyless.verification.growth import verify_witnesses

DESCRIPTION = """\
Show the last entries of a log, each shown to be in it; with --follow, go on with those that come.
"""
EPILOG = f"""\
Followed are all logs of the instance, unless one is named. The last entries are those of the log
of version 1 where there is one, else of the newest.

{EXIT_CODES}
"""
USUAL = 10
MOST = 100_000
SHORTEST_PAUSE = 1.0
TRUST_SECONDS = 3600.0


class Options(ReadingOptions):
    """What `keyless log tail` was told."""

    number: int
    follow: bool
    seconds: float
    rounds: int | None


def tail(arguments: Sequence[str]) -> int:
    """Run `keyless log tail`."""
    options = Options()
    _parser().parse_args(arguments, options)
    _demand_sense(options)
    shown = Shown(options)
    try:
        log = log_named(options)
        unreadable = _read(log, options, shown)
    except KeylessError as error:
        shown.end(error)
        tell_evidence(error)
        raise
    shown.end(unreadable=[*unreadable])
    tell_unreadable(unreadable)
    return output.DONE


def _parser() -> Parser:
    parser = Parser("log tail", description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument("-n", "--number", metavar="N", type=int, default=USUAL, help="how many")
    parser.add_argument("-f", "--follow", action="store_true", help="go on with those that come")
    parser.add_argument(
        "--seconds", metavar="S", type=float, default=USUAL_PAUSE, help="how often to look"
    )
    parser.add_argument("--rounds", metavar="N", type=int, help="stop when looked so many times")
    add_who_options(parser, "whose entries to show, if not all", required=False)
    add_reading_options(parser)
    return parser


def _demand_sense(options: Options) -> None:
    if not 0 <= options.number <= MOST:
        raise InputError(f"--number {options.number} is not a number from 0 to {MOST}")
    if not options.seconds >= SHORTEST_PAUSE:
        raise InputError(f"--seconds {options.seconds:g}: a log is not asked that often")
    if options.follow and options.json and options.rounds is None:
        raise InputError("--follow has no end, and --json is one document", hint="say --jsonl")


def _read(log: Log, options: Options, shown: Shown) -> list[str]:
    """Show what there is, and what comes; return what could not be read."""
    match = policy_of(options) if names_somebody(options) else None
    witnesses = witnesses_of(options)
    checkpoint = log.checkpoint()
    if witnesses is not None:
        tell_cosignatures(verify_witnesses(checkpoint, witnesses))
    unreadable: list[str] = []
    last: set[Entry] = set()
    for entry in log[-options.number :] if options.number else ():
        last.add(entry)
        try:
            if is_match(entry, match):
                shown.show(entry)
        except ParseError:
            unreadable.append(f"{entry.shard}:{entry.index}")
    if not options.follow:
        return unreadable
    following = log.follow(
        checkpoint,
        match=match,
        witnesses=witnesses,
        pace=Pace(seconds=options.seconds, rounds=options.rounds),
        renew=_renewed(log, options),
        told=shown.tell,
    )
    for entry in following:
        if entry not in last:
            shown.show(entry)
    return unreadable + following.unreadable


def _renewed(log: Log, options: Options) -> Callable[[], Log]:
    """Return what looks at trust again, when it is time: so the next shard of a log is found."""
    latest, looked = log, monotonic()

    def present() -> Log:
        nonlocal latest, looked
        if monotonic() - looked >= TRUST_SECONDS:
            latest, looked = log_named(options), monotonic()
        return latest

    return present

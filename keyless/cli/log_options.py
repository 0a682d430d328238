# SPDX-License-Identifier: Apache-2.0
"""The words by which a command is told which log to read, and whether to believe it."""

from contextlib import AbstractContextManager

from keyless.cli import output
from keyless.cli.arguments import Namespace, Parser
from keyless.cli.trust_options import INSTANCE_HELP
from keyless.errors import InputError, KeylessError, ParseError, SplitView
from keyless.explorer import Log, open_log
from keyless.instance import Sigstore, connect
from keyless.instance.sigstore import LogVersion
from keyless.protocol.json_reader import JsonValue
from keyless.safe_text import shown
from keyless.services.embedded_trust import INSTANCES

EXIT_CODES = "Exit codes: 0 done, 1 refused, 2 misused or not there, 3 a service failed."


class LogOptions(Namespace):
    """What a command was told of the log."""

    log: str | None
    rekor: LogVersion | None
    instance: str | None
    trust_config: str | None
    trusted_root: str | None
    offline: bool
    unverified: bool
    json: bool


def add_log_options(parser: Parser) -> None:
    """Let *parser* know all of the words."""
    group = parser.add_argument_group("which log, and whom to trust for it")
    group.add_argument(
        "--log",
        metavar="NAME",
        help="this one: its host, the first part of it, as in log2025-1, or the number of a tree; "
        "else the instance's log of version 1, or its newest",
    )
    group.add_argument(
        "--rekor",
        type=int,
        choices=(1, 2),
        help="the newest of this version; watched and followed are all of it",
    )
    group.add_argument("--instance", choices=INSTANCES, help=INSTANCE_HELP)
    group.add_argument(
        "--trust-config", metavar="FILE", help="the instance of this client trust configuration"
    )
    group.add_argument("--trusted-root", metavar="FILE", help="those in this trusted_root.json")
    group.add_argument(
        "--offline",
        action="store_true",
        help="trust what is known here, however old; the log is asked all the same",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def add_unverified_option(parser: Parser) -> None:
    """Let *parser* know how to ask for what nobody has verified."""
    parser.add_argument(
        "--unverified",
        action="store_true",
        help="show what the log says without verifying any of it; it is marked as such",
    )


def telling_in_json(options: LogOptions, **members: JsonValue) -> AbstractContextManager[None]:
    """Print, with --json, a document with *members* and what went wrong in the block, if it did."""
    return output.telling_in_json(lambda error: failure_json(error, **members), wanted=options.json)


def failure_json(error: KeylessError, **members: JsonValue) -> dict[str, JsonValue]:
    """Return the document that says what went wrong, beside *members*."""
    problem: JsonValue = {**output.error_json(error), **evidence_json(error)}
    return {"keyless": 1, "error": problem, **members}


def evidence_json(error: KeylessError) -> dict[str, JsonValue]:
    """Return what *error* is evidence of: both checkpoints of a split view."""
    if isinstance(error, SplitView):
        return {"older": error.older, "newer": error.newer}
    return {}


def log_named(options: LogOptions) -> Log:
    """Return the log that *options* name; the one step that may renew trust."""
    log = open_log(_connected(options), options.log, rekor=options.rekor)
    return log.unverified if getattr(options, "unverified", False) else log


def _connected(options: LogOptions) -> Sigstore:
    named = options.trust_config or options.trusted_root
    if named is not None and options.instance is not None:
        raise InputError("a file names an instance, and so does --instance: give one")
    try:
        return connect(
            options.instance,
            refresh="never" if options.offline else "daily",
            trust_config=options.trust_config,
            trusted_root=options.trusted_root,
        )
    except ParseError as error:
        if named is None:
            raise
        raise InputError(
            f"{shown(named)} does not say whom to trust: {error.message}", hint=error.hint
        ) from None

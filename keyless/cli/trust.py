# SPDX-License-Identifier: Apache-2.0
"""`keyless trust`: which trust is in use, how old it is, and how to renew or to keep it."""

from collections.abc import Sequence

from keyless.cli import output
from keyless.cli.arguments import Parser
from keyless.cli.trust_options import (
    INSTANCE_HELP,
    TrustOptions,
    add_trust_options,
    connected,
    trust_json,
)
from keyless.instance import Sigstore, connect
from keyless.protocol.chain import Authority
from keyless.protocol.timestamp import TimestampAuthority
from keyless.protocol.trusted_root import Log
from keyless.report import Row, text
from keyless.services.embedded_trust import INSTANCES


class Options(TrustOptions):
    """What `keyless trust` was told."""

    json: bool


def status(arguments: Sequence[str]) -> int:
    """Run `keyless trust status`."""
    parser = Parser("trust status", description="Say which trust is in use; no server is asked.")
    add_trust_options(parser)
    _add_json_option(parser)
    options = parser.parse_args(arguments, Options())
    options.offline = True
    return _say(connected(options), as_json=options.json)


def update(arguments: Sequence[str]) -> int:
    """Run `keyless trust update`."""
    parser = Parser("trust update", description="Bring trust up to date, however new it is.")
    parser.add_argument("--instance", choices=INSTANCES, help=INSTANCE_HELP)
    _add_json_option(parser)
    options = parser.parse_args(arguments, Options())
    return _say(connect(options.instance, refresh="now"), as_json=options.json)


def export(arguments: Sequence[str]) -> int:
    """Run `keyless trust export`."""
    parser = Parser(
        "trust export",
        description="Print the trusted root in use, byte for byte, as --trusted-root takes it.",
    )
    add_trust_options(parser)
    options = parser.parse_args(arguments, Options())
    output.say_bytes(connected(options).trusted_root_json)
    return output.DONE


def _add_json_option(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def _say(sigstore: Sigstore, *, as_json: bool) -> int:
    if as_json:
        output.say_json({"keyless": 1, "trust": trust_json(sigstore)})
    else:
        output.say(text(f"trust: {sigstore.trust}", _rows(sigstore)))
    return output.DONE


def _rows(sigstore: Sigstore) -> list[Row]:
    root = sigstore.trusted_root
    trusted: dict[str, Sequence[Log | Authority | TimestampAuthority]] = {
        "transparency log": root.logs,
        "certificate log": root.ct_logs,
        "certificate authority": root.authorities,
        "timestamp authority": root.timestamp_authorities,
    }
    return [
        ("trusted root", str(root.fingerprint), ""),
        *((what, one.name, str(one.window)) for what, every in trusted.items() for one in every),
        *(("not understood", skipped, "") for skipped in root.skipped),
    ]

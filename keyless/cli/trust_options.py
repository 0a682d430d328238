# SPDX-License-Identifier: Apache-2.0
"""The words by which every command is told whom to trust."""

from keyless.cli import output
from keyless.cli.arguments import Namespace, Parser
from keyless.errors import InputError, ParseError
from keyless.instance import Sigstore, connect
from keyless.protocol.json_reader import JsonValue
from keyless.safe_text import shown
from keyless.services.embedded_trust import INSTANCES

INSTANCE_HELP = "which public instance; else KEYLESS_INSTANCE says, else it is production"


class TrustOptions(Namespace):
    """What a command was told of trust."""

    trusted_root: str | None
    instance: str | None
    offline: bool


def add_trust_options(parser: Parser) -> None:
    """Let *parser* know all of the words."""
    group = parser.add_argument_group("whom to trust")
    group.add_argument("--trusted-root", metavar="FILE", help="those in this trusted_root.json")
    group.add_argument("--instance", choices=INSTANCES, help=INSTANCE_HELP)
    group.add_argument(
        "--offline",
        action="store_true",
        help="the newest that is known here, however old; so does KEYLESS_OFFLINE=1",
    )


def connected(options: TrustOptions) -> Sigstore:
    """Return the instance that *options* name; the one step that may ask the network."""
    try:
        sigstore = connect(
            options.instance,
            refresh="never" if options.offline else "daily",
            trusted_root=options.trusted_root,
        )
    except ParseError as error:
        if options.trusted_root is None:
            raise
        raise InputError(
            f"{shown(options.trusted_root)} is no trusted root: {error.message}", hint=error.hint
        ) from None
    if sigstore.trust.problem is not None:
        output.note(f"trust is not as new as it should be: {shown(sigstore.trust.problem)}")
    return sigstore


def trust_json(sigstore: Sigstore) -> JsonValue:
    """Return which trust is in use, and how old it is."""
    return {
        **sigstore.trust.to_json(),
        "trusted_root": str(sigstore.trusted_root.fingerprint),
    }

# SPDX-License-Identifier: Apache-2.0
"""The words by which a command is told who else must have seen a log."""

from collections.abc import Iterable

from keyless.cli import output
from keyless.cli.arguments import Namespace, Parser
from keyless.errors import InputError, ParseError
from keyless.evidence import VerifiedCosignature
from keyless.policy.witnesses import Witness, Witnesses
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.window import in_rfc3339
from keyless.safe_text import shown


class WitnessOptions(Namespace):
    """What a command was told of witnesses."""

    witness: list[str] | None
    quorum: int | None


def add_witness_options(parser: Parser) -> None:
    """Let *parser* know all of the words."""
    seen = parser.add_argument_group("who must have seen the log")
    seen.add_argument(
        "--witness",
        metavar="KEY",
        action="append",
        help="a witness, as name+hint+base64; may be given several times",
    )
    seen.add_argument(
        "--quorum", metavar="N", type=int, help="how many of the witnesses; else all of them"
    )


def witnesses_of(options: WitnessOptions) -> Witnesses | None:
    """Return who must have seen the log, if *options* name any."""
    keys = options.witness or []
    if not keys:
        if options.quorum is not None:
            raise InputError("a --quorum of no witnesses", hint="name them: --witness KEY")
        return None
    quorum = len(keys) if options.quorum is None else options.quorum
    return Witnesses(quorum, *map(_witness, keys))


def tell_cosignatures(seen: Iterable[VerifiedCosignature]) -> None:
    """Say who has seen the log."""
    for each in seen:
        output.note(str(each))


def cosignatures_json(seen: Iterable[VerifiedCosignature]) -> JsonValue:
    """Write who has seen the log."""
    return [{"witness": each.witness, "at": in_rfc3339(each.at)} for each in seen]


def _witness(text: str) -> Witness:
    try:
        return Witness.parse(text)
    except ParseError as error:
        raise InputError(f"--witness {shown(text, longest=120)}: {error.message}") from None

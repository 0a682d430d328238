# SPDX-License-Identifier: Apache-2.0
"""`keyless attest`: what is said of a file, signed by whoever says it."""

import gc
from collections.abc import Sequence

from keyless import files
from keyless.auth import Identity
from keyless.cli import output
from keyless.cli.arguments import Parser
from keyless.cli.places import ROOM, Place, bundle_of, demand_apart, demand_free, demand_room
from keyless.cli.publicity import foreseen, is_watched, say_publicity, tell
from keyless.cli.signing_options import (
    EPILOG,
    SigningOptions,
    add_signing_options,
    connected_to_sign,
    demand_no_token,
    identity_named,
)
from keyless.cli.signing_outcomes import (
    SigningOutcome,
    document,
    not_kept,
    one_code,
    say_outcome,
)
from keyless.cli.trust_options import trust_json
from keyless.errors import InputError, KeylessError, ParseError
from keyless.instance import Sigstore
from keyless.protocol.predicate_types import PREDICATE_TYPES, predicate_name
from keyless.protocol.statement import Statement
from keyless.safe_text import shown
from keyless.session import Signer
from keyless.session.subject import stated
from keyless.signing import LARGEST_STATEMENT
from keyless.value import replace, value

DESCRIPTION = """\
Sign a statement: that the predicate in a file, a JSON object, is true of FILE. It is kept beside
FILE, under a name of its type, as in FILE.spdx.sigstore.json.
"""
TYPE_HELP = f"what the predicate is: a URI, or one of {', '.join(PREDICATE_TYPES)}"


class Options(SigningOptions):
    """What `keyless attest` was told."""

    predicate: str | None
    type: str | None
    statement: str | None


@value
class Said:
    """A statement as it will be signed, about *file*."""

    file: str
    payload: bytes
    predicate_type: str


def attest(arguments: Sequence[str]) -> int:
    """Run `keyless attest`."""
    demand_no_token(arguments)
    options = Options()
    _parser().parse_files(arguments, options)
    gc.enable()  # as for `keyless sign`
    with output.telling_in_json(lambda error: document((), error=error), wanted=options.json):
        return _run(options)


def _parser() -> Parser:
    parser = Parser("attest", description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument("files", metavar="FILE", nargs="*", help="what the statement is about")
    what = parser.add_argument_group("what is said")
    what.add_argument("--predicate", metavar="JSON", help="the file with the predicate")
    what.add_argument("--type", metavar="TYPE", help=TYPE_HELP)
    what.add_argument(
        "--statement",
        metavar="JSON",
        help="instead of all these: a file with an in-toto statement, signed byte for byte",
    )
    add_signing_options(parser)
    return parser


def _run(options: Options) -> int:
    said = _said(options)
    place = _place(options, said)
    demand_apart([place])
    sigstore = connected_to_sign(options)
    identity = identity_named(options, sigstore)
    public = foreseen(identity, said.payload, sigstore=sigstore)
    if options.dry_run:
        return say_publicity(public, as_json=options.json)
    demand_room([place], size=ROOM + 2 * len(said.payload))
    if is_watched():
        tell(public)
    outcome = _signed(said, place, options, identity=identity, sigstore=sigstore)
    if options.json:
        output.say_json(document([outcome], trust=trust_json(sigstore)))
    elif outcome.error is None:
        say_outcome(outcome, alone=True)
    else:
        output.complain(outcome.error, about=outcome.file)
    return one_code([outcome])


def _said(options: Options) -> Said:
    """Return the statement to sign; refuse, before anybody is asked, what is none."""
    if options.statement is not None:
        if options.files or options.predicate is not None or options.type is not None:
            raise InputError("--statement says already what is said, and of what")
        return _written_already(options.statement)
    if len(options.files) != 1 or options.predicate is None or options.type is None:
        raise InputError(
            "an attestation is about one FILE, and needs --predicate and --type",
            hint="keyless attest app.whl --predicate sbom.json --type spdx",
        )
    (file,) = options.files
    _, statement = stated(file, options.predicate, options.type)
    return Said(file=file, payload=statement.to_json(), predicate_type=statement.predicate_type)


def _written_already(path: str) -> Said:
    payload = files.read(path, largest=LARGEST_STATEMENT)
    try:
        statement = Statement.parse(payload)
    except ParseError as error:
        raise InputError(
            f"{shown(path)} is no statement: {error.message}", hint=error.hint
        ) from None
    return Said(file=path, payload=payload, predicate_type=statement.predicate_type)


def _place(options: Options, said: Said) -> Place:
    if options.bundle is not None:
        return Place(file=said.file, bundle=options.bundle)
    kind = predicate_name(said.predicate_type) or "attestation"
    return Place(file=said.file, bundle=bundle_of(said.file, options.output_dir, kind=f".{kind}"))


def _signed(
    said: Said, place: Place, options: Options, *, identity: Identity, sigstore: Sigstore
) -> SigningOutcome:
    with Signer(identity, sigstore=sigstore) as signer:
        if not options.overwrite:
            demand_free(place, signer.credential().material, said.predicate_type)
        signed = replace(signer.attest_statement(said.payload), path=said.file)
    try:
        signed.save(place.bundle, overwrite="anything" if options.overwrite else "own")
    except KeylessError as error:
        return SigningOutcome(file=said.file, signed=signed, error=not_kept(error))
    return SigningOutcome(file=said.file, signed=signed, bundle=place.bundle)

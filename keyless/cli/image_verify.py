# SPDX-License-Identifier: Apache-2.0
"""`keyless image verify` and `verify-attestation`: who signed an image, and what they say of it."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from keyless.cli import output
from keyless.cli.arguments import Parser
from keyless.cli.image_options import (
    IMAGES,
    AnnotationWords,
    RegistryWords,
    add_annotation_option,
    add_registry_options,
    annotations_of,
    demand_no_password,
    registry_options,
)
from keyless.cli.trust_options import TrustOptions, add_trust_options, connected, trust_json
from keyless.cli.who_options import WhoOptions, add_who_options, policy_of
from keyless.errors import KeylessError, NoMatchingSignature
from keyless.facade.images import verify_attestations, verify_image
from keyless.images.cosign_output import cosign_attestations_json, cosign_json
from keyless.images.formats import ReadFormat
from keyless.images.proof import ImageProof, ImageStatements, rejected_json
from keyless.instance import Sigstore
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.predicate_types import PREDICATE_TYPES

FORMATS: tuple[ReadFormat, ...] = ("any", "bundle", "legacy")
EPILOG = f"""\
{IMAGES}
A tag may move: deploy the pinned reference that is printed.

An identity and an issuer are as for keyless verify. All signatures that are found are judged, in
bundles and legacy ones; one that holds is enough.

Exit codes: 0 verified, 1 refused, 2 misused, 3 a registry or service failed; and as cosign's:
10 there is no signature, 11 no such image, 12 there are signatures, and none is as was asked for.
"""
TYPE_HELP = f"what kind of statement: a URI, or one of {', '.join(PREDICATE_TYPES)}"
REFUSALS = {output.REFUSED, output.UNSIGNED, output.NONE_MATCHES}


class JudgeOptions(WhoOptions, TrustOptions, RegistryWords):
    """What both commands were told."""

    image: str
    format: ReadFormat
    output: str


class VerifyOptions(JudgeOptions, AnnotationWords):
    """What `keyless image verify` was told."""

    platform: str | None
    recursive: bool


class AttestationOptions(JudgeOptions):
    """What `keyless image verify-attestation` was told."""

    type: str


def verify(arguments: Sequence[str]) -> int:
    """Run `keyless image verify`."""
    demand_no_password(arguments)
    parser = _parser(
        "image verify",
        "Decide whether whom you name signed IMAGE.",
        ("text", "json", "pinned", "cosign-json"),
    )
    add_annotation_option(parser, "something the signer must have said of the image")
    parser.add_argument(
        "--platform", metavar="OS/ARCH", help="verify this part of a multi-platform image"
    )
    parser.add_argument(
        "--recursive", action="store_true", help="verify the image, and each part of it as well"
    )
    options = parser.parse_args(arguments, VerifyOptions())
    with _told(options):
        policy = policy_of(options)
        said = annotations_of(options)
        registry = registry_options(options, options.image)
        sigstore = connected(options)
        proof = verify_image(
            options.image,
            policy=policy,
            annotations=said,
            format=options.format,
            platform=options.platform,
            recursive=options.recursive,
            options=registry,
            sigstore=sigstore,
        )
    for each in (proof, *proof.platforms):
        _note_missing(each)
    if options.output == "cosign-json":
        output.say(json.dumps(_cosign_json(proof)))
    else:
        _say(proof, options, sigstore)
    return output.DONE


def verify_attestation(arguments: Sequence[str]) -> int:
    """Run `keyless image verify-attestation`."""
    demand_no_password(arguments)
    parser = _parser(
        "image verify-attestation",
        "Decide what those whom you name say of IMAGE, in statements of one type.",
        ("text", "json", "pinned", "predicate", "cosign-json"),
    )
    parser.add_argument("--type", metavar="TYPE", required=True, help=TYPE_HELP)
    options = parser.parse_args(arguments, AttestationOptions())
    with _told(options):
        policy = policy_of(options)
        registry = registry_options(options, options.image)
        sigstore = connected(options)
        statements = verify_attestations(
            options.image,
            type=options.type,
            policy=policy,
            format=options.format,
            options=registry,
            sigstore=sigstore,
        )
    if options.output == "predicate":
        _say_lines(each.predicate for each in statements)
    elif options.output == "cosign-json":
        _say_lines(cosign_attestations_json(statements))
    else:
        _say(statements, options, sigstore)
    return output.DONE


def _parser(command: str, description: str, outputs: tuple[str, ...]) -> Parser:
    parser = Parser(command, description=description, epilog=EPILOG)
    parser.add_argument("image", metavar="IMAGE", help="which image: see below")
    add_who_options(parser, "who must have signed", required=True)
    add_trust_options(parser)
    parser.add_argument(
        "--format", choices=FORMATS, default="any", help="only such signatures count; else any"
    )
    parser.add_argument("--output", choices=outputs, default="text", help="what to print")
    parser.add_argument(
        "--json", action="store_const", const="json", dest="output", help="as --output json"
    )
    add_registry_options(parser)
    return parser


@contextmanager
def _told(options: JudgeOptions) -> Iterator[None]:
    """Print why there is no proof as JSON, if that is wanted, before it is complained of."""
    try:
        yield
    except KeylessError as error:
        if options.output == "json":
            rejected = error.rejected if isinstance(error, NoMatchingSignature) else ()
            told: dict[str, JsonValue] = {
                "error": output.error_json(error),
                "rejected": rejected_json(rejected),
            }
            refused = output.exit_code(error) in REFUSALS
            output.say_json({**_document("refused" if refused else "error"), **told})
        raise


def _say(proof: ImageProof | ImageStatements, options: JudgeOptions, sigstore: Sigstore) -> None:
    match options.output:
        case "json":
            told = {"trust": trust_json(sigstore), "image": proof.to_json()}
            output.say_json({**_document("verified"), **told})
        case "pinned":
            output.say(proof.pinned)
        case _:
            output.say(str(proof))


def _document(verdict: str) -> dict[str, JsonValue]:
    """Return the schema of `--json`: members may be added to it, and none is taken away."""
    return {
        "keyless": 1,
        "verdict": verdict,
        "error": None,
        "trust": None,
        "rejected": [],
        "image": None,
    }


def _note_missing(proof: ImageProof) -> None:
    """Say what is missing in all that holds: legacy signatures lack what a bundle has."""
    if all(signature.missing for signature in proof.signatures):
        said = dict.fromkeys(each for signature in proof.signatures for each in signature.missing)
        output.note(f"{'; '.join(said)}: --format bundle would ask for a proof")


def _cosign_json(proof: ImageProof) -> list[JsonValue]:
    return [signed for each in (proof, *proof.platforms) for signed in cosign_json(each)]


def _say_lines(documents: Iterable[JsonValue]) -> None:
    for document in documents:
        output.say(json.dumps(document))

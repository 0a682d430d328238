# SPDX-License-Identifier: Apache-2.0
"""`keyless image generate`, `attach` and `clean`: signatures made elsewhere, and taken away."""

import gc
from collections.abc import Sequence

from keyless import files
from keyless.cli import output
from keyless.cli.arguments import Parser
from keyless.cli.image_options import (
    EXIT_CODES,
    IMAGES,
    AnnotationWords,
    RegistryWords,
    add_annotation_option,
    add_json_option,
    add_registry_options,
    annotations_of,
    demand_no_password,
    registry_options,
    told_as_json,
)
from keyless.cli.trust_options import TrustOptions, add_trust_options, connected
from keyless.cli.who_options import WhoOptions, add_who_options, policy_of
from keyless.facade.carrying import SIGNATURES, attach_signature, clean_image, generate
from keyless.images.clean import KINDS, Kind

LARGEST_PAYLOAD = 1 << 20
VERIFIED = """\
The bundle is verified first: one that is not by whom you name is not attached. Made of a file,
rather than of a statement, it has to sign what keyless image generate prints, or what --payload
names, and becomes a legacy signature."""


class GenerateOptions(RegistryWords, AnnotationWords):
    """What `keyless image generate` was told."""

    image: str


class AttachOptions(WhoOptions, TrustOptions, RegistryWords, AnnotationWords):
    """What `keyless image attach` was told."""

    image: str
    bundle: str
    payload: str | None


class CleanOptions(RegistryWords):
    """What `keyless image clean` was told."""

    image: str
    kind: list[Kind] | None
    dry_run: bool


def payload(arguments: Sequence[str]) -> int:
    """Run `keyless image generate`."""
    demand_no_password(arguments)
    parser = _parser("image generate", "Print what a legacy signature of IMAGE signs.", EXIT_CODES)
    add_annotation_option(parser, "something to say of the image, in there")
    options = parser.parse_args(arguments, GenerateOptions())
    said, registry = annotations_of(options), registry_options(options, options.image)
    output.say_bytes(generate(options.image, annotations=said, options=registry))
    return output.DONE


def attach(arguments: Sequence[str]) -> int:
    """Run `keyless image attach`."""
    demand_no_password(arguments)
    parser = _parser(
        "image attach",
        "Attach to IMAGE a signature of it that was made elsewhere, a BUNDLE.",
        f"{VERIFIED}\n\nExit codes: 1 it was refused; else {EXIT_CODES.partition(': ')[2]}",
    )
    parser.add_argument("bundle", metavar="BUNDLE", help="the file with the bundle")
    parser.add_argument("--payload", metavar="FILE", help="what the bundle signs, if it is a file")
    add_annotation_option(parser, "something the signer must have said of the image")
    add_who_options(parser, "who must have signed", required=True)
    add_trust_options(parser)
    add_json_option(parser)
    options = parser.parse_args(arguments, AttachOptions())
    with told_as_json({"signature": None}, wanted=options.json):
        signature = attach_signature(
            options.image,
            options.bundle,
            policy=policy_of(options),
            payload=_payload(options.payload),
            annotations=annotations_of(options),
            options=registry_options(options, options.image),
            sigstore=connected(options),
        )
    if options.json:
        output.say_json({"keyless": 1, "error": None, "signature": signature.to_json()})
    else:
        output.say(str(signature))
    return output.DONE


def clean(arguments: Sequence[str]) -> int:
    """Run `keyless image clean`."""
    demand_no_password(arguments)
    parser = _parser(
        "image clean",
        "Remove the signatures of IMAGE, or what else is named. What others attached to it stays.",
        EXIT_CODES,
    )
    parser.add_argument(
        "--kind", choices=KINDS, action="append", help="what to remove; else signature"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would be removed, and remove nothing"
    )
    add_json_option(parser)
    options = parser.parse_args(arguments, CleanOptions())
    gc.enable()
    with told_as_json({"image": None}, wanted=options.json):
        cleaned = clean_image(
            options.image,
            kinds=options.kind or SIGNATURES,
            dry_run=options.dry_run,
            options=registry_options(options, options.image),
        )
    if options.json:
        output.say_json({"keyless": 1, "error": None, "image": cleaned.to_json()})
    else:
        output.say(str(cleaned))
    return output.DONE


def _parser(command: str, description: str, epilog: str) -> Parser:
    parser = Parser(command, description=description, epilog=f"{IMAGES}\n\n{epilog}")
    parser.add_argument("image", metavar="IMAGE", help="which image: see below")
    add_registry_options(parser)
    return parser


def _payload(path: str | None) -> bytes | None:
    return None if path is None else files.read(path, largest=LARGEST_PAYLOAD)

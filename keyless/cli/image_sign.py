# SPDX-License-Identifier: Apache-2.0
"""`keyless image sign` and `attest`: an image by its digest, and what is said of it."""

import gc
import os
from collections.abc import Sequence

from keyless import files
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
    told_as_json,
)
from keyless.cli.places import Place, demand_room
from keyless.cli.publicity import is_watched, tell
from keyless.cli.signing_options import (
    AS_WHOM,
    SignerOptions,
    add_signer_options,
    connected_to_sign,
    demand_no_token,
    identity_named,
)
from keyless.cli.trust_options import trust_json
from keyless.disclosure import Disclosure
from keyless.errors import InputError, NotPushed
from keyless.facade.signing import Signer
from keyless.images.formats import WriteFormat
from keyless.images.signed import SignedImage
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.predicate_types import PREDICATE_TYPES
from keyless.safe_text import shown
from keyless.services.registry_options import RegistryOptions

FORMATS: tuple[WriteFormat, ...] = ("bundle", "legacy", "both")
EPILOG = f"""\
{IMAGES} A tag is
resolved once and told; the digest that it stands for is what is signed.

{AS_WHOM}
Exit codes: 0 signed, 1 a service lied, 2 misused, 3 a registry or service failed or no identity
could be had, 11 there is no such image.
"""
TYPE_HELP = f"what the predicate is: a URI, or one of {', '.join(PREDICATE_TYPES)}"
NOTHING: dict[str, JsonValue] = {"result": "failed", "trust": None, "disclosure": None}


class MakeOptions(SignerOptions, RegistryWords):
    """What both commands were told."""

    image: str
    format: WriteFormat
    no_push: bool
    bundle: str | None


class SignOptions(MakeOptions, AnnotationWords):
    """What `keyless image sign` was told."""

    recursive: bool


class AttestOptions(MakeOptions):
    """What `keyless image attest` was told."""

    predicate: str
    type: str


def sign(arguments: Sequence[str]) -> int:
    """Run `keyless image sign`."""
    demand_no_token(arguments)
    demand_no_password(arguments)
    parser = _parser("image sign", "Sign IMAGE, and put the signature where its verifiers look.")
    add_annotation_option(parser, "something to say of the image, which is signed as well")
    parser.add_argument(
        "--recursive", action="store_true", help="sign each part of a multi-platform image, too"
    )
    options = parser.parse_args(arguments, SignOptions())
    gc.enable()  # main() does without for what is over at once: this waits for servers
    with told_as_json({**NOTHING, "image": None}, wanted=options.json):
        return _sign(options)


def attest(arguments: Sequence[str]) -> int:
    """Run `keyless image attest`."""
    demand_no_token(arguments)
    demand_no_password(arguments)
    parser = _parser(
        "image attest",
        "Sign a statement: that the predicate in a file, a JSON object, is true of IMAGE.",
    )
    parser.add_argument(
        "--predicate", metavar="JSON", required=True, help="the file with the predicate"
    )
    parser.add_argument("--type", metavar="TYPE", required=True, help=TYPE_HELP)
    options = parser.parse_args(arguments, AttestOptions())
    gc.enable()
    with told_as_json({**NOTHING, "image": None}, wanted=options.json):
        return _attest(options)


def _parser(command: str, description: str) -> Parser:
    parser = Parser(command, description=description, epilog=EPILOG)
    parser.add_argument("image", metavar="IMAGE", help="which image: see below")
    add_signer_options(parser)
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="bundle",
        help="bundle, as cosign 3 writes it; legacy, as cosign 2 did; or both",
    )
    parser.add_argument(
        "--no-push", action="store_true", help="leave the registry as it is; needs --bundle"
    )
    parser.add_argument("--bundle", metavar="FILE", help="write the bundle to FILE as well")
    add_registry_options(parser)
    return parser


def _sign(options: SignOptions) -> int:
    _demand_place(options, one=not options.recursive)
    said = annotations_of(options)
    registry = registry_options(options, options.image)
    sigstore = connected_to_sign(options)
    with Signer(identity_named(options, sigstore), sigstore=sigstore) as signer:
        if options.dry_run or is_watched():
            public = signer.image_disclosures(
                options.image, annotations=said, format=options.format, options=registry
            )
            if options.dry_run:
                return _say_public(public, as_json=options.json)
            _tell_public(public)
        with _Rescue(options):
            signed = signer.sign_image(
                options.image,
                annotations=said,
                format=options.format,
                recursive=options.recursive,
                push=not options.no_push,
                tell=output.note,
                options=registry,
            )
    return _say(signed, options, trust_json(sigstore))


def _attest(options: AttestOptions) -> int:
    _demand_place(options, one=True)
    registry = registry_options(options, options.image)
    sigstore = connected_to_sign(options)
    with Signer(identity_named(options, sigstore), sigstore=sigstore) as signer:
        if options.dry_run or is_watched():
            public = _disclosed(signer, options, registry)
            if options.dry_run:
                return _say_public(public, as_json=options.json)
            _tell_public(public)
        with _Rescue(options):
            signed = signer.attest_image(
                options.image,
                predicate=options.predicate,
                type=options.type,
                format=options.format,
                push=not options.no_push,
                tell=output.note,
                options=registry,
            )
    return _say(signed, options, trust_json(sigstore))


def _disclosed(
    signer: Signer, options: AttestOptions, registry: RegistryOptions
) -> tuple[Disclosure, ...]:
    only = signer.image_attestation_disclosure(
        options.image, predicate=options.predicate, type=options.type, options=registry
    )
    return (only,)


def _demand_place(options: MakeOptions, *, one: bool) -> None:
    """Refuse, before anything is public, what would leave nobody with the bundle."""
    path = options.bundle
    if path is None:
        if options.no_push and not options.dry_run:
            raise InputError(
                "what is not pushed has to be kept somewhere", hint="name a file: --bundle FILE"
            )
        return
    if not one or options.format == "both":
        raise InputError("--bundle is for one signature: of one image, in one format")
    if os.path.lexists(path):
        raise InputError(
            f"{shown(path)} is there already", hint="name a new file for the bundle, or remove it"
        )
    demand_room([Place(file=options.image, bundle=path)])


class _Rescue:
    """Keeps the bundle of what was signed and logged, and could not be pushed."""

    def __init__(self, options: MakeOptions) -> None:
        self._path = options.bundle

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        """Keep it, and let the error be."""
        if isinstance(error, NotPushed) and self._path is not None and len(error.bundles) == 1:
            files.write(self._path, error.bundles[0])
            output.note(
                f"the bundle is in {shown(self._path)}: keyless image attach puts it to the image"
            )


def _say_public(public: Sequence[Disclosure], *, as_json: bool) -> int:
    if as_json:
        told: list[JsonValue] = [each.to_json() for each in public]
        output.say_json({**_document("disclosed"), "disclosure": told})
    else:
        for each in public:
            output.say(str(each))
        output.note("nothing was signed")
    return output.DONE


def _tell_public(public: Sequence[Disclosure]) -> None:
    if is_watched():
        for each in public:
            tell(each)


def _say(signed: SignedImage, options: MakeOptions, trust: JsonValue) -> int:
    if options.bundle is not None:
        files.write_bundle(options.bundle, signed.bundle)
    if options.json:
        output.say_json({**_document("signed"), "trust": trust, "image": signed.to_json()})
    else:
        output.say(str(signed))
        if options.bundle is not None:
            output.say(f"bundle: {shown(options.bundle)}")
    return output.DONE


def _document(result: str) -> dict[str, JsonValue]:
    return {"keyless": 1, "error": None, **NOTHING, "result": result, "image": None}

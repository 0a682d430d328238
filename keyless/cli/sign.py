# SPDX-License-Identifier: Apache-2.0
"""`keyless sign`: one file or a thousand, under one identity, each with its bundle."""

import gc
from collections.abc import Sequence
from os.path import normpath

from keyless.cli import output
from keyless.cli.arguments import Parser
from keyless.cli.artifacts import DIGEST_PREFIXES, Artifact, artifacts_named, is_bundle
from keyless.cli.checksums import artifacts_listed, demand_listable
from keyless.cli.places import Place, demand_apart, places_for
from keyless.cli.publicity import publicity, say_publicity
from keyless.cli.signing_options import (
    EPILOG,
    add_signing_options,
    connected_to_sign,
    demand_no_token,
    identity_named,
)
from keyless.cli.signing_outcomes import complain_of_all, document, one_code
from keyless.cli.signing_run import SigningRun, SignOptions
from keyless.cli.trust_options import trust_json
from keyless.errors import InputError
from keyless.protocol.digest import Digest
from keyless.safe_text import shown

DESCRIPTION = """\
Sign FILE, or the digest of one as in sha256:0f5e…, and keep the proof beside it, as
FILE.sigstore.json. Of many files, one that fails does not stop the rest. What is a bundle is not
signed itself, so that dist/* can be signed again.
"""


def sign(arguments: Sequence[str]) -> int:
    """Run `keyless sign`."""
    demand_no_token(arguments)
    options = SignOptions()
    _parser().parse_files(arguments, options)
    gc.enable()  # main() does without for what is over at once: this waits for servers
    with output.telling_in_json(lambda error: document((), error=error), wanted=options.json):
        return _run(options)


def _parser() -> Parser:
    parser = Parser("sign", description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument("files", metavar="FILE", nargs="*", help="what to sign")
    lists = parser.add_argument_group("lists of files with their digests, as sha256sum writes them")
    lists.add_argument("--manifest", metavar="LIST", help="sign what LIST names, as it is listed")
    lists.add_argument(
        "--checksums", metavar="LIST", help="write LIST of what was signed, and sign it as well"
    )
    add_signing_options(parser)
    parser.add_argument(
        "--resume", action="store_true", help="sign only what has no valid bundle of yours yet"
    )
    return parser


def _run(options: SignOptions) -> int:
    artifacts = _artifacts(options)
    places = _places(options, artifacts)
    sigstore = connected_to_sign(options)
    identity = identity_named(options, sigstore)
    if options.dry_run:
        sources = [artifact.source for artifact in artifacts if artifact.problem is None]
        return say_publicity(publicity(sources, identity, sigstore=sigstore), as_json=options.json)
    outcomes = SigningRun(options, artifacts, places).sign(identity, sigstore)
    if options.json:
        output.say_json(document(outcomes, trust=trust_json(sigstore)))
        return one_code(outcomes)
    complain_of_all(outcomes)
    if len(outcomes) > 1:
        output.note(f"{sum(each.error is None for each in outcomes)} of {len(outcomes)} signed")
    return one_code(outcomes)


def _artifacts(options: SignOptions) -> list[Artifact]:
    if (options.manifest is None) is (not options.files):
        raise InputError("name what to sign: files or digests; or a list of them with --manifest")
    if options.manifest is not None:
        return list(artifacts_listed(options.manifest))
    words = dict.fromkeys(options.files)
    artifacts = [artifact for word in words if (artifact := _artifact(word, options.checksums))]
    if not artifacts:
        raise InputError(
            "of what was named, nothing is signed itself: it is bundles, or the list to be written"
        )
    return artifacts


def _artifact(word: str, checksums: str | None) -> Artifact | None:
    """Return what is called *word*; nothing if it is not signed itself, or not now."""
    if word.startswith(DIGEST_PREFIXES):
        return next(artifacts_named([word]))
    if is_bundle(word):
        output.note(f"{shown(word)} is a bundle, and not signed itself")
        return None
    if checksums is not None and normpath(checksums) == normpath(word):
        return None  # it is to be written, and then signed
    return Artifact(name=word, source=word)


def _places(options: SignOptions, artifacts: Sequence[Artifact]) -> list[Place]:
    """Return where the bundles go; refuse, before anybody is asked, what could not work."""
    names = [artifact.name for artifact in artifacts]
    if options.bundle is not None and (len(names) > 1 or options.output_dir is not None):
        raise InputError(
            "--bundle is for one file, and says all of where its bundle goes",
            hint="--output-dir names a folder for the bundles of several",
        )
    has_digest = any(isinstance(each.source, Digest) for each in artifacts)
    is_placed = options.bundle is not None and options.checksums is None
    if has_digest and (len(names) > 1 or not is_placed):
        raise InputError(
            "a digest is signed alone, and there is no place beside it for its bundle",
            hint="name one: --bundle FILE",
        )
    if options.checksums is not None:
        demand_listable(options.checksums, names)
    if options.bundle is not None:
        places = [Place(file=names[0], bundle=options.bundle)]
    else:
        places = places_for(names, folder=options.output_dir)
    demand_apart(places)
    return places

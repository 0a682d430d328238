# SPDX-License-Identifier: Apache-2.0
"""`keyless verify`: one file or a thousand, and who must have signed them."""

import gc
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext

from keyless.batch import Executor
from keyless.cli import output
from keyless.cli.arguments import FileOptions, Parser
from keyless.cli.artifacts import Artifact, artifacts_named
from keyless.cli.trust_options import TrustOptions, add_trust_options, connected, trust_json
from keyless.cli.verdicts import Verdict, in_a_word, verdicts
from keyless.cli.who_options import WhoOptions, add_who_options, policy_of
from keyless.errors import InputError, KeylessError
from keyless.protocol.json_reader import JsonValue
from keyless.safe_text import shown

DESCRIPTION = """\
Decide whether whom you name signed FILE: a file, a folder and all that is in it, or the digest of
a file, as in sha256:0f5e…. The bundle is FILE.sigstore.json, or FILE.sigstore, beside the file.
"""
EPILOG = """\
An identity is an e-mail address, or the URI of a build, and is compared as it stands. In a glob, *
stands for anything but / and @, and ** for anything at all; a regular expression must fit from end
to end. An issuer is a URL, or the name kept for a usual one: github, google, microsoft,
github-actions, gitlab, buildkite, codefresh.

Of a folder or a list, every regular file that is not itself a bundle must verify; one without a
bundle is refused, and so are links, pipes and devices.

Exit codes: 0 verified, 1 refused, 2 misused, 3 a service failed.
"""
# Fewer files are verified sooner than threads are started.
MANY = 16
MOST_THREADS = 4


class Options(FileOptions, WhoOptions, TrustOptions):
    """What `keyless verify` was told."""

    manifest: str | None
    bundle: str | None
    json: bool


def verify(arguments: Sequence[str]) -> int:
    """Run `keyless verify`."""
    options = Options()
    _parser().parse_files(arguments, options)
    with output.telling_in_json(
        lambda error: _document(trust=None, judged=(), error=error), wanted=options.json
    ):
        policy = policy_of(options)
        artifacts = _artifacts(options)
        sigstore = connected(options)
    with _executor(len(artifacts)) as executor:
        judged = verdicts(
            artifacts,
            options.bundle,
            trusted_root=sigstore.trusted_root,
            policy=policy,
            executor=executor,
        )
        watched = _watched(judged, len(artifacts))
        if options.json:
            return _say_as_json(list(watched), trust_json(sigstore))
        return _say(watched, alone=_names_one_file(options))


def _parser() -> Parser:
    parser = Parser("verify", description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument("files", metavar="FILE", nargs="*", help="what to verify")
    parser.add_argument(
        "--manifest", metavar="LIST", help="verify what LIST names, a file as sha256sum writes it"
    )
    parser.add_argument("--bundle", metavar="FILE", help="the bundle of the one FILE")
    add_who_options(parser, "who must have signed", required=True)
    add_trust_options(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def _artifacts(options: Options) -> list[Artifact]:
    if (options.manifest is None) is (not options.files):
        raise InputError(
            "name what to verify: files, folders or digests; or a list of them with --manifest"
        )
    if options.bundle is not None and not _names_one_file(options):
        raise InputError(
            "--bundle is for one file, or the digest of one",
            hint="of several files, each has its bundle beside it",
        )
    if options.manifest is None:
        return list(artifacts_named(options.files))
    from keyless.cli.checksums import artifacts_listed  # noqa: PLC0415 - few need it: start sooner

    return list(artifacts_listed(options.manifest))


def _names_one_file(options: Options) -> bool:
    return len(options.files) == 1 and not os.path.isdir(options.files[0])


def _executor(count: int) -> AbstractContextManager[Executor | None]:
    if count < MANY:
        return nullcontext()
    gc.enable()  # main() does without for one short command; this may be a long one
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - slow, and few need it

    return ThreadPoolExecutor(min(MOST_THREADS, os.cpu_count() or 1))


def _watched(judged: Iterator[Verdict], total: int) -> Iterator[Verdict]:
    """Pass on what is *judged*, and show on a terminal how far it has come."""
    progress = output.Progress(total)
    for verdict in judged:
        progress.make_way()
        yield verdict
        progress.advance()
    progress.make_way()


def _say(judged: Iterator[Verdict], *, alone: bool) -> int:
    codes = []
    for verdict in judged:
        codes.append(verdict.code)
        if verdict.error is not None:
            output.complain(verdict.error, about=verdict.file)
        elif alone:
            output.say(str(verdict.verified))
        elif verdict.verified is not None:
            signer = verdict.verified.signer
            output.say(f"{shown(verdict.file)}: verified, signed by {signer}")
    if not alone:
        output.note(f"{codes.count(output.DONE)} of {len(codes)} verified")
    return _code(codes)


def _say_as_json(judged: Sequence[Verdict], trust: JsonValue) -> int:
    output.say_json(_document(trust=trust, judged=judged, error=None))
    return _code([verdict.code for verdict in judged])


def _document(
    *, trust: JsonValue, judged: Sequence[Verdict], error: KeylessError | None
) -> JsonValue:
    """Return the schema of `--json`: members may be added to it, and none is taken away."""
    code = _code([verdict.code for verdict in judged]) if error is None else output.FAILED
    return {
        "keyless": 1,
        "verdict": in_a_word(code),
        "error": None if error is None else output.error_json(error),
        "trust": trust,
        "outcomes": [verdict.to_json() for verdict in judged],
    }


def _code(codes: Sequence[int]) -> int:
    """Return one exit code for many: a refusal weighs more than what could not be judged."""
    weighty = (output.REFUSED, output.FAILED, output.MISUSED)
    return next((code for code in weighty if code in codes), output.DONE)

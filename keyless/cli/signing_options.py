# SPDX-License-Identifier: Apache-2.0
"""The words by which a command is told as whom to sign, through which services, and where to.

There is no word for a token itself. What is typed on a command line, every process on the machine
can read while the command runs, and the shell keeps it in its history: for as long as a token
lives, whoever reads it signs in somebody else's name. So a token comes in a file, or in a variable
of the environment, and one that was typed all the same is neither used nor repeated.
"""

import re
from collections.abc import Sequence
from functools import partial

from keyless.auth import Identity
from keyless.auth.ambient import VARIABLE, environment_token, file_token
from keyless.cli.arguments import FileOptions, Parser
from keyless.cli.login_options import LoginOptions, add_login_options, brings_token, who_is_here
from keyless.cli.trust_options import INSTANCE_HELP
from keyless.errors import InputError, LoginError, LoginFailure, ParseError
from keyless.instance import Sigstore, connect
from keyless.instance.sigstore import LogVersion
from keyless.safe_text import shown
from keyless.services.embedded_trust import INSTANCES

AS_WHOM = f"""\
You sign as whoever an identity token is about: the one in the file that --identity-token-file
names, the one in {VARIABLE}, or the one that a job of CI is given. Without one, you go on
with the session that keyless login --remember has kept; or, at a terminal, sign in now. A token
itself is never typed: every process on the machine could read it. Who you are, and what you sign,
becomes public for ever; --dry-run shows all of it, and signs nothing.
"""
EPILOG = f"""\
{AS_WHOM}
Exit codes: 0 signed, 1 a service lied, 2 misused, 3 a service failed or no identity could be had.
"""

# A header and a body in base64, both of which begin a JSON object, and a signature.
_TOKEN = re.compile(r"(?:.*[=\s:'\"])?eyJ[\w-]*\.eyJ[\w-]*\.[\w-]*['\"]?", re.DOTALL)
_LOG_VERSIONS: dict[str, LogVersion] = {"1": 1, "2": 2}


class SignerOptions(LoginOptions):
    """What a command was told of who signs."""

    identity_token_file: str | None
    trust_config: str | None
    instance: str | None
    rekor: str | None
    dry_run: bool
    json: bool


class SigningOptions(FileOptions, SignerOptions):
    """What a command was told of signing files."""

    bundle: str | None
    output_dir: str | None
    overwrite: bool


def add_signing_options(parser: Parser) -> None:
    """Let *parser* know all of the words."""
    add_signer_options(parser)
    where = parser.add_argument_group("where the bundle goes; else beside FILE")
    where.add_argument("--bundle", metavar="BUNDLE", help="here, of the one FILE")
    where.add_argument("--output-dir", metavar="FOLDER", help="into this folder")
    where.add_argument(
        "--overwrite", action="store_true", help="replace whatever is there, whoever made it"
    )


def add_signer_options(parser: Parser) -> None:
    """Let *parser* know those that say who signs, and how much is told of it."""
    who = parser.add_argument_group("as whom")
    who.add_argument(
        "--identity-token-file",
        metavar="FILE",
        help=f"the file with your identity token; else {VARIABLE} holds it, or you sign in",
    )
    add_login_options(parser)
    add_instance_options(parser)
    parser.add_argument(
        "--rekor", choices=tuple(_LOG_VERSIONS), help="the version of the log; else the instance's"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would become public, and sign nothing"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def add_instance_options(parser: Parser) -> None:
    """Let *parser* know those that name an instance to sign with."""
    group = parser.add_argument_group("through which services")
    group.add_argument(
        "--trust-config", metavar="FILE", help="the instance of this client trust configuration"
    )
    group.add_argument("--instance", choices=INSTANCES, help=INSTANCE_HELP)


def demand_no_token(arguments: Sequence[str]) -> None:
    """Refuse *arguments* if a token was typed among them; it is not repeated."""
    typed = {word.partition("=")[0] for word in arguments}
    if "--identity-token" in typed or any(map(_TOKEN.fullmatch, arguments)):
        raise InputError(
            "an identity token is not typed: every process on this machine can read what is",
            hint=f"put it into a file for --identity-token-file, or into {VARIABLE}; one that was "
            "typed can be used by whoever saw it, until it expires",
        )


def connected_to_sign(options: SignerOptions) -> Sigstore:
    """Return the instance that *options* name."""
    rekor = None if options.rekor is None else _LOG_VERSIONS[options.rekor]
    return instance_named(options.instance, options.trust_config, rekor=rekor)


def instance_named(
    instance: str | None, trust_config: str | None, *, rekor: LogVersion | None = None
) -> Sigstore:
    """Return the public *instance* of that name, or the one that *trust_config* describes."""
    if trust_config is not None and instance is not None:
        raise InputError("--trust-config names an instance, and so does --instance: give one")
    try:
        return connect(instance, rekor=rekor, trust_config=trust_config)
    except ParseError as error:
        if trust_config is None:
            raise
        raise InputError(
            f"{shown(trust_config)} is no client trust configuration: {error.message}",
            hint=error.hint,
        ) from None


def identity_named(options: SignerOptions, sigstore: Sigstore) -> Identity:
    """Return whom *options* or the environment name; or who goes on, or signs in to *sigstore*."""
    path = options.identity_token_file
    if path is None and not brings_token(options):
        return who_is_here(options, sigstore)
    if path is not None:
        _demand_no_sign_in(options)
    source = environment_token if path is None else partial(file_token, path)
    identity = Identity(source, expected=options.expect)
    try:
        identity.reveal_token()  # asks, so that what is wrong with it is known at once
    except LoginError as error:
        if error.reason is not LoginFailure.NO_TOKEN:
            raise
        where = VARIABLE if path is None else shown(path)
        raise InputError(
            f"{where} holds no identity token: {error.message}", hint=error.hint
        ) from None
    return identity


def _demand_no_sign_in(options: SignerOptions) -> None:
    if options.provider is not None or options.flow != "auto" or options.remember:
        raise InputError(
            "--identity-token-file says who you are, so that nobody signs in",
            hint="leave out --provider, --flow and --remember; or the file",
        )

# SPDX-License-Identifier: Apache-2.0
"""The words that all commands on images take: how registries are spoken to, and as whom.

A password is never typed, for the reasons that a token is not: it comes from what docker and podman
keep, on standard input, or in a file. One that was typed all the same is neither used nor repeated.
"""

import re
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager

from keyless import files
from keyless.cli import output
from keyless.cli.arguments import Namespace, Parser
from keyless.errors import InputError
from keyless.images.layout_names import is_layout
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.oci import ImageReference
from keyless.safe_text import shown
from keyless.services.docker_config import docker_keychain
from keyless.services.registry_credentials import Keychain, Password, RegistryCredential
from keyless.services.registry_options import RegistryOptions

LARGEST_PASSWORD = 64 << 10

IMAGES = """\
An IMAGE is in a registry, as in ghcr.io/me/app:1.2 or ghcr.io/me/app@sha256:0f5e…, or in an OCI
layout on this machine, a folder or an archive, as in oci:app.tar or oci:images:1.2."""
EXIT_CODES = """\
Exit codes: 0 done, 2 misused, 3 a registry or service failed, 11 there is no such image."""

_KNOWN = {"--password-stdin", "--password-file", "--identity-token-file", "--token-server"}
_SECRET = re.compile(r"--[a-z-]*(?:password|passwd|creds|token)[a-z-]*|-p.*", re.DOTALL)


class RegistryWords(Namespace):
    """What a command was told of registries."""

    insecure: bool
    insecure_registry: list[str] | None
    ca: str | None
    repository: str | None
    username: str | None
    password_stdin: bool
    password_file: str | None
    registry: str | None
    token_server: list[str] | None
    json: bool


class AnnotationWords(Namespace):
    """What a command was told of annotations."""

    annotation: list[str] | None


def add_registry_options(parser: Parser) -> None:
    """Let *parser* know all of the words about registries."""
    group = parser.add_argument_group(
        "registries", "Credentials are those that docker, podman and their helpers keep, or:"
    )
    group.add_argument("--username", metavar="NAME", help="who you are there")
    group.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input"
    )
    group.add_argument("--password-file", metavar="FILE", help="read the password from FILE")
    group.add_argument(
        "--registry", metavar="HOST", help="where the password is for; else the image's registry"
    )
    group.add_argument(
        "--token-server",
        metavar="HOST",
        action="append",
        help="a host that may be told the password, though it is not beside the registry",
    )
    group.add_argument(
        "--repository",
        metavar="NAME",
        help="where signatures are kept, if not with the image; so does COSIGN_REPOSITORY",
    )
    group.add_argument("--ca", metavar="FILE", help="certificate authorities to trust for it, PEM")
    group.add_argument(
        "--insecure",
        action="store_true",
        help="speak to the image's registry over http, though it is elsewhere",
    )
    group.add_argument(
        "--insecure-registry", metavar="HOST", action="append", help="or to this one, of several"
    )


def add_annotation_option(parser: Parser, what: str) -> None:
    """Let *parser* know the word for annotations; *what* it does with them."""
    parser.add_argument("-a", "--annotation", metavar="KEY=VALUE", action="append", help=what)


def add_json_option(parser: Parser) -> None:
    """Let *parser* know the word for JSON."""
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def demand_no_password(arguments: Sequence[str]) -> None:
    """Refuse *arguments* if a secret was typed among them; it is not repeated."""
    names = {word.partition("=")[0] for word in arguments} - _KNOWN
    if any(map(_SECRET.fullmatch, names)):
        raise InputError(
            "a password is not typed: every process on this machine can read what is",
            hint="--username NAME --password-stdin reads it from standard input, and docker login "
            "keeps it; one that was typed can be used by whoever saw it",
        )


def registry_options(options: RegistryWords, *images: str) -> RegistryOptions:
    """Return how to speak to the registries of *images*; a password is read now."""
    return RegistryOptions(
        credentials=_keychain(options, images),
        insecure=_in_the_clear(options, images),
        ca=options.ca,
        repository=options.repository,
        token_servers=tuple(options.token_server or ()),
    )


def annotations_of(options: AnnotationWords) -> dict[str, str]:
    """Return the annotations that were typed."""
    said: dict[str, str] = {}
    for word in options.annotation or ():
        name, sign, text = word.partition("=")
        if not name or not sign:
            raise InputError(
                f"{shown(word, longest=80)} is no annotation", hint="as in --annotation git=3e1f"
            )
        if name in said:
            raise InputError(f"there are two annotations {shown(name, longest=80)}")
        said[name] = text
    return said


def told_as_json(members: dict[str, JsonValue], *, wanted: bool) -> AbstractContextManager[None]:
    """Have an error *wanted* as JSON printed so, beside *members*, before it is complained of."""
    return output.telling_in_json(
        lambda error: {"keyless": 1, "error": output.error_json(error), **members}, wanted=wanted
    )


def _in_the_clear(options: RegistryWords, images: Sequence[str]) -> tuple[str, ...]:
    """Return which registries may be spoken to over http: never all, one may have a password."""
    named = [_registry(host) for host in options.insecure_registry or ()]
    if options.insecure:
        named.append(_only_registry(images, "in the clear", hint="--insecure-registry HOST"))
    return tuple(named)


def _keychain(options: RegistryWords, images: Sequence[str]) -> Keychain | None:
    given = options.password_stdin or options.password_file is not None
    if options.username is None or not given:
        if options.username is not None or given or options.registry is not None:
            raise InputError(
                "a --username has a password: --password-stdin, or --password-file FILE",
                hint="without any of them, what docker and podman keep is used",
            )
        return None
    if options.registry is not None:
        host = _registry(options.registry)
    else:
        host = _only_registry(images, "with the password", hint="--registry HOST")
    password = Password(user=options.username, secret=_secret(options), source="your options")

    def find(registry: str, repository: str) -> RegistryCredential:
        return password if registry == host else docker_keychain(registry, repository)

    return find


def _registry(host: str) -> str:
    """Return what the registry at *host* is called in references."""
    return ImageReference.parse(f"{host}/a/b").registry


def _only_registry(images: Sequence[str], how: str, *, hint: str) -> str:
    """Return the one registry that *images* are in, to be spoken to in a way of its own."""
    hosts = {ImageReference.parse(image).registry for image in images if not is_layout(image)}
    if len(hosts) == 1:
        return hosts.pop()
    named = " or ".join(sorted(map(shown, hosts))) or "none of these"
    raise InputError(f"which registry is spoken to {how}: {named}?", hint=f"say it: {hint}")


def _secret(options: RegistryWords) -> str:
    if options.password_file is not None:
        if options.password_stdin:
            raise InputError("--password-stdin and --password-file: give one")
        data = files.read(options.password_file, largest=LARGEST_PASSWORD)
    else:
        data = b"" if sys.stdin is None else sys.stdin.buffer.read(LARGEST_PASSWORD)
    try:
        secret = data.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise InputError("the password is not UTF-8") from None
    if not secret:
        raise InputError("there is no password where it is to be read")
    return secret

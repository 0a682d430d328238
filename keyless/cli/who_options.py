# SPDX-License-Identifier: Apache-2.0
"""The words by which a command is told whose signatures it is about."""

import re

from keyless import files
from keyless.cli.arguments import Namespace, Parser
from keyless.errors import InputError, ParseError
from keyless.policy import Glob, Policy, SignedBy, SignedByKey
from keyless.safe_text import shown

LARGEST_KEY = 64 << 10


class WhoOptions(Namespace):
    """What a command was told of a signer."""

    identity: str | None
    identity_glob: str | None
    identity_regex: str | None
    issuer: str | None
    key: str | None


def add_who_options(parser: Parser, title: str, *, required: bool) -> None:
    """Let *parser* know all of the words, in a group of that *title*."""
    who = parser.add_argument_group(title)
    signer = who.add_mutually_exclusive_group(required=required)
    signer.add_argument("--identity", metavar="NAME", help="who: alice@example.com")
    signer.add_argument("--identity-glob", metavar="GLOB", help="who, by a pattern of * and **")
    signer.add_argument("--identity-regex", metavar="REGEX", help="who, by a regular expression")
    signer.add_argument("--key", metavar="PEM", help="whoever holds the key in this file")
    who.add_argument("--issuer", metavar="URL", help="who vouches for the identity")


def policy_of(options: WhoOptions) -> Policy:
    """Return the policy that the words make; one of them names the signer."""
    if options.key is not None:
        if options.issuer is not None:
            raise InputError("a key has no issuer", hint="leave out --issuer, or --key")
        return _key_policy(options.key)
    if options.issuer is None:
        raise InputError(
            "no --issuer was given: who vouches for the identity?",
            hint="as in --issuer github; keyless inspect shows the issuer that a bundle names",
        )
    return SignedBy(_identity(options), issuer=options.issuer)


def names_somebody(options: WhoOptions) -> bool:
    """Say whether any of the words was said."""
    words = (options.identity, options.identity_glob, options.identity_regex, options.key)
    return options.issuer is not None or any(word is not None for word in words)


def _key_policy(path: str) -> Policy:
    try:
        return SignedByKey(files.read(path, largest=LARGEST_KEY))
    except ParseError as error:
        raise InputError(
            f"{shown(path)} holds no public key: {error.message}",
            hint=error.hint or "a public key in PEM begins with -----BEGIN PUBLIC KEY-----",
        ) from None


def _identity(options: WhoOptions) -> str | Glob | re.Pattern[str]:
    if options.identity is not None:
        return options.identity
    if options.identity_glob is not None:
        return Glob(options.identity_glob)
    if options.identity_regex is None:
        raise InputError("an --issuer alone is nobody", hint="say --identity as well")
    try:
        return re.compile(options.identity_regex)
    except re.error as error:
        raise InputError(f"--identity-regex is no regular expression: {shown(error)}") from None

# SPDX-License-Identifier: Apache-2.0
"""`keyless login` and `keyless logout`: signing in by hand, and keeping nothing of it any more."""

import gc
from collections.abc import Sequence

from keyless.auth import Identity
from keyless.cli import output
from keyless.cli.arguments import Namespace, Parser
from keyless.cli.identity_words import certificate_json, token_json
from keyless.cli.login_options import LoginOptions, add_login_options, signed_in
from keyless.cli.signing_options import add_instance_options, demand_no_token, instance_named
from keyless.errors import KeylessError, LoginError
from keyless.instance import Sigstore
from keyless.protocol.certificate import Certificate
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.trusted_root import host_of
from keyless.protocol.window import in_rfc3339, in_words
from keyless.report import Row, text
from keyless.safe_text import shown

DESCRIPTION = """\
Sign in, and say who you are. Nothing is written anywhere and nothing is kept, unless you say
--remember: then your identity is certified at once, which makes it public, and keyless sign goes on
with that session until it ends, some minutes later.
"""
EPILOG = """\
In a build the job says who it is, and nobody signs in. Exit codes: 0 signed in, 2 misused, 3 nobody
signed in, or a service failed.
"""
LOGOUT = """\
Remove all sessions from the keyring. What was signed under them stays signed, and public.
"""


class Options(LoginOptions):
    """What `keyless login` was told."""

    trust_config: str | None
    instance: str | None
    json: bool


def login(arguments: Sequence[str]) -> int:
    """Run `keyless login`."""
    demand_no_token(arguments)
    parser = Parser("login", description=DESCRIPTION, epilog=EPILOG)
    add_login_options(parser)
    add_instance_options(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args(arguments, Options())
    gc.enable()  # main() does without for what is over at once: this waits for somebody
    with output.telling_in_json(lambda error: _document(error=error), wanted=options.json):
        sigstore = instance_named(options.instance, options.trust_config)
        if options.remember:
            _tell_public(sigstore)
        identity = signed_in(options, sigstore)
    return _say(identity, options)


def logout(arguments: Sequence[str]) -> int:
    """Run `keyless logout`."""
    # It is slow to import, as it makes and reads certificates.
    from keyless.facade.sessions import sign_out  # noqa: PLC0415

    parser = Parser("logout", description=LOGOUT)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args(arguments, _LogoutOptions())
    removed = sign_out()
    if options.json:
        output.say_json({"keyless": 1, "removed": removed})
    else:
        plural = "" if removed == 1 else "s"
        output.say(f"removed {removed} session{plural}" if removed else "no session was kept")
    return output.DONE


class _LogoutOptions(Namespace):
    json: bool


def _tell_public(sigstore: Sigstore) -> None:
    authority = sigstore.signing_services().authority
    name = "the instance" if authority is None else host_of(authority.url)
    output.note(
        f"--remember has who you are written into the certificate log of {shown(name)}, for ever, "
        "as soon as you have signed in"
    )


def _say(identity: Identity, options: Options) -> int:
    session = _session(identity)
    if options.json:
        output.say_json(_document(identity, session))
        return output.DONE
    output.say(text(f"signed in as {_name(identity)}", _rows(identity, session)))
    if session is None:
        why = "it could not be" if options.remember else "as --remember was not said"
        output.note(f"nothing was written, and nothing is kept, {why}")
    return output.DONE


def _session(identity: Identity) -> Certificate | None:
    """Return the certificate of the session that is kept, if one is."""
    return None if identity.kept_in is None else identity.kept_in.certificate


def _name(identity: Identity) -> str:
    token = identity.last_token
    return identity.name or (token.name if token else "somebody")


def _rows(identity: Identity, session: Certificate | None) -> list[Row]:
    rows: list[Row] = []
    token = identity.last_token
    if identity.issuer is not None:
        rows.append(("vouched for by", identity.issuer, ""))
    if token is not None and identity.issuer != token.issuer:
        rows.append(("signed in at", token.issuer, ""))
    if identity.name is None:
        rows.append(("certified as", "what its authority decides", "its issuer is not known here"))
    if session is not None:
        until = in_words(session.not_after)
        rows.append(("kept until", until, "keyless sign goes on with it; keyless logout ends it"))
    elif token is not None:
        rows.append(("token until", in_words(token.expires_at), ""))
    return rows


def _document(
    identity: Identity | None = None,
    session: Certificate | None = None,
    *,
    error: LoginError | KeylessError | None = None,
) -> JsonValue:
    """Return the schema of `--json`: members may be added to it, and none is taken away."""
    token = None if identity is None else identity.last_token
    return {
        "keyless": 1,
        "result": "failed" if identity is None else "signed in",
        "error": None if error is None else output.error_json(error),
        "name": None if identity is None else _name(identity),
        "identity": None if token is None else token_json(token),
        "certificate": None if token is None else certificate_json(token),
        "kept_until": None if session is None else in_rfc3339(session.not_after),
    }

# SPDX-License-Identifier: Apache-2.0
"""`keyless whoami`: who a token says that you are, in words, and whose sessions are kept."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

from keyless.auth import AUDIENCE
from keyless.auth.ambient import VARIABLE, ambient_source, file_token
from keyless.auth.kept_session import KeptSession
from keyless.cli import output
from keyless.cli.arguments import Namespace, Parser
from keyless.cli.identity_words import (
    certificate_json,
    certificate_rows,
    session_json,
    session_rows,
    token_json,
    token_rows,
)
from keyless.cli.signing_options import demand_no_token
from keyless.errors import InputError, LoginError, LoginFailure, ParseError
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.token import IdentityToken, diagnose
from keyless.report import text
from keyless.safe_text import shown

DESCRIPTION = f"""\
Say who you are: what an identity token says, and what a certificate would; and whose sessions are
kept in the keyring. The token is in the file that --identity-token-file names, in {VARIABLE},
or given to a job of CI. It is never shown. Nobody has to sign in, and nothing becomes public.
"""
_UNKNOWN = """\
what a certificate will say is not known: this issuer is none of those that the public authority
knows, so another authority decides it"""


class Options(Namespace):
    """What `keyless whoami` was told."""

    identity_token_file: str | None
    json: bool


def whoami(arguments: Sequence[str]) -> int:
    """Run `keyless whoami`."""
    demand_no_token(arguments)
    parser = Parser("whoami", description=DESCRIPTION)
    parser.add_argument("--identity-token-file", metavar="FILE", help="the file with your token")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args(arguments, Options())
    now = datetime.now(UTC)
    origin, token = _token(options.identity_token_file)
    sessions = _sessions(now)
    problem = _problem(token, sessions, now)
    if options.json:
        output.say_json(_document(token, sessions, problem))
    else:
        if token is not None:
            _say_token(token, origin, now)
        if sessions:
            title = "sessions that are kept in the keyring"
            output.say(text(title, session_rows(sessions, now=now)))
    if problem is not None:
        raise problem
    return output.DONE


def _token(path: str | None) -> tuple[str, IdentityToken | None]:
    """Return the token that is here, and where; none if there is none."""
    if path is not None:
        return f"the file {path}", _read(partial(file_token, path), shown(path))
    source = ambient_source()
    if source is None:
        return "", None
    try:
        return source.name, _read(source.ask, source.name)
    except LoginError as error:
        # A machine in a cloud may be somebody's own, and vouch for nobody.
        if error.reason not in (LoginFailure.SOURCE, LoginFailure.TIMED_OUT):
            raise
        output.note(shown(error.message, longest=output.LONGEST))
        return "", None


def _read(ask: Callable[[], str], where: str) -> IdentityToken:
    try:
        return IdentityToken.parse(ask())
    except ParseError as error:
        problem = InputError(f"{where} holds no identity token: {error.message}", hint=error.hint)
    raise problem  # from here, with no frame that holds what was there


def _sessions(now: datetime) -> Sequence[KeptSession]:
    # It is slow to import, as it makes and reads certificates.
    from keyless.auth.session_cache import sessions_to_use  # noqa: PLC0415

    return sessions_to_use(now, tell=output.note)


def _problem(
    token: IdentityToken | None, sessions: Sequence[KeptSession], now: datetime
) -> LoginError | None:
    """Return why nothing could be signed as things are, if nothing could."""
    if token is None:
        return None if sessions else _nobody()
    try:
        diagnose(token, now=now, audience=AUDIENCE)
    except LoginError as error:
        return error
    return None


def _nobody() -> LoginError:
    return LoginError(
        "nobody: there is no identity token here, and no session is kept",
        hint=f"sign in with keyless login; or have {VARIABLE} hold a token",
    )


def _say_token(token: IdentityToken, origin: str, now: datetime) -> None:
    output.say(text(f"you are {token.name}", token_rows(token, origin=origin, now=now)))
    rows = certificate_rows(token)
    output.say(text("a certificate will say, for ever", rows) if rows else _UNKNOWN)


def _document(
    token: IdentityToken | None, sessions: Sequence[KeptSession], problem: LoginError | None
) -> JsonValue:
    """Return the schema of `--json`: members may be added to it, and none is taken away."""
    return {
        "keyless": 1,
        "error": None if problem is None else output.error_json(problem),
        "identity": None if token is None else token_json(token),
        "certificate": None if token is None else certificate_json(token),
        "sessions": [session_json(session) for session in sessions],
    }

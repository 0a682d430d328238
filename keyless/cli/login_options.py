# SPDX-License-Identifier: Apache-2.0
"""The words by which a command is told how somebody signs in."""

import os
import sys
from collections.abc import Callable

from keyless.auth import Identity
from keyless.auth.ambient import VARIABLE
from keyless.auth.surroundings import FLOWS, Flow, wanted_flow
from keyless.auth.wish import TIMEOUT, Wish
from keyless.cli import output
from keyless.cli.arguments import Namespace, Parser
from keyless.errors import InputError, LoginError, LoginFailure
from keyless.instance import Sigstore
from keyless.safe_text import shown

LONGEST_TIMEOUT = 3600.0
_INSTEAD = (
    f"name a file that holds a token with --identity-token-file, or have {VARIABLE} hold it; or "
    "sign in with keyless login --remember; keyless demo shows all of it without one"
)


class LoginOptions(Namespace):
    """What a command was told of signing in."""

    provider: str | None
    flow: Flow
    expect: str | None
    timeout: float
    remember: bool


def add_login_options(parser: Parser) -> None:
    """Let *parser* know all of the words."""
    group = parser.add_argument_group("signing in, where nothing says who you are")
    group.add_argument(
        "--provider", metavar="NAME", help="where your account is: github, google or microsoft"
    )
    group.add_argument(
        "--flow",
        choices=FLOWS,
        default="auto",
        help="how: with a browser here, a code for another device, or an address that is pasted; "
        "ci asks nobody; else KEYLESS_FLOW says, or what can be done here",
    )
    group.add_argument(
        "--expect", metavar="NAME", help="whom to expect, by e-mail address; refuse anybody else"
    )
    group.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=_seconds,
        default=TIMEOUT,
        help=f"how long to wait for you; else {TIMEOUT:.0f}",
    )
    group.add_argument(
        "--remember",
        action="store_true",
        help="keep the session in the keyring, for the minutes that its certificate lives",
    )


def signed_in(options: LoginOptions, sigstore: Sigstore) -> Identity:
    """Have whoever types sign in to *sigstore* as *options* say."""
    # It is slow to import, and not needed by whoever brings a token.
    from keyless.facade.login import login  # noqa: PLC0415

    return login(
        options.provider,
        flow=options.flow,
        expect=options.expect,
        timeout=options.timeout,
        remember="keyring" if options.remember else None,
        sigstore=sigstore,
        reader=_reader(),
        tell=output.note,
    )


def brings_token(options: LoginOptions) -> bool:
    """Say whether the environment holds the token of whoever *options* mean."""
    is_open = wanted_flow(options.flow) in ("auto", "ci") and options.provider is None
    return is_open and bool(os.environ.get(VARIABLE, "").strip())


def who_is_here(options: LoginOptions, sigstore: Sigstore) -> Identity:
    """Return who signs without a token in hand: a job, whose session is kept, or who signs in."""
    # As above.
    from keyless.facade.login import scene_here  # noqa: PLC0415
    from keyless.facade.resuming import who_signs  # noqa: PLC0415

    scene = scene_here(timeout=options.timeout, tell=output.note, reader=_reader())
    wish = Wish(provider=options.provider, flow=options.flow, expected=options.expect)
    try:
        return who_signs(sigstore, wish, scene=scene, remember=options.remember)
    except LoginError as error:
        is_told = scene.surroundings.has_somebody or scene.surroundings.in_ci
        if is_told or error.reason is not LoginFailure.NOBODY_THERE or options.flow != "auto":
            raise
        raise LoginError(error.message, reason=error.reason, hint=_INSTEAD) from None


def _reader() -> Callable[[], str] | None:
    """Read at the terminal what somebody pastes, if this is one."""
    from keyless.auth.contact import terminal_line  # noqa: PLC0415 - as above

    is_typed_at = sys.stdin is not None and sys.stdin.isatty()
    return terminal_line if is_typed_at else None


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= LONGEST_TIMEOUT:
        raise InputError(
            f"{shown(text, longest=40)} is no time to wait for somebody",
            hint=f"say a number of seconds, {LONGEST_TIMEOUT:.0f} at most",
        )
    return seconds

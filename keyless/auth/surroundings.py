# SPDX-License-Identifier: Apache-2.0
"""What can be done where this runs, and which way to sign in follows from it.

in a notebook                              a device code, on a card
BROWSER names one, or there is a desktop   a browser that comes back here
over SSH, in a container, no display       a device code
the issuer knows no device codes           a browser elsewhere; its address is pasted here
none of these                              nobody can sign in
"""

import os
import sys
from collections.abc import Mapping
from typing import Literal

from keyless.errors import InputError, LoginError, LoginFailure
from keyless.safe_text import shown
from keyless.value import value

Way = Literal["browser", "device", "paste"]
Flow = Literal["auto", "ci"] | Way

FLOWS: tuple[Flow, ...] = ("auto", "browser", "device", "ci", "paste")
VARIABLE = "KEYLESS_FLOW"
_CONTAINER_FILES = ("/.dockerenv", "/run/.containerenv")
_DESKTOPS = ("win32", "darwin", "cygwin")
_NOTEBOOK_SHELL = "ZMQInteractiveShell"


@value
class Surroundings:
    """Where this runs: whether a person *is_watching* the terminal, or has a notebook open.

    *names_browser* is that the environment does; *away* is what stands between this machine and
    the person's own, as far as can be told.
    """

    is_watching: bool = False
    in_notebook: bool = False
    in_ci: bool = False
    names_browser: bool = False
    has_display: bool = False
    away: str = ""

    @classmethod
    def look(
        cls, environ: Mapping[str, str] = os.environ, *, platform: str = sys.platform
    ) -> "Surroundings":
        """Look around."""
        return cls(
            is_watching=_is_terminal(sys.stdin) and _is_terminal(sys.stderr),
            in_notebook=_in_notebook(),
            in_ci=environ.get("CI", "").lower() not in ("", "0", "false"),
            names_browser=bool(environ.get("BROWSER")),
            has_display=platform in _DESKTOPS
            or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")),
            away=_away(environ),
        )

    @property
    def has_somebody(self) -> bool:
        """Whether there is anybody to ask."""
        return not self.in_ci and (self.is_watching or self.in_notebook)

    @property
    def can_open_browser(self) -> bool:
        """Whether a browser that is opened here is in front of the person."""
        return self.names_browser or (self.has_display and not self.away)

    @property
    def may_open_browser(self) -> bool:
        """Whether one can be opened here that is no program for terminals."""
        return self.names_browser or self.has_display


@value
class Choice:
    """A way to sign in, and *why* this one."""

    way: Way
    why: str


def wanted_flow(flow: str, environ: Mapping[str, str] = os.environ) -> Flow:
    """Return which flow is wanted: *flow*, or where that is `auto` what KEYLESS_FLOW says."""
    said = environ.get(VARIABLE) or "auto" if flow == "auto" else flow
    for known in FLOWS:
        if said == known:
            return known
    where = "" if said == flow else f", which {VARIABLE} names,"
    raise InputError(
        f"there is no way to sign in that is called {shown(said, longest=40)}{where}",
        hint=f"say one of {', '.join(FLOWS)}",
    )


def choose_way(surroundings: Surroundings, *, devices: bool, reader: bool) -> Choice:
    """Choose how a person signs in by what can be done here.

    That is whether the issuer knows *devices*, and whether a *reader* takes what is pasted.
    """
    if surroundings.in_notebook and devices:
        return Choice(way="device", why="as this is a notebook")
    if surroundings.names_browser:
        return Choice(way="browser", why="as BROWSER names one")
    if surroundings.can_open_browser:
        return Choice(way="browser", why="as this machine has a display")
    because = f"there is {surroundings.away or 'no display here'}"
    if devices:
        return Choice(way="device", why=f"as {because}")
    if reader:
        return Choice(way="paste", why=f"as {because}, and the issuer knows no device codes")
    raise LoginError(
        f"nobody can sign in here: {because}, the issuer knows no device codes, and nothing reads "
        "what is pasted",
        reason=LoginFailure.NOBODY_THERE,
        hint="sign in where there is a browser, or in a terminal with keyless login, which takes "
        "the address that a browser elsewhere ends at",
    )


def demanded_way(way: Way, *, devices: bool, reader: bool) -> Choice:
    """Return the *way* that was asked for, if it is one that can be gone here."""
    if way == "device" and not devices:
        raise LoginError(
            "the issuer knows no device codes",
            reason=LoginFailure.NOT_OFFERED,
            hint="sign in with a browser: flow=browser, or flow=paste where it is elsewhere",
        )
    if way == "paste" and not reader:
        raise LoginError(
            "nothing here reads the address that is to be pasted",
            reason=LoginFailure.NOBODY_THERE,
            hint="sign in in a terminal with keyless login, or give a reader",
        )
    return Choice(way=way, why="as was asked for")


def _is_terminal(stream: object) -> bool:
    isatty = getattr(stream, "isatty", None)
    try:
        return bool(isatty and isatty())
    except ValueError:  # it is closed
        return False


def _in_notebook() -> bool:
    # Whoever is in one has loaded this already; nobody else need.
    shell = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return shell is not None and type(shell()).__name__ == _NOTEBOOK_SHELL


def _away(environ: Mapping[str, str]) -> str:
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        return "an SSH connection in between"
    if environ.get("JUPYTERHUB_USER") or environ.get("COLAB_RELEASE_TAG"):
        return "a notebook server in between"
    if environ.get("KUBERNETES_SERVICE_HOST") or any(map(os.path.exists, _CONTAINER_FILES)):
        return "a container around this"
    return ""

# SPDX-License-Identifier: Apache-2.0
"""How the person is reached who is to sign in: what they are told, and how they answer.

A sign-in never asks standard input of its own accord: in code, in a notebook and in a build nobody
sits there. What reads a line, if anything does, is given.
"""

import sys
from collections.abc import Callable
from threading import Event, Thread
from typing import Protocol

from keyless.safe_text import shown
from keyless.value import value

LONGEST_ADDRESS = 4000

# Called with an event that is set once nobody waits for the line any more; nothing ends it.
Reader = Callable[[Event], str]


@value
class Invitation:
    """Where to sign in: the *url* to open, or the *page* to type the *user_code* into."""

    url: str
    page: str = ""
    user_code: str = ""
    seconds: float = 0.0


class Board(Protocol):
    """What shows how a sign-in goes."""

    def invite(self, invitation: Invitation) -> None:
        """Show where to sign in."""

    def wait(self, seconds: float) -> None:
        """Show that there are so many *seconds* left."""

    def end(self, title: str, words: str = "") -> None:
        """Show what has come of it."""


@value
class Contact:
    """How somebody is reached: *tell* shows a line, *read* returns one that was typed in.

    *open_browser* returns whether it has; without one, none is opened. *board* shows the sign-in
    itself where there is a better place for it than lines of text, as in a notebook.
    """

    tell: Callable[[str], None]
    open_browser: Callable[[str], bool] | None = None
    read: Reader | None = None
    board: Board | None = None

    def shown_on(self) -> Board:
        """Return what to show a sign-in on."""
        return self.board or _Lines(self.tell)


class _Lines:
    """Shows a sign-in line by line, as a terminal does."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell

    def invite(self, invitation: Invitation) -> None:
        url = shown(invitation.url, longest=LONGEST_ADDRESS)
        if not invitation.user_code:
            self._tell(f"to sign in, open this page in a browser on this machine:\n{url}")
            return
        minutes = max(1, round(invitation.seconds / 60))
        page, user_code = shown(invitation.page), shown(invitation.user_code)
        self._tell(
            f"to sign in, open this page on any device:\n{url}\n"
            f"and compare the code, or type it in at {page}: {user_code}\n"
            f"(for {minutes} minute{'' if minutes == 1 else 's'})"
        )

    def wait(self, seconds: float) -> None:
        """Show nothing: a line once a second would be too many."""

    def end(self, title: str, words: str = "") -> None:
        self._tell(f"{title}: {words}" if words else title)


def tell_stderr(line: str) -> None:
    """Show *line* beside the results, if there is anywhere to."""
    if sys.stderr is not None:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def open_in_browser(url: str) -> bool:
    """Open *url* as the environment says (`BROWSER`), or in the desktop's browser.

    Returns whether one was started; not whether anything appeared.
    """
    # It looks for browsers when it is imported, or soon after.
    import webbrowser  # noqa: PLC0415

    try:
        return webbrowser.open(url)
    except (webbrowser.Error, OSError):
        return False


def terminal_line(stop: Event | None = None) -> str:
    """Return the line that somebody types in at the terminal; nothing once *stop* is set."""
    stop = stop or Event()
    if sys.stdin is None:
        return ""
    if sys.platform != "win32":
        from select import select  # noqa: PLC0415 - there is no such thing for files elsewhere

        while not select([sys.stdin], [], [], 0.1)[0]:
            if stop.is_set():
                return ""
    # Where one cannot wait for both, the line is waited for on a thread that may never return.
    return sys.stdin.readline()


def in_background(call: Callable[[], None], *, name: str) -> None:
    """Make *call* beside everything else; it may last for longer than anybody waits."""
    Thread(target=call, name=f"keyless {name}", daemon=True).start()

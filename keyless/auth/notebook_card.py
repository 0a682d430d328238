# SPDX-License-Identifier: Apache-2.0
"""A sign-in as a card in a notebook: a link, a code, and how it goes, until it says who came.

The card is one output that is replaced, so that nothing of the code is left in a notebook that is
saved. A notebook never asks for a line: where it is executed without anybody, that would fail.
Themes are light or dark, so no colour is set; scripts would be stripped, so there are none.
"""

from collections.abc import Callable
from importlib import import_module

from keyless.auth.contact import LONGEST_ADDRESS, Invitation
from keyless.safe_text import shown

# Shows what is given by media type; returns what shows something else in its place.
Contents = dict[str, str]
Update = Callable[[Contents], None]
Display = Callable[[Contents], Update]

_CARD = (
    "display:inline-block;border:1px solid;border-radius:0.5em;padding:0.8em 1.2em;margin:0.3em 0;"
    "background:none;color:inherit;line-height:1.6"
)
_CODE = "font-size:1.5em;letter-spacing:0.1em;user-select:all;background:none;color:inherit"
_SMALL = "opacity:0.75"


class NotebookCard:
    """Shows a sign-in on a card; *display* puts it there, IPython's unless it is given."""

    def __init__(self, display: Display | None = None) -> None:
        self._display = display or _ipython_display
        self._update: Update | None = None
        self._invitation: Invitation | None = None

    def invite(self, invitation: Invitation) -> None:
        """Show where to sign in."""
        self._invitation = invitation
        self.wait(invitation.seconds)

    def wait(self, seconds: float) -> None:
        """Show that there are so many *seconds* left."""
        if self._invitation is not None:
            self._show(_waiting(self._invitation, seconds))

    def end(self, title: str, words: str = "") -> None:
        """Show what has come of it, in place of all else."""
        self._invitation = None
        safe = f"<strong>{_escaped(title)}</strong>"
        safe += f'<br><span style="{_SMALL}">{_escaped(words)}</span>' if words else ""
        plain = f"{shown(title)}: {shown(words)}" if words else shown(title)
        self._show({"text/html": _card(safe), "text/plain": plain})

    def _show(self, contents: Contents) -> None:
        if self._update is None:
            self._update = self._display(contents)
        else:
            self._update(contents)


def _waiting(invitation: Invitation, seconds: float) -> Contents:
    # The address was checked to be one under https, or of this machine.
    url = shown(invitation.url, medium="html", longest=LONGEST_ADDRESS)
    link = f'<a href="{url}" target="_blank" rel="noopener noreferrer">Open the sign-in page</a>'
    plain = f"sign in at {shown(invitation.url, longest=LONGEST_ADDRESS)}"
    code = ""
    if invitation.user_code:
        page, user_code = invitation.page, invitation.user_code
        code = (
            f'<br>and compare this code: <code style="{_CODE}">{_escaped(user_code)}</code>'
            f'<br><span style="{_SMALL}">or type it in at {_escaped(page)}, on any device</span>'
        )
        plain += f" and compare the code {shown(user_code)}"
    left = f"waiting for you, for another {_duration(seconds)}"
    html = f'{link}{code}<br><span style="{_SMALL}">{left}</span>'
    return {"text/html": _card(html), "text/plain": f"{plain} ({left})"}


def _duration(seconds: float) -> str:
    whole = max(0, round(seconds))
    return f"{whole // 60} min {whole % 60:02} s" if whole >= 60 else f"{whole} s"


def _card(html: str) -> str:
    return f'<div style="{_CARD}">{html}</div>'


def _escaped(text: str) -> str:
    return shown(text, medium="html")


def _ipython_display(contents: Contents) -> Update:
    # Only who is in a notebook gets here, and has it.
    handle = import_module("IPython.display").display(contents, raw=True, display_id=True)

    def update(changed: Contents) -> None:
        handle.update(changed, raw=True)

    return update

# SPDX-License-Identifier: Apache-2.0
"""How text from outside is shown: nothing in it may move a cursor, hide, reorder or become markup.

Identities, file names, log entries and servers' messages are chosen by strangers. Whatever shows
them, a terminal, a log file or a notebook, gets them through `shown()`.
"""

import re
from typing import Literal

Medium = Literal["plain", "rich", "html"]

LONGEST = 400

_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"}
_RICH_TAG = re.compile(r"(\\*)(\[[a-z#/@][^\[]*?\])")
_LINK = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]+)?(?:[/?#][!-~]*)?")


def shown(text: object, *, medium: Medium = "plain", longest: int = LONGEST) -> str:
    """Return *text* in a form that is safe to show in *medium*, cut after *longest* characters."""
    whole = str(text)
    cut = whole[:longest]
    safe = cut if cut.isprintable() else "".join(map(_visible, cut))
    if medium == "html":
        safe = "".join(_HTML.get(character, character) for character in safe)
    elif medium == "rich":
        safe = _RICH_TAG.sub(r"\1\1\\\2", safe)
    return safe if len(whole) <= longest else f"{safe}… ({len(whole) - longest} more characters)"


def linked(url: str) -> str:
    """Return *url* as HTML: a link when it is plainly `https://`, text otherwise."""
    safe = shown(url, medium="html")
    if len(url) > LONGEST or not _LINK.fullmatch(url):
        return safe
    return f'<a href="{safe}" target="_blank" rel="noopener noreferrer">{safe}</a>'


def _visible(character: str) -> str:
    # `isprintable` is Unicode's own table: false for C0, DEL, C1, bidi and other format characters,
    # lone surrogates, and every separator but the space.
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

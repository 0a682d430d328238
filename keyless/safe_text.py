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
# Invisible, and yet printable by Unicode's table: fillers, joiners, variation selectors, and the
# blank among the Braille patterns.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
# What rich reads in markup: tags, emoji as in `:skull:`, and backslashes before either. Whether a
# bracket opens a tag also depends on what will follow the text, so none is left as it is.
_RICH_MARKUP = re.compile(r"(\\*)([\[:])|(\\+)\Z")
_RICH_NOTHING = "[none][/none]"
_LINK = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]+)?(?:[/?#][!-~]*)?")


def shown(text: object, *, medium: Medium = "plain", longest: int = LONGEST) -> str:
    """Return *text* in a form that is safe to show in *medium*, cut after *longest* characters."""
    whole = str(text)
    cut = whole[:longest]
    safe = cut if _is_visible(cut) else "".join(map(_visible, cut))
    if medium == "html":
        safe = "".join(_HTML.get(character, character) for character in safe)
    elif medium == "rich":
        safe = _RICH_MARKUP.sub(_without_markup, safe)
    return safe if len(whole) <= longest else f"{safe}… ({len(whole) - longest} more characters)"


def linked(url: str) -> str:
    """Return *url* as HTML: a link when it is plainly `https://`, text otherwise."""
    safe = shown(url, medium="html")
    if len(url) > LONGEST or not _LINK.fullmatch(url):
        return safe
    return f'<a href="{safe}" target="_blank" rel="noopener noreferrer">{safe}</a>'


def _is_visible(text: str) -> bool:
    # `isprintable` is Unicode's own table: false for C0, DEL, C1, bidi and other format characters,
    # lone surrogates, and every separator but the space.
    return text.isprintable() and (text.isascii() or not _INVISIBLE.search(text))


def _visible(character: str) -> str:
    if _is_visible(character):
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _without_markup(match: re.Match[str]) -> str:
    # A tag around nothing keeps a colon from its partner, and backslashes from a bracket: before a
    # tag each is written twice.
    before, mark = match[1] or match[3] or "", match[2] or ""
    escaped = "\\[" if mark == "[" else mark
    return f"{before}{before}{_RICH_NOTHING}{escaped}"

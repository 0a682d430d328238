# SPDX-License-Identifier: Apache-2.0
"""What a text has to be: exactly this, or whatever fits a pattern *from end to end*.

A pattern that may match anywhere in a name is the oldest mistake of this trade: one for
`@example.com` then also lets `@example.com.evil.org` in.
"""

import re

from keyless.errors import InputError
from keyless.safe_text import shown
from keyless.value import value

# Where `*` ends: between the parts of a path, between a user and a domain, before a git reference.
BOUNDARIES = "/@"


@value
class Glob:
    """Text in which `*` stands for anything without `/` or `@`, and `**` for anything at all.

    Everything else stands for itself, so that there is nothing to escape, and the whole name must
    fit: `Glob("*@example.com")` takes `bob@example.com` but not `bob@example.com.evil.org`.
    """

    text: str

    def __init__(self, text: str) -> None:
        _demand_text(text)
        self.__dict__.update(text=text)

    def matches(self, name: str) -> bool:
        """Say whether *name* fits, in one pass: no name and no stars can make it slow."""
        # Bit n of `reached` says that what was read so far fits the first n literal characters. A
        # star after them keeps that bit; a character moves all bits at once.
        literals, short_stars, long_stars, length = self._compiled()
        reached = 1
        for character in name:
            stars = long_stars if character in BOUNDARIES else long_stars | short_stars
            reached = (reached & literals.get(character, 0)) << 1 | (reached & stars)
        return bool(reached >> length)

    def _compiled(self) -> tuple[dict[str, int], int, int, int]:
        """Return which literals are which character, after which the stars stand, and the last."""
        literals: dict[str, int] = {}
        short_stars = long_stars = length = 0
        for part_number, part in enumerate(self.text.split("**")):
            if part_number:
                long_stars |= 1 << length
            for piece_number, piece in enumerate(part.split("*")):
                if piece_number:
                    short_stars |= 1 << length
                for character in piece:
                    literals[character] = literals.get(character, 0) | 1 << length
                    length += 1
        return literals, short_stars, long_stars, length

    def __repr__(self) -> str:
        return f"Glob({self.text!r})"


Wanted = str | re.Pattern[str] | Glob


def _demand_text(text: object) -> None:
    if not isinstance(text, str) or not text:
        raise InputError("a Glob needs text", hint='as in Glob("*@example.com")')


def matches(wanted: Wanted, text: str) -> bool:
    """Say whether *text* is what is *wanted*; exact text is compared byte for byte."""
    if isinstance(wanted, str):
        return text == wanted
    if isinstance(wanted, Glob):
        return wanted.matches(text)
    return wanted.fullmatch(text) is not None


def described(wanted: Wanted) -> str:
    """Say in words what is *wanted*."""
    if isinstance(wanted, str):
        return shown(wanted)
    if isinstance(wanted, Glob):
        return f'anything like "{shown(wanted.text)}"'
    flags = re.RegexFlag(wanted.flags & ~re.UNICODE)  # every pattern over text has that one
    return f"anything matching /{shown(wanted.pattern)}/{f' ({flags.name})' if flags else ''}"


def demand(wanted: object, name: str) -> None:
    """Refuse a *wanted* that is neither text, pattern nor Glob, or that is empty."""
    text = wanted.pattern if isinstance(wanted, re.Pattern) else wanted
    if not isinstance(text, str | Glob):
        raise InputError(
            f"the {name} must be text, a compiled pattern or a Glob, not {type(wanted).__name__}",
            hint="a pattern over bytes matches no text" if isinstance(text, bytes) else None,
        )
    if not text:
        raise InputError(
            f"the {name} is empty",
            hint=f"say which {name} is wanted: nothing stands for anybody",
        )

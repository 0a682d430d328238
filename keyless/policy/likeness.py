# SPDX-License-Identifier: Apache-2.0
"""How two texts differ that a person would take for one.

Texts are compared byte for byte, and a refusal that shows the same name twice helps nobody: one of
them ends in a slash, or has a Cyrillic letter in it
that looks like an `a`.
"""

from collections.abc import Callable

from keyless.policy.wanted import Wanted, matches

Form = Callable[[str], str]

MOST_CHARACTERS = 5


def explained(name: str, found: str, wanted: Wanted) -> tuple[str, ...]:
    """Say what a person might overlook of *found*, the *name* that is not what was *wanted*."""
    if matches(wanted, found):
        return ()
    hints = [_marked(found, f"the {name} found")]
    if isinstance(wanted, str):
        hints.append(_marked(wanted, f"the {name} wanted"))
        hints.append(_likeness(name, found, wanted))
        if "*" in wanted:
            hints.append(f'the {name} wanted is exact text, "*" included: Glob(…) makes it a star')
    return tuple(filter(None, hints))


def _likeness(name: str, found: str, wanted: str) -> str:
    for difference, form in _forms():
        if form(found) == form(wanted):
            return f"the {name} differs from the one wanted only {difference}"
    return ""


def _forms() -> tuple[tuple[str, Form], ...]:
    """List what can be taken away from a text for comparison, the least first."""
    # Imported for a refusal only: its tables are the largest module that judging would load.
    from unicodedata import normalize  # noqa: PLC0415

    def canonical(text: str) -> str:
        return normalize("NFC", text)

    def compatible(text: str) -> str:
        return normalize("NFKC", text)

    return (
        ("in upper and lower case", str.casefold),
        ("in a slash at its end", lambda text: text.removesuffix("/")),
        ("in space around it", str.strip),
        ("in Unicode form: one is not in NFC", canonical),
        ("in Unicode form: one is not in NFKC", compatible),
        ("in case and Unicode form", lambda text: compatible(compatible(text).casefold())),
    )


def _marked(text: str, whose: str) -> str:
    """Name the characters of *text* that are not ASCII, among which are those that look like it."""
    if text.isascii():
        return ""
    characters = [character for character in dict.fromkeys(text) if not character.isascii()]
    listed = ", ".join(map(_named, characters[:MOST_CHARACTERS]))
    more = ", …" if len(characters) > MOST_CHARACTERS else ""
    return f"{whose} has characters beyond ASCII: {listed}{more}"


def _named(character: str) -> str:
    from unicodedata import name  # noqa: PLC0415 - as above

    return f"U+{ord(character):04X} {name(character, '')}".rstrip()

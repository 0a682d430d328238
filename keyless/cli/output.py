# SPDX-License-Identifier: Apache-2.0
"""What is printed, and where: results to stdout, everything else to stderr.

    keyless: error: app.whl: signed by mallory@example.com (e-mail), …
      check   policy
      found   …
      wanted  …
    keyless: hint: …

No capitals, no full stops, no stack traces. What comes from outside is shown safely, and an exit
code says the same as the words: 0 done, 1 refused, 2 misused, 3 a service failed. Of images it says
more, as cosign does: 10 no signature, 11 no such image, 12 no signature as was asked for.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic

from keyless.errors import (
    ImageNotFound,
    InputError,
    KeylessError,
    NoMatchingSignature,
    NoSignatures,
    ParseError,
    VerificationError,
)
from keyless.protocol.json_reader import JsonValue
from keyless.safe_text import shown

DONE, REFUSED, MISUSED, FAILED = 0, 1, 2, 3
UNSIGNED, NOT_THERE, NONE_MATCHES = 10, 11, 12  # of images

# A message may be put together from several texts of outside, each of which was cut already.
LONGEST = 2000
SHORTEST_WAIT = 0.1
BLANK = f"\r{'':40}\r"  # over whatever stood on the line, on terminals of every kind


def prepare() -> None:
    """Have stdout print what its encoding lacks as an escape, as stderr does already."""
    if sys.stdout is not None:
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # TextIO lacks it


def say(text: str) -> None:
    """Print *text*, a result, which was made safe where it was made."""
    print(text)  # noqa: T201 - this is where results go


def say_bytes(data: bytes) -> None:
    """Print *data*, a result that must arrive byte for byte."""
    if sys.stdout is not None:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)


def say_json(document: JsonValue) -> None:
    """Print *document* as the one JSON document that `--json` promises, in ASCII."""
    say(json.dumps(document, indent=2))


def note(text: str) -> None:
    """Print *text*, which is no result, to stderr."""
    _tell(f"keyless: {text}")


def complain(error: KeylessError, *, about: str | None = None) -> None:
    """Print *error*, *about* what it is, and what to do."""
    message = _shown(error.message)
    named = isinstance(error, InputError) and about is not None and shown(about) in message
    if about is not None and not named:
        message = f"{shown(about)}: {message}"
    lines = [f"keyless: error: {message}"]
    if isinstance(error, VerificationError):
        lines += [f"  {name:<6}  {_shown(fact)}" for name, fact in _facts(error) if fact]
    if error.hint:
        lines.append(f"keyless: hint: {_shown(error.hint)}")
    _tell("\n".join(lines))


def error_json(error: KeylessError | None) -> dict[str, JsonValue]:
    """Return the members that say in JSON what went wrong: all of them null when nothing did."""
    members: dict[str, JsonValue] = dict.fromkeys(("error", "check", "found", "wanted", "hint"))
    if error is not None:
        members |= {"error": error.message, "hint": error.hint}
    if isinstance(error, VerificationError | ParseError):
        members["check"] = error.check.value
    if isinstance(error, VerificationError):
        members |= {"found": error.found, "wanted": error.wanted}
    return members


@contextmanager
def telling_in_json(
    document: Callable[[KeylessError], JsonValue], *, wanted: bool
) -> Iterator[None]:
    """Print the *document* of what goes wrong in the block, if it is *wanted*, and let it go on.

    It is complained of all the same: that is for whoever reads stderr.
    """
    try:
        yield
    except KeylessError as error:
        if wanted:
            say_json(document(error))
        raise


def exit_code(error: KeylessError) -> int:
    """Return the exit code that says what kind of *error* it is."""
    match error:
        case NoSignatures():
            return UNSIGNED
        case ImageNotFound():
            return NOT_THERE
        case NoMatchingSignature():
            return NONE_MATCHES
        case VerificationError() | ParseError():
            return REFUSED
        case InputError():
            return MISUSED
        case _:
            return FAILED


class Progress:
    """One line on stderr that says how far a long run has come, where a person is watching."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._watched = sys.stderr is not None and sys.stderr.isatty()
        self._next = monotonic() + SHORTEST_WAIT
        self._shown = False

    def advance(self) -> None:
        """Count one more; show it now and then, and again whenever the line had to make way."""
        self.reach(self._done + 1, self._total)

    def reach(self, done: int, total: int) -> None:
        """Count up to *done*, of a *total* that may have grown; show it likewise."""
        self._done, self._total = done, total
        if self._watched and (self._shown or monotonic() >= self._next):
            self._next = monotonic() + SHORTEST_WAIT
            self._write(f"\rkeyless: {self._done} of {self._total}")
            self._shown = True

    def make_way(self) -> None:
        """Take the line away, so that something else can stand there."""
        if self._shown:
            self._write(BLANK)

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


def finish() -> None:
    """Write what is still to be written, while there is someone to hear that it failed."""
    if sys.stdout is not None:
        sys.stdout.flush()


def abandon() -> None:
    """Let what is still to be written go nowhere: whoever read it is gone.

    Otherwise the interpreter would complain on its way out, when it flushes.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _facts(error: VerificationError) -> list[tuple[str, str | None]]:
    """Return what was asked, found and wanted; of many things that were found, each by itself."""
    found = [error.found]
    if isinstance(error, NoMatchingSignature) and error.rejected:
        found = [str(each) for each in error.rejected]
    each_found = [("found", fact) for fact in found]
    return [("check", error.check.value), *each_found, ("wanted", error.wanted)]


def _tell(text: str) -> None:
    # A script may have closed stderr, and print() would take stdout instead; or it may be full.
    # Nobody can be told of that, and the exit code says what matters.
    if sys.stderr is not None:
        with suppress(OSError):
            print(text, file=sys.stderr)  # noqa: T201 - this is where all else goes


def _shown(text: str) -> str:
    return shown(text, longest=LONGEST)

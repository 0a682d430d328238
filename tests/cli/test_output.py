# SPDX-License-Identifier: Apache-2.0
"""What is printed is safe to print, and progress is for whoever watches."""

import io
import re
import sys
from time import sleep

import pytest

from keyless.cli import output
from keyless.errors import Check, InputError, KeylessError, VerificationError

LONG_ENOUGH = 1.2 * output.SHORTEST_WAIT


class Terminal(io.StringIO):
    """A stderr that somebody watches."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_progress_on_a_terminal_is_one_line_that_makes_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The line appears after a while, steps aside for results, and is gone in the end."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    progress = output.Progress(3)
    progress.make_way()
    progress.advance()
    assert terminal.getvalue() == ""
    sleep(LONG_ENOUGH)
    progress.advance()
    progress.make_way()
    progress.advance()
    progress.make_way()
    first, blank, second, gone = re.split(r"(?<=.)(?=\r[ k])", terminal.getvalue())
    assert (first, second) == ("\rkeyless: 2 of 3", "\rkeyless: 3 of 3")
    assert blank == gone
    assert blank == f"\r{blank[1:-1]}\r"
    assert not blank.strip()
    assert len(blank) > len(second)


def test_progress_is_not_written_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    """A log file holds what happened, not how it went along."""
    progress = output.Progress(1)
    sleep(LONG_ENOUGH)
    progress.advance()
    progress.make_way()
    assert capsys.readouterr() == ("", "")


def test_an_error_moves_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    """Every part of an error that came from outside is shown safely."""
    error = VerificationError(
        "a\x1b[2J", check=Check.POLICY, found="b\r\n", wanted="c\u202e", hint="d\x00"
    )
    output.complain(error, about="e\x9b")
    assert capsys.readouterr().err == (
        "keyless: error: e\\x9b: a\\x1b[2J\n"
        "  check   policy\n"
        "  found   b\\x0d\\x0a\n"
        "  wanted  c\\u202e\n"
        "keyless: hint: d\\x00\n"
    )


def test_a_file_is_named_once(capsys: pytest.CaptureFixture[str]) -> None:
    """An error about a path names the path; another error is told what it is about."""
    output.complain(InputError("there is no file a"), about="a")
    output.complain(InputError("a digest has no bundle"), about="sha256:00")
    output.complain(KeylessError("a"), about="a")
    assert capsys.readouterr().err == (
        "keyless: error: there is no file a\n"
        "keyless: error: sha256:00: a digest has no bundle\n"
        "keyless: error: a: a\n"
    )

# SPDX-License-Identifier: Apache-2.0
"""How people are reached: what they are told, and how a line of theirs is waited for."""

import io
import os
import sys
import time
import webbrowser
from collections.abc import Iterator
from threading import Event, Timer

import pytest

from keyless.auth.contact import (
    Contact,
    Invitation,
    open_in_browser,
    tell_stderr,
    terminal_line,
)
from tests.auth.people import Person


@pytest.mark.parametrize(("seconds", "words"), [(30, "1 minute)"), (170, "3 minutes)")])
def test_a_terminal_is_told_how_long_a_code_is_good_for(seconds: float, words: str) -> None:
    """In words that are right for one, too."""
    person = Person()
    board = Contact(tell=person).shown_on()
    board.invite(Invitation(url="https://a", page="https://b", user_code="C", seconds=seconds))
    board.wait(5)
    board.end("not signed in", "nobody came")
    assert words in person.lines[0]
    assert person.lines[1:] == ["not signed in: nobody came"]


def test_a_code_moves_no_cursor() -> None:
    """The issuer chooses it."""
    person = Person()
    code = "\x1b[2JWDJB"
    Contact(tell=person).shown_on().invite(
        Invitation(url="https://a", page="https://b", user_code=code, seconds=60)
    )
    assert "\x1b" not in person.heard
    assert r"\x1b[2JWDJB" in person.heard


def test_what_is_told_goes_beside_the_results(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or nowhere, where there is no such place."""
    tell_stderr("hello")
    assert capsys.readouterr() == ("", "hello\n")
    monkeypatch.setattr(sys, "stderr", None)
    tell_stderr("hello")


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A standard input; what is typed into."""
    reading, writing = os.pipe()
    with io.TextIOWrapper(io.FileIO(reading), encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        yield writing


def test_a_line_is_waited_for(typed: int) -> None:
    """And the next one after it."""
    Timer(0.05, os.write, (typed, b"one\n")).start()
    assert terminal_line(Event()) == "one\n"
    os.close(typed)
    assert terminal_line(Event()) == ""


def test_nobody_waits_for_a_line_that_is_not_needed_any_more(typed: int) -> None:
    """What is typed after that is for whoever reads next."""
    stop = Event()
    Timer(0.05, stop.set).start()
    start = time.monotonic()
    assert terminal_line(stop) == ""
    assert time.monotonic() - start < 5
    os.write(typed, b"for the shell\n")
    assert sys.stdin.readline() == "for the shell\n"
    os.close(typed)


def test_without_a_terminal_there_is_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a service."""
    monkeypatch.setattr(sys, "stdin", None)
    assert terminal_line(Event()) == ""


@pytest.mark.parametrize("error", [webbrowser.Error("none"), OSError("none")])
def test_a_machine_without_a_browser_is_no_error(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """The page can be opened elsewhere."""

    def fail(_: str) -> bool:
        raise error

    monkeypatch.setattr(webbrowser, "open", fail)
    assert not open_in_browser("https://example.com")

# SPDX-License-Identifier: Apache-2.0
"""A browser on another machine: the address at which it ends is pasted here."""

from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Event
from urllib.parse import parse_qs, urlsplit

import pytest

from keyless.auth.answers import Verdict, advice_on_pasted, pasted_query
from keyless.auth.wish import Wish
from keyless.errors import LoginError, LoginFailure
from keyless.sandbox import Sandbox
from keyless.sandbox.login_lies import NO_DEVICES
from tests.auth.people import REMOTE, Browser, Desk, nothing_typed

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A terminal far away, and an issuer that knows no devices."""
    sandbox = Sandbox(NOON)
    sandbox.issuer.approve("alice@example.com")
    with sandbox.inject("oidc", NO_DEVICES):
        yield Desk(sandbox, surroundings=REMOTE)


class Typist:
    """Types one line after the other; `{back}` in them is where a browser elsewhere ends."""

    def __init__(self, desk: Desk, *lines: str) -> None:
        self._desk = desk
        self._lines = list(lines)

    def __call__(self, stop: Event) -> str:
        """Type the next line."""
        if not self._lines:
            return nothing_typed(stop)
        url = self._desk.person.heard.partition("on this machine:\n")[2].split()[0]
        back = Browser(self._desk.sandbox).back(url)
        state = parse_qs(urlsplit(back).query)["state"][0]
        line = self._lines.pop(0)
        return line.format(back=back, query=back.partition("?")[2], state=state) + "\n"


@pytest.mark.parametrize("line", ["{back}", "  <{back}>  ", "'{back}#'", "?{query}", "{query}"])
def test_the_address_is_pasted(desk: Desk, line: str) -> None:
    """As a whole, or what counts of it, and however it was quoted."""
    desk.read = Typist(desk, line)
    assert desk.sign_in().name == "alice@example.com"
    assert "a browser on another machine, as there is an SSH connection" in desk.person.heard
    assert "and the issuer knows no device codes" in desk.person.heard


WRONG = {
    "a code alone": ("SplxlOBeZQQYbYS6WxSbIA", "paste the whole address"),
    "an address without an answer": ("http://localhost:1/auth/callback", "paste the whole"),
    "another sign-in": ("http://x/?code=y&state={state}x", "it answers another attempt to sign in"),
    "twice": ("http://x/?{query}&code=x", "paste the whole address"),
}


@pytest.mark.parametrize(("line", "words"), WRONG.values(), ids=WRONG.keys())
def test_what_is_pasted_wrongly_is_told_and_pasted_again(desk: Desk, line: str, words: str) -> None:
    """Nothing ends; the next line may be it."""
    desk.read = Typist(desk, line, "", "{back}")
    assert desk.sign_in().name == "alice@example.com"
    assert words in desk.person.heard


def test_somebody_who_said_no_pastes_that(desk: Desk) -> None:
    """It is an answer as well."""
    desk.sandbox.issuer.deny()
    desk.read = Typist(desk, "{back}")
    with pytest.raises(LoginError) as caught:
        desk.sign_in()
    assert caught.value.reason is LoginFailure.CANCELLED


def broken(_: Event) -> str:
    """Fail to read."""
    raise EOFError


def ended(_: Event) -> str:
    """Have no more lines."""
    return ""


@pytest.mark.parametrize("read", [broken, ended])
def test_a_reader_that_ends_ends_nothing(desk: Desk, read: object) -> None:
    """The browser may still come back by itself."""
    desk.read, desk.seconds = read, 0.3  # type: ignore[assignment]  # one of the two above
    with pytest.raises(LoginError) as caught:
        desk.sign_in()
    assert caught.value.reason is LoginFailure.TIMED_OUT


def test_the_browser_may_be_faster(desk: Desk) -> None:
    """Whichever comes first counts."""
    browser = Browser(desk.sandbox)
    desk.read = nothing_typed
    desk.open_browser = browser
    assert desk.sign_in(Wish(flow="browser")).name == "alice@example.com"
    assert browser.page.status_code == 200


def test_pasting_needs_a_reader(desk: Desk) -> None:
    """In code nobody reads standard input unasked."""
    with pytest.raises(LoginError, match="nothing here reads the address") as caught:
        desk.sign_in(Wish(flow="paste"))
    assert caught.value.reason is LoginFailure.NOBODY_THERE


def test_no_browser_is_opened_where_one_is_elsewhere(desk: Desk) -> None:
    """It would come up where nobody is."""
    desk.open_browser = Browser(desk.sandbox)
    desk.read = Typist(desk, "{back}")
    desk.sign_in(Wish(flow="paste"))
    assert desk.open_browser.opened == []


def test_nothing_of_what_was_pasted_is_repeated() -> None:
    """There may be a code in it."""
    assert pasted_query(" http://localhost:1/auth/callback?code=x&state=y#z ") == "code=x&state=y"
    assert all("code=x" not in advice_on_pasted(verdict) for verdict in Verdict)

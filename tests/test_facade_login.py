# SPDX-License-Identifier: Apache-2.0
"""`keyless.login()`: one line that says who I am, and what is remembered of it."""

import io
import os
import sys
import webbrowser
from collections.abc import Iterator
from datetime import UTC, datetime

import keyring
import pytest

import keyless
from keyless.auth.contact import terminal_line
from keyless.facade.login import session_place, somebody
from keyless.sandbox import Sandbox
from tests.auth.keyrings import MemoryKeyring
from tests.auth.people import Browser
from tests.auth.places import VARIABLES

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be nowhere in particular, with nobody there."""
    for variable in (*VARIABLES, "CI", "KEYLESS_FLOW", "BROWSER"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(sys, "stdin", None)


@pytest.fixture
def sandbox() -> Sandbox:
    """A sandbox at noon, in which Alice signs in."""
    sandbox = Sandbox(NOON)
    sandbox.issuer.approve("alice@example.com")
    return sandbox


def login(sandbox: Sandbox, provider: str | None = None, **options: object) -> keyless.Identity:
    """Sign in with a browser."""
    given = {"flow": "browser", "tell": str, "open_browser": Browser(sandbox), **options}
    return keyless.login(provider, sigstore=sandbox.sigstore, **given)  # type: ignore[arg-type]  # as above


def test_one_line_says_who_i_am(sandbox: Sandbox) -> None:
    """By name, and with whom one has the account."""
    me = login(sandbox)
    assert (me.name, me.issuer) == ("alice@example.com", "https://github.com/login/oauth")


def test_whoever_signed_in_signs_from_then_on(sandbox: Sandbox) -> None:
    """In the same instance, and until they sign in again."""
    me = login(sandbox)
    assert somebody(sandbox.sigstore) is me
    sandbox.issuer.approve("bob@example.com")
    bob = login(sandbox)
    assert somebody(sandbox.sigstore) is bob
    with pytest.raises(keyless.LoginError, match="nobody to sign as"):
        somebody(Sandbox(NOON).sigstore)


class Terminal(io.StringIO):
    """What somebody watches."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_whoever_watches_a_terminal_is_asked_once(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When something is to be signed, and nobody was named."""
    browser, said = Browser(sandbox), Terminal()
    monkeypatch.setattr(webbrowser, "open", browser)
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys, "stderr", said)
    monkeypatch.setenv("BROWSER", "the one above")
    for _ in range(3):
        signed = keyless.sign(b"hello", sigstore=sandbox.sigstore)
        assert signed.proof.signer.identity is not None
        assert signed.proof.signer.identity.text == "alice@example.com"
    assert len(browser.opened) == 1
    assert "signed in as alice@example.com (GitHub)\n" in said.getvalue()


def test_a_token_that_lies_there_is_taken_before_that(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever put it there meant it."""
    login(sandbox)
    monkeypatch.setenv("SIGSTORE_ID_TOKEN", sandbox.token("robot@example.com"))
    assert somebody(sandbox.sigstore).name == "robot@example.com"


def test_a_pasted_address_is_read_where_a_reader_is_given(sandbox: Sandbox) -> None:
    """Standard input is never touched."""
    lines: list[str] = []

    def reader() -> str:
        url = "\n".join(lines).partition("on this machine:\n")[2].split()[0]
        return Browser(sandbox).back(url)

    me = login(sandbox, flow="paste", tell=lines.append, reader=reader)
    assert me.name == "alice@example.com"


def test_a_pasted_address_is_read_at_the_terminal(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which is left alone as soon as nobody waits for it."""
    lines: list[str] = []
    reading, writing = os.pipe()
    with io.TextIOWrapper(io.FileIO(reading), encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdin", stream)

        def tell(line: str) -> None:
            lines.append(line)
            if line.startswith("or paste here"):
                url = "\n".join(lines).partition("on this machine:\n")[2].split()[0]
                os.write(writing, f"{Browser(sandbox).back(url)}\nfor the shell\n".encode())

        me = login(sandbox, flow="paste", tell=tell, reader=terminal_line)
        assert me.name == "alice@example.com"
        assert stream.readline() == "for the shell\n"
    os.close(writing)


@pytest.fixture
def kept() -> Iterator[MemoryKeyring]:
    """The keyring of the operating system."""
    before, memory = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


@pytest.mark.usefixtures("kept")
def test_a_session_that_is_kept_is_gone_on_with(sandbox: Sandbox) -> None:
    """Nobody signs in again, though the token has expired; nobody else's is taken for it."""
    browser, lines = Browser(sandbox), list[str]()
    login(sandbox, remember="keyring", open_browser=browser)
    sandbox.wait(120)
    again = login(sandbox, remember="keyring", open_browser=browser, tell=lines.append)
    assert len(browser.opened) == 1
    assert again.name == "alice@example.com"
    (line,) = lines
    assert line.startswith("going on with the session of alice@example.com, which is kept until ")
    signed = keyless.sign(b"hello", again, sigstore=sandbox.sigstore)
    assert signed.proof.signer.identity is not None
    assert signed.proof.signer.identity.text == "alice@example.com"
    login(sandbox, "google", remember="keyring", open_browser=browser)
    assert len(browser.opened) == 2


def test_a_place_that_vouches_for_its_jobs_needs_no_session(
    sandbox: Sandbox, kept: MemoryKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked again, and nothing is certified that nobody uses."""
    monkeypatch.setenv("SIGSTORE_ID_TOKEN", sandbox.token("robot@example.com"))
    assert login(sandbox, flow="auto", remember="keyring").name == "robot@example.com"
    assert kept.kept == {}


def test_a_session_that_is_no_good_has_somebody_sign_in(
    sandbox: Sandbox, kept: MemoryKeyring
) -> None:
    """As one of another instance's."""
    browser = Browser(sandbox)
    login(sandbox, remember="keyring", open_browser=browser)
    other = Sandbox(NOON)
    other.issuer.approve("bob@example.com")
    browser.sandbox = other
    me = keyless.login(
        flow="browser",
        remember="keyring",
        tell=str,
        open_browser=browser,
        sigstore=other.sigstore,
    )
    assert me.name == "bob@example.com"
    assert len(browser.opened) == 2
    assert kept.kept
    other.wait(120)
    signed = keyless.sign(b"hello", me, sigstore=other.sigstore)
    assert signed.proof.signer.identity is not None
    assert signed.proof.signer.identity.text == "bob@example.com"


def test_what_is_kept_is_kept_in_a_keyring_or_nowhere(sandbox: Sandbox) -> None:
    """A file would be found."""
    with pytest.raises(keyless.InputError, match="remember=file is no place"):
        login(sandbox, remember="file")


def test_a_session_is_good_for_one_way_of_signing_in(sandbox: Sandbox) -> None:
    """Whoever wishes for something else gets another."""
    from keyless.auth.wish import Wish  # noqa: PLC0415 - for this test alone

    places = {
        session_place(sandbox.sigstore, wish).entry
        for wish in (Wish(), Wish(provider="google"), Wish(expected="a"), Wish(issuer="https://a"))
    }
    assert len(places) == 4
    assert session_place(sandbox.sigstore, Wish()).issuer == sandbox.core.urls.issuer


@pytest.mark.parametrize("timeout", [0, 7200])
def test_a_time_that_nobody_can_wait_is_refused(sandbox: Sandbox, timeout: float) -> None:
    """Before anything is done."""
    with pytest.raises(keyless.InputError, match="is not how long somebody can take"):
        login(sandbox, timeout=timeout)


@pytest.mark.parametrize("options", [{"provider": "gitlab"}, {"flow": "oob"}])
def test_what_is_not_known_is_told(sandbox: Sandbox, options: dict[str, str]) -> None:
    """With what is."""
    with pytest.raises(keyless.InputError) as caught:
        login(sandbox, **options)  # type: ignore[arg-type]  # neither is known
    assert caught.value.hint

# SPDX-License-Identifier: Apache-2.0
"""Signing in at a terminal, with a browser, a code or a pasted address; and what is kept of it."""

import io
import json
import socket
import stat
import sys
import webbrowser
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import keyring
import pytest

import keyless
from keyless.cli import run
from keyless.sandbox import Sandbox
from keyless.sandbox.served import Served
from tests.auth.keyrings import LockedKeyring, MemoryKeyring
from tests.auth.people import visit
from tests.auth.places import answering, githubs, nowhere, on_github
from tests.cli.terminal import Terminal, terminal

ALICE, BOB = "alice@example.com", "bob@example.com"
PAGE = r"in a browser on this machine:\n(http\S+)\n"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it has no terminals of this kind")


@pytest.fixture(name="sandbox")
def _sandbox() -> Sandbox:
    sandbox = Sandbox()
    sandbox.issuer.approve(ALICE)
    sandbox.issuer.flows.interval = timedelta(seconds=1)
    return sandbox


@pytest.fixture(name="served")
def _served(sandbox: Sandbox, tmp_path: Path) -> Iterator[Served]:
    with sandbox.serve(tmp_path / "sandbox") as served:
        yield served


@pytest.fixture(name="artifact")
def _artifact(tmp_path: Path) -> Path:
    path = tmp_path / "app.txt"
    path.write_bytes(b"hello\n")
    return path


def is_open(address: str) -> bool:
    """Say whether anybody listens where *address*, of a sign-in page, has the browser come back."""
    (back,) = parse_qs(urlsplit(address).query)["redirect_uri"]
    port = urlsplit(back).port
    assert port is not None
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


# At a terminal


def test_the_browser_that_is_named_signs_in(served: Served, tmp_path: Path) -> None:
    """The terminal says where it went, and who came back; nothing listens after that."""
    browser = tmp_path / "browser"
    script = "import sys, urllib.request as u\nu.urlopen(sys.argv[1], timeout=20).read()"
    browser.write_text(f"#!{sys.executable}\n{script}\n")
    browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
    words = ("login", "--trust-config", served.trust_config())
    with terminal(*words, folder=tmp_path, environ={"BROWSER": f"{browser} %s"}) as window:
        assert window.end() == 0
    assert "signing in with a browser, as BROWSER names one" in window.shown
    assert f"signed in as {ALICE}\n  vouched for by  https://github.com/login/oauth" in window.shown
    assert not is_open(window.wait_for(PAGE)[1])


def test_a_new_user_signs_in_on_another_device(sandbox: Sandbox, tmp_path: Path) -> None:
    """By the page and the code that the terminal shows."""
    sandbox.issuer.ask()
    with sandbox.serve(tmp_path / "sandbox") as served:
        words = ("login", "--flow", "device", "--trust-config", served.trust_config())
        with terminal(*words, folder=tmp_path) as window:
            page = window.wait_for(r"on any device:\n(http\S+)\n")[1]
            assert "Who are you?" in visit(page).text
            assert "Done" in visit(f"{page}&decision=yes&email={ALICE}").text
            assert window.end() == 0
    assert f"signed in as {ALICE}" in window.shown


def test_an_address_can_be_pasted_while_a_browser_is_waited_for(
    served: Served, tmp_path: Path
) -> None:
    """What is no such address is told, and waiting goes on."""
    words = ("login", "--flow", "browser", "--trust-config", served.trust_config())
    with terminal(*words, folder=tmp_path) as window:
        page = window.wait_for(PAGE)[1]
        window.wait_for("or paste here")
        window.type("http://localhost/\n")
        window.wait_for("that is not it")
        window.type(visit(page, allow_redirects=False).headers["Location"] + "\n")
        assert window.end() == 0
    assert f"signed in as {ALICE}" in window.shown
    assert not is_open(page)


@pytest.mark.parametrize("flow", ["browser", "device"])
def test_ctrl_c_ends_it_at_once(flow: str, sandbox: Sandbox, tmp_path: Path) -> None:
    """With the exit code of what was interrupted, no traceback, and no port left open."""
    sandbox.issuer.ask()
    with sandbox.serve(tmp_path / "sandbox") as served:
        words = ("login", "--flow", flow, "--trust-config", served.trust_config())
        with terminal(*words, folder=tmp_path) as window:
            window.wait_for(r"to sign in, open this page[^\n]*\nhttp\S+\n")
            window.interrupt()
            assert window.end() == 130
    assert "Traceback" not in window.shown
    assert flow == "device" or not is_open(window.wait_for(PAGE)[1])


def test_nobody_is_waited_for_longer_than_was_said(sandbox: Sandbox, tmp_path: Path) -> None:
    """The next step is said, and no port is left open."""
    sandbox.issuer.ask()
    with sandbox.serve(tmp_path / "sandbox") as served:
        config = ("--trust-config", served.trust_config())
        words = ("login", "--flow", "browser", "--timeout", "0.3", *config)
        with terminal(*words, folder=tmp_path) as window:
            assert window.end() == 3
    assert "keyless: error: nobody signed in within 0.3 seconds\nkeyless: hint: " in window.shown
    assert not is_open(window.wait_for(PAGE)[1])


def test_whoever_signs_at_a_terminal_signs_in_there(
    served: Served, artifact: Path, tmp_path: Path
) -> None:
    """And is told what becomes public before it does."""
    words = ("sign", str(artifact), "--flow", "paste", "--trust-config", served.trust_config())
    with terminal(*words, folder=tmp_path) as window:
        _paste(window)
        assert window.end() == 0
    order = [f"signed in as {ALICE}", "signing makes this public", f"signed: {artifact}"]
    assert sorted(order, key=window.shown.index) == order
    keyless.verify(artifact, identity=ALICE, issuer="github", sigstore=served.sigstore)


def _paste(window: Terminal) -> None:
    page = window.wait_for(PAGE)[1]
    window.wait_for("or paste here")
    window.type(visit(page, allow_redirects=False).headers["Location"] + "\n")


# Without anybody


def test_a_job_signs_as_what_it_is(
    sandbox: Sandbox,
    served: Served,
    artifact: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """GitHub is asked, and nobody else; whoever is expected to be another is refused."""
    token = sandbox.issuer.github_token("octo-org/hello", lifetime=timedelta(hours=1))
    sign = ["sign", str(artifact), "--trust-config", served.trust_config()]
    with answering(lambda: githubs(token)) as asked:
        on_github(monkeypatch, asked.url)
        monkeypatch.setenv("CI", "true")
        assert run(sign) == 0
        out, err = capsys.readouterr()
        assert "github.com/octo-org/hello/.github/workflows/release.yml" in out
        assert "keyless: being who GitHub Actions says that this is\n" in err
        assert run([*sign, "--overwrite", "--expect", ALICE]) == 3
        assert f"not as {ALICE}" in capsys.readouterr().err
        assert run(["whoami"]) == 0
        assert "GitHub Actions" in capsys.readouterr().out
    assert len(asked.requests) == 3


# What is kept


@pytest.fixture(name="kept")
def _kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryKeyring]:
    """The keyring of a desktop whose browser needs nobody before it."""
    nowhere(monkeypatch)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("KEYLESS_FLOW", raising=False)
    monkeypatch.setenv("BROWSER", "some")
    monkeypatch.setenv("KEYLESS_OFFLINE", "1")
    monkeypatch.setenv("KEYLESS_NOTICE", "off")
    monkeypatch.setattr(webbrowser, "open", lambda url: visit(url).ok)
    before, memory = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


def remember(served: Served, *words: str) -> None:
    """Sign in, and have the session kept."""
    assert run(["login", "--remember", *words, "--trust-config", served.trust_config()]) == 0


@pytest.mark.usefixtures("kept")
def test_signing_goes_on_with_the_session_that_is_kept(
    served: Served, artifact: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """However it was begun, and whoever signs is told; logout ends it."""
    remember(served, "--provider", "github", "--expect", ALICE)
    out, err = capsys.readouterr()
    assert "kept until" in out
    assert err.startswith("keyless: --remember has who you are written into the certificate log")
    sign = ["sign", str(artifact), "--trust-config", served.trust_config()]
    assert run(sign) == 0
    out, err = capsys.readouterr()
    assert f"by        {ALICE}" in out
    assert err.startswith(f"keyless: going on with the session of {ALICE}, which is kept until ")
    assert run(["whoami"]) == 0
    assert "sessions that are kept in the keyring\n" in (said := capsys.readouterr().out)
    assert ALICE in said
    assert run(["logout"]) == 0
    assert capsys.readouterr().out == "removed 1 session\n"
    assert run(sign) == 3
    assert "nobody to sign as" in capsys.readouterr().err


@pytest.mark.usefixtures("kept")
def test_what_becomes_public_is_told_by_the_session(
    served: Served, artifact: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody is asked for a token."""
    remember(served)
    capsys.readouterr()
    words = ["sign", str(artifact), "--dry-run", "--trust-config", served.trust_config()]
    assert run(words) == 0
    out, err = capsys.readouterr()
    assert f"identity       {ALICE}" in out
    assert "signing in" not in err


@pytest.mark.usefixtures("kept")
def test_one_of_several_sessions_is_named(
    sandbox: Sandbox, served: Served, artifact: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whom somebody means is not guessed."""
    remember(served)
    sandbox.issuer.approve(BOB)
    remember(served, "--provider", "google")
    capsys.readouterr()
    sign = ["sign", str(artifact), "--trust-config", served.trust_config()]
    assert run(sign) == 2
    err = capsys.readouterr().err
    assert f"sessions of several are kept: {ALICE} (vouched for by " in err
    assert f"--expect {ALICE}" in err
    for word, named, who in (("--expect", ALICE, ALICE), ("--provider", "google", BOB)):
        assert run([*sign, "--overwrite", word, named]) == 0
        assert f"by        {who}" in capsys.readouterr().out
    assert run([*sign, "--expect", "carol@example.com"]) == 3


@pytest.mark.usefixtures("kept")
def test_a_session_of_another_instance_is_none(
    served: Served, artifact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its certificates mean nothing there."""
    remember(served)
    with Sandbox().serve(tmp_path / "other") as other:
        assert run(["sign", str(artifact), "--trust-config", other.trust_config()]) == 3
    assert "nobody to sign as" in capsys.readouterr().err


def test_a_session_that_somebody_has_changed_signs_nothing(
    served: Served, artifact: Path, kept: MemoryKeyring, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is removed, and whoever is there would be asked."""
    remember(served)
    for place, text in kept.kept.items():
        if "index" not in place[0]:
            kept.kept[place] = text[:-5] + "AAAA\n"
    assert run(["sign", str(artifact), "--trust-config", served.trust_config()]) == 3
    assert "was kept as a session is none, and was removed" in capsys.readouterr().err


def test_a_locked_keyring_is_told_and_is_no_session(
    served: Served, artifact: Path, kept: MemoryKeyring, capsys: pytest.CaptureFixture[str]
) -> None:
    """Signing out of it fails, and says so."""
    assert kept.kept == {}
    keyring.set_keyring(LockedKeyring())
    assert run(["sign", str(artifact), "--trust-config", served.trust_config()]) == 3
    assert "no session is used: the keyring " in capsys.readouterr().err
    assert run(["logout"]) == 3
    assert "is locked" in capsys.readouterr().err


def test_nothing_becomes_public_for_a_keyring_that_keeps_nothing(
    sandbox: Sandbox, served: Served, kept: MemoryKeyring, capsys: pytest.CaptureFixture[str]
) -> None:
    """No certificate is asked for that would only be lost."""
    assert kept.kept == {}
    keyring.set_keyring(LockedKeyring())
    before = len(sandbox.core.ct_log.tree)
    remember(served)
    assert len(sandbox.core.ct_log.tree) == before
    assert "nothing is kept" in capsys.readouterr().err


@pytest.mark.usefixtures("kept")
def test_a_program_is_told_in_json(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    """Until when the session is kept, whose they are, and how many were removed."""
    remember(served, "--json")
    signed_in = json.loads(capsys.readouterr().out)
    assert signed_in["kept_until"].endswith("Z")
    assert run(["whoami", "--json"]) == 0
    (session,) = json.loads(capsys.readouterr().out)["sessions"]
    assert session == {
        "identity": ALICE,
        "issuer": "https://github.com/login/oauth",
        "authority": served.urls.authority,
        "expires_at": signed_in["kept_until"],
    }
    assert run(["logout", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"keyless": 1, "removed": 1}


def test_no_command_shows_a_token(
    sandbox: Sandbox,
    served: Served,
    kept: MemoryKeyring,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nor any part of one that would do."""
    assert kept.kept == {}
    token = sandbox.token(ALICE, lifetime=timedelta(hours=1))
    monkeypatch.setenv("SIGSTORE_ID_TOKEN", token)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    for words in (["whoami"], ["whoami", "--json"], ["login", "--json"], ["login", "--remember"]):
        there = ["--trust-config", served.trust_config()] if words[0] == "login" else []
        assert run([*words, *there]) == 0
    out, err = capsys.readouterr()
    assert [part for part in token.split(".") if part in out + err] == []

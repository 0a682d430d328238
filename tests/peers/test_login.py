# SPDX-License-Identifier: Apache-2.0
"""Signing in for real: Chromium, oidc-provider, Fulcio; and then everybody's verdict."""

import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import keyless
from tests.cli.terminal import terminal
from tests.login_real.errand import errand_environ
from tests.login_real.places import Surfer, environ_for
from tests.peers.agreement import CLIENTS
from tests.peers.clients.client import ARTIFACT, Client, Question, Setting, Version
from tests.peers.here import needs_peers
from tests.peers.signing import connected, sign, verify
from tests.peers.stack.deployment import Stack

pytestmark = needs_peers

SECONDS = 120.0
BUNDLE = "artifact.txt.sigstore.json"
NULL = "keyring.backends.null.Keyring"


@pytest.fixture
def surfer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Surfer]:
    """Have somebody with a browser, of which nothing is left."""
    surfer = Surfer(tmp_path)
    # Chromium leaves folders behind; the path to a socket in there may not be long.
    with tempfile.TemporaryDirectory(prefix="keyless-peers-") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        yield surfer
        left = surfer.left()
        surfer.close()
    assert not left, "a browser was left behind"


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    """Have something to sign."""
    path = tmp_path / "artifact.txt"
    path.write_bytes(ARTIFACT)
    return path


def command(
    stack: Stack, environ: dict[str, str], *words: str | Path, rekor: Version = 1
) -> subprocess.CompletedProcess[str]:
    """Run `keyless` with *words* against the stack."""
    config = stack.trust_config(rekor=rekor, tsa=True)
    return subprocess.run(
        [sys.executable, "-m", "keyless", *words, "--trust-config", config],
        env=environ,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.mark.parametrize("rekor", [1, 2])
def test_what_somebody_signs_who_signed_in_is_verified_by_all(
    stack: Stack, surfer: Surfer, artifact: Path, rekor: Version
) -> None:
    """From a browser to a certificate, a log, a bundle, and to every other client."""
    errand = surfer.errand(who="alice")
    done = command(stack, environ_for(errand), "sign", artifact, "--flow", "browser", rekor=rekor)
    assert done.returncode == 0, done.stderr
    assert "signed in as alice@example.com (GitHub)" in done.stderr
    assert "Signed in as alice@example.com" in surfer.outcome(errand)["text"]
    bundle = artifact.with_name(BUNDLE).read_bytes()
    question = Question(
        setting=Setting(kind="file", rekor=rekor, tsa=True), bundle=bundle, artifact=ARTIFACT
    )
    assert {client.name: verdict(client, question, stack) for client in CLIENTS} == {
        client.name: None for client in CLIENTS
    }


def verdict(client: Client, question: Question, stack: Stack) -> str | None:
    """Return what *client* says."""
    (words,) = client.verdicts([question], stack)
    return words


def test_somebody_signs_in_in_code(
    stack: Stack, surfer: Surfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, for all that they sign."""
    errand = surfer.errand(who="alice")
    for name, text in errand_environ(errand).items():
        monkeypatch.setenv(name, text)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", NULL)
    sigstore = connected(stack)
    me = keyless.login(flow="browser", sigstore=sigstore)
    surfer.outcome(errand)
    with keyless.Signer(me, sigstore=sigstore) as signer:
        for artifact in (b"one", b"two"):
            verify(artifact, signer.sign(artifact), stack)


def test_an_issuer_that_was_killed_while_somebody_signs_in_knows_no_code_of_theirs(
    stack: Stack, surfer: Surfer, artifact: Path, tmp_path: Path
) -> None:
    """It is asked until it is back; nothing is signed; then the same command signs."""
    config = stack.trust_config(rekor=1, tsa=True)
    words = ("sign", str(artifact), "--flow", "device", "--trust-config", str(config))
    server = stack.servers["oidc-provider"]
    with terminal(*words, folder=tmp_path) as window:
        window.wait_for(r"type it in at (http\S+): (\S+)")
        server.kill()
        server.start_again()
        code = window.end()
    assert code == 3
    issuer = stack.urls.oidc.removeprefix("http://")
    assert f"keyless: error: the issuer {issuer} refused: invalid_grant" in window.shown
    assert not artifact.with_name(BUNDLE).exists()
    signed_by_browser(stack, surfer, artifact)


def test_an_issuer_that_is_killed_before_it_hands_out_a_token_is_named(
    stack: Stack, surfer: Surfer, artifact: Path, tmp_path: Path
) -> None:
    """Somebody has signed in, and come back with a code that nobody takes any more."""
    script, address = tmp_path / "browser.py", tmp_path / "address"
    script.write_text(f"import sys; open({str(address)!r}, 'w').write(sys.argv[1])")
    environ = environ_for(BROWSER=f"{sys.executable} {script} %s", KEYLESS_NOTICE="off")
    words = ("sign", str(artifact), "--flow", "browser", "--trust-config")
    config = str(stack.trust_config(rekor=1, tsa=True))
    server = stack.servers["oidc-provider"]
    with terminal(*words, config, folder=tmp_path, environ=environ) as window:
        window.wait_for("to sign in")
        while not address.exists() or not address.read_text():
            time.sleep(0.05)
        back = way_back(address.read_text(), who="alice")
        server.kill()
        try:
            with pytest.raises(urllib.error.HTTPError) as page:
                urllib.request.urlopen(back, timeout=SECONDS)  # noqa: S310 - of this machine
            code = window.end()
        finally:
            server.start_again()
    with page.value:
        assert "Not signed in" in page.value.read().decode()
    assert code == 3, window.shown
    issuer = stack.urls.oidc.removeprefix("http://")
    assert f"keyless: error: the issuer {issuer} cannot be asked" in window.shown
    assert not artifact.with_name(BUNDLE).exists()
    signed_by_browser(stack, surfer, artifact)


class _StopsAtTheWayBack(urllib.request.HTTPRedirectHandler):
    """Follows redirections within the issuer."""

    def redirect_request(self, *args: Any) -> urllib.request.Request | None:
        """Return the next request, unless that goes back to who asked."""
        url = args[-1]
        return None if "/auth/callback" in url else super().redirect_request(*args)


def way_back(url: str, *, who: str) -> str:
    """Fill in the forms at *url* as *who* would, and return where they are sent in the end."""
    browser = urllib.request.build_opener(
        urllib.request.HTTPCookieProcessor(), _StopsAtTheWayBack()
    )
    form: dict[str, str] | None = None
    while True:
        data = urllib.parse.urlencode(form).encode() if form else None
        try:
            with browser.open(url, data, timeout=SECONDS) as response:
                page = response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return str(error.headers["Location"])
        (url,) = re.findall(r'<form[^>]* action="([^"]+)"', page)
        (prompt,) = re.findall(r'name="prompt" value="([a-z]+)"', page)
        form = {"prompt": prompt, "login": who, "password": "whatever"}


def signed_by_browser(stack: Stack, surfer: Surfer, artifact: Path) -> None:
    """Sign *artifact* as whoever signs in with a browser, and verify that."""
    errand = surfer.errand(who="alice")
    done = command(stack, environ_for(errand), "sign", artifact, "--flow", "browser")
    assert done.returncode == 0, done.stderr
    surfer.outcome(errand)
    verify(ARTIFACT, artifact.with_name(BUNDLE).read_bytes(), stack)


def test_an_issuer_that_is_killed_while_somebody_signs_is_not_asked(stack: Stack) -> None:
    """The authority knows its keys by then; and those that it has afterwards, it asks for."""
    sign(b"before", stack)
    server, sigstore = stack.servers["oidc-provider"], connected(stack)
    old = keyless.Identity.from_token(stack.token())
    server.kill()
    try:
        verify(b"meanwhile", keyless.sign(b"meanwhile", old, sigstore=sigstore), stack)
    finally:
        server.start_again()
    verify(b"after", sign(b"after", stack), stack)

# SPDX-License-Identifier: Apache-2.0
"""Signing in over sockets alone, as on any machine: and what of it comes to light in logs."""

import http.client
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import keyless
from keyless.sandbox import Sandbox
from keyless.sandbox.faults import TimeOut
from keyless.services.http import Request, Response
from keyless.services.http.recording import Exchange, recording

# A browser without anybody before it, in a process of its own.
SURF = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=20).read().decode())"


class Surfer:
    """Opens what it is told to, and all that this leads to."""

    def __call__(self, url: str) -> bool:
        """Open *url*."""
        command = [sys.executable, "-c", SURF, url]
        self.page = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return True


@pytest.fixture
def sandbox() -> Sandbox:
    """A sandbox in which Alice signs in."""
    sandbox = Sandbox()
    sandbox.issuer.approve("alice@example.com")
    return sandbox


def test_somebody_signs_in_and_signs_and_no_log_shows_a_secret(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Not even with everything switched on that people switch on to see what `requests` does."""
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    caplog.set_level(logging.DEBUG)
    surfer, log, lines, asked = Surfer(), list[Exchange](), list[str](), list[Request]()
    with sandbox.serve() as served:
        sigstore = served.sigstore
        carry = sigstore.transport

        def listen(request: Request) -> Response:
            asked.append(request)
            return carry(request)

        sigstore.transport = recording(listen, log)
        me = keyless.login(
            flow="browser", sigstore=sigstore, tell=lines.append, open_browser=surfer
        )
        signed = keyless.sign(b"hello", me, sigstore=sigstore)
    assert signed.proof.signer.identity is not None
    assert signed.proof.signer.identity.text == "alice@example.com"
    secrets = {secret for request in asked for secret in request.secrets} | {me.reveal_token()}
    assert len(secrets) == 3
    out, err = capfd.readouterr()
    assert "urllib3.connectionpool" in caplog.text
    shown = f"{out} {err} {caplog.text} {lines} {log}"
    assert [secret for secret in secrets if secret in shown] == []


LOGIN = """
import sys, keyless
me = keyless.login("google", expect="alice@example.com", timeout=20,
                   sigstore=keyless.connect(trust_config=sys.argv[1]))
print(me.name, me.issuer)
"""


def test_the_browser_is_the_one_that_the_environment_names(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """Wherever this runs; what there is to say goes to standard error."""
    script = tmp_path / "surf.py"
    script.write_text(SURF.replace("print(", "str(", 1))  # its standard output is ours as well
    environ = {
        name: text
        for name, text in os.environ.items()
        if name not in {"CI", "KEYLESS_FLOW", "SIGSTORE_ID_TOKEN"}
    }
    environ["BROWSER"] = f"{sys.executable} {script} %s"
    with sandbox.serve(tmp_path / "sandbox") as served:
        run = subprocess.run(
            [sys.executable, "-c", LOGIN, served.trust_config()],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert run.returncode == 0, run.stderr
    assert "alice@example.com https://accounts.google.com\n" in run.stdout
    assert "signing in with a browser, as BROWSER names one" in run.stderr
    assert "Signing is public" in run.stderr
    assert "signed in as alice@example.com (Google)" in run.stderr


INTERRUPTED = """
import sys, keyless
keyless.login(flow="browser", open_browser=lambda url: True,
              sigstore=keyless.connect(trust_config=sys.argv[1]))
"""


def test_ctrl_c_ends_it(sandbox: Sandbox, tmp_path: Path) -> None:
    """At once, and without a word of what was known."""
    environ = {**os.environ, "KEYLESS_NOTICE": "off", "PYTHONUNBUFFERED": "1"}
    with sandbox.serve(tmp_path) as served:
        run = subprocess.Popen(
            [sys.executable, "-c", INTERRUPTED, served.trust_config()],
            env=environ,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert run.stderr is not None
        lines = []
        while not (lines and "redirect_uri=" in lines[-1]):
            lines.append(run.stderr.readline())
            assert lines[-1], lines
        run.send_signal(signal.SIGINT)
        _, rest = run.communicate(timeout=20)
    assert run.returncode == -signal.SIGINT
    assert rest.rstrip().endswith("KeyboardInterrupt")
    assert "Answers" not in rest
    assert "in wait" not in rest


def test_nobody_waits_for_an_issuer_that_does_not_answer(sandbox: Sandbox) -> None:
    """Longer than they have said."""
    start = time.monotonic()
    with (
        sandbox.serve() as served,
        sandbox.inject("oidc", TimeOut()),
        pytest.raises(keyless.LoginError, match="nobody signed in within") as caught,
    ):
        keyless.login(flow="device", timeout=0.3, sigstore=served.sigstore, tell=str)
    assert caught.value.reason is keyless.LoginFailure.TIMED_OUT
    assert time.monotonic() - start < 10

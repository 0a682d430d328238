# SPDX-License-Identifier: Apache-2.0
"""Where somebody signs in for real: at oidc-provider, with Chromium, to a sandbox that takes it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import keyless
from keyless.sandbox import Sandbox
from keyless.sandbox.served import Served
from keyless.services.client import PUBLIC_CLIENT
from keyless.services.http import requests_transport
from keyless.services.oidc import OpenIdIssuer
from tests.auth.places import VARIABLES
from tests.login_real.errand import Errand, errand_environ

ROOT = Path(__file__).parents[2]
MODULES = os.environ.get("KEYLESS_NODE_MODULES", "")
# Where pictures of the pages go, if they are wanted: those of the documentation are docs/images.
PICTURES = os.environ.get("KEYLESS_SCREENSHOTS", "")
SECONDS = 90.0

needs_browser = pytest.mark.skipif(
    "KEYLESS_LOGIN" not in os.environ or not MODULES,
    reason="there may be no Chromium and no OpenID provider here; `nox -s login` installs them",
)


@dataclass
class Surfer:
    """Somebody with a browser, sent on errands; what is left of it is in *folder*."""

    folder: Path
    errands: list[Errand] = field(default_factory=list)

    def errand(self, **what: Any) -> Errand:
        """Think of an errand, with a browser that nobody has used yet."""
        number = len(self.errands)
        errand = Errand(
            outcome=str(self.folder / f"outcome-{number}.json"),
            profile=str(self.folder / f"profile-{number}"),
            folder=str(ROOT / PICTURES) if PICTURES else "",
            **what,
        )
        self.errands.append(errand)
        return errand

    def browse(self, url: str, errand: Errand) -> subprocess.Popen[bytes]:
        """Open *url* on *errand* now, beside everything else."""
        command = [sys.executable, "-m", "tests.login_real.browser", url]
        return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **errand_environ(errand)})

    def outcome(self, errand: Errand) -> dict[str, Any]:
        """Return where *errand* ended, once it has; nothing of the browser is left then."""
        end, path = time.monotonic() + SECONDS, Path(errand.outcome)
        while not path.exists() or self.left():
            assert time.monotonic() < end, f"{errand} does not end: {self.left()}"
            time.sleep(0.05)
        outcome: dict[str, Any] = json.loads(path.read_text())
        return outcome

    def left(self) -> list[int]:
        """List the processes that are left of its browsers."""
        found = []
        for each in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = each.read_bytes()
            except OSError:  # it has just ended
                continue
            if str(self.folder).encode() in words and each.parent.name != str(os.getpid()):
                found.append(int(each.parent.name))
        return found

    def await_browser(self) -> None:
        """Wait until a browser has opened its page."""
        end = time.monotonic() + SECONDS
        while not any(Path(each.outcome + ".waiting").exists() for each in self.errands):
            assert time.monotonic() < end, "no browser opens"
            time.sleep(0.05)

    def await_end(self) -> None:
        """Wait until nothing is left of its browsers."""
        end = time.monotonic() + SECONDS
        while self.left():
            assert time.monotonic() < end, f"left behind: {self.left()}"
            time.sleep(0.05)

    def close(self) -> None:
        """End what is left of its browsers."""
        for process in self.left():
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue


@dataclass(frozen=True)
class Place:
    """An instance whose people sign in at *issuer*; *config* tells commands of both."""

    sandbox: Sandbox
    served: Served
    issuer: str
    config: str


@contextmanager
def provider() -> Iterator[str]:
    """Run oidc-provider for the block, and return its URL."""
    node = shutil.which("node")
    assert node, "there is no Node"
    process = subprocess.Popen(
        [node, str(Path(__file__).with_name("provider.mjs")), MODULES],
        stdin=subprocess.PIPE,  # it ends when we do, whatever becomes of us
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        assert url, "oidc-provider does not start"
        yield url
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


@contextmanager
def instance(issuer: str, folder: Path) -> Iterator[Place]:
    """Serve a sandbox for the block that takes the tokens of the *issuer* at this URL."""
    sandbox = Sandbox()
    sandbox.issuer.accept(
        OpenIdIssuer.discover(
            issuer, requests_transport(), client=PUBLIC_CLIENT, clock=lambda: sandbox.clock.now
        )
    )
    with sandbox.serve(folder) as served:
        config = json.loads(Path(served.trust_config()).read_text())
        config["signingConfig"]["oidcUrls"][0]["url"] = issuer
        path = folder / "with_provider.json"
        path.write_text(json.dumps(config))
        yield Place(sandbox=sandbox, served=served, issuer=issuer, config=str(path))


def environ_for(errand: Errand | None = None, **more: str) -> dict[str, str]:
    """Return the environment of somebody at a desk, whose browser goes on *errand*."""
    others = {*VARIABLES, "CI", "KEYLESS_FLOW", "BROWSER", "DISPLAY", "SSH_CONNECTION", "SSH_TTY"}
    environ = {name: text for name, text in os.environ.items() if name not in others}
    environ |= {
        "PYTHONPATH": os.pathsep.join([str(Path(keyless.__file__).parents[1]), str(ROOT)]),
        "KEYLESS_OFFLINE": "1",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }
    return environ | ({} if errand is None else errand_environ(errand)) | more

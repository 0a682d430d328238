# SPDX-License-Identifier: Apache-2.0
"""What is typed, and what is answered: each `*.txt` beside this file is one session in a shell.

    # what the next lines show
    $ keyless verify …          what is typed, in an empty folder that the session keeps
    a line                      what stdout says,
    ! a line                    then what stderr says
    exit 1                      the exit code, where it is not 0

`…` stands for anything within a line, and alone on a line for any lines. `$CASES` is the folder of
the public conformance cases, `$BEACON` the identity that signed most of them. `$SANDBOX` is the
folder with the documents of a sandbox that is served, and with tokens for it: of `alice`, of `bob`,
of a `workflow`, and of Alice one that is `expired` and one that is `for-npm`. `$THERE` says where
to sign, and `$AS_ALICE` as whom as well; `$TRUST` whom to trust for it, and `$BY_ALICE` who must
have signed as well. `$REGISTRY` is the host of that sandbox's registry, which is empty, `$APP` a
name in there, and `$IMAGE` a folder with an image `1.2` for two platforms, to be loaded into it.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import keyless
from keyless.images.layout import Layout
from keyless.sandbox import Sandbox
from tests.cases import CONFORMANCE, IDENTITY
from tests.images.layouts import image, index
from tests.shared_data import shared

SESSIONS = sorted(Path(__file__).parent.glob("*.txt"))

pytestmark = pytest.mark.skipif(
    shutil.which("sh") is None or shutil.which("sha256sum") is None,
    reason="sessions are typed into a shell that knows GNU's commands, as on Linux",
)


@dataclass
class Exchange:
    """One command, and all that it answers."""

    place: str
    command: str
    answer: list[str]


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: session.stem)
def test_the_command_answers_as_written(session: Path, tmp_path: Path) -> None:
    """Every command of the session prints, and returns, what the session says."""
    text = session.read_text(encoding="utf-8")
    if "$CASES" in text:
        shared("conformance")
    environment = _environment(tmp_path)
    with ExitStack() as opened:
        if "$SANDBOX" in text or "$AS_ALICE" in text:
            sandbox = Sandbox()
            served = opened.enter_context(sandbox.serve(environment["SANDBOX"]))
            _write_tokens(sandbox, Path(environment["SANDBOX"]))
            registry = urlsplit(served.urls.registry).netloc
            environment |= {"REGISTRY": registry, "APP": f"{registry}/me/app:1.2"}
        if "$IMAGE" in text:
            _write_image(environment["IMAGE"])
        for exchange in _exchanges(session.name, text):
            answer = _run(exchange.command, tmp_path / "here", environment)
            assert _fits(answer, exchange.answer), (
                f"{exchange.place}: {exchange.command}\n" + "\n".join(answer)
            )


def _write_tokens(sandbox: Sandbox, folder: Path) -> None:
    long, over = timedelta(hours=1), timedelta(seconds=-1)
    tokens = {
        "alice": sandbox.token("alice@example.com", lifetime=long),
        "bob": sandbox.token("bob@example.com", lifetime=long),
        "workflow": sandbox.issuer.github_token("octo-org/hello", lifetime=long),
        "expired": sandbox.token("alice@example.com", lifetime=over),
        "for-npm": sandbox.token("alice@example.com", audience="npm", lifetime=long),
    }
    for name, token in tokens.items():
        (folder / name).write_text(token)


def _write_image(folder: str) -> None:
    layout = Layout.at(folder)
    parts = {f"linux/{name}": image(layout, architecture=name) for name in ("amd64", "arm64")}
    for part in parts.values():
        layout.put_manifest(part)
    layout.put_image(index(parts), tag="1.2")


def _exchanges(name: str, text: str) -> Iterator[Exchange]:
    exchange: Exchange | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("$ "):
            if exchange:
                yield exchange
            exchange = Exchange(place=f"{name}:{number}", command=line[2:], answer=[])
        elif line and not line.startswith("# "):
            assert exchange, f"{name}:{number} answers no command"
            exchange.answer.append(line)
    assert exchange, f"{name} holds no command"
    yield exchange


def _environment(folder: Path) -> dict[str, str]:
    """Make a home of its own, in which `keyless` is the one under test, and offline."""
    (folder / "here").mkdir()
    (folder / "bin").mkdir()
    command = folder / "bin" / "keyless"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m keyless "$@"\n')
    command.chmod(0o755)
    sandbox = str(folder / "sandbox")
    there = f"--trust-config {sandbox}/client_trust_config.json"
    trust = f"--trusted-root {sandbox}/trusted_root.json"
    return {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(Path(keyless.__file__).parents[1]),
        "HOME": str(folder),
        "CASES": str(CONFORMANCE),
        "BEACON": IDENTITY,
        "SANDBOX": sandbox,
        "IMAGE": str(folder / "image"),
        "THERE": there,
        "AS_ALICE": f"{there} --identity-token-file {sandbox}/alice",
        "TRUST": trust,
        "BY_ALICE": f"{trust} --identity alice@example.com --issuer github",
        "KEYLESS_OFFLINE": "1",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "COLUMNS": "100",
        "LC_ALL": "C.UTF-8",
    }


def _run(command: str, folder: Path, environment: dict[str, str]) -> list[str]:
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    return [
        *(line for line in done.stdout.splitlines() if line),
        *(f"! {line}" for line in done.stderr.splitlines() if line),
        *([f"exit {done.returncode}"] if done.returncode else []),
    ]


def _fits(answer: list[str], expected: list[str]) -> bool:
    pattern = "".join(
        r"(?:.*\n)*" if line == "…" else rf"{'.*'.join(map(re.escape, line.split('…')))}\n"
        for line in expected
    )
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in answer)) is not None

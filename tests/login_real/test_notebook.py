# SPDX-License-Identifier: Apache-2.0
"""Signing in in a notebook, whose kernel runs elsewhere and has nobody to type anything in."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.login_real.places import (
    ROOT,
    SECONDS,
    Place,
    Surfer,
    environ_for,
    instance,
    needs_browser,
    provider,
)

pytestmark = needs_browser

ALICE = "alice@example.com"
# What could be had with it: a token, or what a token is had for.
SECRET = re.compile(r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+|device_code|code_verifier")
CODE = re.compile(r"user-select:all[^>]*>([^<]+)</code>")
# Notes every secret that is drawn, in a file beside the notebook.
_REMEMBER = """
import secrets
_drawn, _draw = [], secrets.token_urlsafe
def _noting(size=None):
    _drawn.append(_draw(size))
    return _drawn[-1]
secrets.token_urlsafe = _noting
"""
_SAY = """
open("secrets", "w").write("\\n".join(_drawn))
print(len(_drawn))
"""
_STYLE = """
:root { color-scheme: light dark }
body { font: 14px sans-serif; margin: 0; padding: 0.5rem; width: fit-content }
"""
CELLS = (
    "import keyless\nsigstore = keyless.connect(trust_config={config!r})",
    "me = keyless.login(sigstore=sigstore)",
    "me",
    "keyless.sign(b'hello', me, sigstore=sigstore)",
)


@pytest.fixture(name="place")
def _place(tmp_path: Path) -> Iterator[Place]:
    folder = tmp_path / "sandbox"
    folder.mkdir()
    with provider() as issuer, instance(issuer, folder) as place:
        yield place


@pytest.fixture(name="surfer")
def _surfer(tmp_path: Path) -> Iterator[Surfer]:
    surfer = Surfer(tmp_path)
    yield surfer
    left = surfer.left()
    surfer.close()
    assert not left, "a browser was left behind"


class Notebook:
    """A notebook that is executed with nobody to type; it can be looked at meanwhile."""

    def __init__(self, cells: Sequence[str], folder: Path) -> None:
        self._path = folder / "notebook.ipynb"
        self._path.write_text(json.dumps(_notebook(cells)))
        command = ("-m", "tests.login_real.notebook_run", str(self._path), f"{SECONDS:.0f}")
        self._process = subprocess.Popen(
            [sys.executable, *command],
            env=environ_for(),
            cwd=folder,
            stdout=subprocess.PIPE,
            text=True,
        )

    def html(self) -> str:
        """Return what its cells show now."""
        cells = json.loads(self.saved())["cells"]
        outputs = (output for cell in cells for output in cell["outputs"])
        return "\n".join("".join(each.get("data", {}).get("text/html", "")) for each in outputs)

    def saved(self) -> str:
        """Return the file."""
        return self._path.read_text()

    def is_running(self) -> bool:
        """Say whether there is a cell yet to be executed."""
        time.sleep(0.05)
        return self._process.poll() is None

    def wait_for(self, pattern: re.Pattern[str]) -> re.Match[str]:
        """Return where *pattern* is shown, once it is."""
        end = time.monotonic() + SECONDS
        while not (match := pattern.search(self.html())):
            assert time.monotonic() < end, self.saved()
            assert self._process.poll() is None, self.end()
            time.sleep(0.05)
        return match

    def end(self) -> str:
        """Wait until every cell was executed, and return what went wrong."""
        problem, _ = self._process.communicate(timeout=SECONDS)
        return problem

    def close(self) -> None:
        """End it, if it has not ended."""
        self._process.terminate()
        self._process.communicate(timeout=SECONDS)


@contextmanager
def notebook_of(cells: Sequence[str], folder: Path) -> Iterator[Notebook]:
    """Execute a notebook of *cells*, beside the block."""
    notebook = Notebook(cells, folder)
    try:
        yield notebook
    finally:
        notebook.close()


def _notebook(cells: Sequence[str]) -> dict[str, object]:
    empty = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    return {
        "cells": [{**empty, "id": f"c{at}", "source": each} for at, each in enumerate(cells)],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def test_a_card_in_a_notebook_signs_somebody_in(
    place: Place, surfer: Surfer, tmp_path: Path
) -> None:
    """With a code that is typed in on another device; nothing of it stays in what is saved."""
    cells = (CELLS[0].format(config=place.config), *CELLS[1:])
    with notebook_of(cells, tmp_path) as notebook:
        code = notebook.wait_for(CODE)[1]
        waiting = notebook.html()
        link = re.search(r'<a href="(http://localhost:[0-9]+/device)\?user_code=', waiting)
        assert link
        errand = surfer.errand(who="alice", user_code=code)
        with surfer.browse(link[1], errand) as browsing:
            assert browsing.wait(SECONDS) == 0
        assert notebook.end() == ""
    done = notebook.html()
    assert f"signed in as {ALICE} (GitHub)" in done
    saved = notebook.saved()
    assert f"Identity({ALICE}, vouched for by https://github.com/login/oauth)" in saved
    assert code not in saved
    assert not SECRET.search(saved)
    _photograph(surfer, tmp_path, "login-card", waiting)
    _photograph(surfer, tmp_path, "login-card-done", done.partition("</div>")[0])


def test_a_notebook_whose_sign_in_fails_says_why_on_the_card(place: Place, tmp_path: Path) -> None:
    """And in the cell, without the code."""
    login = "keyless.login(sigstore=sigstore, timeout=2)"
    with notebook_of((CELLS[0].format(config=place.config), login), tmp_path) as notebook:
        code = notebook.wait_for(CODE)[1]
        assert "nobody signed in within 2 seconds" in notebook.end()
    assert "not signed in" in notebook.html()
    assert code not in notebook.saved()


def test_the_notebook_about_signing_in_is_saved_without_a_secret(tmp_path: Path) -> None:
    """Once it was executed: no token, no code, and nothing that a token is had for."""
    written = json.loads((ROOT / "notebooks" / "02-login.ipynb").read_text())
    cells = ["".join(cell["source"]) for cell in written["cells"] if cell["cell_type"] == "code"]
    with notebook_of([_REMEMBER, *cells, _SAY], tmp_path) as notebook:
        codes = set()
        while notebook.is_running():
            codes |= set(CODE.findall(notebook.html()))
        assert notebook.end() == ""
    assert codes
    saved = notebook.saved()
    said = json.loads(saved)["cells"][-1]["outputs"][0]["text"]
    secrets = (tmp_path / "secrets").read_text().split()
    assert "".join(said) == f"{len(secrets)}\n"
    assert len(secrets) > 10
    assert [each for each in (*codes, *secrets) if each in saved] == []
    assert not SECRET.search(saved)


def _photograph(surfer: Surfer, folder: Path, name: str, card: str) -> None:
    """Keep what a card looks like, in light and in dark."""
    page = folder / f"{name}.html"
    page.write_text(f'<!doctype html><meta charset="utf-8"><style>{_STYLE}</style>{card}')
    for dark in (False, True):
        suffix = "-dark" if dark else ""
        errand = surfer.errand(dark=dark, pages={"end": name + suffix})
        with surfer.browse(page.as_uri(), errand) as browsing:
            assert browsing.wait(SECONDS) == 0
        assert surfer.outcome(errand)["text"]

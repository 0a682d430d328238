# SPDX-License-Identifier: Apache-2.0
"""Examples that are printed can be typed as they stand."""

import sys
from pathlib import Path

import pytest

from keyless.cli.program import program


@pytest.mark.parametrize(
    ("called", "typed"),
    [
        ("bin/keyless", "keyless"),
        ("other place/keyless", "'other place/keyless'"),
        ("keyless/__main__.py", "keyless"),
    ],
    ids=["found by its name", "found by its path alone", "run as a module"],
)
def test_an_example_names_the_command_as_it_is_found(
    called: str, typed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its name where that finds this very command, by its path where it does not."""
    command = tmp_path / "bin" / "keyless"
    command.parent.mkdir()
    command.touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "bin")
    monkeypatch.setattr(sys, "argv", [called])
    assert program() == typed

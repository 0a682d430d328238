# SPDX-License-Identifier: Apache-2.0
"""The `openssl` of this machine, where there is one: an opinion that owes us nothing."""

import shutil
import subprocess
from pathlib import Path

import pytest


def openssl(arguments: str, *, folder: Path) -> str:
    """Run openssl in *folder* and return what it says; skip the test where there is none."""
    command = shutil.which("openssl")
    if command is None:
        pytest.skip("openssl is not installed")
    ran = subprocess.run(
        [command, *arguments.split()], cwd=folder, check=True, capture_output=True, text=True
    )
    return ran.stdout

# SPDX-License-Identifier: Apache-2.0
"""rekor-cli, asking the stack's log."""

import os
import subprocess
from pathlib import Path

from tests.peers.stack.deployment import Stack
from tests.peers.stack.programs import place


def rekor_cli(stack: Stack, folder: Path, *words: str | Path, cwd: Path | None = None) -> str:
    """Run it in *cwd*, with *folder* for what it keeps, and return what it says."""
    done = subprocess.run(
        [place("rekor-cli"), "--rekor_server", stack.urls.rekor_v1, *words],
        cwd=cwd,
        env={**os.environ, "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout

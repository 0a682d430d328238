# SPDX-License-Identifier: Apache-2.0
"""What a person is told who has the stack left running: each command does what it says."""

import io
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

from tests.peers.here import needs_peers
from tests.peers.stack.deployment import Stack
from tests.peers.stack.up import words

pytestmark = needs_peers

SECONDS = 120.0


def test_every_command_that_is_shown_works(stack: Stack, tmp_path: Path) -> None:
    """In the order in which they are shown, as one script."""
    shown = words(stack)
    script = "\n".join(re.findall(r"^    (.*)$", shown, re.MULTILINE))
    (stack.folder / "token").write_text(stack.token())
    (stack.folder / "FILE").write_text("what is signed\n")
    with tarfile.open(stack.folder / "FILE.tar", "w") as layer:
        layer.addfile(tarfile.TarInfo("empty"), io.BytesIO())
    bash = shutil.which("bash")
    assert bash
    done = subprocess.run(
        [bash, "-euvc", script],
        env={
            **os.environ,
            "HOME": str(tmp_path),
            "PYTHONPATH": str(Path(__file__).parents[2]),
        },
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert script.count("keyless ") > 4

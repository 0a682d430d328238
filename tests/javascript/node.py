# SPDX-License-Identifier: Apache-2.0
"""Node's scripts in this folder: JSON in, JSON out, with sigstore-js where nox has put it."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from keyless.protocol.json_reader import JsonValue

MODULES = os.environ.get("KEYLESS_NODE_MODULES")
needs_node = pytest.mark.skipif(
    MODULES is None, reason="sigstore-js is not installed; `nox -s javascript` does that"
)


def run(script: str, question: JsonValue, *, seconds: float = 120) -> JsonValue:
    """Have *script* answer *question*; what it says on standard error is a failed test's output."""
    node = shutil.which("node")
    assert node, "there is no Node"
    assert MODULES
    done = subprocess.run(
        [node, str(Path(__file__).parent / script)],
        input=json.dumps(question).encode(),
        stdout=subprocess.PIPE,
        env={**os.environ, "NODE_PATH": MODULES},
        timeout=seconds,
        check=True,
    )
    answer: JsonValue = json.loads(done.stdout)
    return answer

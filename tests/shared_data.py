# SPDX-License-Identifier: Apache-2.0
"""Where the data lies that this repository reads but does not hold: ../shared beside it."""

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("KEYLESS_SHARED", Path(__file__).parents[2] / "shared"))


def shared(path: str) -> Path:
    """Return where *path* lies in the shared data; skip the test, and say so, where it does not."""
    found = SHARED / path
    if not found.exists():
        pytest.skip(f"{path} is not in {SHARED}; KEYLESS_SHARED can name another folder")
    return found

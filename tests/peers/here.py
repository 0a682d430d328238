# SPDX-License-Identifier: Apache-2.0
"""Whether the programs that these tests need are here."""

import os

import pytest

needs_peers = pytest.mark.skipif(
    "KEYLESS_PEERS" not in os.environ,
    reason="the real servers are not installed; `nox -s peers` does that",
)

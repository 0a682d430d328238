# SPDX-License-Identifier: Apache-2.0
"""Where Rekor v1 keeps what it searches by: Debian's redis."""

from pathlib import Path

from tests.peers.stack.ports import HOST, listens
from tests.peers.stack.process import Server
from tests.peers.stack.programs import PACKAGES


def redis(folder: Path, port: int) -> Server:
    """Make the server at *port*, which writes each change down in *folder*."""
    data = folder / "redis"
    data.mkdir()
    words = [f"--bind {HOST}", f"--port {port}", f"--dir {data}", "--appendonly yes", "--save ''"]
    options = [part.strip("'") for word in words for part in word.split()]
    command = [PACKAGES["redis-server"], *options]
    return Server("redis", command, is_ready=lambda: listens(port))

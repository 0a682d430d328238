# SPDX-License-Identifier: Apache-2.0
"""The log of signatures, version 2: rekor-tiles on a folder, behind a front that serves its files.

The front's URL is the log's, and the host in it the origin of its checkpoints.
"""

import sys
from pathlib import Path

from tests.peers.stack.keys import LogKey
from tests.peers.stack.ports import HOST, answers, free_port, listens
from tests.peers.stack.process import Server
from tests.peers.stack.programs import place

ORIGIN = "localhost"


def rekor_v2(
    storage: Path,
    port: int,
    *,
    key: LogKey,
    name: str = "rekor-v2",
    witnesses: Path | None = None,
    read_only: bool = False,
) -> Server:
    """Make the log that is kept in *storage*, at *port*; a *read_only* one takes no entries.

    Whom it asks to cosign its checkpoints is written in the file *witnesses*.
    """
    options = ["--read-only"] if read_only else []
    if witnesses:
        options.append(f"--witness-policy-path={witnesses}")
    return Server(
        name,
        [
            *(place("rekor-tiles"), "serve", f"--hostname={ORIGIN}", f"--http-address={HOST}"),
            *(f"--http-port={port}", f"--grpc-address={HOST}", f"--grpc-port={free_port()}"),
            *(f"--http-metrics-port={free_port()}", f"--storage-dir={storage}"),
            *(f"--signer-filepath={key.key}", "--checkpoint-interval=200ms"),
            *("--persistent-antispam=true", *options),
        ],
        is_ready=lambda: answers(f"http://{HOST}:{port}/healthz"),
    )


def tile_front(storage: Path, port: int, *, log: int, name: str = "tile-front") -> Server:
    """Make the front at *port* of the log at *log*, which is kept in *storage*."""
    command = [sys.executable, "-m", "tests.peers.stack.tile_front"]
    return Server(
        name,
        [*command, str(port), storage, f"http://{HOST}:{log}"],
        is_ready=lambda: listens(port),
        env={"PYTHONPATH": str(Path(__file__).parents[3])},
    )


def log_url(port: int) -> str:
    """Return the URL of the log whose front is at *port*."""
    return f"http://{ORIGIN}:{port}"

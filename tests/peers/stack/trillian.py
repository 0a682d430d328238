# SPDX-License-Identifier: Apache-2.0
"""The trees of the CT log and of Rekor v1: Trillian, on PostgreSQL."""

import subprocess

from tests.peers.stack.ports import HOST, answers, free_port
from tests.peers.stack.postgresql import uri
from tests.peers.stack.process import Server
from tests.peers.stack.programs import place

AT_ONCE = 0.2  # seconds: they take their time, and keep nothing themselves


def trillian_server(port: int, *, database: int) -> Server:
    """Make the server that logs ask, at *port*."""
    http = free_port()
    return Server(
        "trillian-server",
        [
            *(place("trillian-server"), *_storage(database), "--quota_system=noop"),
            *(f"--rpc_endpoint={HOST}:{port}", f"--http_endpoint={HOST}:{http}"),
        ],
        is_ready=lambda: answers(f"http://{HOST}:{http}/healthz"),
        grace=AT_ONCE,
    )


def trillian_signer(*, database: int) -> Server:
    """Make the server that puts what is queued into the trees."""
    http = free_port()
    return Server(
        "trillian-signer",
        [
            *(place("trillian-signer"), *_storage(database), "--quota_system=noop"),
            *(f"--rpc_endpoint={HOST}:{free_port()}", f"--http_endpoint={HOST}:{http}"),
            *("--force_master", "--sequencer_interval=100ms", "--batch_size=500"),
        ],
        is_ready=lambda: answers(f"http://{HOST}:{http}/healthz"),
        grace=AT_ONCE,
    )


def create_tree(port: int) -> int:
    """Have the server at *port* make a tree, and return its number."""
    done = subprocess.run(
        [place("createtree"), f"--admin_server={HOST}:{port}"],
        check=True,
        capture_output=True,
        text=True,
    )
    return int(done.stdout)


def _storage(database: int) -> list[str]:
    return ["--storage_system=postgresql", f"--postgresql_uri={uri(database)}"]

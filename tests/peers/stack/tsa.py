# SPDX-License-Identifier: Apache-2.0
"""Who says when: timestamp-authority. Its metrics have a port that cannot be chosen, 2112."""

from tests.peers.stack.keys import PASSWORD, Authority
from tests.peers.stack.ports import HOST, answers
from tests.peers.stack.process import Server
from tests.peers.stack.programs import place


def timestamp_server(authority: Authority, port: int) -> Server:
    """Make the server of *authority* at *port*."""
    return Server(
        "timestamp-server",
        [
            *(place("timestamp-server"), "serve", f"--host={HOST}", f"--port={port}"),
            *("--timestamp-signer=file", f"--file-signer-key-path={authority.key}"),
            *(f"--file-signer-passwd={PASSWORD}", f"--certificate-chain-path={authority.chain}"),
            "--disable-ntp-monitoring",
        ],
        is_ready=lambda: answers(f"http://{HOST}:{port}/api/v1/timestamp/certchain"),
    )


def timestamp_url(port: int) -> str:
    """Return where timestamps are to be had."""
    return f"http://{HOST}:{port}/api/v1/timestamp"

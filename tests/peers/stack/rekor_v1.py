# SPDX-License-Identifier: Apache-2.0
"""The log of signatures, version 1: Rekor, on Trillian, searched by redis."""

from pathlib import Path

from tests.peers.stack.keys import LogKey
from tests.peers.stack.ports import HOST, answers
from tests.peers.stack.process import Server
from tests.peers.stack.programs import place


def rekor_v1(
    port: int, *, tree: int, trillian: int, redis: int, key: LogKey, shards: Path | None = None
) -> Server:
    """Make the log at *port*, whose active tree is *tree*; *shards* names those before it."""
    sharding = [f"--trillian_log_server.sharding_config={shards}"] if shards else []
    return Server(
        "rekor-v1",
        [
            *(place("rekor-server"), "serve", f"--port={port}"),
            *(f"--rekor_server.address={HOST}", f"--rekor_server.hostname={HOST}"),
            *(f"--trillian_log_server.address={HOST}", f"--trillian_log_server.port={trillian}"),
            *(f"--trillian_log_server.tlog_id={tree}", f"--rekor_server.signer={key.key}"),
            *("--search_index.storage_provider=redis", f"--redis_server.address={HOST}"),
            *(f"--redis_server.port={redis}", "--enable_retrieve_api=true", *sharding),
        ],
        is_ready=lambda: answers(f"http://{HOST}:{port}/api/v1/log"),
    )

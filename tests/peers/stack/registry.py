# SPDX-License-Identifier: Apache-2.0
"""Where images are: a registry that knows referrers, and Debian's, which does not."""

from pathlib import Path

from tests.peers.stack.ports import HOST, answers
from tests.peers.stack.process import Server
from tests.peers.stack.programs import PACKAGES, registry_program

_CONFIG = """\
version: 0.1
storage: {{filesystem: {{rootdirectory: {folder}}}, delete: {{enabled: true}}}}
http: {{addr: "{address}"}}
"""


def registry(port: int) -> Server:
    """Make the registry with referrers, at *port*; it forgets all when it ends."""
    return _server("registry", [registry_program(), f"{HOST}:{port}"], port)


def old_registry(folder: Path, port: int) -> Server:
    """Make the registry without referrers, at *port*, which keeps its images in *folder*."""
    config = folder / "docker-registry.yaml"
    # Debian's own configuration asks for a login.
    config.write_text(_CONFIG.format(folder=folder / "images", address=f"{HOST}:{port}"))
    return _server("docker-registry", [PACKAGES["docker-registry"], "serve", config], port)


def _server(name: str, command: list[str | Path], port: int) -> Server:
    return Server(name, command, is_ready=lambda: answers(f"http://{HOST}:{port}/v2/"))

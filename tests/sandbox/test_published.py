# SPDX-License-Identifier: Apache-2.0
"""What a sandbox publishes: its trust by TUF, and images in a registry of its own."""

from pathlib import Path

import pytest

import keyless
from keyless.sandbox import Sandbox
from keyless.sandbox.registry import Bearer
from keyless.services.http import Request


def test_a_sandbox_is_connected_to_by_its_tuf_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an instance of one's own is, and then signs as it does."""
    monkeypatch.setenv("KEYLESS_CACHE_DIR", str(tmp_path / "cache"))
    sandbox = Sandbox()
    root = tmp_path / "root.json"
    root.write_bytes(sandbox.tuf.first_root)
    sigstore = keyless.connect(
        tuf=sandbox.tuf.url, root=root, transport=sandbox.transport, clock=lambda: sandbox.clock.now
    )
    assert sigstore.documents == sandbox.sigstore.documents == sandbox.documents
    identity = sandbox.identity("alice@example.com")
    signed = keyless.sign(b"hello", identity=identity, sigstore=sigstore)
    assert signed.digest == keyless.Digest.of(b"hello")


def test_a_sandbox_has_a_registry() -> None:
    """It answers at its own address, and asks for a token that is had there, if it is told to."""
    sandbox = Sandbox()
    first = Request(method="GET", url=f"{sandbox.registry.url}/v2/")
    assert sandbox.transport(first).status == 200
    sandbox.registry.access = Bearer(sandbox.clock, {"alice": "wonderland"})
    refusal = sandbox.transport(first)
    assert refusal.status == 401
    assert f'realm="{sandbox.registry.url}/token"' in refusal.header("WWW-Authenticate")
    token = sandbox.transport(Request(method="GET", url=f"{sandbox.registry.url}/token"))
    assert token.status == 200

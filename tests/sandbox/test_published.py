# SPDX-License-Identifier: Apache-2.0
"""What a sandbox publishes: its trust by TUF, and images in a registry of its own."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sigstore.models import ClientTrustConfig

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


def test_sigstore_python_trusts_a_sandbox_by_its_tuf_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over a socket, from the first root on, as `sigstore trust-instance` would have it."""
    for variable in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    sandbox = Sandbox()
    sandbox.tuf.rotate("root")
    with sandbox.serve(tmp_path / "served") as served:
        root = tmp_path / "served" / "root.json"
        theirs = ClientTrustConfig.from_tuf(served.urls.tuf, bootstrap_root=root)
    certificates = [it.public_bytes(Encoding.DER) for it in theirs.trusted_root.get_fulcio_certs()]
    assert certificates == [it.der for it in sandbox.core.authority.chain]
    assert len(theirs.signing_config.get_tlogs()) == 1


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

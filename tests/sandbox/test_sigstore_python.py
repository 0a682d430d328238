# SPDX-License-Identifier: Apache-2.0
"""sigstore-python's command against the served sandbox: each verifies what the other has signed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import keyless
from keyless.evidence import Verified
from keyless.instance.sigstore import LogVersion
from keyless.policy import SignedBy
from keyless.sandbox import Sandbox
from keyless.sandbox.served import Served
from tests.refusals import refused

ALICE = "alice@example.com"
BY_ALICE = SignedBy(ALICE, issuer="github")
ARTIFACT = b"what was signed\n"
SLSA = "https://slsa.dev/provenance/v1"
PREDICATE = {
    "buildDefinition": {"buildType": "https://example.com/by-hand", "externalParameters": {}},
    "runDetails": {"builder": {"id": "https://example.com/alice"}},
}
VERSIONS = pytest.mark.parametrize("version", [1, 2])
KINDS = pytest.mark.parametrize("kind", ["file", "statement"])

Sigstore = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def instance() -> Iterator[tuple[Sandbox, Served]]:
    """One for all, on loopback and on the machine's clock, which the other client goes by."""
    sandbox = Sandbox()
    with sandbox.serve() as served:
        yield sandbox, served


@pytest.fixture
def sigstore(instance: tuple[Sandbox, Served], tmp_path: Path) -> Sigstore:
    """Return sigstore-python's command, which knows the sandbox from its documents."""

    def run(version: LogVersion, *words: str | Path) -> subprocess.CompletedProcess[str]:
        config = instance[1].trust_config(rekor=version)
        return subprocess.run(
            [sys.executable, "-m", "sigstore", "--trust-config", config, *words],
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, "HOME": str(tmp_path)},  # where it would keep things
            check=False,
        )

    return run


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    """Write the artifact."""
    path = tmp_path / "artifact.txt"
    path.write_bytes(ARTIFACT)
    return path


@VERSIONS
@KINDS
def test_what_it_signed_is_accepted_by_us(
    instance: tuple[Sandbox, Served],
    sigstore: Sigstore,
    artifact: Path,
    version: LogVersion,
    kind: str,
) -> None:
    """A file and a statement, by either log; and refused for another artifact."""
    sandbox, served = instance
    bundle = artifact.with_suffix(".sigstore.json")
    predicate = artifact.with_suffix(".predicate.json")
    predicate.write_text(json.dumps(PREDICATE))
    command: dict[str, list[str | Path]] = {
        "file": ["sign"],
        "statement": ["attest", "--predicate", predicate, "--predicate-type", SLSA],
    }
    token = sandbox.token(ALICE)
    signing = (*command[kind], "--identity-token", token, "--bundle", bundle, artifact)
    done = sigstore(version, *signing)
    assert done.returncode == 0, done.stderr
    proof = verified_here(served, bundle)
    assert (proof.statement is not None) == (kind == "statement")
    with refused(keyless.Check.ARTIFACT):
        verified_here(served, bundle, b"something else")


@VERSIONS
@KINDS
def test_what_we_signed_is_accepted_by_it(
    instance: tuple[Sandbox, Served],
    sigstore: Sigstore,
    artifact: Path,
    version: LogVersion,
    kind: str,
) -> None:
    """A file and a statement, by either log; and refused for another artifact."""
    sandbox, served = instance
    identity = sandbox.identity(ALICE)
    with keyless.Signer(identity, sigstore=served.connect(rekor=version)) as signer:
        signed = (
            signer.sign(artifact)
            if kind == "file"
            else signer.attest(artifact, predicate=PREDICATE, type=SLSA)
        )
    bundle = artifact.with_suffix(".sigstore.json")
    signed.save(bundle)
    issuer = str(BY_ALICE.issuer)
    asked = ("verify", "identity", "--cert-identity", ALICE, "--cert-oidc-issuer", issuer)
    done = sigstore(version, *asked, "--bundle", bundle, artifact)
    assert done.returncode == 0, done.stderr
    artifact.write_bytes(b"something else")
    assert sigstore(version, *asked, "--bundle", bundle, artifact).returncode == 1


def verified_here(served: Served, bundle: Path, artifact: bytes = ARTIFACT) -> Verified:
    """Verify *bundle* as Alice's."""
    return keyless.verify(artifact, bundle, policy=BY_ALICE, sigstore=served.sigstore)

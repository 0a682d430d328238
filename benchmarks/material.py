# SPDX-License-Identifier: Apache-2.0
"""What the measurements are taken on: real bundles, and a case of the public conformance suite."""

import hashlib
import json
import os
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

SHARED = Path(os.environ.get("KEYLESS_SHARED", Path(__file__).parents[2] / "shared"))
CORPUS = SHARED / "corpus" / "cpython-sample.jsonl"
CONFORMANCE = SHARED / "conformance" / "bundle-verify"
ARTIFACT = CONFORMANCE / "a.txt"

# Who signed the conformance cases.
BEACON = (
    "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/"
    "workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"
)
GITHUB = "https://token.actions.githubusercontent.com"


class AbsentError(Exception):
    """Raised when what a measurement needs is not on this machine."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A bundle, the SHA-256 of its artifact, and who signed it."""

    bundle: bytes
    sha256: bytes
    identity: str
    issuer: str


@dataclass(frozen=True, kw_only=True)
class Material:
    """Bundles, and the trusted root they are judged by."""

    samples: tuple[Sample, ...]
    trusted_root: bytes

    def repeated(self, times: int) -> "Material":
        """Return the same samples over and over."""
        return replace(self, samples=self.samples * times)


def corpus() -> Material:
    """Return the sixty bundles of real releases, from v0.1 to v0.3."""
    lines = present(CORPUS).read_text(encoding="utf-8").splitlines()
    return Material(samples=tuple(map(_release, lines)), trusted_root=_public_root())


def rekor_v2() -> Material:
    """Return the bundle of a Rekor v2 entry, which a timestamp authority dates."""
    folder = present(CONFORMANCE / "rekor2-happy-path")
    return Material(
        samples=(_beacon(folder),), trusted_root=(folder / "trusted_root.json").read_bytes()
    )


MATERIALS = {"corpus": corpus, "rekor2": rekor_v2}


def present(path: Path) -> Path:
    """Return *path*, which must exist for whoever asks."""
    if not path.exists():
        raise AbsentError(f"{path.relative_to(SHARED)} is not in the shared data")
    return path


def _release(line: str) -> Sample:
    release = json.loads(line)
    return Sample(
        bundle=json.dumps(release["bundle"]).encode(),
        sha256=bytes.fromhex(release["sha256"]),
        identity=release["identity"],
        issuer=release["issuer"],
    )


def _beacon(folder: Path) -> Sample:
    return Sample(
        bundle=(folder / "bundle.sigstore.json").read_bytes(),
        sha256=hashlib.sha256(present(ARTIFACT).read_bytes()).digest(),
        identity=BEACON,
        issuer=GITHUB,
    )


def _public_root() -> bytes:
    # The peer's copy, so that this half of the benchmarks needs nothing of ours.
    folder = resources.files("sigstore") / "_store" / "https%3A%2F%2Ftuf-repo-cdn.sigstore.dev"
    return (folder / "trusted_root.json").read_bytes()

# SPDX-License-Identifier: Apache-2.0
"""The public conformance cases and the real release bundles, as things to verify."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

import keyless
from keyless.policy import Policy, SignedBy, SignedByKey
from keyless.protocol.bundle import Bundle
from keyless.protocol.digest import Digest
from keyless.protocol.trusted_root import TrustedRoot
from keyless.verification import verify
from tests.shared_data import SHARED

CONFORMANCE = SHARED / "conformance" / "bundle-verify"
PUBLIC_ROOT = Path(keyless.__file__).parent / "roots" / "production" / "trusted_root.json"
CORPUS = SHARED / "corpus" / "cpython-sample.jsonl"

# What the public suite asks for where a case does not say otherwise.
IDENTITY = (
    "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/"
    "workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"
)
ISSUER = "https://token.actions.githubusercontent.com"


@dataclass(frozen=True)
class Case:
    """A bundle, and what it is to be verified against."""

    name: str
    bundle: bytes
    artifact: bytes | Digest
    make_policy: Callable[[], Policy]
    root: bytes | None = None

    @property
    def policy(self) -> Policy:
        """Who must have signed; a case may name them by a key that is none."""
        return self.make_policy()

    @property
    def trusted_root(self) -> TrustedRoot:
        """The case's own trusted root, or that of the public instance."""
        if self.root is not None:
            return TrustedRoot.parse(self.root)
        return public_root()

    def outcome(self) -> object:
        """Parse everything and verify, as a client would."""
        return verify(
            Bundle.parse(self.bundle),
            self.artifact,
            trusted_root=self.trusted_root,
            policy=self.policy,
        )


def public_root() -> TrustedRoot:
    """Return the trusted root of the public instance as this package carries it."""
    return TrustedRoot.parse(PUBLIC_ROOT.read_bytes(), origin="the snapshot in this package")


def conformance_names() -> list[str]:
    """List the cases there are; none where the shared data is absent."""
    return sorted(path.name for path in CONFORMANCE.glob("*") if path.is_dir())


def conformance_case(name: str) -> Case:
    """Read one case, with the public suite's defaults for what it does not say."""
    folder = CONFORMANCE / name
    key = _text(folder / "key.pub", "")
    identity, issuer = _text(folder / "identity", IDENTITY), _text(folder / "issuer", ISSUER)
    named = partial(SignedByKey, key) if key else partial(SignedBy, identity, issuer=issuer)
    artifact = folder / "artifact"
    root = folder / "trusted_root.json"
    return Case(
        name=name,
        bundle=(folder / "bundle.sigstore.json").read_bytes(),
        artifact=(artifact if artifact.exists() else CONFORMANCE / "a.txt").read_bytes(),
        make_policy=named,
        root=root.read_bytes() if root.exists() else None,
    )


def corpus() -> list[Case]:
    """Read the real release bundles; none where the shared data is absent."""
    if not CORPUS.exists():
        return []
    return [_release(json.loads(line)) for line in CORPUS.read_text().splitlines()]


def all_cases() -> list[Case]:
    """List every case of both kinds."""
    return [conformance_case(name) for name in conformance_names()] + corpus()


def parametrized(cases: list[Case]) -> pytest.MarkDecorator:
    """Run a test for each of *cases*; where there is none, skip it and say why."""
    absent = pytest.param(None, id="none", marks=pytest.mark.skip(reason=f"{SHARED} is absent"))
    return pytest.mark.parametrize(
        "case", [pytest.param(case, id=case.name) for case in cases] or [absent]
    )


def _release(line: dict[str, str]) -> Case:
    return Case(
        name=line["url"].rsplit("/", 1)[1],
        bundle=json.dumps(line["bundle"]).encode(),
        artifact=Digest.parse(f"sha256:{line['sha256']}"),
        make_policy=partial(SignedBy, line["identity"], issuer=line["issuer"]),
    )


def _text(path: Path, default: str) -> str:
    return path.read_text().strip() if path.exists() else default

# SPDX-License-Identifier: Apache-2.0
"""Who judges bundles: keyless, sigstore-python, and the floor.

Each gets what stays the same from bundle to bundle (trust, names, digests) ready made, and returns
a pass: a call that parses and verifies every bundle, and raises if one is not accepted.
"""

from collections.abc import Callable

from sigstore.hashes import Hashed
from sigstore.models import Bundle as PeerBundle
from sigstore.models import TrustedRoot as PeerTrustedRoot
from sigstore.verify import Verifier
from sigstore.verify.policy import Identity
from sigstore_models.common.v1 import HashAlgorithm as PeerHashAlgorithm
from sigstore_models.trustroot.v1 import TrustedRoot as PeerTrustedRootMessage

from benchmarks.floor import Floor
from benchmarks.material import Material
from keyless.policy import SignedBy
from keyless.protocol.bundle import Bundle
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.trusted_root import TrustedRoot
from keyless.verification import verify

Pass = Callable[[], None]


def floor(material: Material) -> Pass:
    judge = Floor(material.trusted_root).judge
    samples = [
        (sample.bundle, sample.sha256, sample.identity, sample.issuer)
        for sample in material.samples
    ]

    def judge_all() -> None:
        for sample in samples:
            judge(*sample)

    return judge_all


def sigstore_python(material: Material) -> Pass:
    root = PeerTrustedRootMessage.from_json(material.trusted_root)
    verifier = Verifier(trusted_root=PeerTrustedRoot(root))
    samples = [
        (
            sample.bundle,
            Hashed(algorithm=PeerHashAlgorithm.SHA2_256, digest=sample.sha256),
            Identity(identity=sample.identity, issuer=sample.issuer),
        )
        for sample in material.samples
    ]

    def judge_all() -> None:
        for bundle, artifact, policy in samples:
            verifier.verify_artifact(artifact, PeerBundle.from_json(bundle), policy)

    return judge_all


def keyless(material: Material) -> Pass:
    trusted_root = TrustedRoot.parse(material.trusted_root)
    samples = [
        (
            sample.bundle,
            Digest(algorithm=HashAlgorithm.SHA256, value=sample.sha256),
            SignedBy(sample.identity, issuer=sample.issuer),
        )
        for sample in material.samples
    ]

    def judge_all() -> None:
        for bundle, artifact, policy in samples:
            verify(Bundle.parse(bundle), artifact, trusted_root=trusted_root, policy=policy)

    return judge_all

# SPDX-License-Identifier: Apache-2.0
"""keyless, as a contestant."""

from benchmarks.contestants import Pass
from benchmarks.material import Material
from keyless.policy import SignedBy
from keyless.protocol.bundle import Bundle
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.trusted_root import TrustedRoot
from keyless.verification import verify


def prepare(material: Material) -> Pass:
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

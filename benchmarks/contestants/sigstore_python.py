# SPDX-License-Identifier: Apache-2.0
"""sigstore-python, as a contestant."""

from sigstore.hashes import Hashed
from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier
from sigstore.verify.policy import Identity
from sigstore_models.common.v1 import HashAlgorithm
from sigstore_models.trustroot.v1 import TrustedRoot as TrustedRootMessage

from benchmarks.contestants import Pass
from benchmarks.material import Material


def prepare(material: Material) -> Pass:
    root = TrustedRoot(TrustedRootMessage.from_json(material.trusted_root))
    verifier = Verifier(trusted_root=root)
    samples = [
        (
            sample.bundle,
            Hashed(algorithm=HashAlgorithm.SHA2_256, digest=sample.sha256),
            Identity(identity=sample.identity, issuer=sample.issuer),
        )
        for sample in material.samples
    ]

    def judge_all() -> None:
        for bundle, artifact, policy in samples:
            verifier.verify_artifact(artifact, Bundle.from_json(bundle), policy)

    return judge_all

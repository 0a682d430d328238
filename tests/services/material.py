# SPDX-License-Identifier: Apache-2.0
"""What services answer, made by the sandbox's parties: true answers, for tests to bend."""

import json
from functools import cache
from typing import Any

from keyless.protocol.bundle import MessageSignature
from keyless.protocol.certificate import Certificate
from keyless.protocol.digest import Digest
from keyless.protocol.encoding import b64encode, pem_encode
from keyless.protocol.entry import LogEntry
from keyless.protocol.entry_body import Verifier
from keyless.protocol.keys import algorithm_named
from keyless.protocol.names import San
from keyless.protocol.proposal import Proposal
from keyless.protocol.signing_keys import SigningKey
from keyless.sandbox import entry_writer
from keyless.sandbox.instance_core import InstanceCore
from keyless.services.http import Response

P256 = algorithm_named("PKIX_ECDSA_P256_SHA_256")
ARTIFACT = Digest.of(b"artifact")
EARLIER = 25_000  # entries that version 1 of the log has in earlier shards


@cache
def core() -> InstanceCore:
    """Make an instance, once."""
    return InstanceCore(earlier=EARLIER)


@cache
def signer() -> SigningKey:
    """Make a signer's key, once."""
    return SigningKey.generate(P256)


def certified(key: SigningKey, text: str = "alice@example.com") -> Certificate:
    """Have *key* certified."""
    return core().authority.issue(key.public, San(kind="e-mail", text=text))


def proposed(artifact: Digest = ARTIFACT) -> Proposal:
    """Sign *artifact* anew, under a certificate of its own."""
    content = MessageSignature(signature=signer().sign(artifact), digest=artifact)
    return Proposal.of(content, certified(signer()), algorithm=P256)


def body_v1(proposal: Proposal) -> bytes:
    """Write down what was proposed, as version 1 of the log does."""
    return entry_writer.hashedrekord_v1(
        proposal.digest, proposal.content.signature, _verifier(proposal)
    )


def body_v2(proposal: Proposal) -> bytes:
    """Write down what was proposed, as version 2 of the log does."""
    return entry_writer.hashedrekord_v2(
        proposal.digest, proposal.content.signature, _verifier(proposal), algorithm=P256
    )


def uuid_of(entry: LogEntry) -> str:
    """Return the name of *entry* in version 1 of the log."""
    return f"{core().log_v1.tree_id:016x}{entry.leaf.hex()}"


def rest_json(entry: LogEntry, **changes: Any) -> dict[str, Any]:
    """Write *entry* as version 1 of the log answers with it; *changes* are to its members."""
    assert entry.proof is not None
    assert entry.proof.checkpoint is not None
    assert entry.promise is not None
    content = {
        "body": b64encode(entry.canonical_body),
        "integratedTime": entry.integrated_time,
        "logID": entry.log_id.hex(),
        "logIndex": entry.index,
        "verification": {
            "signedEntryTimestamp": b64encode(entry.promise),
            "inclusionProof": {
                "logIndex": entry.proof.index,
                "rootHash": entry.proof.root.hex(),
                "treeSize": entry.proof.size,
                "hashes": [each.hex() for each in entry.proof.hashes],
                "checkpoint": entry.proof.checkpoint.to_text(),
            },
        },
    }
    return {uuid_of(entry): {**content, **changes}}


def certificate_json(
    *certificates: Certificate, kind: str = "signedCertificateEmbeddedSct"
) -> dict[str, Any]:
    """Write *certificates* as the authority answers with them."""
    chain = [pem_encode("CERTIFICATE", each.der) for each in certificates]
    return {kind: {"chain": {"certificates": chain}}}


def says_json(document: object, *, status: int = 200) -> Response:
    """Answer with *document*."""
    return Response(status=status, body=json.dumps(document).encode())


def _verifier(proposal: Proposal) -> Verifier:
    assert isinstance(proposal.verifier, Certificate)
    return Verifier(der=proposal.verifier.der, is_certificate=True)

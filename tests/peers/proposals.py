# SPDX-License-Identifier: Apache-2.0
"""What is to be logged, by a key that nobody vouches for: logs take that as well."""

from keyless.credential import P256
from keyless.protocol.bundle import MessageSignature
from keyless.protocol.digest import Digest
from keyless.protocol.proposal import Proposal
from keyless.protocol.signing_keys import SigningKey


def proposal(artifact: bytes, *, signed: bytes | None = None) -> Proposal:
    """Return what is to be logged of a signature over *artifact*, or in truth over another."""
    key = SigningKey.generate(P256)
    signature = key.sign(Digest.of(signed or artifact))
    content = MessageSignature(signature=signature, digest=Digest.of(artifact))
    return Proposal.of(content, key.public, algorithm=P256)

# SPDX-License-Identifier: Apache-2.0
"""Whom an entry seems to be of: enough to look at it, and no verdict about anything.

A log writes down signatures of everybody, with whatever certificate comes along. So whoever
watches one asks two questions, and neither of them is whether an artifact is to be trusted:

    would_accept         does it name whom I look for, genuine or not
    issuing_authority    did somebody issue its certificate whom the trusted root knows
"""

from collections.abc import Iterator

from keyless.errors import VerificationError
from keyless.evidence import VerifiedSigner
from keyless.policy import Policy, Requirements
from keyless.protocol.certificate import Certificate
from keyless.protocol.keys import PublicKey
from keyless.protocol.trusted_root import TrustedRoot
from keyless.verification.memory import CertificateMemory
from keyless.verification.signer import verify_certificate

# Who was issued one that no certificate log has seen wants to know of it all the more.
_ISSUED = Requirements(scts=0)


def would_accept(policy: Policy, signer: Certificate | PublicKey) -> bool:
    """Say whether *policy* would accept *signer*, if only somebody verified it: nobody has.

    Of a certificate with several names, each counts: other programs than this one accept such.
    """
    return any(_accepts(policy, each) for each in _supposed(signer))


def issuing_authority(
    certificate: Certificate, trusted_root: TrustedRoot, memory: CertificateMemory
) -> str | None:
    """Return which authority of *trusted_root* has issued *certificate*; None when none has.

    Of entries under one certificate, *memory* has it verified once.
    """
    try:
        signer = verify_certificate(
            certificate,
            at=certificate.not_before,
            trusted_root=trusted_root,
            requirements=_ISSUED,
            memory=memory,
        )
    except VerificationError:
        return None
    return signer.authority


def _supposed(signer: Certificate | PublicKey) -> Iterator[VerifiedSigner]:
    # These are suppositions, and the reason why they do not leave this module.
    if isinstance(signer, PublicKey):
        yield VerifiedSigner(key=signer, certificate=None, authority=None, scts=())
        return
    if len(signer.sans) == 1:
        yield VerifiedSigner(key=signer.key, certificate=signer, authority=None, scts=())
        return
    for san in signer.sans:
        alone = Certificate(signer.der)
        alone.sans = (san,)
        yield VerifiedSigner(key=signer.key, certificate=alone, authority=None, scts=())


def _accepts(policy: Policy, signer: VerifiedSigner) -> bool:
    try:
        policy.check(signer)
    except VerificationError:
        return False
    return True

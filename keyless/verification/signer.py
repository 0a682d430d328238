# SPDX-License-Identifier: Apache-2.0
"""Check 3: a trusted authority vouches, at every trusted time, for whose key it is."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from keyless.errors import Check, VerificationError
from keyless.evidence import VerifiedSct, VerifiedSigner, VerifiedTime
from keyless.policy import Requirements
from keyless.protocol.certificate import Certificate, check_signing_profile
from keyless.protocol.chain import find_authority
from keyless.protocol.sct import parse_scts, verify_sct
from keyless.protocol.trusted_root import TrustedRoot
from keyless.protocol.window import in_words
from keyless.safe_text import shown
from keyless.verification.memory import CertificateMemory


def check_certificate(
    certificate: Certificate,
    times: Sequence[VerifiedTime],
    trusted_root: TrustedRoot,
    requirements: Requirements,
    memory: CertificateMemory,
) -> VerifiedSigner:
    """Verify that at each of *times* (there is one at least) an authority vouched for the key."""
    # Every time must fit, not just one: a stolen key would be used later, with a log entry of that
    # day beside a timestamp of the right one.
    moments = [time.at for time in times]
    return _check_at(moments, certificate, trusted_root, requirements, memory)


def verify_certificate(
    certificate: Certificate,
    *,
    at: datetime,
    trusted_root: TrustedRoot,
    requirements: Requirements = Requirements.PUBLIC,
    memory: CertificateMemory | None = None,
) -> VerifiedSigner:
    """Decide whether a trusted authority vouches, *at* that time, for the key of *certificate*.

    This is for a certificate that has just been issued: nothing has been signed under it, so there
    is nothing that a trusted clock could date. Of many, *memory* has each verified once.
    """
    return _check_at([at], certificate, trusted_root, requirements, memory or CertificateMemory())


def _check_at(
    moments: Sequence[datetime],
    certificate: Certificate,
    trusted_root: TrustedRoot,
    requirements: Requirements,
    memory: CertificateMemory,
) -> VerifiedSigner:
    check_signing_profile(certificate)
    for at in moments:
        authority = find_authority(certificate, trusted_root.authorities, at=at)
        verify = partial(authority.verify_issued, certificate)
        memory.once("issued", certificate.der, authority.certificates[0].der, verify=verify)
        authority.check_window(certificate, at)
    scts = _check_scts(certificate, authority.certificates[0], trusted_root, requirements, memory)
    return VerifiedSigner(
        key=certificate.key, certificate=certificate, authority=authority.name, scts=scts
    )


def _check_scts(
    certificate: Certificate,
    issuer: Certificate,
    trusted_root: TrustedRoot,
    requirements: Requirements,
    memory: CertificateMemory,
) -> tuple[VerifiedSct, ...]:
    """Verify the certificate logs' receipts; those of untrusted logs count for nothing."""
    verified: dict[bytes, VerifiedSct] = {}
    reasons = []
    for position, sct in enumerate(parse_scts(certificate)):
        logs = trusted_root.ct_logs_called(sct.log_id)
        if not logs:
            reasons.append(f"the log with id {sct.log_id.hex()} is not trusted")
        elif not any(log.window.covers(sct.at) for log in logs):
            reasons.append(f"{shown(logs[0].name)} was not trusted at {in_words(sct.at)}")
        else:
            verify = partial(verify_sct, sct, certificate, issuer=issuer, log_key=logs[0].key)
            memory.once("logged", certificate.der, issuer.der, position, verify=verify)
            verified[sct.log_id] = VerifiedSct(log=logs[0].name, at=sct.at)
    if len(verified) < requirements.scts:
        raise VerificationError(
            f"{len(verified)} trusted certificate logs have seen the certificate, "
            f"{requirements.scts} wanted",
            check=Check.SCT,
            found="; ".join(reasons) or "no receipt of a certificate log in the certificate",
            wanted=f"{requirements.scts} by trusted certificate logs",
        )
    return tuple(verified.values())

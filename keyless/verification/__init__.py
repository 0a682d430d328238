# SPDX-License-Identifier: Apache-2.0
"""The judgement: is this bundle proof that someone the policy accepts signed this artifact.

Six checks, top to bottom, no files, no network, no clock; one file each. A check takes what it
judges and the evidence of the checks before it, and returns evidence or refuses:

    check              yields           refuses when
    check_log          VerifiedEntry    its log is unknown; checkpoint, proof or promise is wrong
    check_time         VerifiedTime     no trusted time; a timestamp is wrong; a log's window missed
    check_certificate  VerifiedSigner   at one of the times no trusted authority vouches for the key
      or check_key                      (a key of the signer's own) the policy trusts no such key
    check_signature    VerifiedContent  the signature is not the signer's, or of another artifact
    check_consistency                   the log recorded another signature (CVE-2022-36056)
    policy.check                        all genuine, but not who was asked for

The log comes before the time because its clock counts only where its promise is verified, and the
time before the signer because a certificate lives ten minutes: valid *when* is the whole question.
"""

from collections.abc import Sequence
from typing import assert_never

from keyless.errors import ParseError, PolicyError, VerificationError
from keyless.evidence import Verified, VerifiedEntry, VerifiedTime
from keyless.policy import AnyOf, Policy, Quorum, Requirements
from keyless.protocol.bundle import Bundle, KeyHint
from keyless.protocol.certificate import Certificate
from keyless.protocol.digest import Digest
from keyless.protocol.trusted_root import TrustedRoot
from keyless.verification.consistency import check_consistency
from keyless.verification.log import check_log
from keyless.verification.lookup import verify_checkpoint, verify_checkpoint_among, verify_entry
from keyless.verification.managed_key import check_key
from keyless.verification.memory import CertificateMemory
from keyless.verification.signature import artifact_algorithm, check_signature
from keyless.verification.signer import check_certificate, verify_certificate
from keyless.verification.time import check_time

__all__ = [
    "CertificateMemory",
    "artifact_algorithm",
    "verify",
    "verify_all",
    "verify_certificate",
    "verify_checkpoint",
    "verify_checkpoint_among",
    "verify_entry",
    "verify_remembering",
]


def verify(
    bundle: Bundle,
    artifact: Digest | bytes,
    *,
    trusted_root: TrustedRoot,
    policy: Policy,
    requirements: Requirements = Requirements.PUBLIC,
) -> Verified:
    """Decide whether *bundle* proves that someone *policy* accepts signed *artifact*.

    Returns the proof, or raises VerificationError; PolicyError when all of it is genuine but by
    somebody else. Reads no file and no clock, and asks no server: the same inputs give the same
    answer for ever.
    """
    return verify_remembering(
        bundle,
        artifact,
        trusted_root=trusted_root,
        policy=policy,
        requirements=requirements,
        memory=CertificateMemory(),
    )


def verify_remembering(  # noqa: PLR0913 - verify's own, and the memory it would otherwise hide
    bundle: Bundle,
    artifact: Digest | bytes,
    *,
    trusted_root: TrustedRoot,
    policy: Policy,
    requirements: Requirements,
    memory: CertificateMemory,
) -> Verified:
    """Verify as `verify` does, doing once for a certificate what is the same each time."""
    entries = check_log(bundle.entries, trusted_root, requirements)
    times = check_time(bundle, entries, trusted_root, requirements)
    match bundle.material:
        case Certificate() as certificate:
            signer = check_certificate(certificate, times, trusted_root, requirements, memory)
        case KeyHint() as hint:
            signer = check_key(hint, policy.keys, bundle, entries, artifact)
        case _:
            assert_never(bundle.material)
    content = check_signature(bundle.content, entries, signer, artifact)
    check_consistency(entries, bundle.content, signer, content)
    policy.check(signer)
    return Verified(
        signer=signer,
        content=content,
        entries=entries,
        times=times,
        policy=policy.description,
        relaxations=(*requirements.relaxations(), *_unjudged(entries, times)),
        trusted_root=trusted_root.fingerprint,
        trust=trusted_root.origin,
    )


def _unjudged(entries: Sequence[VerifiedEntry], times: Sequence[VerifiedTime]) -> tuple[str, ...]:
    if entries and not times:  # a key of the signer's own, in a log without a clock
        return ("nothing says when the signature was made: its log may not have been trusted then",)
    return ()


def verify_all(
    bundles: Sequence[Bundle],
    artifact: Digest | bytes,
    *,
    trusted_root: TrustedRoot,
    quorum: Quorum,
    requirements: Requirements = Requirements.PUBLIC,
) -> tuple[Verified, ...]:
    """Decide whether *bundles* prove that as many signers as *quorum* asks signed *artifact*.

    Returns one proof for each policy that found its signer, in the order of the policies. A bundle
    that does not hold counts for nothing, and the refusal says why it did not.
    """
    memory = CertificateMemory()
    proofs: list[Verified] = []
    refusals: list[str] = []
    for position, bundle in enumerate(bundles):
        try:
            proof = verify_remembering(
                bundle,
                artifact,
                trusted_root=trusted_root,
                policy=AnyOf(*quorum.policies),
                requirements=requirements,
                memory=memory,
            )
        except (ParseError, VerificationError) as error:
            refusals.append(f"bundle {position + 1}: {error.message}")
        else:
            proofs.append(proof)
    try:
        chosen = quorum.match([proof.signer for proof in proofs])
    except PolicyError as error:
        raise PolicyError(
            error.message,
            found=error.found,
            wanted=error.wanted,
            hint="; ".join(refusals) or error.hint,
        ) from None
    return tuple(proofs[position] for position in chosen)

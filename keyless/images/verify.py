# SPDX-License-Identifier: Apache-2.0
"""Is this image signed by whom it should be: all that is found is judged, one good one is enough.

What a reference names is what is verified: of a multi-platform image that is its index, as cosign
has it. A *platform* takes one part out of the index, which has to be signed itself, as podman wants
it; *recursive* wants the index signed, and every part of it.
"""

from typing import get_args

from keyless.errors import InputError, Rejected
from keyless.images.candidates import Candidate, Candidates
from keyless.images.findings import Findings
from keyless.images.formats import Kind, ReadFormat
from keyless.images.judgement import Judge, of_another_type
from keyless.images.parts import part_for, parts_of, platform_of
from keyless.images.place import Place
from keyless.images.proof import ImageAttestation, ImageProof, ImageSignature, ImageStatements
from keyless.policy import AnyOf, Policy, Quorum, Requirements
from keyless.protocol.cosign import SIGN_PREDICATE, Annotations
from keyless.protocol.digest import Digest
from keyless.protocol.oci import Descriptor
from keyless.protocol.trusted_root import TrustedRoot
from keyless.safe_text import shown
from keyless.value import replace, value


@value
class Wish:
    """Who has to have signed an image, what they have to have said of it, and in which *formats*.

    Where only bundles count, no tag of legacy signatures is asked for; and the other way round.
    """

    policy: Policy | Quorum
    trusted_root: TrustedRoot
    requirements: Requirements = Requirements.PUBLIC
    annotations: Annotations = ()
    formats: ReadFormat = "any"

    def judge(self, subject: Digest) -> Judge:
        """Return who judges what is found for the image *subject*."""
        policy = self.policy
        return Judge(
            subject,
            policy=AnyOf(*policy.policies) if isinstance(policy, Quorum) else policy,
            trusted_root=self.trusted_root,
            requirements=self.requirements,
            annotations=self.annotations,
        )


def verify_image(
    place: Place, wish: Wish, *, platform: str | None = None, recursive: bool = False
) -> ImageProof:
    """Decide whether the image at *place* is signed as by *wish*, or its part for a *platform*.

    With *recursive*, each part of it has to be, too.
    """
    if platform is not None and recursive:
        raise InputError(
            "either one platform is to be verified, or all of them",
            hint="leave out the platform, or recursive",
        )
    root = place.digest()
    if platform is not None:
        return _verified_part(place, part_for(place.store, root, platform), wish)
    proof = _verified(place, root, wish)
    if not recursive:
        return proof
    parts = list(parts_of(place.store, root))  # all, before any: an index may be too large
    return replace(proof, platforms=tuple(_verified_part(place, part, wish) for part in parts))


def verify_attestations(place: Place, wish: Wish, *, predicate_type: str) -> ImageStatements:
    """Decide what is said of the image at *place*, of that *predicate_type*, as by *wish*."""
    subject = place.digest()
    judge = wish.judge(subject)

    def verdict(candidate: Candidate) -> ImageAttestation | Rejected:
        bundle = judge.read(candidate, "attestation")
        another = of_another_type(candidate, bundle, predicate_type)
        return another or judge.attestation(candidate, bundle)

    what = f"attestations of type {shown(predicate_type)}"
    findings = Findings[ImageAttestation](place, subject, what=what)
    accepted = findings.concluded(_found(place, subject, wish, "attestation"), verdict, wish.policy)
    return ImageStatements(
        reference=place.reference,
        pinned=place.pinned(subject),
        digest=subject,
        attestations=accepted,
        rejected=tuple(findings.rejected),
    )


def _verified_part(place: Place, part: Descriptor, wish: Wish) -> ImageProof:
    return replace(_verified(place, part.digest, wish), platform=platform_of(part))


def _verified(place: Place, subject: Digest, wish: Wish) -> ImageProof:
    judge = wish.judge(subject)

    def verdict(candidate: Candidate) -> ImageSignature | Rejected:
        bundle = judge.read(candidate, "signature")
        another = of_another_type(candidate, bundle, SIGN_PREDICATE)
        return another or judge.signature(candidate, bundle)

    findings = Findings[ImageSignature](place, subject, what="signatures")
    accepted = findings.concluded(_found(place, subject, wish, "signature"), verdict, wish.policy)
    return ImageProof(
        reference=place.reference,
        pinned=place.pinned(subject),
        digest=subject,
        signatures=accepted,
        rejected=(*findings.rejected, *findings.others),
    )


def _found(place: Place, subject: Digest, wish: Wish, kind: Kind) -> Candidates:
    # A format that is misspelled would be no limit at all.
    if wish.formats not in get_args(ReadFormat):
        raise InputError(
            f"{shown(wish.formats)!r} is no format of signatures",
            hint=f"the formats are {', '.join(get_args(ReadFormat))}",
        )
    return Candidates(
        place.attachments,
        subject,
        kind=kind,
        bundles=wish.formats != "legacy",
        legacy=wish.formats != "bundle",
    )

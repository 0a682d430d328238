# SPDX-License-Identifier: Apache-2.0
"""Whether a candidate vouches for an image: judged by the one verifier, then held to the image.

    a bundle            signs a statement: is the image a subject of it, and of what type is it
    a legacy layer      signs a payload:   is the digest in it the image's

Which images a signature is for, and what its signer says of them, is read from what was signed, and
from nothing beside it. A signature is what says that it is one: an attestation, be it of a failed
test, says something else (cosign 3 takes either for a signature).
"""

from collections.abc import Iterable
from typing import assert_never

from keyless.errors import Check, PolicyError, Rejected, VerificationError
from keyless.images.candidates import Candidate
from keyless.images.formats import Kind
from keyless.images.proof import ImageAttestation, ImageSignature
from keyless.policy import Policy, Requirements
from keyless.protocol.bundle import Bundle
from keyless.protocol.cosign import SIGN_PREDICATE, Annotations, SimpleSigning, are_among
from keyless.protocol.cosign_layers import attestation_bundle, signature_bundle
from keyless.protocol.digest import Digest
from keyless.protocol.dsse import Envelope
from keyless.protocol.statement import IN_TOTO, Statement
from keyless.protocol.trusted_root import TrustedRoot
from keyless.safe_text import shown
from keyless.verification import CertificateMemory, verify_remembering


class Judge:
    """Judges what was found for the image *subject*: may its signer have signed, by *policy*.

    *annotations* are those that a signer must have said, at least.
    """

    def __init__(
        self,
        subject: Digest,
        *,
        policy: Policy,
        trusted_root: TrustedRoot,
        requirements: Requirements,
        annotations: Annotations = (),
    ) -> None:
        self._subject = subject
        self._policy = policy
        self._trusted_root = trusted_root
        self._requirements = requirements
        self._annotations = annotations
        self._memory = CertificateMemory()

    def read(self, candidate: Candidate, kind: Kind) -> Bundle:
        """Read *candidate*, which is of that *kind* if it is a legacy layer."""
        parse = self._memory.parse
        if candidate.format == "bundle":
            return Bundle.parse(candidate.content, parse_certificate=parse)
        notes = dict(candidate.notes)
        match kind:
            case "signature":
                return signature_bundle(notes, parse_certificate=parse)
            case "attestation":
                return attestation_bundle(notes, candidate.content, parse_certificate=parse)
            case _:
                assert_never(kind)

    def signature(self, candidate: Candidate, bundle: Bundle) -> ImageSignature:
        """Decide whether *bundle*, read from *candidate*, is a signature of the image."""
        return (self._legacy if candidate.format == "legacy" else self._signed)(candidate, bundle)

    def attestation(self, candidate: Candidate, bundle: Bundle) -> ImageAttestation:
        """Decide whether *bundle*, read from *candidate*, says something about the image."""
        proof = verify_remembering(
            bundle,
            self._subject,
            trusted_root=self._trusted_root,
            policy=self._policy,
            requirements=self._requirements,
            memory=self._memory,
        )
        if proof.statement is None:
            raise _no_statement()
        return ImageAttestation(
            proof=proof,
            bundle=bundle,
            location=candidate.location,
            format=candidate.format,
            statement=proof.statement,
        )

    def _signed(self, candidate: Candidate, bundle: Bundle) -> ImageSignature:
        judged = self.attestation(candidate, bundle)
        # Two subjects may have one digest; a signer who said it of either has said it.
        subjects = [it for it in judged.statement.subjects if self._subject in it.digests]
        said = [subject.annotations for subject in subjects]
        return ImageSignature(
            proof=judged.proof,
            bundle=bundle,
            location=candidate.location,
            format=candidate.format,
            annotations=self._annotated(said),
        )

    def _legacy(self, candidate: Candidate, bundle: Bundle) -> ImageSignature:
        proof = verify_remembering(
            bundle,
            candidate.content,
            trusted_root=self._trusted_root,
            policy=self._policy,
            requirements=self._requirements,
            memory=self._memory,
        )
        payload = SimpleSigning.parse(candidate.content)
        if payload.digest != self._subject:
            raise VerificationError(
                "it is a signature of another image",
                check=Check.ARTIFACT,
                found=str(payload.digest),
                wanted=str(self._subject),
                hint="it was moved here from the image that it is of",
            )
        return ImageSignature(
            proof=proof,
            bundle=bundle,
            location=candidate.location,
            format=candidate.format,
            annotations=self._annotated([payload.annotations]),
            payload=payload,
        )

    def _annotated(self, said: Iterable[Annotations]) -> Annotations:
        """Return the annotations in *said* that have all that are wanted; refuse if none do."""
        found: list[str] = []
        for annotations in said:
            if are_among(self._annotations, annotations):
                return annotations
            found.append(_in_words(annotations))
        raise PolicyError(
            "the signer says other things of the image than were asked for",
            found="; or ".join(found),
            wanted=_in_words(self._annotations),
            hint="its annotations are signed: they cannot be added later",
        )


def of_another_type(candidate: Candidate, bundle: Bundle, wanted: str) -> Rejected | None:
    """Return why *bundle*, read from *candidate*, is not what is looked for; None if it may be.

    What is *wanted* is a type of statements. That it is of another, nobody vouches for yet; nobody
    has to, for it to count as nothing.
    """
    found = _predicate_type(bundle)
    if found is None or found == wanted:
        return None
    is_signature = wanted == SIGN_PREDICATE
    what = "which is no signature" if is_signature else "which is something else"
    error = VerificationError(
        f"it is an attestation of type {shown(found)}, {what}",
        check=Check.ARTIFACT,
        found=shown(found),
        wanted=wanted,
        hint="verify_attestations verifies what it says" if is_signature else None,
    )
    return Rejected(location=candidate.location, error=error)


def _predicate_type(bundle: Bundle) -> str | None:
    """Return of what type the statement says that it is; None if it is no statement."""
    match bundle.content:
        case Envelope(payload_type=payload_type, payload=payload) if payload_type == IN_TOTO:
            return Statement.parse(payload).predicate_type
        case _:
            return None


def _no_statement() -> VerificationError:
    return VerificationError(
        "it signs a file, and says nothing of an image",
        check=Check.ARTIFACT,
        found="a signature over an artifact",
        wanted="a statement about the image",
    )


def _in_words(annotations: Annotations) -> str:
    return ", ".join(f"{shown(name)}={shown(said)}" for name, said in annotations) or "nothing"

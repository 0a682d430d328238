# SPDX-License-Identifier: Apache-2.0
"""Check 4: the signer's key signed this artifact."""

from collections.abc import Sequence
from typing import assert_never

from keyless.errors import Check, VerificationError
from keyless.evidence import VerifiedContent, VerifiedEntry, VerifiedSigner
from keyless.protocol.bundle import Bundle, Content, MessageSignature
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.dsse import Envelope, pae
from keyless.protocol.entry_body import DsseRecord, HashedRekord, RecordedSignature
from keyless.protocol.keys import ALGORITHMS, Algorithm, PublicKey
from keyless.protocol.statement import IN_TOTO, Statement
from keyless.safe_text import shown


def check_signature(
    content: Content,
    entries: Sequence[VerifiedEntry],
    signer: VerifiedSigner,
    artifact: Digest | bytes,
) -> VerifiedContent:
    """Verify that *signer*'s key signed *artifact*, or a statement of which it is a subject."""
    match content:
        case MessageSignature():
            return _check_message(content, entries, signer.key, artifact)
        case Envelope():
            return _check_envelope(content, entries, signer.key, artifact)
        case _:
            assert_never(content)


def artifact_algorithm(bundle: Bundle) -> HashAlgorithm:
    """Return which hash of its artifact *bundle* is about: what a digest must be made with."""
    match bundle.content:
        case MessageSignature(digest=Digest() as hinted):
            return hinted.algorithm
        case MessageSignature():
            records = [entry.body for entry in bundle.entries]
            hashes = [it.digest.algorithm for it in records if isinstance(it, HashedRekord)]
        case Envelope() as envelope if envelope.payload_type == IN_TOTO:
            hashes = [digest.algorithm for digest in _subjects(Statement.parse(envelope.payload))]
        case _:
            hashes = []
    return HashAlgorithm.SHA256 if HashAlgorithm.SHA256 in hashes or not hashes else hashes[0]


def _check_message(
    content: MessageSignature,
    entries: Sequence[VerifiedEntry],
    key: PublicKey,
    artifact: Digest | bytes,
) -> VerifiedContent:
    algorithm = _logged_algorithm(entries, key)
    if algorithm is None:
        hinted = content.digest.algorithm if content.digest else None
        algorithm = key.algorithm_with(hinted) if hinted else key.algorithm
    digest = _digest_of(artifact, algorithm.hash or HashAlgorithm.SHA256)
    if content.digest is not None and content.digest != digest:
        # Only a hint, but one that says the bundle belongs to another artifact better than a bare
        # "wrong signature" would.
        raise VerificationError(
            "the bundle is for another artifact",
            check=Check.ARTIFACT,
            found=f"an artifact with {digest}",
            wanted=f"the one with {content.digest}",
            hint="the artifact was altered, or this is not its bundle",
        )
    message = artifact if algorithm.hash is None else digest
    key.verify(content.signature, message, check=Check.SIGNATURE, algorithm=algorithm)
    return VerifiedContent(digest=digest, algorithm=algorithm, statement=None)


def _check_envelope(
    envelope: Envelope,
    entries: Sequence[VerifiedEntry],
    key: PublicKey,
    artifact: Digest | bytes,
) -> VerifiedContent:
    message = pae(envelope.payload_type, envelope.payload)
    algorithm = _logged_algorithm(entries, key) or _envelope_algorithm(envelope, message, key)
    key.verify(envelope.signature, message, check=Check.SIGNATURE, algorithm=algorithm)
    if envelope.payload_type != IN_TOTO:
        raise VerificationError(
            "what was signed is no in-toto statement, so it names no artifact",
            check=Check.ARTIFACT,
            found=f"a payload of type {shown(envelope.payload_type)}",
            wanted=IN_TOTO,
        )
    statement = Statement.parse(envelope.payload)
    return VerifiedContent(
        digest=_check_subject(statement, artifact), algorithm=algorithm, statement=statement
    )


def _logged_algorithm(entries: Sequence[VerifiedEntry], key: PublicKey) -> Algorithm | None:
    """Return how the log says the signature was made: nothing else says it as surely."""
    for entry in entries:
        match entry.body:
            case HashedRekord() as record:
                return record.algorithm or _over_digest(key, record.digest.algorithm)
            case DsseRecord(signatures=[RecordedSignature(algorithm=Algorithm() as algorithm)]):
                return algorithm
            case _:
                continue
    return None


def _over_digest(key: PublicKey, algorithm: HashAlgorithm) -> Algorithm:
    # A log that was given only the digest can have verified nothing but the prehashed Ed25519.
    if key.kind == "Ed25519":
        return ALGORITHMS["PKIX_ED25519_PH"]
    return key.algorithm_with(algorithm)


def _envelope_algorithm(envelope: Envelope, message: bytes, key: PublicKey) -> Algorithm:
    """Find the hash that an envelope does not name: SHA-256, or the key's usual one."""
    sha256 = key.algorithm_with(HashAlgorithm.SHA256)
    if sha256 != key.algorithm:
        try:
            key.verify(envelope.signature, message, check=Check.SIGNATURE, algorithm=sha256)
        except VerificationError:
            return key.algorithm
    return sha256


def _check_subject(statement: Statement, artifact: Digest | bytes) -> Digest:
    named = _subjects(statement)
    if isinstance(artifact, Digest):
        candidates = [artifact]
    else:
        algorithms = {digest.algorithm for digest in named}
        candidates = [Digest.of(artifact, each) for each in HashAlgorithm if each in algorithms]
    for digest in candidates:
        if statement.subject_with(digest):
            return digest
    raise VerificationError(
        "the statement is about other artifacts",
        check=Check.ARTIFACT,
        found=f"an artifact with {_digest_of(artifact, HashAlgorithm.SHA256)}",
        wanted=" or ".join(str(digest) for digest in named[:5]) or "nothing: it names no digest",
        hint="the artifact was altered, or this is not its attestation",
    )


def _subjects(statement: Statement) -> list[Digest]:
    return [digest for subject in statement.subjects for digest in subject.digests]


def _digest_of(artifact: Digest | bytes, algorithm: HashAlgorithm) -> Digest:
    return artifact if isinstance(artifact, Digest) else Digest.of(artifact, algorithm)

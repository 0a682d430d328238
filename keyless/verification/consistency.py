# SPDX-License-Identifier: Apache-2.0
"""Check 5: what the log recorded is what was signed.

An entry that truly is in the log, beside a signature that truly verifies, proves nothing when the
two are about different things (CVE-2022-36056): whoever watches the log would never have seen this
signature.
"""

from collections.abc import Sequence

from keyless.errors import Check, VerificationError
from keyless.evidence import VerifiedContent, VerifiedEntry, VerifiedSigner
from keyless.protocol.bundle import Content, MessageSignature
from keyless.protocol.digest import Digest
from keyless.protocol.dsse import Envelope, pae
from keyless.protocol.entry_body import (
    DsseRecord,
    HashedRekord,
    IntotoRecord,
    RecordedSignature,
    Verifier,
)
from keyless.safe_text import shown


def check_consistency(
    entries: Sequence[VerifiedEntry],
    content: Content,
    signer: VerifiedSigner,
    verified: VerifiedContent,
) -> None:
    """Refuse *entries* that record another artifact, signature or signer than was verified."""
    for entry in entries:
        _check_same(entry, "kind", entry.recorded_as, (entry.kind, entry.version))
        match entry.body, content:
            case HashedRekord() as record, MessageSignature():
                _check_same(entry, "artifact", record.digest, verified.digest)
                _check_recorded(entry, record, content, signer, verified)
            case HashedRekord() as record, Envelope():
                message = pae(content.payload_type, content.payload)
                signed = Digest.of(message, record.digest.algorithm)
                _check_same(entry, "envelope", record.digest, signed)
                _check_recorded(entry, record, content, signer, verified)
            case (DsseRecord() | IntotoRecord()) as record, Envelope():
                signed = Digest.of(content.payload, record.payload_digest.algorithm)
                _check_same(entry, "payload", record.payload_digest, signed)
                if isinstance(record, IntotoRecord) and record.payload_type is not None:
                    _check_same(entry, "payload type", record.payload_type, content.payload_type)
                _check_same(entry, "number of signatures", len(record.signatures), 1)
                _check_recorded(entry, record.signatures[0], content, signer, verified)
            case _:
                signed_as = "artifact" if isinstance(content, MessageSignature) else "envelope"
                recorded = f"{entry.kind} {entry.version}"
                _check_same(entry, "kind", recorded, f"one for a signed {signed_as}")


def _check_recorded(
    entry: VerifiedEntry,
    record: HashedRekord | RecordedSignature,
    content: Content,
    signer: VerifiedSigner,
    verified: VerifiedContent,
) -> None:
    _check_same(entry, "signature", record.signature, content.signature)
    if record.algorithm is not None:  # v1 logs do not say
        _check_same(entry, "algorithm", record.algorithm, verified.algorithm)
    if signer.certificate is not None:
        expected = Verifier(der=signer.certificate.der, is_certificate=True)
    else:
        expected = Verifier(der=signer.key.spki, is_certificate=False)
    _check_same(entry, "signer", record.verifier, expected)


def _check_same(entry: VerifiedEntry, what: str, recorded: object, signed: object) -> None:
    if recorded == signed:
        return
    raise VerificationError(
        f"{entry.name} records another {what}",
        check=Check.ENTRY,
        found=_described(recorded),
        wanted=_described(signed),
        hint="the log entry belongs to another signature than the one in the bundle",
    )


def _described(recorded: object) -> str:
    match recorded:
        case None:
            return "none: entries of this kind do not keep it"
        case bytes():
            return recorded.hex()
        case Verifier():
            what = "certificate" if recorded.is_certificate else "key"
            return f"the {what} with SHA-256 {Digest.of(recorded.der).hex}"
        case (kind, version):
            return shown(f"{kind} {version}")
        case _:
            return shown(recorded)

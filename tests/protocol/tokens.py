# SPDX-License-Identifier: Apache-2.0
"""Timestamps to test with, written byte by byte so that each rule can be broken alone."""

import hashlib
from dataclasses import dataclass, replace

from keyless.protocol.der_writer import (
    generalized_time,
    integer,
    octet_string,
    oid,
    sequence,
    set_of,
    tagged,
)
from keyless.protocol.extensions import TIME_STAMPING
from tests.protocol.pki import ECDSA_SHA256, NOON, SIGNS, Draft, Issued, common_name, purposes

SIGNATURE = b"the signature that was timestamped"

SIGNED_DATA, TST_INFO = oid("1.2.840.113549.1.7.2"), oid("1.2.840.113549.1.9.16.1.4")
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
CERTIFICATE, CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.12", "1.2.840.113549.1.9.16.2.47"
SHA256 = sequence(oid("2.16.840.1.101.3.4.2.1"))
SHA384 = sequence(oid("2.16.840.1.101.3.4.2.2"))
SHA512 = sequence(oid("2.16.840.1.101.3.4.2.3"))
GRANTED = sequence(integer(0))
STAMPS = (SIGNS, purposes(TIME_STAMPING, critical=True))


def authority(issuer: Issued, **changes: object) -> Issued:
    """Issue a timestamp authority's certificate."""
    draft = Draft(subject=common_name("clock"), extensions=STAMPS)
    return issuer.issue(replace(draft, **changes))  # type: ignore[arg-type]  # names of fields


def attribute(kind: str, *values: bytes) -> bytes:
    """Write an attribute."""
    return sequence(oid(kind), set_of(*values))


def imprint(data: bytes = SIGNATURE) -> bytes:
    """Write the MessageImprint of *data*."""
    return sequence(SHA256, octet_string(hashlib.sha256(data).digest()))


@dataclass(frozen=True, kw_only=True)
class Info:
    """A TSTInfo, field by field."""

    version: bytes = integer(1)
    policy: bytes = oid("1.2.3")
    imprint: bytes = imprint()
    serial: bytes = integer(5)
    time: bytes = generalized_time(NOON)
    rest: bytes = b""

    def der(self) -> bytes:
        """Write it."""
        parts = (self.version, self.policy, self.imprint, self.serial, self.time, self.rest)
        return sequence(*parts)


@dataclass(frozen=True, kw_only=True)
class Token:
    """A timestamp, field by field; what is None is as it should be."""

    signer: Issued
    info: Info = Info()
    status: bytes = GRANTED
    message_type: bytes = SIGNED_DATA
    version: bytes = integer(3)
    content_type: bytes = TST_INFO
    content: bytes | None = None
    embedded: bytes = b""
    signer_version: bytes = integer(1)
    name: bytes | None = None
    digest: bytes = SHA256
    digests: tuple[bytes, ...] | None = None
    attributes: tuple[bytes, ...] | None = None
    algorithm: bytes = ECDSA_SHA256
    signature: bytes | None = None
    unsigned: bytes = b""
    signers: int = 1

    def der(self) -> bytes:
        """Write the whole response."""
        signed_data = sequence(
            self.version,
            set_of(*((self.digest,) if self.digests is None else self.digests)),
            sequence(self.content_type, tagged(0, self.content or octet_string(self.info.der()))),
            self.embedded,
            set_of(*self.signers * [self._signer_info()]),
        )
        return sequence(self.status, sequence(self.message_type, tagged(0, signed_data)))

    def sound_attributes(self) -> tuple[bytes, ...]:
        """Write the attributes of a sound timestamp."""
        digest = hashlib.sha256(self.info.der()).digest()
        certificate = hashlib.sha256(self.signer.certificate.der).digest()
        named = sequence(sequence(sequence(octet_string(certificate))))
        return (
            attribute(CONTENT_TYPE, TST_INFO),
            attribute(MESSAGE_DIGEST, octet_string(digest)),
            attribute(CERTIFICATE_V2, named),
        )

    def _signer_info(self) -> bytes:
        attributes = self.sound_attributes() if self.attributes is None else self.attributes
        signed = set_of(*attributes)
        certificate = self.signer.certificate
        return sequence(
            self.signer_version,
            self.name or sequence(certificate.issued_by, integer(certificate.serial)),
            self.digest,
            b"\xa0" + signed[1:] if attributes else b"",
            self.algorithm,
            octet_string(self.signature or self.signer.key.sign(signed)),
            self.unsigned,
        )

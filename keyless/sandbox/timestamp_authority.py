# SPDX-License-Identifier: Apache-2.0
"""The authority that says when: it signs digests together with the time (RFC 3161, RFC 5652).

Its answer is a message in a message in a message:

    TimeStampResp  ::=  SEQUENCE { status, timeStampToken OPTIONAL }
    TimeStampToken ::=  SEQUENCE { id-signedData, [0] SignedData }
    SignedData     ::=  SEQUENCE { version 3, digestAlgorithms, encapContentInfo (the TSTInfo),
                                   certificates [0] OPTIONAL, signerInfos }
    SignerInfo     ::=  SEQUENCE { version 1, issuer and serial, digestAlgorithm,
                                   signedAttrs [0], signatureAlgorithm, signature }
"""

import secrets
from collections.abc import Sequence
from datetime import datetime

from keyless.errors import ParseError
from keyless.protocol.algorithm_identifier import parse_hash
from keyless.protocol.algorithm_writer import hash_identifier, signature_identifier
from keyless.protocol.certificate import Certificate
from keyless.protocol.der import BOOLEAN, END, INTEGER, OCTET_STRING, OID, SEQUENCE, Der
from keyless.protocol.der_writer import (
    bit_string,
    certificate_time,
    generalized_time,
    integer,
    octet_string,
    oid,
    sequence,
    set_of,
    tagged,
    utf8_string,
)
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.keys import Algorithm
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.window import Window
from keyless.sandbox.certificate_authority import (
    ORGANIZATION,
    P256,
    around,
    new_serial,
    root_certificate,
)
from keyless.sandbox.certificate_writer import (
    TIME_STAMPING,
    Template,
    authority_key_id,
    key_usage,
    name,
    purposes,
    subject_key_id,
)
from keyless.sandbox.clock import Clock
from keyless.value import value

POLICY = "1.3.6.1.4.1.57264.2"
_SIGNED_DATA, _TST_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE, _MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_SIGNING_TIME, _SIGNING_CERTIFICATE = "1.2.840.113549.1.9.5", "1.2.840.113549.1.9.16.2.47"
_GRANTED = sequence(integer(0))


@value
class TimestampQuery:
    """What somebody wants timestamped: the digest, never the thing itself."""

    imprint: Digest
    nonce: int | None
    wants_certificate: bool

    @classmethod
    def parse(cls, der: bytes) -> "TimestampQuery":
        """Read a TimeStampReq of version 1."""
        with Der(der, "timestamp request") as only, only.inside() as fields:
            if fields.integer() != 1:
                raise fields.error("it is not of version 1")
            with fields.inside() as imprint:
                algorithm = parse_hash(imprint.element(SEQUENCE))
                digest = Digest.checked(algorithm, imprint.content(OCTET_STRING))
            fields.optional(OID)  # which policy is asked for: there is one
            nonce = fields.integer() if fields.tag == INTEGER else None
            wants_certificate = fields.tag == BOOLEAN and fields.flag()
            if fields.tag != END:
                raise fields.error("an extension, and none is known")
        return cls(imprint=digest, nonce=nonce, wants_certificate=wants_certificate)


class TimestampAuthority:
    """Signs timestamps; *chain* goes from its own certificate to the root."""

    def __init__(
        self, clock: Clock, *, url: str, key: SigningKey, chain: Sequence[Certificate]
    ) -> None:
        self.clock = clock
        self.secret = key
        self.url = url
        self.chain = tuple(chain)

    @classmethod
    def create(
        cls,
        clock: Clock,
        *,
        url: str,
        algorithm: Algorithm = P256,
        valid: Window | None = None,
    ) -> "TimestampAuthority":
        """Make an authority of its own key, under a root that signs once and is forgotten."""
        root_key, key = SigningKey.generate(P256), SigningKey.generate(algorithm)
        valid = valid or around(clock)
        root = root_certificate(root_key, valid=valid, common_name="sandbox timestamp root")
        template = Template(
            serial=new_serial(),
            issuer=root.subject,
            subject=name(organization=ORGANIZATION, common_name="sandbox timestamp authority"),
            not_before=valid.start,
            not_after=valid.end or valid.start,
            key=key.public,
            extensions=(
                key_usage("digitalSignature"),
                purposes(TIME_STAMPING, critical=True),
                subject_key_id(key.public),
                authority_key_id(root.key),
            ),
        )
        chain = (Certificate.parse(template.signed_by(root_key)), root)
        return cls(clock, url=url, key=key, chain=chain)

    def answer(self, request: bytes) -> bytes:
        """Answer *request*, a TimeStampReq: with a timestamp, or with why there is none."""
        try:
            wanted = TimestampQuery.parse(request)
        except ParseError as error:
            return refusal(error.message)
        return self.timestamp(wanted)

    def timestamp(self, request: TimestampQuery, *, at: datetime | None = None) -> bytes:
        """Sign the digest in *request* with the time, to the second, or with *at* as it is."""
        info = self._info(request, at or self.clock.now.replace(microsecond=0))
        digest_algorithm = hash_identifier(self._hash)
        certificates = tagged(0, self.chain[0].der) if request.wants_certificate else b""
        signed_data = sequence(
            integer(3),
            set_of(digest_algorithm),
            sequence(oid(_TST_INFO), tagged(0, octet_string(info))),
            certificates,
            set_of(self._signer_info(info, digest_algorithm)),
        )
        return sequence(_GRANTED, sequence(oid(_SIGNED_DATA), tagged(0, signed_data)))

    @property
    def _hash(self) -> HashAlgorithm:
        return self.secret.algorithm.hash or HashAlgorithm.SHA512  # with Ed25519: RFC 8419, 3.1

    def _info(self, request: TimestampQuery, at: datetime) -> bytes:
        """Write the TSTInfo: what is said, before it is signed."""
        imprint = request.imprint
        return sequence(
            integer(1),
            oid(POLICY),
            sequence(hash_identifier(imprint.algorithm), octet_string(imprint.value)),
            integer(secrets.randbits(159)),
            generalized_time(at),
            sequence(integer(1)),  # accurate to one second
            b"" if request.nonce is None else integer(request.nonce),
            tagged(0, tagged(4, self.chain[0].subject)),
        )

    def _signer_info(self, info: bytes, digest_algorithm: bytes) -> bytes:
        leaf = self.chain[0]
        attributes = set_of(
            _attribute(_CONTENT_TYPE, oid(_TST_INFO)),
            _attribute(_SIGNING_TIME, certificate_time(self.clock.now)),
            _attribute(_MESSAGE_DIGEST, octet_string(self._hash.hash(info))),
            _attribute(_SIGNING_CERTIFICATE, self._signing_certificate()),
        )
        return sequence(
            integer(1),
            sequence(leaf.issued_by, integer(leaf.serial)),
            digest_algorithm,
            b"\xa0" + attributes[1:],  # signed as a SET, sent under the tag [0]
            signature_identifier(self.secret.algorithm),
            octet_string(self.secret.sign(attributes)),
        )

    def _signing_certificate(self) -> bytes:
        """Write a SigningCertificateV2, which names by its hash the certificate that counts."""
        leaf = self.chain[0]
        issuer_and_serial = sequence(sequence(tagged(4, leaf.issued_by)), integer(leaf.serial))
        # SHA-256 is the default, and DER leaves defaults out.
        certificate_id = sequence(octet_string(Digest.of(leaf.der).value), issuer_and_serial)
        return sequence(sequence(certificate_id))


def refusal(message: str) -> bytes:
    """Write an answer that has no timestamp, but says why."""
    bad_request = bit_string(b"\x20", spare=5)  # badRequest is bit 2 of PKIFailureInfo
    return sequence(sequence(integer(2), sequence(utf8_string(message)), bad_request))


def _attribute(kind: str, content: bytes) -> bytes:
    return sequence(oid(kind), set_of(content))

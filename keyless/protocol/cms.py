# SPDX-License-Identifier: Apache-2.0
"""Signed messages as timestamps are: CMS SignedData with one signer (RFC 5652, 5035).

    SignedData ::= SEQUENCE { version 3, SET OF digestAlgorithm, content, [0] certificates OPTIONAL,
                              [1] crls OPTIONAL, SET OF SignerInfo }
    SignerInfo ::= SEQUENCE { version 1, issuerAndSerialNumber, digestAlgorithm, [0] signedAttrs,
                              signatureAlgorithm, signature, [1] unsignedAttrs OPTIONAL }

The signature covers the signed attributes, and one of these holds the digest of the content.
"""

import hashlib
from collections.abc import Mapping

from keyless.errors import ParseError
from keyless.protocol.algorithm_identifier import parse_hash, parse_signature_algorithm
from keyless.protocol.der import (
    OCTET_STRING,
    OID,
    SEQUENCE,
    SET,
    Der,
    content_of,
    encoded,
    oid_bytes,
    oid_text,
    sequence,
)
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.keys import Algorithm
from keyless.value import value

_SIGNED_DATA = oid_bytes("1.2.840.113549.1.7.2")
_CONTENT_TYPE = oid_bytes("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST = oid_bytes("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE = oid_bytes("1.2.840.113549.1.9.16.2.12")
_SIGNING_CERTIFICATE_V2 = oid_bytes("1.2.840.113549.1.9.16.2.47")
_WHAT = "timestamp"


@value
class CertificateHash:
    """Which certificate signed: its hash, by the name of the hash function."""

    algorithm: str
    value: bytes

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.value.hex()}"

    def fits(self, certificate: bytes) -> bool:
        """Say whether this is the hash of *certificate*, DER."""
        # Not for security: whose key it is, the signature shows.
        digest = hashlib.new(self.algorithm, certificate, usedforsecurity=False).digest()
        return digest == self.value


@value
class SignedMessage:
    """A message and who signed it, nothing of which is verified."""

    content: bytes
    issuer: bytes
    serial: int
    certificate_hashes: tuple[CertificateHash, ...]
    content_digest: Digest
    signed: bytes
    algorithm: Algorithm
    signature: bytes
    embedded: tuple[bytes, ...]


def parse_signed_message(message: Der, *, content_type: bytes) -> SignedMessage:
    """Read all of *message*, a ContentInfo, as a signed message whose content is of that type."""
    with message:
        if message.content(OID) != _SIGNED_DATA:
            raise message.error("it is not a signed message")
        with message.inside(0xA0) as only, only.inside() as fields:
            if fields.integer() != 3:
                raise fields.error("its signed message is not of version 3")
            with fields.inside(SET) as digests:
                digest = parse_hash(digests.element(SEQUENCE))
            content = _parse_content(fields.inside(), content_type)
            embedded = _parse_embedded(fields)
            fields.optional(0xA1)
            with fields.inside(SET) as signers:
                signed = _parse_signer(signers.inside(), content, content_type, embedded)
            if signed.content_digest.algorithm is not digest:
                raise fields.error("its signer hashed it otherwise than it says")
            return signed


def _parse_content(encapsulated: Der, content_type: bytes) -> bytes:
    with encapsulated:
        found = encapsulated.content(OID)
        if found != content_type:
            raise encapsulated.error(f"what is signed is of type {oid_text(found)}")
        with encapsulated.inside(0xA0) as only:
            return only.content(OCTET_STRING)


def _parse_embedded(fields: Der) -> tuple[bytes, ...]:
    """Take the certificates, if there are any, as they are: they prove nothing."""
    if fields.tag != 0xA0:
        return ()
    # A SET OF is sorted in DER. Authorities do not always sort this one, and nothing rests on it.
    return tuple(encoded(tag, content) for tag, content in fields.inside(0xA0).rest())


def _parse_signer(
    signer: Der, content: bytes, content_type: bytes, embedded: tuple[bytes, ...]
) -> SignedMessage:
    with signer:
        if signer.integer() != 1:
            raise signer.error("its signer is not named by issuer and serial number")
        with signer.inside() as name:
            issuer, serial = name.element(SEQUENCE), name.integer()
        digest = parse_hash(signer.element(SEQUENCE))
        if signer.tag != 0xA0:
            raise signer.error("it has no signed attributes")
        attributes = signer.element(0xA0)
        algorithm = parse_signature_algorithm(signer.element(SEQUENCE), digest=digest)
        if algorithm.hash not in (None, digest):
            raise signer.error("its content and its signature are hashed differently")
        signature = signer.content(OCTET_STRING)
        signer.optional(0xA1)
    said = _parse_attributes(signer, attributes, content_type)
    return SignedMessage(
        content=content,
        content_digest=_parse_content_digest(said, digest),
        issuer=issuer,
        serial=serial,
        certificate_hashes=_parse_certificate_hashes(said),
        # What is signed is the plain SET; the bytes inside stay as they came (RFC 5652, 5.4).
        signed=bytes((SET,)) + attributes[1:],
        algorithm=algorithm,
        signature=signature,
        embedded=embedded,
    )


def _parse_attributes(signer: Der, attributes: bytes, content_type: bytes) -> Mapping[bytes, bytes]:
    """Read what is signed beside the content, by OID: the one value each attribute here has."""
    said: dict[bytes, bytes] = {}
    with Der(content_of(attributes, 0xA0, _WHAT), _WHAT) as listed:
        for _ in listed.while_more():
            with listed.inside() as attribute:
                oid = attribute.content(OID)
                if oid in said:
                    raise signer.error(f"the signed attribute {oid_text(oid)} stands there twice")
                said[oid] = attribute.content(SET)
    if said.get(_CONTENT_TYPE) != encoded(OID, content_type):
        raise signer.error("its signed attributes are not for what it holds")
    return said


def _parse_content_digest(said: Mapping[bytes, bytes], algorithm: HashAlgorithm) -> Digest:
    if _MESSAGE_DIGEST not in said:
        raise ParseError("the timestamp is malformed: its signed attributes hold no digest of it")
    return Digest.checked(algorithm, content_of(said[_MESSAGE_DIGEST], OCTET_STRING, _WHAT))


def _parse_certificate_hashes(said: Mapping[bytes, bytes]) -> tuple[CertificateHash, ...]:
    """Read which certificate the signer says is its own (RFC 2634, 5.4; RFC 5035, 3)."""
    hashes = []
    if _SIGNING_CERTIFICATE in said:
        # SHA-1 because that version knows no other. It tells certificates apart, and vouches for
        # nothing: the key that must fit is the trusted certificate's.
        with _first_certificate(said[_SIGNING_CERTIFICATE]) as fields:
            hashes.append(CertificateHash(algorithm="sha1", value=fields.content(OCTET_STRING)))
            fields.optional(SEQUENCE)
    if _SIGNING_CERTIFICATE_V2 in said:
        with _first_certificate(said[_SIGNING_CERTIFICATE_V2]) as fields:
            named = fields.tag == SEQUENCE
            algorithm = parse_hash(fields.element(SEQUENCE)) if named else HashAlgorithm.SHA256
            digest = Digest.checked(algorithm, fields.content(OCTET_STRING))
            hashes.append(CertificateHash(algorithm=algorithm.value, value=digest.value))
            fields.optional(SEQUENCE)
    if not hashes:
        raise ParseError("the timestamp is malformed: it does not say which certificate signed it")
    return tuple(hashes)


def _first_certificate(attribute: bytes) -> Der:
    """Read SEQUENCE { SEQUENCE OF certificates, policies OPTIONAL }; the signer's is the first."""
    with sequence(attribute, _WHAT) as fields:
        certificates = fields.inside()
        fields.optional(SEQUENCE)
    return certificates.inside()

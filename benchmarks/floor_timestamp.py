# SPDX-License-Identifier: Apache-2.0
"""The floor under timestamps (RFC 3161): the bytes that are signed, found and checked once.

    response     SEQUENCE { status, token SEQUENCE { type, [0] signed data } }
    signed data  SEQUENCE { version, digests, content, [0] certificates, signers SET }
    content      SEQUENCE { type, [0] OCTET STRING that holds the info }
    info         SEQUENCE { version, policy, imprint SEQUENCE { hash, OCTET STRING }, … }
    signer       SEQUENCE { version, SEQUENCE { issuer, serial }, digest, [0] attributes,
                            algorithm, OCTET STRING }

As benchmarks/floor.py: never verify with it.
"""

from collections.abc import Callable, Mapping
from hashlib import new

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

MESSAGE_DIGEST = bytes.fromhex("06092a864886f70d010904")  # the OID 1.2.840.113549.1.9.4, in DER
HASHES = {
    bytes.fromhex("0609608648016503040201"): "sha256",
    bytes.fromhex("0609608648016503040202"): "sha384",
    bytes.fromhex("0609608648016503040203"): "sha512",
}
SIGNED_WITH = {
    bytes.fromhex("06082a8648ce3d040302"): ec.ECDSA(hashes.SHA256()),
    bytes.fromhex("06082a8648ce3d040303"): ec.ECDSA(hashes.SHA384()),
    bytes.fromhex("06082a8648ce3d040304"): ec.ECDSA(hashes.SHA512()),
}


Call = tuple[Callable[[bytes, bytes, ec.ECDSA], None], bytes, bytes, ec.ECDSA]


def timestamp_to_verify(
    der: bytes, signature: bytes, keys: Mapping[int, ec.EllipticCurvePublicKey]
) -> Call:
    """Return how to verify that *der* dates *signature*, by one of *keys* (by serial number)."""
    _, token = _within(der)
    _, tagged = _within(token)
    (signed_data,) = _within(tagged)
    _, _, content, *_, signers = _within(signed_data)
    (octets,) = _within(_within(content)[1])
    (signer,) = _within(signers)
    _, signer_id, digest, attributes, algorithm, signed = _within(signer)
    info = _content(octets)
    assert _hash(digest, info) == _message_digest(attributes)
    hashed_with, imprint = _within(_within(info)[2])
    assert _hash(hashed_with, signature) == _content(imprint)
    # Signed as the SET OF that it is, not under the tag it has here (RFC 5652, 5.4).
    key = keys[int.from_bytes(_content(_within(signer_id)[1]))]
    how = SIGNED_WITH[_within(algorithm)[0]]
    return key.verify, _content(signed), b"\x31" + attributes[1:], how


def _message_digest(attributes: bytes) -> bytes:
    named = dict(_within(attribute) for attribute in _within(attributes))
    return _content(_within(named[MESSAGE_DIGEST])[0])


def _hash(algorithm: bytes, data: bytes) -> bytes:
    return new(HASHES[_within(algorithm)[0]], data).digest()


def _within(der: bytes) -> list[bytes]:
    """Split what *der* holds into elements, each with its tag and length."""
    start, end = _bounds(der, 0)
    elements = []
    while start < end:
        _, after = _bounds(der, start)
        elements.append(der[start:after])
        start = after
    return elements


def _content(der: bytes) -> bytes:
    start, end = _bounds(der, 0)
    return der[start:end]


def _bounds(der: bytes, at: int) -> tuple[int, int]:
    """Return where the content of the element *at* starts and ends."""
    length, start = der[at + 1], at + 2
    if length >= 0x80:  # the length's own length
        start += length - 0x80
        length = int.from_bytes(der[at + 2 : start])
    return start, start + length

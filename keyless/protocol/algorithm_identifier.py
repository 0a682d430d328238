# SPDX-License-Identifier: Apache-2.0
"""How X.509 and CMS say which hash, or which way to sign, was used (RFC 4055, 5754, 5758, 8410).

    AlgorithmIdentifier  ::=  SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY OPTIONAL }

All but RSA-PSS have one encoding, or two where some writers leave the NULL away, so they are looked
up whole. They name the hash but not the key: the `Algorithm` read here has a family for its kind,
`ECDSA` instead of `ECDSA P-384`. `with_key` completes it.
"""

from collections.abc import Mapping
from typing import TypeVar

from keyless.errors import UnsupportedError
from keyless.protocol.der import NULL, OID, SEQUENCE, Der, encoded, oid_bytes, sequence
from keyless.protocol.digest import HashAlgorithm
from keyless.protocol.keys import Algorithm, PublicKey
from keyless.value import replace

T = TypeVar("T")

SHA256, SHA384, SHA512 = HashAlgorithm.SHA256, HashAlgorithm.SHA384, HashAlgorithm.SHA512


def _whole(named: Mapping[str, T], *, parameters: bytes = b"") -> dict[bytes, T]:
    """Return the mapping with whole identifiers, all having *parameters*, in place of OIDs."""
    return {
        encoded(SEQUENCE, encoded(OID, oid_bytes(oid)) + parameters): meaning
        for oid, meaning in named.items()
    }


_WITH_NULL = encoded(NULL, b"")
_SHA2 = {
    "2.16.840.1.101.3.4.2.1": SHA256,
    "2.16.840.1.101.3.4.2.2": SHA384,
    "2.16.840.1.101.3.4.2.3": SHA512,
}
_ECDSA = {
    "1.2.840.10045.4.3.2": Algorithm(kind="ECDSA", scheme="ecdsa", hash=SHA256),
    "1.2.840.10045.4.3.3": Algorithm(kind="ECDSA", scheme="ecdsa", hash=SHA384),
    "1.2.840.10045.4.3.4": Algorithm(kind="ECDSA", scheme="ecdsa", hash=SHA512),
}
_ED25519 = {"1.3.101.112": Algorithm(kind="Ed25519", scheme="message")}
_RSA = {
    "1.2.840.113549.1.1.11": Algorithm(kind="RSA", scheme="pkcs1v15", hash=SHA256),
    "1.2.840.113549.1.1.12": Algorithm(kind="RSA", scheme="pkcs1v15", hash=SHA384),
    "1.2.840.113549.1.1.13": Algorithm(kind="RSA", scheme="pkcs1v15", hash=SHA512),
}
_HASHES = _whole(_SHA2) | _whole(_SHA2, parameters=_WITH_NULL)
_SIGNATURES = _whole(_ECDSA) | _whole(_ED25519) | _whole(_RSA) | _whole(_RSA, parameters=_WITH_NULL)
# CMS may say "RSA" alone: the hash is then that of the message's digest (RFC 5754, 3.2).
_RSA_ALONE = "1.2.840.113549.1.1.1"
_RSA_PSS = "1.2.840.113549.1.1.10"
_MGF1 = "1.2.840.113549.1.1.8"


def parse_hash(identifier: bytes) -> HashAlgorithm:
    """Read *identifier*, a whole element, as that of a hash."""
    if identifier not in _HASHES:
        raise UnsupportedError(
            f"the hash algorithm {_oid(identifier)} is not accepted here",
            hint="SHA-256, SHA-384 and SHA-512 are",
        )
    return _HASHES[identifier]


def parse_signature_algorithm(
    identifier: bytes, *, digest: HashAlgorithm | None = None
) -> Algorithm:
    """Read *identifier*, a whole element, as that of a signature; one over *digest* in CMS."""
    if identifier in _SIGNATURES:
        return _SIGNATURES[identifier]
    oid = _oid(identifier)
    if oid == _RSA_PSS:
        with sequence(identifier, "signature algorithm") as fields:
            fields.content(OID)
            return _parse_pss(fields.inside())
    if oid == _RSA_ALONE and digest:
        return Algorithm(kind="RSA", scheme="pkcs1v15", hash=digest)
    raise UnsupportedError(
        f"the signature algorithm {oid} is not accepted here",
        hint="ECDSA and RSA over SHA-256, SHA-384 or SHA-512, and Ed25519 are",
    )


def with_key(algorithm: Algorithm, key: PublicKey) -> Algorithm:
    """Complete *algorithm* for *key*; one for another family of keys is left as it is."""
    if key.kind.startswith(algorithm.kind):
        return replace(algorithm, kind=key.kind)
    return algorithm


def _parse_pss(parameters: Der) -> Algorithm:
    """Read RSASSA-PSS-params: one hash for everything, and salt of whatever length."""
    with parameters:
        with parameters.inside(0xA0) as field:
            digest = parse_hash(field.element(SEQUENCE))
        with parameters.inside(0xA1) as field, field.inside() as mask:
            if mask.oid() != _MGF1 or parse_hash(mask.element(SEQUENCE)) is not digest:
                raise UnsupportedError(
                    "an RSA-PSS signature whose mask is not MGF1 with the same hash"
                )
        with parameters.inside(0xA2) as field:
            field.integer()
    return Algorithm(kind="RSA", scheme="pss", hash=digest)


def _oid(identifier: bytes) -> str:
    return sequence(identifier, "algorithm identifier").oid()

# SPDX-License-Identifier: Apache-2.0
"""How X.509 and CMS say which hash, or which way to sign, was used (RFC 5280, 5754, 8410, 4055).

    AlgorithmIdentifier  ::=  SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY OPTIONAL }

They name the hash but not the key, so the `Algorithm` read here has a family for its kind:
`ECDSA`, not `ECDSA P-384`. `with_key` completes it.
"""

from keyless.errors import ParseError, UnsupportedError
from keyless.protocol.der import INTEGER, NULL, OID, Der, oid_bytes, oid_text
from keyless.protocol.digest import HashAlgorithm
from keyless.protocol.keys import Algorithm, PublicKey
from keyless.value import replace

SHA256, SHA384, SHA512 = HashAlgorithm.SHA256, HashAlgorithm.SHA384, HashAlgorithm.SHA512

_HASHES = {
    oid_bytes("2.16.840.1.101.3.4.2.1"): SHA256,
    oid_bytes("2.16.840.1.101.3.4.2.2"): SHA384,
    oid_bytes("2.16.840.1.101.3.4.2.3"): SHA512,
}
_ECDSA_AND_ED25519 = {
    oid_bytes("1.2.840.10045.4.3.2"): Algorithm(kind="ECDSA", scheme="ecdsa", hash=SHA256),
    oid_bytes("1.2.840.10045.4.3.3"): Algorithm(kind="ECDSA", scheme="ecdsa", hash=SHA384),
    oid_bytes("1.2.840.10045.4.3.4"): Algorithm(kind="ECDSA", scheme="ecdsa", hash=SHA512),
    oid_bytes("1.3.101.112"): Algorithm(kind="Ed25519", scheme="message"),
}
_RSA = {
    oid_bytes("1.2.840.113549.1.1.11"): Algorithm(kind="RSA", scheme="pkcs1v15", hash=SHA256),
    oid_bytes("1.2.840.113549.1.1.12"): Algorithm(kind="RSA", scheme="pkcs1v15", hash=SHA384),
    oid_bytes("1.2.840.113549.1.1.13"): Algorithm(kind="RSA", scheme="pkcs1v15", hash=SHA512),
}
_RSA_WITHOUT_HASH = oid_bytes("1.2.840.113549.1.1.1")
_RSA_PSS = oid_bytes("1.2.840.113549.1.1.10")
_MGF1 = oid_bytes("1.2.840.113549.1.1.8")


def parse_hash(identifier: Der) -> HashAlgorithm:
    """Read all of *identifier* as that of a hash, with the NULL that some writers add or not."""
    with identifier:
        content = identifier.content(OID)
        _skip_null(identifier)
    if content not in _HASHES:
        raise UnsupportedError(
            f"the hash algorithm {oid_text(content)} is not accepted here",
            hint="SHA-256, SHA-384 and SHA-512 are",
        )
    return _HASHES[content]


def parse_signature_algorithm(identifier: Der, *, cms: HashAlgorithm | None = None) -> Algorithm:
    """Read all of *identifier* as that of a signature; in *cms* the hash may stand elsewhere."""
    with identifier:
        content = identifier.content(OID)
        if content in _ECDSA_AND_ED25519:
            return _ECDSA_AND_ED25519[content]
        if content == _RSA_PSS:
            return _parse_pss(identifier.inside())
        _skip_null(identifier)
    if content in _RSA:
        return _RSA[content]
    if content == _RSA_WITHOUT_HASH and cms:
        return Algorithm(kind="RSA", scheme="pkcs1v15", hash=cms)
    raise UnsupportedError(
        f"the signature algorithm {oid_text(content)} is not accepted here",
        hint="ECDSA and RSA over SHA-256, SHA-384 or SHA-512, and Ed25519 are",
    )


def with_key(algorithm: Algorithm, key: PublicKey) -> Algorithm:
    """Complete *algorithm* for *key*; one for another family of keys is left as it is."""
    if key.kind.startswith(algorithm.kind):
        return replace(algorithm, kind=key.kind)
    return algorithm


def _parse_pss(parameters: Der) -> Algorithm:
    """Read RSASSA-PSS-params: one hash for everything, and a salt as long as its digests."""
    with parameters:
        with parameters.inside(0xA0) as field:
            digest = parse_hash(field.inside())
        with parameters.inside(0xA1) as field, field.inside() as mask:
            if mask.content(OID) != _MGF1 or parse_hash(mask.inside()) is not digest:
                raise ParseError("an RSA-PSS signature whose mask is not MGF1 with the same hash")
        with parameters.inside(0xA2) as field:
            salt = field.integer(INTEGER)
            if salt != digest.size:
                raise ParseError(
                    f"an RSA-PSS signature with {salt} bytes of salt for {digest.name}"
                )
    return Algorithm(kind="RSA", scheme="pss", hash=digest)


def _skip_null(identifier: Der) -> None:
    if identifier.optional(NULL):
        raise identifier.error("a null with something inside")

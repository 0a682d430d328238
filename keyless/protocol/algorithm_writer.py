# SPDX-License-Identifier: Apache-2.0
"""The names of hashes and of ways to sign, written as `algorithm_identifier` reads them.

ECDSA and Ed25519 have no parameters; a hash, and RSA, have a NULL in their place (RFC 4055, RFC
5754, RFC 5758, RFC 8410).
"""

from keyless.errors import InputError
from keyless.protocol.der_writer import NOTHING, oid, sequence
from keyless.protocol.digest import HashAlgorithm
from keyless.protocol.keys import Algorithm

_HASHES = {
    HashAlgorithm.SHA256: sequence(oid("2.16.840.1.101.3.4.2.1"), NOTHING),
    HashAlgorithm.SHA384: sequence(oid("2.16.840.1.101.3.4.2.2"), NOTHING),
    HashAlgorithm.SHA512: sequence(oid("2.16.840.1.101.3.4.2.3"), NOTHING),
}
_ECDSA = {
    HashAlgorithm.SHA256: sequence(oid("1.2.840.10045.4.3.2")),
    HashAlgorithm.SHA384: sequence(oid("1.2.840.10045.4.3.3")),
    HashAlgorithm.SHA512: sequence(oid("1.2.840.10045.4.3.4")),
}
_ED25519 = sequence(oid("1.3.101.112"))
_RSA_OVER_SHA256 = sequence(oid("1.2.840.113549.1.1.11"), NOTHING)


def hash_identifier(algorithm: HashAlgorithm) -> bytes:
    """Write which hash was used."""
    return _HASHES[algorithm]


def signature_identifier(algorithm: Algorithm) -> bytes:
    """Write how something is signed; raise InputError where certificates have no name for it."""
    match algorithm:
        case Algorithm(scheme="ecdsa", hash=HashAlgorithm() as digest):
            return _ECDSA[digest]
        case Algorithm(scheme="pkcs1v15", hash=HashAlgorithm.SHA256):
            return _RSA_OVER_SHA256
        case Algorithm(kind="Ed25519", scheme="message"):
            return _ED25519
        case _:
            raise InputError(
                f"a key that signs by {algorithm} gets no certificate",
                hint="use ECDSA, RSA with PKCS #1 v1.5 over SHA-256, or Ed25519",
            )

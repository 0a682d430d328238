# SPDX-License-Identifier: Apache-2.0
"""Certificate requests: cryptography reads them, and finds the key and the proof."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keyless.protocol.certificate_request import certificate_request
from keyless.protocol.keys import algorithm_named
from keyless.protocol.signing_keys import SigningKey


@pytest.mark.parametrize(
    "name",
    [
        "PKIX_ECDSA_P256_SHA_256",
        "PKIX_ECDSA_P384_SHA_384",
        "PKIX_ECDSA_P521_SHA_512",
        "PKIX_RSA_PKCS1V15_2048_SHA256",
        "PKIX_ED25519",
    ],
)
def test_a_request_proves_who_holds_the_key(name: str) -> None:
    """Its signature is by the key that it asks a certificate for."""
    key = SigningKey.generate(algorithm_named(name))
    read = x509.load_der_x509_csr(certificate_request(key))
    assert read.is_signature_valid
    spki = read.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert spki == key.public.spki


def test_a_request_says_nothing_else() -> None:
    """Who asks is in the token, and nowhere else."""
    key = SigningKey.generate(algorithm_named("PKIX_ECDSA_P256_SHA_256"))
    read = x509.load_der_x509_csr(certificate_request(key))
    assert not list(read.subject)
    assert not list(read.extensions)
    assert not list(read.attributes)

# SPDX-License-Identifier: Apache-2.0
"""Names of algorithms: what is written is what the reader takes for the same."""

import pytest

from keyless.errors import InputError
from keyless.protocol.algorithm_identifier import parse_hash, parse_signature_algorithm, with_key
from keyless.protocol.algorithm_writer import hash_identifier, signature_identifier
from keyless.protocol.digest import HashAlgorithm
from keyless.protocol.keys import algorithm_named
from keyless.protocol.signing_keys import SigningKey


@pytest.mark.parametrize("algorithm", HashAlgorithm)
def test_a_hash_is_read_as_written(algorithm: HashAlgorithm) -> None:
    """All three of them."""
    assert parse_hash(hash_identifier(algorithm)) is algorithm


@pytest.mark.parametrize(
    "name",
    [
        "PKIX_ECDSA_P256_SHA_256",
        "PKIX_ECDSA_P384_SHA_384",
        "PKIX_ECDSA_P384_SHA_256",
        "PKIX_ECDSA_P521_SHA_512",
        "PKIX_RSA_PKCS1V15_2048_SHA256",
        "PKIX_ED25519",
    ],
)
def test_a_way_to_sign_is_read_as_written(name: str) -> None:
    """Each that certificates can be asked for with."""
    algorithm = algorithm_named(name)
    read = parse_signature_algorithm(signature_identifier(algorithm))
    assert with_key(read, SigningKey.generate(algorithm).public) == algorithm


@pytest.mark.parametrize("name", ["PKIX_RSA_PSS_2048_SHA256", "ML_DSA_44", "PKIX_ED25519_PH"])
def test_a_way_to_sign_without_a_name_is_refused(name: str) -> None:
    """No authority of Sigstore's takes a key that signs so."""
    algorithm = algorithm_named(name)
    with pytest.raises(InputError, match=f"signs by {algorithm} gets no certificate"):
        signature_identifier(algorithm)

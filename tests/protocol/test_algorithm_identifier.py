# SPDX-License-Identifier: Apache-2.0
"""Algorithm identifiers: the few that are accepted, each in the encodings that are in use."""

import pytest

from keyless.errors import ParseError
from keyless.protocol.algorithm_identifier import (
    parse_hash,
    parse_signature_algorithm,
    with_key,
)
from keyless.protocol.der_writer import NOTHING, integer, oid, sequence, tagged
from keyless.protocol.digest import HashAlgorithm
from tests.protocol.pki import new_key

SHA256, SHA384 = sequence(oid("2.16.840.1.101.3.4.2.1")), sequence(oid("2.16.840.1.101.3.4.2.2"))


def pss(digest: bytes, mask_digest: bytes, salt: int, mask: str = "1.2.840.113549.1.1.8") -> bytes:
    """Write the identifier of RSA-PSS with these parameters."""
    parameters = sequence(
        tagged(0, digest), tagged(1, sequence(oid(mask), mask_digest)), tagged(2, integer(salt))
    )
    return sequence(oid("1.2.840.113549.1.1.10"), parameters)


@pytest.mark.parametrize("parameters", [b"", NOTHING], ids=["bare", "with null"])
@pytest.mark.parametrize(
    ("arc", "algorithm"),
    [(1, HashAlgorithm.SHA256), (2, HashAlgorithm.SHA384), (3, HashAlgorithm.SHA512)],
)
def test_hashes_are_read(arc: int, algorithm: HashAlgorithm, parameters: bytes) -> None:
    """All three, with the NULL that some writers add and without."""
    assert parse_hash(sequence(oid(f"2.16.840.1.101.3.4.2.{arc}"), parameters)) is algorithm


@pytest.mark.parametrize(
    ("identifier", "text"),
    [
        (sequence(oid("1.3.14.3.2.26"), NOTHING), "1.3.14.3.2.26"),  # SHA-1
        (sequence(oid("2.16.840.1.101.3.4.2.1"), integer(5)), "2.16.840.1.101.3.4.2.1"),
    ],
    ids=["SHA-1", "odd parameters"],
)
def test_other_hashes_are_refused_by_name(identifier: bytes, text: str) -> None:
    """A weak hash, and one with parameters that mean nothing."""
    with pytest.raises(ParseError, match=f"the hash algorithm {text} is not accepted"):
        parse_hash(identifier)


@pytest.mark.parametrize(
    ("identifier", "said"),
    [
        (sequence(oid("1.2.840.10045.4.3.2")), "ECDSA over SHA256"),
        (sequence(oid("1.2.840.10045.4.3.3")), "ECDSA over SHA384"),
        (sequence(oid("1.2.840.10045.4.3.4")), "ECDSA over SHA512"),
        (sequence(oid("1.3.101.112")), "Ed25519"),
        (sequence(oid("1.2.840.113549.1.1.11"), NOTHING), "RSA over SHA256"),
        (sequence(oid("1.2.840.113549.1.1.12")), "RSA over SHA384"),
        (sequence(oid("1.2.840.113549.1.1.13"), NOTHING), "RSA over SHA512"),
        (pss(SHA384, SHA384, 48), "RSA PSS over SHA384"),
        (pss(SHA256, SHA256, 222), "RSA PSS over SHA256"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_signature_algorithms_are_read(identifier: bytes, said: str) -> None:
    """Those that authorities use, with the hash that they name."""
    assert str(parse_signature_algorithm(identifier)) == said


@pytest.mark.parametrize(
    "identifier",
    [
        sequence(oid("1.2.840.113549.1.1.5"), NOTHING),
        sequence(oid("1.2.840.10045.4.1")),
        sequence(oid("1.2.840.10045.4.3.2"), NOTHING),
        sequence(oid("1.2.840.113549.1.1.1"), NOTHING),
    ],
    ids=["RSA with SHA-1", "ECDSA with SHA-1", "ECDSA with parameters", "RSA with no hash"],
)
def test_other_signature_algorithms_are_refused(identifier: bytes) -> None:
    """Weak ones, and those that say too much or too little."""
    with pytest.raises(ParseError, match=r"the signature algorithm [0-9.]+ is not accepted"):
        parse_signature_algorithm(identifier)


def test_in_a_message_rsa_may_leave_its_hash_to_the_digest() -> None:
    """CMS names the hash beside the signature algorithm."""
    identifier = sequence(oid("1.2.840.113549.1.1.1"), NOTHING)
    algorithm = parse_signature_algorithm(identifier, digest=HashAlgorithm.SHA384)
    assert str(algorithm) == "RSA over SHA384"


@pytest.mark.parametrize(
    ("identifier", "message"),
    [
        (pss(SHA256, SHA384, 32), "mask is not MGF1 with the same hash"),
        (pss(SHA256, SHA256, 32, mask="1.2.3"), "mask is not MGF1 with the same hash"),
        (pss(sequence(oid("1.3.14.3.2.26")), SHA256, 32), "hash algorithm 1.3.14.3.2.26"),
    ],
    ids=["two hashes", "another mask", "SHA-1"],
)
def test_odd_rsa_pss_is_refused(identifier: bytes, message: str) -> None:
    """One hash for everything: nobody uses another combination."""
    with pytest.raises(ParseError, match=message):
        parse_signature_algorithm(identifier)


def test_a_key_completes_the_algorithm() -> None:
    """The family becomes the kind of key."""
    algorithm = parse_signature_algorithm(sequence(oid("1.2.840.10045.4.3.2")))
    key = new_key("PKIX_ECDSA_P384_SHA_384").public
    assert str(with_key(algorithm, key)) == "ECDSA P-384 over SHA256"


def test_a_key_of_another_family_completes_nothing() -> None:
    """Left as it is, the algorithm is refused by any key of another kind."""
    algorithm = parse_signature_algorithm(sequence(oid("1.2.840.10045.4.3.2")))
    assert with_key(algorithm, new_key("PKIX_ED25519").public) == algorithm

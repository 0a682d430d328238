# SPDX-License-Identifier: Apache-2.0
"""Digests: three hashes, and their values as they are written."""

import hashlib
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyless.errors import ParseError
from keyless.protocol.digest import Digest, HashAlgorithm, hash_algorithm

algorithms = pytest.mark.parametrize("algorithm", HashAlgorithm, ids=lambda it: it.value)


@algorithms
def test_hash_is_that_of_the_standard_library(algorithm: HashAlgorithm) -> None:
    """Value and size."""
    peer = hashlib.new(algorithm.value, b"content")
    assert algorithm.hash(b"content") == peer.digest()
    assert algorithm.size == peer.digest_size
    assert Digest.of(b"content", algorithm).hex == peer.hexdigest()


def test_digest_is_sha256_when_nothing_is_said() -> None:
    """As almost everywhere."""
    assert Digest.of(b"content").value == hashlib.sha256(b"content").digest()


@algorithms
def test_hash_is_found_by_both_its_names(algorithm: HashAlgorithm) -> None:
    """Its everyday name, and that of bundles."""
    assert algorithm.protobuf_name == f"SHA2_{algorithm.size * 8}"
    assert hash_algorithm(algorithm.value) is algorithm
    assert hash_algorithm(algorithm.protobuf_name) is algorithm


@pytest.mark.parametrize(
    "name", ["", "md5", "sha1", "sha224", "SHA256", "sha-256", "SHA3_256", "sha2_256", "SHA2_224"]
)
def test_other_hashes_are_refused(name: str) -> None:
    """A signature over one of them would prove nothing, or is not known here."""
    with pytest.raises(ParseError, match=f"{name} is not a hash that signatures may use here"):
        hash_algorithm(name)


@given(st.sampled_from(HashAlgorithm), st.binary())
def test_digest_is_read_as_it_is_written(algorithm: HashAlgorithm, data: bytes) -> None:
    """As in `sha256:…`, and after pickling."""
    digest = Digest.of(data, algorithm)
    assert Digest.parse(str(digest)) == digest
    assert Digest.checked(algorithm, digest.value) == digest
    assert pickle.loads(pickle.dumps(digest)) == digest


SHA256 = "ab" * 32


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not a digest as in sha256:"),
        (SHA256, "not a digest as in sha256:"),
        ("sha256:", "not a digest as in sha256:"),
        (f":{SHA256}", "not a digest as in sha256:"),
        (f"sha256:{SHA256.upper()}", "not a digest as in sha256:"),
        (f"SHA256:{SHA256}", "not a digest as in sha256:"),
        (f"SHA2_256:{SHA256}", "not a digest as in sha256:"),
        (f"sha256: {SHA256}", "not a digest as in sha256:"),
        (f"sha256:{SHA256}\n", "not a digest as in sha256:"),
        (f"sha256=sha256:{SHA256}", "not a digest as in sha256:"),
        (f"md5:{SHA256}", "md5 is not a hash"),
        (f"sha256:{SHA256}a", "not lower-case hexadecimal"),
        (f"sha256:{SHA256}ab", "a sha256 digest has 32 bytes, this one has 33"),
        (f"sha256:{SHA256[2:]}", "a sha256 digest has 32 bytes, this one has 31"),
        (f"sha512:{SHA256}", "a sha512 digest has 64 bytes, this one has 32"),
    ],
)
def test_digests_are_read_strictly(text: str, reason: str) -> None:
    """One way to write each, as long as its hash makes it."""
    with pytest.raises(ParseError, match=reason):
        Digest.parse(text)


@algorithms
@pytest.mark.parametrize("difference", [-1, 1])
def test_digest_of_another_length_cannot_be_made(algorithm: HashAlgorithm, difference: int) -> None:
    """However it is made: what is signed is compared with it as it is."""
    value = bytes(algorithm.size + difference)
    with pytest.raises(ParseError, match=f"this one has {len(value)}"):
        Digest.checked(algorithm, value)
    with pytest.raises(ParseError, match=f"this one has {len(value)}"):
        Digest(algorithm=algorithm, value=value)

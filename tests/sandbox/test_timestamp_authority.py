# SPDX-License-Identifier: Apache-2.0
"""The sandbox's timestamps: our reader, rfc3161-client and openssl all accept them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import rfc3161_client
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from keyless.errors import ParseError
from keyless.protocol.der_writer import TRUE, integer, octet_string, oid, sequence, tagged
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.encoding import pem_encode
from keyless.protocol.keys import algorithm_named
from keyless.protocol.timestamp import Timestamp, verify_timestamp
from keyless.protocol.timestamp import TimestampAuthority as TrustedAuthority
from keyless.protocol.window import Window
from keyless.sandbox.clock import Clock
from keyless.sandbox.timestamp_authority import TimestampAuthority, TimestampQuery
from tests.sandbox.openssl import openssl

NOON = datetime(2025, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
SIGNATURE = b"a signature"
URL = "https://tsa.sandbox.test/api/v1/timestamp"
ALGORITHMS = [
    "PKIX_ECDSA_P256_SHA_256",
    "PKIX_ECDSA_P384_SHA_384",
    "PKIX_ECDSA_P521_SHA_512",
    "PKIX_RSA_PKCS1V15_2048_SHA256",
]


def authority(algorithm: str = "PKIX_ECDSA_P256_SHA_256") -> TimestampAuthority:
    """Make an authority at noon."""
    return TimestampAuthority.create(Clock(NOON), url=URL, algorithm=algorithm_named(algorithm))


def request(
    *,
    algorithm: HashAlgorithm = HashAlgorithm.SHA256,
    nonce: int | None = None,
    wants_certificate: bool = True,
) -> TimestampQuery:
    """Ask for a timestamp over the signature."""
    imprint = Digest.of(SIGNATURE, algorithm)
    return TimestampQuery(imprint=imprint, nonce=nonce, wants_certificate=wants_certificate)


def verified(signer: TimestampAuthority, answer: bytes) -> Timestamp:
    """Verify *answer* as a bundle's timestamp is verified."""
    window = Window(start=NOON.replace(microsecond=0))
    trusted = TrustedAuthority.linked(signer.chain, name=signer.url, window=window)
    timestamp = Timestamp.parse(answer)
    assert verify_timestamp(timestamp, SIGNATURE, [trusted]) is trusted
    return timestamp


def second_opinion(signer: TimestampAuthority, answer: bytes, *, nonce: int | None = None) -> None:
    """Verify *answer* with somebody else's verifier."""
    leaf, root = (x509.load_der_x509_certificate(each.der) for each in signer.chain)
    verifier = rfc3161_client.VerifierBuilder(
        tsa_certificate=leaf, intermediates=[], roots=[root], nonce=nonce
    ).build()
    assert verifier.verify_message(rfc3161_client.decode_timestamp_response(answer), SIGNATURE)


@pytest.mark.parametrize("algorithm", [*ALGORITHMS, "PKIX_ED25519"])
def test_a_timestamp_verifies_whatever_key_the_authority_has(algorithm: str) -> None:
    """Each kind of key signs over its usual hash."""
    signer = authority(algorithm)
    assert verified(signer, signer.timestamp(request())).imprint == Digest.of(SIGNATURE)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_usual_client_accepts_it_too(algorithm: str) -> None:
    """Other clients verify timestamps with rfc3161-client."""
    signer = authority(algorithm)
    second_opinion(signer, signer.timestamp(request()))


@pytest.mark.parametrize("algorithm", HashAlgorithm)
def test_any_of_the_three_hashes_can_be_timestamped(algorithm: HashAlgorithm) -> None:
    """The client chooses how it hashes."""
    signer = authority()
    answer = signer.timestamp(request(algorithm=algorithm))
    assert verified(signer, answer).imprint.algorithm is algorithm
    second_opinion(signer, answer)


def test_the_certificate_comes_along_only_when_asked_for() -> None:
    """A client that has the trusted root needs none."""
    signer = authority()
    bare, full = (
        verified(signer, signer.timestamp(request(wants_certificate=wanted)))
        for wanted in (False, True)
    )
    assert (bare.message.embedded, full.message.embedded) == ((), (signer.chain[0].der,))
    second_opinion(signer, bare.der)


@pytest.mark.parametrize("nonce", [0, 1, 127, 128, (1 << 64) - 1])
def test_the_nonce_comes_back(nonce: int) -> None:
    """So that nobody can answer with a timestamp made before."""
    signer = authority()
    answer = signer.timestamp(request(nonce=nonce))
    assert verified(signer, answer).nonce == nonce
    second_opinion(signer, answer, nonce=nonce)


def test_a_timestamp_says_the_clocks_second() -> None:
    """Sigstore's authorities know no fractions, and some readers neither."""
    signer = authority()
    timestamp = verified(signer, signer.timestamp(request()))
    assert timestamp.at == NOON.replace(microsecond=0)
    assert timestamp.accuracy == timedelta(seconds=1)


def test_a_timestamp_can_be_of_any_time_to_the_microsecond() -> None:
    """What a window's ends are tested with."""
    signer = authority()
    at = NOON + timedelta(microseconds=1)
    answer = signer.timestamp(request(), at=at)
    assert verified(signer, answer).at == at
    second_opinion(signer, answer)


def test_two_timestamps_never_have_one_number() -> None:
    """Of the same thing, in the same second."""
    signer = authority()
    assert signer.timestamp(request()) != signer.timestamp(request())


@given(
    algorithm=st.sampled_from(HashAlgorithm),
    nonce=st.none() | st.integers(0, 1 << 64),
    wants_certificate=st.booleans(),
)
def test_the_request_of_the_usual_client_is_read(
    algorithm: HashAlgorithm, nonce: int | None, wants_certificate: bool
) -> None:
    """Everything a request can ask for is understood, and nothing else made of it."""
    imprint = Digest.of(SIGNATURE, algorithm)
    written = sequence(
        integer(1),
        sequence(
            sequence(oid(f"2.16.840.1.101.3.4.2.{list(HashAlgorithm).index(algorithm) + 1}")),
            octet_string(imprint.value),
        ),
        b"" if nonce is None else integer(nonce),
        TRUE if wants_certificate else b"",
    )
    assert TimestampQuery.parse(written) == request(
        algorithm=algorithm, nonce=nonce, wants_certificate=wants_certificate
    )


def test_a_request_by_the_usual_client_is_answered() -> None:
    """Bytes in, bytes out, as they go over the wire."""
    signer = authority()
    asked = rfc3161_client.TimestampRequestBuilder(data=SIGNATURE, nonce=True).build()
    answer = signer.answer(asked.as_bytes())
    assert verified(signer, answer).nonce == asked.nonce
    second_opinion(signer, answer, nonce=asked.nonce)


IMPRINT = sequence(
    sequence(oid("2.16.840.1.101.3.4.2.1")), octet_string(Digest.of(SIGNATURE).value)
)
REFUSED = {
    "nothing": (b"", "malformed"),
    "another version": (sequence(integer(2), IMPRINT), "not of version 1"),
    "SHA-1": (
        sequence(integer(1), sequence(sequence(oid("1.3.14.3.2.26")), octet_string(bytes(20)))),
        r"1\.3\.14\.3\.2\.26",
    ),
    "a digest cut short": (
        sequence(
            integer(1), sequence(sequence(oid("2.16.840.1.101.3.4.2.1")), octet_string(bytes(31)))
        ),
        "has 32 bytes",
    ),
    "an extension": (
        sequence(integer(1), IMPRINT, tagged(0, sequence(oid("1.2.3")))),
        "an extension, and none is known",
    ),
}


@pytest.mark.parametrize(("asked", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_timestamped_is_refused_with_the_reason(asked: bytes, reason: str) -> None:
    """The answer is one that clients know: a status, and why."""
    with pytest.raises(ParseError, match=rf"refusal: status 2, .*{reason}"):
        Timestamp.parse(authority().answer(asked))


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("certificate", ["-cert", "-no_nonce"])
def test_openssl_asks_and_verifies(
    tmp_path: Path, digest: str, algorithm: str, certificate: str
) -> None:
    """`openssl ts` makes the request, and accepts the answer under our root."""
    signer = authority(algorithm)
    (tmp_path / "data").write_bytes(SIGNATURE)
    openssl(f"ts -query -data data -{digest} {certificate} -out request", folder=tmp_path)
    (tmp_path / "answer").write_bytes(signer.answer((tmp_path / "request").read_bytes()))
    for name, each in zip(("leaf", "root"), signer.chain, strict=True):
        (tmp_path / name).write_text(pem_encode("CERTIFICATE", each.der))
    said = openssl(
        "ts -verify -queryfile request -in answer -CAfile root -untrusted leaf"
        f" -attime {NOON.timestamp():.0f}",
        folder=tmp_path,
    )
    assert "Verification: OK" in said

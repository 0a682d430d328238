# SPDX-License-Identifier: Apache-2.0
"""Timestamp requests: what authorities understand, and the answers that are taken for ours."""

from datetime import UTC, datetime

import pytest
import rfc3161_client
from hypothesis import given
from hypothesis import strategies as st

from keyless.errors import Check, VerificationError
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.timestamp import Timestamp
from keyless.protocol.timestamp_request import TimestampRequest
from keyless.sandbox.clock import Clock
from keyless.sandbox.timestamp_authority import TimestampAuthority, TimestampQuery
from keyless.value import replace

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
SIGNATURE = b"a signature"
REQUEST = TimestampRequest.over(SIGNATURE, nonce=1 << 63)

AUTHORITY = TimestampAuthority.create(Clock(NOON), url="https://tsa.sandbox.test/api/v1/timestamp")


def answer(request: TimestampRequest) -> Timestamp:
    """Have the sandbox's authority answer."""
    return Timestamp.parse(AUTHORITY.answer(request.to_der()))


@given(st.binary(), st.integers(min_value=0, max_value=(1 << 64) - 1))
def test_an_authority_reads_what_was_asked(signature: bytes, nonce: int) -> None:
    """The digest of the signature, the nonce, and that its certificate is wanted."""
    received = TimestampQuery.parse(TimestampRequest.over(signature, nonce=nonce).to_der())
    assert received.imprint == Digest.of(signature)
    assert received.nonce == nonce
    assert received.wants_certificate


def test_it_is_written_as_others_write_it() -> None:
    """By rfc3161-client, with the nonce that it chose itself."""
    theirs = rfc3161_client.TimestampRequestBuilder().data(SIGNATURE).build()
    sha256 = replace(REQUEST, nonce=theirs.nonce)
    sha512 = replace(sha256, imprint=Digest.of(SIGNATURE, HashAlgorithm.SHA512))
    assert theirs.as_bytes() in {sha256.to_der(), sha512.to_der()}


@pytest.mark.parametrize("algorithm", HashAlgorithm)
def test_the_answer_to_a_request_is_taken(algorithm: HashAlgorithm) -> None:
    """It is for this digest and has this nonce."""
    request = replace(REQUEST, imprint=Digest.of(SIGNATURE, algorithm))
    request.check_answer(answer(request))


@pytest.mark.parametrize(
    ("answered", "found"),
    [
        (replace(REQUEST, imprint=Digest.of(b"another")), f"{Digest.of(b'another')}"),
        (replace(REQUEST, nonce=7), "nonce 7"),
    ],
    ids=["something else", "another request"],
)
def test_the_answer_to_another_request_is_refused(answered: TimestampRequest, found: str) -> None:
    """A timestamp of something else, or an old one of the same signature."""
    with pytest.raises(VerificationError) as caught:
        REQUEST.check_answer(answer(answered))
    assert (caught.value.check, caught.value.found) == (Check.TIMESTAMP, found)


def test_an_answer_without_a_nonce_is_refused() -> None:
    """It may be as old as it likes."""
    anonymous = TimestampQuery(imprint=REQUEST.imprint, nonce=None, wants_certificate=True)
    with pytest.raises(VerificationError, match="for another request") as caught:
        REQUEST.check_answer(Timestamp.parse(AUTHORITY.timestamp(anonymous)))
    assert caught.value.found == "no nonce"

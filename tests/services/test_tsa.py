# SPDX-License-Identifier: Apache-2.0
"""The client of the timestamp authority: what it sends, and which answers it takes."""

import pytest

from keyless.errors import Check, ServiceError, VerificationError
from keyless.protocol.digest import Digest
from keyless.protocol.timestamp import verify_timestamp
from keyless.protocol.trusted_root import TrustedRoot
from keyless.sandbox.timestamp_authority import TimestampQuery, refusal
from keyless.services.http import Request, Response
from keyless.services.tsa import TimestampService
from keyless.value import replace
from tests.services.material import core
from tests.services.transports import Scripted, answered

URL = "https://tsa.example/api/v1/timestamp"
NAME = "timestamp authority tsa.example"
SIGNATURE = b"a signature"


def honest(request: Request) -> Response:
    """Answer as the sandbox's authority does."""
    assert request.body is not None
    return answered(201, core().timestamp_authority.answer(request.body))


def bent(**changes: object) -> object:
    """Return an authority that answers another request than the one it got."""

    def answer(request: Request) -> Response:
        assert request.body is not None
        query = replace(TimestampQuery.parse(request.body), **changes)
        return answered(201, core().timestamp_authority.timestamp(query))

    return answer


def test_a_timestamp_of_the_signature_is_taken() -> None:
    """It verifies, as the bundle's will."""
    timestamp = TimestampService(URL, Scripted(honest)).timestamp(SIGNATURE)
    trusted = TrustedRoot.parse(core().trusted_root_json()).timestamp_authorities
    assert verify_timestamp(timestamp, SIGNATURE, trusted) is trusted[0]


def test_the_request_says_what_it_is() -> None:
    """To the very URL that the signing configuration gives."""
    transport = Scripted(honest)
    TimestampService(URL, transport, nonce=lambda: 5).timestamp(SIGNATURE)
    (request,) = transport.asked
    assert (request.method, request.url) == ("POST", URL)
    assert request.header("Content-Type") == "application/timestamp-query"
    assert request.body is not None
    query = TimestampQuery.parse(request.body)
    assert (query.imprint, query.nonce) == (Digest.of(SIGNATURE), 5)


def test_no_two_requests_are_the_same() -> None:
    """Or an old answer could pass for a new one."""
    transport = Scripted(honest, honest)
    service = TimestampService(URL, transport)
    service.timestamp(SIGNATURE)
    service.timestamp(SIGNATURE)
    first, second = (request.body for request in transport.asked)
    assert first != second


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (bent(imprint=Digest.of(b"another")), "a timestamp for something else"),
        (bent(nonce=7), "a timestamp for another request"),
        (bent(nonce=None), "a timestamp for another request"),
    ],
    ids=["another signature", "another nonce", "no nonce"],
)
def test_an_answer_to_another_request_is_a_lie(answer: Response, message: str) -> None:
    """And the authority is named."""
    with pytest.raises(VerificationError) as caught:
        TimestampService(URL, Scripted(answer)).timestamp(SIGNATURE)
    assert caught.value.check is Check.TIMESTAMP
    assert caught.value.message.startswith(f"the {NAME} gave a wrong answer: ")
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (answered(201, refusal("no such hash\x1b")), r"status 2, no such hash\x1b"),
        (answered(201, b"<html>"), "gave an answer that cannot be read"),
        (answered(201), "gave an answer that cannot be read"),
        (answered(400, b"no"), "answered 400: no"),
        (answered(302, Location="https://elsewhere.example"), "which is not followed"),
    ],
    ids=["refusal", "page", "nothing", "status", "redirection"],
)
def test_no_timestamp_is_an_error_of_the_authority(answer: Response, message: str) -> None:
    """With what it said."""
    with pytest.raises(ServiceError) as caught:
        TimestampService(URL, Scripted(answer)).timestamp(SIGNATURE)
    assert caught.value.service == NAME
    assert NAME in caught.value.message
    assert message in caught.value.message

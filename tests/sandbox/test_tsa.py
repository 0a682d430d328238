# SPDX-License-Identifier: Apache-2.0
"""The timestamp authority's wire: both forms of a request, and what is none."""

import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
import rfc3161_client
from cryptography import x509

from keyless.protocol.digest import Digest
from keyless.protocol.timestamp import Timestamp
from keyless.sandbox import Sandbox
from keyless.services.http import Request, Response
from tests.sandbox.asking import refusal

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
SIGNATURE = b"a signature"
QUERY = "application/timestamp-query"
IMPRINT = b64encode(Digest.of(SIGNATURE).value).decode()
JSON = {"artifactHash": IMPRINT, "hashAlgorithm": "sha256"}


@pytest.fixture
def sandbox() -> Sandbox:
    """A sandbox at noon."""
    return Sandbox(NOON)


def asked(sandbox: Sandbox, body: bytes | None, kind: str = QUERY) -> Response:
    """Ask for a timestamp."""
    url = sandbox.core.urls.timestamp_authority
    headers = (("Content-Type", kind),)
    return sandbox.tsa.handle(Request(method="POST", url=url, headers=headers, body=body))


def asked_json(sandbox: Sandbox, **content: Any) -> Response:
    """Ask for a timestamp in JSON."""
    return asked(sandbox, json.dumps({**JSON, **content}).encode(), "application/json")


def test_a_query_is_answered_with_a_timestamp(sandbox: Sandbox) -> None:
    """To a client of somebody else's, who verifies it by the chain that is given out."""
    query = rfc3161_client.TimestampRequestBuilder().data(SIGNATURE).nonce(nonce=True).build()
    response = asked(sandbox, query.as_bytes())
    url = f"{sandbox.core.urls.timestamp_authority}/certchain"
    chain = sandbox.tsa.handle(Request(method="GET", url=url)).body
    leaf, root = x509.load_pem_x509_certificates(chain)
    verifier = rfc3161_client.VerifierBuilder.from_request(query).tsa_certificate(leaf)
    answer = rfc3161_client.decode_timestamp_response(response.body)
    assert verifier.add_root_certificate(root).build().verify_message(answer, SIGNATURE)
    assert (response.status, response.header("Content-Type")) == (
        200,
        "application/timestamp-reply",
    )


def test_a_query_may_be_json(sandbox: Sandbox) -> None:
    """As clients send it that have no ASN.1."""
    timestamp = Timestamp.parse(asked_json(sandbox, nonce=7, certificates=True).body)
    assert (timestamp.imprint, timestamp.nonce) == (Digest.of(SIGNATURE), 7)
    assert timestamp.message.embedded == (sandbox.core.timestamp_authority.chain[0].der,)


def test_json_without_a_nonce_gets_none(sandbox: Sandbox) -> None:
    """Nor a certificate that it does not ask for."""
    timestamp = Timestamp.parse(asked_json(sandbox).body)
    assert (timestamp.nonce, timestamp.message.embedded) == (None, ())


BAD: dict[str, tuple[bytes | None, str, str]] = {
    "nothing": (None, QUERY, "the timestamp request is malformed"),
    "no query": (b"\x30\x00", QUERY, "the timestamp request is malformed"),
    "no JSON": (b"{", "application/json", "not JSON"),
    "a weak hash": (
        json.dumps({**JSON, "hashAlgorithm": "sha1"}).encode(),
        "application/json",
        "sha1",
    ),
    "of no kind": (b"\x30\x00", "text/plain", "neither application/timestamp-query nor JSON"),
}


@pytest.mark.parametrize(("body", "kind", "reason"), BAD.values(), ids=BAD.keys())
def test_what_is_no_query_is_refused(
    sandbox: Sandbox, body: bytes | None, kind: str, reason: str
) -> None:
    """With a status, as Sigstore's authority does, and the reason."""
    status, words = refusal(asked(sandbox, body, kind))
    assert status == 400
    assert words.startswith("Error generating timestamp response: ")
    assert reason in words


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/certchain"), ("GET", "/x")])
def test_elsewhere_there_is_nothing(sandbox: Sandbox, method: str, path: str) -> None:
    """Nor by another method."""
    url = f"{sandbox.core.urls.timestamp_authority}{path}"
    assert sandbox.tsa.handle(Request(method=method, url=url)).status == 404

# SPDX-License-Identifier: Apache-2.0
"""DSSE envelopes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyless.errors import ParseError
from keyless.protocol.dsse import Envelope, EnvelopeSignature, pae
from keyless.protocol.encoding import b64encode
from keyless.protocol.json_reader import Json, JsonValue

ENVELOPE: dict[str, JsonValue] = {
    "payload": b64encode(b"{}"),
    "payloadType": "application/vnd.in-toto+json",
    "signatures": [{"sig": b64encode(b"signed"), "keyid": ""}],
}

envelopes = st.builds(
    Envelope,
    payload_type=st.text(),
    payload=st.binary(),
    signatures=st.tuples(
        st.builds(EnvelopeSignature, signature=st.binary(min_size=1), key_id=st.text())
    ),
)


def test_encoding_is_that_of_the_specification() -> None:
    """The example of the DSSE protocol comes out byte for byte."""
    encoded = pae("http://example.com/HelloWorld", b"hello world")
    assert encoded == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_encoding_counts_the_type_in_bytes() -> None:
    """A type that is not ASCII has the length of its UTF-8."""
    assert pae("é", b"") == b"DSSEv1 2 \xc3\xa9 0 "


@given(st.tuples(st.text(), st.binary()), st.tuples(st.text(), st.binary()))
def test_encoding_tells_payloads_apart(one: tuple[str, bytes], other: tuple[str, bytes]) -> None:
    """Two pairs of type and payload have one encoding only when they are the same."""
    assert (pae(*one) == pae(*other)) == (one == other)


def test_parse_reads_every_part() -> None:
    """Payload, type, signature and key id are those of the JSON."""
    given_id = {**ENVELOPE, "signatures": [{"sig": b64encode(b"signed"), "keyid": "mine"}]}
    envelope = Envelope.parse(Json(given_id))
    assert envelope == Envelope(
        payload_type="application/vnd.in-toto+json",
        payload=b"{}",
        signatures=(EnvelopeSignature(signature=b"signed", key_id="mine"),),
    )
    assert envelope.signature == b"signed"


@given(envelopes)
def test_what_is_written_reads_the_same(envelope: Envelope) -> None:
    """An envelope survives being written and read."""
    assert Envelope.parse(Json.parse(json.dumps(envelope.to_json()).encode())) == envelope


@pytest.mark.parametrize(
    ("change", "path", "reason"),
    [
        ({"signatures": []}, "$.signatures", "no signature"),
        ({"signatures": None}, "$.signatures", "no signature"),
        ({"signatures": [{"sig": "YQ=="}] * 2}, "$.signatures", "2 items, more than the 1 allowed"),
        ({"signatures": [{"sig": ""}]}, "$.signatures[0].sig", "an empty signature"),
        ({"signatures": [{"keyid": "mine"}]}, "$.signatures[0].sig", "missing"),
        ({"signatures": [{"sig": "YR=="}]}, "$.signatures[0].sig", "bits to spare"),
        ({"signatures": [{"sig": "YQ==", "keyid": 5}]}, "$.signatures[0].keyid", "a number"),
        ({"signatures": ["YQ=="]}, "$.signatures[0]", "a string where an object is wanted"),
        ({"payload": None}, "$.payload", "missing"),
        ({"payload": "e30"}, "$.payload", "not base64"),
        ({"payloadType": None}, "$.payloadType", "missing"),
        ({"payloadType": []}, "$.payloadType", "a list where a string is wanted"),
    ],
)
def test_malformed_envelopes_are_refused(
    change: dict[str, JsonValue], path: str, reason: str
) -> None:
    """The error names the member that is wrong, and what is wrong with it."""
    with pytest.raises(ParseError, match=reason) as refusal:
        Envelope.parse(Json({**ENVELOPE, **change}))
    assert refusal.value.path == path

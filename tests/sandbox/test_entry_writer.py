# SPDX-License-Identifier: Apache-2.0
"""What the sandbox's logs write down: to the byte what the public ones did."""

import json
import re
from collections.abc import Iterator

import pytest

from keyless.protocol.bundle import Bundle, MessageSignature
from keyless.protocol.certificate import Certificate
from keyless.protocol.digest import Digest
from keyless.protocol.dsse import Envelope, EnvelopeSignature, pae
from keyless.protocol.encoding import b64encode
from keyless.protocol.entry import LogEntry
from keyless.protocol.entry_body import DsseRecord, HashedRekord, IntotoRecord, Verifier, parse_body
from keyless.protocol.keys import algorithm_named
from keyless.sandbox.entry_writer import (
    dsse_v1,
    dsse_v2,
    hashedrekord_v1,
    hashedrekord_v2,
    intoto_v2,
)
from tests.cases import all_cases

ENVELOPE = Envelope(
    payload_type="application/vnd.in-toto+json",
    payload=b'{"a": 1}',
    signatures=(EnvelopeSignature(signature=b"signature"),),
)
KEY = Verifier(der=b"a key", is_certificate=False)
CERTIFICATE = Verifier(der=b"a certificate", is_certificate=True)
ED25519 = algorithm_named("PKIX_ED25519")
# An envelope is JSON that the client wrote in its own way, so its hash is the client's.
CLIENTS_HASH = re.compile(rb'"(?:envelopeHash|hash)":\{"algorithm":"sha256","value":"[0-9a-f]*"\}')


def rewritten(bundle: Bundle, entry: LogEntry) -> bytes | None:
    """Write *entry* anew from what its *bundle* holds; None if not of a public log's kind."""
    assert isinstance(bundle.material, Certificate)
    verifier = Verifier(der=bundle.material.der, is_certificate=True)
    match entry.body, bundle.content:
        case HashedRekord(algorithm=None) as record, MessageSignature():
            return hashedrekord_v1(record.digest, bundle.signature, verifier)
        case HashedRekord(algorithm=algorithm) as record, MessageSignature() if algorithm:
            return hashedrekord_v2(record.digest, bundle.signature, verifier, algorithm=algorithm)
        case HashedRekord(algorithm=algorithm), Envelope() as envelope if algorithm:
            digest = Digest.of(pae(envelope.payload_type, envelope.payload))
            return hashedrekord_v2(digest, bundle.signature, verifier, algorithm=algorithm)
        case DsseRecord(), Envelope() as envelope:
            return dsse_v1(envelope, verifier)
        case _:
            return None


def public_entries() -> Iterator[object]:
    """Find the real entries at hand, each with its bundle."""
    for case in all_cases():
        if "_fail" not in case.name and "managed" not in case.name:
            bundle = Bundle.parse(case.bundle)
            for entry in bundle.entries:
                body = rewritten(bundle, entry)
                if body is not None:
                    yield pytest.param(entry.canonical_body, body, id=case.name)


@pytest.mark.parametrize(
    ("original", "written"),
    list(public_entries())
    or [pytest.param(b"", b"", marks=pytest.mark.skip(reason="no real entries at hand"))],
)
def test_an_entry_is_written_as_the_public_logs_wrote_it(original: bytes, written: bytes) -> None:
    """The leaf of the tree is a hash of these bytes, so another order would be another entry."""
    assert CLIENTS_HASH.sub(b"", written) == CLIENTS_HASH.sub(b"", original)


def test_an_envelope_of_the_first_kind_is_read_back() -> None:
    """`dsse` 0.0.1 keeps the payload's digest and the signatures."""
    kind, version, record = parse_body(dsse_v1(ENVELOPE, KEY))
    assert (kind, version) == ("dsse", "0.0.1")
    assert isinstance(record, DsseRecord)
    assert record.payload_digest == Digest.of(ENVELOPE.payload)
    assert [(it.signature, it.verifier) for it in record.signatures] == [(b"signature", KEY)]


def test_an_envelope_of_the_older_kind_is_read_back() -> None:
    """`intoto` 0.0.2 keeps the payload's type as well, and encodes signatures twice."""
    body = intoto_v2(ENVELOPE, CERTIFICATE)
    kind, version, record = parse_body(body)
    assert (kind, version) == ("intoto", "0.0.2")
    assert isinstance(record, IntotoRecord)
    assert record.payload_type == ENVELOPE.payload_type
    assert record.payload_digest == Digest.of(ENVELOPE.payload)
    assert [(it.signature, it.verifier) for it in record.signatures] == [
        (b"signature", CERTIFICATE)
    ]
    (signature,) = json.loads(body)["spec"]["content"]["envelope"]["signatures"]
    assert signature["sig"] == b64encode(b64encode(b"signature").encode())


def test_an_envelope_of_the_second_log_is_read_back() -> None:
    """`dsse` 0.0.2 says by which algorithm it was signed."""
    kind, version, record = parse_body(dsse_v2(ENVELOPE, CERTIFICATE, algorithm=ED25519))
    assert (kind, version) == ("dsse", "0.0.2")
    assert isinstance(record, DsseRecord)
    assert [it.algorithm for it in record.signatures] == [ED25519]


@pytest.mark.parametrize("verifier", [KEY, CERTIFICATE])
def test_keys_and_certificates_are_told_apart(verifier: Verifier) -> None:
    """Both logs say which of the two they were given."""
    digest = Digest.of(b"artifact")
    for body in (
        hashedrekord_v1(digest, b"signature", verifier),
        hashedrekord_v2(digest, b"signature", verifier, algorithm=ED25519),
    ):
        _, _, record = parse_body(body)
        assert isinstance(record, HashedRekord)
        assert record.verifier == verifier

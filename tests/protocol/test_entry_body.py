# SPDX-License-Identifier: Apache-2.0
"""Bodies of log entries, of every kind."""

import json
from typing import Any

import pytest

from keyless.errors import ParseError
from keyless.protocol.encoding import b64encode, pem_encode
from keyless.protocol.entry_body import (
    DsseRecord,
    HashedRekord,
    IntotoRecord,
    RecordedSignature,
    UnknownRecord,
    parse_body,
)
from keyless.protocol.keys import algorithm_named
from tests.protocol.bodies import (
    CERTIFICATE,
    CERTIFICATE_V2,
    DIGEST,
    HEX_DIGEST,
    KEY,
    KEY_PEM,
    KEY_V2,
    SPECS,
    body,
)

P256 = algorithm_named("PKIX_ECDSA_P256_SHA_256")

BODIES = {
    ("hashedrekord", "0.0.1"): HashedRekord(
        digest=DIGEST, signature=b"signature", verifier=CERTIFICATE
    ),
    ("hashedrekord", "0.0.2"): HashedRekord(
        digest=DIGEST, signature=b"signature", verifier=CERTIFICATE, algorithm=P256
    ),
    ("dsse", "0.0.1"): DsseRecord(
        payload_digest=DIGEST,
        signatures=(RecordedSignature(signature=b"signature", verifier=KEY),),
    ),
    ("dsse", "0.0.2"): DsseRecord(
        payload_digest=DIGEST,
        signatures=(RecordedSignature(signature=b"signature", verifier=KEY, algorithm=P256),),
    ),
    ("intoto", "0.0.1"): IntotoRecord(
        payload_digest=DIGEST,
        payload_type=None,
        signatures=(RecordedSignature(signature=None, verifier=CERTIFICATE),),
    ),
    ("intoto", "0.0.2"): IntotoRecord(
        payload_digest=DIGEST,
        payload_type="text/plain",
        signatures=(RecordedSignature(signature=b"signature", verifier=CERTIFICATE),),
    ),
}


def changed(spec: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """Return a copy of *spec* with the member at the dotted *path* replaced."""
    copy: dict[str, Any] = json.loads(json.dumps(spec))
    *parents, last = path.split(".")
    place: Any = copy
    for name in parents:
        place = place[int(name) if name.isdigit() else name]
    place[last] = value
    return copy


@pytest.mark.parametrize("kind", SPECS, ids=" ".join)
def test_each_kind_is_read(kind: tuple[str, str]) -> None:
    """What the log wrote is what its kind's fields say."""
    assert parse_body(body(*kind, SPECS[kind])) == (*kind, BODIES[kind])


def test_key_is_told_from_certificate() -> None:
    """A bare key in place of a certificate is read as one, in either version of the log."""
    in_v1 = changed(SPECS["hashedrekord", "0.0.1"], "signature.publicKey.content", KEY_PEM)
    in_v2 = changed(SPECS["hashedrekord", "0.0.2"], "hashedRekordV002.signature.verifier", KEY_V2)
    for version, spec in (("0.0.1", in_v1), ("0.0.2", in_v2)):
        _, _, record = parse_body(body("hashedrekord", version, spec))
        assert isinstance(record, HashedRekord)
        assert record.verifier == KEY


@pytest.mark.parametrize("kind", [("rekord", "0.0.1"), ("dsse", "0.0.3"), ("", "")], ids=" ".join)
def test_unknown_kind_is_no_malformed_body(kind: tuple[str, str]) -> None:
    """A body of a kind that is not known is kept by name, whatever it holds."""
    record = UnknownRecord(kind=kind[0], version=kind[1])
    assert parse_body(body(*kind, "anything")) == (*kind, record)


def test_body_with_several_signatures_keeps_them_in_order() -> None:
    """How many there may be is for the verifier to say."""
    names = [b"first", b"second"]
    signatures = [{"signature": b64encode(name), "verifier": KEY_PEM} for name in names]
    spec = {"payloadHash": HEX_DIGEST, "signatures": signatures}
    _, _, record = parse_body(body("dsse", "0.0.1", spec))
    assert isinstance(record, DsseRecord)
    assert [each.signature for each in record.signatures] == names


V1, V2 = ("hashedrekord", "0.0.1"), ("hashedrekord", "0.0.2")
DSSE1, DSSE2 = ("dsse", "0.0.1"), ("dsse", "0.0.2")
INTOTO1, INTOTO2 = ("intoto", "0.0.1"), ("intoto", "0.0.2")
NOT_PEM, NOT_ASCII = b64encode(b"a key"), b64encode(b"\xff")
TWO_PEMS = b64encode(2 * pem_encode("CERTIFICATE", b"der").encode())


@pytest.mark.parametrize(
    ("kind", "place", "value", "reason"),
    [
        (V1, "data.hash.algorithm", "sha1", "algorithm: sha1 is not a hash"),
        (V1, "data.hash.algorithm", None, "algorithm: missing"),
        (V1, "data.hash.value", DIGEST.hex[2:], "value: a sha384 digest has 48 bytes, this one"),
        (V1, "data.hash.value", DIGEST.hex.upper(), "value: not lower-case hexadecimal"),
        (V1, "data.hash", None, "hash: missing"),
        (V1, "signature.content", "YR==", "content: not base64 as it would be written"),
        (V1, "signature.publicKey", "x", "publicKey: a string where an object is wanted"),
        (
            V1,
            "signature.publicKey.content",
            NOT_PEM,
            "content: not one PEM block of CERTIFICATE or",
        ),
        (V1, "signature.publicKey.content", NOT_ASCII, "content: not ASCII at byte 0"),
        (V1, "signature.publicKey.content", TWO_PEMS, "content: not base64"),
        (V2, "hashedRekordV002.data.digest", "AA==", "digest: a sha384 digest has 48 bytes"),
        (V2, "hashedRekordV002.data.digest", None, "digest: missing"),
        (V2, "hashedRekordV002.data.algorithm", 12, "algorithm: a number where a string"),
        (V2, "hashedRekordV002.signature.verifier", {}, "verifier: exactly one of x509Certificate"),
        (
            V2,
            "hashedRekordV002.signature.verifier",
            {**KEY_V2, **CERTIFICATE_V2},
            "found x509Certificate and publicKey",
        ),
        (
            V2,
            "hashedRekordV002.signature.verifier.keyDetails",
            "PKIX_RSA_PKCS1V5",
            "keyDetails: PKIX_RSA_PKCS1V5 is not an algorithm",
        ),
        (V2, "hashedRekordV002.signature.verifier.x509Certificate", {}, "rawBytes: missing"),
        (V2, "hashedRekordV002", None, "hashedRekordV002: missing"),
        (DSSE1, "signatures.0.signature", None, r"signatures\[0\].signature: missing"),
        (DSSE1, "signatures.0.verifier", "YQ==", r"signatures\[0\].verifier: not one PEM block"),
        (DSSE1, "signatures", [{}] * 33, "signatures: 33 items, more than the 32 allowed"),
        (DSSE2, "dsseV002.signatures", [{}] * 33, "signatures: 33 items, more than the 32 allowed"),
        (DSSE2, "dsseV002.signatures.0.content", None, r"signatures\[0\].content: missing"),
        (INTOTO1, "content.payloadHash", None, "content.payloadHash: missing"),
        (INTOTO1, "publicKey", None, "publicKey: missing"),
        (INTOTO2, "content.envelope.payloadType", None, "envelope.payloadType: missing"),
        (INTOTO2, "content.envelope.signatures.0.sig", "YQ==", r"\[0\].sig: not base64"),
        (INTOTO2, "content.envelope.signatures.0.sig", NOT_ASCII, r"\[0\].sig: not ASCII"),
        (INTOTO2, "content.envelope.signatures", [{}] * 33, "33 items, more than the 32 allowed"),
    ],
)
def test_malformed_bodies_are_refused(
    kind: tuple[str, str], place: str, value: object, reason: str
) -> None:
    """The error names the member of the body that is wrong, and what is wrong with it."""
    with pytest.raises(ParseError, match=reason):
        parse_body(body(*kind, changed(SPECS[kind], place, value)))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"[]", "not a JSON object but a list"),
        (b'{"kind": "dsse"}', r"\$.apiVersion: missing"),
        (b'{"apiVersion": "0.0.1"}', r"\$.kind: missing"),
        (b'{"kind": "dsse", "apiVersion": "0.0.1"}', r"\$.spec: missing"),
        (b"[%s]" % b",".join([b"0"] * 4_001), "more than 4000 values"),
        (b'"%s"' % bytes(4 << 20), "more than the 4194304 allowed"),
    ],
    ids=["list", "no version", "no kind", "no spec", "too many values", "too large"],
)
def test_bodies_of_no_kind_are_refused(data: bytes, reason: str) -> None:
    """A body that does not say what it is, or costs more than any real one, is malformed."""
    with pytest.raises(ParseError, match=reason):
        parse_body(data)

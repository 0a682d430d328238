# SPDX-License-Identifier: Apache-2.0
"""Bundles of every version, read and written."""

import json
import pickle
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sigstore.models import Bundle as TheirBundle

from keyless.errors import InputError, ParseError
from keyless.protocol.bundle import Bundle, KeyHint, MessageSignature
from keyless.protocol.certificate import Certificate
from keyless.protocol.digest import Digest
from keyless.protocol.dsse import Envelope, EnvelopeSignature
from keyless.protocol.encoding import b64encode
from keyless.value import replace
from tests.protocol.bodies import SPECS, body
from tests.shared_data import shared

V01, V02, V03 = (
    f"application/vnd.dev.sigstore.bundle+json;version={version}"
    for version in ("0.1", "0.2", "0.3")
)
NEW_V03 = "application/vnd.dev.sigstore.bundle.v0.3+json"

DIGEST = Digest.of(b"artifact")
ROOT_HASH = b64encode(bytes(32))
CHECKPOINT = f"log.example\n9\n{ROOT_HASH}\n\n— log.example {b64encode(bytes(68))}\n"
PROOF: dict[str, Any] = {
    "logIndex": "3",
    "treeSize": "9",
    "rootHash": ROOT_HASH,
    "hashes": [ROOT_HASH],
    "checkpoint": {"envelope": CHECKPOINT},
}
HEARSAY = {**PROOF, "checkpoint": None}
HASHEDREKORD = ("hashedrekord", "0.0.1")
ENTRY: dict[str, Any] = {
    "logIndex": "1003",
    "logId": {"keyId": b64encode(bytes(32))},
    "kindVersion": {"kind": "hashedrekord", "version": "0.0.1"},
    "integratedTime": "1700000000",
    "inclusionPromise": {"signedEntryTimestamp": b64encode(b"promise")},
    "inclusionProof": PROOF,
    "canonicalizedBody": b64encode(body(*HASHEDREKORD, SPECS[HASHEDREKORD])),
}
MESSAGE: dict[str, Any] = {
    "messageDigest": {"algorithm": "SHA2_256", "digest": b64encode(DIGEST.value)},
    "signature": b64encode(b"signature"),
}
ENVELOPE: dict[str, Any] = {
    "payload": b64encode(b"{}"),
    "payloadType": "application/vnd.in-toto+json",
    "signatures": [{"sig": b64encode(b"signature")}],
}


def certificate(name: str = "leaf", *, issuer: str = "ca", authority: bool = False) -> bytes:
    """Return the certificate of *name*, in DER; for the same arguments, the same."""
    return _issued(name, issuer, authority)


@cache
def _issued(name: str, issuer: str, authority: bool) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    start = datetime(2026, 1, 1, tzinfo=UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(minutes=10))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def raw(*names: str, issuer: str = "ca", authority: bool = False) -> list[dict[str, str]]:
    """Write certificates as they stand in a chain."""
    return [
        {"rawBytes": b64encode(certificate(name, issuer=issuer, authority=authority))}
        for name in names
    ]


def sample(**change: Any) -> dict[str, Any]:
    """Return a bundle's JSON with members of its material, or of itself, changed."""
    material: dict[str, Any] = {"certificate": raw("leaf")[0], "tlogEntries": [ENTRY]}
    bundle = {"mediaType": NEW_V03, "verificationMaterial": material, "messageSignature": MESSAGE}
    for name, value in change.items():
        (bundle if name in BUNDLE_MEMBERS else material)[name] = value
    return bundle


BUNDLE_MEMBERS = {"mediaType", "verificationMaterial", "messageSignature", "dsseEnvelope"}


def parse(**change: Any) -> Bundle:
    """Parse the sample with some members changed."""
    return Bundle.parse(json.dumps(sample(**change)).encode())


def chained(*certificates: dict[str, str]) -> dict[str, Any]:
    """Say that the material is a chain, as older bundles have."""
    return {
        "mediaType": V02,
        "certificate": None,
        "x509CertificateChain": {"certificates": list(certificates)},
    }


def release_bundles() -> list[dict[str, Any]]:
    """Read the real release bundles."""
    lines = shared("corpus/cpython-sample.jsonl").read_bytes().splitlines()
    return [json.loads(line)["bundle"] for line in lines]


def conformance_bundle(case: str) -> bytes:
    """Read the bundle of a conformance case."""
    return shared(f"conformance/bundle-verify/{case}/bundle.sigstore.json").read_bytes()


def accepted_bundles() -> list[bytes]:
    """Read every real bundle that is well-formed."""
    folder = shared("conformance/bundle-verify")
    cases = [path.name for path in folder.iterdir() if path.is_dir()]
    passing = [conformance_bundle(case) for case in sorted(cases) if not case.endswith("_fail")]
    return [json.dumps(each).encode() for each in release_bundles()] + passing


@pytest.mark.parametrize(
    ("media_type", "version"), [(V01, "0.1"), (V02, "0.2"), (V03, "0.3"), (NEW_V03, "0.3")]
)
def test_each_version_is_read(media_type: str, version: str) -> None:
    """The media type says the version; 0.3 has two."""
    assert parse(mediaType=media_type).version == version


def test_message_signature_is_read() -> None:
    """A signature over a file comes with the file's digest."""
    bundle = parse()
    assert bundle.content == MessageSignature(signature=b"signature", digest=DIGEST)
    assert bundle.signature == b"signature"


def test_message_digest_may_be_absent() -> None:
    """The digest is a hint, and does without."""
    content = parse(messageSignature={**MESSAGE, "messageDigest": None}).content
    assert content == MessageSignature(signature=b"signature", digest=None)


def test_envelope_is_read() -> None:
    """A signature over a statement comes with the statement."""
    bundle = parse(messageSignature=None, dsseEnvelope=ENVELOPE)
    assert bundle.content == Envelope(
        payload_type="application/vnd.in-toto+json",
        payload=b"{}",
        signatures=(EnvelopeSignature(signature=b"signature"),),
    )
    assert bundle.signature == b"signature"


def test_certificate_is_read() -> None:
    """The material of a keyless signature is its certificate."""
    assert parse().material == Certificate.parse(certificate())


def test_chain_gives_its_leaf() -> None:
    """Of a chain, the first certificate is kept; the others add nothing to trust."""
    assert parse(**chained(*raw("leaf", "other"))).material == Certificate.parse(certificate())


def test_chain_may_have_intermediates() -> None:
    """A CA certificate that another CA issued is no root."""
    bundle = parse(**chained(*raw("leaf"), *raw("intermediate", authority=True)))
    assert bundle.material == Certificate.parse(certificate())


@pytest.mark.parametrize(("material", "hint"), [({"hint": "mine"}, "mine"), ({}, "")])
def test_key_hint_is_read(material: dict[str, str], hint: str) -> None:
    """A managed key is hinted at, or not even that."""
    assert parse(certificate=None, publicKey=material).material == KeyHint(hint=hint)


def test_unknown_members_are_left_alone() -> None:
    """A later client may say more than this one understands."""
    extended = {**ENTRY, "later": 1}
    assert parse(tlogEntries=[extended], later={"x": []}) == parse()


@pytest.mark.parametrize("entries", [[], None])
def test_bundle_without_entries_is_well_formed(entries: list[object] | None) -> None:
    """How many logs must vouch is not the format's to say."""
    assert parse(tlogEntries=entries).entries == ()


@pytest.mark.parametrize("timestamps", [None, {}, {"rfc3161Timestamps": []}])
def test_bundle_without_timestamps_is_well_formed(timestamps: dict[str, object] | None) -> None:
    """Some clients write an empty list, some an empty object, some neither."""
    assert parse(timestampVerificationData=timestamps).timestamps == ()


def test_timestamps_are_read() -> None:
    """Each timestamp is that of its token."""
    (timestamp,) = Bundle.parse(conformance_bundle("rekor2-happy-path")).timestamps
    assert timestamp.at.tzinfo is UTC


@pytest.mark.parametrize("version", [V01, V02, V03])
def test_proof_with_checkpoint_is_kept(version: str) -> None:
    """What can be verified is kept, whether or not the version demands it."""
    (entry,) = parse(mediaType=version).entries
    assert entry.proof is not None
    assert entry.promise == b"promise"


@pytest.mark.parametrize("proof", [None, HEARSAY])
def test_first_version_makes_do_with_a_promise(proof: dict[str, object] | None) -> None:
    """In 0.1 a proof may be absent, and one without checkpoint counts as absent."""
    (entry,) = parse(mediaType=V01, tlogEntries=[{**ENTRY, "inclusionProof": proof}]).entries
    assert entry.proof is None


def test_later_versions_make_do_with_a_proof() -> None:
    """From 0.2 on a promise may be absent."""
    (entry,) = parse(tlogEntries=[{**ENTRY, "inclusionPromise": None}]).entries
    assert entry.promise is None


def test_several_entries_keep_their_order() -> None:
    """Two entries of one log, and one of another with the same index, are three."""
    elsewhere = {**ENTRY, "logId": {"keyId": b64encode(b"another log".ljust(32))}}
    entries = [ENTRY, {**ENTRY, "logIndex": "7"}, elsewhere]
    assert [entry.index for entry in parse(tlogEntries=entries).entries] == [1003, 7, 1003]


ENTRIES = "$.verificationMaterial.tlogEntries"


@pytest.mark.parametrize(
    ("change", "path", "reason"),
    [
        ({"mediaType": None}, "$.mediaType", "missing"),
        ({"mediaType": V01[:-1] + "4"}, "$.mediaType", "not a bundle of version 0.1, 0.2 or 0.3"),
        ({"mediaType": V01[:-4]}, "$.mediaType", "not a bundle of version"),
        ({"mediaType": "\x1b[31m"}, "$.mediaType", r"\\x1b\[31m is not a bundle of version"),
        ({"verificationMaterial": None}, "$.verificationMaterial", "missing"),
        ({"messageSignature": None}, "$", "messageSignature, dsseEnvelope is wanted, found none"),
        ({"dsseEnvelope": ENVELOPE}, "$", "found messageSignature and dsseEnvelope"),
    ],
)
def test_malformed_bundles_are_refused(change: dict[str, Any], path: str, reason: str) -> None:
    """The error names the member that is wrong, and what is wrong with it."""
    with pytest.raises(ParseError, match=reason) as refusal:
        parse(**change)
    assert refusal.value.path == path


@pytest.mark.parametrize(
    ("digest", "path", "reason"),
    [
        ({"algorithm": "SHA2_256"}, ".digest", "missing"),
        ({"digest": b64encode(DIGEST.value)}, ".algorithm", "missing"),
        ({"algorithm": "SHA2_256", "digest": "AA=="}, ".digest", "has 32 bytes, this one has 1"),
        ({"algorithm": "SHA2_384", "digest": b64encode(DIGEST.value)}, ".digest", "has 48 bytes"),
        ({"algorithm": "SHA1", "digest": "AA=="}, ".algorithm", "SHA1 is not a hash"),
        ("sha256", "", "a string where an object is wanted"),
    ],
)
def test_malformed_message_digests_are_refused(digest: object, path: str, reason: str) -> None:
    """A digest needs both halves, and they must fit."""
    with pytest.raises(ParseError, match=reason) as refusal:
        parse(messageSignature={**MESSAGE, "messageDigest": digest})
    assert refusal.value.path == f"$.messageSignature.messageDigest{path}"


def test_empty_signature_is_refused() -> None:
    """A signature that is there and empty is malformed."""
    with pytest.raises(ParseError, match=r"\$.messageSignature.signature: an empty signature"):
        parse(messageSignature={**MESSAGE, "signature": ""})


@pytest.mark.parametrize(
    ("change", "path", "reason"),
    [
        ({"certificate": None}, "", "exactly one of certificate, .* found none"),
        ({"publicKey": {}}, "", "found certificate and publicKey"),
        ({"certificate": {}}, ".certificate.rawBytes", "missing"),
        ({"certificate": {"rawBytes": "AA=="}}, ".certificate.rawBytes", "."),
        ({"certificate": None, "publicKey": {"hint": 5}}, ".publicKey.hint", "a number"),
        (
            {**chained(*raw("leaf")), "mediaType": V03},
            ".x509CertificateChain",
            "version 0.3 has a certificate in place of a chain",
        ),
        (chained(), ".x509CertificateChain.certificates", "an empty chain"),
        (
            chained(*raw("leaf") * 9),
            ".x509CertificateChain.certificates",
            "9 items, more than the 8 allowed",
        ),
        (
            chained(*raw("leaf"), {"rawBytes": "AA=="}),
            ".x509CertificateChain.certificates[1].rawBytes",
            ".",
        ),
        (
            chained(*raw("leaf"), *raw("ca", authority=True)),
            ".x509CertificateChain.certificates[1].rawBytes",
            "a self-signed CA certificate",
        ),
        (
            {"certificate": raw("ca", authority=True)[0]},
            ".certificate.rawBytes",
            "a self-signed CA certificate",
        ),
    ],
)
def test_malformed_materials_are_refused(change: dict[str, Any], path: str, reason: str) -> None:
    """The error names the certificate or key that is wrong, and what is wrong with it."""
    with pytest.raises(ParseError, match=reason) as refusal:
        parse(**change)
    assert refusal.value.path == f"$.verificationMaterial{path}"


def test_self_signed_leaf_is_left_to_the_verifier() -> None:
    """A certificate that is no CA can vouch for nobody, itself included: no chain leads to it."""
    assert isinstance(parse(certificate=raw("ca")[0]).material, Certificate)


@pytest.mark.parametrize(
    ("version", "change", "member"),
    [
        (V01, {"inclusionPromise": None}, "inclusionPromise"),
        (V02, {"inclusionProof": None}, "inclusionProof"),
        (V02, {"inclusionProof": HEARSAY}, "inclusionProof.checkpoint"),
        (V03, {"inclusionProof": None}, "inclusionProof"),
        (NEW_V03, {"inclusionProof": HEARSAY}, "inclusionProof.checkpoint"),
    ],
)
def test_entries_have_what_their_version_demands(
    version: str, change: dict[str, Any], member: str
) -> None:
    """A promise in 0.1, a proof with checkpoint later: the error says which is missing."""
    with pytest.raises(ParseError, match=r"missing, and version 0\.\d demands it") as refusal:
        parse(mediaType=version, tlogEntries=[{**ENTRY, **change}])
    assert refusal.value.path == f"{ENTRIES}[0].{member}"


def test_entry_that_comes_twice_is_refused() -> None:
    """One entry of one log cannot pass for two."""
    again = {**ENTRY, "integratedTime": "1700000001"}
    with pytest.raises(ParseError, match="the log's entry 1003 for the second time") as refusal:
        parse(tlogEntries=[ENTRY, {**ENTRY, "logIndex": "7"}, again])
    assert refusal.value.path == f"{ENTRIES}[2]"


@pytest.mark.parametrize(
    ("change", "path", "reason"),
    [
        ({"tlogEntries": [ENTRY] * 33}, ".tlogEntries", "33 items, more than the 32 allowed"),
        (
            {"timestampVerificationData": {"rfc3161Timestamps": [{}] * 33}},
            ".timestampVerificationData.rfc3161Timestamps",
            "33 items, more than the 32 allowed",
        ),
        (
            {"timestampVerificationData": {"rfc3161Timestamps": [{}]}},
            ".timestampVerificationData.rfc3161Timestamps[0].signedTimestamp",
            "missing",
        ),
        (
            {"timestampVerificationData": {"rfc3161Timestamps": [{"signedTimestamp": "AA=="}]}},
            ".timestampVerificationData.rfc3161Timestamps[0].signedTimestamp",
            ".",
        ),
        (
            {"tlogEntries": [{**ENTRY, "canonicalizedBody": "e30="}]},
            ".tlogEntries[0].canonicalizedBody",
            r"canonicalizedBody: \$\.kind: missing",
        ),
    ],
)
def test_malformed_proofs_are_refused(change: dict[str, Any], path: str, reason: str) -> None:
    """The error names the entry or timestamp that is wrong, and what is wrong with it."""
    with pytest.raises(ParseError, match=reason) as refusal:
        parse(**change)
    assert refusal.value.path == f"$.verificationMaterial{path}"


def test_bundle_of_more_values_than_any_has_is_refused() -> None:
    """Values cost more than their bytes: a small file of very many would take long to read."""
    with pytest.raises(ParseError, match="more than 20000 values"):
        parse(later=[0] * 20_000)


@pytest.mark.parametrize("data", [b"", b"\xff", b"{", b"null", b"[]", b"[" * 100_000])
def test_what_is_no_json_object_is_refused(data: bytes) -> None:
    """Bytes of any other kind are malformed, and say so."""
    with pytest.raises(ParseError, match=r"JSON|UTF-8"):
        Bundle.parse(data)


@pytest.mark.parametrize(
    ("case", "path"),
    [
        ("bundle-unknown-version_fail", "$.mediaType"),
        ("invalid-inclusion-proof_fail", f"{ENTRIES}[0].inclusionProof.checkpoint"),
        ("rekor2-no-inclusion-proof_fail", f"{ENTRIES}[0].inclusionProof"),
        (
            "rekor2-checkpoint-missing-size_fail",
            f"{ENTRIES}[0].inclusionProof.checkpoint.envelope",
        ),
        (
            "rekor2-checkpoint-missing-root-hash_fail",
            f"{ENTRIES}[0].inclusionProof.checkpoint.envelope",
        ),
    ],
)
def test_malformed_conformance_bundles_are_refused(case: str, path: str) -> None:
    """The public suite's malformed bundles are refused for what is wrong with them."""
    with pytest.raises(ParseError) as refusal:
        Bundle.parse(conformance_bundle(case))
    assert refusal.value.path == path


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"mediaType": V01},
        {"messageSignature": None, "dsseEnvelope": ENVELOPE},
        {"messageSignature": {**MESSAGE, "messageDigest": None}},
        {"certificate": None, "publicKey": {"hint": "mine"}},
        {"tlogEntries": []},
    ],
)
def test_what_is_written_reads_the_same(change: dict[str, Any]) -> None:
    """A bundle survives being written and read, but for its version."""
    bundle = parse(**change)
    assert Bundle.parse(bundle.to_json()) == replace(bundle, version="0.3")


def test_real_bundles_read_the_same_when_written() -> None:
    """Every real bundle, of every version, is written as version 0.3 without loss."""
    for data in accepted_bundles():
        bundle = Bundle.parse(data)
        assert Bundle.parse(bundle.to_json()) == replace(bundle, version="0.3")


def test_what_is_written_is_what_others_write() -> None:
    """A release bundle of version 0.3 is written with the members and values it came with."""
    for data in release_bundles():
        if data["mediaType"] == NEW_V03:
            data["verificationMaterial"].pop("timestampVerificationData", None)
            assert json.loads(Bundle.parse(json.dumps(data).encode()).to_json()) == data


def test_others_read_what_is_written() -> None:
    """Another client of Sigstore takes every bundle that has what it knows: a certificate."""
    for data in accepted_bundles():
        bundle = Bundle.parse(data)
        if isinstance(bundle.material, Certificate):
            assert TheirBundle.from_json(bundle.to_json())


def test_writing_is_deterministic() -> None:
    """One bundle has one text, so that it has one digest."""
    shuffled = json.dumps(sample(), sort_keys=True).encode()
    assert Bundle.parse(shuffled).to_json() == parse().to_json()


@pytest.mark.parametrize("proof", [None, HEARSAY])
def test_bundle_without_proof_is_not_written(proof: dict[str, object] | None) -> None:
    """Version 0.3 demands proofs, and a bundle that breaks its own format helps nobody."""
    bundle = parse(mediaType=V01, tlogEntries=[{**ENTRY, "inclusionProof": proof}])
    with pytest.raises(InputError, match="entry 1003 has no inclusion proof") as refusal:
        bundle.to_json()
    assert refusal.value.hint


def test_bundle_travels_between_processes() -> None:
    """A bundle pickles, and comes back equal and with the same hash."""
    for data in accepted_bundles():
        bundle = Bundle.parse(data)
        revived = pickle.loads(pickle.dumps(bundle))
        assert revived == bundle
        assert hash(revived) == hash(bundle)

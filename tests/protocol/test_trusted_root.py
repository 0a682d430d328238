# SPDX-License-Identifier: Apache-2.0
"""Trusted roots: read as a whole, each part with its window; or refused, by where the fault is."""

import json
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed448
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import keyless
from keyless.errors import ParseError
from keyless.protocol.digest import Digest
from keyless.protocol.encoding import b64decode, b64encode
from keyless.protocol.keys import algorithm_named
from keyless.protocol.trusted_root import LARGEST_TRUSTED_ROOT, TrustedRoot, host_of
from keyless.protocol.window import Window
from tests.shared_data import SHARED

ROOTS = Path(keyless.__file__).parent / "roots"
PRODUCTION = (ROOTS / "production" / "trusted_root.json").read_bytes()
STAGING = (ROOTS / "staging" / "trusted_root.json").read_bytes()
CONFORMANCE = sorted(SHARED.glob("conformance/bundle-verify/*/trusted_root.json"))

Document = dict[str, Any]
Change = Callable[[Document], object]


def _changed(change: Change, document: bytes = PRODUCTION) -> bytes:
    json_document = json.loads(document)
    change(json_document)
    return json.dumps(json_document).encode()


def _ed448() -> str:
    key = ed448.Ed448PrivateKey.generate().public_key()
    return b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def test_a_trusted_root_is_everybody_whose_word_counts() -> None:
    """Logs, certificate logs and authorities of both kinds, each with its window."""
    root = TrustedRoot.parse(PRODUCTION)
    rekor, rekor_v2 = root.logs
    assert (rekor.name, rekor.base_url) == ("rekor.sigstore.dev", "https://rekor.sigstore.dev")
    assert rekor.log_id == rekor.checkpoint_key_id == rekor.key.fingerprint.value
    assert rekor.algorithm == algorithm_named("PKIX_ECDSA_P256_SHA_256")
    assert rekor.window == Window(start=datetime(2021, 1, 12, 11, 53, 27, tzinfo=UTC))
    assert rekor_v2.algorithm == algorithm_named("PKIX_ED25519")
    assert rekor_v2.log_id != rekor_v2.key.fingerprint.value
    assert [log.base_url for log in root.ct_logs] == [
        "https://ctfe.sigstore.dev/test",
        "https://ctfe.sigstore.dev/2022",
    ]
    assert [len(each.certificates) for each in root.authorities] == [1, 2]
    assert root.authorities[0].name == "https://fulcio.sigstore.dev"
    assert root.authorities[0].window.end == datetime(2022, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)
    assert root.timestamp_authorities[0].window.start == datetime(2025, 7, 4, tzinfo=UTC)
    assert root.skipped == ()
    assert root.fingerprint == Digest.of(PRODUCTION)


@pytest.mark.parametrize("path", CONFORMANCE, ids=lambda path: path.parent.name)
def test_the_conformance_cases_roots_are_read(path: Path) -> None:
    """Whatever their bundles are refused for, it is not their roots."""
    root = TrustedRoot.parse(path.read_bytes())
    assert root.logs
    assert root.authorities
    assert root.skipped == ()


def test_logs_are_found_by_their_id() -> None:
    """An id may be listed more than once, for several windows; an unknown one finds nothing."""
    twice = _changed(lambda root: root["tlogs"].append(root["tlogs"][0]))
    root = TrustedRoot.parse(twice)
    assert root.logs_called(root.logs[0].log_id) == (root.logs[0], root.logs[2])
    assert root.ct_logs_called(root.ct_logs[1].log_id) == (root.ct_logs[1],)
    assert root.logs_called(root.ct_logs[1].log_id) == ()
    assert root.ct_logs_called(b"") == ()


def test_a_root_says_where_it_came_from() -> None:
    """Whoever reads it says so; the same bytes from elsewhere are the same trust."""
    root = TrustedRoot.parse(PRODUCTION, origin="the cache")
    assert root.origin == "the cache"
    assert TrustedRoot.parse(PRODUCTION).origin == "the caller's trusted root"


def test_a_root_pickles() -> None:
    """It crosses to other processes whole, and comes out equal."""
    root = TrustedRoot.parse(STAGING)
    copy = pickle.loads(pickle.dumps(root))
    assert copy == root
    assert hash(copy) == hash(root)


def test_the_newer_media_type_is_read() -> None:
    """Version 0.2 has the same members."""
    newer = "application/vnd.dev.sigstore.trustedroot.v0.2+json"
    root = TrustedRoot.parse(_changed(lambda root: root.update(mediaType=newer)))
    assert root.logs == TrustedRoot.parse(PRODUCTION).logs


def test_members_may_be_absent() -> None:
    """As in all of protobuf's JSON, what is absent is empty; a log without a URL goes by its id."""

    def strip(root: Document) -> None:
        del root["timestampAuthorities"], root["tlogs"][0]["baseUrl"]
        del root["tlogs"][0]["hashAlgorithm"], root["certificateAuthorities"][1]["uri"]

    root = TrustedRoot.parse(_changed(strip))
    assert root.timestamp_authorities == ()
    assert root.logs[0].name == root.logs[0].log_id.hex()
    assert root.authorities[1].name == "O=sigstore.dev, CN=sigstore-intermediate"


def test_a_checkpoint_may_be_signed_under_another_id() -> None:
    """A log can say by which id its checkpoints name its key, and who runs it."""

    def add(root: Document) -> None:
        root["tlogs"][0]["checkpointKeyId"] = {"keyId": b64encode(b"\1\2\3\4")}
        root["tlogs"][0]["operator"] = "sigstore.dev"

    log = TrustedRoot.parse(_changed(add)).logs[0]
    assert (log.checkpoint_key_id, log.operator) == (b"\1\2\3\4", "sigstore.dev")
    assert log.log_id == log.key.fingerprint.value


def test_the_registrys_old_names_for_rsa_are_read() -> None:
    """A certificate log of staging has a bare RSA key, and its size follows from the key."""
    log = TrustedRoot.parse(STAGING).ct_logs[0]
    assert log.algorithm == algorithm_named("PKIX_RSA_PKCS1V15_4096_SHA256")
    assert log.log_id == log.key.fingerprint.value


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda root: root["tlogs"][1]["publicKey"].update(keyDetails="LMS_SHA256"),
            "$.tlogs[1].publicKey.keyDetails: LMS_SHA256 is not an algorithm",
        ),
        (
            lambda root: root["ctlogs"][0]["publicKey"].update(rawBytes=_ed448()),
            "$.ctlogs[0].publicKey.rawBytes: a key of kind",
        ),
        (
            lambda root: root["tlogs"][0].update(hashAlgorithm="SHA3_256"),
            "$.tlogs[0].hashAlgorithm: a tree of SHA3_256",
        ),
        (
            lambda root: _use_sha1(root["certificateAuthorities"][1]),
            "$.certificateAuthorities[1].certChain.certificates[0].rawBytes: the signature algo",
        ),
        (
            lambda root: _use_sha1(root["timestampAuthorities"][0]),
            "$.timestampAuthorities[0].certChain.certificates[0].rawBytes: the signature algo",
        ),
    ],
    ids=["algorithm", "key", "tree", "authority", "timestamp authority"],
)
def test_who_has_a_key_of_an_unknown_kind_is_skipped(change: Change, said: str) -> None:
    """One key of the future does not take everybody else's word away; it is said who is missing."""
    whole, root = TrustedRoot.parse(PRODUCTION), TrustedRoot.parse(_changed(change))
    (skipped,) = root.skipped
    assert skipped.startswith(said)
    assert _parts(root) == _parts(whole) - 1


def _parts(root: TrustedRoot) -> int:
    everybody = (root.logs, root.ct_logs, root.authorities, root.timestamp_authorities)
    return sum(map(len, everybody))


def _use_sha1(authority: Document) -> None:
    # ecdsa-with-SHA384 becomes ecdsa-with-SHA1, in both places that name it.
    first = authority["certChain"]["certificates"][0]
    der = b64decode(first["rawBytes"])
    sha384, sha1 = bytes.fromhex("06082a8648ce3d040303"), bytes.fromhex("06082a8648ce3d04037f")
    assert der.count(sha384) == 2
    first["rawBytes"] = b64encode(der.replace(sha384, sha1))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda root: root.update(mediaType="text/plain"), r"\$\.mediaType: text/plain is not"),
        (lambda root: root.pop("mediaType"), r"\$\.mediaType: missing"),
        (lambda root: root.update(tlogs={}), r"\$\.tlogs: an object where a list is wanted"),
        (lambda root: root.update(ctlogs=["x"]), r"\$\.ctlogs\[0\]: a string where an object"),
        (
            lambda root: root.update(tlogs=root["tlogs"] * 129),
            r"\$\.tlogs: 258 items, more than the 256 allowed",
        ),
        (
            lambda root: root["tlogs"][0]["publicKey"]["validFor"].pop("start"),
            r"\$\.tlogs\[0\]\.publicKey\.validFor\.start: missing",
        ),
        (
            lambda root: root["ctlogs"][1]["publicKey"].pop("validFor"),
            r"\$\.ctlogs\[1\]\.publicKey\.validFor: missing",
        ),
        (
            lambda root: root["certificateAuthorities"][0].pop("validFor"),
            r"\$\.certificateAuthorities\[0\]\.validFor: missing",
        ),
        (
            lambda root: root["timestampAuthorities"][0]["validFor"].pop("start"),
            r"\$\.timestampAuthorities\[0\]\.validFor\.start: missing",
        ),
        (lambda root: root["tlogs"][0].pop("logId"), r"\$\.tlogs\[0\]\.logId: missing"),
        (
            lambda root: root["tlogs"][0]["logId"].update(keyId="AQID"),
            r"\$\.tlogs\[0\]\.logId\.keyId: 3 bytes, too few",
        ),
        (
            lambda root: root["tlogs"][0].update(checkpointKeyId={"keyId": ""}),
            r"\$\.tlogs\[0\]\.checkpointKeyId\.keyId: 0 bytes",
        ),
        (
            lambda root: root["tlogs"][0]["publicKey"].pop("rawBytes"),
            r"\$\.tlogs\[0\]\.publicKey\.rawBytes: missing",
        ),
        (
            lambda root: root["tlogs"][0]["publicKey"].update(rawBytes="AQID"),
            r"\$\.tlogs\[0\]\.publicKey\.rawBytes: the public key is malformed",
        ),
        (
            lambda root: root["tlogs"][0]["publicKey"].pop("keyDetails"),
            r"\$\.tlogs\[0\]\.publicKey\.keyDetails: missing",
        ),
        (
            lambda root: root["tlogs"][0]["publicKey"].update(keyDetails="PKIX_ED25519"),
            r"\.keyDetails: PKIX_ED25519, but the key is ECDSA P-256",
        ),
        (
            lambda root: root["tlogs"][0]["publicKey"].update(keyDetails="PKCS1_RSA_PKCS1V5"),
            r"\$\.tlogs\[0\]\.publicKey\.rawBytes: not a public key",
        ),
        (
            lambda root: root["certificateAuthorities"][0].pop("certChain"),
            r"\$\.certificateAuthorities\[0\]\.certChain: missing",
        ),
        (
            lambda root: root["certificateAuthorities"][0].update(certChain={}),
            r"\$\.certificateAuthorities\[0\]\.certChain\.certificates: an empty chain",
        ),
        (
            lambda root: root["certificateAuthorities"][1]["certChain"]["certificates"].reverse(),
            r"\$\.certificateAuthorities\[1\]\.certChain: .*follows it in the chain",
        ),
        (
            lambda root: root["timestampAuthorities"][0]["certChain"]["certificates"].pop(0),
            r"\$\.timestampAuthorities\[0\]\.certChain: .*is an authority's over others",
        ),
        (
            lambda root: root["certificateAuthorities"][0]["certChain"]["certificates"][0].update(
                rawBytes="MAA="
            ),
            r"\$\.certificateAuthorities\[0\]\.certChain\.certificates\[0\]\.rawBytes: the cert",
        ),
    ],
)
def test_what_is_malformed_is_refused_as_a_whole(change: Change, said: str) -> None:
    """Trust is not read by halves: the error says where the fault is."""
    with pytest.raises(ParseError, match=said):
        TrustedRoot.parse(_changed(change))


def test_a_root_beyond_all_measure_is_not_read() -> None:
    """Its size is looked at before its content."""
    with pytest.raises(ParseError, match="more than the 4194304 allowed"):
        TrustedRoot.parse(b" " * (LARGEST_TRUSTED_ROOT + 1))


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://rekor.sigstore.dev", "rekor.sigstore.dev"),
        ("https://log2025-1.rekor.sigstore.dev/", "log2025-1.rekor.sigstore.dev"),
        ("http://localhost:8000/api?x#y", "localhost"),
        ("https://[::1]:3000/log", "[::1]"),
        ("rekor.example.com/2025", "rekor.example.com/2025"),
        ("https://user@rekor.example.com", "https://user@rekor.example.com"),
        ("https://rekor.example.com:port", "https://rekor.example.com:port"),
        ("", ""),
    ],
)
def test_a_log_is_named_by_the_host_in_its_url(url: str, host: str) -> None:
    """Its name is what its checkpoints are signed under; what is no plain URL stays as it is."""
    assert host_of(url) == host

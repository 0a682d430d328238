# SPDX-License-Identifier: Apache-2.0
"""Entries of every kind, and what is shown of each."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyless.protocol.digest import Digest
from keyless.protocol.encoding import b64encode, pem_encode
from keyless.protocol.entry_content import MOST_SHOWN, EntryContent, RecordedDigest
from keyless.protocol.entry_kinds import OBJECTS, read_content
from keyless.sandbox.timestamp_authority import TimestampQuery
from tests.protocol.bodies import SPECS, body
from tests.services.material import certified, core, signer

ALICE = certified(signer())
PEM = b64encode(pem_encode("CERTIFICATE", ALICE.der).encode())
KEY_PEM = b64encode(pem_encode("PUBLIC KEY", signer().public.spki).encode())
PGP = b64encode(b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n")
SHA256 = {"algorithm": "sha256", "value": "ab" * 32}
SIGNATURE = b64encode(b"signature")

# The kinds that verdicts do not know, as the public log has them.
OTHERS: dict[str, dict[str, Any]] = {
    "rekord": {
        "data": {"hash": SHA256},
        "signature": {"content": SIGNATURE, "format": "pgp", "publicKey": {"content": PGP}},
    },
    "rpm": {
        "package": {"hash": SHA256, "headers": {"Name": "tree", "Epoch": "0"}},
        "publicKey": {"content": PGP},
    },
    "alpine": {
        "package": {"hash": SHA256, "pkginfo": {"pkgname": "tree", "pkgver": "2.1"}},
        "publicKey": {"content": KEY_PEM},
    },
    "apk": {
        "package": {"hash": SHA256, "pkginfo": {"pkgname": "tree"}},
        "publicKey": {"content": KEY_PEM},
    },
    "jar": {
        "archive": {"hash": SHA256},
        "signature": {"content": SIGNATURE, "publicKey": {"content": PEM}},
    },
    "helm": {
        "chart": {"hash": SHA256, "provenance": {"signature": {"content": SIGNATURE}}},
        "publicKey": {"content": PGP},
    },
    "cose": {
        "data": {"payloadHash": SHA256, "envelopeHash": SHA256},
        "publicKey": KEY_PEM,
    },
    "tuf": {
        "spec_version": "1.0.0",
        "metadata": {
            "content": {
                "signatures": [{"keyid": "0f", "sig": "0f5e"}],
                "signed": {"_type": "timestamp", "version": 5, "expires": "2030-01-01T00:00:00Z"},
            }
        },
        "root": {"content": {"signed": {"keys": {"0f": {}, "5e": {}}}}},
    },
}
WHAT = {
    "rekord": ("artifact", "a PGP key", [("signature format", "pgp")]),
    "rpm": ("package", "a PGP key", [("Name", "tree"), ("Epoch", "0")]),
    "alpine": ("package", "a key (ECDSA P-256)", [("pkgname", "tree"), ("pkgver", "2.1")]),
    "apk": ("package", "a key (ECDSA P-256)", [("pkgname", "tree")]),
    "jar": ("archive", "a certificate", []),
    "helm": ("chart", "a PGP key", []),
    "cose": ("payload", "a key (ECDSA P-256)", []),
}

KINDS = [*SPECS, *((kind, "0.0.1") for kind in (*OTHERS, "rfc3161"))]
NAMES = sorted(set(re.findall(r'"([A-Za-z0-9_]+)": ', json.dumps([*SPECS.values(), OTHERS]))))


def read(kind: str, version: str, spec: object) -> EntryContent:
    """Read an entry of that kind."""
    return read_content(body(kind, version, spec))


@pytest.mark.parametrize(("kind", "version"), SPECS)
def test_what_a_verdict_knows_is_shown(kind: str, version: str) -> None:
    """Its digest, its signature and who signed, of either version of the log."""
    spec = json.loads(
        json.dumps(SPECS[kind, version]).replace(b64encode(b"a certificate"), b64encode(ALICE.der))
    )
    content = read(kind, version, spec)
    assert content.unread == ()
    assert str(content.digests[0]).startswith("sha384:")
    assert content.digests[0].digest == Digest.parse(str(content.digests[0]))
    wants_signature = (kind, version) != ("intoto", "0.0.1")  # which keeps none
    assert content.signatures == ((b"signature",) if wants_signature else ())
    assert len(content.keys) == 1
    assert isinstance(content.document, dict)
    assert content.document["kind"] == kind


@pytest.mark.parametrize("kind", WHAT)
def test_other_kinds_are_shown_as_well(kind: str) -> None:
    """What they are about, who signed, and what else they say."""
    of, words, facts = WHAT[kind]
    content = read(kind, "0.0.1", OTHERS[kind])
    assert content.unread == ()
    assert content.digests[0] == RecordedDigest(of=of, algorithm="sha256", hex="ab" * 32)
    assert content.keys[0].words.startswith(words)
    assert content.facts == tuple(facts)


def test_metadata_of_updates_says_its_role_and_version() -> None:
    """Its signatures are hexadecimal, and its keys are in the root."""
    content = read("tuf", "0.0.1", OTHERS["tuf"])
    assert content.facts == (
        ("specification", "1.0.0"),
        ("type", "timestamp"),
        ("version", "5"),
        ("expires", "2030-01-01T00:00:00Z"),
        ("keys in the root", "2"),
    )
    assert content.signatures == (b"\x0f\x5e",)
    assert read("tuf", "0.0.1", {}).facts == ()


def test_a_timestamp_says_its_time() -> None:
    """And the digest of what it is over."""
    query = TimestampQuery(imprint=Digest.of(b"signature"), nonce=None, wants_certificate=False)
    response = core().timestamp_authority.timestamp(query, at=datetime(2025, 3, 1, 12, tzinfo=UTC))
    content = read("rfc3161", "0.0.1", {"tsr": {"content": b64encode(response)}})
    assert content.facts[0] == ("timestamp", "2025-03-01 12:00:00 UTC")
    assert content.facts[1][0] == "by a certificate of"
    assert content.digests[0].digest == Digest.of(b"signature")
    for junk in ("", "?", b64encode(b"junk")):
        unread = read("rfc3161", "0.0.1", {"tsr": {"content": junk}})
        assert any("the timestamp cannot be read" in each for each in unread.unread)
        assert unread.digests == ()


def test_an_old_attestation_without_its_payloads_digest_is_shown() -> None:
    """The first entries of that kind kept the envelope's alone."""
    spec = {"content": {"hash": SHA256}, "publicKey": PEM}
    content = read("intoto", "0.0.1", spec)
    assert [each.of for each in content.digests] == ["envelope"]
    assert content.keys[0].certificate == ALICE
    assert content.unread == ()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the entry cannot be read: not JSON"),
        (b"\xff", "the entry cannot be read: not UTF-8"),
        (b'{"a":1,"a":2}', "stands twice"),
        (b"[]", "of a kind, or of a version of it, that is not known here"),
        (b"{}", "of a kind, or of a version of it, that is not known here"),
        (body("tarot", "0.0.1", {}), "that is not known here"),
        (body("dsse", "0.0.9", {}), "that is not known here"),
    ],
)
def test_what_is_of_no_known_kind_is_said_to_be_unread(data: bytes, reason: str) -> None:
    """And nothing is claimed to stand in it."""
    content = read_content(data)
    assert reason in content.unread[0]
    assert (content.digests, content.keys, content.signatures) == ((), (), ())


STRANGE = {
    "a digest of no algorithm": {"data": {"hash": {"value": "ab"}}},
    "a digest that is no object": {"data": {"hash": ["sha256", "ab"]}},
    "a digest that is no hexadecimal": {"data": {"hash": {"algorithm": "md5", "value": "xy"}}},
    "a digest that is too long": {"data": {"hash": {"algorithm": "md5", "value": "ab" * 200}}},
}


@pytest.mark.parametrize("spec", STRANGE.values(), ids=STRANGE)
def test_a_strange_digest_is_said_to_be_unread(spec: object) -> None:
    """It is none."""
    content = read("hashedrekord", "0.0.1", spec)
    assert content.digests == ()
    assert content.unread[0] == "the digest of the artifact is not written as a digest is"


def test_bytes_that_are_not_base64_are_said_to_be_unread() -> None:
    """Signature, key and digest, each by its name."""
    spec = {
        "hashedRekordV002": {
            "data": {"algorithm": "SHA2_256", "digest": "?"},
            "signature": {"content": "?", "verifier": {"publicKey": {"rawBytes": "?"}}},
        }
    }
    unread = read("hashedrekord", "0.0.2", spec).unread
    assert [each.partition(" cannot be read")[0] for each in unread if "cannot" in each] == [
        "the digest of the artifact",
        "the signature",
        "the key",
    ]


def test_a_digest_by_a_weak_hash_is_shown_and_compared_with_nothing() -> None:
    """Nothing may be told by it from something else."""
    spec = {"data": {"hash": {"algorithm": "sha1", "value": "AB" * 20}}}
    (digest,) = read("hashedrekord", "0.0.1", spec).digests
    assert str(digest) == f"sha1:{'ab' * 20}"
    assert digest.digest is None


def test_no_more_is_shown_than_can_be_looked_at() -> None:
    """Of what a stranger wrote thousands of times."""
    each = {"signature": SIGNATURE, "verifier": KEY_PEM}
    content = read("dsse", "0.0.1", {"signatures": [each] * 500})
    assert (len(content.signatures), len(content.keys)) == (MOST_SHOWN, MOST_SHOWN)
    headers = {f"name {number}": "x" for number in range(500)}
    assert len(read("rpm", "0.0.1", {"package": {"headers": headers}}).facts) == MOST_SHOWN


def test_every_kind_has_a_name_in_the_other_program() -> None:
    """By which its spec stands there."""
    assert OBJECTS.keys() | {"apk"} == {*(kind for kind, _ in SPECS), *OTHERS, "rfc3161"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["?", "0f"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner),
    max_leaves=12,
)


@given(st.sampled_from(KINDS), JSON)
def test_nothing_that_stands_in_an_entry_is_an_error(kind: tuple[str, str], spec: object) -> None:
    """Whatever it is, and wherever it stands."""
    content = read(*kind, spec)
    assert isinstance(content.document, dict)


@given(st.binary(max_size=64))
def test_no_bytes_at_all_are_an_error(data: bytes) -> None:
    """Anybody may have written them."""
    content = read_content(data)
    assert content.unread or content.document is not None

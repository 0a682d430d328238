# SPDX-License-Identifier: Apache-2.0
"""Entries as they are shown: to people, to machines, and to those who know `rekor-cli`."""

import json
from pathlib import Path
from typing import Any

import pytest

import keyless
from keyless.explorer import Entry
from keyless.explorer.entry import Address
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.encoding import b64encode, pem_encode
from keyless.protocol.entry import LogEntry
from keyless.protocol.entry_kinds import OBJECTS
from keyless.protocol.merkle import leaf_hash
from keyless.sandbox.entry_writer import hashedrekord_v1
from keyless.value import replace
from tests.explorer.trees import Trees
from tests.protocol.bodies import SPECS, body
from tests.protocol.test_entry_kinds import OTHERS

MEMBERS = {
    "verified",
    "log",
    "index",
    "uuid",
    "url",
    "kind",
    "version",
    "time",
    "signer",
    "digests",
    "signatures",
    "facts",
    "unread",
    "proof",
    "body",
}


@pytest.fixture(scope="module")
def trees() -> Trees:
    """Two trees of one entry and of four, and one entry in the second log."""
    trees = Trees((1, 4))
    trees.sign(b"in the second log", rekor=2)
    return trees


def lookalike(entry: Entry, log: Address) -> Entry:
    """Return *entry* as one of another log."""
    return Entry(entry.record, log=log, uuid=entry.uuid, evidence=entry.evidence)


def words(entry: Entry) -> str:
    """Return what *entry* prints, however wide its columns are."""
    return " ".join(str(entry).split())


def test_the_card_says_who_signed_what_when(trees: Trees) -> None:
    """And whether it is in the log, and who vouches for the name."""
    shown = words(trees.log[3])
    assert "in the log verified: proven to be leaf 2 of the 4 that rekor.sandbox.test" in shown
    assert "signer bob@example.com" in shown
    assert "vouched for by https://accounts.google.com" in shown
    assert "certificate issued by https://fulcio.sandbox.test, which is trusted" in shown
    assert "time 2025-03-01 12:00:00 UTC" in shown
    assert f"artifact {Digest.of(b'artifact 3')}" in shown


def test_an_entry_of_the_second_log_says_that_it_has_no_time(trees: Trees) -> None:
    """A timestamp in its bundle dates it."""
    entry = trees.log.shards["log2025-1"][0]
    assert entry.time is None
    assert "time not known: this log keeps none" in words(entry)
    assert "issued by https://fulcio.sandbox.test, which is trusted" in words(entry)


def test_the_card_in_a_notebook_links_and_draws(trees: Trees) -> None:
    """What is plainly a link can be followed, and the proof is folded away."""
    card = trees.log[3]._repr_html_()
    assert '<a href="https://accounts.google.com"' in card
    assert "<details><summary>proof</summary>" in card
    assert "<svg " in card
    assert "<script" not in card


def test_claims_are_in_words(trees: Trees) -> None:
    """Of a workflow, all that its issuer said."""
    import keyless  # noqa: PLC0415 - for the one line that signs

    workflow = trees.sandbox.github_identity("org/app")
    entry = trees.log.entry(keyless.sign(b"built", workflow, sigstore=trees.sandbox.sigstore))
    assert "source repository uri" in words(entry)
    assert '<a href="https://github.com/org/app"' in entry._repr_html_()
    assert entry.claims is not None
    assert entry.claims.source_repository_uri == "https://github.com/org/app"
    assert entry.issuer == "https://token.actions.githubusercontent.com"


def test_an_entry_covers_what_was_signed(trees: Trees, tmp_path: Path) -> None:
    """By its path, its bytes or its digest; and nothing else."""
    entry = trees.log[3]
    path = tmp_path / "artifact"
    path.write_bytes(b"artifact 3")
    for artifact in (b"artifact 3", path, str(path), Digest.of(b"artifact 3")):
        assert entry.covers(artifact)
    path.write_bytes(b"artifact 4")
    for artifact in (b"artifact 4", path, Digest.of(b"artifact 4")):
        assert not entry.covers(artifact)


def test_an_entry_does_not_cover_the_envelope_that_its_log_was_sent() -> None:
    """It is written in JSON, in one way of many, and is not what anybody signed."""
    trees = Trees((0,))
    keyless.attest(
        b"app",
        trees.sandbox.identity("alice@example.com"),
        predicate={"passed": True},
        type="custom",
        sigstore=trees.sigstore,
    )
    entry = trees.log[0]
    digests = {each.of: each.digest for each in entry.digests}
    assert entry.covers(digests["payload"])
    assert not entry.covers(digests["envelope"])


def test_an_entry_covers_by_whichever_hash_it_has() -> None:
    """A digest by another hash is not known to be of the same."""
    trees = Trees((0,))
    digest = Digest.of(b"large", HashAlgorithm.SHA512)
    verifier = trees.verifier("alice@example.com")
    entry = trees.log[trees.write(hashedrekord_v1(digest, b"signature", verifier))]
    assert entry.covers(b"large")
    assert entry.covers(digest)
    assert not entry.covers(Digest.of(b"large"))


def test_where_an_entry_can_be_looked_at_depends_on_its_log(trees: Trees) -> None:
    """The public one has a page for people."""
    entry = trees.log[3]
    assert entry.url == f"https://rekor.sandbox.test/api/v1/log/entries/{entry.uuid}"
    public = Address(name="rekor.sigstore.dev", version=1, url="https://rekor.sigstore.dev")
    assert lookalike(entry, public).url == "https://search.sigstore.dev/?logIndex=3"
    second = trees.log.shards["log2025-1"][0]
    assert second.url == "https://log2025-1.rekor.sandbox.test/api/v2/tile/entries/000.p/1"


def test_an_unverified_entry_beyond_its_own_tree_is_shown(trees: Trees) -> None:
    """Whatever it says of itself."""
    second = trees.log.shards["log2025-1"][0]
    assert second.record.proof is not None
    proof = replace(second.record.proof, index=1 << 62)
    record = replace(second.record, index=1 << 62, proof=proof)
    entry = Entry(record, log=second.log, uuid=second.uuid, evidence=None)
    assert "UNVERIFIED" in words(entry)
    assert "DOES NOT LEAD" in str(entry.proof)
    assert entry._repr_html_()


def test_for_machines_the_members_are_always_the_same(trees: Trees) -> None:
    """Of either log, verified or not; the first entry of a tree of one included."""
    second = trees.log.shards["log2025-1"]
    for entry in (trees.log[0], second[0], trees.log.unverified[0], second.unverified[0]):
        document: dict[str, Any] = json.loads(json.dumps(entry.to_json()))
        assert set(document) == MEMBERS
        assert document["index"] == 0
        assert document["signer"]["identity"] in {"bob@example.com", "alice@example.com"}
        assert document["verified"] is entry.is_verified
    document = json.loads(json.dumps(trees.log[0].to_json()))
    assert document["time"] == "2025-03-01T12:00:00Z"
    assert document["proof"]["hashes"] == []
    assert document["signer"]["authority"] == "https://fulcio.sandbox.test"
    assert json.loads(json.dumps(second[0].to_json()))["time"] is None


@pytest.mark.parametrize("kind", sorted(OBJECTS))
def test_every_kind_is_written_as_rekor_cli_writes_it(kind: str) -> None:
    """Under the name of its kind's object; checked against the real one in `nox -s peers`."""
    trees = Trees((0,))
    spec = {**SPECS.get((kind, "0.0.1"), OTHERS.get(kind, {"tsr": {"content": "e30="}}))}
    entry = trees.log[trees.write(body(kind, "0.0.1", spec))]
    spec.pop("spec_version", None)  # which it forgets
    assert entry.to_rekor_cli_json() == {
        "Attestation": "",
        "AttestationType": "",
        "Body": {OBJECTS[kind]: spec},
        "LogIndex": 0,
        "IntegratedTime": 1740830400,
        "UUID": entry.uuid,
        "LogID": entry.record.log_id.hex(),
    }


def test_what_rekor_cli_does_not_know_is_written_as_it_is() -> None:
    """And what is no JSON not at all."""
    trees = Trees((0,))
    tarot = trees.log[trees.write(b'{"kind":"tarot","apiVersion":"0.0.1"}')]
    assert tarot.to_rekor_cli_json()["Body"] == {"kind": "tarot", "apiVersion": "0.0.1"}
    junk = trees.log[trees.write(b"\xff")]
    assert junk.to_rekor_cli_json()["Body"] is None
    assert junk.to_json()["body"] == {"base64": "/w=="}
    odd = trees.log[trees.write(b'{"kind":"tuf","apiVersion":"0.0.1","spec":[]}')]
    assert odd.to_rekor_cli_json()["Body"] == {"TufObj": []}


def with_attestation(trees: Trees, attestation: bytes) -> Entry:
    """Have the log keep *attestation* beside the entry that it is said to be about."""
    spec = {
        "content": {
            "hash": {"algorithm": "sha256", "value": "ab" * 32},
            "payloadHash": {"algorithm": "sha256", "value": Digest.of(STATEMENT).hex},
        },
        "publicKey": b64encode(pem_encode("PUBLIC KEY", trees.key.public.spki).encode()),
    }
    data = body("intoto", "0.0.1", spec)
    trees.sandbox.rekor_v1.attestations[leaf_hash(data)] = attestation
    return trees.log[trees.write(data)]


STATEMENT = json.dumps(
    {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "app", "digest": {"sha256": Digest.of(b"app").hex}}],
        "predicateType": "https://spdx.dev/Document",
    }
).encode()


def test_what_the_log_keeps_beside_an_entry_counts_if_it_is_what_was_signed() -> None:
    """Its digest says so: the attestation itself is not in the tree."""
    entry = with_attestation(Trees((0,)), STATEMENT)
    assert entry.statement is not None
    assert entry.covers(b"app")
    assert "attests https://spdx.dev/Document" in words(entry)
    assert entry.to_rekor_cli_json()["Attestation"] == STATEMENT.decode()


@pytest.mark.parametrize("attestation", [STATEMENT + b" ", b"\xff<junk>"])
def test_what_else_the_log_keeps_beside_it_counts_for_nothing(attestation: bytes) -> None:
    """It is said to be there."""
    entry = with_attestation(Trees((0,)), attestation)
    assert entry.statement is None
    assert not entry.covers(b"app")
    assert f"attestation {len(attestation)} bytes beside the log" in words(entry)
    assert "nothing vouches for them" in words(entry)


def test_bytes_that_are_no_text_are_written_one_by_one() -> None:
    """As Go does: each becomes a replacement character of its own."""
    entry = with_attestation(Trees((0,)), b"a\xff\xe2\x82b\xed\xa0\x80")
    assert entry.to_rekor_cli_json()["Attestation"] == "a\ufffd\ufffd\ufffdb\ufffd\ufffd\ufffd"


def test_several_signers_are_counted(trees: Trees) -> None:
    """The first is shown, and the others are in the JSON."""
    key = b64encode(pem_encode("PUBLIC KEY", trees.key.public.spki).encode())
    signatures = [{"signature": "AAAA", "verifier": key}] * 3
    entry = trees.log[trees.write(body("dsse", "0.0.1", {"signatures": signatures}))]
    assert "signers 3, of which the first is shown" in words(entry)
    assert "signer a key (ECDSA P-256)" in words(entry)
    assert entry.signature == b"\0\0\0"


def test_the_record_is_what_the_log_wrote_down(trees: Trees) -> None:
    """For whoever wants to look further."""
    entry = trees.log[3]
    assert isinstance(entry.record, LogEntry)
    assert entry.body == json.loads(entry.record.canonical_body)
    assert entry.uuid.endswith(entry.record.leaf.hex())
    assert entry == trees.log[3]
    assert len({entry, trees.log[3], trees.log[4]}) == 2
    assert entry != trees.log.unverified[3]

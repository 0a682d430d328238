# SPDX-License-Identifier: Apache-2.0
"""Log entries and their proofs, as bundles carry them."""

import json
import pickle
from hashlib import sha256
from typing import Any

import pytest

from keyless.errors import ParseError
from keyless.protocol.encoding import b64encode
from keyless.protocol.entry import InclusionProof, LogEntry
from keyless.protocol.entry_body import UnknownRecord
from keyless.protocol.json_reader import Json
from tests.protocol.bodies import SPECS, body

LOG = bytes(range(32))
ROOT = sha256(b"root").digest()
HASHES = [sha256(b"left").digest(), sha256(b"right").digest()]
CHECKPOINT = f"log.example - 42\n9\n{b64encode(ROOT)}\n\n— log.example {b64encode(bytes(68))}\n"
BODY = b'{"apiVersion":"0.0.1","kind":"rekord","spec":{}}'

PROOF: dict[str, Any] = {
    "logIndex": "3",
    "treeSize": "9",
    "rootHash": b64encode(ROOT),
    "hashes": [b64encode(each) for each in HASHES],
    "checkpoint": {"envelope": CHECKPOINT},
}
ENTRY: dict[str, Any] = {
    "logIndex": "1003",
    "logId": {"keyId": b64encode(LOG)},
    "kindVersion": {"kind": "rekord", "version": "0.0.1"},
    "integratedTime": "1700000000",
    "inclusionPromise": {"signedEntryTimestamp": b64encode(b"promise")},
    "inclusionProof": PROOF,
    "canonicalizedBody": b64encode(BODY),
}


def parse(**change: Any) -> LogEntry:
    """Parse the sample with some members changed."""
    return LogEntry.parse(Json({**ENTRY, **change}))


def parse_proof(**change: Any) -> InclusionProof:
    """Parse the sample's proof with some members changed."""
    return InclusionProof.parse(Json({**PROOF, **change}))


def test_parse_reads_every_part() -> None:
    """Every field is that of the JSON."""
    entry = parse()
    assert (entry.log_id, entry.index, entry.integrated_time) == (LOG, 1003, 1700000000)
    assert (entry.kind, entry.version) == ("rekord", "0.0.1")
    assert (entry.promise, entry.canonical_body) == (b"promise", BODY)
    assert entry.body == UnknownRecord(kind="rekord", version="0.0.1")


def test_proof_is_read_with_its_checkpoint() -> None:
    """The proof has its own index, and the checkpoint is that of its text."""
    proof = parse().proof
    assert proof is not None
    assert (proof.index, proof.size, proof.root) == (3, 9, ROOT)
    assert proof.hashes == tuple(HASHES)
    assert proof.checkpoint is not None
    assert (proof.checkpoint.origin, proof.checkpoint.size) == ("log.example - 42", 9)


def test_first_entry_of_a_young_log_needs_no_numbers() -> None:
    """Protobuf leaves out what is zero or empty: the first entry has no index and no hashes."""
    proof = {"treeSize": "1", "rootHash": PROOF["rootHash"], "checkpoint": PROOF["checkpoint"]}
    entry = parse(logIndex=None, inclusionProof=proof)
    assert entry.index == 0
    assert entry.proof is not None
    assert (entry.proof.index, entry.proof.hashes) == (0, ())


def test_numbers_may_be_written_as_numbers() -> None:
    """Clients that do not write int64 as strings are understood."""
    assert parse(logIndex=1003, integratedTime=1700000000) == parse()


@pytest.mark.parametrize("absent", ["inclusionPromise", "inclusionProof", "integratedTime"])
def test_what_is_absent_stays_absent(absent: str) -> None:
    """An entry without promise, proof or time has none, and is written without."""
    entry = parse(**{absent: None})
    assert absent not in entry.to_json()
    assert LogEntry.parse(Json(entry.to_json())) == entry


def test_proof_without_checkpoint_has_none() -> None:
    """An absent checkpoint is absent, not empty."""
    proof = parse_proof(checkpoint=None)
    assert proof.checkpoint is None
    assert InclusionProof.parse(Json(proof.to_json())) == proof


@pytest.mark.parametrize("absent", [None, ""])
def test_root_may_be_left_to_the_checkpoint(absent: str | None) -> None:
    """Version 2 of the log has clients ignore it, so it need not be there."""
    assert parse_proof(rootHash=absent).root == b""


def test_what_is_written_reads_the_same() -> None:
    """An entry survives being written and read."""
    entry = parse()
    assert LogEntry.parse(Json.parse(json.dumps(entry.to_json()).encode())) == entry


def test_entry_travels_between_processes() -> None:
    """An entry pickles, and comes back equal and with the same hash."""
    entry = parse()
    revived = pickle.loads(pickle.dumps(entry))
    assert revived == entry
    assert hash(revived) == hash(entry)


@pytest.mark.parametrize("kind", [*SPECS, ("rekord", "0.0.2")], ids=" ".join)
def test_version_2_of_the_log_has_two_kinds(kind: tuple[str, str]) -> None:
    """No other kind is taken for one of version 2, intoto 0.0.2 least of all."""
    entry = parse(canonicalizedBody=b64encode(body(*kind, SPECS.get(kind))))
    assert entry.is_v2 == (kind in {("hashedrekord", "0.0.2"), ("dsse", "0.0.2")})


def test_version_of_the_log_is_read_from_the_body() -> None:
    """What the bundle calls an entry cannot make it one of version 2, whose times are ignored."""
    entry = parse(kindVersion={"kind": "hashedrekord", "version": "0.0.2"})
    assert (entry.kind, entry.version) == ("hashedrekord", "0.0.2")
    assert entry.recorded_as == ("rekord", "0.0.1")
    assert not entry.is_v2


def test_leaf_is_the_hash_of_the_body() -> None:
    """The log hashes the body behind a zero, as RFC 9162 has it."""
    assert parse().leaf == sha256(b"\x00" + BODY).digest()


def test_promise_signs_canonical_json() -> None:
    """What a promise covers is what a general writer of canonical JSON would write."""
    members = {
        "body": b64encode(BODY),
        "integratedTime": 1700000000,
        "logID": LOG.hex(),
        "logIndex": 1003,
    }
    written = json.dumps(members, sort_keys=True, separators=(",", ":")).encode()
    assert parse().promise_payload() == written


@pytest.mark.parametrize("index", [1 << 53, (1 << 63) - 1])
def test_index_without_promise_may_be_any(index: int) -> None:
    """Only what a promise signs must fit a double."""
    assert parse(logIndex=str(index), inclusionPromise=None).index == index


def test_promise_can_sign_the_largest_exact_number() -> None:
    """2^53 is a number of its own as a double."""
    assert parse(logIndex=str(1 << 53)).index == 1 << 53


@pytest.mark.parametrize(
    ("change", "path", "reason"),
    [
        ({"logIndex": "-1"}, "$.logIndex", "not a plain decimal number"),
        ({"logIndex": -1}, "$.logIndex", "outside 0 to"),
        ({"logIndex": "01"}, "$.logIndex", "not a plain decimal number"),
        ({"logIndex": True}, "$.logIndex", "a truth value where a whole number"),
        ({"logIndex": str((1 << 53) + 1)}, "$.logIndex", "a promise cannot sign"),
        ({"logId": None}, "$.logId", "missing"),
        ({"logId": {"keyId": "AAAA"}}, "$.logId.keyId", "3 bytes where 32 name a log"),
        ({"kindVersion": None}, "$.kindVersion", "missing"),
        ({"kindVersion": {"kind": "dsse"}}, "$.kindVersion.version", "missing"),
        ({"integratedTime": "253402300800"}, "$.integratedTime", "after the year 9999"),
        ({"integratedTime": "-1"}, "$.integratedTime", "not a plain decimal number"),
        ({"inclusionPromise": {}}, "$.inclusionPromise.signedEntryTimestamp", "missing"),
        ({"inclusionPromise": "x"}, "$.inclusionPromise", "a string where an object"),
        ({"canonicalizedBody": None}, "$.canonicalizedBody", "missing"),
        ({"canonicalizedBody": "e30="}, "$.canonicalizedBody", r"\$.kind: missing"),
        ({"canonicalizedBody": "ew=="}, "$.canonicalizedBody", "not JSON"),
        (
            {"canonicalizedBody": b64encode(body("dsse", "0.0.1", {}))},
            "$.canonicalizedBody",
            r"\$.spec.payloadHash: missing",
        ),
    ],
)
def test_malformed_entries_are_refused(change: dict[str, Any], path: str, reason: str) -> None:
    """The error names the member that is wrong, and what is wrong with it."""
    with pytest.raises(ParseError, match=reason) as refusal:
        parse(**change)
    assert refusal.value.path == path


@pytest.mark.parametrize(
    ("change", "path", "reason"),
    [
        ({"logIndex": "x"}, "$.inclusionProof.logIndex", "not a plain decimal number"),
        ({"treeSize": 1.5}, "$.inclusionProof.treeSize", "a number where a whole number"),
        ({"rootHash": "AAAA"}, "$.inclusionProof.rootHash", "a hash of 3 bytes, not 32"),
        ({"hashes": ["AAAA"]}, "$.inclusionProof.hashes[0]", "a hash of 3 bytes, not 32"),
        ({"hashes": [PROOF["rootHash"], "A"]}, "$.inclusionProof.hashes[1]", "not base64"),
        ({"hashes": [PROOF["rootHash"]] * 65}, "$.inclusionProof.hashes", "more than the 64"),
        ({"hashes": [1]}, "$.inclusionProof.hashes", "a list of something else than strings"),
        ({"checkpoint": {}}, "$.inclusionProof.checkpoint.envelope", "missing"),
        ({"checkpoint": {"envelope": ""}}, "$.inclusionProof.checkpoint.envelope", "."),
    ],
)
def test_malformed_proofs_are_refused(change: dict[str, Any], path: str, reason: str) -> None:
    """The error names the member of the proof that is wrong, and what is wrong with it."""
    with pytest.raises(ParseError, match=reason) as refusal:
        parse(inclusionProof={**PROOF, **change})
    assert refusal.value.path == path


def test_an_entry_among_files_is_read_from_its_body() -> None:
    """A log that is read as files says nothing else of it, and promises nothing."""
    proof = InclusionProof(index=3, size=9, root=b"", hashes=(), checkpoint=None)
    data = b'{"kind":"hashedrekord","apiVersion":"0.0.9"}'
    entry = LogEntry.in_tile(data, log_id=bytes(32), proof=proof)
    assert (entry.index, entry.promise, entry.integrated_time) == (3, None, 0)
    assert entry.recorded_as == (entry.kind, entry.version) == ("hashedrekord", "0.0.9")
    assert entry.body == UnknownRecord(kind="hashedrekord", version="0.0.9")
    assert entry.canonical_body == data

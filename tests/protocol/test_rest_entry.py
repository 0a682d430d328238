# SPDX-License-Identifier: Apache-2.0
"""Entries over REST: read as bundles have them, and refused under another name than their own."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from keyless.errors import Check, ParseError, VerificationError
from keyless.protocol.encoding import b64encode
from keyless.protocol.entry_body import UnknownRecord
from keyless.protocol.json_reader import Json
from keyless.protocol.merkle import leaf_hash
from keyless.protocol.rest_entry import (
    RestEntry,
    check_name,
    full_name,
    parse_entries,
    parse_uuid,
)
from keyless.value import replace
from tests.services.material import body_v1, core, proposed, rest_json, uuid_of

ENTRY = core().log_v1.append(body_v1(proposed()))
UUID = uuid_of(ENTRY)
Change = Callable[[dict[str, Any]], object]


def parse(document: object) -> RestEntry:
    """Read *document* as an answer."""
    return RestEntry.parse(Json.parse(json.dumps(document).encode()))


def changed(change: Change) -> dict[str, Any]:
    """Return the entry's answer with a change inside."""
    document = rest_json(ENTRY)
    change(document[UUID])
    return document


def test_an_entry_is_read_as_a_bundle_has_it() -> None:
    """With the log's word, its promise and its proof."""
    assert parse(rest_json(ENTRY)) == RestEntry(uuid=UUID, entry=ENTRY, attestation=None)


def test_an_attestation_comes_with_it_where_the_log_keeps_one() -> None:
    """The log may also say that it keeps none."""
    assert parse(rest_json(ENTRY, attestation={"data": "e30="})).attestation == b"{}"
    assert parse(rest_json(ENTRY, attestation={})).attestation is None


def test_an_entry_may_come_without_proof_or_promise() -> None:
    """Old ones do; what that is worth, a verifier says."""
    bare = parse(rest_json(ENTRY, verification={})).entry
    assert (bare.promise, bare.proof) == (None, None)

    def without_checkpoint(content: dict[str, Any]) -> None:
        del content["verification"]["inclusionProof"]["checkpoint"]

    unsigned = parse(changed(without_checkpoint)).entry
    assert unsigned.proof is not None
    assert unsigned.proof.checkpoint is None


def test_a_name_without_its_tree_is_a_name() -> None:
    """The hash of the leaf is the part that counts."""
    assert parse_uuid(UUID[-64:]) == UUID[-64:]
    (content,) = rest_json(ENTRY).values()
    assert parse({UUID[-64:]: content}).entry == ENTRY


def test_an_origin_without_a_tree_says_nothing_about_it() -> None:
    """Only logs of this version call their trees by number."""
    assert ENTRY.proof is not None
    assert ENTRY.proof.checkpoint is not None
    checkpoint = replace(ENTRY.proof.checkpoint, origin="rekor.example")
    entry = replace(ENTRY, proof=replace(ENTRY.proof, checkpoint=checkpoint))
    check_name("0" * 16 + UUID[-64:], entry)


def refused(document: object) -> VerificationError:
    """Return why *document* is a lie."""
    with pytest.raises(VerificationError) as caught:
        parse(document)
    assert caught.value.check is Check.ENTRY
    return caught.value


def test_another_leaf_is_refused() -> None:
    """Who asks for a leaf by its hash gets that leaf."""
    (content,) = rest_json(ENTRY).values()
    refusal = refused({UUID[:16] + "0" * 64: content})
    assert (refusal.found, refusal.wanted) == (ENTRY.leaf.hex(), "0" * 64)


def test_another_tree_is_refused() -> None:
    """The same leaf may stand in another."""
    (content,) = rest_json(ENTRY).values()
    refusal = refused({"0" * 16 + UUID[-64:]: content})
    assert (refusal.found, refusal.wanted) == (UUID[:16], "0" * 16)


def drop(*path: str) -> Change:
    """Return the change that takes a member away."""
    return put(None, *path)


def put(member: object, *path: str) -> Change:
    """Return the change that puts *member* in a place."""

    def change(content: dict[str, Any]) -> None:
        *outer, name = path
        for step in outer:
            content = content[step]
        content[name] = member

    return change


PROOF = ("verification", "inclusionProof")
MALFORMED = {
    "no body": (drop("body"), ".body: missing"),
    "a body that is none": (put("?", "body"), ".body: not base64"),
    "no log": (drop("logID"), ".logID: missing"),
    "a short log": (put("0f5e", "logID"), ".logID: 2 bytes where a hash has 32"),
    "no index": (drop("logIndex"), ".logIndex: missing"),
    "a negative index": (put(-1, "logIndex"), ".logIndex: a number outside"),
    "an index as text": (put("5", "logIndex"), ".logIndex: a string where a whole number"),
    "a huge index": (put((1 << 53) + 1, "logIndex"), ".logIndex: a number beyond"),
    "no time": (drop("integratedTime"), ".integratedTime: missing"),
    "a late time": (put(1 << 40, "integratedTime"), ".integratedTime: a number beyond"),
    "no verification": (drop("verification"), ".verification: missing"),
    "a bad promise": (
        put("?", "verification", "signedEntryTimestamp"),
        ".signedEntryTimestamp: not base64",
    ),
    "a proof without an index": (drop(*PROOF, "logIndex"), ".inclusionProof.logIndex: missing"),
    "a proof without a size": (drop(*PROOF, "treeSize"), ".inclusionProof.treeSize: missing"),
    "a proof without a root": (drop(*PROOF, "rootHash"), ".inclusionProof.rootHash: missing"),
    "a short hash": (put(["0f5e"], *PROOF, "hashes"), ".inclusionProof.hashes[0]: 2 bytes"),
    "too many hashes": (put(["00"] * 65, *PROOF, "hashes"), ".inclusionProof.hashes: 65 items"),
    "a bad checkpoint": (put("x", *PROOF, "checkpoint"), ".inclusionProof.checkpoint: not a"),
    "a bad attestation": (put({"data": "?"}, "attestation"), ".attestation.data: not base64"),
}


@pytest.mark.parametrize(("change", "message"), MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_malformed_is_refused_where_it_is(change: Change, message: str) -> None:
    """By its path."""
    with pytest.raises(ParseError) as caught:
        parse(changed(change))
    assert caught.value.message.startswith(f"$.{UUID}")
    assert message in caught.value.message


@pytest.mark.parametrize("document", [{}, {UUID: None}, {UUID: {}, "other": {}}])
def test_one_entry_is_wanted(document: object) -> None:
    """Not none, and not two of which one might be looked at."""
    with pytest.raises(ParseError, match="entries where one is wanted"):
        parse(document)


@pytest.mark.parametrize(
    "name", ["", "0f5e", "F" * 64, "0" * 63, "0" * 72, "0" * 64 + "\n", "٣" * 64]
)
def test_what_is_no_name_is_refused(name: str) -> None:
    """Names stand in URLs."""
    with pytest.raises(ParseError, match="not the name of an entry"):
        parse_uuid(name)


def test_a_body_that_no_verdict_could_use_is_read_all_the_same() -> None:
    """Whoever looks at the log is to see that it is there."""
    for body in (b"junk", b"{}", b'{"kind":"dsse","apiVersion":"0.0.1","spec":{}}'):
        content = {**rest_json(ENTRY)[UUID], "body": b64encode(body)}
        proof = {**content["verification"], "inclusionProof": None}
        name = f"{leaf_hash(body).hex()}"
        found = parse({name: {**content, "verification": proof}})
        assert found.entry.canonical_body == body
        assert isinstance(found.entry.body, UnknownRecord)
        assert full_name(found.entry) == name


def test_several_entries_come_in_a_list() -> None:
    """No more than were asked for."""
    data = json.dumps([rest_json(ENTRY), rest_json(ENTRY)]).encode()
    assert [each.uuid for each in parse_entries(data, most=2, largest=1 << 20)] == [UUID, UUID]
    with pytest.raises(ParseError, match="2 items, more than the 1 allowed"):
        parse_entries(data, most=1, largest=1 << 20)
    with pytest.raises(ParseError, match="an object where a list is wanted"):
        parse_entries(b"{}", most=1, largest=1 << 20)
    with pytest.raises(ParseError, match="more than the 4 allowed"):
        parse_entries(data, most=2, largest=4)


def test_an_entry_is_called_by_its_tree_and_its_leaf() -> None:
    """As the log calls it."""
    assert full_name(parse(rest_json(ENTRY)).entry) == UUID

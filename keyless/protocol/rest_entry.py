# SPDX-License-Identifier: Apache-2.0
"""Entries as version 1 of the log answers with them, over REST.

    {"<16 hex: tree><64 hex: hash of the leaf>": {
        "body": base64, "integratedTime": 1740830400, "logID": hex, "logIndex": 25579,
        "verification": {
            "signedEntryTimestamp": base64,
            "inclusionProof": {"logIndex": 1234, "rootHash": hex, "treeSize": 1300,
                               "hashes": [hex, …], "checkpoint": text}},
        "attestation": {"data": base64}}}

The name under which an entry is answered is checked against what it holds: whoever asks by name
asks for that leaf, of that tree.
"""

import re

from keyless.errors import Check, ParseError, VerificationError
from keyless.protocol.checkpoint import Checkpoint
from keyless.protocol.encoding import hexdecode
from keyless.protocol.entry import (
    HASH_SIZE,
    LARGEST_EXACT,
    LATEST_TIME,
    MOST_HASHES,
    InclusionProof,
    LogEntry,
)
from keyless.protocol.entry_body import recorded_body
from keyless.protocol.json_reader import Json, json_value
from keyless.protocol.rest_log import tree_of
from keyless.safe_text import shown
from keyless.value import value

LEAF_DIGITS = 64
TREE_DIGITS = 16

_UUID = re.compile(r"(?:[0-9a-f]{16})?[0-9a-f]{64}")


@value
class RestEntry:
    """An *entry* with its name in the log, and the attestation that the log keeps beside it."""

    uuid: str
    entry: LogEntry
    attestation: bytes | None

    @classmethod
    def parse(cls, json: Json) -> "RestEntry":
        """Read an answer that holds one entry; refuse one under another name than its own."""
        names = json.names()
        if len(names) != 1:
            raise json.error(f"{len(names)} entries where one is wanted")
        uuid = parse_uuid(names[0])
        content = json.object(uuid)
        attestation = content.optional_object("attestation")
        found = cls(
            uuid=uuid,
            entry=_entry(content),
            attestation=None if attestation is None else attestation.optional_base64("data"),
        )
        check_name(uuid, found.entry)
        return found


def parse_entries(data: bytes, *, most: int, largest: int) -> tuple[RestEntry, ...]:
    """Read an answer of at most *largest* bytes: a list of at most *most* answers of one entry."""
    listed = Json({"entries": json_value(data, largest=largest)})
    return tuple(RestEntry.parse(each) for each in listed.objects("entries", most=most))


def parse_uuid(text: str) -> str:
    """Read the name of an entry: the hash of its leaf, with or without the id of its tree."""
    if not _UUID.fullmatch(text):
        raise ParseError(
            f"not the name of an entry, which has {LEAF_DIGITS} or {LEAF_DIGITS + TREE_DIGITS} "
            f"digits of hexadecimal: {shown(text, longest=120)}"
        )
    return text


def check_name(uuid: str, entry: LogEntry) -> None:
    """Refuse *entry* if it is not the one that is called *uuid*."""
    _demand_same("leaf", entry.leaf.hex(), uuid[-LEAF_DIGITS:])
    tree = _tree_of(entry)
    if tree is not None and len(uuid) > LEAF_DIGITS:
        _demand_same("tree", tree, uuid[:TREE_DIGITS])


def full_name(entry: LogEntry) -> str:
    """Return what *entry* is called: by its leaf, and by its tree where its proof says which."""
    return f"{_tree_of(entry) or ''}{entry.leaf.hex()}"


def _demand_same(what: str, found: str, wanted: str) -> None:
    if found != wanted:
        raise VerificationError(
            f"the entry is another than the one it is called: it has another {what}",
            check=Check.ENTRY,
            found=found,
            wanted=wanted,
            hint="do not rely on this log, and tell whoever runs it",
        )


def _tree_of(entry: LogEntry) -> str | None:
    """Return the id of the tree that the entry's proof is about, where its checkpoint says it."""
    if entry.proof is None or entry.proof.checkpoint is None:
        return None
    tree_id = tree_of(entry.proof.checkpoint.origin)
    return None if tree_id is None else f"{tree_id:0{TREE_DIGITS}x}"


def _entry(json: Json) -> LogEntry:
    canonical_body = json.base64("body")
    kind, version, body = recorded_body(canonical_body)
    verification = json.object("verification")
    proof = verification.optional_object("inclusionProof")
    return LogEntry(
        log_id=json.within("logID", _hash, json.text("logID")),
        index=_limited(json, "logIndex", LARGEST_EXACT),
        kind=kind,
        version=version,
        integrated_time=_limited(json, "integratedTime", LATEST_TIME),
        promise=verification.optional_base64("signedEntryTimestamp"),
        proof=None if proof is None else _proof(proof),
        canonical_body=canonical_body,
        recorded_as=(kind, version),
        body=body,
    )


def _proof(json: Json) -> InclusionProof:
    checkpoint = json.optional_text("checkpoint")
    return InclusionProof(
        index=json.integer("logIndex"),
        size=json.integer("treeSize"),
        root=json.within("rootHash", _hash, json.text("rootHash")),
        hashes=tuple(
            json.within(f"hashes[{position}]", _hash, text)
            for position, text in enumerate(json.texts("hashes", most=MOST_HASHES))
        ),
        checkpoint=None
        if checkpoint is None
        else json.within("checkpoint", Checkpoint.parse, checkpoint),
    )


def _hash(text: str) -> bytes:
    data = hexdecode(text)
    if len(data) != HASH_SIZE:
        raise ParseError(f"{len(data)} bytes where a hash has {HASH_SIZE}")
    return data


def _limited(json: Json, name: str, largest: int) -> int:
    number = json.integer(name)
    if number > largest:
        raise json.error(f"a number beyond {largest}", name=name)
    return number

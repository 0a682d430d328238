# SPDX-License-Identifier: Apache-2.0
"""Entries of a transparency log: what was written down, where, and what proves it.

Version 1 of the log gives an entry two numbers: its *index*, which the promise signs, counts over
all shards of the log; that of the proof counts within one shard. Version 2 gives no promises and
no times: what dates its entries is a timestamp over the signature.
"""

from collections.abc import Callable

from keyless.protocol.checkpoint import Checkpoint
from keyless.protocol.encoding import b64encode
from keyless.protocol.entry_body import EntryBody, parse_body
from keyless.protocol.json_reader import Json, JsonValue
from keyless.protocol.merkle import leaf_hash
from keyless.value import value

MOST_HASHES = 64
HASH_SIZE = 32
# A promise signs canonical JSON, in which a number is a double: past 2^53, two look alike.
LARGEST_EXACT = 1 << 53
# 9999-12-31T23:59:59Z, the last second a `datetime` can hold.
LATEST_TIME = 253_402_300_799

Parse = Callable[[bytes], tuple[str, str, EntryBody]]

# Not intoto 0.0.2, which is an entry of version 1 of the log.
V2_KINDS = frozenset({("hashedrekord", "0.0.2"), ("dsse", "0.0.2")})


@value
class InclusionProof:
    """The hashes that lead from an entry to the root of its log.

    *size* and *root* are hearsay next to what the *checkpoint* signs; *root* is empty when absent,
    as version 2 of the log has no use for it.
    """

    index: int
    size: int
    root: bytes
    hashes: tuple[bytes, ...]
    checkpoint: Checkpoint | None

    @classmethod
    def parse(cls, json: Json) -> "InclusionProof":
        """Read the `inclusionProof` of an entry."""
        checkpoint = json.optional_object("checkpoint")
        return cls(
            index=json.int64("logIndex"),
            size=json.int64("treeSize"),
            root=_root(json),
            hashes=_hashes(json),
            checkpoint=None if checkpoint is None else _checkpoint(checkpoint),
        )

    def to_json(self) -> dict[str, JsonValue]:
        """Write the proof as it stands in an entry."""
        json: dict[str, JsonValue] = {
            "logIndex": str(self.index),
            "rootHash": b64encode(self.root),
            "treeSize": str(self.size),
            "hashes": [b64encode(each) for each in self.hashes],
        }
        if self.checkpoint is not None:
            json["checkpoint"] = {"envelope": self.checkpoint.to_text()}
        return json


@value
class LogEntry:
    """An entry as a bundle carries it.

    *kind* and *version* are what the bundle calls it, *recorded_as* is what the log wrote down:
    they are compared once the log's word is verified.
    """

    log_id: bytes
    index: int
    kind: str
    version: str
    integrated_time: int
    promise: bytes | None
    proof: InclusionProof | None
    canonical_body: bytes
    recorded_as: tuple[str, str]
    body: EntryBody

    @classmethod
    def parse(cls, json: Json) -> "LogEntry":
        """Read one of a bundle's `tlogEntries`."""
        named = json.object("kindVersion")
        promise = json.optional_object("inclusionPromise")
        proof = json.optional_object("inclusionProof")
        canonical_body = json.base64("canonicalizedBody")
        kind, version, body = json.within("canonicalizedBody", parse_body, canonical_body)
        entry = cls(
            log_id=_log_id(json),
            index=json.int64("logIndex"),
            kind=named.text("kind"),
            version=named.text("version"),
            integrated_time=_integrated_time(json),
            promise=None if promise is None else promise.base64("signedEntryTimestamp"),
            proof=None if proof is None else InclusionProof.parse(proof),
            canonical_body=canonical_body,
            recorded_as=(kind, version),
            body=body,
        )
        if promise is not None and entry.index > LARGEST_EXACT:
            raise json.error("an index beyond 2^53, which a promise cannot sign", name="logIndex")
        return entry

    @classmethod
    def in_tile(
        cls, body: bytes, *, log_id: bytes, proof: InclusionProof, parse: Parse = parse_body
    ) -> "LogEntry":
        """Take *body*, which *parse* reads, for an entry among the files of the log *log_id*."""
        kind, version, parsed = parse(body)
        return cls(
            log_id=log_id,
            index=proof.index,
            kind=kind,
            version=version,
            integrated_time=0,
            promise=None,
            proof=proof,
            canonical_body=body,
            recorded_as=(kind, version),
            body=parsed,
        )

    def to_json(self) -> dict[str, JsonValue]:
        """Write the entry as it stands in a bundle."""
        json: dict[str, JsonValue] = {
            "logIndex": str(self.index),
            "logId": {"keyId": b64encode(self.log_id)},
            "kindVersion": {"kind": self.kind, "version": self.version},
        }
        if self.integrated_time:
            json["integratedTime"] = str(self.integrated_time)
        if self.promise is not None:
            json["inclusionPromise"] = {"signedEntryTimestamp": b64encode(self.promise)}
        if self.proof is not None:
            json["inclusionProof"] = self.proof.to_json()
        json["canonicalizedBody"] = b64encode(self.canonical_body)
        return json

    @property
    def is_v2(self) -> bool:
        """Whether the entry is of a kind that only version 2 of the log has."""
        # Asked of the body, which the log vouches for: for what a bundle calls it, nobody does.
        return self.recorded_as in V2_KINDS

    @property
    def leaf(self) -> bytes:
        """The hash of the entry in its log."""
        return leaf_hash(self.canonical_body)

    def promise_payload(self) -> bytes:
        """Write what the promise signs: RFC 8785 JSON, which for these members is this text."""
        return (
            f'{{"body":"{b64encode(self.canonical_body)}",'
            f'"integratedTime":{self.integrated_time},'
            f'"logID":"{self.log_id.hex()}",'
            f'"logIndex":{self.index}}}'
        ).encode("ascii")


def _log_id(json: Json) -> bytes:
    named = json.object("logId")
    key_id = named.base64("keyId")
    if len(key_id) != HASH_SIZE:
        raise named.error(f"{len(key_id)} bytes where {HASH_SIZE} name a log", name="keyId")
    return key_id


def _integrated_time(json: Json) -> int:
    seconds = json.int64("integratedTime")
    if seconds > LATEST_TIME:
        raise json.error("a time after the year 9999", name="integratedTime")
    return seconds


def _root(json: Json) -> bytes:
    root = json.optional_base64("rootHash") or b""
    if len(root) not in {0, HASH_SIZE}:
        raise json.error(f"a hash of {len(root)} bytes, not {HASH_SIZE}", name="rootHash")
    return root


def _hashes(json: Json) -> tuple[bytes, ...]:
    hashes = tuple(json.base64s("hashes", most=MOST_HASHES))
    for position, each in enumerate(hashes):
        if len(each) != HASH_SIZE:
            message = f"a hash of {len(each)} bytes, not {HASH_SIZE}"
            raise json.error(message, name=f"hashes[{position}]")
    return hashes


def _checkpoint(json: Json) -> Checkpoint:
    return json.within("envelope", Checkpoint.parse, json.text("envelope"))

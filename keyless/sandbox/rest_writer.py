# SPDX-License-Identifier: Apache-2.0
"""What version 1 of the log says over REST, written: what `rest_entry` and `rest_log` read."""

from keyless.protocol.encoding import b64encode
from keyless.protocol.entry import InclusionProof, LogEntry
from keyless.protocol.json_reader import JsonValue
from keyless.sandbox.transparency_log import LogV1


def rest_json(entry: LogEntry) -> dict[str, JsonValue]:
    """Write *entry* as it is answered with over REST."""
    return {
        "body": b64encode(entry.canonical_body),
        "integratedTime": entry.integrated_time,
        "logID": entry.log_id.hex(),
        "logIndex": entry.index,
        "verification": {
            "signedEntryTimestamp": None if entry.promise is None else b64encode(entry.promise),
            "inclusionProof": None if entry.proof is None else _proof_json(entry.proof),
        },
    }


def _proof_json(proof: InclusionProof) -> JsonValue:
    return {
        "logIndex": proof.index,
        "rootHash": proof.root.hex(),
        "treeSize": proof.size,
        "hashes": [each.hex() for each in proof.hashes],
        "checkpoint": "" if proof.checkpoint is None else proof.checkpoint.to_text(),
    }


def shard_json(log: LogV1, *, size: int | None = None) -> dict[str, JsonValue]:
    """Write what *log* is, or was when it had *size* entries."""
    size = len(log.tree) if size is None else size
    return {
        "rootHash": log.tree.root(size).hex(),
        "treeSize": size,
        "signedTreeHead": log.checkpoint(size=size),
        "treeID": str(log.tree_id),
    }

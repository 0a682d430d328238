# SPDX-License-Identifier: Apache-2.0
"""What the four roles of a TUF repository say, written and signed (TUF specification 1.0, 4).

    root          whose keys count for which role                    1.root.json, 2.root.json, …
    targets       what is published, each file with its digest       3.targets.json
    snapshot      which version of targets is the latest             3.snapshot.json
    timestamp     which version of snapshot is, said again and again timestamp.json

Each names its version, and the time after which nobody should believe it. What is signed is the
canonical form of the part `signed`; the file around it may be laid out in any way.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from keyless.protocol.digest import Digest
from keyless.protocol.encoding import pem_encode
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.keys import PublicKey
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.window import in_rfc3339

JsonObject = dict[str, JsonValue]

_SPECIFICATION = "1.0.31"


def root_json(
    *, version: int, expires: datetime, keys: Mapping[str, Sequence[PublicKey]]
) -> JsonObject:
    """Say that the *keys* of each role count, all of them together."""
    return {
        **_header("root", version, expires),
        "consistent_snapshot": True,
        "keys": {key_id(key): _key_json(key) for each in keys.values() for key in each},
        "roles": {
            role: {"keyids": [key_id(key) for key in each], "threshold": len(each)}
            for role, each in keys.items()
        },
    }


def targets_json(*, version: int, expires: datetime, documents: Mapping[str, bytes]) -> JsonObject:
    """Say that *documents*, by name, are what is published."""
    targets: JsonObject = {
        name: {"length": len(data), "hashes": {"sha256": Digest.of(data).hex}}
        for name, data in documents.items()
    }
    return {**_header("targets", version, expires), "targets": targets}


def snapshot_json(*, version: int, expires: datetime, targets: int) -> JsonObject:
    """Say that version *targets* of the role of that name is the latest."""
    meta: JsonObject = {"targets.json": {"version": targets}}
    return {**_header("snapshot", version, expires), "meta": meta}


def timestamp_json(*, version: int, expires: datetime, snapshot: int) -> JsonObject:
    """Say that version *snapshot* of the role of that name is the latest."""
    meta: JsonObject = {"snapshot.json": {"version": snapshot}}
    return {**_header("timestamp", version, expires), "meta": meta}


def signed_metadata(signed: JsonObject, keys: Iterable[SigningKey]) -> bytes:
    """Write the file in which each of *keys* signs what is *signed*."""
    message = canonical_json(signed)
    signatures: list[JsonValue] = [
        {"keyid": key_id(key.public), "sig": key.sign(message).hex()} for key in keys
    ]
    # Not in the canonical form itself: with its bare line ends, that is no JSON.
    return json.dumps({"signatures": signatures, "signed": signed}, indent=1).encode("utf-8")


def key_id(key: PublicKey) -> str:
    """Return what metadata calls *key*: the digest of how it is written there."""
    return Digest.of(canonical_json(_key_json(key))).hex


def canonical_json(value: JsonValue) -> bytes:
    """Write *value* in the one form that TUF signs (canonical JSON of OLPC, not RFC 8785).

    A string is in quotes as it is, line ends and all; only quotes and backslashes are escaped.
    """
    match value:
        case bool() | None:
            return {True: b"true", False: b"false", None: b"null"}[value]
        case int():
            return b"%d" % value
        case str():
            return b'"%s"' % value.replace("\\", "\\\\").replace('"', '\\"').encode("utf-8")
        case list():
            return b"[%s]" % b",".join(map(canonical_json, value))
        case dict():
            pairs = (canonical_json(k) + b":" + canonical_json(v) for k, v in sorted(value.items()))
            return b"{%s}" % b",".join(pairs)
        case _:
            raise TypeError(f"canonical JSON has no fractions: {value}")


def _header(role: str, version: int, expires: datetime) -> JsonObject:
    return {
        "_type": role,
        "spec_version": _SPECIFICATION,
        "version": version,
        # The specification knows whole seconds alone.
        "expires": in_rfc3339(expires.replace(microsecond=0)),
    }


def _key_json(key: PublicKey) -> JsonObject:
    pem = pem_encode("PUBLIC KEY", key.spki)
    return {"keytype": "ecdsa", "scheme": "ecdsa-sha2-nistp256", "keyval": {"public": pem}}

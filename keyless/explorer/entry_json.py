# SPDX-License-Identifier: Apache-2.0
"""Entries for machines: in one form of our own, and in that of `rekor-cli get --format json`."""

from keyless.explorer.entry_facts import EntryFacts
from keyless.protocol.certificate import Certificate
from keyless.protocol.encoding import b64encode, pem_encode
from keyless.protocol.entry_kinds import OBJECTS
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.window import in_rfc3339


def entry_json(entry: EntryFacts) -> dict[str, JsonValue]:
    """Write *entry*: always these members, null where there is nothing."""
    body = entry.body
    if body is None:
        body = {"base64": b64encode(entry.record.canonical_body)}
    return {
        "verified": entry.is_verified,
        "log": {"name": entry.log.name, "version": entry.log.version, "url": entry.log.url},
        "index": entry.index,
        "uuid": entry.uuid,
        "url": entry.url,
        "kind": entry.kind,
        "version": entry.version,
        "time": None if entry.time is None else in_rfc3339(entry.time),
        "signer": _signer_json(entry),
        "digests": [
            {"of": each.of, "algorithm": each.algorithm, "value": each.hex}
            for each in entry.digests
        ],
        "signatures": [b64encode(each) for each in entry.content.signatures],
        "facts": [{"name": name, "text": text} for name, text in entry.content.facts],
        "unread": [*entry.content.unread],
        "proof": _proof_json(entry),
        "body": body,
    }


def rekor_cli_json(entry: EntryFacts) -> dict[str, JsonValue]:
    """Write *entry* as `rekor-cli` of version 1.5 does; of one not verified, say so as well."""
    document: dict[str, JsonValue] = {
        "Attestation": _as_go_writes(entry.attestation or b""),
        "AttestationType": "",
        "Body": _rekor_cli_body(entry),
        "LogIndex": entry.index,
        "IntegratedTime": entry.record.integrated_time,
        "UUID": entry.uuid,
        "LogID": entry.record.log_id.hex(),
    }
    return document if entry.is_verified else {"UNVERIFIED": True, **document}


def _rekor_cli_body(entry: EntryFacts) -> JsonValue:
    if not isinstance(entry.body, dict) or entry.kind not in OBJECTS:
        return entry.body
    spec = entry.body.get("spec")
    if entry.kind == "tuf" and isinstance(spec, dict):
        # It forgets this one member when it reads such an entry.
        spec = {name: each for name, each in spec.items() if name != "spec_version"}
    return {OBJECTS[entry.kind]: spec}


def _signer_json(entry: EntryFacts) -> JsonValue:
    identity = entry.identity
    claims = entry.claims.items() if entry.claims else ()
    return {
        "identity": None if identity is None else identity.text,
        "identity_kind": None if identity is None else identity.kind,
        "issuer": entry.issuer,
        "authority": entry.authority,
        "claims": dict(claims),
        "key": None if entry.key is None else str(entry.key.fingerprint),
        "certificate": None if entry.certificate is None else _certificate_json(entry.certificate),
    }


def _certificate_json(certificate: Certificate) -> JsonValue:
    return {
        "pem": pem_encode("CERTIFICATE", certificate.der),
        "not_before": in_rfc3339(certificate.not_before),
        "not_after": in_rfc3339(certificate.not_after),
    }


def _proof_json(entry: EntryFacts) -> JsonValue:
    proof = entry.record.proof
    if proof is None:
        return None
    return {
        "index": proof.index,
        "size": proof.size,
        "root": proof.root.hex(),
        "hashes": [each.hex() for each in proof.hashes],
        "checkpoint": None if proof.checkpoint is None else proof.checkpoint.to_text(),
    }


def _as_go_writes(data: bytes) -> str:
    """Return *data* as text, each byte that is no part of UTF-8 replaced by U+FFFD."""
    text = data.decode("utf-8", "surrogateescape")
    return "".join("\ufffd" if "\ud800" <= each <= "\udfff" else each for each in text)

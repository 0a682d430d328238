# SPDX-License-Identifier: Apache-2.0
"""Legacy signatures and attestations: layers of an image of their own, with notes on each.

    sha256-HEX.sig   simple-signing payloads   application/vnd.dev.cosign.simplesigning.v1+json
    sha256-HEX.att   DSSE envelopes            application/vnd.dsse.envelope.v1+json

    dev.cosignproject.cosign/signature      over the payload, in base64; "" for an envelope
    dev.sigstore.cosign/certificate         whose key it was, in PEM; absent for a bare key
    dev.sigstore.cosign/chain               in PEM, or ""; never looked at: whom to trust is not
                                            the signature's to say
    dev.sigstore.cosign/bundle              what a log of version 1 promised:
                                            {"SignedEntryTimestamp": "…",
                                             "Payload": {"body": "…", "integratedTime": 1700000000,
                                                         "logIndex": 42, "logID": "c0d2…"}}
    dev.sigstore.cosign/rfc3161timestamp    {"SignedRFC3161Timestamp": "…"}
    predicateType                           of an attestation; the statement decides, not this

Either is read as a `Bundle`, so that one verifier judges both. It is one of version 0.1, which has
the log's promise in place of a proof; a layer has no room for the proof.
"""

import json as json_text
from collections.abc import Callable, Mapping
from typing import TypeVar

from keyless.errors import InputError, ParseError
from keyless.protocol.bundle import Bundle, KeyHint, Material, MessageSignature, ParseCertificate
from keyless.protocol.certificate import Certificate
from keyless.protocol.cosign import LARGEST_PAYLOAD, go_json
from keyless.protocol.digest import Digest
from keyless.protocol.dsse import Envelope
from keyless.protocol.encoding import b64decode, b64encode, pem_decode, pem_encode
from keyless.protocol.entry import HASH_SIZE, LARGEST_EXACT, LATEST_TIME, LogEntry
from keyless.protocol.entry_body import parse_body
from keyless.protocol.json_reader import Json, JsonValue
from keyless.protocol.timestamp import Timestamp

T = TypeVar("T")

SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"
ENVELOPE = "application/vnd.dsse.envelope.v1+json"

SIGNATURE_NOTE = "dev.cosignproject.cosign/signature"
CERTIFICATE_NOTE = "dev.sigstore.cosign/certificate"
CHAIN_NOTE = "dev.sigstore.cosign/chain"
BUNDLE_NOTE = "dev.sigstore.cosign/bundle"
TIMESTAMP_NOTE = "dev.sigstore.cosign/rfc3161timestamp"
PREDICATE_NOTE = "predicateType"

Notes = tuple[tuple[str, str], ...]

_CERTIFICATE = "CERTIFICATE"


def signature_bundle(
    notes: Mapping[str, str], *, parse_certificate: ParseCertificate = Certificate.parse
) -> Bundle:
    """Read what the *notes* on a layer say of its content, a simple-signing document."""
    signature = _within(SIGNATURE_NOTE, b64decode, notes.get(SIGNATURE_NOTE, ""))
    if not signature:
        raise ParseError("no signature", path=SIGNATURE_NOTE)
    return Bundle(
        version="0.1",
        content=MessageSignature(signature=signature, digest=None),
        material=_material(notes, parse_certificate),
        entries=_entries(notes),
        timestamps=_timestamps(notes),
    )


def attestation_bundle(
    notes: Mapping[str, str],
    envelope: bytes,
    *,
    parse_certificate: ParseCertificate = Certificate.parse,
) -> Bundle:
    """Read what the *notes* on the layer with *envelope*, in JSON, say of it."""
    return Bundle(
        version="0.1",
        content=Envelope.parse(Json.parse(envelope)),
        material=_material(notes, parse_certificate),
        entries=_entries(notes),
        # cosign 2 has the envelope timestamped, cosign 3 the signature in it, as all others do. The
        # former proves no more than the latter would, and is left out: its signer needs a log.
        timestamps=tuple(each for each in _timestamps(notes) if not _is_of(each, envelope)),
    )


def layer_notes(bundle: Bundle) -> Notes:
    """Write the notes on a layer that say what *bundle* does, as far as there is room for it.

    One log entry and, of a signature, one timestamp, that is, and of the entry its promise alone.
    """
    content = bundle.content
    signed = isinstance(content, MessageSignature)
    notes = {SIGNATURE_NOTE: b64encode(content.signature) if signed else ""}
    if isinstance(bundle.material, Certificate):
        notes[CERTIFICATE_NOTE] = pem_encode(_CERTIFICATE, bundle.material.der)
        notes[CHAIN_NOTE] = ""
    if bundle.entries:
        promised = [entry for entry in bundle.entries if entry.promise is not None]
        notes[BUNDLE_NOTE] = _text(promise_json((promised or bundle.entries)[0]))
    # Of an envelope's layer cosign verifies a timestamp of the whole envelope, and refuses it for
    # this one, which is of the signature; with none, the log's promise will do.
    if signed and bundle.timestamps:
        notes[TIMESTAMP_NOTE] = _text(timestamp_json(bundle.timestamps[0]))
    return tuple(sorted(notes.items()))


def envelope_json(envelope: Envelope) -> bytes:
    """Write *envelope* as a layer, byte for byte as a log of version 1 was sent it.

    That log keeps the hash of those bytes, and cosign compares it with the layer's.
    """
    return json_text.dumps(envelope.to_json(), ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8"
    )


def promise_json(entry: LogEntry) -> dict[str, JsonValue]:
    """Write *entry* as cosign does: what the log promised of it."""
    if entry.promise is None:
        raise InputError(
            f"entry {entry.index} comes without a promise of its log's, and legacy signatures have "
            "no room for any other proof",
            hint="sign in a log of version 1, or write a bundle",
        )
    return {
        "SignedEntryTimestamp": b64encode(entry.promise),
        "Payload": {
            "body": b64encode(entry.canonical_body),
            "integratedTime": entry.integrated_time,
            "logIndex": entry.index,
            "logID": entry.log_id.hex(),
        },
    }


def timestamp_json(timestamp: Timestamp) -> dict[str, JsonValue]:
    """Write *timestamp* as cosign does."""
    return {"SignedRFC3161Timestamp": b64encode(timestamp.der)}


def _material(notes: Mapping[str, str], parse: ParseCertificate) -> Material:
    # An absent certificate means a bare key; nothing hints at which.
    pem = notes.get(CERTIFICATE_NOTE, "")
    if not pem:
        return KeyHint(hint="")
    return _within(CERTIFICATE_NOTE, lambda text: parse(pem_decode(text, _CERTIFICATE)), pem)


def _entries(notes: Mapping[str, str]) -> tuple[LogEntry, ...]:
    text = notes.get(BUNDLE_NOTE, "")
    return (_within(BUNDLE_NOTE, _promised, text),) if text else ()


def _promised(text: str) -> LogEntry:
    json = Json.parse(text.encode("utf-8"))
    payload = json.object("Payload")
    body = payload.base64("body")
    kind, version, record = payload.within("body", parse_body, body)
    log_id, index = payload.hex("logID"), payload.integer("logIndex")
    integrated_time = payload.integer("integratedTime")
    if len(log_id) != HASH_SIZE:
        raise payload.error(f"{len(log_id)} bytes where {HASH_SIZE} name a log", name="logID")
    if index > LARGEST_EXACT:
        raise payload.error("an index beyond 2^53, which a promise cannot sign", name="logIndex")
    if integrated_time > LATEST_TIME:
        raise payload.error("a time after the year 9999", name="integratedTime")
    return LogEntry(
        log_id=log_id,
        index=index,
        kind=kind,
        version=version,
        integrated_time=integrated_time,
        # null where the log was one of version 2, which gives none
        promise=json.optional_base64("SignedEntryTimestamp"),
        proof=None,
        canonical_body=body,
        recorded_as=(kind, version),
        body=record,
    )


def _timestamps(notes: Mapping[str, str]) -> tuple[Timestamp, ...]:
    text = notes.get(TIMESTAMP_NOTE, "")
    return (_within(TIMESTAMP_NOTE, _stamped, text),) if text else ()


def _stamped(text: str) -> Timestamp:
    json = Json.parse(text.encode("utf-8"), largest=LARGEST_PAYLOAD)
    stamp = json.base64("SignedRFC3161Timestamp")
    return json.within("SignedRFC3161Timestamp", Timestamp.parse, stamp)


def _within(note: str, parse: Callable[[str], T], text: str) -> T:
    """Return *text*, which stands in *note*, as *parse* reads it."""
    try:
        return parse(text)
    except ParseError as error:
        raise type(error)(error.message, path=note, hint=error.hint) from None


def _is_of(timestamp: Timestamp, content: bytes) -> bool:
    return timestamp.imprint == Digest.of(content, timestamp.imprint.algorithm)


def _text(document: dict[str, JsonValue]) -> str:
    return go_json(document).decode("utf-8")

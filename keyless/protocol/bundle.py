# SPDX-License-Identifier: Apache-2.0
"""Bundles: a signature and everything needed to verify it, in one JSON document.

    mediaType                      which version of this format
    verificationMaterial
        certificate                whose key it was; or, up to 0.2, a chain that begins with
          | x509CertificateChain   that certificate; or a hint which key to look for
          | publicKey
        tlogEntries[]              where the signature was logged
        timestampVerificationData  when it was made
    messageSignature               a signature over a file,
      | dsseEnvelope               or over a statement

Versions 0.1 to 0.3 are read, and differ only in what they demand; 0.3 is written.
"""

import json as json_text
from collections.abc import Callable
from typing import assert_never

from keyless.errors import InputError
from keyless.protocol.certificate import Certificate
from keyless.protocol.digest import Digest
from keyless.protocol.dsse import Envelope
from keyless.protocol.encoding import b64encode
from keyless.protocol.entry import LogEntry
from keyless.protocol.entry_body import protobuf_digest
from keyless.protocol.json_reader import Json, JsonValue
from keyless.protocol.timestamp import Timestamp
from keyless.safe_text import shown
from keyless.value import replace, value

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
VERSIONS = {
    "application/vnd.dev.sigstore.bundle+json;version=0.1": "0.1",
    "application/vnd.dev.sigstore.bundle+json;version=0.2": "0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.3": "0.3",
    MEDIA_TYPE: "0.3",
}

# The largest that the other limits leave room for has some 4000; what is signed is one of them.
MOST_VALUES = 20_000
MOST_ENTRIES = 32
MOST_TIMESTAMPS = 32
LONGEST_CHAIN = 8


@value
class MessageSignature:
    """A signature over a file; *digest* is a hint that nothing vouches for."""

    signature: bytes
    digest: Digest | None


@value
class KeyHint:
    """A hint which key made the signature; whoever verifies must have the key already."""

    hint: str


Content = MessageSignature | Envelope
Material = Certificate | KeyHint
ParseCertificate = Callable[[bytes], Certificate]


@value
class Bundle:
    """A signature and everything needed to verify it."""

    version: str
    content: Content
    material: Material
    entries: tuple[LogEntry, ...]
    timestamps: tuple[Timestamp, ...]

    @classmethod
    def parse(
        cls, data: bytes, *, parse_certificate: ParseCertificate = Certificate.parse
    ) -> "Bundle":
        """Read a bundle of any version; *parse_certificate* may remember those it has seen."""
        json = Json.parse(data, most=MOST_VALUES)
        version = _version(json)
        material = json.object("verificationMaterial")
        return cls(
            version=version,
            content=_content(json),
            material=_material(material, version, parse_certificate),
            entries=_entries(material, version),
            timestamps=_timestamps(material),
        )

    def to_json(self) -> bytes:
        """Write the bundle as version 0.3."""
        document: dict[str, JsonValue] = {
            "mediaType": MEDIA_TYPE,
            "verificationMaterial": _material_json(self),
            **_content_json(self.content),
        }
        return json_text.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8")

    @property
    def signature(self) -> bytes:
        """The signature that all else is about."""
        return self.content.signature


def _version(json: Json) -> str:
    media_type = json.text("mediaType")
    version = VERSIONS.get(media_type)
    if version is None:
        raise json.error(
            f"{shown(media_type, longest=120)} is not a bundle of version 0.1, 0.2 or 0.3",
            name="mediaType",
            hint="a newer version of keyless may know this format",
        )
    return version


def _content(json: Json) -> Content:
    kind = json.only_one_of("messageSignature", "dsseEnvelope")
    content = json.object(kind)
    return Envelope.parse(content) if kind == "dsseEnvelope" else _message_signature(content)


def _message_signature(json: Json) -> MessageSignature:
    signature = json.base64("signature")
    if not signature:
        raise json.error("an empty signature", name="signature")
    digest = json.optional_object("messageDigest")
    return MessageSignature(
        signature=signature, digest=None if digest is None else protobuf_digest(digest)
    )


def _material(json: Json, version: str, parse: ParseCertificate) -> Material:
    kind = json.only_one_of("certificate", "x509CertificateChain", "publicKey")
    material = json.object(kind)
    match kind:
        case "certificate":
            return _certificate(material, parse)
        case "publicKey":
            return KeyHint(hint=material.optional_text("hint") or "")
        case _ if version == "0.3":
            raise json.error(
                "version 0.3 has a certificate in place of a chain", name="x509CertificateChain"
            )
        case _:
            return _first_certificate(material, parse)


def _first_certificate(json: Json, parse: ParseCertificate) -> Certificate:
    """Read a whole chain, and keep the leaf: what else may be trusted, the trust root says."""
    listed = json.objects("certificates", most=LONGEST_CHAIN)
    chain = [_certificate(each, parse) for each in listed]
    if not chain:
        raise json.error("an empty chain", name="certificates")
    return chain[0]


def _certificate(json: Json, parse: ParseCertificate) -> Certificate:
    certificate = json.within("rawBytes", parse, json.base64("rawBytes"))
    if certificate.is_authority and certificate.subject == certificate.issued_by:
        raise json.error(
            "a self-signed CA certificate, which must not come in a bundle",
            name="rawBytes",
            hint="whom to trust is never the bundle's to say; write it without its root",
        )
    return certificate


def _entries(json: Json, version: str) -> tuple[LogEntry, ...]:
    entries: dict[tuple[bytes, int], LogEntry] = {}
    for each in json.objects("tlogEntries", most=MOST_ENTRIES):
        entry = _entry(each, version)
        # One entry shown twice must not pass for two where several logs are demanded.
        if entries.setdefault((entry.log_id, entry.index), entry) is not entry:
            raise each.error(f"the log's entry {entry.index} for the second time")
    return tuple(entries.values())


def _entry(json: Json, version: str) -> LogEntry:
    entry = LogEntry.parse(json)
    proved = entry.proof is not None and entry.proof.checkpoint is not None
    if version == "0.1":
        if entry.promise is None:
            raise json.error("missing, and version 0.1 demands it", name="inclusionPromise")
        # Without a checkpoint a proof leads nowhere; here the promise stands in for it.
        return entry if proved else replace(entry, proof=None)
    if entry.proof is None:
        raise json.error(f"missing, and version {version} demands it", name="inclusionProof")
    if not proved:
        raise json.error(
            f"missing, and version {version} demands it", name="inclusionProof.checkpoint"
        )
    return entry


def _timestamps(json: Json) -> tuple[Timestamp, ...]:
    timestamps = json.optional_object("timestampVerificationData")
    if timestamps is None:
        return ()
    return tuple(
        each.within("signedTimestamp", Timestamp.parse, each.base64("signedTimestamp"))
        for each in timestamps.objects("rfc3161Timestamps", most=MOST_TIMESTAMPS)
    )


def _material_json(bundle: Bundle) -> dict[str, JsonValue]:
    json: dict[str, JsonValue] = {}
    match bundle.material:
        case Certificate():
            json["certificate"] = {"rawBytes": b64encode(bundle.material.der)}
        case KeyHint():
            json["publicKey"] = {"hint": bundle.material.hint}
        case _:
            assert_never(bundle.material)
    json["tlogEntries"] = [_entry_json(entry) for entry in bundle.entries]
    if bundle.timestamps:
        json["timestampVerificationData"] = {
            "rfc3161Timestamps": [
                {"signedTimestamp": b64encode(each.der)} for each in bundle.timestamps
            ]
        }
    return json


def _entry_json(entry: LogEntry) -> dict[str, JsonValue]:
    if entry.proof is None or entry.proof.checkpoint is None:
        raise InputError(
            f"entry {entry.index} has no inclusion proof with a checkpoint, "
            "which version 0.3 of a bundle demands",
            hint="keep the bundle as it came, or ask the log for the proof",
        )
    return entry.to_json()


def _content_json(content: Content) -> dict[str, JsonValue]:
    match content:
        case Envelope():
            return {"dsseEnvelope": content.to_json()}
        case MessageSignature():
            return {"messageSignature": _message_json(content)}
        case _:
            assert_never(content)


def _message_json(content: MessageSignature) -> dict[str, JsonValue]:
    json: dict[str, JsonValue] = {}
    if content.digest is not None:
        json["messageDigest"] = {
            "algorithm": content.digest.algorithm.protobuf_name,
            "digest": b64encode(content.digest.value),
        }
    json["signature"] = b64encode(content.signature)
    return json

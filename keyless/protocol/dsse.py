# SPDX-License-Identifier: Apache-2.0
"""DSSE envelopes: a payload, its type, and a signature over both (DSSE protocol 1.0).

What is signed is not the JSON, which can be written in many ways, but the pre-authentication
encoding, which puts a length before everything of variable size:

    DSSEv1 SP <length of type> SP <type> SP <length of payload> SP <payload>
"""

from keyless.protocol.encoding import b64encode
from keyless.protocol.json_reader import Json, JsonValue
from keyless.value import value


@value
class EnvelopeSignature:
    """A signature over an envelope; its *key_id* is a hint that nothing vouches for."""

    signature: bytes
    key_id: str = ""


@value
class Envelope:
    """A payload of some type, signed."""

    payload_type: str
    payload: bytes
    signatures: tuple[EnvelopeSignature, ...]

    @classmethod
    def parse(cls, json: Json) -> "Envelope":
        """Read an envelope that has exactly one signature, as Sigstore's have."""
        signatures = json.objects("signatures", most=1)
        if not signatures:
            raise json.error("no signature", name="signatures")
        return cls(
            payload_type=json.text("payloadType"),
            payload=json.base64("payload"),
            signatures=tuple(_signature(signature) for signature in signatures),
        )

    def to_json(self) -> dict[str, JsonValue]:
        """Write the envelope as it stands in a bundle."""
        return {
            "payload": b64encode(self.payload),
            "payloadType": self.payload_type,
            "signatures": [
                {"sig": b64encode(each.signature), "keyid": each.key_id}
                if each.key_id
                else {"sig": b64encode(each.signature)}
                for each in self.signatures
            ],
        }

    @property
    def signature(self) -> bytes:
        """The envelope's one signature."""
        # Unpacked, not indexed: with two, a verifier could look at another one than its reader.
        (only,) = self.signatures
        return only.signature


def pae(payload_type: str, payload: bytes) -> bytes:
    """Encode *payload* and its type so that no other pair has the same encoding."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _signature(json: Json) -> EnvelopeSignature:
    signature = json.base64("sig")
    if not signature:
        raise json.error("an empty signature", name="sig")
    return EnvelopeSignature(signature=signature, key_id=json.optional_text("keyid") or "")

# SPDX-License-Identifier: Apache-2.0
"""What cosign signs of a container image: two documents that say the same.

Since version 3 an in-toto statement, which stands in a bundle. The image is its digest, and has no
name:

    {"_type":         "https://in-toto.io/Statement/v1",
     "subject":       [{"digest": {"sha256": "0f5e…"}, "annotations": {"git": "3e1f…"}}],
     "predicateType": "https://sigstore.dev/cosign/sign/v1",
     "predicate":     {}}

Before that, and still for podman and whoever else reads `.sig` tags, a "simple signing" payload:

    {"critical": {"identity": {"docker-reference": "ghcr.io/me/app"},
                  "image":    {"docker-manifest-digest": "sha256:0f5e…"},
                  "type":     "cosign container image signature"},
     "optional": {"git": "3e1f…"}}

That one is signed byte for byte, so it is written exactly as cosign writes it.
"""

import json as json_text
from collections.abc import Iterable, Mapping

from keyless.errors import InputError
from keyless.protocol.digest import Digest
from keyless.protocol.json_reader import Json, JsonValue
from keyless.protocol.statement import STATEMENT_TYPES
from keyless.safe_text import shown
from keyless.value import value

SIGN_PREDICATE = "https://sigstore.dev/cosign/sign/v1"
SIGNATURE_TYPE = "cosign container image signature"
LARGEST_PAYLOAD = 1 << 20

Annotations = tuple[tuple[str, JsonValue], ...]

# As Go writes JSON, so that it may stand in HTML; and two line ends of JavaScript's.
_ESCAPED = {each: f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"}


@value
class SimpleSigning:
    """What a legacy signature signs: that an image is the one with *digest*.

    *docker_reference* is what the signer calls it, and *annotations* what else they say of it.
    """

    docker_reference: str
    digest: Digest
    annotations: Annotations = ()

    @classmethod
    def parse(cls, payload: bytes) -> "SimpleSigning":
        """Read a *payload* that says of itself that it is a signature of an image."""
        json = Json.parse(payload, largest=LARGEST_PAYLOAD)
        critical = json.object("critical")
        kind = critical.text("type")
        if kind != SIGNATURE_TYPE:
            raise critical.error(
                f"{shown(kind, longest=80)} where {SIGNATURE_TYPE!r} is wanted", name="type"
            )
        image = critical.object("image")
        digest = image.text("docker-manifest-digest")
        optional = json.optional_object("optional")
        return cls(
            docker_reference=critical.object("identity").text("docker-reference"),
            digest=image.within("docker-manifest-digest", Digest.parse, digest),
            annotations=() if optional is None else _pairs(optional),
        )

    def to_json(self) -> bytes:
        """Write the payload, byte for byte as cosign does."""
        return go_json(
            {
                "critical": {
                    "identity": {"docker-reference": self.docker_reference},
                    "image": {"docker-manifest-digest": str(self.digest)},
                    "type": SIGNATURE_TYPE,
                },
                "optional": dict(sorted(self.annotations)) or None,
            }
        )


def sign_statement(digest: Digest, annotations: Annotations = ()) -> bytes:
    """Write the statement that whoever signs it signs the image with *digest*."""
    return json_text.dumps(
        {
            "_type": STATEMENT_TYPES[0],
            "subject": [
                {
                    "digest": {digest.algorithm.value: digest.hex},
                    "annotations": dict(sorted(annotations)),
                }
            ],
            "predicateType": SIGN_PREDICATE,
            "predicate": {},
        },
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode("utf-8")


def signed_annotations(annotations: Mapping[str, str] | None) -> Annotations:
    """Return *annotations*, which the caller wants signed or demands, if they are texts."""
    pairs = tuple((annotations or {}).items())
    for name, text in pairs:
        if not (_is_text(name) and _is_text(text)):
            raise InputError(
                f"the annotation {shown(name, longest=80)} is no text with a name",
                hint='as in annotations={"git": "3e1f…"}',
            )
    return pairs


def are_among(wanted: Iterable[tuple[str, JsonValue]], there: Annotations) -> bool:
    """Say whether each of *wanted* is among those that are *there*, word for word."""
    said = dict(there)
    return all(name in said and said[name] == text for name, text in wanted)


def go_json(document: JsonValue) -> bytes:
    """Write *document* as Go's `encoding/json` does; the keys of its objects are in order."""
    text = json_text.dumps(document, ensure_ascii=False, separators=(",", ":"))
    for character, escaped in _ESCAPED.items():
        text = text.replace(character, escaped)
    return text.encode("utf-8")


def _pairs(json: Json) -> Annotations:
    return tuple((name, json.value(name)) for name in json.names())


def _is_text(text: object) -> bool:
    """Say whether *text* is one, and can be written: half a surrogate pair cannot."""
    if not isinstance(text, str):
        return False
    return text.encode("utf-8", "replace").decode("utf-8") == text

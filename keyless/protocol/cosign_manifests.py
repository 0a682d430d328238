# SPDX-License-Identifier: Apache-2.0
"""How a registry keeps what cosign signs: a manifest for each bundle, or one for all signatures.

A bundle refers to its image by `subject`, and is found by that. Of its two artifact types the
second is the standard's, and the first is what `cosign clean` looks at:

    {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
     "config":      {"mediaType": "application/vnd.oci.empty.v1+json", …, "artifactType": BUNDLE},
     "layers":      [{"mediaType": BUNDLE, …}],
     "annotations": {"dev.sigstore.bundle.content": "dsse-envelope",
                     "dev.sigstore.bundle.predicateType": "https://sigstore.dev/cosign/sign/v1",
                     "org.opencontainers.image.created": "2026-07-24T18:31:58Z"},
     "subject":     {…}, "artifactType": BUNDLE}

Legacy signatures of one image are layers of one manifest, which is found by its tag. What it has
for a configuration says nothing, and is the same for the same layers, byte for byte.
"""

from datetime import datetime

from keyless.errors import InputError
from keyless.protocol.bundle import MEDIA_TYPE
from keyless.protocol.cosign import go_json
from keyless.protocol.cosign_layers import Notes
from keyless.protocol.digest import Digest
from keyless.protocol.json_reader import Json, JsonValue, json_value
from keyless.protocol.oci import IMAGE_MANIFEST, Descriptor, Manifest
from keyless.protocol.window import in_rfc3339

IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
EMPTY_CONFIG = b"{}"

# What the media type of a bundle begins with, whatever its version.
BUNDLE_FAMILY = "application/vnd.dev.sigstore.bundle"
# Where a legacy signature refers to its image, which one setting of cosign's brings about.
LEGACY_ARTIFACT = "application/vnd.dev.cosign.artifact.sig.v1+json"

CONTENT_NOTE = "dev.sigstore.bundle.content"
PREDICATE_TYPE_NOTE = "dev.sigstore.bundle.predicateType"
CREATED_NOTE = "org.opencontainers.image.created"

MOST_LAYERS = 1000  # more than so many cosign does not read

_DAY_ZERO = "0001-01-01T00:00:00Z"


def bundle_manifest(
    bundle: bytes, *, subject: Descriptor, predicate_type: str, created: datetime
) -> Manifest:
    """Write the manifest by which *bundle* refers to its *subject*."""
    return Manifest.parse(
        go_json(
            {
                "schemaVersion": 2,
                "mediaType": IMAGE_MANIFEST,
                "config": {**_described(EMPTY, EMPTY_CONFIG), "artifactType": MEDIA_TYPE},
                "layers": [_described(MEDIA_TYPE, bundle)],
                "annotations": {
                    CONTENT_NOTE: "dsse-envelope",
                    PREDICATE_TYPE_NOTE: predicate_type,
                    CREATED_NOTE: in_rfc3339(created),
                },
                "subject": {
                    "mediaType": subject.media_type,
                    "size": subject.size,
                    "digest": str(subject.digest),
                },
                "artifactType": MEDIA_TYPE,
            }
        )
    )


def with_layer(
    there: Manifest | None, content: bytes, *, media_type: str, notes: Notes
) -> tuple[bytes, Manifest]:
    """Return the manifest *there* with one layer more, and the configuration that it then has.

    Whatever is there already stays as it is, in whatever dialect it was written.
    """
    json = Json({} if there is None else _members(there))
    digests = [layer.text("digest") for layer in json.objects("layers", most=MOST_LAYERS)]
    if len(digests) == MOST_LAYERS:
        raise InputError(
            f"the image has {MOST_LAYERS} legacy signatures already, and cosign reads no more",
            hint="write a bundle: of those there may be any number",
        )
    layer: dict[str, JsonValue] = {**_described(media_type, content), "annotations": dict(notes)}
    config = configuration([*digests, str(layer["digest"])])
    there_config = json.optional_object("config")
    kind = IMAGE_CONFIG if there_config is None else there_config.text("mediaType")
    document: dict[str, JsonValue] = {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        **{name: json.value(name) for name in json.names()},
        "config": _described(kind, config),
        "layers": [*_list(json.value("layers")), layer],
    }
    return config, Manifest.parse(go_json(document))


def configuration(layers: list[str]) -> bytes:
    """Write the configuration of an image of nothing but *layers*, named by their digests."""
    return go_json(
        {
            "architecture": "",
            "created": _DAY_ZERO,
            "history": [{"created": _DAY_ZERO} for _ in layers],
            "os": "",
            "rootfs": {"type": "layers", "diff_ids": list(layers)},
            "config": {},
        }
    )


def _described(media_type: str, content: bytes) -> dict[str, JsonValue]:
    return {"mediaType": media_type, "size": len(content), "digest": str(Digest.of(content))}


def _members(manifest: Manifest) -> dict[str, JsonValue]:
    members = json_value(manifest.raw)
    if manifest.is_index or not isinstance(members, dict):
        raise InputError(
            f"{manifest.digest} stands where legacy signatures do, and is an index of images",
            hint="something else gave out its tag; write a bundle, or delete the tag",
        )
    return members


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []

# SPDX-License-Identifier: Apache-2.0
"""Images to carry around, and layouts of them: small, and the same each time."""

import json
import tarfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from keyless.images.store import Store
from keyless.protocol.cosign_layers import ENVELOPE, SIMPLE_SIGNING
from keyless.protocol.cosign_manifests import bundle_manifest, with_layer
from keyless.protocol.oci import IMAGE_INDEX, IMAGE_MANIFEST, Descriptor, Manifest, Platform

CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
SBOM_TYPE = "text/spdx+json"
NOTES = (("dev.cosignproject.cosign/signature", "MEUC"),)


def put(store: Store, content: bytes, media_type: str = LAYER_TYPE) -> Descriptor:
    """Put *content* as a blob."""
    descriptor = Descriptor.of(content, media_type=media_type)
    store.put_blob(descriptor, [content])
    return descriptor


def image(store: Store, *layers: bytes, architecture: str = "amd64") -> Manifest:
    """Put the blobs of an image of *layers*, and return its manifest."""
    config = put(
        store, json.dumps({"architecture": architecture, "os": "linux"}).encode(), CONFIG_TYPE
    )
    document = {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "config": config.to_json(),
        "layers": [put(store, layer).to_json() for layer in layers or (b"a layer",)],
    }
    return Manifest.parse(json.dumps(document).encode())


def index(parts: Mapping[str, Manifest]) -> Manifest:
    """Return an index of *parts* by platform."""
    entries = []
    for platform, part in parts.items():
        entry = part.descriptor.to_json()
        entries.append({**entry, "platform": Platform.parse(platform).to_json()})
    document = {"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": entries}
    return Manifest.parse(json.dumps(document).encode())


def bundle(store: Store, subject: Manifest, content: bytes = b'{"a":"bundle"}') -> Manifest:
    """Put what refers to *subject*, and is called a bundle."""
    manifest = bundle_manifest(
        content,
        subject=subject.descriptor,
        predicate_type="https://sigstore.dev/cosign/sign/v1",
        created=datetime(2026, 1, 1, tzinfo=UTC),
    )
    put(store, b"{}")
    put(store, content)
    store.add_referrers([manifest])
    return manifest


def legacy(store: Store, tag: str, *contents: bytes, media_type: str = SIMPLE_SIGNING) -> Manifest:
    """Put layers of *contents* under *tag*, as older versions of cosign do."""
    manifest = None
    for content in contents:
        put(store, content)
        config, manifest = with_layer(manifest, content, media_type=media_type, notes=NOTES)
        put(store, config)
    assert manifest is not None
    store.put_manifest(manifest, tag=tag)
    return manifest


def attestation_layer(store: Store, tag: str, content: bytes) -> Manifest:
    """Put *content* as an attestation under *tag*."""
    return legacy(store, tag, content, media_type=ENVELOPE)


def packed(folder: Path, archive: Path) -> Path:
    """Pack *folder* as `tar -C folder .` does."""
    with tarfile.open(archive, "w") as tar:
        tar.add(folder, arcname=".")
    return archive


def edit_index(folder: Path, **members: object) -> None:
    """Write *members* into the index of the layout in *folder*."""
    path = folder / "index.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **members}))


def blob_files(folder: Path) -> Iterable[Path]:
    """Return the blobs of the layout in *folder*."""
    return sorted((folder / "blobs" / "sha256").iterdir())

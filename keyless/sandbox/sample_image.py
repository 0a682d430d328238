# SPDX-License-Identifier: Apache-2.0
"""An image for the registry of a sandbox: small, genuine, and the same for the same contents."""

from collections.abc import Sequence
from io import BytesIO
from tarfile import TarFile, TarInfo

from keyless.images.store import Store
from keyless.protocol.cosign import go_json
from keyless.protocol.digest import Digest
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.oci import (
    IMAGE_INDEX,
    IMAGE_MANIFEST,
    Descriptor,
    ImageReference,
    Manifest,
    Platform,
)
from keyless.services.http import Transport
from keyless.services.registry_credentials import anonymous
from keyless.services.registry_opening import open_registry
from keyless.services.registry_options import RegistryOptions

FILE = "hello.txt"
USUAL = "linux/amd64"
_IMAGE = "application/vnd.oci.image"


def pushed(
    reference: str, content: bytes, *, platforms: Sequence[str], transport: Transport
) -> str:
    """Push an image of a file with *content* to *reference*, over *transport*; return that.

    With *platforms* it is an index of one image for each.
    """
    image = ImageReference.parse(reference)
    # What docker and podman know is not asked for: a sandbox is none of theirs.
    options = RegistryOptions(credentials=anonymous)
    store = open_registry(image, transport=transport, options=options)
    parts = {each: _image(store, content, Platform.parse(each)) for each in platforms or (USUAL,)}
    if platforms:
        for part in parts.values():
            store.put_manifest(part)
    whole = _index(parts) if platforms else parts[USUAL]
    store.put_manifest(whole, tag=image.reference)
    return reference


def _image(store: Store, content: bytes, platform: Platform) -> Manifest:
    layer = _layer(content)
    rootfs: JsonValue = {"type": "layers", "diff_ids": [str(Digest.of(layer))]}
    config = go_json({**platform.to_json(), "rootfs": rootfs})
    document: JsonValue = {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "config": _put(store, config, f"{_IMAGE}.config.v1+json"),
        "layers": [_put(store, layer, f"{_IMAGE}.layer.v1.tar")],
    }
    return Manifest.parse(go_json(document))


def _index(parts: dict[str, Manifest]) -> Manifest:
    entries: list[JsonValue] = [
        {**part.descriptor.to_json(), "platform": Platform.parse(each).to_json()}
        for each, part in parts.items()
    ]
    document: JsonValue = {"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": entries}
    return Manifest.parse(go_json(document))


def _put(store: Store, content: bytes, media_type: str) -> JsonValue:
    descriptor = Descriptor.of(content, media_type=media_type)
    store.put_blob(descriptor, [content])
    return descriptor.to_json()


def _layer(content: bytes) -> bytes:
    written = BytesIO()
    with TarFile(fileobj=written, mode="w") as archive:
        entry = TarInfo(FILE)
        entry.size = len(content)
        archive.addfile(entry, BytesIO(content))
    return written.getvalue()

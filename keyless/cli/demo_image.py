# SPDX-License-Identifier: Apache-2.0
"""The image of `keyless demo`: made, pushed to the sandbox's registry, signed and verified."""

import os
from contextlib import suppress

from keyless.auth import Identity
from keyless.facade.carrying import save_image
from keyless.facade.images import sign_image, verify_image
from keyless.images.open import open_place
from keyless.images.proof import ImageProof
from keyless.images.signed import SignedImage
from keyless.images.store import Store
from keyless.policy import Policy
from keyless.protocol.cosign import go_json
from keyless.protocol.digest import Digest
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.oci import IMAGE_MANIFEST, Descriptor, Manifest
from keyless.sandbox import Sandbox
from keyless.services.registry_credentials import anonymous
from keyless.services.registry_options import RegistryOptions

TAG = "1.0"
# What docker and podman know is not asked for: this registry lets in everybody.
ANYBODY = RegistryOptions(credentials=anonymous)


class DemoImage:
    """The image called *name* in the registry of *sandbox*; its archive is at *path*."""

    def __init__(self, sandbox: Sandbox, name: str, path: str) -> None:
        self._sigstore = sandbox.sigstore
        self._path = path
        self.reference = f"registry.sandbox.test/{name}:{TAG}"

    def push(self, greeting: bytes) -> None:
        """Make an image of one file, which has *greeting* in it, and push it under the tag."""
        place = open_place(self.reference, options=ANYBODY, transport=self._sigstore.transport)
        place.store.put_manifest(_put(place.store, greeting), tag=TAG)

    def sign(self, identity: Identity) -> SignedImage:
        """Sign what the tag stands for, as *identity*."""
        return sign_image(self.reference, identity, options=ANYBODY, sigstore=self._sigstore)

    def verified(self, policy: Policy) -> ImageProof:
        """Return the proof that what the tag stands for is signed as by *policy*."""
        return verify_image(self.reference, policy=policy, options=ANYBODY, sigstore=self._sigstore)

    def save(self) -> None:
        """Save the image to its archive, with its signatures."""
        # That of the demo before has signatures of a sandbox that is gone.
        with suppress(FileNotFoundError):
            os.remove(self._path)
        save_image(self.reference, self._path, options=ANYBODY, sigstore=self._sigstore)


def _put(store: Store, greeting: bytes) -> Manifest:
    layer = _layer(greeting)
    rootfs: JsonValue = {"type": "layers", "diff_ids": [str(Digest.of(layer))]}
    config = go_json({"architecture": "amd64", "os": "linux", "rootfs": rootfs})
    parts: list[JsonValue] = []
    for kind, content in (("config.v1+json", config), ("layer.v1.tar", layer)):
        descriptor = Descriptor.of(content, media_type=f"application/vnd.oci.image.{kind}")
        store.put_blob(descriptor, [content])
        parts.append(descriptor.to_json())
    document: JsonValue = {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "config": parts[0],
        "layers": parts[1:],
    }
    return Manifest.parse(go_json(document))


def _layer(greeting: bytes) -> bytes:
    from io import BytesIO  # noqa: PLC0415 - with the next
    from tarfile import TarFile, TarInfo  # noqa: PLC0415 - slow to import

    written = BytesIO()
    with TarFile(fileobj=written, mode="w") as archive:
        entry = TarInfo("hello.txt")
        entry.size = len(greeting)
        archive.addfile(entry, BytesIO(greeting))
    return written.getvalue()

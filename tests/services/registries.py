# SPDX-License-Identifier: Apache-2.0
"""Registries to test with, images to put there, and what is said on the way."""

import json
from collections.abc import Callable
from typing import Any

from keyless.protocol.json_reader import JsonValue
from keyless.protocol.oci import IMAGE_MANIFEST, Descriptor, ImageReference, Manifest
from keyless.protocol.oci_index import listing
from keyless.sandbox import Sandbox
from keyless.sandbox.registry.habits import Habits
from keyless.services.http import Patience, Request, Response, Transport
from keyless.services.registry import Registry
from keyless.services.registry_credentials import Keychain, anonymous
from keyless.services.registry_opening import open_registry
from keyless.services.registry_options import RegistryOptions

HOST = "registry.sandbox.test"
APP = ImageReference.parse(f"{HOST}/me/app")
EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
EMPTY = Descriptor.of(b"{}", media_type=EMPTY_TYPE)
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
SIGNATURE = "application/vnd.dev.sigstore.bundle.v0.3+json"

# Nobody waits for a sandbox.
AT_ONCE = Patience(sleep=lambda _: None)


class Heard:
    """A transport that keeps what was asked, and hands it on to another."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.asked: list[Request] = []
        self.elsewhere: Callable[[Request], Response] | None = None

    def __call__(self, request: Request) -> Response:
        """Hand *request* on, or have whoever is elsewhere answer it."""
        self.asked.append(request)
        if self.elsewhere is not None and "elsewhere.test" in request.url:
            return self.elsewhere(request)
        return self._transport(request)

    @property
    def lines(self) -> list[str]:
        """Each request in a few words, as in `GET manifests/v1`."""
        return [f"{each.method} {_path(each.url)}" for each in self.asked]

    def told(self, host: str) -> list[str]:
        """Return every credential that whoever is at *host* was sent."""
        return [
            each.header("Authorization")
            for each in self.asked
            if each.host == host and each.header("Authorization")
        ]


def _path(url: str) -> str:
    return url.partition("/v2/me/app/")[2] or url


class Client:
    """A sandbox's registry with its *habits*, and a repository in it as its client sees it."""

    def __init__(
        self,
        *,
        credentials: Keychain = anonymous,
        image: ImageReference = APP,
        patience: Patience = AT_ONCE,
        **habits: Any,
    ) -> None:
        self.sandbox = Sandbox()
        self.sandbox.registry.habits = Habits(**habits)
        self.heard = Heard(self.sandbox.transport)
        self._credentials = credentials
        self._image = image
        self._patience = patience
        self.registry = self.again()

    def again(self) -> Registry:
        """Open the repository once more, as another program would."""
        options = RegistryOptions(credentials=self._credentials)
        return open_registry(
            self._image, transport=self.heard, options=options, patience=self._patience
        )

    def push(self, tag: str = "v1", *, layer: bytes = b"a layer") -> Manifest:
        """Push an image."""
        manifest = image(layer)
        self.registry.put_blob(EMPTY, [b"{}"])
        self.registry.put_blob(manifest.layers[0], [layer])
        self.registry.put_manifest(manifest, tag=tag)
        return manifest

    def sign(self, subject: Manifest, content: bytes = b"a signature") -> Manifest:
        """Push something that refers to *subject*, as signatures do."""
        manifest = referring(subject, content)
        self.registry.put_blob(EMPTY, [b"{}"])
        self.registry.put_blob(manifest.layers[0], [content])
        self.registry.add_referrers([manifest])
        return manifest


def image(layer: bytes, **members: JsonValue) -> Manifest:
    """Write the manifest of an image of one layer."""
    document = {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "config": EMPTY.to_json(),
        "layers": [Descriptor.of(layer, media_type=LAYER_TYPE).to_json()],
        **members,
    }
    return Manifest.parse(json.dumps(document).encode())


def referring(subject: Manifest, content: bytes) -> Manifest:
    """Write the manifest of something that refers to *subject*."""
    return image(
        content,
        subject=subject.descriptor.to_json(),
        artifactType=SIGNATURE,
        annotations={"what": "a signature"},
    )


def noted(*manifests: Manifest) -> Manifest:
    """Write the list of *manifests* that clients keep under a tag."""
    return listing(each.referrer for each in manifests)

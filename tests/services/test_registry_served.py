# SPDX-License-Identifier: Apache-2.0
"""A registry over sockets: what is streamed, breaks off and is refused there."""

from collections.abc import Iterator

import pytest

from keyless.errors import ServiceError
from keyless.protocol.digest import Digest
from keyless.protocol.oci import Descriptor, ImageReference
from keyless.sandbox import Sandbox
from keyless.sandbox.faults import Huge, Truncate
from keyless.sandbox.registry import Habits
from keyless.services.http import requests_transport
from keyless.services.registry import Registry
from keyless.services.registry_credentials import anonymous
from keyless.services.registry_opening import open_registry
from keyless.services.registry_options import RegistryOptions
from tests.services.registries import AT_ONCE, EMPTY, LAYER_TYPE, image, referring

LAYER = bytes(range(256)) * 4096  # a mebibyte
DESCRIPTOR = Descriptor.of(LAYER, media_type=LAYER_TYPE)


@pytest.fixture
def sandbox() -> Sandbox:
    """An instance whose registry knows no referrers."""
    sandbox = Sandbox()
    sandbox.registry.habits = Habits(referrers="unknown")
    return sandbox


@pytest.fixture
def registry(sandbox: Sandbox) -> Iterator[Registry]:
    """Its registry, over sockets."""
    with sandbox.serve() as served:
        host = served.urls.registry.removeprefix("http://")
        yield open_registry(
            ImageReference.parse(f"{host}/me/app"),
            transport=requests_transport(AT_ONCE),
            options=RegistryOptions(credentials=anonymous),
            patience=AT_ONCE,
        )


def test_what_goes_over_sockets_comes_back(registry: Registry) -> None:
    """An image, and what refers to it."""
    manifest = image(LAYER)
    registry.put_blob(EMPTY, [b"{}"])
    registry.put_blob(DESCRIPTOR, iter([LAYER[:1000], LAYER[1000:]]))
    registry.put_manifest(manifest, tag="v1")
    signed = referring(manifest, LAYER)
    registry.add_referrers([signed])
    assert registry.manifest(registry.resolve("v1")) == manifest
    assert registry.blob(DESCRIPTOR, largest=1 << 20) == LAYER
    assert registry.referrers(manifest.digest).descriptors == (signed.referrer,)


def test_a_download_that_breaks_off_goes_on(sandbox: Sandbox, registry: Registry) -> None:
    """The connection is cut twice, and each time the rest is asked for."""
    registry.put_blob(DESCRIPTOR, [LAYER])
    with sandbox.inject("registry", Truncate(kept=400_000), times=2):
        assert registry.blob(DESCRIPTOR, largest=1 << 20) == LAYER


def test_a_blob_that_is_larger_than_it_should_be_is_not_read_to_its_end(
    sandbox: Sandbox, registry: Registry
) -> None:
    """Nor is more than that kept of it."""
    with (
        sandbox.inject("registry", Huge()),
        pytest.raises(ServiceError, match="more than 2 bytes"),
    ):
        registry.blob(EMPTY, largest=10)


def test_a_manifest_of_a_size_that_none_has_is_not_read(
    sandbox: Sandbox, registry: Registry
) -> None:
    """It is refused while it comes."""
    with (
        sandbox.inject("registry", Huge()),
        pytest.raises(ServiceError, match="more than the 4194304 bytes"),
    ):
        registry.manifest(Digest.of(b""))

# SPDX-License-Identifier: Apache-2.0
"""Manifests of signatures: as cosign writes them, and added to without losing anybody's."""

import json
from datetime import UTC, datetime

import pytest

from keyless.errors import InputError
from keyless.protocol.cosign_layers import SIMPLE_SIGNING
from keyless.protocol.cosign_manifests import (
    EMPTY_CONFIG,
    MOST_LAYERS,
    bundle_manifest,
    configuration,
    with_layer,
)
from keyless.protocol.digest import Digest
from keyless.protocol.oci import Descriptor, Manifest
from keyless.protocol.oci_index import listing

NOON = datetime(2026, 7, 24, 18, 31, 58, tzinfo=UTC)
SUBJECT = Descriptor.of(b"an image", media_type="application/vnd.oci.image.manifest.v1+json")
BUNDLE = b'{"a": "bundle"}'
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"


def added(there: Manifest | None, content: bytes = b"payload") -> tuple[bytes, Manifest]:
    """Add a signature of *content*."""
    return with_layer(there, content, media_type=SIMPLE_SIGNING, notes=(("a", "1"), ("b", "")))


def test_a_bundle_refers_to_its_image_as_cosigns_does() -> None:
    """Key by key, in order; and with the artifact type that `cosign clean` looks at."""
    manifest = bundle_manifest(BUNDLE, subject=SUBJECT, predicate_type="p", created=NOON)
    assert manifest.raw.decode() == (
        '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",'
        '"config":{"mediaType":"application/vnd.oci.empty.v1+json","size":2,"digest":'
        '"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",'
        '"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json"},'
        '"layers":[{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json",'
        f'"size":{len(BUNDLE)},"digest":"{Digest.of(BUNDLE)}"}}],'
        '"annotations":{"dev.sigstore.bundle.content":"dsse-envelope",'
        '"dev.sigstore.bundle.predicateType":"p",'
        '"org.opencontainers.image.created":"2026-07-24T18:31:58Z"},'
        f'"subject":{{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":8,'
        f'"digest":"{SUBJECT.digest}"}},'
        '"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json"}'
    )
    assert manifest.config is not None
    assert manifest.config.digest == Digest.of(EMPTY_CONFIG)


def test_a_configuration_is_the_one_the_world_has() -> None:
    """Of a signature that cosign pushed: 233 bytes, with this digest."""
    layer = "sha256:561222396fbe725acde46e728adc5aa8069942c201787a22ce6fc286ecc96f0a"
    config = configuration([layer])
    assert (len(config), Digest.of(config).hex) == (
        233,
        "05fbecb08f0d6d921b2808b0104ed825e3c0e67807efd5b95a38083779f6c285",
    )


def test_the_first_signature_makes_the_manifest() -> None:
    """As cosign does: the notes in order, the configuration that of its one layer."""
    config, manifest = added(None)
    payload = Digest.of(b"payload")
    assert config == configuration([str(payload)])
    assert manifest.raw.decode() == (
        '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",'
        '"config":{"mediaType":"application/vnd.oci.image.config.v1+json",'
        f'"size":{len(config)},"digest":"{Digest.of(config)}"}},'
        '"layers":[{"mediaType":"application/vnd.dev.cosign.simplesigning.v1+json","size":7,'
        f'"digest":"{payload}","annotations":{{"a":"1","b":""}}}}]}}'
    )


def test_a_further_signature_keeps_the_others() -> None:
    """Also of the same payload: it is there twice then, with notes of its own on each."""
    _, first = added(None)
    config, second = added(first)
    assert [layer.digest for layer in second.layers] == [Digest.of(b"payload")] * 2
    assert second.layers[:1] == first.layers
    assert config == configuration([str(Digest.of(b"payload"))] * 2)


def test_another_dialect_is_kept() -> None:
    """What Docker's types, or somebody's annotations, stand in goes on as it was."""
    _, there = added(None)
    document = json.loads(there.raw)
    document |= {"mediaType": DOCKER, "annotations": {"theirs": "kept"}, "strange": [1]}
    document["config"]["mediaType"] = "application/vnd.docker.container.image.v1+json"
    _, manifest = added(Manifest.parse(json.dumps(document).encode()))
    written = json.loads(manifest.raw)
    assert (manifest.media_type, written["strange"], written["annotations"]) == (
        DOCKER,
        [1],
        {"theirs": "kept"},
    )
    assert written["config"]["mediaType"] == "application/vnd.docker.container.image.v1+json"
    assert len(manifest.layers) == 2


def test_more_signatures_than_anybody_reads_are_refused() -> None:
    """Cosign reads a thousand: one more would be signed in vain."""
    layers = [{**SUBJECT.to_json(), "annotations": {}}] * MOST_LAYERS
    document = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": SUBJECT.to_json(),
        "layers": layers,
    }
    with pytest.raises(InputError, match="1000 legacy signatures already"):
        added(Manifest.parse(json.dumps(document).encode()))


def test_an_index_is_not_added_to() -> None:
    """Something else has the tag: a signature in it would be read by nobody."""
    with pytest.raises(InputError, match="is an index of images"):
        added(listing([SUBJECT]))

# SPDX-License-Identifier: Apache-2.0
"""Legacy signatures of one image from two places: all of them, each once.

They are layers of one manifest under one tag, so that putting one manifest in the place of another
would lose those that only the other has.
"""

from keyless.images.store import Store
from keyless.protocol.cosign_manifests import IMAGE_CONFIG, with_layer
from keyless.protocol.digest import Digest
from keyless.protocol.oci import Annotations, Descriptor, Manifest

LARGEST_LAYER = 16 << 20

_Layer = tuple[str, Digest, Annotations]


def merged(there: Manifest | None, ours: Manifest, source: Store, target: Store) -> Manifest:
    """Return what is *there* in *target* with what *ours* has beyond it, whose layers it has, too.

    Whichever has all of it stays as it is, byte for byte.
    """
    if there is None or (not there.is_index and _layers(there) <= _layers(ours)):
        return ours
    for layer in ours.layers:
        if _layer(layer) in _layers(there):
            continue
        content = source.blob(layer, largest=LARGEST_LAYER)
        notes = layer.annotations
        config, there = with_layer(there, content, media_type=layer.media_type, notes=notes)
        target.put_blob(Descriptor.of(config, media_type=IMAGE_CONFIG), [config])
    return there


def _layers(manifest: Manifest) -> set[_Layer]:
    return set(map(_layer, manifest.layers))


def _layer(layer: Descriptor) -> _Layer:
    return layer.media_type, layer.digest, tuple(sorted(layer.annotations))

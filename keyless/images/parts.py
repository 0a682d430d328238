# SPDX-License-Identifier: Apache-2.0
"""The parts of a multi-platform image: what its index lists, and what the indexes in it list.

An index comes from a stranger, and may list itself: each part is visited once, not deep down, and
never very many of them.
"""

from collections.abc import Iterator

from keyless.errors import InputError, ParseError
from keyless.images.store import Store
from keyless.protocol.digest import Digest
from keyless.protocol.oci import INDEX_TYPES, Descriptor, Manifest, Platform
from keyless.safe_text import shown

DEEPEST = 4
MOST_PARTS = 256


def parts_of(store: Store, root: Digest) -> Iterator[Descriptor]:
    """Walk the parts of the image *root* in *store*, each before its own; none if it has none."""
    return _parts(store, store.manifest(root), {root}, 1)


def part_for(store: Store, root: Digest, platform: str) -> Descriptor:
    """Find the part of the image *root* in *store* that is for *platform*, as in `linux/arm64`."""
    wanted = Platform.parse(platform)
    parts = [part for part in parts_of(store, root) if part.platform is not None]
    fitting = [part for part in parts if part.platform and part.platform.serves(wanted)]
    exact = [part for part in fitting if part.platform == wanted]
    found = exact or fitting
    if len(found) != 1:
        there = ", ".join(platform_of(part) or "" for part in parts)
        raise InputError(
            f"{len(found)} parts of the image are for {wanted}",
            hint=f"it has parts for {there}" if there else "it is no index of several platforms",
        )
    return found[0]


def platform_of(part: Descriptor) -> str | None:
    """Say for what *part* of an image is, safe to show."""
    return None if part.platform is None else shown(part.platform)


def _parts(store: Store, index: Manifest, visited: set[Digest], depth: int) -> Iterator[Descriptor]:
    for part in index.manifests:
        if part.digest in visited:
            continue
        if depth > DEEPEST:
            raise ParseError(f"an index nested deeper than {DEEPEST} levels: {index.digest}")
        if len(visited) > MOST_PARTS:
            raise ParseError(f"an index of more than {MOST_PARTS} images in all: {index.digest}")
        visited.add(part.digest)
        yield part
        if part.media_type in INDEX_TYPES:
            yield from _parts(store, store.manifest(part), visited, depth + 1)

# SPDX-License-Identifier: Apache-2.0
"""Indexes that are written here: lists of what refers to an image, shared with other clients.

What others have written into one stays, member by member, also what is not understood here.
"""

import json as json_text
from collections.abc import Iterable

from keyless.errors import ParseError
from keyless.protocol.digest import Digest
from keyless.protocol.json_reader import JsonValue, json_value
from keyless.protocol.oci import IMAGE_INDEX, Descriptor, Manifest


def listing(entries: Iterable[Descriptor]) -> Manifest:
    """Write an index of *entries*."""
    return _index({}, (entry.to_json() for entry in entries))


def with_entries(there: Manifest | None, entries: Iterable[Descriptor]) -> Manifest:
    """Return the index *there*, or a new one, with *entries* in it; others stay as they are."""
    if there is None:
        return listing(entries)
    known = {each.digest for each in there.manifests}
    new = [entry.to_json() for entry in entries if entry.digest not in known]
    if not new:
        return there
    document = _document(there)
    return _index(document, [*_entries(document), *new])


def without_entry(there: Manifest, digest: Digest) -> Manifest:
    """Return the index *there* without what has *digest*; the others stay as they are."""
    document = _document(there)
    kept = [
        raw
        for raw, each in zip(_entries(document), there.manifests, strict=True)
        if each.digest != digest
    ]
    return there if len(kept) == len(there.manifests) else _index(document, kept)


def _index(document: dict[str, JsonValue], entries: Iterable[JsonValue]) -> Manifest:
    written: dict[str, JsonValue] = {"schemaVersion": 2, "mediaType": IMAGE_INDEX, **document}
    written["manifests"] = list(entries)
    return Manifest.parse(
        json_text.dumps(written, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    )


def _document(manifest: Manifest) -> dict[str, JsonValue]:
    document = json_value(manifest.raw)
    if not isinstance(document, dict) or not manifest.is_index:
        raise ParseError(f"{manifest.digest} is no index, so nothing can be added to it")
    return document


def _entries(document: dict[str, JsonValue]) -> list[JsonValue]:
    entries = document.get("manifests")
    return entries if isinstance(entries, list) else []

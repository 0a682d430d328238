# SPDX-License-Identifier: Apache-2.0
"""What refers to something in a layout, looked for among all of its blobs.

An `index.json` need not list it: what `cosign save` writes does not. There may be very many blobs,
and most are large: one that is too long for a manifest, or starts like none, is passed over.
"""

import re
from collections.abc import Iterator

from keyless.errors import ParseError
from keyless.images.layout_files import LayoutFiles
from keyless.protocol.digest import Digest
from keyless.protocol.oci import LARGEST_MANIFEST, Manifest

FOLDER = "blobs/sha256"
MOST_SCANNED = 256 << 20  # bytes of what may be manifests
_HEX = re.compile(r"[0-9a-f]{64}")


def referring(files: LayoutFiles) -> Iterator[Manifest]:
    """Yield each manifest in *files* that has a subject, in the order of their digests."""
    scanned = 0
    for name, size in sorted(files.listed(FOLDER)):
        if size > LARGEST_MANIFEST or not _HEX.fullmatch(name):
            continue
        data = _document(files, f"{FOLDER}/{name}")
        scanned += len(data)
        if scanned > MOST_SCANNED:
            raise ParseError(
                f"{files.name} has more than {MOST_SCANNED} bytes of what may be signatures",
                hint="somebody filled it; they are not all looked through",
            )
        manifest = _manifest(data, Digest.parse(f"sha256:{name}"))
        if manifest is not None:
            yield manifest


def _document(files: LayoutFiles, path: str) -> bytes:
    """Return what *path* holds if it starts like a manifest, or what it starts with."""
    chunks = files.chunks(path)
    start = next(chunks, b"")
    return b"".join((start, *chunks)) if start.startswith(b"{") else b""


def _manifest(data: bytes, digest: Digest) -> Manifest | None:
    if b'"subject"' not in data or Digest.of(data) != digest:
        return None
    try:
        manifest = Manifest.parse(data)
    except ParseError:  # some other document, which mentions a subject
        return None
    return None if manifest.subject is None else manifest

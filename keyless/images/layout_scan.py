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


class Scan:
    """What refers to something in *files*; each blob is read once, however often that is asked.

    What has a digest for its name stays as it is, or is no longer what it is called: whoever takes
    it from there will see.
    """

    def __init__(self, files: LayoutFiles) -> None:
        self._files = files
        self._seen: dict[str, tuple[int, Manifest | None]] = {}

    def referring(self) -> Iterator[Manifest]:
        """Yield each manifest that has a subject, in the order of their digests."""
        scanned = 0
        for name, size in sorted(self._files.listed(FOLDER)):
            if size > LARGEST_MANIFEST or not _HEX.fullmatch(name):
                continue
            if name not in self._seen:
                self._seen[name] = self._read(name)
            length, manifest = self._seen[name]
            scanned += length
            if scanned > MOST_SCANNED:
                raise ParseError(
                    f"{self._files.name} has more than {MOST_SCANNED} bytes of what may be "
                    "signatures",
                    hint="somebody filled it; they are not all looked through",
                )
            if manifest is not None:
                yield manifest

    def _read(self, name: str) -> tuple[int, Manifest | None]:
        data = _document(self._files, f"{FOLDER}/{name}")
        return len(data), _manifest(data, Digest.parse(f"sha256:{name}"))


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

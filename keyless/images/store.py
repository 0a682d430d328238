# SPDX-License-Identifier: Apache-2.0
"""What a repository in a registry and an OCI layout on disk have in common.

Whoever reads from one gets what its digest says, or an error: bytes are compared with the digest
that asked for them, wherever they come from.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from keyless.protocol.digest import Digest
from keyless.protocol.oci import Descriptor, Manifest
from keyless.services.referrers import Referrers, Source

__all__ = ["Change", "Referrers", "Source", "Store"]

# What becomes of the manifest under a tag, None where there is none; may be asked more than once.
Change = Callable[[Manifest | None], Manifest]


class Store(Protocol):
    """A place for images: a repository of a registry, or an OCI layout."""

    @property
    def name(self) -> str:
        """What to call it, safe to show."""

    def resolve(self, reference: str) -> Descriptor:
        """Say what *reference*, a tag or a digest, stands for; ImageNotFound if for nothing."""

    def manifest(self, wanted: Descriptor | Digest) -> Manifest:
        """Return the manifest *wanted*; ImageNotFound if it is not there."""

    def blob(self, descriptor: Descriptor, *, largest: int) -> bytes:
        """Return the blob that *descriptor* names, of no more than *largest* bytes."""

    def stream_blob(self, descriptor: Descriptor) -> Iterator[bytes]:
        """Yield the blob piece by piece; an error at its end if it was another one."""

    def has_blob(self, descriptor: Descriptor) -> bool:
        """Say whether the blob is there."""

    def referrers(self, subject: Digest) -> Referrers:
        """List what refers to *subject*."""

    def tags(self) -> Iterator[str]:
        """Yield every tag."""

    def put_blob(self, descriptor: Descriptor, data: Iterable[bytes]) -> None:
        """Keep *data*, which must be what *descriptor* says; it is not read if it is there."""

    def put_manifest(self, manifest: Manifest, *, tag: str | None = None) -> Descriptor:
        """Keep *manifest*, and have *tag* stand for it; what it names must be there already."""

    def add_referrers(self, manifests: Sequence[Manifest]) -> None:
        """Keep *manifests*, all of which have one subject, so that everybody finds them there."""

    def edit_tag(self, tag: str, change: Change) -> None:
        """Have *tag* stand for what *change* makes of what it stood for, and lose nobody's change.

        *change* adds to what it is given: it is asked again if somebody else was there in between.
        """

    def delete(self, digest: Digest) -> None:
        """Forget the manifest that has *digest*, and every tag for it."""

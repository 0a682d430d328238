# SPDX-License-Identifier: Apache-2.0
"""Which image is meant, where it is, and where what is said of it is kept."""

from keyless.images.store import Store
from keyless.protocol.digest import Digest
from keyless.protocol.oci import Descriptor


class Place:
    """An image in *store*: *reference* in full, *named* by a tag or a digest there.

    What is said of the image is kept in *attachments*, the same store if nobody says otherwise.
    *repository* is what everybody calls the place; a layout on disk has no such name.
    """

    def __init__(
        self,
        reference: str,
        *,
        store: Store,
        named: str,
        attachments: Store | None = None,
        repository: str | None = None,
    ) -> None:
        self.reference = reference
        self.store = store
        self.attachments = attachments or store
        self.repository = repository
        self._named = named

    @property
    def pin(self) -> Digest | None:
        """The digest, if the image is named by that, and nobody has to be asked."""
        return Digest.parse(self._named) if ":" in self._named else None

    def digest(self) -> Digest:
        """Return the digest of the image; a tag is resolved, once."""
        return self.pin or self.descriptor().digest

    def descriptor(self) -> Descriptor:
        """Ask what the image is; ImageNotFound if it is not there."""
        return self.store.resolve(self._named)

    def pinned(self, digest: Digest) -> str:
        """Return the reference to what has *digest*, which stands for nothing else ever."""
        return f"{self.store.name}@{digest}"

    def demand_there(self, digest: Digest) -> None:
        """Refuse if nothing with *digest* is there."""
        self.store.resolve(str(digest))

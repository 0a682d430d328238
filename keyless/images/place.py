# SPDX-License-Identifier: Apache-2.0
"""Which image is meant, where it is, and where what is said of it is kept."""

from keyless.errors import ImageNotFound, RegistryAuthError
from keyless.images.store import Store
from keyless.protocol.digest import Digest
from keyless.protocol.oci import Descriptor


class Place:
    """An image in *store*: *reference* in full, *named* by a tag or a digest there.

    What is said of the image is kept in *attachments*, the same store if nobody says otherwise.
    *repository* is what everybody calls the place; a layout on disk has no such name. A name that
    *is_bare* does not say in which registry the image is.
    """

    def __init__(  # noqa: PLR0913 - each of these is known of an image, and open_place knows it
        self,
        reference: str,
        *,
        store: Store,
        named: str,
        attachments: Store | None = None,
        repository: str | None = None,
        is_bare: bool = False,
    ) -> None:
        self.reference = reference
        self.store = store
        self.attachments = attachments or store
        self.repository = repository
        self._named = named
        self._is_bare = is_bare

    @property
    def pin(self) -> Digest | None:
        """The digest, if the image is named by that, and nobody has to be asked."""
        return Digest.parse(self._named) if ":" in self._named else None

    def digest(self) -> Digest:
        """Return the digest of the image; a tag is resolved, once."""
        return self.pin or self.descriptor().digest

    def descriptor(self) -> Descriptor:
        """Ask what the image is; ImageNotFound if it is not there."""
        return self._resolved(self._named)

    def pinned(self, digest: Digest) -> str:
        """Return the reference to what has *digest*, which stands for nothing else ever."""
        return f"{self.store.name}@{digest}"

    def demand_there(self, digest: Digest) -> None:
        """Refuse if nothing with *digest* is there."""
        self._resolved(str(digest))

    def _resolved(self, named: str) -> Descriptor:
        try:
            return self.store.resolve(named)
        except (ImageNotFound, RegistryAuthError) as error:
            if not self._is_bare:
                raise
            # What Docker Hub does not have, it says nobody may see.
            raise ImageNotFound(
                f"{error.message}; where no registry is named, Docker Hub is asked",
                hint="what `docker build` makes is on this machine alone: push it to a registry, "
                "and name it there, best by the digest that `docker push` prints",
            ) from None

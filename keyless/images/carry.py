# SPDX-License-Identifier: Apache-2.0
"""Images and what belongs to them: shown as a tree, and carried to another place."""

import re
from collections.abc import Iterator
from contextlib import nullcontext

from keyless.errors import ImageNotFound, InputError, Rejected
from keyless.images.layout import Layout
from keyless.images.parts import part_for
from keyless.images.place import Place
from keyless.images.store import Store
from keyless.images.survey import Survey, survey
from keyless.images.transfer import Carried, Progress, Transfer
from keyless.images.tree import ImageTree, tree_of
from keyless.protocol.digest import Digest
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.oci import Descriptor, is_tag
from keyless.report import Row, html, text
from keyless.safe_text import shown
from keyless.value import value

# Under such tags stands what is about an image; an image there would be taken for a list of it.
_RESERVED = re.compile(r"sha(?:256|384|512)-[0-9a-f]{64,}(?:\.[a-z]+)?")


@value
class Destination:
    """Where an image is carried to: *store*, and there under *tag*, or found by its digest alone.

    Its signatures go to *attachments*, the same store if not given. If a *digest* was named, the
    image has to have it.
    """

    store: Store
    tag: str | None
    attachments: Store | None = None
    digest: Digest | None = None


@value
class CarriedImage:
    """An image that was carried: *pinned* is what it is called now, and cannot move.

    *manifests* counts the image, its parts and all that is attached to them; *blobs* what they are
    made of, by what became of each. What was listed and does not belong to it is *rejected*.
    """

    reference: str
    pinned: str
    digest: Digest
    manifests: int
    blobs: tuple[tuple[str, int], ...]
    bytes_copied: int
    rejected: tuple[Rejected, ...]

    def to_json(self) -> dict[str, JsonValue]:
        """Return all of it as JSON."""
        return {
            "reference": self.reference,
            "pinned": self.pinned,
            "digest": str(self.digest),
            "manifests": self.manifests,
            "blobs": dict(self.blobs),
            "bytes_copied": self.bytes_copied,
            "rejected": [
                {"location": each.location, "reason": each.error.message} for each in self.rejected
            ],
        }

    def __str__(self) -> str:
        return text(f"carried: {self.reference}", list(self._rows()))

    def _repr_html_(self) -> str:
        return html(f"carried: {self.reference}", list(self._rows()))

    def _rows(self) -> Iterator[Row]:
        yield "to", self.pinned, ""
        yield "manifests", str(self.manifests), "the image, its parts, and what is attached to them"
        blobs = ", ".join(f"{count} {state}" for state, count in self.blobs if count)
        yield "blobs", blobs or "none", f"{self.bytes_copied} bytes copied"
        yield from (("left aside", each.location, each.error.message) for each in self.rejected)


def image_tree(place: Place) -> ImageTree:
    """Find what belongs to the image at *place*."""
    root = place.descriptor()
    found = survey(place.store, root, attachments=place.attachments)
    return tree_of(found, reference=place.reference, pinned=place.pinned(root.digest))


def copy_image(
    source: Place,
    target: Destination,
    *,
    platform: str | None = None,
    progress: Progress | None = None,
) -> CarriedImage:
    """Carry the image at *source*, or its part for a *platform*, to *target*, with all of its own.

    That is every part, whatever refers to any of them, and what older ways of signing attach.
    """
    _demand_tag(target.tag)
    root = _root(source, platform)
    if target.digest is not None and target.digest != root.digest:
        raise InputError(
            f"{source.reference} is {root.digest}, and cannot be carried to {target.digest}",
            hint="name a tag at the destination, or nothing",
        )
    found = _surveyed(source, root)
    # An archive is written once, at the end of all changes; a registry knows no such end.
    change = target.store.changing() if isinstance(target.store, Layout) else nullcontext()
    with change:
        carried = _transfer(source, target, progress).carry(found, tag=target.tag)
    return _described(source, target, root.digest, carried)


def _root(source: Place, platform: str | None) -> Descriptor:
    root = source.descriptor()
    return root if platform is None else part_for(source.store, root.digest, platform)


def _surveyed(source: Place, root: Descriptor) -> Survey:
    try:
        return survey(source.store, root, attachments=source.attachments)
    except ImageNotFound as error:
        raise type(error)(
            error.message,
            hint="its index names it, but it did not come along, as from `docker save`; "
            "say for which platform you want the image",
        ) from None


def _transfer(source: Place, target: Destination, progress: Progress | None) -> Transfer:
    return Transfer(
        source.store,
        target.store,
        attachments=(source.attachments, target.attachments or target.store),
        progress=progress,
    )


def _demand_tag(tag: str | None) -> None:
    if tag is None:
        return
    if not is_tag(tag):
        raise InputError(f"{shown(tag, longest=140)!r} cannot be a tag")
    if _RESERVED.fullmatch(tag):
        raise InputError(
            f"no image may be called {shown(tag, longest=140)}: there it is said what refers to "
            "another one",
            hint="choose another tag; signatures are carried with their image",
        )


def _described(
    source: Place, target: Destination, digest: Digest, carried: Carried
) -> CarriedImage:
    return CarriedImage(
        reference=source.reference,
        pinned=f"{target.store.name}@{digest}",
        digest=digest,
        manifests=carried.manifests,
        blobs=carried.blobs,
        bytes_copied=carried.bytes_copied,
        rejected=carried.rejected,
    )

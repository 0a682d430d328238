# SPDX-License-Identifier: Apache-2.0
"""Removing what was signed of an image: bundles and legacy tags, and nothing of anybody else's.

What a bundle is, is read from the bundle: labels may be wrong, and what is deleted does not come
back. What other tools attached stays, and the list that names it as well.
"""

from collections.abc import Collection, Iterator
from typing import Literal, get_args

from keyless.errors import ImageNotFound, InputError, ParseError, Rejected
from keyless.images.place import Place
from keyless.images.store import Store
from keyless.protocol.bundle import Bundle
from keyless.protocol.cosign import SIGN_PREDICATE
from keyless.protocol.cosign_layers import ENVELOPE, SIMPLE_SIGNING
from keyless.protocol.cosign_manifests import BUNDLE_FAMILY, LEGACY_ARTIFACT
from keyless.protocol.digest import Digest
from keyless.protocol.dsse import Envelope
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.oci import ImageReference, Manifest, is_tag
from keyless.protocol.oci_index import listing, without_entry
from keyless.protocol.statement import Statement
from keyless.report import Row, html, text
from keyless.safe_text import shown
from keyless.value import value

Kind = Literal["signature", "attestation", "sbom"]
KINDS: tuple[Kind, ...] = get_args(Kind)

LARGEST_BUNDLE = 16 << 20
SBOM_ARTIFACT = "application/vnd.dev.cosign.artifact.sbom.v1+json"


@value
class Remnant:
    """Something that is removed: of what *kind*, and where it was."""

    kind: Kind
    location: str
    digest: Digest


@value
class CleanedImage:
    """What was removed of what is attached to an image, or, as a *dry run*, would be.

    What could not be told to be one's own is *rejected*: it stays.
    """

    reference: str
    digest: Digest
    removed: tuple[Remnant, ...]
    rejected: tuple[Rejected, ...]
    dry_run: bool

    def to_json(self) -> dict[str, JsonValue]:
        """Return all of it as JSON."""
        return {
            "reference": self.reference,
            "digest": str(self.digest),
            "dry_run": self.dry_run,
            "removed": [
                {"kind": each.kind, "location": each.location, "digest": str(each.digest)}
                for each in self.removed
            ],
            "rejected": [
                {"location": each.location, "reason": each.error.message} for each in self.rejected
            ],
        }

    def __str__(self) -> str:
        return text(self._title(), self._rows())

    def _repr_html_(self) -> str:
        return html(self._title(), self._rows())

    def _title(self) -> str:
        return f"{'would remove from' if self.dry_run else 'removed from'} {self.reference}"

    def _rows(self) -> list[Row]:
        if not self.removed and not self.rejected:
            return [("nothing", "there is none of it", "")]
        removed = ((each.kind, each.location, str(each.digest)) for each in self.removed)
        left = (("left", each.location, each.error.message) for each in self.rejected)
        return [*removed, *left]


def clean_image(place: Place, kinds: Collection[Kind], *, dry_run: bool) -> CleanedImage:
    """Remove from the image at *place* what is of *kinds*; as a *dry run* only say what that is."""
    if strangers := set(kinds) - set(KINDS):
        raise InputError(
            f"{shown(min(strangers), longest=80)!r} is nothing that can be removed",
            hint=f"there are {', '.join(KINDS)}",
        )
    digest = place.digest()
    removed: list[Remnant] = []
    rejected: list[Rejected] = []
    for found in _remnants(place.attachments, digest):
        if isinstance(found, Rejected):
            rejected.append(found)
        elif found.kind in kinds:
            removed.append(found)
    if not dry_run:
        for remnant in removed:
            _remove(place.attachments, digest, remnant)
    return CleanedImage(
        reference=place.reference,
        digest=digest,
        removed=tuple(removed),
        rejected=tuple(rejected),
        dry_run=dry_run,
    )


def _remnants(store: Store, subject: Digest) -> Iterator[Remnant | Rejected]:
    for descriptor in store.referrers(subject).descriptors:
        location = f"referrer {descriptor.digest}"
        try:
            kind = _kind_of_referrer(store, subject, store.manifest(descriptor.digest))
        except (ImageNotFound, ParseError) as error:
            yield _rejected(location, error)
        else:
            if kind is not None:
                yield Remnant(kind=kind, location=location, digest=descriptor.digest)
    yield from _tagged(store, subject)


def _kind_of_referrer(store: Store, subject: Digest, manifest: Manifest) -> Kind | None:
    """Say of what kind *manifest* is; None for what others attached."""
    if manifest.subject is None or manifest.subject.digest != subject:
        raise ParseError(f"it does not refer to {subject}")
    match manifest.artifact_type or manifest.kind:
        case str(kind) if kind.startswith(BUNDLE_FAMILY):
            if len(manifest.layers) != 1:
                raise ParseError(f"{len(manifest.layers)} layers where a bundle is one")
            return _kind_of_bundle(store.blob(manifest.layers[0], largest=LARGEST_BUNDLE))
        case kind if kind == LEGACY_ARTIFACT:
            return "signature"
        case kind if kind == SBOM_ARTIFACT:
            return "sbom"
        case _:
            return None


def _kind_of_bundle(data: bytes) -> Kind:
    content = Bundle.parse(data).content
    if not isinstance(content, Envelope):
        return "signature"
    statement = Statement.parse(content.payload)
    return "signature" if statement.predicate_type == SIGN_PREDICATE else "attestation"


def _tagged(store: Store, subject: Digest) -> Iterator[Remnant | Rejected]:
    reference = ImageReference
    tags: tuple[tuple[str, Kind, str | None], ...] = (
        (reference.signature_tag(subject), "signature", SIMPLE_SIGNING),
        (reference.attestation_tag(subject), "attestation", ENVELOPE),
        (reference.sbom_tag(subject), "sbom", None),
    )
    for tag, kind, layer_type in tags:
        if not is_tag(tag):  # that of a SHA-512 is too long to be one, so there is nothing there
            continue
        try:
            manifest = store.manifest(store.resolve(tag))
        except ImageNotFound:
            continue
        layers = {layer.media_type for layer in manifest.layers}
        strange = layer_type is not None and layers - {layer_type}
        # To be removed by digest, it has to be what the tag says: the image itself may have it.
        if manifest.is_index or manifest.digest == subject or strange:
            yield _rejected(f"tag {tag}", ParseError(f"it stands for something else than a {kind}"))
        else:
            yield Remnant(kind=kind, location=f"tag {tag}", digest=manifest.digest)


def _remove(store: Store, subject: Digest, remnant: Remnant) -> None:
    """Delete *remnant*, then what a list says of it: where nothing may be deleted nothing is lost.

    A registry that lists referrers itself has forgotten this one then.
    """
    store.delete(remnant.digest)
    tag = ImageReference.fallback_tag(subject)
    if remnant.location.startswith("referrer") and (
        store.referrers(subject).source == "fallback tag"
    ):
        store.edit_tag(tag, lambda there: _without(there, remnant.digest))


def _without(there: Manifest | None, digest: Digest) -> Manifest:
    return listing([]) if there is None else without_entry(there, digest)


def _rejected(location: str, error: ImageNotFound | ParseError) -> Rejected:
    error.__context__ = None
    return Rejected(location=location, error=error.with_traceback(None))

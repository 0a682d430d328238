# SPDX-License-Identifier: Apache-2.0
"""What `index.json` of an image layout says: which of its manifests is what.

    {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
     "manifests": [
       {…, "annotations": {"org.opencontainers.image.ref.name": "1.2",
                           "kind": "dev.cosignproject.cosign/imageIndex"}},
       {…, "annotations": {"org.opencontainers.image.ref.name": "sha256-0f5e….sig",
                           "kind": "dev.cosignproject.cosign/sigs"}},
       {…, "artifactType": "application/vnd.dev.sigstore.bundle.v0.3+json"}]}

The name is a tag, as everybody has it. The kinds are cosign's, which knows a layout of one image,
looks for the first of each kind, and for bundles nowhere here, but among the blobs. So kinds go to
the one image, and to its own signatures; those of its parts are found by their names.
"""

import json as json_text
from collections.abc import Iterable, Iterator

from keyless.errors import ImageNotFound, InputError
from keyless.protocol.digest import Digest
from keyless.protocol.json_reader import JsonValue, json_value
from keyless.protocol.oci import (
    IMAGE_INDEX,
    INDEX_TYPES,
    MANIFEST_TYPES,
    Descriptor,
    ImageReference,
    Manifest,
)
from keyless.protocol.oci_index import listing
from keyless.safe_text import shown
from keyless.value import value

NAME_NOTE = "org.opencontainers.image.ref.name"
KIND_NOTE = "kind"
KIND = "dev.cosignproject.cosign/"
IMAGE_KINDS = (f"{KIND}image", f"{KIND}imageIndex")
SIGNATURES, ATTESTATIONS = f"{KIND}sigs", f"{KIND}atts"
MOST_NAMES_TOLD = 10

_Entry = dict[str, JsonValue]


@value
class LayoutIndex:
    """An `index.json`, to be read, or changed into another."""

    manifest: Manifest

    @classmethod
    def parse(cls, raw: bytes) -> "LayoutIndex":
        """Read *raw*."""
        return cls(manifest=Manifest.parse(raw, IMAGE_INDEX))

    @classmethod
    def empty(cls) -> "LayoutIndex":
        """Return the index of a layout with nothing in it."""
        return cls(manifest=listing([]))

    @property
    def entries(self) -> tuple[Descriptor, ...]:
        """What the layout says it has."""
        return self.manifest.manifests

    def tags(self) -> tuple[str, ...]:
        """List the tags that are given."""
        names = (_note(entry, NAME_NOTE) for entry in self.entries)
        return tuple(dict.fromkeys(name for name in names if name is not None))

    def named(self, tag: str) -> Descriptor | None:
        """Return what has *tag*; cosign gives none to signatures, but says whose they are."""
        found = {each.digest: each for each in self.entries if _note(each, NAME_NOTE) == tag}
        if len(found) > 1:
            raise InputError(
                f"{shown(tag, longest=140)} is the name of {len(found)} different images in it",
                hint="name the digest of the one that is meant",
            )
        return next(iter(found.values()), None) or self._of_cosign(tag)

    def only_image(self, referrers: frozenset[Digest]) -> Descriptor:
        """Return the one image in it; what is among *referrers* is none."""
        images = {
            entry.digest: entry
            for entry in self.entries
            if _is_image(entry) and entry.digest not in referrers
        }
        match list(images.values()):
            case [image]:
                return image
            case []:
                raise ImageNotFound("there is no image in it")
            case several:
                raise InputError(
                    f"there are {len(several)} images in it",
                    hint=f"name one of them, by tag or digest: {_listed(several)}",
                )

    def with_image(self, image: Descriptor, tag: str | None) -> "LayoutIndex":
        """Return it with *image*, which gets *tag* from whatever had it."""
        kinds = () if self._others(image) else ((KIND_NOTE, _kind(image)),)
        return self._with(image, tag, kinds)

    def with_tag(self, manifest: Descriptor, tag: str) -> "LayoutIndex":
        """Return it with *manifest*, which gets *tag* from whatever had it."""
        return self._with(manifest, tag, ())

    def with_referrers(self, referrers: Iterable[Descriptor]) -> "LayoutIndex":
        """Return it with *referrers*."""
        known = {entry.digest for entry in self.entries}
        new = [each.to_json() for each in referrers if each.digest not in known]
        return self._written([*self._raw(), *new]) if new else self

    def without(self, digest: Digest) -> "LayoutIndex":
        """Return it without what has *digest*."""
        return self._written([raw for raw, entry in self._pairs() if entry.digest != digest])

    def with_kinds(self) -> "LayoutIndex":
        """Return it with the signatures of the one image marked as such."""
        kinds = {name: kind for image in self._images() for name, kind in _attached(image).items()}
        entries: list[_Entry] = []
        for raw, entry in self._pairs():
            notes: _Entry = {**dict(entry.annotations)}
            if (kind := kinds.get(str(notes.get(NAME_NOTE)))) is not None:
                notes[KIND_NOTE] = kind
                entries.append({**raw, "annotations": notes})
            else:
                entries.append(raw)
        return self._written(entries)

    def _with(
        self, manifest: Descriptor, tag: str | None, notes: tuple[tuple[str, str], ...]
    ) -> "LayoutIndex":
        kept = []
        given = dict(notes) if tag is None else {NAME_NOTE: tag, **dict(notes)}
        for raw, entry in self._pairs():
            name = _note(entry, NAME_NOTE)
            if entry.digest == manifest.digest and (name is None or tag in (None, name)):
                given = {**dict(entry.annotations), **given}  # what others have noted stays
            elif tag is None or name != tag:
                kept.append(raw)
        entry = Descriptor(
            media_type=manifest.media_type,
            digest=manifest.digest,
            size=manifest.size,
            annotations=tuple(given.items()),
            platform=manifest.platform,
        )
        return self._written([*kept, entry.to_json()]).with_kinds()

    def _of_cosign(self, tag: str) -> Descriptor | None:
        for image in self._images():
            if (kind := _attached(image).get(tag)) is not None:
                found = (entry for entry in self.entries if _note(entry, KIND_NOTE) == kind)
                return next(found, None)
        return None

    def _images(self) -> tuple[Descriptor, ...]:
        """List what cosign takes for the image: no more than one, in layouts of its own."""
        return tuple(each for each in self.entries if _note(each, KIND_NOTE) in IMAGE_KINDS)

    def _others(self, image: Descriptor) -> bool:
        return any(each.digest != image.digest for each in self._images())

    def _pairs(self) -> Iterator[tuple[_Entry, Descriptor]]:
        return zip(self._raw(), self.entries, strict=True)

    def _raw(self) -> list[_Entry]:
        """Return the entries with all that others have written into them."""
        document = _document(self.manifest)
        entries = document.get("manifests")
        listed = entries if isinstance(entries, list) else []
        return [entry for entry in listed if isinstance(entry, dict)]

    def _written(self, entries: list[_Entry]) -> "LayoutIndex":
        document = _document(self.manifest)
        document["manifests"] = list[JsonValue](entries)
        text = json_text.dumps(document, separators=(",", ":"), ensure_ascii=False)
        return LayoutIndex.parse(text.encode("utf-8"))


def _document(manifest: Manifest) -> dict[str, JsonValue]:
    document = json_value(manifest.raw)
    return document if isinstance(document, dict) else {}


def _note(entry: Descriptor, name: str) -> str | None:
    return dict(entry.annotations).get(name)


def _kind(image: Descriptor) -> str:
    return IMAGE_KINDS[image.media_type in INDEX_TYPES]


def _attached(image: Descriptor) -> dict[str, str]:
    """Return of which kind what has which name is, if it is about *image*."""
    return {
        ImageReference.signature_tag(image.digest): SIGNATURES,
        ImageReference.attestation_tag(image.digest): ATTESTATIONS,
    }


def _is_image(entry: Descriptor) -> bool:
    name = _note(entry, NAME_NOTE) or ""
    return (
        entry.media_type in MANIFEST_TYPES
        and entry.artifact_type is None
        and _note(entry, KIND_NOTE) not in (SIGNATURES, ATTESTATIONS)
        and not name.startswith(("sha256-", "sha384-", "sha512-"))
    )


def _listed(entries: list[Descriptor]) -> str:
    told = [_note(entry, NAME_NOTE) or str(entry.digest) for entry in entries[:MOST_NAMES_TOLD]]
    more = ["…"] if len(entries) > MOST_NAMES_TOLD else []
    return ", ".join([*(shown(name, longest=80) for name in told), *more])

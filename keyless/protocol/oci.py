# SPDX-License-Identifier: Apache-2.0
"""What images are made of (OCI image specification 1.1; Docker's own types are the same in shape).

A descriptor names something else by its digest. A manifest is made of descriptors: of one image, or
of an index of images, or of what refers to one.

    {"schemaVersion": 2,                        {"schemaVersion": 2,
     "mediaType":     "…image.manifest.v1+json", "mediaType":    "…image.index.v1+json",
     "artifactType":  "…",                       "manifests":    [{"platform": {…}, …}, …]}
     "config":        {"mediaType": "…", "digest": "sha256:…", "size": 2},
     "layers":        [{…, "annotations": {…}}],
     "subject":       {…}}                      what it refers to

Where a descriptor says `urls`, nothing is fetched from there: whoever wrote it would choose whom
this machine speaks to. Nor is its `data` believed.
"""

import re

from keyless.errors import InputError, UnsupportedError
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.json_reader import Json, JsonValue
from keyless.protocol.oci_reference import ImageReference, is_tag
from keyless.safe_text import shown
from keyless.value import value

__all__ = [
    "IMAGE_INDEX",
    "IMAGE_MANIFEST",
    "MANIFEST_TYPES",
    "Descriptor",
    "ImageReference",
    "Manifest",
    "Platform",
    "is_tag",
]

IMAGE_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
IMAGE_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
MANIFEST_TYPES = (IMAGE_MANIFEST, IMAGE_INDEX, DOCKER_MANIFEST, DOCKER_INDEX)
INDEX_TYPES = (IMAGE_INDEX, DOCKER_INDEX)

LARGEST_MANIFEST = 4 << 20  # as much as every registry takes; not every one takes more
MOST_DESCRIPTORS = 10_000
MOST_ANNOTATIONS = 1000

Annotations = tuple[tuple[str, str], ...]

# RFC 6838, 4.2; it goes into headers.
_NAME = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
_MEDIA_TYPE = re.compile(rf"{_NAME}/{_NAME}")
_PLATFORM = re.compile(r"[a-z0-9]+/[a-z0-9_]+(?:/[a-z0-9._]+)?")


@value
class Platform:
    """What an image runs on, as in `linux/arm64/v8`."""

    os: str
    architecture: str
    variant: str | None = None
    os_version: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Platform":
        """Read what a person wrote."""
        if not _PLATFORM.fullmatch(text):
            raise InputError(
                f"{shown(text, longest=80)!r} is no platform", hint="as in linux/amd64"
            )
        os, architecture, *variant = text.split("/")
        return cls(os=os, architecture=architecture, variant=variant[0] if variant else None)

    @classmethod
    def read(cls, json: Json) -> "Platform":
        """Read the platform in a descriptor."""
        return cls(
            os=json.text("os"),
            architecture=json.text("architecture"),
            variant=json.optional_text("variant"),
            os_version=json.optional_text("os.version"),
        )

    def serves(self, wanted: "Platform") -> bool:
        """Say whether what is made for this one is what whoever says *wanted* means."""
        return (
            (self.os, self.architecture) == (wanted.os, wanted.architecture)
            and wanted.variant in (None, self.variant)
            and wanted.os_version in (None, self.os_version)
        )

    def to_json(self) -> dict[str, JsonValue]:
        """Write it as it stands in a descriptor."""
        return _present(
            {
                "architecture": self.architecture,
                "os": self.os,
                "os.version": self.os_version,
                "variant": self.variant,
            }
        )

    def __str__(self) -> str:
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))


@value
class Descriptor:
    """What names something by its *digest*, and says its *size* and its *media_type*."""

    media_type: str
    digest: Digest
    size: int
    artifact_type: str | None = None
    annotations: Annotations = ()
    platform: Platform | None = None

    @classmethod
    def of(cls, data: bytes, *, media_type: str, annotations: Annotations = ()) -> "Descriptor":
        """Describe *data*, which is of *media_type*."""
        digest = Digest.of(data)
        return cls(media_type=media_type, digest=digest, size=len(data), annotations=annotations)

    @classmethod
    def read(cls, json: Json) -> "Descriptor":
        """Read the descriptor *json*."""
        platform = json.optional_object("platform")
        return cls(
            media_type=_media_type(json),
            digest=json.within("digest", Digest.parse, json.text("digest")),
            size=json.integer("size"),
            artifact_type=json.optional_text("artifactType") or None,
            annotations=_annotations(json),
            platform=None if platform is None else Platform.read(platform),
        )

    def to_json(self) -> dict[str, JsonValue]:
        """Write it, in the order in which others write it."""
        return _present(
            {
                "mediaType": self.media_type,
                "size": self.size,
                "digest": str(self.digest),
                "annotations": dict(self.annotations) or None,
                "platform": None if self.platform is None else self.platform.to_json(),
                "artifactType": self.artifact_type,
            }
        )

    def __str__(self) -> str:
        return str(self.digest)


@value
class Manifest:
    """A manifest of an image or an index, byte for byte as it was written, and what it says.

    An index has *manifests* alone; an image has *config* and *layers*.
    """

    raw: bytes
    digest: Digest
    media_type: str
    config: Descriptor | None
    layers: tuple[Descriptor, ...]
    manifests: tuple[Descriptor, ...]
    subject: Descriptor | None
    artifact_type: str | None
    annotations: Annotations

    @classmethod
    def parse(
        cls,
        raw: bytes,
        media_type: str | None = None,
        *,
        algorithm: HashAlgorithm = HashAlgorithm.SHA256,
    ) -> "Manifest":
        """Read *raw*, which is said to be of *media_type*; its digest is by *algorithm*."""
        json = Json.parse(raw, largest=LARGEST_MANIFEST)
        if json.integer("schemaVersion") != 2:
            raise UnsupportedError("only manifests of schema 2 are read", path="$.schemaVersion")
        kind = _manifest_type(json, media_type)
        is_index = kind in INDEX_TYPES
        # Two programs could see two different images in one that has both.
        if json.has("layers" if is_index else "manifests"):
            raise json.error("layers of an image and manifests of an index in one")
        subject = json.optional_object("subject")
        return cls(
            raw=raw,
            digest=Digest.of(raw, algorithm),
            media_type=kind,
            config=None if is_index else Descriptor.read(json.object("config")),
            layers=_descriptors(json, "layers"),
            manifests=_descriptors(json, "manifests"),
            subject=None if subject is None else Descriptor.read(subject),
            artifact_type=json.optional_text("artifactType") or None,
            annotations=_annotations(json),
        )

    @property
    def is_index(self) -> bool:
        """Say whether it is an index of other manifests."""
        return self.media_type in INDEX_TYPES

    @property
    def kind(self) -> str | None:
        """What kind of thing it describes: its artifact type, or else its configuration's type."""
        return self.artifact_type or (self.config.media_type if self.config else None)

    @property
    def descriptor(self) -> Descriptor:
        """What names this manifest."""
        return Descriptor(media_type=self.media_type, digest=self.digest, size=len(self.raw))

    @property
    def referrer(self) -> Descriptor:
        """What names it in a list of what refers to its subject."""
        return Descriptor(
            media_type=self.media_type,
            digest=self.digest,
            size=len(self.raw),
            artifact_type=self.kind,
            annotations=self.annotations,
        )

    def __repr__(self) -> str:
        return f"Manifest({self.digest}, {self.media_type})"


def _manifest_type(json: Json, said: str | None) -> str:
    """Return of which type a manifest is, by what it says itself and by what was *said* of it."""
    own = json.optional_text("mediaType")
    if own and said and own != said:
        raise json.error(f"it was said to be {shown(said, longest=120)}", name="mediaType")
    kind = own or said or (IMAGE_INDEX if json.has("manifests") else IMAGE_MANIFEST)
    if kind not in MANIFEST_TYPES:
        raise UnsupportedError(f"{shown(kind, longest=120)} is no type of manifest known here")
    return kind


def _descriptors(json: Json, name: str) -> tuple[Descriptor, ...]:
    return tuple(Descriptor.read(each) for each in json.objects(name, most=MOST_DESCRIPTORS))


def _media_type(json: Json) -> str:
    text = json.text("mediaType")
    if not _MEDIA_TYPE.fullmatch(text):
        raise json.error(f"{shown(text, longest=120)!r} is no media type", name="mediaType")
    return text


def _annotations(json: Json) -> Annotations:
    annotations = json.optional_object("annotations")
    if annotations is None:
        return ()
    names = annotations.names()
    if len(names) > MOST_ANNOTATIONS:
        raise json.error(f"more than {MOST_ANNOTATIONS}", name="annotations")
    return tuple((name, annotations.text(name)) for name in names)


def _present(members: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {name: value for name, value in members.items() if value is not None}

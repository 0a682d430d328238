# SPDX-License-Identifier: Apache-2.0
"""A manifest, as far as a registry reads one."""

from keyless.errors import ParseError
from keyless.protocol.digest import Digest
from keyless.protocol.json_reader import Json, JsonValue
from keyless.sandbox.registry.refusals import RegistryRefusedError
from keyless.value import value

INDEX = "application/vnd.oci.image.index.v1+json"
LARGEST_MANIFEST = 4 << 20  # which every registry must take; not every one takes more
_MOST = 100_000


@value
class Manifest:
    """What was pushed, byte for byte, and what it says of others.

    It names *blobs* and other *manifests* by their digests, and may be about a *subject*.
    """

    digest: Digest
    media_type: str
    data: bytes
    blobs: tuple[str, ...]
    manifests: tuple[str, ...]
    subject: str | None
    artifact_type: str | None
    annotations: tuple[tuple[str, str], ...] | None

    @classmethod
    def parse(cls, data: bytes, *, digest: Digest, media_type: str) -> "Manifest":
        """Read *data*, said to be of *media_type*; refuse it if it is no manifest."""
        try:
            return cls._parse(data, digest, media_type)
        except ParseError as error:
            raise RegistryRefusedError(400, "MANIFEST_INVALID", error.message) from None

    @classmethod
    def _parse(cls, data: bytes, digest: Digest, media_type: str) -> "Manifest":
        json = Json.parse(data, largest=LARGEST_MANIFEST)
        if json.integer("schemaVersion") != 2:
            raise json.error("not 2", name="schemaVersion")
        if (json.optional_text("mediaType") or media_type) != media_type:
            raise json.error(f"not {media_type}, as it is said to be", name="mediaType")
        config, subject = json.optional_object("config"), json.optional_object("subject")
        blobs = [*json.objects("layers", most=_MOST), *([config] if config else [])]
        artifact_type = json.optional_text("artifactType")
        if artifact_type is None and config is not None:
            artifact_type = config.text("mediaType")
        return cls(
            digest=digest,
            media_type=media_type,
            data=data,
            blobs=tuple(_digest(each) for each in blobs),
            manifests=tuple(_digest(each) for each in json.objects("manifests", most=_MOST)),
            subject=_digest(subject) if subject else None,
            artifact_type=artifact_type,
            annotations=_annotations(json),
        )

    def descriptor(self) -> dict[str, JsonValue]:
        """Name the manifest, as the list of what refers to its subject does."""
        descriptor: dict[str, JsonValue] = {
            "mediaType": self.media_type,
            "digest": str(self.digest),
            "size": len(self.data),
        }
        if self.artifact_type is not None:
            descriptor["artifactType"] = self.artifact_type
        if self.annotations is not None:
            descriptor["annotations"] = dict(self.annotations)
        return descriptor


def _digest(descriptor: Json) -> str:
    return str(descriptor.within("digest", Digest.parse, descriptor.text("digest")))


def _annotations(json: Json) -> tuple[tuple[str, str], ...] | None:
    annotations = json.optional_object("annotations")
    if annotations is None:
        return None
    return tuple((name, annotations.text(name)) for name in annotations.names())

# SPDX-License-Identifier: Apache-2.0
"""What one repository of a registry holds: blobs, manifests, tags, and uploads not yet done."""

import re
import secrets
from collections.abc import Iterable

from keyless.errors import ParseError
from keyless.protocol.digest import Digest
from keyless.sandbox.registry.habits import Habits
from keyless.sandbox.registry.manifest import Manifest
from keyless.sandbox.registry.refusals import RegistryRefusedError, unknown

# A tag that some take for a digest.
_AS_DIGEST = re.compile(r"(sha256)-([0-9a-f]{64})\Z")


class Upload:
    """A blob on its way; *state* is what the client has to say back with every piece."""

    def __init__(self) -> None:
        self.id = secrets.token_hex(16)
        self.state = secrets.token_urlsafe(16)
        self.data = bytearray()


class Repository:
    """The repository *name*, with the ways of its registry. Not to be shared between threads."""

    def __init__(self, name: str, habits: Habits) -> None:
        self.name = name
        self.habits = habits
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, Manifest] = {}
        self.tags: dict[str, str] = {}
        self.uploads: dict[str, Upload] = {}

    def blob(self, digest: str) -> bytes:
        """Return the blob with *digest*."""
        if (data := self.blobs.get(str(parsed_digest(digest)))) is None:
            raise unknown("BLOB_UNKNOWN", f"blob {digest} in {self.name}")
        return data

    def put_blob(self, data: bytes, digest: str) -> Digest:
        """Keep *data*, which has to have *digest*."""
        wanted = checked_digest(data, digest)
        self.blobs[str(wanted)] = data
        return wanted

    def upload(self, upload_id: str, state: str) -> Upload:
        """Return the upload with *upload_id*, if *state* is what its client was told to say."""
        upload = self.uploads.get(upload_id)
        if upload is None or upload.state != state:
            raise unknown("BLOB_UPLOAD_UNKNOWN", "such upload")
        return upload

    def manifest(self, reference: str) -> Manifest:
        """Return the manifest that *reference*, a tag or a digest, stands for."""
        digest = reference if ":" in reference else self.tags.get(reference, "")
        if self.habits.tags == "digests":
            digest = _AS_DIGEST.sub(r"\1:\2", reference) if _AS_DIGEST.match(reference) else digest
        if (manifest := self.manifests.get(digest)) is None:
            if self.habits.absent == "forbidden":
                raise RegistryRefusedError(403, "DENIED", "that is not allowed")
            raise unknown("MANIFEST_UNKNOWN", f"manifest {reference} in {self.name}")
        return manifest

    def put_manifest(self, manifest: Manifest, *, tag: str | None) -> None:
        """Keep *manifest*, and have *tag* stand for it."""
        if self.habits.contents == "demanded":
            self._check_contents(manifest)
        digest = str(manifest.digest)
        if tag is not None:
            if self.habits.tags == "fixed" and self.tags.get(tag, digest) != digest:
                raise RegistryRefusedError(
                    400, "TAG_INVALID", f"the tag {tag} is there, and is not moved"
                )
            self.tags[tag] = digest
        self.manifests[digest] = manifest

    def check_deletion(self) -> None:
        """Refuse where nothing is ever deleted."""
        if self.habits.deletion == "none":
            raise RegistryRefusedError(405, "UNSUPPORTED", "nothing is deleted here")

    def delete_manifest(self, reference: str) -> None:
        """Forget a tag, or a manifest and every tag that stands for it."""
        self.manifest(reference)
        if self.habits.deletion == "by digest" and ":" not in reference:
            raise RegistryRefusedError(
                400, "UNSUPPORTED", "manifests are deleted by their digest here"
            )
        if ":" not in reference:
            del self.tags[reference]
            return
        del self.manifests[reference]
        self.tags = {tag: it for tag, it in self.tags.items() if it != reference}

    def referrers(self, subject: Digest) -> list[Manifest]:
        """Return what is about the manifest *subject*, whether that is here or not."""
        return [it for it in self.manifests.values() if it.subject == str(subject)]

    def _check_contents(self, manifest: Manifest) -> None:
        missing = [
            *_absent(manifest.blobs, self.blobs),
            *_absent(manifest.manifests, self.manifests),
        ]
        if missing:
            raise unknown("MANIFEST_BLOB_UNKNOWN", f"{missing[0]}, which the manifest names")


def parsed_digest(text: str) -> Digest:
    """Read a digest that a client says."""
    try:
        return Digest.parse(text)
    except ParseError as error:
        raise RegistryRefusedError(400, "DIGEST_INVALID", error.message) from None


def checked_digest(data: bytes, text: str) -> Digest:
    """Read the digest that a client says *data* has, which has to be so."""
    wanted = parsed_digest(text)
    found = Digest.of(data, wanted.algorithm)
    if found != wanted:
        raise RegistryRefusedError(400, "DIGEST_INVALID", f"the digest is {found}, not {wanted}")
    return wanted


def _absent(names: Iterable[str], there: Iterable[str]) -> list[str]:
    return [name for name in names if name not in there]

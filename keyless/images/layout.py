# SPDX-License-Identifier: Apache-2.0
"""An OCI image layout, in a folder or a tar archive: to be read and written like a registry.

    oci-layout            {"imageLayoutVersion": "1.0.0"}
    index.json            what is in it, and what it is called
    blobs/sha256/0f5e…    everything, by its digest

What refers to an image stands in `index.json`; or it does not, as `cosign save` leaves it, and only
the manifest among the blobs says so. So these are looked through, no matter how they came there:
whatever claims to be a signature is judged by what is in it.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from threading import RLock
from typing import Self

from keyless.errors import ImageNotFound, InputError, ParseError
from keyless.images.layout_archive import Archive, is_archive
from keyless.images.layout_files import INDEX, MARKER, Folder, LayoutFiles
from keyless.images.layout_index import LayoutIndex
from keyless.images.layout_scan import Scan
from keyless.images.store import Change, Referrers
from keyless.protocol.digest import Digest
from keyless.protocol.json_reader import Json
from keyless.protocol.oci import LARGEST_MANIFEST, Descriptor, Manifest, is_tag
from keyless.safe_text import shown
from keyless.services.referrers import subject_of

LARGEST_MARKER = 4096

_DIGEST_TEXT = re.compile(r"sha(256|384|512):.*", re.DOTALL)


class Layout:
    """The layout at *files*, a `Store`: made when something is first written, and else refused."""

    def __init__(self, files: LayoutFiles) -> None:
        self._files = files
        self._editing = RLock()
        self._marked = False
        self._scan = Scan(files)

    @classmethod
    def at(cls, path: str) -> Self:
        """Return the layout at *path*: a folder, or an archive."""
        return cls(Archive(path) if is_archive(path) else Folder(path))

    @property
    def name(self) -> str:
        """What to call it, safe to show."""
        return f"oci:{self._files.name}"

    def changing(self) -> AbstractContextManager[None]:
        """Make one change of all that is written within; an archive is written anew only once."""
        return self._files.changing()

    def resolve(self, reference: str) -> Descriptor:
        """Say what *reference* stands for: a tag, a digest, or if it is empty the only image."""
        index = self._index()
        if _DIGEST_TEXT.fullmatch(reference):
            return self.manifest(Digest.parse(reference)).descriptor
        try:
            found = index.named(reference) if reference else index.only_image(self._referring())
        except InputError as error:
            raise type(error)(f"{self.name}: {error.message}", hint=error.hint) from None
        if found is None:
            told = ", ".join(shown(tag, longest=80) for tag in index.tags()[:10]) or "none"
            raise ImageNotFound(
                f"{self.name} has no image {shown(reference, longest=140)!r}",
                hint=f"its tags are: {told}",
            )
        return found

    def manifest(self, wanted: Descriptor | Digest) -> Manifest:
        """Return the manifest *wanted*; ImageNotFound if it is not there."""
        self._demand_layout()
        digest = wanted.digest if isinstance(wanted, Descriptor) else wanted
        size = self._files.size(_path(digest))
        if size is None:
            raise ImageNotFound(f"{self.name} has no manifest {digest}")
        if isinstance(wanted, Descriptor):
            raw, said = self.blob(wanted, largest=LARGEST_MANIFEST), wanted.media_type
        else:
            described = Descriptor(media_type="application/json", digest=digest, size=size)
            raw, said = self.blob(described, largest=LARGEST_MANIFEST), None
        return Manifest.parse(raw, said, algorithm=digest.algorithm)

    def blob(self, descriptor: Descriptor, *, largest: int) -> bytes:
        """Return the blob that *descriptor* names, of no more than *largest* bytes."""
        if descriptor.size > largest:
            raise ParseError(
                f"{descriptor.digest} in {self.name} is said to have {descriptor.size} bytes, more "
                f"than the {largest} allowed"
            )
        return b"".join(self.stream_blob(descriptor))

    def stream_blob(self, descriptor: Descriptor) -> Iterator[bytes]:
        """Yield the blob piece by piece; an error at its end if it was another one."""
        self._demand_layout()
        size = self._files.size(_path(descriptor.digest))
        if size is None:
            raise ParseError(f"{self.name} lacks {descriptor.digest}, which is named in it")
        if size != descriptor.size:
            raise ParseError(
                f"{descriptor.digest} in {self.name} has {size} bytes where {descriptor.size} "
                "are announced"
            )
        return checked(self._files.chunks(_path(descriptor.digest)), descriptor, self.name)

    def has_blob(self, descriptor: Descriptor) -> bool:
        """Say whether the blob is there, and what it should be: here nobody else has looked."""
        path = _path(descriptor.digest)
        if self._files.size(path) != descriptor.size:
            return False
        try:
            for _ in checked(self._files.chunks(path), descriptor, self.name):
                pass
        except ParseError:
            return False
        return True

    def referrers(self, subject: Digest) -> Referrers:
        """List what refers to *subject*: no label is believed, each manifest says so itself."""
        self._demand_layout()
        found = [
            manifest.referrer
            for manifest in self._scan.referring()
            if manifest.subject is not None and manifest.subject.digest == subject
        ]
        return Referrers(descriptors=tuple(found), source="layout")

    def tags(self) -> Iterator[str]:
        """Yield every tag."""
        return iter(self._index().tags())

    def put_blob(self, descriptor: Descriptor, data: Iterable[bytes]) -> None:
        """Keep *data*, which must be what *descriptor* says; it is not read if it is there."""
        if not self.has_blob(descriptor):
            content = checked(data, descriptor, self.name)
            self._files.add(_path(descriptor.digest), size=descriptor.size, data=content)
            self._scan = Scan(self._files)  # something else, damaged, may have been there

    def put_manifest(self, manifest: Manifest, *, tag: str | None = None) -> Descriptor:
        """Keep *manifest*, and have *tag* stand for it; what it names must be there already.

        Without a tag it is a part of something else, and found by its digest alone.
        """
        with self.changing(), self._editing:
            self._keep(manifest)
            if tag is not None:
                self._change(lambda index: index.with_tag(manifest.descriptor, _tag(tag)))
        return manifest.descriptor

    def put_image(self, manifest: Manifest, *, tag: str | None) -> None:
        """Keep *manifest* as an image of its own, which needs no tag to be found."""
        with self.changing(), self._editing:
            self._keep(manifest)
            name = None if tag is None else _tag(tag)
            self._change(lambda index: index.with_image(manifest.descriptor, name))

    def add_referrers(self, manifests: Sequence[Manifest]) -> None:
        """Keep *manifests*, all of which have one subject, so that everybody finds them there."""
        subject_of(manifests)
        with self.changing(), self._editing:
            for manifest in manifests:
                self._keep(manifest)
            self._change(lambda index: index.with_referrers([it.referrer for it in manifests]))

    def edit_tag(self, tag: str, change: Change) -> None:
        """Have *tag* stand for what *change* makes of what it stood for, and lose nobody's change.

        Nobody else writes meanwhile.
        """
        with self.changing(), self._editing:
            there = self._index_to_change().named(_tag(tag))
            changed = change(None if there is None else self.manifest(there))
            self.put_manifest(changed, tag=tag)

    def delete(self, digest: Digest) -> None:
        """Forget the manifest that has *digest*, and every tag for it.

        What it is made of stays: others may be made of it as well.
        """
        with self.changing(), self._editing:
            self._demand_layout()
            if self._files.size(_path(digest)) is None:
                raise ImageNotFound(f"{self.name} has no manifest {digest}")
            self._change(lambda index: index.without(digest))
            self._files.remove(_path(digest))

    def _keep(self, manifest: Manifest) -> None:
        path, size = _path(manifest.digest), len(manifest.raw)
        if not self.has_blob(manifest.descriptor):
            self._files.add(path, size=size, data=[manifest.raw])
            self._scan = Scan(self._files)

    def _change(self, change: Callable[[LayoutIndex], LayoutIndex]) -> None:
        raw = change(self._index_to_change()).manifest.raw
        if len(raw) > LARGEST_MANIFEST:
            raise InputError(f"{self.name} is full: its index would have {len(raw)} bytes")
        self._files.add(INDEX, size=len(raw), data=[raw])

    def _index_to_change(self) -> LayoutIndex:
        there = self._files.size(INDEX) is not None
        return self._index() if there else LayoutIndex.empty()

    def _index(self) -> LayoutIndex:
        self._demand_layout()
        try:
            return LayoutIndex.parse(self._read(INDEX, largest=LARGEST_MANIFEST))
        except ParseError as error:
            raise ParseError(f"{self.name}, {INDEX}: {error.message}", hint=error.hint) from None

    def _referring(self) -> frozenset[Digest]:
        return frozenset(manifest.digest for manifest in self._scan.referring())

    def _demand_layout(self) -> None:
        """Refuse what is there if it does not say that it is a layout."""
        if self._marked:
            return
        version = Json.parse(self._read(MARKER, largest=LARGEST_MARKER)).text("imageLayoutVersion")
        if not version.startswith("1."):
            raise ParseError(f"{self.name} is a layout of version {shown(version, longest=20)}")
        self._marked = True

    def _read(self, path: str, *, largest: int) -> bytes:
        size = self._files.size(path)
        if size is None:
            raise ImageNotFound(
                f"{self.name} is no image layout: there is no {path}",
                hint="`keyless image save` makes one, as do docker save (since version 25) and "
                "skopeo copy … oci:FOLDER",
            )
        if size > largest:
            raise ParseError(f"{path} in {self.name} has {size} bytes, {largest} are allowed")
        return b"".join(self._files.chunks(path))


def checked(data: Iterable[bytes], descriptor: Descriptor, name: str) -> Iterator[bytes]:
    """Yield *data*, found in *name*, which must be what *descriptor* says: an error at its end."""
    hasher = hashlib.new(descriptor.digest.algorithm.value)
    count = 0
    for chunk in data:
        count += len(chunk)
        if count > descriptor.size:
            break
        hasher.update(chunk)
        yield chunk
    if count != descriptor.size:
        raise ParseError(
            f"{descriptor.digest} in {name} is not of the {descriptor.size} bytes announced"
        )
    if hasher.digest() != descriptor.digest.value:
        found = f"{descriptor.digest.algorithm.value}:{hasher.hexdigest()}"
        raise ParseError(f"what {name} has as {descriptor.digest} is {found}")


def _path(digest: Digest) -> str:
    """Return where the blob with *digest* is; a `Digest` is hexadecimal, and leads nowhere else."""
    return f"blobs/{digest.algorithm.value}/{digest.hex}"


def _tag(text: str) -> str:
    if not is_tag(text):
        raise InputError(f"{shown(text, longest=140)!r} cannot be a tag")
    return text

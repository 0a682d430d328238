# SPDX-License-Identifier: Apache-2.0
"""Carrying an image with all that belongs to it from one store to another.

    blobs         of everything, several at a time, in pieces; not what is there already
    manifests     of parts, then of indexes, by digest
    attachments   bundles and whatever else refers to them; `.sig`, `.att` and `.sbom`
    the tag       last: whoever finds the image by it finds its signatures as well

So nobody ever sees something that names what is not there yet. What refers to an image is added the
way the destination has it, by its own interface or on a list under a tag; such a list is never
carried as if it were an image.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from threading import Lock
from typing import Literal, Protocol, runtime_checkable

from keyless.errors import Rejected
from keyless.images.layout import Layout
from keyless.images.merging import merged
from keyless.images.store import Store
from keyless.images.survey import Survey, Visited, in_parallel
from keyless.protocol.digest import Digest
from keyless.protocol.oci import MANIFEST_TYPES, Descriptor, ImageReference, Manifest
from keyless.value import value

WORKERS = 4

# Whoever made these may not pass them on; they say by `urls` where to get them.
_KEPT_ELSEWHERE = ("application/vnd.oci.image.layer.nondistributable.", "foreign.diff.tar")

State = Literal["moving", "copied", "mounted", "present"]


@value
class Step:
    """Where a transfer is: so many bytes of blobs are *done*, of *total*.

    *name* is the digest of the blob that this is about, and *state* what became of it.
    """

    name: str
    state: State
    done: int
    total: int


Progress = Callable[[Step], None]


@runtime_checkable
class CanMount(Protocol):
    """A repository that may take over a blob from another one of its registry: no byte moves."""

    def mount_blob(self, descriptor: Descriptor, *, source: str) -> bool:
        """Take over the blob from the repository *source*; say whether it is there now."""


@value
class Carried:
    """What a transfer did: how many manifests, and blobs by what became of each."""

    manifests: int
    blobs: tuple[tuple[State, int], ...]
    bytes_copied: int
    rejected: tuple[Rejected, ...]


class Transfer:
    """Carries what a survey found from *source* to *target*.

    *attachments* are the stores of what is attached, there and here, the same ones if not given.
    """

    def __init__(
        self,
        source: Store,
        target: Store,
        *,
        attachments: tuple[Store, Store] | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._source = source
        self._target = target
        self._from, self._to = attachments or (source, target)
        self._told = progress
        # An archive takes one thing after the other; and in one order, it is the same each time.
        self._workers = 1 if isinstance(target, Layout) else WORKERS

    def carry(self, survey: Survey, *, tag: str | None) -> Carried:
        """Carry all of *survey*; its image gets *tag*."""
        images = list(survey.parts_first(survey.root))
        attached = _attached(survey, images)
        counter = _Counter([*images, *attached], self._told)
        self._blobs(counter, images, self._source, self._target)
        self._blobs(counter, attached, self._from, self._to)
        for visited in images:
            self._target.put_manifest(visited.manifest)
        # One after the other to each image, as all that refers to it may stand on one list.
        attach = partial(self._attach, survey)
        in_parallel(attach, images, workers=self._workers)
        in_parallel(attach, attached, workers=self._workers)
        self._finish(survey[survey.root].manifest, tag)
        return counter.result(len(images) + len(attached), survey.rejected)

    def _blobs(
        self, counter: "_Counter", visited: Iterable[Visited], source: Store, target: Store
    ) -> None:
        carry = partial(self._blob, counter, source, target)
        in_parallel(carry, counter.new(visited), workers=self._workers)

    def _blob(
        self, counter: "_Counter", source: Store, target: Store, descriptor: Descriptor
    ) -> None:
        if _is_mounted(descriptor, source, target):
            counter.add(descriptor, "mounted", descriptor.size)
            return
        moving = _Moving(source, descriptor, counter)
        target.put_blob(descriptor, moving)
        if moving.begun or not descriptor.size:
            counter.add(descriptor, "copied", 0)
        else:
            counter.add(descriptor, "present", descriptor.size)

    def _attach(self, survey: Survey, visited: Visited) -> None:
        for descriptor in visited.referrers:
            for part in survey.parts_first(descriptor.digest):
                if part.digest != descriptor.digest:
                    self._to.put_manifest(part.manifest)
        if visited.referrers:
            self._to.add_referrers([survey[it.digest].manifest for it in visited.referrers])
        for tag, descriptor in visited.attached:
            self._put_attached(visited.digest, tag, survey[descriptor.digest].manifest)

    def _put_attached(self, subject: Digest, tag: str, manifest: Manifest) -> None:
        if tag == ImageReference.sbom_tag(subject) or manifest.is_index:
            self._to.put_manifest(manifest, tag=tag)
        else:  # what others have attached at the destination stays
            self._to.edit_tag(tag, lambda there: merged(there, manifest, self._from, self._to))

    def _finish(self, root: Manifest, tag: str | None) -> None:
        if isinstance(self._target, Layout):
            self._target.put_image(root, tag=tag)
        elif tag is not None:
            self._target.put_manifest(root, tag=tag)


class _Moving:
    """A blob on its way; read again from its start if it has to be sent again."""

    def __init__(self, source: Store, descriptor: Descriptor, counter: "_Counter") -> None:
        self._source = source
        self._descriptor = descriptor
        self._counter = counter
        self._moved = 0
        self.begun = False

    def __iter__(self) -> Iterator[bytes]:
        self._counter.take_back(self._moved)
        self._moved, self.begun = 0, True
        for piece in self._source.stream_blob(self._descriptor):
            yield piece
            self._moved += len(piece)
            self._counter.add(self._descriptor, "moving", len(piece))


class _Counter:
    """What has become of each blob so far; shared between threads."""

    def __init__(self, visited: Iterable[Visited], told: Progress | None) -> None:
        blobs = {blob.digest: blob for each in visited for blob in _blobs(each.manifest)}
        self._left = blobs
        self._total = sum(blob.size for blob in blobs.values())
        self._told = told
        self._done = self._copied = 0
        self._states: dict[State, int] = {"copied": 0, "mounted": 0, "present": 0}
        self._lock = Lock()

    def new(self, visited: Iterable[Visited]) -> Iterator[Descriptor]:
        """Yield the blobs of *visited* that were not asked for before."""
        for each in visited:
            for blob in _blobs(each.manifest):
                if self._left.pop(blob.digest, None) is not None:
                    yield blob

    def add(self, blob: Descriptor, state: State, size: int) -> None:
        """Take note that *size* bytes more of *blob* are done."""
        with self._lock:
            self._done += size
            if state == "moving":
                self._copied += size
            else:
                self._states[state] += 1
            if self._told is not None:
                name = str(blob.digest)
                self._told(Step(name=name, state=state, done=self._done, total=self._total))

    def take_back(self, size: int) -> None:
        """Take note that *size* bytes have to be moved again."""
        with self._lock:
            self._done -= size
            self._copied -= size

    def result(self, manifests: int, rejected: tuple[Rejected, ...]) -> Carried:
        """Say what was done."""
        return Carried(
            manifests=manifests,
            blobs=tuple(self._states.items()),
            bytes_copied=self._copied,
            rejected=rejected,
        )


def _is_mounted(descriptor: Descriptor, source: Store, target: Store) -> bool:
    """Have *target* take over the blob from *source*, if both are of one registry."""
    if not isinstance(source, CanMount) or not isinstance(target, CanMount):
        return False
    there, here = ImageReference.parse(source.name), ImageReference.parse(target.name)
    if there.registry != here.registry or there.repository == here.repository:
        return False
    return target.mount_blob(descriptor, source=source.name)


def _attached(survey: Survey, images: list[Visited]) -> list[Visited]:
    """List what is attached to *images*, and what is attached to that, with their parts."""
    seen = {visited.digest for visited in images}
    attached: list[Visited] = []
    for visited in (queue := list(images)):
        for found in survey.attachments(visited):
            for part in survey.parts_first(found.digest):
                if part.digest not in seen:
                    seen.add(part.digest)
                    attached.append(part)
                    queue.append(part)
    return attached


def _blobs(manifest: Manifest) -> Iterator[Descriptor]:
    """Yield what *manifest* is made of and has to be there before it."""
    if manifest.config is not None:
        yield manifest.config
    for layer in manifest.layers:
        if not any(mark in layer.media_type for mark in _KEPT_ELSEWHERE):
            yield layer
    for entry in manifest.manifests:
        if entry.media_type not in MANIFEST_TYPES:
            yield entry

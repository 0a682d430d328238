# SPDX-License-Identifier: Apache-2.0
"""What belongs to an image: its parts, and whatever was attached to it or to one of them.

    index ─┬─ linux/amd64 ─── sha256-HEX.sig          found by its tag
           ├─ linux/arm64
           ├─ bundle                                  refers to the index
           └─ bill of materials ─── bundle            and what refers to that

All of it comes from strangers. A manifest is visited once, and never very many; what a list of
referrers names and does not refer there is left aside, with the reason.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from threading import Lock
from typing import TypeVar

from keyless.errors import ImageNotFound, ParseError, Rejected
from keyless.images.store import Store
from keyless.protocol.cosign_layers import ENVELOPE, SIMPLE_SIGNING
from keyless.protocol.cosign_manifests import BUNDLE_FAMILY, LEGACY_ARTIFACT
from keyless.protocol.digest import Digest
from keyless.protocol.oci import MANIFEST_TYPES, Descriptor, ImageReference, Manifest, is_tag
from keyless.session.crew import Crew
from keyless.value import replace, value

S = TypeVar("S")
T = TypeVar("T")

WORKERS = 8
DEEPEST = 8  # levels: indexes in indexes, and what is attached to what is attached
MOST_MANIFESTS = 10_000
MOST_BYTES = 128 << 20  # of manifests, all of which are kept meanwhile


@value
class Visited:
    """A manifest, and what was found around it: *parts* of an index, *referrers*, and tags."""

    manifest: Manifest
    parts: tuple[Descriptor, ...] = ()
    referrers: tuple[Descriptor, ...] = ()
    attached: tuple[tuple[str, Descriptor], ...] = ()

    @property
    def digest(self) -> Digest:
        """The digest of the manifest."""
        return self.manifest.digest


@value
class Survey:
    """All that belongs to the image *root*, by digest; *rejected* was found, and left aside."""

    root: Digest
    visited: Mapping[Digest, Visited]
    rejected: tuple[Rejected, ...]

    def __getitem__(self, digest: Digest) -> Visited:
        return self.visited[digest]

    def parts_first(self, digest: Digest) -> Iterator[Visited]:
        """Yield what has *digest* and its parts, each after its own parts."""
        yield from self._parts_first(digest, set())

    def attachments(self, visited: Visited) -> Iterator[Visited]:
        """Yield what is attached to *visited*."""
        for descriptor in visited.referrers:
            yield self[descriptor.digest]
        for _, descriptor in visited.attached:
            yield self[descriptor.digest]

    def _parts_first(self, digest: Digest, done: set[Digest]) -> Iterator[Visited]:
        # It goes no deeper than the survey went.
        done.add(digest)
        for part in self[digest].parts:
            if part.digest not in done:
                yield from self._parts_first(part.digest, done)
        yield self[digest]


def survey(store: Store, root: Descriptor, *, attachments: Store | None = None) -> Survey:
    """Find what belongs to *root* in *store*; what is attached to it may be in another store."""
    surveyor = _Surveyor(root.digest, store, attachments or store)
    visited: dict[Digest, Visited] = {}
    rejected: list[Rejected] = []
    level = [_Lead(descriptor=root)]
    for _ in range(DEEPEST):
        found = in_parallel(surveyor.visit, level)
        news = [each for each in found if isinstance(each, Visited)]
        rejected += (each for each in found if isinstance(each, Rejected))
        visited.update((each.digest, each) for each in news)
        leads = dict.fromkeys(lead for each in news for lead in _leads(each))
        level = [lead for lead in leads if lead.descriptor.digest not in visited]
        if not level:
            return _confirmed(root.digest, visited, rejected)
        if len(visited) + len(level) > MOST_MANIFESTS:
            raise ParseError(f"more than {MOST_MANIFESTS} manifests belong to {root.digest}")
    raise ParseError(f"indexes or attachments nested deeper than {DEEPEST} levels: {root.digest}")


def in_parallel(work: Callable[[S], T], items: Iterable[S], *, workers: int = WORKERS) -> list[T]:
    """Do *work* on each of *items* at a time, and return what came of it, in their order."""
    crew = Crew[T](workers, name="carry")
    try:
        futures = [crew.do(partial(work, item)) for item in items]
        return [future.result() for future in futures]
    finally:
        crew.dismiss()


def is_leaf(manifest: Manifest) -> bool:
    """Say whether *manifest* is a signature or an attestation: about these nobody says anything."""
    kind = manifest.kind or ""
    if kind.startswith(BUNDLE_FAMILY) or kind == LEGACY_ARTIFACT:
        return True
    layers = {layer.media_type for layer in manifest.layers}
    return bool(layers) and layers <= {SIMPLE_SIGNING, ENVELOPE}


def _attached(store: Store, subject: Digest) -> Iterator[tuple[str, Descriptor]]:
    """Find what older ways of signing attach to *subject* under tags made of its digest."""
    for tag in attachment_tags(subject):
        try:
            descriptor = store.resolve(tag)
        except ImageNotFound:
            continue
        if descriptor.digest != subject:
            yield tag, descriptor


def attachment_tags(subject: Digest) -> tuple[str, ...]:
    """Return the tags of what may be attached to *subject*: those of a SHA-512 are too long."""
    reference = ImageReference
    tags = (
        reference.signature_tag(subject),
        reference.attestation_tag(subject),
        reference.sbom_tag(subject),
    )
    return tuple(filter(is_tag, tags))


@value
class _Lead:
    """Something to visit; if it is said to refer to *subject*, it has to."""

    descriptor: Descriptor
    subject: Digest | None = None


class _Surveyor:
    """Looks at one manifest at a time, and at what a store has around it."""

    def __init__(self, root: Digest, store: Store, attachments: Store) -> None:
        self._root = root
        self._store = store
        self._attachments = attachments
        self._left = MOST_BYTES
        self._counting = Lock()

    def visit(self, lead: _Lead) -> Visited | Rejected:
        """Look at *lead*; only if it was a mere claim, being wrong does not matter."""
        if lead.subject is None:
            return self._visited(self._part(lead.descriptor))
        digest = lead.descriptor.digest
        try:
            manifest = self._attachments.manifest(digest)
            _demand_subject(manifest, lead.subject)
        except (ImageNotFound, ParseError) as error:
            error.__context__ = None
            location = f"{self._attachments.name}, referrer {digest}"
            return Rejected(location=location, error=error.with_traceback(None))
        return self._visited(manifest)

    def _visited(self, manifest: Manifest) -> Visited:
        self._spend(len(manifest.raw))
        if is_leaf(manifest):
            return Visited(manifest=manifest)
        digest = manifest.digest
        return Visited(
            manifest=manifest,
            parts=tuple(each for each in manifest.manifests if each.media_type in MANIFEST_TYPES),
            referrers=self._attachments.referrers(digest).descriptors,
            attached=tuple(_attached(self._attachments, digest)),
        )

    def _spend(self, size: int) -> None:
        with self._counting:
            self._left -= size
            if self._left < 0:
                raise ParseError(f"more than {MOST_BYTES} bytes of manifests are {self._root}'s")

    def _part(self, descriptor: Descriptor) -> Manifest:
        try:
            return self._store.manifest(descriptor)
        except ImageNotFound:
            if self._attachments is self._store:
                raise
            return self._attachments.manifest(descriptor)


def _demand_subject(manifest: Manifest, wanted: Digest) -> None:
    if manifest.subject is None or manifest.subject.digest != wanted:
        raise ParseError(
            f"it does not refer to {wanted}",
            hint="it was copied from another image, or the list that names it is wrong",
        )


def _leads(visited: Visited) -> Iterator[_Lead]:
    for descriptor in visited.referrers:
        yield _Lead(descriptor=descriptor, subject=visited.digest)
    for descriptor in (*visited.parts, *(found for _, found in visited.attached)):
        yield _Lead(descriptor=descriptor)


def _confirmed(
    root: Digest, visited: Mapping[Digest, Visited], rejected: Iterable[Rejected]
) -> Survey:
    """Keep of what is said to refer to each only what does, described by what it says itself."""
    confirmed = {}
    for digest, each in visited.items():
        claimed = dict.fromkeys(descriptor.digest for descriptor in each.referrers)
        manifests = [visited[claim].manifest for claim in claimed if claim in visited]
        true = [it.referrer for it in manifests if it.subject and it.subject.digest == digest]
        confirmed[digest] = replace(each, referrers=tuple(true))
    return Survey(root=root, visited=confirmed, rejected=tuple(rejected))

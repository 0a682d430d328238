# SPDX-License-Identifier: Apache-2.0
"""What may vouch for an image: fetched from wherever signatures are kept, judged by nobody yet.

    referrers of the image     a list, then for each a manifest and one blob: a bundle
    the tag sha256-HEX.sig     a manifest, then its layers: legacy signatures; .att: attestations

Whoever may push to a repository may fill these places, with anything, under any label. So neither
the labels nor the order of a list decide anything: what is plainly something else is passed over,
and what claims to be a signature and is none comes out as rejected, with the reason. There are
limits on how many are fetched, and how large.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from itertools import islice
from threading import Lock
from typing import TypeVar

from keyless.errors import ImageNotFound, KeylessError, ParseError, Rejected
from keyless.images.formats import Format, Kind
from keyless.images.store import Store
from keyless.protocol.cosign import SIGN_PREDICATE
from keyless.protocol.cosign_layers import ENVELOPE, SIMPLE_SIGNING
from keyless.protocol.cosign_manifests import BUNDLE_FAMILY, LEGACY_ARTIFACT, PREDICATE_TYPE_NOTE
from keyless.protocol.digest import Digest
from keyless.protocol.oci import Descriptor, ImageReference, Manifest, is_tag
from keyless.session.crew import Crew
from keyless.value import value

T = TypeVar("T")

FETCHERS = 8
# So many are fetched ahead of the one that is judged: neither waits for the other.
AHEAD = 2 * FETCHERS
MOST_CANDIDATES = 1000
LARGEST_CANDIDATE = 16 << 20
MOST_BYTES = 256 << 20

_LEGACY_TYPES = {"signature": SIMPLE_SIGNING, "attestation": ENVELOPE}
_TAGS = {
    "signature": ImageReference.signature_tag,
    "attestation": ImageReference.attestation_tag,
}


@value
class Candidate:
    """Bytes that may vouch for an image: a bundle, or the content of a legacy layer."""

    location: str
    format: Format
    content: bytes
    notes: tuple[tuple[str, str], ...] = ()


Fetched = Candidate | Rejected


class Candidates:
    """What may vouch for the image *subject* in *store*, as *kind*; iterating fetches it.

    *bundles* may count, or *legacy* layers, or both: where neither are, it is not looked. *places*
    says, once done, where it was.
    """

    def __init__(
        self, store: Store, subject: Digest, *, kind: Kind, bundles: bool, legacy: bool
    ) -> None:
        self._store = store
        self._subject = subject
        self._kind = kind
        self._bundles = bundles
        self._legacy = legacy
        self._budget = _Budget()
        self.places: list[str] = []

    def __iter__(self) -> Iterator[Fetched]:
        fetched = self._fetched()
        yield from islice(fetched, MOST_CANDIDATES)
        if next(fetched, None) is not None:
            yield self._too_many()

    def _fetched(self) -> Iterator[Fetched]:
        crew = Crew[list[Fetched]](FETCHERS, name="fetch")
        jobs = self._jobs()
        try:
            for future in _in_turn(crew, islice(jobs, MOST_CANDIDATES)):
                yield from future.result()
            if next(jobs, None) is not None:
                yield self._too_many()
        finally:
            crew.dismiss()

    def _too_many(self) -> Rejected:
        error = ParseError(
            f"there are more than {MOST_CANDIDATES}, and the rest was not looked at",
            hint="somebody fills this repository; delete what is no signature",
        )
        return Rejected(location=self._store.name, error=error)

    def _jobs(self) -> Iterator[Callable[[], list[Fetched]]]:
        if self._bundles:
            for descriptor in self._listed():
                yield partial(self._referrer, descriptor)
        if self._legacy:
            tag = _TAGS[self._kind](self._subject)
            if is_tag(tag):  # that of a SHA-512 is too long to be one, so there is nothing there
                yield from self._layer_jobs(tag)

    def _listed(self) -> list[Descriptor]:
        referrers = self._store.referrers(self._subject)
        self.places.append(f"the referrers of {self._subject} ({referrers.source})")
        distinct = {descriptor.digest: descriptor for descriptor in referrers.descriptors}
        # Only a hint, which may be wrong or absent: whose turn it is, if there are too many.
        return sorted(distinct.values(), key=_likelihood)

    def _layer_jobs(self, tag: str) -> Iterator[Callable[[], list[Fetched]]]:
        location = f"tag {tag}"
        self.places.append(f"the {location}")
        try:
            manifest = self._store.manifest(self._store.resolve(tag))
        except ImageNotFound:
            return
        for layers in _same(manifest.layers):
            yield partial(self._layers, layers, location)

    def _referrer(self, descriptor: Descriptor) -> list[Fetched]:
        location = f"referrer {descriptor.digest}"
        return _caught(location, partial(self._read_referrer, descriptor, location))

    def _read_referrer(self, descriptor: Descriptor, location: str) -> list[Fetched]:
        self._budget.spend(descriptor.size)
        manifest = self._store.manifest(descriptor)
        self._budget.charge(len(manifest.raw) - descriptor.size)  # the list may have said less
        is_legacy = self._legacy and _is_legacy(manifest)
        if not (is_legacy or _is_bundle(manifest)):
            return []
        if manifest.subject is None or manifest.subject.digest != self._subject:
            raise ParseError(
                "it refers to another image",
                hint="it was copied from there, or the list that names it is wrong",
            )
        if is_legacy:
            groups = _same(manifest.layers)
            return [each for layers in groups for each in self._layers(layers, location)]
        if len(manifest.layers) != 1:
            raise ParseError(f"{len(manifest.layers)} layers where a bundle is one")
        return [self._bundle(manifest.layers[0], location)]

    def _bundle(self, layer: Descriptor, location: str) -> Candidate:
        if not layer.media_type.startswith(BUNDLE_FAMILY):
            raise ParseError(f"{layer.media_type} where a bundle is wanted")
        return Candidate(location=location, format="bundle", content=self._blob(layer))

    def _layers(self, layers: list[Descriptor], location: str) -> list[Fetched]:
        """Fetch the content that *layers* have in common; each has notes of its own on it."""
        return _caught(f"{location}, {layers[0].digest}", partial(self._read, layers, location))

    def _read(self, layers: list[Descriptor], location: str) -> list[Fetched]:
        wanted = _LEGACY_TYPES[self._kind]
        if layers[0].media_type != wanted:
            raise ParseError(f"{layers[0].media_type} where {wanted} is wanted")
        content = self._blob(layers[0])
        return [
            Candidate(
                location=f"{location}, {layer.digest}",
                format="legacy",
                content=content,
                notes=layer.annotations,
            )
            for layer in layers
        ]

    def _blob(self, layer: Descriptor) -> bytes:
        self._budget.spend(layer.size)
        return self._store.blob(layer, largest=LARGEST_CANDIDATE)


class _Budget:
    """What may be fetched in all, by what the lists say of its size; a blob of another is none."""

    def __init__(self) -> None:
        self._bytes = MOST_BYTES
        self._fetches = 2 * MOST_CANDIDATES
        self._lock = Lock()

    def spend(self, size: int) -> None:
        if size > LARGEST_CANDIDATE:
            raise ParseError(f"{size} bytes, more than the {LARGEST_CANDIDATE} that are fetched")
        with self._lock:
            if size > self._bytes or not self._fetches:
                raise ParseError(
                    f"not fetched, after so many others: {MOST_BYTES} bytes are enough, "
                    f"and {2 * MOST_CANDIDATES} requests",
                    hint="somebody fills this repository; delete what is no signature",
                )
            self._bytes -= size
            self._fetches -= 1

    def charge(self, more: int) -> None:
        """Take note that what was fetched had so many bytes *more* than were said."""
        with self._lock:
            self._bytes -= max(0, more)


def _in_turn(crew: Crew[T], jobs: Iterable[Callable[[], T]]) -> "Iterator[Future[T]]":
    """Have *crew* do *jobs*, never many ahead of whoever iterates; yield them in their order."""
    under_way: deque[Future[T]] = deque()
    for job in jobs:
        under_way.append(crew.do(job))
        if len(under_way) >= AHEAD:
            yield under_way.popleft()
    yield from under_way


def _caught(location: str, fetch: Callable[[], list[Fetched]]) -> list[Fetched]:
    """Have what cannot be fetched, or is no signature, rejected by itself: the others remain."""
    try:
        return fetch()
    except KeylessError as error:
        error.__context__ = None
        return [Rejected(location=location, error=error.with_traceback(None))]


def _likelihood(descriptor: Descriptor) -> int:
    said = dict(descriptor.annotations).get(PREDICATE_TYPE_NOTE)
    return 1 if said is None else 2 * (said != SIGN_PREDICATE)


def _same(layers: Iterable[Descriptor]) -> list[list[Descriptor]]:
    """Put together what is the same but for its notes: two may sign the same payload."""
    groups: dict[tuple[str, Digest], list[Descriptor]] = {}
    for layer in layers:
        groups.setdefault((layer.media_type, layer.digest), []).append(layer)
    return list(groups.values())


def _is_bundle(manifest: Manifest) -> bool:
    kinds = [manifest.artifact_type, *(layer.media_type for layer in manifest.layers)]
    return any(kind is not None and kind.startswith(BUNDLE_FAMILY) for kind in kinds)


def _is_legacy(manifest: Manifest) -> bool:
    config = None if manifest.config is None else manifest.config.media_type
    return LEGACY_ARTIFACT in (manifest.artifact_type, config)

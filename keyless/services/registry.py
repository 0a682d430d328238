# SPDX-License-Identifier: Apache-2.0
"""A repository in a registry of container images (OCI distribution specification 1.1).

Everything that comes is compared with the digest that asked for it; nothing that a registry says of
itself counts for more. What is written is written from below: what a manifest names before it, and
a list of manifests last, so that nobody finds half of a signature.
"""

from collections.abc import Iterable, Iterator, Sequence

from keyless.errors import ImageNotFound, InputError, ParseError, RegistryAuthError
from keyless.protocol.digest import Digest
from keyless.protocol.json_reader import Json
from keyless.protocol.oci import LARGEST_MANIFEST, Descriptor, ImageReference, Manifest, is_tag
from keyless.protocol.oci_index import with_entries
from keyless.safe_text import shown
from keyless.services.http import Response, awaited
from keyless.services.http.messages import Headers
from keyless.services.referrers import Referrers, subject_of
from keyless.services.registry_answers import ACCEPTED, described, parsed
from keyless.services.registry_auth import Scope
from keyless.services.registry_blobs import download, upload
from keyless.services.registry_lists import pages
from keyless.services.registry_referrers import checked_list, listed, noted
from keyless.services.registry_wire import Question, Wire
from keyless.services.shared_tags import Change, SharedTag, Tagged, edit
from keyless.value import replace

MOST_TAGS = 100_000

_PULL = frozenset({"pull"})
_PUSH = frozenset({"pull", "push"})
_DELETE = frozenset({"delete"})

# Where it is asked whether something is there, registries say in many ways that it is not.
_ABSENT = (400, 403, 404, 405)


class Registry:
    """The repository that *image* is in, over *wire*. May be shared between threads."""

    def __init__(self, image: ImageReference, wire: Wire) -> None:
        self._repository = image.repository
        self._wire = wire
        self._is_readable = False
        self.name = image.name

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the registry wanted its users to know, safe to show."""
        return tuple(self._wire.warnings)

    def resolve(self, reference: str) -> Descriptor:
        """Say what *reference*, a tag or a digest, stands for; ImageNotFound if for nothing."""
        path = f"manifests/{_checked(reference)}"
        # Asked for its headers first: some registries count who asks for more.
        question = self._question("HEAD", path, _PULL, headers=ACCEPTED)
        head = self._wire.ask(question, also=_ABSENT)
        if (found := described(head, reference)) is not None:
            self._is_readable = True
            return found
        if head.status == 404:
            raise self._not_found(reference)
        return self._manifest(reference).descriptor

    def manifest(self, wanted: Descriptor | Digest) -> Manifest:
        """Return the manifest *wanted*; ImageNotFound if it is not there."""
        if isinstance(wanted, Digest):
            return self._manifest(str(wanted))
        return self._manifest(str(wanted.digest), wanted.media_type)

    def blob(self, descriptor: Descriptor, *, largest: int) -> bytes:
        """Return the blob that *descriptor* names, of no more than *largest* bytes."""
        if descriptor.size > largest:
            raise ParseError(
                f"{descriptor.digest} is said to have {descriptor.size} bytes, more than the "
                f"{largest} that are read"
            )
        return b"".join(self.stream_blob(descriptor))

    def stream_blob(self, descriptor: Descriptor) -> Iterator[bytes]:
        """Yield the blob piece by piece; raise at its end if it was another one."""
        question = self._question("GET", f"blobs/{descriptor.digest}", _PULL)
        return download(self._wire, question, descriptor)

    def has_blob(self, descriptor: Descriptor) -> bool:
        """Say whether the blob is there; where it cannot be told, it is not."""
        return self._has(descriptor, _PULL)

    def referrers(self, subject: Digest) -> Referrers:
        """List what refers to *subject*: as the registry says, or as its clients have noted."""
        found = self._listed(subject)
        if found:
            return Referrers(descriptors=found, source="api")
        # That a registry knows of none does not say that there is none: it may have begun to keep
        # such lists when its clients had already noted something.
        if others := noted(self._note(subject), subject):
            return Referrers(descriptors=others, source="fallback tag")
        return Referrers(descriptors=(), source="none" if found is None else "api")

    def tags(self) -> Iterator[str]:
        """Yield every tag; ImageNotFound if there is no such repository."""
        count = 0
        for page in pages(self._wire, self._question("GET", "tags/list", _PULL), also=(404,)):
            if page.status == 404:
                raise self._not_found("")
            for tag in Json.parse(page.body).texts("tags", most=MOST_TAGS):
                count += 1
                if count > MOST_TAGS:
                    raise self._wire.broken(f"has more than {MOST_TAGS} tags", hint="name one")
                if is_tag(tag):  # it may become a part of a URL
                    yield tag

    def put_blob(self, descriptor: Descriptor, data: Iterable[bytes]) -> None:
        """Keep *data*, which must be what *descriptor* says; it is not read if it is there."""
        if self._has(descriptor, _PUSH):
            return
        question = self._question("POST", "blobs/uploads/", _PUSH, body=b"")
        upload(self._wire, question, self._wire.ask(question), descriptor, data)

    def mount_blob(self, descriptor: Descriptor, *, source: str) -> bool:
        """Take the blob over from the place called *source*; say whether it is there now."""
        there = ImageReference.parse(source)
        if there.registry != self._wire.name:
            return False
        path = f"blobs/uploads/?mount={descriptor.digest}&from={there.repository}"
        question = self._question("POST", path, _PUSH, body=b"")
        scope = Scope(repository=there.repository, actions=_PULL)
        question = replace(question, scopes=(*question.scopes, scope))
        return self._wire.ask(question, also=range(400, 500)).status == 201

    def put_manifest(self, manifest: Manifest, *, tag: str | None = None) -> Descriptor:
        """Keep *manifest*, and have *tag* stand for it; what it names must be there already."""
        self._put(manifest, str(manifest.digest) if tag is None else _checked(tag))
        return manifest.descriptor

    def add_referrers(self, manifests: Sequence[Manifest]) -> None:
        """Keep *manifests*, all of which have one subject, so that everybody finds them there."""
        subject = subject_of(manifests)
        answers = [self._put(each, str(each.digest)) for each in manifests]
        promised = all(answer.header("OCI-Subject") for answer in answers)
        if missing := self._unlisted(manifests, subject, promised=promised):
            # All at once: each change of a list is waited for until nobody else changes it.
            entries = [each.referrer for each in missing]
            self.edit_tag(
                ImageReference.fallback_tag(subject),
                lambda there: with_entries(checked_list(there, subject), entries),
            )

    def edit_tag(self, tag: str, change: Change) -> None:
        """Have *tag* stand for what *change* makes of what it stood for; lose nobody's change."""
        shared = SharedTag(
            name=f"the tag {_checked(tag)} of {self.name}",
            read=lambda: self._read_shared(tag),
            write=lambda manifest, there: self._write_shared(tag, manifest, there),
            patience=self._wire.patience,
        )
        edit(shared, change)

    def delete(self, digest: Digest) -> None:
        """Forget the manifest that has *digest*, and every tag for it."""
        question = self._question("DELETE", f"manifests/{digest}", _DELETE)
        if self._wire.ask(question, also=(404,)).status == 404:
            raise self._not_found(str(digest))

    def _question(
        self,
        method: str,
        path: str,
        actions: frozenset[str],
        *,
        headers: Headers = (),
        body: bytes | None = None,
    ) -> Question:
        return Question(
            method=method,
            url=f"{self._wire.url}/v2/{self._repository}/{path}",
            scopes=(Scope(repository=self._repository, actions=actions),),
            headers=headers,
            body=body,
            largest=LARGEST_MANIFEST,
            streamed=method == "GET" and path.startswith("blobs/"),
        )

    def _has(self, descriptor: Descriptor, actions: frozenset[str]) -> bool:
        question = self._question("HEAD", f"blobs/{descriptor.digest}", actions)
        return self._wire.ask(question, also=_ABSENT).status == 200

    def _manifest(self, reference: str, said: str | None = None) -> Manifest:
        return parsed(self._wire, self._answer(reference), reference, said)

    def _answer(self, reference: str) -> Response:
        """Return the answer that has the manifest *reference*; ImageNotFound if there is none."""
        question = self._question("GET", f"manifests/{reference}", _PULL, headers=ACCEPTED)
        answer = self._wire.ask(question, also=(403, 404))
        # Some say 403 of what is not there, also to who may read everything that is.
        if answer.status == 404 or (answer.status == 403 and self._is_readable):
            raise self._not_found(reference)
        if answer.status == 403:
            raise self._wire.refusal(question, answer)
        self._is_readable = True
        return answer

    def _put(self, manifest: Manifest, reference: str) -> Response:
        question = self._putting(manifest, reference)

        def put() -> Response | None:
            return _unless_confused(self._wire.ask(question, also=(400,)))

        answer = awaited(put, self._wire.patience) or self._wire.ask(question)
        if answer.status == 400:
            raise self._wire.refusal(question, answer)
        self._is_readable = True  # or it could not be written to either
        return answer

    def _putting(self, manifest: Manifest, reference: str, headers: Headers = ()) -> Question:
        return self._question(
            "PUT",
            f"manifests/{reference}",
            _PUSH,
            headers=(("Content-Type", manifest.media_type), *headers),
            body=manifest.raw,
        )

    def _listed(self, subject: Digest) -> tuple[Descriptor, ...] | None:
        return listed(self._wire, self._question("GET", f"referrers/{subject}", _PULL))

    def _unlisted(
        self, manifests: Sequence[Manifest], subject: Digest, *, promised: bool
    ) -> Sequence[Manifest]:
        """Return what of *manifests* the registry itself does not list, though it *promised* to."""

        def look() -> Sequence[Manifest] | None:
            found = self._listed(subject)
            if found is None:
                return manifests
            there = {each.digest for each in found}
            missing = [each for each in manifests if each.digest not in there]
            return None if missing and promised else missing

        missing = awaited(look, self._wire.patience)
        return manifests if missing is None else missing

    def _note(self, subject: Digest) -> Manifest | None:
        """Return what stands under the tag for what refers to *subject*."""
        tag = ImageReference.fallback_tag(subject)
        try:
            return self._read_shared(tag).manifest
        except RegistryAuthError:
            self.resolve(str(subject))  # the image may be read by whoever may read the tag
            return self._read_shared(tag).manifest

    def _read_shared(self, tag: str) -> Tagged:
        try:
            answer = self._answer(tag)
        except ImageNotFound:
            return Tagged(manifest=None)
        manifest = parsed(self._wire, answer, tag, None)
        return Tagged(manifest=manifest, etag=answer.header("ETag"))

    def _write_shared(self, tag: str, manifest: Manifest, there: Tagged) -> bool:
        """Write *manifest* unless the registry says that something else is there by now."""
        if there.manifest is None:
            condition: Headers = (("If-None-Match", "*"),)
        else:
            condition = (("If-Match", there.etag),) if there.etag else ()
        # Once: what is repeated after a while would be put over what others wrote meanwhile.
        question = replace(self._putting(manifest, tag, condition), once=True)
        answer = self._wire.ask(question, also=(400, 412))
        is_immutable = answer.status == 412 and b"immutable" in answer.body  # no condition of ours
        is_wrong = answer.status == 400 and _unless_confused(answer) is not None
        if is_immutable or is_wrong:
            raise self._wire.refusal(question, answer)
        return answer.status < 300

    def _not_found(self, reference: str) -> ImageNotFound:
        mark = "@" if ":" in reference else ":" if reference else ""
        return ImageNotFound(
            f"there is no {self.name}{mark}{reference}",
            hint="look how it is spelled, and whether it was pushed",
        )


def _unless_confused(answer: Response) -> Response | None:
    """Return *answer*, and None if it says of a manifest that its digest is wrong.

    It is not: but `docker-registry` says so while somebody else is writing a blob that the manifest
    names, of which it then reads half.
    """
    confused = answer.status == 400 and b"DIGEST_INVALID" in answer.body
    return None if confused else answer


def _checked(reference: str) -> str:
    """Return *reference* if it is a digest or a tag: it becomes a part of a URL."""
    if ":" in reference:
        return str(Digest.parse(reference))
    if not is_tag(reference):
        raise InputError(f"{shown(reference, longest=140)!r} is neither a tag nor a digest")
    return reference

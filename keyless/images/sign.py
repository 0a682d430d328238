# SPDX-License-Identifier: Apache-2.0
"""Signing an image: its digest, whatever its tags are by the time anybody looks.

    format     what is signed                   where it is put
    bundle     cosign's statement               a manifest that refers to the image
    legacy     a simple-signing document        a layer under the tag sha256-HEX.sig
    both       each                             both

An attestation is one signed statement, and is put into a bundle, a layer under `.att`, or both.

All of it is signed before any of it is pushed, and a registry that lets nobody push says so before
anything is signed.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import assert_never

from keyless.errors import InputError, KeylessError, NotPushed
from keyless.images.formats import Format, WriteFormat
from keyless.images.parts import parts_of, platform_of
from keyless.images.place import Place
from keyless.images.push import Draft, prepare, put
from keyless.images.signed import ImageSigning, SignedImage
from keyless.instance import Sigstore
from keyless.protocol.cosign import Annotations, SimpleSigning, sign_statement
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.oci import Descriptor
from keyless.protocol.statement import Statement, Subject
from keyless.safe_text import shown
from keyless.session import Predicate, Signer
from keyless.session.subject import stated
from keyless.value import replace, value

Tell = Callable[[str], None]

_BY_NAME: dict[WriteFormat, tuple[Format, ...]] = {
    "bundle": ("bundle",),
    "legacy": ("legacy",),
    "both": ("bundle", "legacy"),
}


@value
class Target:
    """What is signed: the image with *digest*, or its part for a *platform*.

    Its *descriptor* is known if its store was asked, which nobody is who does not push.
    """

    digest: Digest
    descriptor: Descriptor | None = None
    platform: str | None = None


def sign_image(  # noqa: PLR0913 - each of these is a question of its own
    place: Place,
    signer: Signer,
    *,
    annotations: Annotations = (),
    format: WriteFormat = "bundle",  # noqa: A002 - what everybody calls it
    recursive: bool = False,
    push: bool = True,
    tell: Tell,
) -> SignedImage:
    """Sign the image at *place* as *signer*, with *annotations*; *recursive*: each part of it, too.

    Unless it is to be *pushed*, nobody is asked for an image that is named by its digest. What a
    tag stands for, *tell* is told.
    """
    formats = formats_of(format, signer.sigstore)

    def drafts(target: Target) -> list[Draft]:
        return [
            _draft(signer, payload_of(place, target.digest, annotations, kind=each), each)
            for each in formats
        ]

    targets = list(_targets(place, recursive=recursive, push=push, tell=tell))
    first, *parts = _carried_out(place, signer.sigstore, targets, drafts, push=push)
    return replace(first, parts=tuple(parts))


def attest_image(  # noqa: PLR0913 - likewise
    place: Place,
    signer: Signer,
    *,
    predicate: Predicate,
    type: str,  # noqa: A002 - what everybody calls it
    format: WriteFormat = "bundle",  # noqa: A002 - what everybody calls it
    push: bool = True,
    tell: Tell,
) -> SignedImage:
    """Sign as *signer* that *predicate*, which is of *type*, is true of the image at *place*."""
    formats = formats_of(format, signer.sigstore)

    def drafts(target: Target) -> list[Draft]:
        payload = statement_of(place, target.digest, predicate, type).to_json()
        signed = signer.attest_statement(payload)
        return [Draft(format=each, signed=signed, payload=payload) for each in formats]

    targets = list(_targets(place, recursive=False, push=push, tell=tell))
    (only,) = _carried_out(place, signer.sigstore, targets, drafts, push=push)
    return only


def statement_of(
    place: Place, digest: Digest, predicate: Predicate, predicate_type: str
) -> Statement:
    """Return the statement that *predicate* is true of the image with *digest*."""
    _, statement = stated(digest, predicate, predicate_type)
    # The name identifies nothing, but readers look for one: cosign's is that of the repository.
    name = place.repository or str(digest)
    return replace(statement, subjects=(Subject(name=name, digests=(digest,)),))


def formats_of(name: WriteFormat, sigstore: Sigstore) -> tuple[Format, ...]:
    """Return the formats that *name* stands for; refuse what this instance cannot write."""
    formats = _BY_NAME.get(name)
    if formats is None:
        raise InputError(
            f"{shown(name)} is no format of signatures",
            hint=f"the formats are {', '.join(_BY_NAME)}",
        )
    logs = sigstore.signing_services().logs
    if "legacy" in formats and logs and all(log.major_version != 1 for log in logs):
        raise InputError(
            "legacy signatures need a promise of a log of version 1, and what is signed goes to "
            "one of version 2",
            hint="sign a bundle, or connect to the instance with rekor=1",
        )
    return formats


def _targets(place: Place, *, recursive: bool, push: bool, tell: Tell) -> Iterator[Target]:
    pin = place.pin
    if pin is not None and not (push or recursive):
        yield Target(digest=pin)
        return
    root = place.descriptor()
    if pin is None:
        tell(f"{place.reference} is {root.digest} now: that is what is signed")
    yield Target(digest=root.digest, descriptor=root)
    if recursive:
        for part in parts_of(place.store, root.digest):
            yield Target(digest=part.digest, descriptor=part, platform=platform_of(part))


def payload_of(place: Place, digest: Digest, annotations: Annotations, *, kind: Format) -> bytes:
    """Write what a signature of the image with *digest* signs, if it is of that *kind*."""
    match kind:
        case "bundle":
            return sign_statement(digest, annotations)
        case "legacy":
            return SimpleSigning(
                docker_reference=_name(place, digest), digest=digest, annotations=annotations
            ).to_json()
        case _:
            assert_never(kind)


def _name(place: Place, digest: Digest) -> str:
    if digest.algorithm is not HashAlgorithm.SHA256:
        raise InputError(
            f"legacy signatures are of images by their SHA-256, and this one is named by {digest}",
            hint="sign a bundle",
        )
    if place.repository is None:
        # A path on this machine says nothing to anybody else, and is nobody's business.
        raise InputError(
            f"{place.store.name} has no name that a legacy signature could call the image by",
            hint="sign a bundle, or sign the image in a registry",
        )
    return place.repository


def _draft(signer: Signer, payload: bytes, kind: Format) -> Draft:
    sign = signer.attest_statement if kind == "bundle" else signer.sign
    return Draft(format=kind, signed=sign(payload), payload=payload)


def _carried_out(
    place: Place,
    sigstore: Sigstore,
    targets: Sequence[Target],
    drafts: Callable[[Target], list[Draft]],
    *,
    push: bool,
) -> list[SignedImage]:
    """Sign each of *targets*, then push what was signed, if it is to be."""
    if push:
        prepare(place.attachments)
    drafted = [(target, drafts(target)) for target in targets]
    now = sigstore.clock().replace(microsecond=0)

    def locate(target: Target, draft: Draft) -> str | None:
        if not push:
            return None
        return put(place.attachments, draft, target.descriptor or place.descriptor(), now)

    try:
        return [_signed_image(place, target, signed, locate) for target, signed in drafted]
    except KeylessError as error:
        raise _not_pushed(
            place, error, [each for _, signed in drafted for each in signed]
        ) from error


def _signed_image(
    place: Place,
    target: Target,
    drafts: Sequence[Draft],
    locate: Callable[[Target, Draft], str | None],
) -> SignedImage:
    return SignedImage(
        digest=target.digest,
        reference=place.pinned(target.digest),
        signings=tuple(
            ImageSigning(
                bundle=draft.signed.bundle,
                proof=draft.signed.proof,
                format=draft.format,
                payload=draft.payload,
                location=locate(target, draft),
            )
            for draft in drafts
        ),
        platform=target.platform,
    )


def _not_pushed(place: Place, error: KeylessError, drafts: Sequence[Draft]) -> NotPushed:
    failure = NotPushed(
        f"signed and logged, but not pushed: {error.message}",
        service=place.attachments.name,
        hint=error.hint,
    )
    failure.bundles = tuple(draft.signed.bundle.to_json() for draft in drafts)
    return failure

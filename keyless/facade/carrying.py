# SPDX-License-Identifier: Apache-2.0
"""Images carried from place to place, with their signatures; and what is attached to them."""

import os
from collections.abc import Collection, Iterator, Mapping
from typing import Literal, overload

from keyless import files
from keyless.errors import InputError
from keyless.facade.verifying import BundleLike, policy_of
from keyless.images import attach, carry, clean
from keyless.images.carry import CarriedImage, Destination
from keyless.images.clean import CleanedImage
from keyless.images.layout import Layout
from keyless.images.layout_index import NAME_NOTE
from keyless.images.layout_names import PREFIX, is_layout, layout_named, split_layout
from keyless.images.open import open_place
from keyless.images.place import Place
from keyless.images.proof import ImageSignature
from keyless.images.transfer import Progress
from keyless.images.tree import ImageTree
from keyless.images.verify import Wish
from keyless.instance import Sigstore, connect
from keyless.policy import Policy, Quorum, Requirements, Wanted
from keyless.protocol.bundle import Bundle
from keyless.protocol.cosign import signed_annotations
from keyless.protocol.digest import Digest
from keyless.protocol.json_reader import LARGEST_DOCUMENT
from keyless.protocol.oci import ImageReference
from keyless.safe_text import shown
from keyless.services.http import Transport, requests_transport
from keyless.services.registry_options import RegistryOptions

Path = str | os.PathLike[str]
SIGNATURES: tuple[clean.Kind, ...] = ("signature",)
Attached = Literal["signature", "attestation", "sbom", "referrers"]


def image_tree(
    reference: str, *, options: RegistryOptions | None = None, sigstore: Sigstore | None = None
) -> ImageTree:
    """Find what belongs to the image that *reference* names: parts, signatures, whatever refers.

    Nothing of it is verified; `verify_image` does that.
    """
    return carry.image_tree(_place(reference, options, sigstore))


def image_tags(
    repository: str, *, options: RegistryOptions | None = None, sigstore: Sigstore | None = None
) -> Iterator[str]:
    """Yield every tag in *repository*, be it in a registry, or a layout as in `oci:app.tar`."""
    return _place(repository, options, sigstore).store.tags()


def copy_image(  # noqa: PLR0913 - each of these is a question of its own
    source: str,
    destination: str,
    *,
    platform: str | None = None,
    progress: Progress | None = None,
    options: RegistryOptions | None = None,
    sigstore: Sigstore | None = None,
) -> CarriedImage:
    """Copy the image *source* to *destination*, with its parts and all that is attached to them.

    Either is in a registry, or in a layout as in `oci:app.tar:1.2`. Without a tag, *destination*
    gets the source's. With *platform*, it is that part alone, and what is attached to it.
    """
    place = _place(source, options, sigstore)
    target = _destination(destination, _tag_of(source, place), options, sigstore)
    return carry.copy_image(place, target, platform=platform, progress=progress)


def save_image(  # noqa: PLR0913 - likewise
    reference: str,
    path: Path,
    *,
    platform: str | None = None,
    progress: Progress | None = None,
    options: RegistryOptions | None = None,
    sigstore: Sigstore | None = None,
) -> CarriedImage:
    """Save the image that *reference* names to *path*: `app.tar` becomes an archive, else a folder.

    It is an OCI layout, with all that is attached to the image: `verify_image("oci:app.tar", …)`
    needs no registry. Where there is a layout already, the image is added to it.
    """
    place = _place(reference, options, sigstore)
    target = Destination(store=Layout.at(files.name_of(path)), tag=_tag_of(reference, place))
    return carry.copy_image(place, target, platform=platform, progress=progress)


def load_image(  # noqa: PLR0913 - likewise
    path: Path,
    reference: str,
    *,
    platform: str | None = None,
    progress: Progress | None = None,
    options: RegistryOptions | None = None,
    sigstore: Sigstore | None = None,
) -> CarriedImage:
    """Push the image in the layout at *path* to where *reference* names, with its signatures.

    One of several images is named as in `app.tar:1.2`. Without a tag, *reference* gets its.
    """
    source = files.name_of(path)
    layout, named = split_layout(source.removeprefix(PREFIX))
    store = Layout.at(layout)
    place = Place(f"{PREFIX}{source.removeprefix(PREFIX)}", store=store, named=named)
    target = _destination(reference, _tag_of(f"{PREFIX}{source}", place), options, sigstore)
    return carry.copy_image(place, target, platform=platform, progress=progress)


@overload
def attach_signature(
    reference: str,
    bundle: BundleLike,
    *,
    identity: Wanted,
    issuer: Wanted,
    payload: bytes | None = None,
    annotations: Mapping[str, str] | None = None,
    options: RegistryOptions | None = None,
    sigstore: Sigstore | None = None,
    requirements: Requirements = Requirements.PUBLIC,
) -> ImageSignature: ...
@overload
def attach_signature(
    reference: str,
    bundle: BundleLike,
    *,
    policy: Policy | Quorum,
    payload: bytes | None = None,
    annotations: Mapping[str, str] | None = None,
    options: RegistryOptions | None = None,
    sigstore: Sigstore | None = None,
    requirements: Requirements = Requirements.PUBLIC,
) -> ImageSignature: ...
def attach_signature(  # noqa: PLR0913 - who may have signed is said in two ways
    reference: str,
    bundle: BundleLike,
    *,
    identity: Wanted | None = None,
    issuer: Wanted | None = None,
    policy: Policy | Quorum | None = None,
    payload: bytes | None = None,
    annotations: Mapping[str, str] | None = None,
    options: RegistryOptions | None = None,
    sigstore: Sigstore | None = None,
    requirements: Requirements = Requirements.PUBLIC,
) -> ImageSignature:
    """Attach *bundle* to the image that *reference* names, if it is a signature of it as demanded.

    One that signs a file, rather than a statement, has to sign *payload*, or what `generate`
    returns, and becomes a legacy signature. Who must have signed, `verify_image` explains.
    """
    chosen = sigstore or connect()
    wish = Wish(
        policy=policy_of(identity, issuer, policy),
        trusted_root=chosen.trusted_root,
        requirements=requirements,
        annotations=signed_annotations(annotations),
    )
    place = open_place(reference, options=options, transport=chosen.transport)
    now = chosen.clock()
    return attach.attach_signature(place, _bytes_of(bundle), wish, payload=payload, now=now)


def generate(
    reference: str,
    *,
    annotations: Mapping[str, str] | None = None,
    options: RegistryOptions | None = None,
    sigstore: Sigstore | None = None,
) -> bytes:
    """Return what a legacy signature of the image that *reference* names signs, byte for byte."""
    place = _place(reference, options, sigstore)
    return attach.generate(place, annotations=signed_annotations(annotations))


def triangulate(
    reference: str,
    kind: Attached = "signature",
    *,
    options: RegistryOptions | None = None,
    sigstore: Sigstore | None = None,
) -> str:
    """Return under which tag what is of *kind* is attached to the image that *reference* names.

    That is where it would be: nobody looks. `referrers` is the list of what refers to the image, in
    a registry that does not list that itself.
    """
    tags = {
        "signature": ImageReference.signature_tag,
        "attestation": ImageReference.attestation_tag,
        "sbom": ImageReference.sbom_tag,
        "referrers": ImageReference.fallback_tag,
    }
    if kind not in tags:
        raise InputError(
            f"{shown(kind, longest=80)!r} is nothing that is attached under a tag",
            hint=f"there are {', '.join(tags)}",
        )
    place = _place(reference, options, sigstore)
    return f"{place.attachments.name}:{tags[kind](place.digest())}"


def clean_image(
    reference: str,
    *,
    kinds: Collection[clean.Kind] = SIGNATURES,
    dry_run: bool = False,
    options: RegistryOptions | None = None,
    sigstore: Sigstore | None = None,
) -> CleanedImage:
    """Remove from the image that *reference* names its signatures, or what is of *kinds*.

    Those are `signature`, `attestation` and `sbom`, as bundles or under tags; what others attached
    stays. As a *dry_run* it is only said what would be removed.
    """
    return clean.clean_image(_place(reference, options, sigstore), kinds, dry_run=dry_run)


def _place(reference: str, options: RegistryOptions | None, sigstore: Sigstore | None) -> Place:
    return open_place(reference, options=options, transport=_transport(sigstore))


def _transport(sigstore: Sigstore | None) -> Transport:
    """Return a way to registries: no instance of Sigstore is needed for that."""
    return requests_transport() if sigstore is None else sigstore.transport


def _destination(
    text: str,
    tag: str | None,
    options: RegistryOptions | None,
    sigstore: Sigstore | None,
) -> Destination:
    """Return where *text* names, under its tag, or else under *tag*; signatures go with it."""
    if is_layout(text):
        layout, named = layout_named(text)
        if ":" in named:
            return Destination(store=layout, tag=None, digest=Digest.parse(named))
        return Destination(store=layout, tag=named or tag)
    reference = ImageReference.parse(text)
    given = reference.tag or (tag if reference.digest is None else None)
    store = _place(text, options, sigstore).store
    return Destination(store=store, tag=given, digest=reference.digest)


def _tag_of(text: str, place: Place) -> str | None:
    """Return the tag by which *text* calls the image at *place*, or by which its layout does."""
    if is_layout(text):
        return dict(place.descriptor().annotations).get(NAME_NOTE)
    reference = ImageReference.parse(text)
    return reference.tag or (None if reference.digest else "latest")


def _bytes_of(bundle: BundleLike) -> bytes:
    match bundle:
        case Bundle():
            return bundle.to_json()
        case bytes():
            return bundle
        case str() | os.PathLike():
            return files.read(bundle, largest=LARGEST_DOCUMENT)
        case _:
            return bundle.bundle.to_json()

# SPDX-License-Identifier: Apache-2.0
"""Attaching to an image a signature that was made elsewhere; and what is to be signed there.

    generate    the payload   ─→  signed by whoever may, where there is no registry  ─┐
    attach      verified, and put where those look who verify the image             ←─┘

What is attached is verified first, against whom the caller names: a signature that nobody checked
would only be told from a good one by those who deploy.
"""

from datetime import datetime

from keyless.errors import ImageNotFound, InputError, KeylessError
from keyless.images.candidates import Candidate
from keyless.images.judgement import of_another_type
from keyless.images.place import Place
from keyless.images.proof import ImageSignature
from keyless.images.push import put_bundle, put_layer
from keyless.images.store import Store
from keyless.images.verify import Wish
from keyless.protocol.bundle import Bundle, MessageSignature
from keyless.protocol.cosign import SIGN_PREDICATE, Annotations, SimpleSigning
from keyless.protocol.cosign_layers import SIMPLE_SIGNING, Notes, layer_notes
from keyless.protocol.cosign_manifests import bundle_manifest
from keyless.protocol.digest import Digest
from keyless.protocol.oci import ImageReference
from keyless.value import replace


def generate(place: Place, *, annotations: Annotations = ()) -> bytes:
    """Return what a legacy signature of the image at *place* signs, byte for byte."""
    if place.repository is None:
        raise InputError(
            f"{place.reference} is in no registry, whose name would be signed",
            hint="name the image as it will be called where it is deployed",
        )
    payload = SimpleSigning(
        docker_reference=place.repository, digest=place.digest(), annotations=annotations
    )
    return payload.to_json()


def attach_signature(
    place: Place, bundle: bytes, wish: Wish, *, payload: bytes | None = None, now: datetime
) -> ImageSignature:
    """Attach *bundle*, in JSON, to the image at *place* if it is a signature of it as by *wish*.

    One that signs a statement is attached as it is. One that signs a file has to sign *payload*, or
    what `generate` returns, and becomes a legacy signature. Attached twice, it is there once.
    """
    parsed = Bundle.parse(bundle)
    if isinstance(parsed.content, MessageSignature):
        signed = generate(place) if payload is None else payload
        return _attach_legacy(place, parsed, wish, signed)
    if payload is not None:
        raise InputError(
            "the bundle has in it what it signs, so there can be no other payload",
            hint="leave the payload out",
        )
    return _attach_bundle(place, bundle, wish, now)


def _attach_bundle(place: Place, data: bytes, wish: Wish, now: datetime) -> ImageSignature:
    subject = place.descriptor()
    judge = wish.judge(subject.digest)
    candidate = Candidate(location="the bundle", format="bundle", content=data)
    bundle = judge.read(candidate, "signature")
    if (another := of_another_type(candidate, bundle, SIGN_PREDICATE)) is not None:
        raise another.error
    signature = judge.signature(candidate, bundle)
    location = _attached(place.attachments, subject.digest, data)
    if location is None:
        manifest = bundle_manifest(
            data, subject=subject, predicate_type=SIGN_PREDICATE, created=now
        )
        location = put_bundle(place.attachments, data, manifest)
    return replace(signature, location=location)


def _attach_legacy(place: Place, bundle: Bundle, wish: Wish, payload: bytes) -> ImageSignature:
    digest = place.descriptor().digest
    notes = layer_notes(bundle)
    judge = wish.judge(digest)
    candidate = Candidate(location="the bundle", format="legacy", content=payload, notes=notes)
    # Judged as it will be found there: a layer has no room for some of what a bundle has.
    signature = judge.signature(candidate, judge.read(candidate, "signature"))
    tag = ImageReference.signature_tag(digest)
    store, location = place.attachments, f"tag {tag}, {Digest.of(payload)}"
    if not _has_layer(store, tag, payload, notes):
        location = put_layer(store, payload, tag=tag, media_type=SIMPLE_SIGNING, notes=notes)
    return replace(signature, location=location)


def _attached(store: Store, subject: Digest, bundle: bytes) -> str | None:
    """Return where *bundle* is attached to *subject* already."""
    wanted = Digest.of(bundle)
    for descriptor in store.referrers(subject).descriptors:
        try:
            manifest = store.manifest(descriptor.digest)
        except KeylessError:  # whatever that is, it is not ours
            continue
        about = manifest.subject is not None and manifest.subject.digest == subject
        if about and any(layer.digest == wanted for layer in manifest.layers):
            return f"referrer {manifest.digest}"
    return None


def _has_layer(store: Store, tag: str, payload: bytes, notes: Notes) -> bool:
    try:
        layers = store.manifest(store.resolve(tag)).layers
    except ImageNotFound:
        return False
    wanted = Digest.of(payload), sorted(notes)
    return any((layer.digest, sorted(layer.annotations)) == wanted for layer in layers)

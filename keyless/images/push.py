# SPDX-License-Identifier: Apache-2.0
"""Putting what was signed where others find it: what is referred to first, what refers to it last.

So nobody sees half a signature, wherever the way there ends. What is shared, a list of referrers or
the layers under a tag, the store changes without losing what others put there meanwhile.
"""

from datetime import datetime

from keyless.images.formats import Format
from keyless.images.store import Store
from keyless.protocol.bundle import MEDIA_TYPE
from keyless.protocol.cosign_layers import (
    ENVELOPE,
    PREDICATE_NOTE,
    SIMPLE_SIGNING,
    Notes,
    envelope_json,
    layer_notes,
)
from keyless.protocol.cosign_manifests import (
    EMPTY,
    EMPTY_CONFIG,
    IMAGE_CONFIG,
    bundle_manifest,
    with_layer,
)
from keyless.protocol.digest import Digest
from keyless.protocol.dsse import Envelope
from keyless.protocol.oci import Descriptor, ImageReference, Manifest
from keyless.protocol.statement import Statement
from keyless.session import Signed
from keyless.value import value


@value
class Draft:
    """What was signed, and is to be put as *format* says; *payload* is it, byte for byte."""

    format: Format
    signed: Signed
    payload: bytes


def prepare(store: Store) -> None:
    """Push what says nothing: whoever may not push to *store* learns it before they sign.

    What is signed stays in a log for ever, also if nobody can be given it.
    """
    _put_blob(store, EMPTY_CONFIG, EMPTY)


def put(store: Store, draft: Draft, subject: Descriptor, now: datetime) -> str:
    """Push *draft* to *store*, where those look who look for it; return where that is.

    It is of the image *subject*, and was made *now*.
    """
    bundle = draft.signed.bundle
    match draft.format, draft.signed.proof.statement, bundle.content:
        case "bundle", Statement(predicate_type=predicate_type), _:
            data = bundle.to_json()
            return put_bundle(store, data, _manifest(data, subject, predicate_type, now))
        case _, Statement(predicate_type=predicate_type), Envelope() as envelope:
            notes = (*layer_notes(bundle), (PREDICATE_NOTE, predicate_type))
            tag = ImageReference.attestation_tag(subject.digest)
            return put_layer(
                store, envelope_json(envelope), tag=tag, media_type=ENVELOPE, notes=notes
            )
        case _:
            tag = ImageReference.signature_tag(subject.digest)
            notes = layer_notes(bundle)
            return put_layer(store, draft.payload, tag=tag, media_type=SIMPLE_SIGNING, notes=notes)


def put_bundle(store: Store, bundle: bytes, manifest: Manifest) -> str:
    """Push *bundle* to *store*, and the *manifest* by which it refers; return where it is."""
    _put_blob(store, EMPTY_CONFIG, EMPTY)
    _put_blob(store, bundle, MEDIA_TYPE)
    store.add_referrers([manifest])
    return f"referrer {manifest.digest}"


def put_layer(store: Store, content: bytes, *, tag: str, media_type: str, notes: Notes) -> str:
    """Push *content* to *store* as one layer more under *tag*, with *notes*; return where it is."""

    def change(there: Manifest | None) -> Manifest:
        config, manifest = with_layer(there, content, media_type=media_type, notes=notes)
        _put_blob(store, config, IMAGE_CONFIG)
        return manifest

    _put_blob(store, content, media_type)
    store.edit_tag(tag, change)
    return f"tag {tag}, {Digest.of(content)}"


def _manifest(bundle: bytes, subject: Descriptor, predicate_type: str, now: datetime) -> Manifest:
    return bundle_manifest(bundle, subject=subject, predicate_type=predicate_type, created=now)


def _put_blob(store: Store, content: bytes, media_type: str) -> None:
    store.put_blob(Descriptor.of(content, media_type=media_type), [content])

# SPDX-License-Identifier: Apache-2.0
"""Signing images: what is signed, where it is put, and what is refused before it is logged."""

import json
from pathlib import Path
from typing import Any

import pytest

from keyless.errors import ImageNotFound, InputError, KeylessError, NotPushed
from keyless.images.disclosing import attestation_disclosure, disclosures
from keyless.images.layout import Layout
from keyless.images.place import Place
from keyless.images.sign import sign_image
from keyless.images.store import Store
from keyless.protocol.bundle import Bundle
from keyless.protocol.cosign import SimpleSigning, sign_statement
from keyless.protocol.digest import Digest
from keyless.protocol.dsse import Envelope
from keyless.protocol.oci import Descriptor, ImageReference, Manifest
from tests.images.gallery import ALICE, BY_KEY, CUSTOM, KEY, REPOSITORY, Gallery, sandbox, signer
from tests.instances import nothing_logged

ELSEWHERE = Digest.of(b"an image that nobody asked for")


class Nowhere:
    """A store of which every use is a mistake."""

    name = "nowhere"

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    """An image, in a layout."""
    return Gallery(Layout.at(str(tmp_path / "layout")))


def payload_of(bundle: Bundle) -> bytes:
    """Return the statement in *bundle*."""
    assert isinstance(bundle.content, Envelope)
    return bundle.content.payload


def test_a_bundle_is_put_where_it_refers_to_the_image(gallery: Gallery) -> None:
    """Its manifest by its digest, under no tag; and what is signed is cosign's statement."""
    signed = gallery.sign(annotations=(("git", "3e1f"),))
    assert payload_of(signed.bundle) == sign_statement(gallery.digest, (("git", "3e1f"),))
    (descriptor,) = gallery.store.referrers(gallery.digest).descriptors
    assert signed.location == f"referrer {descriptor.digest}"
    assert list(gallery.store.tags()) == ["v1"]
    manifest = gallery.store.manifest(descriptor)
    assert gallery.store.blob(manifest.layers[0], largest=1 << 20) == signed.bundle.to_json()
    assert json.loads(manifest.raw)["annotations"]["org.opencontainers.image.created"] == (
        "2025-03-01T12:00:00Z"
    )


def test_a_tag_is_told(gallery: Gallery) -> None:
    """What it stands for now is what is signed; a digest needs no telling."""
    gallery.sign()
    assert gallery.told == [f"{REPOSITORY}:v1 is {gallery.digest} now: that is what is signed"]
    gallery.sign(named=gallery.digest)
    assert len(gallery.told) == 1


def test_a_legacy_signature_is_put_under_its_tag(gallery: Gallery) -> None:
    """A layer whose content is what was signed, beside those that are there."""
    first = gallery.sign(format="legacy", annotations=(("git", "3e1f"),))
    gallery.sign(signer(KEY), format="legacy")
    tag = ImageReference.signature_tag(gallery.digest)
    manifest = gallery.store.manifest(gallery.store.resolve(tag))
    payload = SimpleSigning(
        docker_reference=REPOSITORY, digest=gallery.digest, annotations=(("git", "3e1f"),)
    ).to_json()
    assert first.signings[0].payload == payload
    assert gallery.store.blob(manifest.layers[0], largest=1 << 20) == payload
    assert first.location == f"tag {tag}, {Digest.of(payload)}"
    assert len(manifest.layers) == 2
    assert len(gallery.verify(BY_KEY).signatures) == 1


def test_both_are_signed_one_by_one(gallery: Gallery) -> None:
    """They are signatures over different documents."""
    signed = gallery.sign(format="both")
    assert [each.format for each in signed.signings] == ["bundle", "legacy"]
    assert len({each.bundle.signature for each in signed.signings}) == 2


def test_an_image_by_digest_is_signed_without_asking_anybody() -> None:
    """If it is not pushed: not for the image, and not for the place."""
    nowhere: Store = Nowhere()
    place = Place(
        f"{REPOSITORY}@{ELSEWHERE}", store=nowhere, named=str(ELSEWHERE), repository=REPOSITORY
    )
    signed = sign_image(place, signer(), push=False, format="both", tell=print)
    assert [each.location for each in signed.signings] == [None, None]
    assert (signed.digest, signed.reference) == (ELSEWHERE, f"nowhere@{ELSEWHERE}")


def test_all_parts_may_be_signed(gallery: Gallery) -> None:
    """The index first, then each part; each verifies by itself."""
    whole, parts = gallery.hang_index("multi")
    signed = gallery.sign(named="multi", recursive=True)
    assert signed.digest == whole.digest
    assert {part.platform: part.digest for part in signed.parts} == {
        platform: part.digest for platform, part in parts.items()
    }
    assert len(gallery.verify(named="multi", recursive=True).platforms) == 2


def test_an_index_that_lists_itself_is_signed_once(gallery: Gallery) -> None:
    """And so is a part that is listed twice."""
    part = gallery.image.descriptor.to_json()
    document = {"schemaVersion": 2, "manifests": [part, part]}
    document["mediaType"] = "application/vnd.oci.image.index.v1+json"
    gallery.store.put_manifest(Manifest.parse(json.dumps(document).encode()), tag="twice")
    signed = gallery.sign(named="twice", recursive=True)
    assert [each.digest for each in signed.parts] == [gallery.digest]


@pytest.mark.parametrize("depth", [4, 5])
def test_indexes_are_not_followed_for_ever(gallery: Gallery, depth: int) -> None:
    """Four levels are deeper than anybody nests them."""
    inner = gallery.image.descriptor
    kind = "application/vnd.oci.image.index.v1+json"
    for _ in range(depth):
        document = {"schemaVersion": 2, "mediaType": kind, "manifests": [inner.to_json()]}
        manifest = Manifest.parse(json.dumps(document).encode())
        gallery.store.put_manifest(manifest, tag="deep")
        inner = manifest.descriptor
    if depth == 4:
        assert len(gallery.sign(named="deep", recursive=True, push=False).parts) == 4
        return
    with nothing_logged(sandbox()), pytest.raises(KeylessError, match="deeper than 4 levels"):
        gallery.sign(named="deep", recursive=True, push=False)


def test_an_attestation_says_what_of_which_image(gallery: Gallery) -> None:
    """By the repository's name, as cosign does, and the digest, which is what counts."""
    signed = gallery.attest()
    said = json.loads(payload_of(signed.bundle))
    assert said["subject"] == [{"name": REPOSITORY, "digest": {"sha256": gallery.digest.hex}}]
    assert (said["predicateType"], said["predicate"]) == (CUSTOM, {"result": "passed"})


def test_an_attestation_is_signed_once_for_both_formats(gallery: Gallery) -> None:
    """The same envelope is put in two places."""
    signed = gallery.attest(format="both")
    assert len({each.bundle.signature for each in signed.signings}) == 1
    tag = ImageReference.attestation_tag(gallery.digest)
    manifest = gallery.store.manifest(gallery.store.resolve(tag))
    (layer,) = manifest.layers
    assert dict(layer.annotations)["predicateType"] == CUSTOM
    assert dict(layer.annotations)["dev.cosignproject.cosign/signature"] == ""


# What is refused


def test_a_legacy_signature_needs_a_log_that_promises(gallery: Gallery) -> None:
    """One of version 2 does not: that is said before anything is in it."""
    with nothing_logged(sandbox()), pytest.raises(InputError, match="a log of version 1") as caught:
        gallery.sign(signer(rekor=2), format="both")
    assert caught.value.hint == "sign a bundle, or connect to the instance with rekor=1"


def test_an_unknown_format_is_refused(gallery: Gallery) -> None:
    """With those that are known."""
    with pytest.raises(InputError, match="cosign-v2 is no format") as caught:
        gallery.sign(format="cosign-v2")
    assert caught.value.hint == "the formats are bundle, legacy, both"


def test_an_image_that_is_not_there_is_not_signed(gallery: Gallery) -> None:
    """Nothing is logged for it."""
    with nothing_logged(sandbox()), pytest.raises(ImageNotFound):
        gallery.sign(named="v2")


def test_a_layout_has_no_name_to_sign(gallery: Gallery) -> None:
    """A legacy signature would tell everybody where it lies on this machine."""
    place = gallery.place(repository=None)
    with nothing_logged(sandbox()), pytest.raises(InputError, match="has no name"):
        disclosures(place, signer(), format="legacy")


def test_what_cannot_be_pushed_is_not_lost(gallery: Gallery) -> None:
    """It is logged for ever: the error has it."""
    gallery.hang_index("multi")
    whole = gallery.store.resolve("multi")
    tag = ImageReference.signature_tag(gallery.digest)
    gallery.store.put_manifest(gallery.store.manifest(whole), tag=tag)
    with pytest.raises(NotPushed, match="signed and logged, but not pushed") as caught:
        gallery.sign(format="both")
    assert "is an index of images" in caught.value.message
    bundles = [Bundle.parse(each) for each in caught.value.bundles]
    assert len(bundles) == 2


def test_who_may_not_push_learns_it_before_signing(gallery: Gallery, tmp_path: Path) -> None:
    """What is signed stays in a log, also if nobody can be given it."""
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    place = gallery.place(attachments=Layout.at(str(blocked / "layout")))
    with nothing_logged(sandbox()), pytest.raises(KeylessError):
        sign_image(place, signer(), tell=print)


# What becomes public


def test_what_becomes_public_is_shown_for_each_signature(gallery: Gallery) -> None:
    """Of a bundle the statement, of a legacy signature a digest; and by whom."""
    with nothing_logged(sandbox()):
        bundle, legacy = disclosures(
            gallery.place(), signer(), annotations=(("git", "3e1f"),), format="both"
        )
    assert (
        dict(bundle.what)["statement"]
        == sign_statement(gallery.digest, (("git", "3e1f"),)).decode()
    )
    assert dict(legacy.what)["artifact"].startswith("sha256:")
    assert ALICE in dict(bundle.who).values()


def test_what_an_attestation_makes_public_is_shown(gallery: Gallery) -> None:
    """The statement, in a log that is sent it."""
    with nothing_logged(sandbox()):
        shown = attestation_disclosure(
            gallery.place(), signer(), predicate={"result": "passed"}, type="custom"
        )
    assert '"result":"passed"' in dict(shown.what)["statement"]


def test_what_was_signed_is_shown(gallery: Gallery) -> None:
    """As text, as HTML, and as JSON."""
    gallery.hang_index("multi")
    signed = gallery.sign(named="multi", recursive=True)
    assert ALICE in str(signed)
    assert "linux/arm64" in signed._repr_html_()
    written = json.loads(json.dumps(signed.to_json()))
    assert written["signings"][0]["format"] == "bundle"
    assert [part["platform"] for part in written["parts"]] == ["linux/amd64", "linux/arm64"]


def test_what_is_signed_of_a_part_is_a_descriptor(gallery: Gallery) -> None:
    """The subject of a part's bundle is what the index says of it."""
    whole, parts = gallery.hang_index("multi")
    gallery.sign(named="multi", recursive=True)
    part = parts["linux/amd64"]
    (descriptor,) = gallery.store.referrers(part.digest).descriptors
    subject = gallery.store.manifest(descriptor).subject
    assert subject == Descriptor(media_type=part.media_type, digest=part.digest, size=len(part.raw))
    assert whole.digest != part.digest

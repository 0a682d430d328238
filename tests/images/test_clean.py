# SPDX-License-Identifier: Apache-2.0
"""What was signed of an image is removed, by what it is; what others attached stays."""

import json
from pathlib import Path

import pytest

from keyless.errors import InputError, NoSignatures
from keyless.images.clean import CleanedImage, clean_image
from keyless.images.layout import Layout
from keyless.protocol.cosign_manifests import bundle_manifest
from keyless.protocol.oci import ImageReference, Manifest
from tests.images.gallery import Gallery, signer
from tests.images.layouts import attestation_layer, bundle, image, index, legacy, put
from tests.instances import NOON


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    """Return where `v1` is, unsigned."""
    return Gallery(Layout.at(str(tmp_path / "layout")))


def clean(gallery: Gallery, *kinds: str, dry_run: bool = False) -> CleanedImage:
    """Remove from `v1` what is of *kinds*."""
    return clean_image(gallery.place(), kinds, dry_run=dry_run)  # type: ignore[arg-type]  # strings


def listed(gallery: Gallery) -> list[str]:
    """Return the digests of what refers to `v1`."""
    return [str(each.digest) for each in gallery.store.referrers(gallery.digest).descriptors]


def artifact(gallery: Gallery, artifact_type: str) -> Manifest:
    """Have something of *artifact_type*, which another tool may have made, refer to `v1`."""
    config = put(gallery.store, b"{}", "application/vnd.oci.empty.v1+json")
    document = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": artifact_type,
        "config": config.to_json(),
        "layers": [],
        "subject": gallery.image.descriptor.to_json(),
    }
    manifest = Manifest.parse(json.dumps(document).encode())
    gallery.store.add_referrers([manifest])
    return manifest


def test_signatures_go_and_attestations_stay(gallery: Gallery) -> None:
    """Of either format; which a bundle is, is read from what it signs."""
    gallery.sign(signer(rekor=1), format="both")
    gallery.attest()
    cleaned = clean(gallery, "signature")
    assert [each.kind for each in cleaned.removed] == ["signature", "signature"]
    with pytest.raises(NoSignatures):
        gallery.verify(formats="legacy")
    assert len(gallery.said()) == 1
    assert len(listed(gallery)) == 1


def test_attestations_go_and_signatures_stay(gallery: Gallery) -> None:
    """And the other way round."""
    gallery.sign()
    gallery.attest(signer(rekor=1), format="both")
    cleaned = clean(gallery, "attestation")
    assert {each.location.partition(" ")[0] for each in cleaned.removed} == {"referrer", "tag"}
    assert len(gallery.verify().signatures) == 1


def test_bills_of_materials_go_as_well(gallery: Gallery) -> None:
    """Where they are cosign's: under a tag, or by its artifact type."""
    legacy(gallery.store, ImageReference.sbom_tag(gallery.digest), b"{}", media_type="text/spdx")
    artifact(gallery, "application/vnd.dev.cosign.artifact.sbom.v1+json")
    assert [each.kind for each in clean(gallery, "sbom").removed] == ["sbom", "sbom"]
    assert clean(gallery, "sbom").removed == ()


def test_what_others_attached_stays(gallery: Gallery) -> None:
    """A signature of another kind is nothing to be tidied away here."""
    theirs = artifact(gallery, "application/vnd.cncf.notary.signature")
    ours = artifact(gallery, "application/vnd.dev.cosign.artifact.sig.v1+json")
    cleaned = clean(gallery, "signature", "attestation", "sbom")
    assert [each.digest for each in cleaned.removed] == [ours.digest]
    assert listed(gallery) == [str(theirs.digest)]


def test_a_dry_run_removes_nothing(gallery: Gallery) -> None:
    """It says what would go."""
    gallery.sign()
    cleaned = clean(gallery, "signature", dry_run=True)
    assert (len(cleaned.removed), cleaned.dry_run) == (1, True)
    assert str(cleaned).startswith(f"would remove from {gallery.place().reference}")
    assert len(gallery.verify().signatures) == 1


def test_what_is_called_a_bundle_and_is_none_stays(gallery: Gallery) -> None:
    """What is deleted does not come back: it has to be what it is called."""
    junk = bundle(gallery.store, gallery.image, b"junk")
    empty = json.loads(junk.raw)
    empty["layers"] = []
    gallery.store.add_referrers([Manifest.parse(json.dumps(empty).encode())])
    cleaned = clean(gallery, "signature", "attestation")
    assert cleaned.removed == ()
    reasons = [each.error.message for each in cleaned.rejected]
    assert any("not JSON" in reason for reason in reasons)
    assert "0 layers where a bundle is one" in reasons
    assert len(listed(gallery)) == 2


@pytest.mark.parametrize("suffix", ["signature_tag", "attestation_tag", "sbom_tag"])
def test_an_image_under_such_a_tag_is_not_deleted(gallery: Gallery, suffix: str) -> None:
    """By its digest it would go for all of its tags: that may be the image itself."""
    tag = getattr(ImageReference, suffix)(gallery.digest)
    gallery.store.put_manifest(gallery.image, tag=tag)
    cleaned = clean(gallery, "signature", "attestation", "sbom")
    assert cleaned.removed == ()
    (left,) = cleaned.rejected
    assert left.location == f"tag {tag}"
    assert "stands for something else than" in left.error.message
    assert gallery.store.resolve("v1").digest == gallery.digest


def test_an_index_or_other_layers_under_such_a_tag_are_not_deleted(gallery: Gallery) -> None:
    """Neither is a list of legacy signatures."""
    store, digest = gallery.store, gallery.digest
    whole = index({"linux/amd64": gallery.image})
    store.put_manifest(whole, tag=ImageReference.signature_tag(digest))
    store.put_manifest(image(store, b"other"), tag=ImageReference.attestation_tag(digest))
    assert clean(gallery, "signature", "attestation").removed == ()


def test_a_bundle_for_a_file_counts_as_a_signature(gallery: Gallery) -> None:
    """It says nothing, so it is no attestation."""
    data = signer().sign(b"a file").bundle.to_json()
    put(gallery.store, data)
    subject = gallery.image.descriptor
    gallery.store.add_referrers(
        [bundle_manifest(data, subject=subject, predicate_type="", created=NOON)]
    )
    assert [each.kind for each in clean(gallery, "signature").removed] == ["signature"]


def test_what_cannot_be_removed_is_told(gallery: Gallery) -> None:
    """A slip in a word removes nothing."""
    with pytest.raises(InputError, match="'bundles' is nothing that can be removed") as refusal:
        clean(gallery, "bundles")
    assert refusal.value.hint == "there are signature, attestation, sbom"


def test_what_was_removed_is_told(gallery: Gallery) -> None:
    """In a terminal, in a notebook, and as JSON."""
    assert "there is none of it" in str(clean(gallery, "sbom"))
    attestation_layer(gallery.store, ImageReference.attestation_tag(gallery.digest), b"{}")
    bundle(gallery.store, gallery.image, b"junk")
    cleaned = clean(gallery, "attestation")
    assert str(cleaned).startswith(f"removed from {gallery.place().reference}\n  attestation  tag ")
    assert "not JSON" in cleaned._repr_html_()
    document = cleaned.to_json()
    assert json.loads(json.dumps(document)) == document

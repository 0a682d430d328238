# SPDX-License-Identifier: Apache-2.0
"""Signed images go from registry to archive to registry, and are verified wherever they are."""

import json
from pathlib import Path
from typing import Any

import pytest

import keyless
from keyless.errors import ImageNotFound, InputError, NoSignatures, ServiceError
from keyless.facade.carrying import generate, image_tags
from keyless.images.carry import Destination, copy_image
from keyless.images.layout import Layout
from keyless.images.survey import attachment_tags
from keyless.images.transfer import Step
from keyless.protocol.cosign import SimpleSigning
from keyless.protocol.digest import Digest
from keyless.protocol.oci import ImageReference, Manifest
from keyless.sandbox.registry import Habits
from keyless.services.http import Request, Response, persistent
from keyless.services.registry_opening import open_registry
from tests.images.desk import ANONYMOUS, FALLBACK, QUICK, Desk
from tests.images.gallery import ALICE, BY_ALICE, REPOSITORY, Gallery, signer
from tests.images.layouts import bundle, image, index, legacy, put

LISTED = Habits()
FROM_TO = pytest.mark.parametrize(
    ("there", "here"),
    [(LISTED, FALLBACK), (FALLBACK, LISTED), (FALLBACK, FALLBACK), (Habits(page=2), FALLBACK)],
    ids=["api to fallback", "fallback to api", "fallback to fallback", "pages to fallback"],
)
OTHER = "registry.sandbox.test/other/app"


def options(desk: Desk) -> dict[str, Any]:
    """Speak to the registry at *desk*, as nobody in particular."""
    return {"sigstore": desk.sigstore, "options": ANONYMOUS}


def signed_everywhere(desk: Desk) -> tuple[Gallery, Manifest]:
    """Push an image for two platforms, `v2`, signed in each way, each part as well."""
    gallery = Gallery(desk.store())
    whole, _ = gallery.hang_index("v2")
    gallery.sign(signer(rekor=1), named="v2", format="both", recursive=True)
    gallery.attest(named="v2")
    return gallery, whole


@FROM_TO
def test_signatures_come_along_over_an_archive(tmp_path: Path, there: Habits, here: Habits) -> None:
    """They are verified in the archive without a registry, and in whichever it is pushed to."""
    source, target, archive = Desk(there), Desk(here), str(tmp_path / "app.tar")
    _, whole = signed_everywhere(source)
    saved = keyless.save_image(f"{REPOSITORY}:v2", archive, **options(source))
    loaded = keyless.load_image(archive, OTHER, **options(target))
    assert saved.digest == loaded.digest == whole.digest
    for desk, reference in ((target, f"oci:{archive}"), (target, f"{OTHER}:v2")):
        proof = keyless.verify_image(reference, policy=BY_ALICE, recursive=True, **options(desk))
        assert [it.format for it in proof.signatures] == ["bundle", "legacy"]
        assert [len(part.signatures) for part in proof.platforms] == [2, 2]
        said = keyless.verify_attestations(
            reference, type="custom", policy=BY_ALICE, **options(desk)
        )
        assert len(said) == 1


@FROM_TO
def test_what_refers_to_an_image_is_kept_as_the_registry_has_it(
    there: Habits, here: Habits
) -> None:
    """By its own interface, and no tag; or on a list, which is no copy of another one."""
    source, target = Desk(there), Desk(here)
    gallery, whole = signed_everywhere(source)
    store = target.store()
    copy_image(gallery.place("v2"), Destination(store=store, tag="v2"))
    of_parts = [part.digest for part in whole.manifests]
    lists = {ImageReference.fallback_tag(digest) for digest in (whole.digest, *of_parts)}
    tags = {tag for digest in (whole.digest, *of_parts) for tag in attachment_tags(digest)[:1]}
    assert set(store.tags()) == {"v2", *tags, *(lists if here is FALLBACK else ())}
    for name in lists if here is FALLBACK else ():
        listed = store.manifest(store.resolve(name))
        assert {store.manifest(each).artifact_type for each in listed.manifests} == {
            "application/vnd.dev.sigstore.bundle.v0.3+json"
        }


def test_one_platform_is_saved_with_its_signatures(tmp_path: Path) -> None:
    """Each part was signed as well, so each can be verified alone."""
    desk, archive = Desk(), str(tmp_path / "app.tar")
    _, whole = signed_everywhere(desk)
    saved = keyless.save_image(f"{REPOSITORY}:v2", archive, platform="linux/arm64", **options(desk))
    proof = keyless.verify_image(f"oci:{archive}", policy=BY_ALICE, **options(desk))
    assert proof.digest == saved.digest == whole.manifests[1].digest


def test_nothing_is_named_before_it_is_there() -> None:
    """Blobs, then manifests, then what refers to them, and the tag at the very end."""
    source, target = Desk(), Desk(Habits(contents="demanded"))
    gallery, whole = signed_everywhere(source)
    store = target.store()
    target.asked.clear()
    copy_image(gallery.place("v2"), Destination(store=store, tag="v2"))
    puts = [line for line in target.asked if line.startswith("PUT")]
    kinds = ["blob" if "/blobs/" in line else "manifest" for line in puts]
    assert kinds.index("manifest") == kinds.count("blob")
    assert puts[-1] == "PUT me/app/manifests/v2"
    named = [line.rpartition("/")[2] for line in puts if "/manifests/" in line]
    images = [str(each.digest) for each in (*whole.manifests, whole)]
    assert named[:3] == images


def test_what_is_next_door_is_mounted() -> None:
    """Between repositories of one registry no blob moves."""
    desk = Desk()
    _, whole = signed_everywhere(desk)
    desk.asked.clear()
    copied = keyless.copy_image(f"{REPOSITORY}:v2", OTHER, **options(desk))
    assert (dict(copied.blobs)["copied"], copied.bytes_copied) == (0, 0)
    assert not any(line.startswith("GET") and "/blobs/sha256" in line for line in desk.asked)
    proof = keyless.verify_image(f"{OTHER}:v2", policy=BY_ALICE, **options(desk))
    assert proof.digest == whole.digest


def test_the_second_time_no_blob_is_asked_for() -> None:
    """What the destination has is not fetched to be sent."""
    source, target = Desk(), Desk(FALLBACK)
    gallery, _ = signed_everywhere(source)
    store = target.store()
    copy_image(gallery.place("v2"), Destination(store=store, tag="v2"))
    source.asked.clear()
    again = copy_image(gallery.place("v2"), Destination(store=store, tag="v2"))
    assert (again.bytes_copied, dict(again.blobs)["copied"]) == (0, 0)
    assert not any("/blobs/" in line for line in source.asked)


def test_an_upload_that_has_to_be_sent_again_is_counted_once() -> None:
    """A registry that fails halfway gets the blob again, from its start."""
    source, target = Desk(), Desk()
    gallery = Gallery(source.store())
    failures = []

    def fail_once(request: Request) -> Response | None:
        if request.upload is None or failures:
            return None
        failures.append(b"".join(request.upload.pieces()))
        return Response(status=503)

    target.bend = fail_once
    store = open_registry(
        ImageReference.parse(REPOSITORY),
        transport=persistent(target, QUICK),
        options=ANONYMOUS,
        patience=QUICK,
    )
    steps: list[Step] = []
    destination = Destination(store=store, tag="v1")
    copied = copy_image(gallery.place(), destination, progress=steps.append)
    assert failures
    assert steps[-1].done == steps[-1].total == copied.bytes_copied


def test_a_destination_where_digests_are_taken_for_tags_is_told() -> None:
    """Where no list of referrers can be kept, no signature is lost in silence."""
    source, target = Desk(), Desk(Habits(referrers="unknown", tags="digests"))
    gallery = Gallery(source.store())
    gallery.sign()
    store = target.store()
    with pytest.raises(InputError) as refusal:
        copy_image(gallery.place(), Destination(store=store, tag="v1"))
    assert "legacy" in (refusal.value.hint or "")
    with pytest.raises(ImageNotFound):
        store.resolve("v1")


def test_an_image_that_cosign_copied_here_before_is_told() -> None:
    """It leaves the image itself under the tag of the list: that is not taken for one."""
    source, target = Desk(), Desk(FALLBACK)
    gallery = Gallery(source.store())
    gallery.sign()
    store = target.store()
    other = image(store, b"a layer")
    store.put_manifest(other, tag=ImageReference.fallback_tag(gallery.digest))
    with pytest.raises(InputError, match="its tag stands for the image itself"):
        copy_image(gallery.place(), Destination(store=store, tag="v1"))


# What is attached


def test_a_removed_signature_leaves_the_list_to_others() -> None:
    """Only what went is taken off it; it is deleted by its digest."""
    desk = Desk(Habits(referrers="unknown", deletion="by digest"))
    gallery = Gallery(desk.store())
    gallery.sign()
    theirs = _notation(gallery)
    cleaned = keyless.clean_image(f"{REPOSITORY}:v1", **options(desk))
    assert len(cleaned.removed) == 1
    listed = gallery.store.manifest(
        gallery.store.resolve(ImageReference.fallback_tag(gallery.digest))
    )
    assert [each.digest for each in listed.manifests] == [theirs.digest]
    with pytest.raises(NoSignatures):
        keyless.verify_image(f"{REPOSITORY}:v1", policy=BY_ALICE, **options(desk))


def test_where_nothing_may_be_deleted_nothing_is_hidden() -> None:
    """A signature is not taken off the list, and left where nobody finds it."""
    desk = Desk(Habits(referrers="unknown", deletion="none"))
    gallery = Gallery(desk.store())
    gallery.sign()
    with pytest.raises(ServiceError):
        keyless.clean_image(f"{REPOSITORY}:v1", **options(desk))
    assert (
        len(keyless.verify_image(f"{REPOSITORY}:v1", policy=BY_ALICE, **options(desk)).signatures)
        == 1
    )


def _notation(gallery: Gallery) -> Manifest:
    config = put(gallery.store, b"{}", "application/vnd.oci.empty.v1+json")
    document = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "application/vnd.cncf.notary.signature",
        "config": config.to_json(),
        "layers": [put(gallery.store, b"an envelope").to_json()],
        "subject": gallery.image.descriptor.to_json(),
    }
    manifest = Manifest.parse(json.dumps(document).encode())
    gallery.store.add_referrers([manifest])
    return manifest


def test_a_signature_made_elsewhere_is_attached(tmp_path: Path) -> None:
    """From its file, by whom it says; and found there."""
    desk = Desk()
    gallery = Gallery(desk.store())
    path = tmp_path / "image.sigstore.json"
    signed = gallery.sign(named=gallery.digest, push=False)
    path.write_bytes(signed.bundle.to_json())
    for given in (path, path.read_bytes(), signed.bundle, signed):
        attached = keyless.attach_signature(
            f"{REPOSITORY}:v1", given, identity=ALICE, issuer="github", **options(desk)
        )
        assert attached.identity == ALICE
    proof = keyless.verify_image(f"{REPOSITORY}:v1", policy=BY_ALICE, **options(desk))
    assert [each.location for each in proof.signatures] == [attached.location]


@pytest.mark.parametrize(
    ("kind", "suffix"),
    [("signature", ".sig"), ("attestation", ".att"), ("sbom", ".sbom"), ("referrers", "")],
)
def test_where_something_would_be_is_told(kind: Any, suffix: str) -> None:
    """By a digest, without asking anybody."""
    desk, digest = Desk(), Digest.of(b"an image")
    there = keyless.triangulate(f"{REPOSITORY}@{digest}", kind, **options(desk))
    assert there == f"{REPOSITORY}:sha256-{digest.hex}{suffix}"
    assert desk.asked == []


def test_what_is_attached_nowhere_is_told() -> None:
    """A slip in a word is told with those that there are."""
    with pytest.raises(InputError, match="'signatures' is nothing that is attached") as refusal:
        keyless.triangulate(REPOSITORY, "signatures", **options(Desk()))  # type: ignore[arg-type]
    assert refusal.value.hint == "there are signature, attestation, sbom, referrers"


def test_what_would_be_signed_is_written() -> None:
    """With the name that the registry is known by."""
    desk = Desk()
    gallery = Gallery(desk.store())
    payload = SimpleSigning.parse(
        generate(f"{REPOSITORY}:v1", annotations={"git": "3e1f"}, **options(desk))
    )
    assert (payload.docker_reference, payload.digest) == (REPOSITORY, gallery.digest)
    assert payload.annotations == (("git", "3e1f"),)


def test_a_tree_of_what_a_registry_has() -> None:
    """The tag, the parts, and what is attached to each."""
    desk = Desk()
    _, whole = signed_everywhere(desk)
    tree = keyless.image_tree(f"{REPOSITORY}:v2", **options(desk))
    assert tree.pinned == f"{REPOSITORY}@{whole.digest}"
    kinds = [node.kind for node in tree]
    assert kinds == [
        "index",
        "bundle",
        "bundle",
        "signatures",
        "linux/amd64",
        "bundle",
        "signatures",
        "linux/arm64",
        "bundle",
        "signatures",
    ]


# Names


def test_the_tag_comes_along(tmp_path: Path) -> None:
    """Who names none at the destination gets the source's."""
    desk = Desk()
    gallery = Gallery(desk.store())
    folder = str(tmp_path / "app")
    keyless.copy_image(f"{REPOSITORY}:v1", f"oci:{folder}", **options(desk))
    assert list(Layout.at(folder).tags()) == ["v1"]
    keyless.load_image(f"{folder}:v1", OTHER, **options(desk))
    keyless.copy_image(f"oci:{folder}", f"{OTHER}:other", **options(desk))
    for tag in ("v1", "other"):
        tree = keyless.image_tree(f"{OTHER}:{tag}", **options(desk))
        assert tree.root.digest == gallery.digest


def test_a_digest_has_no_tag_to_bring_along(tmp_path: Path) -> None:
    """It is found by its digest then; `latest` does not move because somebody copied."""
    desk = Desk()
    gallery = Gallery(desk.store())
    keyless.copy_image(f"{REPOSITORY}@{gallery.digest}", OTHER, **options(desk))
    assert keyless.image_tree(f"{OTHER}@{gallery.digest}", **options(desk)).root
    with pytest.raises(ImageNotFound):
        keyless.image_tree(OTHER, **options(desk))
    archive = str(tmp_path / "app.tar")
    keyless.save_image(f"{REPOSITORY}@{gallery.digest}", archive, **options(desk))
    assert list(Layout.at(archive).tags()) == []
    keyless.load_image(archive, f"{OTHER}@{gallery.digest}", **options(desk))
    keyless.copy_image(f"oci:{archive}", f"oci:{archive}2.tar@{gallery.digest}", **options(desk))


def test_several_images_fit_into_one_layout(tmp_path: Path) -> None:
    """Each is saved beside the others, and loaded by its tag."""
    desk, archive = Desk(), str(tmp_path / "apps.tar")
    gallery = Gallery(desk.store())
    other = gallery.hang("v2", b"another")
    for tag in ("v1", "v2"):
        keyless.save_image(f"{REPOSITORY}:{tag}", archive, **options(desk))
    loaded = keyless.load_image(f"{archive}:v2", OTHER, **options(desk))
    assert loaded.digest == other.digest


def test_signatures_kept_elsewhere_come_along() -> None:
    """Where another repository has them, they are beside the image at its destination."""
    source, target = Desk(), Desk()
    gallery = Gallery(source.store())
    elsewhere = source.store(OTHER)
    place = gallery.place(attachments=elsewhere)
    bundle(elsewhere, gallery.image)
    tag = ImageReference.signature_tag(gallery.digest)
    legacy(elsewhere, tag, b"payload")
    store = target.store()
    copied = copy_image(place, Destination(store=store, tag="v1"))
    assert copied.manifests == 3
    assert len(store.referrers(gallery.digest).descriptors) == 1
    assert store.resolve(tag)


def test_a_missing_part_is_looked_for_where_signatures_are() -> None:
    """What is attached may be an index, whose parts are where it is."""
    source, target = Desk(), Desk()
    gallery = Gallery(source.store())
    elsewhere = source.store(OTHER)
    part = image(elsewhere, b"part")
    elsewhere.put_manifest(part)
    listed = json.loads(index({"linux/amd64": part}).raw)
    listed["subject"] = gallery.image.descriptor.to_json()
    elsewhere.add_referrers([Manifest.parse(json.dumps(listed).encode())])
    store = target.store()
    copy_image(gallery.place(attachments=elsewhere), Destination(store=store, tag="v1"))
    assert store.manifest(part.digest) == part


def test_a_place_without_an_image_is_told() -> None:
    """Nothing is written anywhere then."""
    desk = Desk()
    with pytest.raises(ImageNotFound):
        keyless.copy_image(f"{REPOSITORY}:v9", OTHER, **options(desk))
    assert not any(line.startswith(("PUT", "POST")) for line in desk.asked)


def test_every_tag_is_listed() -> None:
    """Those of signatures as well."""
    desk = Desk()
    gallery = Gallery(desk.store())
    gallery.sign(format="legacy")
    suffixes = sorted(tag[-4:] for tag in image_tags(REPOSITORY, **options(desk)))
    assert suffixes == [".sig", "v1"]

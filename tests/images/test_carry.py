# SPDX-License-Identifier: Apache-2.0
"""Images are carried with all that belongs to them, and nothing that only claims to."""

import json
from pathlib import Path

import pytest

from keyless.errors import ImageNotFound, InputError, ParseError
from keyless.images import survey
from keyless.images.carry import CarriedImage, Destination, copy_image, image_tree
from keyless.images.clean import clean_image
from keyless.images.layout import Layout
from keyless.images.place import Place
from keyless.images.store import Referrers, Store
from keyless.images.transfer import Step
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.oci import Descriptor, ImageReference, Manifest
from tests.images.layouts import (
    attestation_layer,
    bundle,
    image,
    index,
    legacy,
    put,
)
from tests.services.registries import Client

KINDS = ["folder", "archive"]


@pytest.fixture(params=KINDS)
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Layout:
    """Return where something is to be carried to."""
    return Layout.at(str(tmp_path / ("target" if request.param == "folder" else "target.tar")))


@pytest.fixture
def source(tmp_path: Path) -> Layout:
    """Return where something is carried from."""
    return Layout.at(str(tmp_path / "source"))


def place(store: Store, named: str = "1.2") -> Place:
    """Return the image *named* in *store*."""
    return Place(f"{store.name}:{named}", store=store, named=named)


def carry(source: Layout, target: Layout, platform: str | None = None) -> CarriedImage:
    """Carry `1.2` from *source* to *target*, under the same tag."""
    return copy_image(place(source), Destination(store=target, tag="1.2"), platform=platform)


def multi_platform(store: Layout) -> tuple[Manifest, dict[str, Manifest]]:
    """Put an image for two platforms, `1.2`, each of which shares a layer with the other."""
    with store.changing():
        parts = {
            f"linux/{name}": image(store, name.encode(), b"shared", architecture=name)
            for name in ("amd64", "arm64")
        }
        for part in parts.values():
            store.put_manifest(part)
        whole = index(parts)
        store.put_image(whole, tag="1.2")
    return whole, parts


def referrers(store: Store, subject: Manifest) -> set[str]:
    """Return what *store* says refers to *subject*."""
    return {str(each.digest) for each in store.referrers(subject.digest).descriptors}


def test_an_image_is_carried_with_its_layers(source: Layout, target: Layout) -> None:
    """Each blob once, under the tag that was named, with what became of it."""
    manifest = image(source, b"one", b"two", b"one")
    source.put_image(manifest, tag="1.2")
    carried = carry(source, target)
    assert target.resolve("1.2").digest == manifest.digest
    assert [target.blob(each, largest=3) for each in manifest.layers] == [b"one", b"two", b"one"]
    assert carried.pinned == f"{target.name}@{manifest.digest}"
    assert (carried.manifests, dict(carried.blobs)) == (
        1,
        {"copied": 3, "mounted": 0, "present": 0},
    )


def test_every_part_is_carried_with_what_is_attached_to_it(source: Layout, target: Layout) -> None:
    """Bundles and tags of the index and of each part, and what is attached to what is attached."""
    whole, parts = multi_platform(source)
    bundles = {each.digest: bundle(source, each) for each in (whole, *parts.values())}
    sbom = legacy(source, ImageReference.sbom_tag(whole.digest), b"sbom", media_type="text/spdx")
    attached = {
        ImageReference.signature_tag(whole.digest): b"of the index",
        ImageReference.signature_tag(parts["linux/arm64"].digest): b"of a part",
        ImageReference.signature_tag(sbom.digest): b"of the bill of materials",
    }
    signatures = {tag: legacy(source, tag, content) for tag, content in attached.items()}
    attestation = attestation_layer(source, ImageReference.attestation_tag(whole.digest), b"{}")
    of_sbom = bundle(source, sbom, b'{"of":"sbom"}')

    carried = carry(source, target)

    for part in parts.values():
        assert target.manifest(part.digest) == part
    for each in (whole, *parts.values()):
        assert referrers(target, each) == {str(bundles[each.digest].digest)}
    for tag, manifest in signatures.items():
        assert target.resolve(tag).digest == manifest.digest
        for layer in manifest.layers:
            assert target.blob(layer, largest=100) == attached[tag]
    tag = ImageReference.attestation_tag(whole.digest)
    assert target.resolve(tag).digest == attestation.digest
    assert target.resolve(ImageReference.sbom_tag(whole.digest)).digest == sbom.digest
    assert referrers(target, sbom) == {str(of_sbom.digest)}
    assert carried.manifests == 3 + 3 + 3 + 1 + 1 + 1
    assert carried.rejected == ()


def test_one_platform_is_carried_with_its_own_signatures(source: Layout, target: Layout) -> None:
    """Those of the index are about another image."""
    whole, parts = multi_platform(source)
    mine = parts["linux/arm64"]
    wanted = bundle(source, mine)
    bundle(source, whole)
    assert carry(source, target, "linux/arm64").digest == mine.digest
    assert target.resolve("1.2").digest == mine.digest
    assert referrers(target, mine) == {str(wanted.digest)}
    with pytest.raises(ImageNotFound):
        target.manifest(whole.digest)


def test_the_second_time_nothing_is_copied(source: Layout, target: Layout) -> None:
    """What is there already, and right, is left as it is."""
    source.put_image(image(source, b"one"), tag="1.2")
    carry(source, target)
    again = carry(source, target)
    assert (dict(again.blobs)["present"], again.bytes_copied) == (2, 0)


def test_progress_is_told_to_the_last_byte(source: Layout, target: Layout) -> None:
    """Somebody watches a bar: it says what moves, and ends at all of it."""
    manifest = image(source, b"x" * 100)
    source.put_image(manifest, tag="1.2")
    steps: list[Step] = []
    copy_image(place(source), Destination(store=target, tag="1.2"), progress=steps.append)
    layer = [step.state for step in steps if step.name == str(manifest.layers[0].digest)]
    assert layer == ["moving", "copied"]
    assert manifest.config is not None
    assert steps[-1].done == steps[-1].total == 100 + manifest.config.size


def test_signatures_at_the_destination_are_kept(source: Layout, target: Layout) -> None:
    """Others may have signed there: `.sig` has those of both places then, each once."""
    manifest = image(source)
    source.put_image(manifest, tag="1.2")
    tag = ImageReference.signature_tag(manifest.digest)
    legacy(source, tag, b"both", b"here")
    legacy(target, tag, b"both", b"there")
    carry(source, target)
    merged = target.manifest(target.resolve(tag))
    assert [target.blob(each, largest=9) for each in merged.layers] == [b"both", b"there", b"here"]
    assert target.has_blob(merged.config or merged.layers[0])
    before = merged.digest
    carry(source, target)
    assert target.resolve(tag).digest == before


def test_an_archive_of_the_same_image_is_the_same(source: Layout, tmp_path: Path) -> None:
    """Whoever carries an image twice can compare the archives."""
    whole, _ = multi_platform(source)
    bundle(source, whole)
    archives = [tmp_path / "1.tar", tmp_path / "2.tar"]
    for archive in archives:
        carry(source, Layout.at(str(archive)))
    assert archives[0].read_bytes() == archives[1].read_bytes()


class Unruly(Layout):
    """A layout whose list of referrers also names whatever is *claimed*."""

    claimed: tuple[Manifest, ...] = ()

    def referrers(self, subject: Digest) -> Referrers:
        """List what refers to *subject*, and more."""
        found = super().referrers(subject)
        more = (each.descriptor for each in self.claimed)
        return Referrers(descriptors=(*found.descriptors, *more), source=found.source)


def unruly(folder: Path, *claimed: Manifest) -> Unruly:
    """Open the layout in *folder*, which claims more than is true."""
    layout = Unruly.at(str(folder))
    assert isinstance(layout, Unruly)
    layout.claimed = claimed
    return layout


def test_what_does_not_refer_to_the_image_is_left_aside(
    source: Layout, target: Layout, tmp_path: Path
) -> None:
    """A list that names other things, as cosign's own copies leave, adds nothing to the image."""
    whole, parts = multi_platform(source)
    wanted = bundle(source, whole)
    stranger = bundle(source, image(source, b"another"))
    gone = image(source, b"gone")
    store = unruly(tmp_path / "source", stranger, parts["linux/amd64"], gone)
    carried = copy_image(place(store), Destination(store=target, tag="1.2"))
    assert referrers(target, whole) == {str(wanted.digest)}
    reasons = {each.error.message.split(" sha256")[0] for each in carried.rejected}
    assert reasons == {"it does not refer to", f"{source.name} has no manifest"}
    assert target.manifest(parts["linux/amd64"].digest)


def test_what_refers_to_one_part_belongs_to_no_other(
    source: Layout, target: Layout, tmp_path: Path
) -> None:
    """Though lists name it for each of them, and for the one it is true."""
    whole, parts = multi_platform(source)
    signature = bundle(source, parts["linux/amd64"])
    store = unruly(tmp_path / "source", signature)
    nodes = [it for it in image_tree(place(store)) if it.digest == signature.digest]
    assert len(nodes) == 1
    copy_image(place(store), Destination(store=target, tag="1.2"))
    assert not referrers(target, whole)
    assert referrers(target, parts["linux/amd64"]) == {str(signature.digest)}


def test_layers_that_may_not_be_passed_on_are_left(source: Layout, target: Layout) -> None:
    """They say by `urls` where to get them: nobody is sent there from here."""
    kind = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    plain = image(source, b"ours")
    document = json.loads(plain.raw)
    foreign = Descriptor.of(b"theirs", media_type=kind).to_json()
    document["layers"].append({**foreign, "urls": ["https://elsewhere.example/layer"]})
    manifest = Manifest.parse(json.dumps(document).encode())
    source.put_image(manifest, tag="1.2")
    assert dict(carry(source, target).blobs)["copied"] == 2
    assert target.resolve("1.2").digest == manifest.digest


def test_what_an_index_lists_besides_images_is_carried_as_it_is(
    source: Layout, target: Layout
) -> None:
    """An entry of some other type is a blob."""
    other = put(source, b"whatever", "application/vnd.example.thing")
    document = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [other.to_json()],
    }
    source.put_image(Manifest.parse(json.dumps(document).encode()), tag="1.2")
    carry(source, target)
    assert target.blob(other, largest=8) == b"whatever"


def test_a_part_that_did_not_come_along_is_told(source: Layout, target: Layout) -> None:
    """`docker save` keeps the index of all platforms, and the parts of one."""
    _, parts = multi_platform(source)
    source.delete(parts["linux/arm64"].digest)
    with pytest.raises(ImageNotFound) as refusal:
        carry(source, target)
    assert "say for which platform" in (refusal.value.hint or "")
    assert carry(source, target, "linux/amd64").digest == parts["linux/amd64"].digest


def test_a_damaged_layer_stops_it_before_the_image_is_there(
    source: Layout, target: Layout, tmp_path: Path
) -> None:
    """Nothing names what is not all there."""
    manifest = image(source, b"right")
    source.put_image(manifest, tag="1.2")
    (tmp_path / "source" / "blobs" / "sha256" / manifest.layers[0].digest.hex).write_bytes(b"wrong")
    with pytest.raises(ParseError, match=f"as {manifest.layers[0].digest} is sha256:"):
        carry(source, target)
    with pytest.raises(ImageNotFound):
        target.resolve("1.2")


@pytest.mark.parametrize("suffix", ["", ".sig", ".att"])
def test_no_image_gets_a_tag_where_referrers_are_listed(
    source: Layout, target: Layout, suffix: str
) -> None:
    """Whoever signs it later would find an image where a list should be."""
    source.put_image(image(source), tag="1.2")
    tag = f"sha256-{'0f' * 32}{suffix}"
    with pytest.raises(InputError, match="no image may be called sha256-"):
        copy_image(place(source), Destination(store=target, tag=tag))


def test_an_image_is_not_carried_to_another_digest(source: Layout, target: Layout) -> None:
    """A digest at the destination is a demand."""
    manifest, other = image(source), image(source, b"other")
    source.put_image(manifest, tag="1.2")
    with pytest.raises(InputError, match="cannot be carried to sha256:"):
        copy_image(place(source), Destination(store=target, tag=None, digest=other.digest))
    copy_image(place(source), Destination(store=target, tag=None, digest=manifest.digest))
    assert target.resolve("").digest == manifest.digest


def test_indexes_nested_deeply_are_refused(source: Layout, target: Layout) -> None:
    """An index of indexes is fine, a ladder of them a trap."""
    rung = image(source)
    for _ in range(survey.DEEPEST + 1):
        source.put_manifest(rung)
        rung = index({"linux/amd64": rung})
    source.put_image(rung, tag="1.2")
    with pytest.raises(ParseError, match="nested deeper than 8 levels"):
        carry(source, target)


def test_how_much_may_belong_to_an_image_is_bounded(
    source: Layout, target: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may push can attach without end: it is told, and not carried."""
    monkeypatch.setattr(survey, "MOST_MANIFESTS", 3)
    whole, _ = multi_platform(source)
    bundle(source, whole)
    with pytest.raises(ParseError, match="more than 3 manifests belong to"):
        carry(source, target)


def test_how_large_what_belongs_to_an_image_may_be_is_bounded(
    source: Layout, target: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it is kept meanwhile: ten thousand manifests of 4 MiB would be too much."""
    monkeypatch.setattr(survey, "MOST_BYTES", 1000)
    whole, _ = multi_platform(source)
    bundle(source, whole)
    with pytest.raises(ParseError, match="more than 1000 bytes of manifests are"):
        carry(source, target)


def test_an_image_by_sha512_is_carried(target: Layout) -> None:
    """Under a tag nothing is attached to it: the tag would be longer than any may be."""
    client = Client()
    manifest = Manifest.parse(image(client.registry).raw, algorithm=HashAlgorithm.SHA512)
    client.registry.put_manifest(manifest)
    there = place(client.registry, str(manifest.digest))
    copy_image(there, Destination(store=target, tag="1.2"))
    assert target.resolve("1.2").digest == manifest.digest
    assert clean_image(there, ["signature"], dry_run=False).removed == ()


def test_an_index_where_signatures_go_is_not_replaced(source: Layout, target: Layout) -> None:
    """Whatever it is, it is somebody else's."""
    manifest = image(source)
    source.put_image(manifest, tag="1.2")
    tag = ImageReference.signature_tag(manifest.digest)
    legacy(source, tag, b"a signature")
    other = image(target)
    target.put_manifest(other)
    target.put_manifest(index({"linux/amd64": other}), tag=tag)
    with pytest.raises(InputError, match="stands where legacy signatures do"):
        carry(source, target)
    assert target.manifest(target.resolve(tag)).is_index


def test_indexes_that_list_one_another_are_visited_once(source: Layout, target: Layout) -> None:
    """Four levels of two entries each name sixteen images, and are five manifests."""
    rung = image(source)
    source.put_manifest(rung)
    for _ in range(4):
        other = json.loads(index({"linux/amd64": rung, "linux/arm64": rung}).raw)
        rung = Manifest.parse(json.dumps(other).encode())
        source.put_manifest(rung)
    source.put_image(rung, tag="1.2")
    assert carry(source, target).manifests == 5
    assert len(list(image_tree(place(source)))) == 9


def test_the_tree_shows_what_is_there(source: Layout) -> None:
    """Parts and what is attached, indented; and that none of it is verified."""
    whole, parts = multi_platform(source)
    referrer = bundle(source, whole)
    part = parts["linux/amd64"]
    tag = ImageReference.signature_tag(part.digest)
    signatures = legacy(source, tag, b"payload")
    tree = image_tree(place(source))
    assert str(tree).splitlines() == [
        f"{source.name}:1.2 (nothing of this is verified)",
        f"  index             {whole.digest}",
        f"  ├─ bundle         {referrer.digest}  https://sigstore.dev/cosign/sign/v1",
        f"  ├─ linux/amd64    {part.digest}",
        f"  │  └─ signatures  {signatures.digest}  {tag}",
        f"  └─ linux/arm64    {parts['linux/arm64'].digest}",
    ]
    assert "linux/amd64" in tree._repr_html_()
    document = tree.to_json()
    assert json.loads(json.dumps(document)) == document


def test_what_others_named_is_shown_safely(source: Layout) -> None:
    """A name chosen by a stranger moves no cursor, and is no markup."""
    manifest = image(source)
    source.put_image(manifest, tag="1.2")
    document = json.loads(bundle(source, manifest).raw)
    document["annotations"]["dev.sigstore.bundle.predicateType"] = "<b>\x1b[2J"
    source.add_referrers([Manifest.parse(json.dumps(document).encode())])
    tree = image_tree(place(source))
    assert "\x1b" not in str(tree)
    assert "<b>" not in tree._repr_html_()


def test_what_the_tree_leaves_aside_is_said(source: Layout, tmp_path: Path) -> None:
    """A claim that does not hold is shown with its reason."""
    manifest = image(source)
    source.put_image(manifest, tag="1.2")
    stranger = bundle(source, image(source, b"another"))
    tree = image_tree(place(unruly(tmp_path / "source", stranger)))
    assert "left aside" in str(tree)
    assert f"it does not refer to {manifest.digest}" in str(tree)


def test_what_was_carried_is_told(source: Layout, target: Layout) -> None:
    """In a terminal, in a notebook, and as JSON."""
    source.put_image(image(source), tag="1.2")
    carried = carry(source, target)
    assert f"to         {carried.pinned}" in str(carried)
    assert "2 copied" in carried._repr_html_()
    assert json.loads(json.dumps(carried.to_json()))["blobs"]["copied"] == 2

# SPDX-License-Identifier: Apache-2.0
"""Image layouts: read and written like a registry, whoever made them; refused where they lie."""

import json
import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from keyless.errors import ImageNotFound, InputError, KeylessError, ParseError
from keyless.images import layout_files, layout_scan
from keyless.images.layout import Layout
from keyless.images.layout_files import Folder
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.oci import Descriptor, ImageReference, Manifest
from tests.images.layouts import (
    blob_files,
    bundle,
    edit_index,
    image,
    index,
    legacy,
    packed,
    put,
)

KINDS = ["folder", "archive"]
Made = tuple[Path, Manifest]


@pytest.fixture(params=KINDS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return where a layout will be: a folder, or an archive."""
    return str(tmp_path / ("layout" if request.param == "folder" else "layout.tar"))


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Make a layout of one image in a folder, `1.2`; return where, and the image."""
    folder = tmp_path / "layout"
    layout = Layout.at(str(folder))
    with layout.changing():
        manifest = image(layout, b"one", b"two")
        layout.put_image(manifest, tag="1.2")
    return folder, manifest


def test_what_is_put_is_there_for_whoever_opens_it(path: str) -> None:
    """An image, by its tag, by its digest or as the only one; and its layers."""
    layout = Layout.at(path)
    with layout.changing():
        manifest = image(layout, b"one", b"two")
        layout.put_image(manifest, tag="1.2")
    again = Layout.at(path)
    for reference in ("1.2", str(manifest.digest), ""):
        assert again.resolve(reference).digest == manifest.digest
    assert again.manifest(manifest.digest) == manifest
    assert again.manifest(again.resolve("1.2")) == manifest
    assert [again.blob(layer, largest=10) for layer in manifest.layers] == [b"one", b"two"]
    assert list(again.tags()) == ["1.2"]


def test_each_write_stands_by_itself(path: str) -> None:
    """Who knows stores only, and nothing of layouts, need not say that a change is over."""
    manifest = image(Layout.at(path))
    layout = Layout.at(path)
    manifest = image(layout)
    layout.put_manifest(manifest, tag="a")
    Layout.at(path).put_manifest(manifest, tag="b")
    assert list(Layout.at(path).tags()) == ["a", "b"]


def test_a_tag_moves(path: str) -> None:
    """A tag stands for one image; the other is still there by its digest."""
    layout = Layout.at(path)
    old, new = image(layout, b"old"), image(layout, b"new")
    layout.put_image(old, tag="latest")
    layout.put_image(new, tag="latest")
    assert Layout.at(path).resolve("latest").digest == new.digest
    assert Layout.at(path).manifest(old.digest) == old


def test_an_image_may_have_two_tags(path: str) -> None:
    """The second does not take the first away."""
    layout = Layout.at(path)
    manifest = image(layout)
    layout.put_image(manifest, tag="1")
    layout.put_image(manifest, tag="2")
    assert list(layout.tags()) == ["1", "2"]
    assert layout.resolve("").digest == manifest.digest


def test_an_image_without_a_tag_gets_one_later(path: str) -> None:
    """It is not listed twice then."""
    layout = Layout.at(path)
    manifest = image(layout)
    layout.put_image(manifest, tag=None)
    assert list(layout.tags()) == []
    layout.put_image(manifest, tag="1")
    assert list(layout.tags()) == ["1"]
    assert layout.resolve("").digest == manifest.digest


def test_of_several_images_one_has_to_be_named(path: str) -> None:
    """Which is meant is not guessed; what there is, is told."""
    layout = Layout.at(path)
    for name in ("one", "two"):
        layout.put_image(image(layout, name.encode()), tag=name)
    with pytest.raises(InputError, match="there are 2 images") as refusal:
        layout.resolve("")
    assert refusal.value.hint == "name one of them, by tag or digest: one, two"


def test_a_tag_that_is_not_there_is_told_with_those_that_are(made: Made) -> None:
    """A slip in the name is easily seen."""
    layout = Layout.at(str(made[0]))
    with pytest.raises(ImageNotFound, match=r"has no image '1\.3'") as refusal:
        layout.resolve("1.3")
    assert refusal.value.hint == "its tags are: 1.2"


def test_a_digest_that_is_not_there_is_told(made: Made) -> None:
    """By digest nothing is guessed, either."""
    layout = Layout.at(str(made[0]))
    with pytest.raises(ImageNotFound, match="has no manifest sha256:0000"):
        layout.resolve("sha256:" + "0" * 64)


def test_a_part_is_found_by_its_digest_alone(path: str) -> None:
    """What an index lists need not be listed by the layout."""
    layout = Layout.at(path)
    part = image(layout)
    layout.put_manifest(part)
    whole = index({"linux/amd64": part})
    layout.put_image(whole, tag="1")
    assert layout.resolve("").digest == whole.digest
    assert layout.manifest(layout.resolve(str(part.digest))) == part


def test_what_refers_to_an_image_is_listed(path: str) -> None:
    """With what it says of itself; it is no image, and has no tag."""
    layout = Layout.at(path)
    manifest, other = image(layout), image(layout, b"other")
    layout.put_image(manifest, tag="1")
    referrer = bundle(layout, manifest)
    referrers = Layout.at(path).referrers(manifest.digest)
    assert referrers.descriptors == (referrer.referrer,)
    assert referrers.source == "layout"
    assert layout.referrers(other.digest).descriptors == ()
    assert layout.resolve("").digest == manifest.digest


def test_a_tag_is_edited_on_what_is_there(path: str) -> None:
    """Whoever adds to a list under a tag gets what it was, and others see what it is."""
    layout = Layout.at(path)
    first, second = image(layout, b"first"), image(layout, b"second")
    seen: list[Manifest | None] = []
    layout.edit_tag("list", lambda there: seen.append(there) or first)
    Layout.at(path).edit_tag("list", lambda there: seen.append(there) or second)
    assert seen == [None, first]
    assert Layout.at(path).resolve("list").digest == second.digest


def test_what_is_deleted_is_gone(path: str) -> None:
    """With its tags, and for those who look through the blobs."""
    layout = Layout.at(path)
    manifest = image(layout)
    layout.put_image(manifest, tag="1")
    referrer = bundle(layout, manifest)
    layout.delete(referrer.digest)
    again = Layout.at(path)
    assert again.referrers(manifest.digest).descriptors == ()
    assert list(again.tags()) == ["1"]
    with pytest.raises(ImageNotFound, match="has no manifest"):
        again.delete(referrer.digest)


def test_eight_who_add_at_once_lose_nothing(path: str) -> None:
    """One after the other changes a layout, and each sees what was done before."""
    layout = Layout.at(path)
    manifest = image(layout)
    layout.put_image(manifest, tag="1")

    def sign(number: int) -> None:
        bundle(Layout.at(path), manifest, b'{"bundle":%d}' % number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(sign, range(8)))
    assert len(Layout.at(path).referrers(manifest.digest).descriptors) == 8
    indexed = json.loads(b"".join(_files(path).chunks("index.json")))
    assert len(indexed["manifests"]) == 9


def _files(path: str) -> layout_files.LayoutFiles:
    return Layout.at(path)._files  # noqa: SLF001 - what is in index.json is otherwise not seen


def test_cosign_finds_the_image_and_its_signatures(path: str) -> None:
    """It looks for kinds, of one image; those of a part have a name, and no kind."""
    layout = Layout.at(path)
    part = image(layout)
    whole = index({"linux/amd64": part})
    tags = [ImageReference.signature_tag(each.digest) for each in (whole, part)]
    for tag in tags:
        legacy(layout, tag, tag.encode())
    layout.put_manifest(part)
    layout.put_image(whole, tag="1.2")
    entries = json.loads(b"".join(_files(path).chunks("index.json")))["manifests"]
    kinds = {
        each["annotations"]["org.opencontainers.image.ref.name"]: each["annotations"].get("kind")
        for each in entries
    }
    assert kinds == {
        "1.2": "dev.cosignproject.cosign/imageIndex",
        tags[0]: "dev.cosignproject.cosign/sigs",
        tags[1]: None,
    }


def test_what_cosign_saves_is_read(made: Made) -> None:
    """It lists the image and its signatures by kind, without names, and no bundle at all."""
    folder, manifest = made
    layout = Layout.at(str(folder))
    signatures = legacy(layout, "x", b"payload")
    referrer = bundle(layout, manifest)
    kind = "dev.cosignproject.cosign/"
    edit_index(
        folder,
        manifests=[
            {**manifest.descriptor.to_json(), "annotations": {"kind": f"{kind}image"}},
            {**signatures.descriptor.to_json(), "annotations": {"kind": f"{kind}sigs"}},
        ],
    )
    for path in (folder, packed(folder, folder.with_name("saved.tar"))):
        saved = Layout.at(str(path))
        assert saved.resolve("").digest == manifest.digest
        tag = ImageReference.signature_tag(manifest.digest)
        assert saved.resolve(tag).digest == signatures.digest
        with pytest.raises(ImageNotFound):
            saved.resolve(ImageReference.attestation_tag(manifest.digest))
        assert [each.digest for each in saved.referrers(manifest.digest).descriptors] == [
            referrer.digest
        ]


def test_what_others_have_noted_stays(made: Made) -> None:
    """Members and annotations that are not known here are still there after a change."""
    folder, manifest = made
    entry = {**manifest.descriptor.to_json(), "x-theirs": 1, "annotations": {"theirs": "2"}}
    edit_index(folder, manifests=[entry], annotations={"of": "all"})
    layout = Layout.at(str(folder))
    bundle(layout, manifest)
    written = json.loads((folder / "index.json").read_text())
    assert written["annotations"] == {"of": "all"}
    assert written["manifests"][0] == entry


def test_an_archive_is_the_same_each_time(tmp_path: Path) -> None:
    """The same image in the same order makes the same bytes, whoever writes them and when."""
    archives = [tmp_path / "one.tar", tmp_path / "two.tar"]
    for archive in archives:
        layout = Layout.at(str(archive))
        with layout.changing():
            layout.put_image(image(layout, b"one", b"two"), tag="1.2")
    assert archives[0].read_bytes() == archives[1].read_bytes()


def test_an_archive_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    """A change that fails leaves what was there, and nothing beside it."""
    archive = tmp_path / "layout.tar"
    for _ in range(2):
        before = archive.read_bytes() if archive.exists() else None
        layout = Layout.at(str(archive))
        with pytest.raises(RuntimeError):
            _fail_halfway(layout)
        del layout
        assert (archive.read_bytes() if archive.exists() else None) == before
        assert [each.name for each in tmp_path.iterdir()] == (["layout.tar"] if before else [])
        layout = Layout.at(str(archive))
        layout.put_image(image(layout, b"whole"), tag="whole")


def _fail_halfway(layout: Layout) -> None:
    with layout.changing():
        layout.put_image(image(layout, b"half"), tag="half")
        raise RuntimeError


def test_who_waits_for_another_waits_not_for_ever(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody may hold a layout for long: whoever else wants to change it is told."""
    monkeypatch.setattr(layout_files, "LONGEST_WAIT", 0.05)
    layout = Layout.at(path)
    layout.put_image(image(layout), tag="1")
    other = Layout.at(path)
    with layout.changing():
        with pytest.raises(InputError, match="is being changed by another"):
            other.put_manifest(image(Layout.at(path + "2")), tag="2")
        assert other.resolve("1")
    other.put_image(image(other), tag="3")
    assert list(Layout.at(path).tags()) == ["1", "3"]


def test_an_archive_that_somebody_made_meanwhile_stays(tmp_path: Path) -> None:
    """Both began with nothing: the second to finish is told, and overwrites nothing."""
    path = str(tmp_path / "layout.tar")
    first, second = Layout.at(path), Layout.at(path)
    manifest = image(second)
    first.put_image(image(first, b"first"), tag="first")
    with pytest.raises(InputError, match="was made by another meanwhile"):
        second.put_image(manifest, tag="second")
    assert list(Layout.at(path).tags()) == ["first"]
    assert [each.name for each in tmp_path.iterdir()] == ["layout.tar"]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A file where a folder should be, a folder that is not there."""
    (tmp_path / "file").write_text("")
    for path in ("file/app", "nowhere/app.tar"):
        with pytest.raises(InputError, match=r"cannot be (read|written)|there is no file"):
            put(Layout.at(str(tmp_path / path)), b"blob")


def test_a_blob_alone_changes_no_index(path: str) -> None:
    """What was called so before is called so after."""
    layout = Layout.at(path)
    layout.put_image(image(layout), tag="1")
    with layout.changing():
        blob = put(layout, b"alone")
    assert Layout.at(path).has_blob(blob)
    assert list(Layout.at(path).tags()) == ["1"]


def test_a_blob_that_lies_leaves_nothing_behind(path: str, tmp_path: Path) -> None:
    """Whatever is put has to be what its descriptor says, or is forgotten."""
    layout = Layout.at(path)
    honest = put(layout, b"honest")
    descriptor = Descriptor.of(b"right", media_type="a/b")
    for data, reason in (
        (b"wrong", "is sha256:"),
        (b"too long", "is not of the 5 bytes"),
        (b"less", "is not of the 5 bytes"),
    ):
        with pytest.raises(ParseError, match=reason):
            layout.put_blob(descriptor, [data])
    assert not layout.has_blob(descriptor)
    layout.put_manifest(image(layout), tag="1")
    assert layout.blob(honest, largest=6) == b"honest"
    assert not any("unfinished" in str(each) for each in tmp_path.rglob("*"))


def test_what_is_damaged_is_written_anew(made: Made) -> None:
    """Whoever has the right bytes mends a layout by putting them."""
    folder, manifest = made
    layer = manifest.layers[0]
    (folder / "blobs" / "sha256" / layer.digest.hex).write_bytes(b"bad")
    layout = Layout.at(str(folder))
    assert not layout.has_blob(layer)
    layout.put_blob(layer, [b"one"])
    assert layout.blob(layer, largest=3) == b"one"


def test_a_folder_of_something_else_is_not_made_a_layout(tmp_path: Path) -> None:
    """Who names the wrong folder finds nothing new in it."""
    (tmp_path / "thesis.txt").write_text("")
    with pytest.raises(InputError, match=r"folder of something else, as thesis\.txt"):
        put(Layout.at(str(tmp_path)), b"blob")
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.txt"]


def test_what_is_no_layout_is_told_so(tmp_path: Path) -> None:
    """A folder without the mark of a layout is none, and one that is not there is not made."""
    for path in (tmp_path, tmp_path / "nowhere", tmp_path / "nowhere.tar"):
        with pytest.raises(ImageNotFound, match="no image layout: there is no oci-layout"):
            Layout.at(str(path)).resolve("1")
    assert list(tmp_path.iterdir()) == []


Spoil = Callable[[Path, Manifest], None]


def _marker(folder: Path, _: Manifest) -> None:
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"2.0.0"}')


def _no_index(folder: Path, _: Manifest) -> None:
    (folder / "index.json").unlink()


def _huge_index(folder: Path, _: Manifest) -> None:
    (folder / "index.json").write_bytes(b" " * (4 << 20) + b"{}")


def _bad_digest(folder: Path, manifest: Manifest) -> None:
    entry = {**manifest.descriptor.to_json(), "digest": "sha256:../../../etc/passwd"}
    edit_index(folder, manifests=[entry])


def _long_list(folder: Path, manifest: Manifest) -> None:
    edit_index(folder, manifests=[manifest.descriptor.to_json()] * 10_001)


def _lying_size(folder: Path, manifest: Manifest) -> None:
    edit_index(folder, manifests=[{**manifest.descriptor.to_json(), "size": 5}])


def _lying_type(folder: Path, manifest: Manifest) -> None:
    kind = "application/vnd.oci.image.index.v1+json"
    edit_index(folder, manifests=[{**manifest.descriptor.to_json(), "mediaType": kind}])


def _other_manifest(folder: Path, manifest: Manifest) -> None:
    path = folder / "blobs" / "sha256" / manifest.digest.hex
    path.write_bytes(manifest.raw.replace(b"amd64", b"arm64").replace(b'"s', b'"t', 1))


def _no_manifest(folder: Path, manifest: Manifest) -> None:
    (folder / "blobs" / "sha256" / manifest.digest.hex).unlink()


def _linked_blob(folder: Path, manifest: Manifest) -> None:
    path = folder / "blobs" / "sha256" / manifest.digest.hex
    outside = folder.parent / "outside"
    path.rename(outside)
    path.symlink_to(outside)


def _linked_folder(folder: Path, _: Manifest) -> None:
    (folder / "blobs").rename(folder.parent / "outside")
    (folder / "blobs").symlink_to(folder.parent / "outside")


def _linked_index(folder: Path, _: Manifest) -> None:
    (folder / "index.json").rename(folder.parent / "outside")
    (folder / "index.json").symlink_to(folder.parent / "outside")


def _pipe(folder: Path, manifest: Manifest) -> None:
    path = folder / "blobs" / "sha256" / manifest.digest.hex
    path.unlink()
    os.mkfifo(path)


def _socket(folder: Path, _: Manifest) -> None:
    (folder / "index.json").unlink()
    here = Path.cwd()
    os.chdir(folder)  # the name of a socket may not be long
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("index.json")
    finally:
        os.chdir(here)


@pytest.mark.parametrize(
    ("spoil", "error", "reason"),
    [
        (_marker, ParseError, r"is a layout of version 2\.0\.0"),
        (_no_index, ImageNotFound, r"there is no index\.json"),
        (_huge_index, ParseError, "4194304 are allowed"),
        (_bad_digest, ParseError, r"manifests\[0\]\.digest: not a digest"),
        (_long_list, ParseError, "10001 items, more than the 10000 allowed"),
        (_lying_size, ParseError, r"bytes where 5 are announced"),
        (_lying_type, ParseError, "it was said to be application/vnd.oci.image.index"),
        (_other_manifest, ParseError, "what oci:.* has as sha256:.* is sha256:"),
        (_no_manifest, ImageNotFound, "has no manifest sha256:"),
        (_linked_blob, ParseError, "is a symbolic link, not a file"),
        (_linked_folder, ParseError, "blobs in .* is a symbolic link, not a folder"),
        (_linked_index, ParseError, r"index\.json in .* is a symbolic link"),
        (_pipe, ParseError, "is a named pipe, not a file"),
        (_socket, ParseError, r"index\.json in .* is a socket, not a file"),
    ],
)
def test_a_hostile_folder_is_refused_by_reason(
    made: Made, spoil: Spoil, error: type[KeylessError], reason: str
) -> None:
    """What leads elsewhere, is endless or contradicts itself is not read; why, is said."""
    folder, manifest = made
    spoil(folder, manifest)
    layout = Layout.at(str(folder))
    with pytest.raises(error, match=reason) as refusal:
        layout.manifest(layout.resolve(""))
    assert type(refusal.value) is error


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_bad_digest, r"digest: not a digest"),
        (_lying_size, "bytes where 5 are announced"),
        (_other_manifest, "is sha256:"),
        (_linked_blob, "is a symbolic link"),
        (_pipe, "is a named pipe"),
    ],
)
def test_a_hostile_archive_is_refused_by_reason(made: Made, spoil: Spoil, reason: str) -> None:
    """An archive gets no further than a folder, though nothing of it was unpacked."""
    folder, manifest = made
    spoil(folder, manifest)
    archive = packed(folder, folder.with_name("hostile.tar"))
    with pytest.raises(ParseError, match=reason):
        _read(archive)


def _read(path: Path) -> Manifest:
    layout = Layout.at(str(path))
    return layout.manifest(layout.resolve(""))


def test_a_layer_is_checked_at_its_end(made: Made) -> None:
    """Whoever streams learns that what came was another, or is not all."""
    folder, manifest = made
    layout, layer = Layout.at(str(folder)), manifest.layers[0]
    path = folder / "blobs" / "sha256" / layer.digest.hex
    path.write_bytes(b"One")
    with pytest.raises(ParseError, match=f"as {layer.digest} is sha256:"):
        list(layout.stream_blob(layer))
    path.write_bytes(b"on")
    with pytest.raises(ParseError, match="has 2 bytes where 3 are announced"):
        layout.stream_blob(layer)
    path.unlink()
    with pytest.raises(ParseError, match=f"lacks {layer.digest}"):
        layout.stream_blob(layer)


def test_a_blob_is_read_only_as_far_as_allowed(made: Made) -> None:
    """What a descriptor announces is believed before anything is read."""
    folder, manifest = made
    with pytest.raises(ParseError, match="said to have 3 bytes, more than the 2 allowed"):
        Layout.at(str(folder)).blob(manifest.layers[0], largest=2)


def test_what_merely_mentions_a_subject_refers_to_nothing(made: Made) -> None:
    """A document among the blobs, a manifest under a wrong name: neither is a signature."""
    folder, manifest = made
    layout = Layout.at(str(folder))
    put(layout, b'{"subject":{}}')
    referrer = bundle(layout, manifest)
    found = folder / "blobs" / "sha256" / referrer.digest.hex
    found.rename(found.with_name("0" * 64))
    found.with_name("readme").write_bytes(referrer.raw)
    assert layout.referrers(manifest.digest).descriptors == ()


def test_how_much_is_looked_through_is_bounded(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """A layout full of small documents is refused, and never taken for one without signatures."""
    folder, manifest = made
    monkeypatch.setattr(layout_scan, "MOST_SCANNED", 100)
    with pytest.raises(ParseError, match="more than 100 bytes of what may be signatures"):
        Layout.at(str(folder)).referrers(manifest.digest)
    monkeypatch.setattr(layout_files, "MOST_FILES", len(list(blob_files(folder))) - 1)
    with pytest.raises(ParseError, match="has more than 3 files"):
        Layout.at(str(folder)).referrers(manifest.digest)


def test_one_name_for_two_images_is_refused(made: Made) -> None:
    """Two programs would deploy two different images under it."""
    folder, _ = made
    layout = Layout.at(str(folder))
    layout.put_image(image(layout, b"other"), tag="other")
    document = json.loads((folder / "index.json").read_text())
    for entry in document["manifests"]:
        entry["annotations"]["org.opencontainers.image.ref.name"] = "1.2"
    edit_index(folder, manifests=document["manifests"])
    with pytest.raises(InputError, match=r"1\.2 is the name of 2 different images"):
        layout.resolve("1.2")


def test_a_tag_that_is_none_is_refused(made: Made) -> None:
    """A name of more than a tag would not be found by anybody."""
    layout = Layout.at(str(made[0]))
    with pytest.raises(InputError, match="'a/b' cannot be a tag"):
        layout.put_manifest(made[1], tag="a/b")


def test_digests_of_other_lengths_have_their_own_folder(path: str) -> None:
    """A blob by SHA-512 is kept and found like any other."""
    layout = Layout.at(path)
    digest = Digest.of(b"long", HashAlgorithm.SHA512)
    layout.put_blob(Descriptor(media_type="a/b", digest=digest, size=4), [b"long"])
    layout.put_manifest(image(layout), tag="1")
    again = Layout.at(path)
    assert again.has_blob(Descriptor(media_type="a/b", digest=digest, size=4))


class Counted(Folder):
    """A folder that notes what is read in it."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.read: list[str] = []

    def chunks(self, path: str) -> Iterator[bytes]:
        """Note that *path* is read."""
        self.read.append(path)
        return super().chunks(path)


def test_the_blobs_are_looked_through_once(tmp_path: Path) -> None:
    """A tree asks of each of its manifests what refers to it; there may be thousands."""
    files = Counted(str(tmp_path / "layout"))
    layout = Layout(files)
    signed = [image(layout, b"a"), image(layout, b"b")]
    for each in signed:
        layout.put_manifest(each)
        bundle(layout, each)
    files.read.clear()
    for each in signed * 3:
        assert len(layout.referrers(each.digest).descriptors) == 1
    blobs = [path for path in files.read if path.startswith("blobs/")]
    assert len(blobs) == len(set(blobs)) > 4


def test_a_damaged_signature_that_is_put_there_anew_is_found(tmp_path: Path) -> None:
    """Whatever was seen before."""
    folder = tmp_path / "layout"
    layout = Layout.at(str(folder))
    signed = image(layout, b"a")
    layout.put_manifest(signed)
    signature = bundle(layout, signed)
    path = folder / "blobs" / "sha256" / signature.digest.hex
    path.write_bytes(b"damaged")
    assert layout.referrers(signed.digest).descriptors == ()
    layout.add_referrers([signature])
    assert [it.digest for it in layout.referrers(signed.digest).descriptors] == [signature.digest]


def test_a_link_among_the_blobs_is_not_looked_at(tmp_path: Path) -> None:
    """Whoever asks what refers to an image has not asked for what is behind it."""
    folder = tmp_path / "layout"
    layout = Layout.at(str(folder))
    signed = image(layout, b"a")
    layout.put_manifest(signed)
    (folder / "blobs" / "sha256" / ("0" * 64)).symlink_to("/etc/passwd")
    assert layout.referrers(signed.digest).descriptors == ()

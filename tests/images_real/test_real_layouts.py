# SPDX-License-Identifier: Apache-2.0
"""Layouts that we write, read by others; those of others, read by us; and what goes in between."""

import gzip
import io
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import keyless
from keyless.errors import ImageNotFound, ParseError
from keyless.images.layout import Layout
from keyless.policy import SignedBy
from keyless.protocol.digest import Digest
from keyless.protocol.oci import IMAGE_MANIFEST, ImageReference, Manifest
from keyless.sandbox import Sandbox
from keyless.services.http import Request, Response, requests_transport
from keyless.services.registry_credentials import anonymous
from keyless.services.registry_options import RegistryOptions
from tests.images.layouts import index, put
from tests.images_real.registries import SWITCH, Registries, Running, crane, run
from tests.instances import NOON, on

pytestmark = pytest.mark.skipif(
    SWITCH not in os.environ,
    reason="there may be no registries here; `nox -s images` installs them",
)
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
ALICE = "alice@example.com"
BY_ALICE = SignedBy(ALICE, issuer="github")
ANONYMOUS = RegistryOptions(credentials=anonymous)


@pytest.fixture(scope="module")
def registries() -> Iterator[Registries]:
    """All registries, for all tests."""
    with Registries() as registries:
        yield registries


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    """A whole instance, at noon."""
    return Sandbox(NOON)


@pytest.fixture(scope="module")
def options(sandbox: Sandbox) -> dict[str, Any]:
    """Speak to real registries, and to the sandbox for all else."""
    real = requests_transport()

    def transport(request: Request) -> Response:
        return (real if request.host.startswith("127.0.0.1") else sandbox.transport)(request)

    return {"sigstore": on(sandbox, rekor=1, transport=transport), "options": ANONYMOUS}


@pytest.fixture(scope="module")
def signer(sandbox: Sandbox, options: dict[str, Any]) -> Iterator[keyless.Signer]:
    """Sign as Alice."""
    with keyless.Signer(sandbox.identity(ALICE), sigstore=options["sigstore"]) as signer:
        yield signer


def written(layout: Layout, architecture: str, content: bytes) -> Manifest:
    """Put an image that every program takes for one, without a tag."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo("file")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    config = {
        "architecture": architecture,
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [str(Digest.of(file.getvalue()))]},
    }
    layer = put(layout, gzip.compress(file.getvalue(), mtime=0), LAYER_TYPE)
    document = {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "config": put(layout, json.dumps(config).encode(), CONFIG_TYPE).to_json(),
        "layers": [layer.to_json()],
    }
    manifest = Manifest.parse(json.dumps(document).encode())
    layout.put_manifest(manifest)
    return manifest


def two_platforms(path: Path) -> Manifest:
    """Write a layout of an image for two platforms, `v1`."""
    layout = Layout.at(str(path))
    with layout.changing():
        parts = {
            f"linux/{name}": written(layout, name, name.encode()) for name in ("amd64", "arm64")
        }
        whole = index(parts)
        layout.put_image(whole, tag="v1")
    return whole


@pytest.mark.parametrize(("kind", "name"), [("oci", "app"), ("oci-archive", "app.tar")])
def test_skopeo_reads_what_we_write(tmp_path: Path, kind: str, name: str) -> None:
    """All of an image for two platforms, byte for byte, to a layout of its own."""
    whole = two_platforms(tmp_path / name)
    ours = f"{kind}:{tmp_path / name}:v1"
    run("skopeo", "copy", "--all", "--preserve-digests", ours, f"oci:{tmp_path}/theirs:v1")
    theirs = Layout.at(str(tmp_path / "theirs"))
    assert theirs.resolve("v1").digest == whole.digest
    for part in whole.manifests:
        (layer,) = theirs.manifest(part).layers
        assert theirs.has_blob(layer)


@pytest.mark.parametrize(("kind", "name"), [("oci", "app"), ("oci-archive", "app.tar")])
def test_we_read_what_skopeo_writes(
    registries: Registries, options: dict[str, Any], tmp_path: Path, kind: str, name: str
) -> None:
    """A folder and an archive, pushed to a registry from where they lie."""
    whole = two_platforms(tmp_path / "ours")
    there = f"{kind}:{tmp_path / name}:v1"
    run("skopeo", "copy", "--all", "--preserve-digests", f"oci:{tmp_path}/ours:v1", there)
    host = registries["plain"].host
    loaded = keyless.load_image(tmp_path / name, f"{host}/team/{kind}", **options)
    assert loaded.digest == whole.digest
    assert keyless.image_tree(f"{host}/team/{kind}:v1", **options).root.digest == whole.digest


def test_an_archive_of_dockers_own_is_told_from_a_layout(tmp_path: Path) -> None:
    """It has links in it, and no index: what to do is said."""
    two_platforms(tmp_path / "app")
    archive = tmp_path / "docker.tar"
    run(
        "skopeo",
        "--override-arch=amd64",
        "--override-os=linux",
        "copy",
        f"oci:{tmp_path}/app:v1",
        f"docker-archive:{archive}:team/app:v1",
    )
    with pytest.raises((ParseError, ImageNotFound)) as refusal:
        Layout.at(str(archive)).resolve("")
    assert "docker save" in (refusal.value.hint or "")


@pytest.mark.parametrize("way", ["plain to referrers", "referrers to plain"])
def test_signatures_go_from_one_kind_of_registry_to_the_other(
    registries: Registries,
    options: dict[str, Any],
    signer: keyless.Signer,
    tmp_path: Path,
    way: str,
) -> None:
    """Directly and over an archive, and are verified there."""
    source, _, target = way.split(" ")
    first, second = registries[source], registries[target]
    two_platforms(tmp_path / "app")
    here = f"{first.host}/team/{source}:v1"
    keyless.load_image(tmp_path / "app", here, **options)
    signer.sign_image(here, format="both", recursive=True, options=ANONYMOUS)
    there = f"{second.host}/copied/{source}"
    keyless.copy_image(here, f"{there}:v1", **options)
    archive = tmp_path / "app.tar"
    keyless.save_image(here, archive, **options)
    keyless.load_image(archive, f"{there}:v2", **options)
    for reference in (f"{there}:v1", f"{there}:v2", f"oci:{archive}"):
        proof = keyless.verify_image(reference, policy=BY_ALICE, recursive=True, **options)
        assert {each.format for each in proof.signatures} == {"bundle", "legacy"}
        assert len(proof.platforms) == 2
    _no_image_where_a_list_belongs(second, f"copied/{source}")


def _no_image_where_a_list_belongs(running: Running, repository: str) -> None:
    """Check that under each tag of a list there is one, if there is such a tag at all."""
    store = running.open(repository)
    for tag in store.tags():
        if tag.startswith("sha256-") and not tag.endswith(".sig"):
            assert running.name == "plain"
            listed = store.manifest(store.resolve(tag))
            assert all(store.manifest(each.digest).subject for each in listed.manifests)


def test_crane_copies_what_we_signed_and_it_is_verified(
    registries: Registries, options: dict[str, Any], signer: keyless.Signer, tmp_path: Path
) -> None:
    """It takes the image and the tag of legacy signatures, each by itself."""
    first, second = registries["plain"], registries["referrers"]
    two_platforms(tmp_path / "app")
    here, there = f"{first.host}/team/crane", f"{second.host}/moved/crane"
    loaded = keyless.load_image(tmp_path / "app", f"{here}:v1", **options)
    signer.sign_image(f"{here}:v1", format="legacy", options=ANONYMOUS)
    for tag in ("v1", ImageReference.signature_tag(loaded.digest)):
        run(crane(), "copy", f"{here}:{tag}", f"{there}:{tag}")
    proof = keyless.verify_image(f"{there}:v1", policy=BY_ALICE, **options)
    assert proof.digest == loaded.digest


def test_what_we_remove_is_gone_by_digest(
    registries: Registries, options: dict[str, Any], signer: keyless.Signer, tmp_path: Path
) -> None:
    """From a registry that deletes nothing by its tag, and from the list that we keep there."""
    host = registries["plain"].host
    whole = two_platforms(tmp_path / "app")
    reference = f"{host}/team/cleaned:v1"
    keyless.load_image(tmp_path / "app", reference, **options)
    signer.sign_image(reference, format="both", options=ANONYMOUS)
    cleaned = keyless.clean_image(reference, **options)
    assert [each.kind for each in cleaned.removed] == ["signature", "signature"]
    assert [node.kind for node in keyless.image_tree(reference, **options)] == [
        "index",
        "linux/amd64",
        "linux/arm64",
    ]
    assert cleaned.digest == whole.digest

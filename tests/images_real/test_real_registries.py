# SPDX-License-Identifier: Apache-2.0
"""Our client on registries that others have written, and what others make of what it wrote."""

import gzip
import io
import json
import os
import shutil
import stat
import tarfile
import tracemalloc
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from keyless.errors import ImageNotFound, RegistryAuthError, ServiceError
from keyless.protocol.digest import Digest
from keyless.protocol.oci import IMAGE_MANIFEST, Descriptor, ImageReference, Manifest
from keyless.protocol.oci_index import listing, without_entry
from keyless.services.docker_config import find_credential
from keyless.services.registry import Registry
from keyless.services.registry_credentials import (
    IdentityToken,
    Keychain,
    Password,
    anonymous,
    keychain,
)
from tests.images_real.authority import Authority
from tests.images_real.registries import NAMES, PASSWORD, SWITCH, USER, Registries, crane, run
from tests.images_real.token_server import IDENTITY_TOKEN

pytestmark = pytest.mark.skipif(
    SWITCH not in os.environ,
    reason="there may be no registries here; `nox -s images` installs them",
)
MIB = 1 << 20
WRITERS, ROUNDS = 8, 20
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
EMPTY = Descriptor.of(b"{}", media_type="application/vnd.oci.empty.v1+json")


@pytest.fixture(scope="module")
def registries() -> Iterator[Registries]:
    """All registries, for all tests."""
    with Registries() as registries:
        yield registries


def layer(content: bytes) -> bytes:
    """Write a layer of one file, compressed as every program has them."""
    return gzip.compress(archived(content), mtime=0)


def archived(content: bytes) -> bytes:
    """Write an archive of one file."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo("file")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def push(registry: Registry, tag: str | None, content: bytes = b"hello") -> Manifest:
    """Push an image that every program takes for one."""
    data = layer(content)
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [str(Digest.of(archived(content)))]},
        }
    ).encode()
    parts = {
        "config": Descriptor.of(config, media_type=CONFIG_TYPE),
        "layer": Descriptor.of(data, media_type=LAYER_TYPE),
    }
    registry.put_blob(parts["config"], [config])
    registry.put_blob(parts["layer"], [data])
    manifest = written(parts["config"], [parts["layer"]])
    registry.put_manifest(manifest, tag=tag)
    return manifest


def written(config: Descriptor, layers: list[Descriptor], **members: object) -> Manifest:
    """Write a manifest."""
    document = {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "config": config.to_json(),
        "layers": [each.to_json() for each in layers],
        **members,
    }
    return Manifest.parse(json.dumps(document).encode())


def sign(registry: Registry, subject: Manifest, content: bytes) -> Manifest:
    """Push what refers to *subject*."""
    descriptor = Descriptor.of(content, media_type=BUNDLE_TYPE)
    registry.put_blob(EMPTY, [b"{}"])
    registry.put_blob(descriptor, [content])
    manifest = written(
        EMPTY,
        [descriptor],
        subject=subject.descriptor.to_json(),
        artifactType=BUNDLE_TYPE,
        annotations={"what": "a signature"},
    )
    registry.add_referrers([manifest])
    return manifest


@pytest.mark.parametrize("name", NAMES)
def test_what_is_pushed_is_there(registries: Registries, name: str) -> None:
    """By tag and by digest, with all that it is made of; and no longer once it is deleted."""
    registry = registries[name].open("team/pushed")
    pushed = push(registry, "v1")
    again = registries[name].open("team/pushed")
    found = again.resolve("v1")
    assert found == again.resolve(str(pushed.digest)) == pushed.descriptor
    assert again.manifest(found) == pushed
    assert again.blob(pushed.layers[0], largest=MIB) == layer(b"hello")
    with pytest.raises(ImageNotFound):
        again.resolve("v2")
    with pytest.raises(ImageNotFound):
        registries[name].open("team/nothing").manifest(pushed.digest)
    again.delete(pushed.digest)
    with pytest.raises(ImageNotFound):
        again.manifest(pushed.digest)


@pytest.mark.parametrize("name", NAMES)
def test_every_tag_is_listed(registries: Registries, name: str) -> None:
    """Also where a registry says only some at once."""
    registry = registries[name].open("team/tags")
    pushed = push(registry, "v0")
    for number in range(1, 5):
        registry.put_manifest(pushed, tag=f"v{number}")
    assert sorted(registry.tags()) == [f"v{number}" for number in range(5)]


@pytest.mark.parametrize("name", NAMES)
def test_what_refers_to_an_image_is_found(registries: Registries, name: str) -> None:
    """As the registry lists it, or as its clients do."""
    registry = registries[name].open("team/signed")
    image = push(registry, "v1")
    source = "api" if name == "referrers" else "none"
    assert registry.referrers(image.digest).source == source
    first, second = sign(registry, image, b"one"), sign(registry, image, b"two")
    found = registries[name].open("team/signed").referrers(image.digest)
    assert found.source == ("api" if name == "referrers" else "fallback tag")
    assert {each.digest for each in found.descriptors} == {first.digest, second.digest}


@pytest.mark.parametrize("name", NAMES)
def test_an_index_of_images_is_there(registries: Registries, name: str) -> None:
    """With what it names, and what refers to it."""
    registry = registries[name].open("team/index")
    parts = [push(registry, None, content) for content in (b"one", b"two")]
    index = listing(part.descriptor for part in parts)
    registry.put_manifest(index, tag="all")
    signed = sign(registry, index, b"of both")
    found = registry.manifest(registry.resolve("all"))
    assert [each.digest for each in found.manifests] == [part.digest for part in parts]
    assert [each.digest for each in registry.referrers(index.digest).descriptors] == [signed.digest]


def test_a_note_is_taken_back_and_others_stay(registries: Registries) -> None:
    """On the list that clients keep."""
    registry = registries["plain"].open("team/taken")
    image = push(registry, "v1")
    first, second = sign(registry, image, b"one"), sign(registry, image, b"two")

    def without(there: Manifest | None) -> Manifest:
        assert there is not None
        return without_entry(there, first.digest)

    registry.edit_tag(ImageReference.fallback_tag(image.digest), without)
    registry.delete(first.digest)
    assert [each.digest for each in registry.referrers(image.digest).descriptors] == [second.digest]


@pytest.mark.parametrize("name", ["plain", "token"])
def test_a_blob_next_door_is_taken_over(registries: Registries, name: str) -> None:
    """Not a byte of it moves."""
    source, target = registries[name].open("team/source"), registries[name].open("other/target")
    image = push(source, "v1", b"next door")
    assert target.mount_blob(image.layers[0], source=source.name)
    assert target.has_blob(image.layers[0])


@pytest.mark.parametrize("name", ["plain", "tls", "referrers"])
def test_a_large_layer_goes_and_comes_in_memory_that_does_not_grow(
    registries: Registries, name: str
) -> None:
    """64 MiB of it, with 8 to spare."""
    registry = registries[name].open("team/large")
    piece = bytes(range(256)) * 256
    count = 64 * MIB // len(piece)
    hasher = Digest.of(piece * count)
    descriptor = Descriptor(media_type=LAYER_TYPE, digest=hasher, size=64 * MIB)
    registry.has_blob(descriptor)  # whatever is loaded the first time
    tracemalloc.start()
    registry.put_blob(descriptor, (piece for _ in range(count)))
    assert sum(map(len, registry.stream_blob(descriptor))) == 64 * MIB
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * MIB


@pytest.mark.parametrize("name", ["password", "token"])
def test_a_wrong_password_is_told_and_not_repeated(registries: Registries, name: str) -> None:
    """With where it came from."""
    wrong = Password(user=USER, secret="the wrong one entirely", source="a file")  # noqa: S106
    credentials = keychain({registries[name].host: wrong})
    registry = registries[name].open("team/app", credentials=credentials)
    with pytest.raises(RegistryAuthError, match="as the user me, from a file") as caught:
        registry.resolve("v1")
    assert "the wrong one" not in str(caught.value)


def test_whoever_has_no_password_is_told_where_one_would_be(registries: Registries) -> None:
    """That is what `docker login` is for."""
    registry = registries["password"].open("team/app", credentials=anonymous)
    with pytest.raises(RegistryAuthError, match="without a credential") as caught:
        registry.resolve("v1")
    assert "docker login" in str(caught.value.hint)


def test_anybody_may_read_where_that_is_so(registries: Registries) -> None:
    """With a token for nobody in particular, which is none for writing."""
    image = push(registries["token"].open("team/public"), "v1")
    nobody = registries["token"].open("team/public", credentials=anonymous)
    assert nobody.manifest(image.digest) == image
    with pytest.raises(RegistryAuthError, match="does not let us write to team/public"):
        push(nobody, "v2", b"something else")


def test_an_identity_token_is_good_for_tokens(registries: Registries) -> None:
    """As cloud registries give them."""
    mine = keychain({registries["token"].host: IdentityToken(secret=IDENTITY_TOKEN)})
    push(registries["token"].open("team/identity", credentials=mine), "v1")
    assert "POST refresh_token" in registries.tokens.asked


def test_credentials_come_from_a_file_of_dockers(registries: Registries, tmp_path: Path) -> None:
    """As `docker login` writes it."""
    auth = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    host = registries["password"].host
    mine = configured(tmp_path, {"auths": {host: {"auth": auth}}})
    push(registries["password"].open("team/file", credentials=mine), "v1")


def test_credentials_come_from_a_helper(
    registries: Registries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that keeps them."""
    program = tmp_path / "docker-credential-of-tests"
    answer = json.dumps({"Username": USER, "Secret": PASSWORD})
    host = registries["password"].host
    program.write_text(f"#!/bin/sh\ntest \"$(cat)\" = {host} && echo '{answer}'\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    for helpers in ({"credHelpers": {host: "of-tests"}}, {"credsStore": "of-tests"}):
        mine = configured(tmp_path, helpers)
        push(registries["password"].open("team/helper", credentials=mine), "v1")


def test_nobody_is_trusted_who_is_vouched_for_by_nobody(registries: Registries) -> None:
    """An authority of one's own has to be named."""
    running = registries["tls"]
    stranger = shutil.copy(running.ca or "", registries.folder / "stranger.pem")
    Path(stranger).write_bytes(_another(registries.folder))
    other = type(running)(name="tls", host=running.host, server=running.server, ca=str(stranger))
    with pytest.raises(ServiceError, match="does not prove who it is"):
        other.open("team/app").resolve("v1")


@pytest.mark.parametrize("name", ["plain", "password", "tls"])
def test_skopeo_takes_what_we_pushed_and_gives_it_back(
    registries: Registries, tmp_path: Path, name: str
) -> None:
    """Byte for byte."""
    running = registries[name]
    image = push(running.open("team/skopeo"), "v1", name.encode())
    there = f"docker://{running.host}/team/skopeo"
    layout = f"oci:{tmp_path}/layout:v1"
    login = ["", f"{USER}:{PASSWORD}"][name == "password"]
    options = ["--src-tls-verify=false", *([f"--src-creds={login}"] if login else [])]
    run("skopeo", "copy", "--preserve-digests", *options, f"{there}:v1", layout)
    options = ["--dest-tls-verify=false", *([f"--dest-creds={login}"] if login else [])]
    run("skopeo", "copy", "--preserve-digests", *options, layout, f"{there}:v2")
    registry = running.open("team/skopeo")
    assert registry.resolve("v2") == image.descriptor
    assert registry.blob(image.layers[0], largest=MIB) == layer(name.encode())


def test_skopeo_sees_our_tags_and_our_image(registries: Registries) -> None:
    """It reads what a registry says of them."""
    running = registries["plain"]
    image = push(running.open("team/inspected"), "v1")
    where = f"docker://{running.host}/team/inspected:v1"
    seen = json.loads(run("skopeo", "inspect", "--tls-verify=false", where))
    assert (seen["Digest"], seen["RepoTags"]) == (str(image.digest), ["v1"])
    assert seen["Layers"] == [str(image.layers[0].digest)]


def test_crane_moves_what_we_pushed_to_another_registry(registries: Registries) -> None:
    """From one that knows no referrers to one that does."""
    old, new = registries["plain"], registries["referrers"]
    image = push(old.open("team/crane"), "v1", b"moved by crane")
    here, there = f"{old.host}/team/crane:v1", f"{new.host}/moved/crane:v1"
    run(crane(), "copy", here, there)
    assert run(crane(), "digest", there).strip() == str(image.digest)
    registry = new.open("moved/crane")
    assert registry.manifest(registry.resolve("v1")) == image
    assert registry.blob(image.layers[0], largest=MIB) == layer(b"moved by crane")


def test_crane_reads_the_list_that_we_keep(registries: Registries) -> None:
    """Where the registry keeps none."""
    running = registries["plain"]
    registry = running.open("team/listed")
    image = push(registry, "v1")
    signed = sign(registry, image, b"a signature")
    tag = ImageReference.fallback_tag(image.digest)
    read = json.loads(run(crane(), "manifest", f"{running.host}/team/listed:{tag}"))
    (entry,) = read["manifests"]
    assert entry["digest"] == str(signed.digest)
    assert entry["artifactType"] == BUNDLE_TYPE
    assert entry["annotations"] == {"what": "a signature"}


def test_crane_finds_a_manifest_whole(registries: Registries) -> None:
    """It checks what it validates layer by layer."""
    running = registries["referrers"]
    push(running.open("team/valid"), "v1")
    run(crane(), "validate", "--remote", f"{running.host}/team/valid:v1")


def test_eight_who_sign_at_once_lose_nothing(registries: Registries) -> None:
    """Twenty times over, on a registry that does nothing to help them."""
    lost = []
    for number in range(ROUNDS):
        registry = registries["plain"].open("team/race")
        image = push(registry, None, b"round %d" % number)
        content = b"round %d by " % number

        def one(
            registry: Registry, writer: int, image: Manifest = image, content: bytes = content
        ) -> None:
            sign(registry, image, content + b"%d" % writer)

        at_once(lambda: registries["plain"].open("team/race"), one)
        found = registry.referrers(image.digest).descriptors
        lost.append(WRITERS - len(found))
    assert lost == [0] * ROUNDS


def test_eight_who_add_layers_at_once_lose_nothing(registries: Registries) -> None:
    """As legacy signatures are kept: twenty times over."""
    lost = []
    for number in range(ROUNDS):
        registry = registries["plain"].open("team/race-of-layers")
        tag = f"sha256-{number}.sig"

        def one(registry: Registry, writer: int, tag: str = tag) -> None:
            content = f"{tag} by {writer}".encode()
            mine = Descriptor.of(content, media_type=LAYER_TYPE)
            registry.put_blob(mine, [content])
            registry.put_blob(EMPTY, [b"{}"])
            registry.edit_tag(tag, lambda there: with_layer(there, mine))

        at_once(lambda: registries["plain"].open("team/race-of-layers"), one)
        lost.append(WRITERS - len(registry.manifest(registry.resolve(tag)).layers))
    assert lost == [0] * ROUNDS


def with_layer(there: Manifest | None, mine: Descriptor) -> Manifest:
    """Return the image *there*, or a new one, with one layer more."""
    return written(EMPTY, [*(() if there is None else there.layers), mine])


def at_once(open_one: Callable[[], Registry], work: Callable[[Registry, int], None]) -> None:
    """Have eight work at the same time, each as a program of its own."""
    ready = Barrier(WRITERS)

    def one(number: int) -> None:
        registry = open_one()
        ready.wait()
        work(registry, number)

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(one, range(WRITERS)))


def configured(folder: Path, content: dict[str, object]) -> Keychain:
    """Write a file of docker's, and return what looks for credentials in it."""
    (folder / "config.json").write_text(json.dumps(content))
    environment = {"HOME": str(folder), "DOCKER_CONFIG": str(folder)}
    return lambda registry, repository: find_credential(
        registry, repository, environment=environment
    )


def _another(folder: Path) -> bytes:
    other = folder / "other"
    other.mkdir(exist_ok=True)
    return Authority(other).certificate.read_bytes()

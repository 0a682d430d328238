# SPDX-License-Identifier: Apache-2.0
"""A repository in a registry: what is put there is found there, whatever the registry's ways."""

import json
from collections.abc import Iterator

import pytest

from keyless.errors import ImageNotFound, InputError, ParseError, RegistryAuthError, ServiceError
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.oci import IMAGE_INDEX, Descriptor, ImageReference, Manifest
from keyless.protocol.oci_index import listing, with_entries, without_entry
from keyless.sandbox.faults import Huge, Refuse, Status, Truncate, WrongType
from keyless.sandbox.registry.lies import NO_DIGEST
from keyless.value import replace
from tests.services.registries import APP, EMPTY, LAYER_TYPE, Client, image, noted, referring

# Registries that do not say what refers to an image, each in its own way.
SILENT = (
    "unknown",
    "promised",
    "forgotten",
    "page",
    "nothing",
    "invalid",
    "forbidden",
    "not allowed",
    "not acceptable",
    "not implemented",
)
NONE = Digest.of(b"nothing at all")


def test_an_image_that_was_pushed_is_there() -> None:
    """By its tag and by its digest, with all that it is made of."""
    client = Client()
    pushed = client.push()
    registry = client.again()
    found = registry.resolve("v1")
    assert found == registry.resolve(str(pushed.digest)) == pushed.descriptor
    assert registry.manifest(found) == registry.manifest(pushed.digest) == pushed
    assert registry.blob(pushed.layers[0], largest=100) == b"a layer"
    assert registry.has_blob(pushed.layers[0])


def test_a_tag_is_resolved_without_its_manifest() -> None:
    """Some registries count how often those are asked for."""
    client = Client()
    client.push()
    client.heard.asked.clear()
    client.registry.resolve("v1")
    assert client.heard.lines == ["HEAD manifests/v1"]


def test_a_tag_is_resolved_by_its_manifest_where_headers_do_not_say_enough() -> None:
    """Then its digest is that of the bytes."""
    client = Client()
    pushed = client.push()
    with client.sandbox.inject("registry", NO_DIGEST):
        assert client.registry.resolve("v1") == pushed.descriptor


def test_what_is_there_is_not_sent_again() -> None:
    """Nor is it even read."""
    client = Client()
    pushed = client.push()

    def unread() -> Iterator[bytes]:
        raise AssertionError
        yield b""

    client.registry.put_blob(pushed.layers[0], unread())


def test_a_blob_may_be_empty() -> None:
    """It has a digest as well."""
    client = Client()
    nothing = Descriptor.of(b"", media_type=LAYER_TYPE)
    client.registry.put_blob(nothing, [])
    assert client.registry.blob(nothing, largest=0) == b""


def test_another_hash_than_the_usual_one() -> None:
    """Digests say themselves which they are."""
    client = Client()
    digest = Digest.of(b"a layer", HashAlgorithm.SHA512)
    descriptor = Descriptor(media_type=LAYER_TYPE, digest=digest, size=7)
    client.registry.put_blob(descriptor, [b"a layer"])
    assert client.registry.blob(descriptor, largest=7) == b"a layer"


def test_what_is_not_what_its_descriptor_says_is_not_sent() -> None:
    """The last piece of it is held back, so that nobody can take it for the whole."""
    client = Client()
    wanted = Descriptor.of(b"a layer", media_type=LAYER_TYPE)
    with pytest.raises(InputError, match="something else"):
        client.registry.put_blob(wanted, [b"a l", b"iar!"])
    assert not client.registry.has_blob(wanted)


def test_a_blob_next_door_is_taken_over() -> None:
    """Nothing is sent then."""
    client = Client()
    pushed = client.push()
    other = Client(image=ImageReference.parse(f"{APP.registry}/me/other"))
    other.sandbox.registry = client.sandbox.registry
    assert other.registry.mount_blob(pushed.layers[0], source=APP.name)
    assert other.registry.has_blob(pushed.layers[0])


def test_a_blob_that_is_not_next_door_cannot_be_taken_over() -> None:
    """Whoever wants it there has to send it."""
    client = Client()
    layer = Descriptor.of(b"none", media_type=LAYER_TYPE)
    assert not client.registry.mount_blob(layer, source=f"{APP.registry}/me/other")
    assert not client.registry.mount_blob(layer, source="ghcr.io/me/app")


@pytest.mark.parametrize("reference", ["v9", str(NONE)])
def test_what_is_not_there_is_not_found(reference: str) -> None:
    """And is named as it would be found."""
    client = Client()
    client.push()
    with pytest.raises(ImageNotFound, match=reference):
        client.registry.resolve(reference)


def test_a_manifest_that_is_not_there_is_not_found() -> None:
    """It may have been deleted meanwhile."""
    with pytest.raises(ImageNotFound, match=str(NONE)):
        Client().registry.manifest(NONE)


@pytest.mark.parametrize("reference", ["../v1", "", "v 1", "a" * 129])
def test_what_is_no_reference_is_never_part_of_an_address(reference: str) -> None:
    """It could lead to another one."""
    client = Client()
    with pytest.raises(InputError, match="neither a tag nor a digest"):
        client.registry.resolve(reference)
    assert not client.heard.asked


def test_what_is_no_digest_is_never_part_of_an_address() -> None:
    """However much it looks like one."""
    client = Client()
    with pytest.raises(ParseError, match="not a digest"):
        client.registry.resolve("sha256:../../v1")
    assert not client.heard.asked


def test_a_blob_larger_than_is_read_is_not_asked_for() -> None:
    """Its descriptor says so beforehand."""
    client = Client()
    pushed = client.push()
    client.heard.asked.clear()
    with pytest.raises(ParseError, match="more than the 6 that are read"):
        client.registry.blob(pushed.layers[0], largest=6)
    assert not client.heard.asked


def test_every_tag_is_listed_page_by_page() -> None:
    """Whoever has many says them a few at a time."""
    client = Client(page=2)
    names = [f"v{number}" for number in range(5)]
    for name in names:
        client.push(name)
    assert list(client.registry.tags()) == names


def test_a_repository_that_is_not_there_has_no_tags() -> None:
    """That is not the same as having none."""
    with pytest.raises(ImageNotFound, match=APP.name):
        list(Client().registry.tags())


def test_a_manifest_is_forgotten_when_it_is_deleted() -> None:
    """And a second time there is nothing to delete."""
    client = Client()
    pushed = client.push()
    client.registry.delete(pushed.digest)
    with pytest.raises(ImageNotFound):
        client.registry.resolve("v1")
    with pytest.raises(ImageNotFound):
        client.registry.delete(pushed.digest)


def test_where_nothing_is_deleted_it_is_said() -> None:
    """As by registries that never do."""
    client = Client(deletion="none")
    pushed = client.push()
    with pytest.raises(ServiceError, match=r"delete from me/app.*nothing is deleted here"):
        client.registry.delete(pushed.digest)


def test_referrers_are_listed_by_the_registry() -> None:
    """In one request, if it says them all at once."""
    client = Client()
    pushed = client.push()
    signed = client.sign(pushed)
    client.heard.asked.clear()
    found = client.registry.referrers(pushed.digest)
    assert (found.source, found.descriptors) == ("api", (signed.referrer,))
    assert client.heard.lines == [f"GET referrers/{pushed.digest}"]


def test_no_tag_appears_where_the_registry_lists_referrers() -> None:
    """People look at tags."""
    client = Client()
    client.sign(client.push())
    assert list(client.registry.tags()) == ["v1"]


def test_referrers_are_listed_page_by_page() -> None:
    """Each is listed once."""
    client = Client(page=2)
    pushed = client.push()
    signed = {client.sign(pushed, bytes([number])).digest for number in range(5)}
    found = client.registry.referrers(pushed.digest)
    assert {each.digest for each in found.descriptors} == signed


@pytest.mark.parametrize("habit", SILENT)
def test_referrers_are_found_whatever_a_registry_answers(habit: str) -> None:
    """What is no list of referrers is never taken for an empty one."""
    client = Client(referrers=habit)
    pushed = client.push()
    signed = client.sign(pushed)
    found = client.again().referrers(pushed.digest)
    assert (found.source, found.descriptors) == ("fallback tag", (signed.referrer,))


@pytest.mark.parametrize(("habit", "source"), [("listed", "api"), ("unknown", "none")])
def test_where_there_are_none_it_is_said_who_says_so(habit: str, source: str) -> None:
    """The registry, or nobody."""
    client = Client(referrers=habit)
    found = client.registry.referrers(client.push().digest)
    assert (found.source, found.descriptors) == (source, ())


def test_what_clients_noted_before_a_registry_listed_it_is_found() -> None:
    """An empty list says only that the registry itself knows of none."""
    client = Client(referrers="unknown", contents="ignored")
    pushed = client.push()
    client.registry.put_manifest(
        noted(referring(pushed, b"x")), tag=APP.fallback_tag(pushed.digest)
    )
    client.sandbox.registry.habits = replace(client.sandbox.registry.habits, referrers="listed")
    assert client.registry.referrers(pushed.digest).source == "fallback tag"


def test_a_registry_that_takes_the_tag_for_a_digest_has_no_list_there() -> None:
    """What stands there is the image itself, and its parts are no signatures of it."""
    client = Client(referrers="unknown", tags="digests")
    part = client.push()
    index = listing([part.descriptor])
    client.registry.put_manifest(index, tag="v2")
    assert client.registry.referrers(index.digest).descriptors == ()


def test_where_the_tag_is_taken_for_a_digest_no_note_can_be_made() -> None:
    """It is said why, and what to do instead."""
    client = Client(referrers="unknown", tags="digests")
    with pytest.raises(InputError, match="the image itself") as caught:
        client.sign(client.push())
    assert "legacy" in str(caught.value.hint)


def test_where_something_else_has_the_tag_no_note_can_be_made() -> None:
    """It is not overwritten."""
    client = Client(referrers="unknown")
    pushed = client.push()
    tag = APP.fallback_tag(pushed.digest)
    other = client.push(tag, layer=b"other")
    with pytest.raises(InputError, match="something else"):
        client.sign(pushed)
    assert client.registry.resolve(tag).digest == other.digest
    assert client.registry.referrers(pushed.digest).descriptors == ()


def test_parts_of_an_image_are_not_what_refers_to_it() -> None:
    """As where a client took a copy of an image's index for a list, and added to it."""
    client = Client(referrers="unknown", contents="ignored")
    pushed = client.push()
    platform = {"os": "linux", "architecture": "amd64"}
    entry = {**image(b"part").descriptor.to_json(), "platform": platform}
    document = listing([]).raw.replace(b"[]", _json([entry]))
    mixed = with_entries(_parsed(document), [referring(pushed, b"x").referrer])
    client.registry.put_manifest(mixed, tag=APP.fallback_tag(pushed.digest))
    found = client.registry.referrers(pushed.digest)
    assert found.descriptors == (referring(pushed, b"x").referrer,)


def test_others_notes_stay_beside_ours() -> None:
    """Byte for byte, in a list that somebody else began."""
    client = Client(referrers="unknown")
    pushed = client.push()
    first, second = client.sign(pushed, b"1"), client.sign(pushed, b"2")
    assert client.registry.referrers(pushed.digest).descriptors == (
        first.referrer,
        second.referrer,
    )


def test_the_same_signature_twice_is_noted_once() -> None:
    """Whoever tries again has not signed again."""
    client = Client(referrers="unknown")
    pushed = client.push()
    assert client.sign(pushed) == client.sign(pushed)
    assert len(client.registry.referrers(pushed.digest).descriptors) == 1


def test_a_note_can_be_taken_back() -> None:
    """What is left is the list without it."""
    client = Client(referrers="unknown")
    pushed = client.push()
    first, second = client.sign(pushed, b"1"), client.sign(pushed, b"2")
    client.registry.edit_tag(
        APP.fallback_tag(pushed.digest), lambda there: without_entry(_there(there), first.digest)
    )
    assert client.registry.referrers(pushed.digest).descriptors == (second.referrer,)


def test_what_refers_to_nothing_is_no_referrer() -> None:
    """Nobody would find it; nor are there lists of what refers to several things."""
    client = Client()
    subjects = [client.push(), client.push(layer=b"another")]
    of_two = [referring(each, b"x") for each in subjects]
    for manifests in ([image(b"x")], [], of_two):
        with pytest.raises(InputError, match="refers to nothing, or to several things"):
            client.registry.add_referrers(manifests)


@pytest.mark.parametrize("way", ["api", "unknown"])
def test_what_refers_to_one_image_is_listed_at_once(way: str) -> None:
    """On a list that clients keep, each change is waited for; and the other entries stay."""
    client = Client(**({} if way == "api" else {"referrers": way}))
    pushed = client.push()
    before = client.sign(pushed, b"before")
    manifests = [referring(pushed, b"%d" % number) for number in range(50)]
    for each in manifests:
        client.registry.put_blob(each.layers[0], [b"%d" % manifests.index(each)])
    client.heard.asked.clear()
    client.registry.add_referrers(manifests)
    found = {each.digest for each in client.registry.referrers(pushed.digest).descriptors}
    assert found == {before.digest, *(each.digest for each in manifests)}
    tag = APP.fallback_tag(pushed.digest)
    assert client.heard.lines.count(f"PUT manifests/{tag}") == (0 if way == "api" else 1)
    assert sum(line.startswith("PUT ") for line in client.heard.lines) == 50 + (way != "api")


def test_a_signature_is_seen_only_when_all_of_it_is_there() -> None:
    """Its blobs come first, then what names them, then the list."""
    client = Client(referrers="unknown")
    pushed = client.push()
    client.heard.asked.clear()
    signed = client.sign(pushed)
    written = [line for line in client.heard.lines if line.startswith("PUT ")]
    assert [line.split("?")[0].split("/")[0] for line in written] == [
        "PUT blobs",
        "PUT manifests",
        "PUT manifests",
    ]
    assert written[1] == f"PUT manifests/{signed.digest}"
    assert written[2] == f"PUT manifests/{APP.fallback_tag(pushed.digest)}"


@pytest.mark.parametrize("after", [1, 2, 3, 4, 5])
def test_a_signature_that_is_not_pushed_to_its_end_is_not_seen(after: int) -> None:
    """Wherever the registry fails."""
    client = Client(referrers="unknown")
    pushed = client.push()
    with (
        client.sandbox.inject("registry", Status(code=400), after=after),
        pytest.raises(ServiceError),
    ):
        client.sign(pushed)
    assert client.again().referrers(pushed.digest).descriptors == ()


def test_a_registry_that_is_confused_is_asked_again() -> None:
    """As one that reads half of what somebody else is writing, and takes a digest for wrong."""
    client = Client()
    body = b'{"errors": [{"code": "DIGEST_INVALID", "message": "did not match"}]}'
    client.registry.put_blob(EMPTY, [b"{}"])
    manifest = image(b"", layers=[])
    with client.sandbox.inject("registry", Status(code=400, body=body), times=3):
        client.registry.put_manifest(manifest, tag="v1")
    assert client.registry.resolve("v1") == manifest.descriptor


def test_a_registry_that_stays_confused_is_told() -> None:
    """In its own words."""
    client = Client()
    body = b'{"errors": [{"code": "DIGEST_INVALID", "message": "did not match"}]}'
    with (
        client.sandbox.inject("registry", Status(code=400, body=body)),
        pytest.raises(ServiceError, match="DIGEST_INVALID: did not match"),
    ):
        client.registry.put_manifest(image(b""), tag="v1")


def test_a_tag_that_cannot_be_changed_is_told() -> None:
    """A second signature cannot be noted there; where it could be put is said."""
    client = Client(referrers="unknown", tags="fixed")
    pushed = client.push()
    client.sign(pushed, b"1")
    with pytest.raises(ServiceError, match="not moved") as caught:
        client.sign(pushed, b"2")
    assert "cannot be changed" in str(caught.value.hint)


@pytest.mark.parametrize("habit", ["listed", "unknown"])
def test_a_registry_that_says_forbidden_of_what_is_not_there(habit: str) -> None:
    """Whoever may read the image would be let see the rest, if it was there."""
    client = Client(referrers=habit, absent="forbidden", contents="ignored")
    pushed = client.push()
    registry = client.again()
    assert registry.referrers(pushed.digest).descriptors == ()
    with pytest.raises(ImageNotFound):
        registry.resolve("v9")


def test_a_registry_that_forbids_everything_is_not_said_to_have_nothing() -> None:
    """That would be to believe that there are no signatures."""
    client = Client(referrers="forbidden", absent="forbidden")
    with pytest.raises(RegistryAuthError, match="403"):
        client.registry.referrers(NONE)


def test_a_download_that_breaks_off_goes_on_where_it_did() -> None:
    """What came is not asked for once more."""
    client = Client()
    pushed = client.push(layer=bytes(range(100)))
    with client.sandbox.inject("registry", Truncate(kept=30), times=2):
        assert client.registry.blob(pushed.layers[0], largest=100) == bytes(range(100))
    parts = [each.header("Range") for each in client.heard.asked[-3:]]
    assert parts == ["", "bytes=30-", "bytes=60-"]


def test_a_download_goes_on_also_where_there_are_no_parts() -> None:
    """Then everything comes again, and what came already is left out."""
    client = Client(parts="ignored")
    pushed = client.push(layer=bytes(range(100)))
    with client.sandbox.inject("registry", Truncate(kept=30), times=1):
        assert client.registry.blob(pushed.layers[0], largest=100) == bytes(range(100))


def test_a_download_that_leads_nowhere_ends() -> None:
    """It is said how far it came."""
    client = Client()
    pushed = client.push()
    with (
        client.sandbox.inject("registry", Truncate(kept=0)),
        pytest.raises(ServiceError, match="0 of 7 bytes"),
    ):
        client.registry.blob(pushed.layers[0], largest=100)


def test_a_registry_that_cannot_be_reached_is_named() -> None:
    """A mirror that is down, for one."""
    client = Client()
    with (
        client.sandbox.inject("registry", Refuse()),
        pytest.raises(ServiceError, match=r"registry registry\.sandbox.test cannot be asked"),
    ):
        client.registry.resolve("v1")


def test_a_page_in_place_of_a_manifest_is_told() -> None:
    """As of a network that wants to be paid first."""
    client = Client()
    with (
        client.sandbox.inject("registry", WrongType()),
        pytest.raises(ServiceError, match="text/html where a manifest is wanted"),
    ):
        client.registry.resolve("v1")


def test_a_manifest_without_end_is_not_read() -> None:
    """No registry has to keep any that is so large."""
    client = Client()
    with (
        client.sandbox.inject("registry", Huge()),
        pytest.raises(ServiceError, match="more than the 4194304 bytes"),
    ):
        client.registry.manifest(NONE)


def test_a_list_that_cannot_be_read_is_not_an_empty_one() -> None:
    """It says of itself that it is one."""
    client = Client()
    answer = Status(code=200, headers=(("Content-Type", IMAGE_INDEX),), body=b"[]")
    with (
        client.sandbox.inject("registry", answer),
        pytest.raises(ServiceError, match="in a way that cannot be read"),
    ):
        client.registry.referrers(NONE)


def test_what_a_registry_wants_known_is_kept() -> None:
    """Once, however often it says it."""
    client = Client()
    client.push()
    warning = (("Warning", '299 - "this tag goes away"'), ("Content-Type", IMAGE_INDEX))
    answer = Status(code=200, headers=warning, body=listing([]).raw)
    with client.sandbox.inject("registry", answer):
        client.registry.manifest(listing([]).digest)
        client.registry.manifest(listing([]).digest)
    assert client.registry.warnings == ('"this tag goes away"',)


def test_addresses_in_descriptors_are_never_asked() -> None:
    """Whoever wrote them would choose whom this machine speaks to."""
    client = Client(contents="ignored")
    layer = {**EMPTY.to_json(), "urls": ["https://elsewhere.test/layer"]}
    manifest = image(b"x", layers=[layer])
    client.registry.put_manifest(manifest, tag="v1")
    found = client.registry.manifest(client.registry.resolve("v1"))
    with pytest.raises(ServiceError, match="404"):
        client.registry.blob(found.layers[0], largest=10)
    assert {each.host for each in client.heard.asked} == {APP.registry}


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _parsed(document: bytes) -> Manifest:
    return Manifest.parse(document)


def _there(manifest: Manifest | None) -> Manifest:
    assert manifest is not None
    return manifest

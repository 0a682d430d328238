# SPDX-License-Identifier: Apache-2.0
"""Manifests, indexes and descriptors: what they say, and what none of them may say."""

import json
from typing import Any

import pytest

from keyless.errors import InputError, ParseError, UnsupportedError
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.oci import (
    IMAGE_INDEX,
    IMAGE_MANIFEST,
    Descriptor,
    Manifest,
    Platform,
)
from keyless.protocol.oci_index import listing, with_entries, without_entry

CONFIG = {
    "mediaType": "application/vnd.oci.empty.v1+json",
    "size": 2,
    "digest": str(Digest.of(b"{}")),
}
LAYER = {"mediaType": "text/plain", "size": 5, "digest": str(Digest.of(b"hello"))}
IMAGE = {"schemaVersion": 2, "mediaType": IMAGE_MANIFEST, "config": CONFIG, "layers": [LAYER]}
INDEX = {"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": []}
ENTRY = Descriptor.of(b"something", media_type=IMAGE_MANIFEST, annotations=(("a", "b"),))


def written(document: dict[str, Any], **changes: Any) -> bytes:
    """Write *document* with some members changed; None takes one away."""
    merged = {**document, **changes}
    return json.dumps({name: it for name, it in merged.items() if it is not None}).encode()


def parsed(document: dict[str, Any], **changes: Any) -> Manifest:
    """Read what `written` writes."""
    return Manifest.parse(written(document, **changes))


def test_an_image_has_a_configuration_and_layers() -> None:
    """Each is named by a descriptor."""
    manifest = parsed(IMAGE)
    assert manifest.config is not None
    assert str(manifest.config.digest) == CONFIG["digest"]
    assert [layer.size for layer in manifest.layers] == [5]
    assert not manifest.is_index


def test_the_digest_is_that_of_the_bytes() -> None:
    """What was written is not written anew to hash it."""
    raw = written(IMAGE) + b"\n"
    assert Manifest.parse(raw).digest == Digest.of(raw)
    assert Manifest.parse(raw, algorithm=HashAlgorithm.SHA512).digest == Digest.of(
        raw, HashAlgorithm.SHA512
    )


def test_an_index_has_manifests_for_platforms() -> None:
    """The platform of each is read with it."""
    platform = {"os": "linux", "architecture": "arm64", "variant": "v8", "os.version": "1"}
    entry = {**LAYER, "mediaType": IMAGE_MANIFEST, "platform": platform}
    manifest = parsed(INDEX, manifests=[entry])
    assert manifest.is_index
    assert manifest.config is None
    assert manifest.manifests[0].platform == Platform(
        os="linux", architecture="arm64", variant="v8", os_version="1"
    )
    assert manifest.manifests[0].to_json()["platform"] == platform


@pytest.mark.parametrize(
    ("document", "said", "kind"),
    [
        (IMAGE, None, IMAGE_MANIFEST),
        ({**IMAGE, "mediaType": None}, None, IMAGE_MANIFEST),
        ({**INDEX, "mediaType": None}, None, IMAGE_INDEX),
        ({**INDEX, "mediaType": None}, IMAGE_INDEX, IMAGE_INDEX),
    ],
)
def test_a_manifest_may_leave_its_type_to_whoever_gives_it(
    document: dict[str, Any], said: str | None, kind: str
) -> None:
    """Older ones do not say themselves what they are."""
    assert Manifest.parse(written(document), said).media_type == kind


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({**IMAGE, "schemaVersion": 1}, "schema 2"),
        ({**IMAGE, "manifests": [LAYER]}, "in one"),
        ({**INDEX, "layers": [LAYER]}, "in one"),
        ({**IMAGE, "mediaType": "text/html"}, "no type of manifest"),
        ({**IMAGE, "config": None}, "missing"),
        ({**IMAGE, "layers": [{**LAYER, "size": -1}]}, "outside"),
        ({**IMAGE, "layers": [{**LAYER, "digest": "sha256:../../etc"}]}, "not a digest"),
        ({**IMAGE, "layers": [{**LAYER, "mediaType": "text/plain\r\nX: y"}]}, "no media type"),
        ({**IMAGE, "annotations": {str(n): "" for n in range(1001)}}, "more than 1000"),
        ({**INDEX, "manifests": [LAYER] * 10_001}, "more than the 10000"),
    ],
)
def test_what_is_no_manifest_is_refused(document: dict[str, Any], why: str) -> None:
    """What two programs would read differently, or what would cost too much, is no manifest."""
    with pytest.raises(ParseError, match=why):
        Manifest.parse(written(document))


def test_a_manifest_of_another_type_than_it_was_said_to_be_is_refused() -> None:
    """Whoever gives it out as something else has others take it for that."""
    with pytest.raises(ParseError, match="was said to be"):
        Manifest.parse(written(IMAGE), IMAGE_INDEX)


def test_a_manifest_that_is_too_large_is_refused() -> None:
    """Nobody writes one of that size."""
    with pytest.raises(ParseError, match="more than the"):
        Manifest.parse(b" " * (4 << 20) + written(IMAGE))


def test_manifests_of_schema_1_are_of_a_kind_unknown_here() -> None:
    """They may well be what they claim."""
    with pytest.raises(UnsupportedError):
        Manifest.parse(b'{"schemaVersion": 1}')


def test_what_a_manifest_refers_to() -> None:
    """A signature says what it is about."""
    assert parsed(IMAGE).subject is None
    manifest = parsed(IMAGE, subject=LAYER, artifactType="text/x-sig", annotations={"k": "v"})
    assert manifest.subject is not None
    assert str(manifest.subject) == LAYER["digest"]
    assert manifest.referrer.artifact_type == "text/x-sig"
    assert manifest.referrer.annotations == (("k", "v"),)
    assert manifest.descriptor.annotations == ()


def test_the_kind_of_a_manifest_without_an_artifact_type_is_its_configurations() -> None:
    """An empty one says nothing either."""
    assert parsed(IMAGE, artifactType="").kind == CONFIG["mediaType"]
    assert parsed(INDEX).kind is None


def test_an_entry_is_added_to_a_list() -> None:
    """One that is there already is not there twice."""
    one = with_entries(None, [ENTRY])
    assert one.manifests == (ENTRY,)
    assert with_entries(one, [ENTRY]) is one
    assert with_entries(listing([]), [ENTRY]).raw == one.raw


def test_others_entries_stay_as_they_are() -> None:
    """What somebody else wrote into a list is not ours to tidy up."""
    strange = {**LAYER, "urls": ["https://elsewhere.test/"], "x": {"y": [1]}}
    there = parsed(INDEX, manifests=[strange], annotations={"k": "v"})
    both = with_entries(there, [ENTRY])
    document = json.loads(both.raw)
    assert document["manifests"][0] == strange
    assert document["annotations"] == {"k": "v"}
    assert json.loads(without_entry(both, ENTRY.digest).raw) == json.loads(there.raw)


def test_what_is_not_in_a_list_cannot_be_taken_from_it() -> None:
    """The list is then the same."""
    there = with_entries(None, [ENTRY])
    assert without_entry(there, Digest.of(b"else")) is there


def test_nothing_is_added_to_an_image() -> None:
    """Where an image stands in the place of a list, it is not made one."""
    with pytest.raises(ParseError, match="no index"):
        with_entries(parsed(IMAGE), [ENTRY])


def test_a_list_without_entries_may_not_even_have_the_word() -> None:
    """An entry can be added to it all the same."""
    assert with_entries(parsed(INDEX, manifests=None), [ENTRY]).manifests == (ENTRY,)


def test_a_manifest_is_shown_by_its_digest() -> None:
    """Nobody wants to see all its bytes."""
    manifest = parsed(IMAGE)
    assert repr(manifest) == f"Manifest({manifest.digest}, {IMAGE_MANIFEST})"


@pytest.mark.parametrize(
    ("made_for", "wanted", "serves"),
    [
        ("linux/amd64", "linux/amd64", True),
        ("linux/arm64/v8", "linux/arm64", True),
        ("linux/arm64", "linux/arm64/v8", False),
        ("linux/amd64", "windows/amd64", False),
    ],
)
def test_a_platform_serves_who_asks_for_no_more_than_it_is(
    made_for: str, wanted: str, serves: bool
) -> None:
    """Whoever names no variant takes any."""
    assert Platform.parse(made_for).serves(Platform.parse(wanted)) is serves


def test_a_platform_reads_as_it_is_written() -> None:
    """As people write it."""
    assert str(Platform.parse("linux/arm64/v8")) == "linux/arm64/v8"


def test_what_is_no_platform_is_refused() -> None:
    """An architecture alone is not enough."""
    with pytest.raises(InputError, match="no platform"):
        Platform.parse("amd64")

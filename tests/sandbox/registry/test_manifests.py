# SPDX-License-Identifier: Apache-2.0
"""Manifests: by tag and by digest, with conditions, and what is none."""

import json
from hashlib import sha512

import pytest

from keyless.sandbox.registry import Habits, Registry
from tests.sandbox.registry.client import INDEX, MANIFEST, Client, digest_of, error_of

SUBJECT = {"mediaType": MANIFEST, "digest": digest_of(b"absent"), "size": 6}


def test_a_manifest_is_had_by_its_tag_and_its_digest(client: Client) -> None:
    """To the byte, with its type."""
    content = client.image()
    data = json.dumps(content).encode()
    put = client.push_manifest(content, "1.0")
    assert put.status_code == 201
    assert put.headers["Docker-Content-Digest"] == digest_of(data)
    assert "OCI-Subject" not in put.headers
    for where in (put.headers["Location"], "manifests/1.0"):
        answer = client.ask("GET", where)
        assert (answer.status_code, answer.content) == (200, data)
        assert answer.headers["Content-Type"] == MANIFEST
        assert answer.headers["Docker-Content-Digest"] == digest_of(data)


def test_a_manifest_pushed_by_its_digest_has_no_tag(client: Client) -> None:
    """It is there all the same."""
    put = client.push_manifest(client.image())
    assert put.status_code == 201
    assert client.ask("GET", put.headers["Location"]).status_code == 200
    assert client.ask("GET", "tags/list").json() == {"name": "library/app", "tags": []}


def test_a_manifest_may_be_named_by_sha512(client: Client) -> None:
    """What is pushed under that name is had under it."""
    data = json.dumps(client.image()).encode()
    where = f"manifests/sha512:{sha512(data).hexdigest()}"
    assert client.ask("PUT", where, data, Content_Type=MANIFEST).status_code == 201
    assert client.ask("GET", where).content == data


def test_a_head_says_all_but_the_manifest(client: Client) -> None:
    """Which digest a tag stands for, above all."""
    put = client.push_manifest(client.image(), "1.0")
    answer = client.ask("HEAD", "manifests/1.0")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Docker-Content-Digest"] == put.headers["Docker-Content-Digest"]
    assert int(answer.headers["Content-Length"]) == len(put.request.body or b"")
    assert client.ask("HEAD", "manifests/2.0").status_code == 404


@pytest.mark.parametrize("reference", ["1.0", digest_of(b"absent"), "sha256:0"])
def test_what_is_not_there_is_unknown(client: Client, reference: str) -> None:
    """To get, and to delete."""
    for method in ("GET", "DELETE"):
        answer = client.ask(method, f"manifests/{reference}")
        assert error_of(answer) == (404, "MANIFEST_UNKNOWN")


def test_a_tag_moves(client: Client) -> None:
    """What it stood for before stays."""
    first = client.push_manifest(client.image(b"1"), "latest").headers["Location"]
    second = client.push_manifest(client.image(b"2"), "latest").headers["Location"]
    assert client.ask("GET", "manifests/latest").content == client.ask("GET", second).content
    assert client.ask("GET", first).status_code == 200


def test_a_fixed_tag_does_not_move(registry: Registry, client: Client) -> None:
    """To put the same again is no move."""
    registry.habits = Habits(tags="fixed")
    client.push_manifest(client.image(b"1"), "1.0")
    moved = client.push_manifest(client.image(b"2"), "1.0")
    assert error_of(moved) == (400, "TAG_INVALID")
    assert client.push_manifest(client.image(b"1"), "1.0").status_code == 201


def test_an_index_names_manifests(client: Client) -> None:
    """Those of several platforms, or of several signatures."""
    one = client.push_manifest(client.image())
    described = {
        "mediaType": MANIFEST,
        "digest": one.headers["Docker-Content-Digest"],
        "size": len(one.request.body or b""),
    }
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [described]}
    assert client.push_manifest(index, "1.0").status_code == 201
    assert client.ask("GET", "manifests/1.0").headers["Content-Type"] == INDEX


# Accepted


@pytest.mark.parametrize("accept", [MANIFEST, f"{INDEX}, {MANIFEST}", "*/*"])
def test_a_manifest_is_given_to_who_accepts_it(client: Client, accept: str) -> None:
    """By name, or as anything."""
    client.push_manifest(client.image(), "1.0")
    assert client.ask("GET", "manifests/1.0", Accept=accept).status_code == 200


def test_a_manifest_is_not_given_to_who_cannot_read_it(client: Client) -> None:
    """A client that forgot a type is told so, as by others."""
    client.push_manifest(client.image(), "1.0")
    answer = client.ask("GET", "manifests/1.0", Accept=INDEX)
    assert error_of(answer) == (404, "MANIFEST_UNKNOWN")


# On conditions


def test_a_manifest_is_put_if_what_it_replaces_is_as_said(client: Client) -> None:
    """Who was overtaken learns of it."""
    etag = client.push_manifest(client.image(b"1"), "list").headers["ETag"]
    assert client.ask("GET", "manifests/list").headers["ETag"] == etag
    second = client.push_manifest(client.image(b"2"), "list", If_Match=etag)
    assert second.status_code == 201
    late = client.push_manifest(client.image(b"3"), "list", If_Match=etag)
    assert error_of(late) == (412, "PRECONDITION_FAILED")
    assert client.ask("GET", "manifests/list").headers["ETag"] == second.headers["ETag"]


@pytest.mark.parametrize("condition", ['"sha256:0"', "*"])
def test_nothing_is_as_said_where_nothing_is(client: Client, condition: str) -> None:
    """There is nothing to replace."""
    answer = client.push_manifest(client.image(), "list", If_Match=condition)
    assert error_of(answer) == (412, "PRECONDITION_FAILED")


def test_the_first_of_two_is_put(client: Client) -> None:
    """The other believed that nothing was there."""
    first = client.push_manifest(client.image(b"1"), "list", If_None_Match="*")
    assert first.status_code == 201
    second = client.push_manifest(client.image(b"2"), "list", If_None_Match="*")
    assert error_of(second) == (412, "PRECONDITION_FAILED")


def test_conditions_may_be_ignored(registry: Registry, client: Client) -> None:
    """As some registries do, saying that all is well."""
    registry.habits = Habits(conditions="ignored")
    client.push_manifest(client.image(b"1"), "list")
    late = client.push_manifest(client.image(b"2"), "list", If_Match='"sha256:0"')
    assert late.status_code == 201


def test_who_has_a_manifest_is_not_sent_it_again(client: Client) -> None:
    """It has not changed."""
    etag = client.push_manifest(client.image(), "1.0").headers["ETag"]
    answer = client.ask("GET", "manifests/1.0", If_None_Match=etag)
    assert (answer.status_code, answer.content) == (304, b"")


# Refused


def test_a_manifest_comes_after_what_it_names(registry: Registry, client: Client) -> None:
    """Blobs and manifests; elsewhere, nobody looks."""
    image = client.image()
    image["layers"][0]["digest"] = digest_of(b"absent")
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [SUBJECT]}
    for content in (image, index):
        answer = client.push_manifest(content, "1.0")
        assert error_of(answer) == (404, "MANIFEST_BLOB_UNKNOWN")
    registry.habits = Habits(contents="ignored")
    for content in (image, index):
        assert client.push_manifest(content, "1.0").status_code == 201


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"schemaVersion": 1}, "$.schemaVersion: not 2"),
        ({"config": {}}, "$.config.mediaType: missing"),
        ({"config": {"mediaType": "a"}}, "$.config.digest: missing"),
        ({"layers": [{"digest": "x"}]}, "$.layers[0].digest: not a digest"),
        ({"annotations": {"a": 1}}, "$.annotations.a: a number where a string is wanted"),
        ({"subject": "sha256:0"}, "$.subject: a string where an object is wanted"),
    ],
)
def test_what_is_no_manifest_is_refused(
    client: Client, changes: dict[str, object], said: str
) -> None:
    """With the place where it is none."""
    answer = client.push_manifest(client.image() | changes, "1.0")
    assert error_of(answer) == (400, "MANIFEST_INVALID")
    assert said in answer.text


def test_a_manifest_is_of_the_type_it_is_said_to_be(client: Client) -> None:
    """Or it would be read in two ways."""
    answer = client.push_manifest(client.image(), "1.0", Content_Type=INDEX)
    assert error_of(answer) == (400, "MANIFEST_INVALID")
    assert f"not {INDEX}, as it is said to be" in answer.text
    answer = client.push_manifest(client.image(), "1.0", Content_Type="")
    assert "without a Content-Type" in answer.text


def test_a_manifest_need_not_say_its_type(client: Client) -> None:
    """What is said beside it holds."""
    content = client.image()
    del content["mediaType"]
    assert client.push_manifest(content, "1.0").status_code == 201
    assert client.ask("GET", "manifests/1.0").headers["Content-Type"] == MANIFEST


def test_text_is_no_manifest(client: Client) -> None:
    """It is not even JSON."""
    answer = client.ask("PUT", "manifests/1.0", b"hello", Content_Type=MANIFEST)
    assert error_of(answer) == (400, "MANIFEST_INVALID")


def test_a_manifest_of_four_mebibytes_is_taken_and_no_larger_one(client: Client) -> None:
    """So much, every registry has to take."""
    content = client.image(annotations={"padding": ""})
    room = (4 << 20) - len(json.dumps(content))
    content["annotations"]["padding"] = "x" * room
    assert client.push_manifest(content, "1.0").status_code == 201
    content["annotations"]["padding"] += "x"
    assert error_of(client.push_manifest(content, "1.0")) == (413, "SIZE_INVALID")


@pytest.mark.parametrize("tag", [".a", "-a", "a" * 129, "a+b"])
def test_a_tag_is_of_the_grammar(client: Client, tag: str) -> None:
    """No other is given."""
    assert error_of(client.push_manifest(client.image(), tag)) == (400, "TAG_INVALID")


def test_a_manifest_has_the_digest_it_is_pushed_by(client: Client) -> None:
    """Or it is refused."""
    data = json.dumps(client.image()).encode()
    where = f"manifests/{digest_of(b'other')}"
    answer = client.ask("PUT", where, data, Content_Type=MANIFEST)
    assert error_of(answer) == (400, "DIGEST_INVALID")


# Deleted


def test_a_tag_is_deleted_and_its_manifest_stays(client: Client) -> None:
    """Another tag may stand for it."""
    where = client.push_manifest(client.image(), "1.0").headers["Location"]
    assert client.ask("DELETE", "manifests/1.0").status_code == 202
    assert client.ask("GET", "manifests/1.0").status_code == 404
    assert client.ask("GET", where).status_code == 200


def test_a_manifest_is_deleted_with_its_tags(client: Client) -> None:
    """Those of others stay."""
    where = client.push_manifest(client.image(), "1.0").headers["Location"]
    client.push_manifest(client.image(), "latest")
    client.push_manifest(client.image(b"other"), "2.0")
    assert client.ask("DELETE", where).status_code == 202
    assert client.ask("GET", where).status_code == 404
    assert client.ask("GET", "tags/list").json()["tags"] == ["2.0"]


def test_where_manifests_are_deleted_by_digest_no_tag_is(
    registry: Registry, client: Client
) -> None:
    """Who has a tag asks what it stands for first."""
    registry.habits = Habits(deletion="by digest")
    where = client.push_manifest(client.image(), "1.0").headers["Location"]
    assert error_of(client.ask("DELETE", "manifests/1.0")) == (400, "UNSUPPORTED")
    assert client.ask("DELETE", where).status_code == 202


def test_where_nothing_is_deleted_no_manifest_is(registry: Registry, client: Client) -> None:
    """Some registries keep everything."""
    registry.habits = Habits(deletion="none")
    where = client.push_manifest(client.image(), "1.0").headers["Location"]
    assert error_of(client.ask("DELETE", where)) == (405, "UNSUPPORTED")

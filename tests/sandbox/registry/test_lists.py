# SPDX-License-Identifier: Apache-2.0
"""What a registry lists: tags, and what is about a manifest."""

import json
from typing import Any

import pytest

from keyless.sandbox.registry import Habits, Registry
from tests.sandbox.registry.client import (
    BUNDLE,
    EMPTY,
    INDEX,
    MANIFEST,
    SBOM,
    Client,
    digest_of,
    error_of,
)

TAGS = ["0.9", "1.0", "1.1", "latest"]


def follow(client: Client, path: str) -> list[Any]:
    """Return every page from *path* on."""
    pages = []
    while path:
        answer = client.ask("GET", path)
        assert answer.status_code == 200
        pages.append(answer.json())
        path = answer.links.get("next", {}).get("url", "")
    return pages


def push_referrer(client: Client, subject: dict[str, Any], **members: Any) -> dict[str, Any]:
    """Push a manifest about *subject*; return how it is described in a list."""
    content = client.image(subject=subject, **members)
    put = client.push_manifest(content)
    assert put.headers["OCI-Subject"] == subject["digest"]
    size = len(put.request.body or b"")
    described = {"digest": put.headers["Docker-Content-Digest"], "size": size}
    return {"mediaType": MANIFEST, **described, **members}


@pytest.fixture
def subject(client: Client) -> dict[str, Any]:
    """An image that others are about."""
    put = client.push_manifest(client.image(), "1.0")
    size = len(put.request.body or b"")
    return {"mediaType": MANIFEST, "digest": put.headers["Docker-Content-Digest"], "size": size}


@pytest.fixture
def tagged(client: Client) -> Client:
    """A client of a repository with four tags."""
    for tag in reversed(TAGS):
        client.push_manifest(client.image(), tag)
    return client


# Tags


def test_tags_are_listed_in_their_order(tagged: Client) -> None:
    """All at once when nobody asks for less."""
    assert follow(tagged, "tags/list") == [{"name": "library/app", "tags": TAGS}]


@pytest.mark.parametrize(
    ("query", "pages"),
    [
        ("n=3", [TAGS[:3], TAGS[3:]]),
        ("n=1", [[tag] for tag in TAGS]),
        ("n=4", [TAGS]),
        ("n=0", [[]]),
        ("last=1.0", [TAGS[2:]]),
        ("last=1", [TAGS[1:]]),
        ("n=2&last=0.9", [TAGS[1:3], TAGS[3:]]),
        ("last=zzz", [[]]),
    ],
)
def test_tags_come_in_pages_as_asked(tagged: Client, query: str, pages: list[list[str]]) -> None:
    """Each page says where the next one is."""
    assert [it["tags"] for it in follow(tagged, f"tags/list?{query}")] == pages


def test_a_registry_may_give_less_than_is_asked(registry: Registry, tagged: Client) -> None:
    """A client has to follow."""
    registry.habits = Habits(page=2)
    for path in ("tags/list", "tags/list?n=100"):
        assert [it["tags"] for it in follow(tagged, path)] == [TAGS[:2], TAGS[2:]]


@pytest.mark.parametrize("size", ["-1", "x", ""])
def test_a_size_that_is_no_number_is_refused(tagged: Client, size: str) -> None:
    """By the code that there is for it."""
    answer = tagged.ask("GET", f"tags/list?n={size}")
    assert error_of(answer) == (400, "PAGINATION_NUMBER_INVALID")


@pytest.mark.parametrize("path", ["tags/list", "tags/all"])
def test_a_repository_that_is_not_there_has_no_tags(client: Client, path: str) -> None:
    """It is unknown."""
    assert error_of(client.ask("GET", path)) == (404, "NAME_UNKNOWN")


# Referrers


def test_what_is_about_a_manifest_is_listed(client: Client, subject: dict[str, Any]) -> None:
    """With its type and its annotations; what is about something else is not."""
    bundle = push_referrer(
        client,
        subject,
        artifactType=BUNDLE,
        annotations={"dev.sigstore.bundle.content": "dsse-envelope"},
    )
    sbom = push_referrer(client, subject, artifactType=SBOM)
    push_referrer(client, {**subject, "digest": digest_of(b"other")}, artifactType=SBOM)
    answer = client.ask("GET", f"referrers/{subject['digest']}")
    assert answer.headers["Content-Type"] == INDEX
    assert "OCI-Filters-Applied" not in answer.headers
    assert answer.json() == {
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": sorted([bundle, sbom], key=lambda it: str(it["digest"])),
    }


def test_an_artifact_without_a_type_has_that_of_its_configuration(
    client: Client, subject: dict[str, Any]
) -> None:
    """As the specification has it."""
    push_referrer(client, subject)
    (found,) = client.ask("GET", f"referrers/{subject['digest']}").json()["manifests"]
    assert found["artifactType"] == EMPTY


def test_an_index_may_be_about_a_manifest(client: Client, subject: dict[str, Any]) -> None:
    """It has no configuration, and so it may have no type at all."""
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [], "subject": subject}
    put = client.push_manifest(index)
    (found,) = client.ask("GET", f"referrers/{subject['digest']}").json()["manifests"]
    data = json.dumps(index).encode()
    assert put.headers["Docker-Content-Digest"] == digest_of(data)
    assert found == {"mediaType": INDEX, "digest": digest_of(data), "size": len(data)}


def test_only_those_of_one_type_are_listed_if_asked(
    client: Client, subject: dict[str, Any]
) -> None:
    """And the answer says that it did."""
    push_referrer(client, subject, artifactType=BUNDLE)
    sbom = push_referrer(client, subject, artifactType=SBOM)
    answer = client.ask(
        "GET", f"referrers/{subject['digest']}?artifactType={SBOM}".replace("+", "%2B")
    )
    assert answer.json()["manifests"] == [sbom]
    assert answer.headers["OCI-Filters-Applied"] == "artifactType"


def test_what_is_about_something_comes_in_pages(
    registry: Registry, client: Client, subject: dict[str, Any]
) -> None:
    """Filtered ones, too."""
    registry.habits = Habits(page=2)
    pushed = [
        push_referrer(client, subject, artifactType=BUNDLE, annotations={"n": str(n)})["digest"]
        for n in range(5)
    ]
    push_referrer(client, subject, artifactType=SBOM)
    path = f"referrers/{subject['digest']}?artifactType={BUNDLE}".replace("+", "%2B")
    pages = [[it["digest"] for it in page["manifests"]] for page in follow(client, path)]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [digest for page in pages for digest in page] == sorted(pushed)


@pytest.mark.parametrize("name", ["library/app", "never/heard/of"])
def test_nothing_about_a_manifest_is_an_empty_list(client: Client, name: str) -> None:
    """Not an error: that would say that there is no such interface."""
    answer = Client(client.url, name).ask("GET", f"referrers/{digest_of(b'')}")
    assert (answer.status_code, answer.json()["manifests"]) == (200, [])


def test_what_is_deleted_is_not_listed(client: Client, subject: dict[str, Any]) -> None:
    """Nobody has to mend a list."""
    bundle = push_referrer(client, subject, artifactType=BUNDLE)
    client.ask("DELETE", f"manifests/{bundle['digest']}")
    assert client.ask("GET", f"referrers/{subject['digest']}").json()["manifests"] == []


def test_a_subject_is_named_by_a_digest(client: Client) -> None:
    """A tag is none."""
    assert error_of(client.ask("GET", "referrers/1.0")) == (400, "DIGEST_INVALID")


def test_a_registry_may_never_have_heard_of_referrers(
    registry: Registry, client: Client, subject: dict[str, Any]
) -> None:
    """Then a client has to keep the list itself, under a tag, as it does for others."""
    registry.habits = Habits(referrers="unknown")
    put = client.push_manifest(client.image(subject=subject))
    assert put.status_code == 201
    assert "OCI-Subject" not in put.headers
    answer = client.ask("GET", f"referrers/{subject['digest']}")
    assert (answer.status_code, answer.text) == (404, "404 page not found\n")
    described = {**subject, "digest": put.headers["Docker-Content-Digest"]}
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [described]}
    tag = subject["digest"].replace(":", "-")
    assert client.push_manifest(index, tag).status_code == 201
    assert client.ask("GET", f"manifests/{tag}").json() == index

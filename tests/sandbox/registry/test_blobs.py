# SPDX-License-Identifier: Apache-2.0
"""Blobs: every way to push one, and what a registry does not take."""

from hashlib import sha512

import pytest

from keyless.sandbox.registry import Habits, Registry
from tests.sandbox.registry.client import Client, closing, digest_of, error_of

DATA = bytes(range(256)) * 10
DIGEST = digest_of(DATA)


def test_a_registry_says_that_it_is_one(client: Client) -> None:
    """The first thing that clients ask."""
    for path in ("/v2/", "/v2"):
        answer = client.ask("GET", path)
        assert (answer.status_code, answer.json()) == (200, {})
        assert answer.headers["Docker-Distribution-Api-Version"] == "registry/2.0"


# Pushed


def test_a_blob_is_pushed_with_a_post_and_a_put(client: Client) -> None:
    """As most clients do; it is then where the answer says."""
    started = client.ask("POST", "blobs/uploads/")
    assert (started.status_code, started.headers["Range"]) == (202, "0-0")
    done = client.ask("PUT", closing(started, DIGEST), DATA)
    assert done.status_code == 201
    assert done.headers["Docker-Content-Digest"] == DIGEST
    assert client.ask("GET", done.headers["Location"]).content == DATA


def test_a_blob_is_pushed_with_one_post(client: Client) -> None:
    """All at once."""
    done = client.ask("POST", f"blobs/uploads/?digest={DIGEST}", DATA)
    assert done.status_code == 201
    assert client.ask("GET", done.headers["Location"]).content == DATA


@pytest.mark.parametrize("rest", [b"", DATA[2000:]], ids=["all sent", "the rest with the put"])
@pytest.mark.parametrize("says_where", [True, False])
def test_a_blob_is_pushed_in_pieces(client: Client, rest: bytes, says_where: bool) -> None:
    """Each after the one before it, as the client may say or not."""
    answer = client.ask("POST", "blobs/uploads/")
    end = len(DATA) - len(rest)
    for start in range(0, end, 1000):
        piece = DATA[start : min(start + 1000, end)]
        where = {"Content_Range": f"{start}-{start + len(piece) - 1}"} if says_where else {}
        answer = client.ask("PATCH", answer.headers["Location"], piece, **where)
        assert answer.status_code == 202
        assert answer.headers["Range"] == f"0-{start + len(piece) - 1}"
    done = client.ask("PUT", closing(answer, DIGEST), rest)
    assert done.status_code == 201
    assert client.ask("GET", f"blobs/{DIGEST}").content == DATA


@pytest.mark.parametrize("where", ["1-5", "0-3", "0-5", "4-0", "all of it", "-0-4"])
def test_a_piece_that_does_not_follow_is_refused(client: Client, where: str) -> None:
    """And the client is told how far the registry has come."""
    started = client.ask("POST", "blobs/uploads/")
    answer = client.ask("PATCH", started.headers["Location"], b"12345", Content_Range=where)
    assert error_of(answer) == (416, "BLOB_UPLOAD_INVALID")
    assert answer.headers["Range"] == "0-0"
    assert answer.headers["Location"] == started.headers["Location"]


def test_a_client_that_was_cut_off_learns_how_far_it_had_come(client: Client) -> None:
    """And goes on from there."""
    started = client.ask("POST", "blobs/uploads/")
    client.ask("PATCH", started.headers["Location"], DATA[:1000])
    status = client.ask("GET", started.headers["Location"])
    assert (status.status_code, status.headers["Range"]) == (204, "0-999")
    assert status.headers["Location"] == started.headers["Location"]


def test_an_upload_can_be_given_up(client: Client) -> None:
    """It is then unknown."""
    where = client.ask("POST", "blobs/uploads/").headers["Location"]
    assert client.ask("DELETE", where).status_code == 204
    assert error_of(client.ask("GET", where)) == (404, "BLOB_UPLOAD_UNKNOWN")


def test_a_blob_next_door_is_taken_over(client: Client) -> None:
    """Nothing is sent again."""
    other = Client(client.url, "library/base")
    other.push_blob(DATA)
    mounted = client.ask("POST", f"blobs/uploads/?mount={DIGEST}&from=library/base")
    assert (mounted.status_code, mounted.headers["Docker-Content-Digest"]) == (201, DIGEST)
    other.ask("DELETE", f"blobs/{DIGEST}")
    assert client.ask("GET", f"blobs/{DIGEST}").content == DATA


@pytest.mark.parametrize(
    "query", [f"mount={DIGEST}&from=library/base", f"mount={DIGEST}", f"mount={DIGEST}&from=X"]
)
def test_what_is_not_next_door_is_to_be_pushed(client: Client, query: str) -> None:
    """The answer is that of an upload that was started."""
    answer = client.ask("POST", f"blobs/uploads/?{query}")
    assert answer.status_code == 202
    assert client.ask("PUT", closing(answer, DIGEST), DATA).status_code == 201


@pytest.mark.parametrize("digest", [digest_of(b"other"), "sha256:abc", "md5:00", ""])
def test_a_blob_that_is_not_what_it_is_said_to_be_is_refused(client: Client, digest: str) -> None:
    """By either way, and nothing of it stays."""
    started = client.ask("POST", "blobs/uploads/")
    put = client.ask("PUT", closing(started, digest), DATA)
    assert error_of(put) == (400, "DIGEST_INVALID")
    assert error_of(client.ask("GET", started.headers["Location"]))[0] == 404
    assert error_of(client.ask("POST", f"blobs/uploads/?digest={digest}", DATA))[0] == 400
    assert error_of(client.ask("GET", f"blobs/{DIGEST}")) == (404, "BLOB_UNKNOWN")


def test_a_put_without_a_digest_is_refused(client: Client) -> None:
    """A registry does not guess."""
    where = client.ask("POST", "blobs/uploads/").headers["Location"]
    assert error_of(client.ask("PUT", where, DATA)) == (400, "DIGEST_INVALID")


def test_a_client_that_forgets_the_query_is_not_known(client: Client) -> None:
    """The location of an upload is to be used as it is."""
    where = client.ask("POST", "blobs/uploads/").headers["Location"].partition("?")[0]
    put = client.ask("PUT", f"{where}?digest={DIGEST}", DATA)
    assert error_of(put) == (404, "BLOB_UPLOAD_UNKNOWN")


def test_a_blob_may_be_named_by_sha512(client: Client) -> None:
    """It is another name, under which it is kept."""
    digest = f"sha512:{sha512(DATA).hexdigest()}"
    assert client.ask("POST", f"blobs/uploads/?digest={digest}", DATA).status_code == 201
    assert client.ask("GET", f"blobs/{digest}").content == DATA


# Had


def test_a_head_says_all_but_the_blob(client: Client) -> None:
    """Its size above all."""
    client.push_blob(DATA)
    answer = client.ask("HEAD", f"blobs/{DIGEST}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(DATA))
    assert answer.headers["Docker-Content-Digest"] == DIGEST
    assert client.ask("HEAD", f"blobs/{digest_of(b'other')}").status_code == 404


def test_a_blob_is_its_repositorys_own(client: Client) -> None:
    """Next door it is unknown."""
    client.push_blob(DATA)
    other = Client(client.url, "library/base")
    assert error_of(other.ask("GET", f"blobs/{DIGEST}")) == (404, "BLOB_UNKNOWN")


@pytest.mark.parametrize(
    ("asked", "start", "end"), [("0-9", 0, 10), ("2500-", 2500, 2560), ("2550-9999", 2550, 2560)]
)
def test_a_part_of_a_blob_can_be_had(client: Client, asked: str, start: int, end: int) -> None:
    """So that a download that broke off goes on."""
    client.push_blob(DATA)
    answer = client.ask("GET", f"blobs/{DIGEST}", Range=f"bytes={asked}")
    assert (answer.status_code, answer.content) == (206, DATA[start:end])
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/2560"


def test_a_part_beyond_the_end_is_refused(client: Client) -> None:
    """With the size that there is."""
    client.push_blob(DATA)
    answer = client.ask("GET", f"blobs/{DIGEST}", Range="bytes=2560-")
    assert error_of(answer) == (416, "SIZE_INVALID")
    assert answer.headers["Content-Range"] == "bytes */2560"


def test_a_part_in_words_of_no_meaning_is_all(client: Client) -> None:
    """As servers may."""
    client.push_blob(DATA)
    assert client.ask("GET", f"blobs/{DIGEST}", Range="lines=1-2").content == DATA


def test_a_blob_can_be_deleted(client: Client) -> None:
    """Once."""
    client.push_blob(DATA)
    assert client.ask("DELETE", f"blobs/{DIGEST}").status_code == 202
    assert error_of(client.ask("DELETE", f"blobs/{DIGEST}")) == (404, "BLOB_UNKNOWN")


def test_where_nothing_is_deleted_no_blob_is(registry: Registry, client: Client) -> None:
    """Some registries keep everything."""
    client.push_blob(DATA)
    registry.habits = Habits(deletion="none")
    assert error_of(client.ask("DELETE", f"blobs/{DIGEST}")) == (405, "UNSUPPORTED")
    assert client.ask("GET", f"blobs/{DIGEST}").content == DATA


# Asked for in vain


@pytest.mark.parametrize(
    ("method", "path", "refusal"),
    [
        ("GET", "/v2/App/tags/list", (400, "NAME_INVALID")),
        ("GET", "/v2/a//b/tags/list", (400, "NAME_INVALID")),
        ("GET", "/v2/-a/tags/list", (400, "NAME_INVALID")),
        ("GET", "/v2/a", (404, "NAME_UNKNOWN")),
        ("GET", "/v1/search", (404, "NAME_UNKNOWN")),
        ("GET", "/v2/a/blobs/sha256:0", (400, "DIGEST_INVALID")),
        ("PUT", f"/v2/a/blobs/{DIGEST}", (405, "UNSUPPORTED")),
        ("POST", "/v2/a/blobs/uploads/again", (405, "UNSUPPORTED")),
        ("PATCH", "/v2/a/blobs/uploads/", (404, "BLOB_UPLOAD_UNKNOWN")),
    ],
)
def test_what_makes_no_sense_is_refused(
    client: Client, method: str, path: str, refusal: tuple[int, str]
) -> None:
    """In the form that clients of registries know."""
    assert error_of(client.ask(method, path)) == refusal


@pytest.mark.parametrize("name", ["a", "a/b/c", "a.b_c__d-e---f/0", "x/blobs/uploads"])
def test_a_repository_may_have_any_name_of_the_grammar(client: Client, name: str) -> None:
    """Those that look like a part of a path, too."""
    other = Client(client.url, name)
    other.push_blob(DATA)
    assert other.ask("GET", f"blobs/{DIGEST.replace(':', '%3A')}").content == DATA

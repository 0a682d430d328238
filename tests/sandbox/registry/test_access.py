# SPDX-License-Identifier: Apache-2.0
"""Who is let in: with a password, with a token, or without either."""

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
import requests

from keyless.sandbox.clock import Clock
from keyless.sandbox.registry import Basic, Bearer, Registry
from tests.sandbox.registry.client import Client, digest_of, error_of
from tests.sandbox.serving import serving

USERS = {"alice": "wonder:land"}
DATA = b"a blob"

Serve = Callable[[Registry], Client]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Puts a registry on a port, for one test."""
    with ExitStack() as stack:
        yield lambda registry: Client(stack.enter_context(serving(registry)))


@pytest.fixture
def clock() -> Clock:
    """The clock by which tokens expire."""
    return Clock()


def basic(user: str, password: str) -> str:
    """Write the header by which *user* says who they are."""
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


ALICE = basic("alice", "wonder:land")


def challenge(answer: requests.Response) -> dict[str, str]:
    """Return what a refusal says of where to get a token, and for what."""
    assert error_of(answer) == (401, "UNAUTHORIZED")
    scheme, _, parts = answer.headers["WWW-Authenticate"].partition(" ")
    return {"scheme": scheme, **dict(re.findall(r'(\w+)="([^"]*)"', parts))}


def token_for(client: Client, *scopes: str, **headers: str) -> dict[str, Any]:
    """Get a token for *scopes*."""
    query = "&".join(f"scope={scope}" for scope in scopes)
    answer = client.ask("GET", f"/token?service=here&{query}", **headers)
    assert answer.status_code == 200
    token: dict[str, Any] = answer.json()
    return token


def bearing(token: dict[str, Any]) -> str:
    """Write the header that shows *token*."""
    return f"Bearer {token['token']}"


# Passwords


def test_a_password_opens(serve: Serve) -> None:
    """For everything there is."""
    client = serve(Registry(access=Basic(USERS)))
    client.headers["Authorization"] = ALICE
    assert client.ask("GET", "/v2/").status_code == 200
    digest = client.push_blob(DATA)
    assert client.ask("DELETE", f"blobs/{digest}").status_code == 202


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"Authorization": basic("alice", "wonderland")},
        {"Authorization": basic("bob", "wonder:land")},
        {"Authorization": "Basic !"},
        {"Authorization": "Basic /w=="},
        {"Authorization": "Bearer YWxpY2U6d29uZGVyOmxhbmQ="},
    ],
    ids=["nothing", "a wrong password", "a wrong user", "no base64", "no text", "a token"],
)
@pytest.mark.parametrize("path", ["/v2/", "tags/list"])
def test_nothing_else_does(serve: Serve, said: dict[str, str], path: str) -> None:
    """Who is refused is told what is wanted."""
    answer = serve(Registry(access=Basic(USERS))).ask("GET", path, **said)
    assert challenge(answer) == {"scheme": "Basic", "realm": "sandbox registry"}


def test_everybody_may_read_what_is_public(serve: Serve) -> None:
    """But not write, and a wrong password is worse than none."""
    client = serve(Registry(access=Basic(USERS, anonymous=["pull"])))
    missing = f"blobs/{digest_of(DATA)}"
    assert client.ask("GET", missing).status_code == 404
    assert client.ask("POST", "blobs/uploads/").status_code == 401
    assert client.ask("DELETE", missing).status_code == 401
    assert client.ask("GET", missing, Authorization=basic("alice", "")).status_code == 401


# Tokens


def test_a_token_is_had_for_a_password_and_opens(serve: Serve, clock: Clock) -> None:
    """By the way that the refusal points to."""
    client = serve(Registry(access=Bearer(clock, USERS)))
    wanted = challenge(client.ask("POST", "blobs/uploads/"))
    host = client.url.removeprefix("http://")
    assert wanted == {
        "scheme": "Bearer",
        "realm": f"{client.url}/token",
        "service": host,
        "scope": "repository:library/app:pull,push",
    }
    asked = f"{wanted['realm']}?service={host}&scope={wanted['scope']}"
    token = client.ask("GET", asked, Authorization=ALICE).json()
    assert (token["expires_in"], token["access_token"]) == (60, token["token"])
    client.headers["Authorization"] = bearing(token)
    digest = client.push_blob(DATA)
    assert client.ask("GET", f"blobs/{digest}").content == DATA


def test_the_first_question_names_no_repository(serve: Serve, clock: Clock) -> None:
    """There is no scope to ask for; any token will do."""
    client = serve(Registry(access=Bearer(clock, USERS)))
    assert "scope" not in challenge(client.ask("GET", "/v2/"))
    token = token_for(client, Authorization=ALICE)
    assert client.ask("GET", "/v2/", Authorization=bearing(token)).status_code == 200


@pytest.mark.parametrize(
    "scope",
    [
        "repository:library/app:pull",
        "repository:library/app:push",
        "repository:library/base:pull,push",
        "registry:catalog:*",
        "library/app",
    ],
)
def test_a_token_is_good_for_what_it_names_alone(serve: Serve, clock: Clock, scope: str) -> None:
    """One to read with does not write, nor one for another repository."""
    client = serve(Registry(access=Bearer(clock, USERS)))
    client.headers["Authorization"] = bearing(token_for(client, scope, Authorization=ALICE))
    refusal = challenge(client.ask("POST", "blobs/uploads/"))
    assert refusal["error"] == "insufficient_scope"
    assert refusal["scope"] == "repository:library/app:pull,push"


@pytest.mark.parametrize("together", [True, False])
def test_a_token_can_be_good_for_several(serve: Serve, clock: Clock, together: bool) -> None:
    """As who copies between two repositories needs one for."""
    client = serve(Registry(access=Bearer(clock, USERS)))
    scopes = ["repository:library/app:pull,push", "repository:library/base:pull,push"]
    token = token_for(client, *(["%20".join(scopes)] if together else scopes), Authorization=ALICE)
    client.headers["Authorization"] = bearing(token)
    digest = Client(client.url, "library/base", **client.headers).push_blob(DATA)
    mount = client.ask("POST", f"blobs/uploads/?mount={digest}&from=library/base")
    assert mount.status_code == 201


def test_a_blob_that_a_token_does_not_reach_is_not_taken_over(serve: Serve, clock: Clock) -> None:
    """Who cannot read it next door has to push it."""
    registry = Registry()
    client = serve(registry)
    digest = Client(client.url, "library/base").push_blob(DATA)
    registry.access = Bearer(clock, USERS)
    token = token_for(client, "repository:library/app:pull,push", Authorization=ALICE)
    client.headers["Authorization"] = bearing(token)
    mount = client.ask("POST", f"blobs/uploads/?mount={digest}&from=library/base")
    assert mount.status_code == 202


def test_a_token_expires(serve: Serve, clock: Clock) -> None:
    """By the sandbox's clock, when it says so."""
    client = serve(Registry(access=Bearer(clock, USERS, lifetime=timedelta(seconds=5))))
    token = token_for(client, Authorization=ALICE)
    assert token["expires_in"] == 5
    client.headers["Authorization"] = bearing(token)
    assert client.ask("GET", "/v2/").status_code == 200
    clock.advance(timedelta(seconds=5))
    assert challenge(client.ask("GET", "/v2/"))["error"] == "invalid_token"


def test_everybody_gets_a_token_for_what_is_public(serve: Serve, clock: Clock) -> None:
    """And with it no more than that."""
    client = serve(Registry(access=Bearer(clock, USERS, anonymous=["pull"])))
    token = token_for(client, "repository:library/app:pull,push")
    client.headers["Authorization"] = bearing(token)
    assert client.ask("GET", f"blobs/{digest_of(DATA)}").status_code == 404
    assert challenge(client.ask("POST", "blobs/uploads/"))["error"] == "insufficient_scope"


@pytest.mark.parametrize("said", [basic("alice", "x"), "Bearer x"])
def test_no_token_is_had_for_a_wrong_password(serve: Serve, clock: Clock, said: str) -> None:
    """Not even for what is public."""
    client = serve(Registry(access=Bearer(clock, USERS, anonymous=["pull"])))
    answer = client.ask("GET", "/token?scope=repository:a:pull", Authorization=said)
    assert challenge(answer)["scheme"] == "Basic"


def test_a_password_alone_does_not_open_where_tokens_are_wanted(serve: Serve, clock: Clock) -> None:
    """It is for the token server."""
    client = serve(Registry(access=Bearer(clock, USERS)))
    assert challenge(client.ask("GET", "/v2/", Authorization=ALICE))["scheme"] == "Bearer"


# Tokens for tokens


def form(**fields: str) -> bytes:
    """Write *fields* as forms do."""
    return "&".join(f"{name}={text}" for name, text in fields.items()).encode()


def test_a_refresh_token_stands_for_a_password(serve: Serve, clock: Clock) -> None:
    """It is had once, and does not expire."""
    client = serve(Registry(access=Bearer(clock, USERS)))
    scope = "repository:library/app:pull,push"
    fields = {"username": "alice", "password": "wonder:land", "access_type": "offline"}
    first = client.ask("POST", "/token", form(grant_type="password", scope=scope, **fields)).json()
    client.headers["Authorization"] = bearing(first)
    client.push_blob(DATA)
    clock.advance(timedelta(days=365))
    again = form(grant_type="refresh_token", refresh_token=first["refresh_token"], scope=scope)
    second = client.ask("POST", "/token", again).json()
    assert "refresh_token" not in second
    client.headers["Authorization"] = bearing(second)
    client.push_blob(DATA)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"grant_type": "password", "username": "alice", "password": "x"},
        {"grant_type": "refresh_token", "refresh_token": "x"},
        {"grant_type": "refresh_token"},
    ],
)
def test_no_token_is_had_for_nothing(serve: Serve, clock: Clock, fields: dict[str, str]) -> None:
    """Nor for what is unknown."""
    client = serve(Registry(access=Bearer(clock, USERS)))
    assert error_of(client.ask("POST", "/token", form(**fields))) == (401, "UNAUTHORIZED")


def test_a_token_is_asked_for_in_two_ways(serve: Serve, clock: Clock) -> None:
    """And in no other; where there are no tokens, in none."""
    answer = serve(Registry(access=Bearer(clock, USERS))).ask("PUT", "/token", b"")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, POST")
    for registry in (Registry(), Registry(access=Basic(USERS))):
        assert serve(registry).ask("GET", "/token").status_code == 404

# SPDX-License-Identifier: Apache-2.0
"""Who asks: passwords and tokens, told to nobody but whom they are for."""

import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from keyless.errors import RegistryAuthError, ServiceError
from keyless.sandbox import Sandbox
from keyless.sandbox.registry import Basic, Bearer
from keyless.services.http import Request, Response
from keyless.services.registry_auth import Doorkeeper, Entrance, Scope
from keyless.services.registry_credentials import (
    Anonymous,
    IdentityToken,
    Keychain,
    Password,
    RegistryCredential,
    RegistryToken,
    anonymous,
    keychain,
)
from tests.services.registries import HOST, Client
from tests.services.transports import Scripted, answered

SECRET = "correct horse battery staple"  # noqa: S105 - of nobody
ME = Password(user="me", secret=SECRET, source="a file")
KNOWN = keychain({HOST: ME})
PULL = (Scope(repository="me/app", actions=frozenset({"pull"})),)
PUSH = (Scope(repository="me/app", actions=frozenset({"pull", "push"})),)
TOKEN = b'{"token": "t0ken"}'


def with_tokens(
    credentials: Keychain, *, lifetime: timedelta = timedelta(seconds=60), anybody: str = ""
) -> Client:
    """A registry that wants tokens; *anybody* may do what that says."""
    client = Client(credentials=credentials)
    allowed = ("pull",) if anybody else ()
    client.sandbox.registry.access = Bearer(
        client.sandbox.clock, {"me": SECRET}, anonymous=allowed, lifetime=lifetime
    )
    return client


def challenged(text: str) -> Response:
    """Refuse, and say how one gets in."""
    return answered(401, WWW_Authenticate=text)


class Door:
    """A doorkeeper of ghcr.io, and the server for tokens that it is sent to."""

    def __init__(
        self,
        *answers: Response,
        credential: RegistryCredential = ME,
        url: str = "https://ghcr.io",
        token_servers: tuple[str, ...] = (),
    ) -> None:
        self.now = 0.0
        self.server = Scripted(*answers)
        name = url.partition("://")[2]
        self.keeper = Doorkeeper(
            Entrance(name=name, url=url, token_servers=token_servers),
            transport=self.server,
            keychain=keychain({name: credential}),
            now=lambda: self.now,
        )

    def enter(self, challenge: str, scopes: tuple[Scope, ...] = PULL) -> str:
        """Return what is said after *challenge*."""
        headers = self.keeper.admitted(challenged(challenge), scopes, ())
        return dict(headers).get("Authorization", "")

    def known(self, scopes: tuple[Scope, ...] = PULL) -> str:
        """Return what is said without being asked."""
        return dict(self.keeper.headers(scopes)).get("Authorization", "")


BEARER = 'Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:me/app:pull"'


@pytest.mark.parametrize("wanted", ["password", "token"])
def test_whoever_is_known_is_let_in(wanted: str) -> None:
    """By a password, or by a token had for one; and is told of once."""
    client = Client(credentials=KNOWN)
    tokens = Bearer(client.sandbox.clock, {"me": SECRET})
    client.sandbox.registry.access = Basic({"me": SECRET}) if wanted == "password" else tokens
    pushed = client.push()
    client.heard.asked.clear()
    client.registry.manifest(pushed.digest)
    assert len(client.heard.asked) == 1


def test_an_identity_token_is_good_for_tokens() -> None:
    """It is told to the server for tokens alone."""
    sandbox = Sandbox()
    access = Bearer(sandbox.clock, {"me": SECRET})
    token = access.refresh_token("me")
    client = Client(credentials=keychain({HOST: IdentityToken(secret=token)}))
    client.sandbox.registry.access = access
    client.push()
    bodies = [each.body or b"" for each in client.heard.asked if token in str(each.body)]
    assert bodies
    assert all(b"grant_type=refresh_token" in body for body in bodies)
    assert not any(token in each.header("Authorization") for each in client.heard.asked)


def test_a_token_of_the_registrys_own_is_sent_as_it_is() -> None:
    """Nobody else is asked."""
    door = Door(credential=RegistryToken(secret=SECRET))
    assert door.enter(BEARER) == f"Bearer {SECRET}"
    assert not door.server.asked


def test_anybody_gets_a_token_for_what_is_public() -> None:
    """Without saying who they are."""
    client = with_tokens(KNOWN)
    pushed = client.push()
    nobody = with_tokens(anonymous, anybody="pull")
    nobody.sandbox.registry = client.sandbox.registry
    nobody.sandbox.registry.access = Bearer(
        nobody.sandbox.clock, {"me": SECRET}, anonymous=("pull",)
    )
    assert nobody.registry.manifest(pushed.digest) == pushed
    assert len(nobody.heard.asked) == 3  # refused, a token, and what was asked for


def test_a_token_for_reading_is_not_one_for_writing() -> None:
    """Another is asked for, and both are kept."""
    door = Door(answered(200, TOKEN), answered(200, b'{"access_token": "wr1te"}'))
    assert door.enter(BEARER) == "Bearer t0ken"
    assert door.known(PUSH) == ""
    assert door.enter(BEARER, PUSH) == "Bearer wr1te"
    assert (door.known(PULL), door.known(PUSH)) == ("Bearer wr1te", "Bearer wr1te")
    scopes = parse_qs(urlsplit(door.server.asked[1].url).query)["scope"]
    # What is needed comes first: some servers look no further.
    assert scopes == ["repository:me/app:pull,push", "repository:me/app:pull"]


def test_a_token_for_one_repository_is_not_one_for_another() -> None:
    """Of the same registry, and for the same thing."""
    door = Door(answered(200, TOKEN))
    door.enter(BEARER)
    assert door.known() == "Bearer t0ken"
    assert not door.known((Scope(repository="you/app", actions=frozenset({"pull"})),))


def test_a_token_is_not_used_longer_than_it_lives() -> None:
    """Nor until the very last moment: a request takes its time."""
    door = Door(answered(200, b'{"token": "t0ken", "expires_in": 100}'))
    door.enter(BEARER)
    door.now = 94.9
    assert door.known()
    door.now = 95.1
    assert not door.known()


def test_a_token_that_does_not_say_how_long_it_lives_lives_a_minute() -> None:
    """As the protocol has it."""
    door = Door(answered(200, TOKEN))
    door.enter(BEARER)
    door.now = 56.0
    assert not door.known()


def test_a_token_that_is_refused_is_replaced_once() -> None:
    """It may have been taken back."""
    client = with_tokens(KNOWN)
    pushed = client.push()
    client.sandbox.clock.advance(timedelta(seconds=61))  # by the registry's clock, not by ours
    client.heard.asked.clear()
    assert client.registry.manifest(pushed.digest) == pushed
    assert len(client.heard.asked) == 3


@pytest.mark.parametrize(
    "challenge",
    [
        'bEaReR Realm="https://ghcr.io/token"',
        'Basic realm="x", Bearer realm="https://ghcr.io/token"',
        'Bearer realm="https://ghcr.io/token",service="a, b", Basic realm="x"',
        "Negotiate, Bearer realm=https://ghcr.io/token",
    ],
)
def test_a_token_is_had_however_it_is_asked_for(challenge: str) -> None:
    """In any case of letters, and among others."""
    assert Door(answered(200, TOKEN)).enter(challenge) == "Bearer t0ken"


def test_what_is_asked_for_in_no_known_way_is_not_answered() -> None:
    """Whoever asked gets the refusal."""
    assert Door().enter("Negotiate") == ""
    assert Door(credential=Anonymous()).enter('Basic realm="x"') == ""
    assert Door().enter("") == ""


@pytest.mark.parametrize(
    ("registry", "realm"),
    [
        ("https://ghcr.io", "https://ghcr.io/token"),
        ("https://ghcr.io", "https://auth.ghcr.io/token"),
        ("https://index.docker.io", "https://auth.docker.io/token"),
        ("https://registry.gitlab.com", "https://gitlab.com/jwt/auth"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5001/token"),
    ],
)
def test_a_registrys_own_server_for_tokens_is_told_the_password(registry: str, realm: str) -> None:
    """It has the registry's name, or is beside it."""
    door = Door(answered(200, TOKEN), url=registry)
    door.enter(f'Bearer realm="{realm}",service="it"')
    assert door.server.asked[0].header("Authorization").startswith("Basic ")


@pytest.mark.parametrize(
    ("registry", "realm"),
    [
        ("https://ghcr.io", "https://evil.io/token"),
        ("https://ghcr.io", "https://notghcr.io/token"),
        ("https://127.0.0.1:5000", "https://127.0.0.2/token"),
        ("https://index.docker.io", "https://docker.io.evil.test/token"),
        ("https://index.docker.io", "https://evildocker.io/token"),
        ("https://6.0.0.1", "https://5.0.0.1/token"),
        ("https://registry.co.uk", "https://evil.co.uk/token"),
        ("https://ghcr.io", "https://evil.test?@ghcr.io/token"),
        ("https://ghcr.io", "https://evil.test#@tokens.test/token"),
        ("https://ghcr.io", "https://evil.test?@tokens.test/token"),
    ],
)
def test_a_server_for_tokens_of_another_name_is_told_nothing(registry: str, realm: str) -> None:
    """It is asked as by anybody."""
    door = Door(answered(200, TOKEN), url=registry, token_servers=("tokens.test",))
    door.enter(f'Bearer realm="{realm}"')
    assert not door.server.asked[0].header("Authorization")


def test_a_server_for_tokens_may_be_named_by_who_trusts_it() -> None:
    """Where a registry's is called quite otherwise."""
    door = Door(answered(200, TOKEN), token_servers=("tokens.test",))
    door.enter('Bearer realm="https://tokens.test/token"')
    assert door.server.asked[0].header("Authorization")


@pytest.mark.parametrize(
    ("realm", "why"),
    [
        ("", "no address"),
        ("http://ghcr.io/token", "not encrypted"),
        ("https://10.0.0.1/token", "in a private network"),
        ("https://[::ffff:169.254.169.254]/token", "in a private network"),
        ("https://localhost/token", "in a private network"),
        ("https://me:pw@ghcr.io/token", "a password in it"),
        ("file:///etc/passwd", "no address"),
        ("https://[1/", "cannot be read"),
        ("https://224.0.0.1/token", "in a private network"),
        ("https://2130706433/token", "in a private network"),
        ("https://127.1/token", "in a private network"),
        ("https://0x7f.1./token", "in a private network"),
        ("https://127.0.0.1./token", "in a private network"),
        ("https://localhost./token", "in a private network"),
        ("https://10.0.0.1\\\\.ghcr.io/token", "cannot be read"),
        ("https://evil.test\\\\.ghcr.io/token", "cannot be read"),
        ("https://evil.test\\\\@ghcr.io/token", "a password in it"),
        ("https://１２７.０.０.１/token", "cannot be read"),
        ("https://ghcr.io:x/token", "cannot be read"),
        ("https://ghcr%2eio/token", "cannot be read"),
    ],
)
def test_a_server_for_tokens_where_none_can_be_is_not_asked(realm: str, why: str) -> None:
    """A registry could have its clients ask machines that it cannot ask itself."""
    door = Door()
    with pytest.raises(ServiceError, match=why):
        door.enter(f'Bearer realm="{realm}"')
    assert not door.server.asked


def test_a_token_for_another_repository_is_not_asked_for() -> None:
    """Whatever the registry would like to have."""
    door = Door(answered(200, TOKEN))
    scope = "repository:you/secret:pull,push registry:catalog:* repository:me/app:pull,push"
    door.enter(f'Bearer realm="https://ghcr.io/token",scope="{scope}"')
    scopes = parse_qs(urlsplit(door.server.asked[0].url).query)["scope"]
    assert scopes == ["repository:me/app:pull", "repository:me/app:pull,push"]


def test_what_a_realm_says_already_stays() -> None:
    """It may have a query of its own."""
    door = Door(answered(200, TOKEN))
    door.enter('Bearer realm="https://ghcr.io/token?account=me",service="ghcr.io"')
    assert door.server.asked[0].url.startswith("https://ghcr.io/token?account=me&service=ghcr.io&")


@pytest.mark.parametrize("status", [404, 405])
def test_an_identity_token_is_used_as_a_password_where_nothing_else_is_known(status: int) -> None:
    """Some servers know only the older way."""
    door = Door(answered(status), answered(200, TOKEN), credential=IdentityToken(secret=SECRET))
    assert door.enter(BEARER) == "Bearer t0ken"
    assert [each.method for each in door.server.asked] == ["POST", "GET"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"<html>", "not JSON"),
        (b"{}", "missing"),
        (b'{"token": "a b"}', "characters that no token has"),
        (b'{"token": "a\\r\\nX: y"}', "characters that no token has"),
        (b'{"token": "t", "expires_in": "soon"}', "where a whole number is wanted"),
    ],
)
def test_what_is_no_token_is_refused(answer: bytes, why: str) -> None:
    """It would become a header."""
    with pytest.raises(RegistryAuthError, match=why):
        Door(answered(200, answer)).enter(BEARER)


def test_a_server_for_tokens_that_points_elsewhere_is_not_followed() -> None:
    """It was told a password."""
    with pytest.raises(RegistryAuthError, match="not followed"):
        Door(answered(302, Location="https://evil.test/")).enter(BEARER)


def test_a_wrong_password_is_told_with_where_it_came_from() -> None:
    """And never as it is."""
    body = json.dumps({"message": f"{SECRET} is wrong"}).encode()
    with pytest.raises(RegistryAuthError, match="as the user me, from a file") as caught:
        Door(answered(401, body)).enter(BEARER)
    assert caught.value.hint == "sign in anew: docker login ghcr.io"
    assert SECRET not in str(caught.value)


def test_whoever_may_not_is_told_what_and_as_whom() -> None:
    """Reading is not writing."""
    client = Client(credentials=keychain({}))
    client.sandbox.registry.access = Basic({"me": SECRET}, anonymous=("pull",))
    with pytest.raises(RegistryAuthError, match="does not let us write to me/app") as caught:
        client.push()
    assert f"without a credential: your program has none for {HOST}" in caught.value.message
    assert "docker login" in str(caught.value.hint)


def test_a_wrong_password_is_not_tried_for_ever() -> None:
    """The second refusal counts."""
    client = Client(credentials=KNOWN)
    client.sandbox.registry.access = Basic({"me": "another"})
    with pytest.raises(RegistryAuthError, match="as the user me, from a file"):
        client.registry.resolve("v1")
    assert len(client.heard.asked) == 2


def test_a_credential_of_another_port_is_not_sent() -> None:
    """Another server may listen there."""
    client = Client(credentials=keychain({f"{HOST}:443": ME, "sandbox.test": ME}))
    client.sandbox.registry.access = Basic({"me": SECRET})
    with pytest.raises(RegistryAuthError, match="without a credential"):
        client.registry.resolve("v1")
    assert not client.heard.told(HOST)


def test_headers_of_a_credential_go_where_it_goes() -> None:
    """To the registry alone."""
    password = Password(user="me", secret=SECRET, headers=(("X-Meta", "it"),))
    client = Client(credentials=keychain({HOST: password}))
    client.sandbox.registry.access = Basic({"me": SECRET})
    client.push()
    assert client.heard.asked[-1].header("X-Meta") == "it"


def test_many_at_once_ask_for_one_token() -> None:
    """The others wait for it."""
    door = Door(answered(200, TOKEN))
    door.enter(BEARER)
    assert door.enter(BEARER) == "Bearer t0ken"
    assert len(door.server.asked) == 1


def test_no_secret_is_shown() -> None:
    """Not even to who looks at the values themselves."""
    for each in (ME, IdentityToken(secret=SECRET), RegistryToken(secret=SECRET)):
        assert SECRET not in f"{each} {each!r}"


def test_what_is_kept_of_a_credential_shows_nothing_of_it() -> None:
    """Debuggers and reports of crashes print what they find."""
    door = Door(answered(200, TOKEN))
    door.enter(BEARER)
    grants: tuple[object, ...] = vars(door.keeper)["_grants"]
    assert "repository:me/app:pull" in repr(grants)
    assert "t0ken" not in repr(grants)


def test_a_password_is_not_said_again_by_who_was_told_it() -> None:
    """Nor by whoever keeps a record of it."""
    door = Door(answered(200, TOKEN))
    door.enter(BEARER)
    asked: Request = door.server.asked[0]
    assert SECRET in asked.secrets

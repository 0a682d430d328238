# SPDX-License-Identifier: Apache-2.0
"""Who may do what in a registry: everybody, or who has a password, or a token had for one.

client                     registry                                token server
  GET /v2/…              ─►
                         ◄─  401 WWW-Authenticate: Bearer realm="…/token",service="…",
                                 scope="repository:app:pull"
  GET /token?service=…&scope=repository:app:pull, with a password  ─►
                                                                   ◄─  {"token": "…", …}
  GET /v2/… with it      ─►
                         ◄─  200
"""

import secrets
from base64 import b64decode
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import Literal, Protocol
from urllib.parse import parse_qs, urlsplit

from keyless.protocol.json_reader import JsonValue
from keyless.protocol.window import in_rfc3339
from keyless.sandbox.answering import form_of, json_response
from keyless.sandbox.clock import Clock
from keyless.sandbox.registry.refusals import RegistryRefusedError
from keyless.services.http import Request, Response
from keyless.value import value

Action = Literal["pull", "push", "delete"]

TOKEN_PATH = "/token"  # noqa: S105 - where one is had, not what it is
LIFETIME = timedelta(seconds=60)
_ALL: frozenset[str] = frozenset({"pull", "push", "delete"})


@value
class Scope:
    """What is to be done in the repository *name*."""

    name: str
    actions: frozenset[str]

    def __str__(self) -> str:
        actions = (action for action in ("pull", "push", "delete") if action in self.actions)
        return f"repository:{self.name}:{','.join(actions)}"


class Access(Protocol):
    """Who may do what."""

    def check(self, request: Request, scope: Scope | None) -> None:
        """Raise RegistryRefusedError unless whoever sent *request* may do what *scope* says."""

    def answer(self, request: Request) -> Response | None:
        """Answer *request* if it is for the token server, if there is one."""


class Open:
    """Everybody may do everything."""

    def check(self, request: Request, scope: Scope | None) -> None:
        """Let everybody."""

    def answer(self, request: Request) -> Response | None:  # noqa: ARG002 - as others have it
        """Have no token server."""
        return None


class Basic:
    """Each of *users* may do everything with their password; anybody else, what is *anonymous*."""

    def __init__(self, users: Mapping[str, str], *, anonymous: Collection[Action] = ()) -> None:
        self._users = dict(users)
        self._anonymous = frozenset[str](anonymous)

    def check(self, request: Request, scope: Scope | None) -> None:
        """Ask for the password unless it is there."""
        if not request.header("Authorization") and scope and scope.actions <= self._anonymous:
            return
        if _user(request, self._users) is None:
            raise _unauthorized('Basic realm="sandbox registry"')

    def answer(self, request: Request) -> Response | None:  # noqa: ARG002 - as others have it
        """Have no token server."""
        return None


class Bearer:
    """As `Basic`, but a password is good only for a token, and each token for what it names."""

    def __init__(
        self,
        clock: Clock,
        users: Mapping[str, str],
        *,
        anonymous: Collection[Action] = (),
        lifetime: timedelta = LIFETIME,
    ) -> None:
        self._clock = clock
        self._users = dict(users)
        self._anonymous = frozenset[str](anonymous)
        self._lifetime = lifetime
        self._lock = Lock()
        self._grants: dict[str, _Grant] = {}
        self._refreshing: dict[str, str] = {}

    def check(self, request: Request, scope: Scope | None) -> None:
        """Ask for a token unless one is there that is valid now, and good for *scope*."""
        scheme, _, text = request.header("Authorization").partition(" ")
        grant = self._grants.get(text) if scheme.lower() == "bearer" else None
        if grant is None or self._clock.now >= grant.expires:
            raise self._challenge(request, scope, 'error="invalid_token"' if text else "")
        if scope and not scope.actions <= grant.actions_in(scope.name):
            raise self._challenge(request, scope, 'error="insufficient_scope"')

    def answer(self, request: Request) -> Response | None:
        """Give a token: for a password, for a long-lived token, or to anybody for what they may."""
        if urlsplit(request.url).path != TOKEN_PATH:
            return None
        try:
            match request.method:
                case "GET":
                    return self._token_for_password(request)
                case "POST":
                    return self._token_by_oauth(request)
                case _:
                    return Response(status=405, headers=(("Allow", "GET, POST"),))
        except RegistryRefusedError as refusal:
            return refusal.to_response()

    def refresh_token(self, user: str) -> str:
        """Give *user* a token that never expires, and is good for other tokens alone."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._refreshing[token] = user
        return token

    def _challenge(self, request: Request, scope: Scope | None, error: str) -> RegistryRefusedError:
        where = urlsplit(request.url)
        parts = [
            f'realm="{where.scheme}://{where.netloc}{TOKEN_PATH}"',
            f'service="{where.netloc}"',
            f'scope="{scope}"' if scope else "",
            error,
        ]
        return _unauthorized(f"Bearer {','.join(filter(None, parts))}")

    def _token_for_password(self, request: Request) -> Response:
        scopes = parse_qs(urlsplit(request.url).query).get("scope", [])
        if not request.header("Authorization"):
            return self._grant(scopes, self._anonymous)
        if _user(request, self._users) is None:
            raise _unauthorized('Basic realm="sandbox registry"')
        return self._grant(scopes, _ALL)

    def _token_by_oauth(self, request: Request) -> Response:
        form = form_of(request)
        user: str | None = None
        if form.get("grant_type") == "refresh_token":
            user = self._refreshing.get(form.get("refresh_token", ""))
        elif form.get("grant_type") == "password":
            user = _known(self._users, form.get("username", ""), form.get("password", ""))
        if user is None:
            raise RegistryRefusedError(401, "UNAUTHORIZED", "unknown user, password or token")
        more: dict[str, JsonValue] = {}
        if form.get("access_type") == "offline":
            more["refresh_token"] = self.refresh_token(user)
        return self._grant([form.get("scope", "")], _ALL, **more)

    def _grant(self, asked: Iterable[str], allowed: frozenset[str], **more: JsonValue) -> Response:
        """Give a token for as much of what is *asked* as is *allowed*; possibly for nothing."""
        scopes = [_scope(text) for part in asked for text in part.split()]
        now = self._clock.now
        grant = _Grant(
            expires=now + self._lifetime,
            scopes=tuple(Scope(name=it.name, actions=it.actions & allowed) for it in scopes if it),
        )
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._grants[token] = grant
        return json_response(
            {
                "token": token,
                "access_token": token,
                "expires_in": int(self._lifetime.total_seconds()),
                "issued_at": in_rfc3339(now.replace(microsecond=0)),
                **more,
            }
        )


@value
class _Grant:
    """What a token is good for."""

    expires: datetime
    scopes: tuple[Scope, ...]

    def actions_in(self, name: str) -> frozenset[str]:
        """Return what may be done in the repository *name*."""
        return frozenset[str]().union(*(it.actions for it in self.scopes if it.name == name))


def _scope(text: str) -> Scope | None:
    kind, _, rest = text.partition(":")
    name, _, actions = rest.rpartition(":")
    return Scope(name=name, actions=frozenset(actions.split(","))) if kind == "repository" else None


def _user(request: Request, users: Mapping[str, str]) -> str | None:
    """Return who sent *request*, if their password is right."""
    scheme, _, text = request.header("Authorization").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, password = b64decode(text).decode("utf-8").partition(":")
    except ValueError:
        return None
    return _known(users, name, password)


def _known(users: Mapping[str, str], name: str, password: str) -> str | None:
    return name if name in users and users[name] == password else None


def _unauthorized(challenge: str) -> RegistryRefusedError:
    return RegistryRefusedError(
        401, "UNAUTHORIZED", "authentication required", headers=(("WWW-Authenticate", challenge),)
    )

# SPDX-License-Identifier: Apache-2.0
"""How a registry is told who asks: by a password, or by a token that is good for one thing.

A token is had from a server that the registry names, for scopes as in `repository:me/app:pull`; it
is kept for as long as it lives, and goes to the registry alone.
"""

import re
import time
from base64 import b64encode
from collections.abc import Callable
from threading import Lock
from urllib.parse import urlencode, urlsplit

from keyless.errors import ParseError, RegistryAuthError
from keyless.protocol.json_reader import Json
from keyless.safe_text import shown
from keyless.services.credential_helpers import TOKEN_USER
from keyless.services.http import Request, Response, Transport, place, send, server_words
from keyless.services.http.messages import Headers
from keyless.services.registry_challenges import Challenge, parse_challenges
from keyless.services.registry_credentials import (
    Anonymous,
    IdentityToken,
    Keychain,
    Password,
    RegistryCredential,
    RegistryToken,
)
from keyless.services.registry_targets import may_know, origin_of, target
from keyless.value import value

LARGEST_TOKEN_ANSWER = 64 << 10
LIFETIME = 60.0  # of a token that does not say
MARGIN = 5.0  # a request takes its time, too
CLIENT = "keyless"
MOST_CONFIDED = 16  # the latest: what was sent long ago nobody repeats

_TOKEN = re.compile(r"[!-~]+")


@value
class Scope:
    """What is to be done in a *repository*."""

    repository: str
    actions: frozenset[str]

    def covers(self, other: "Scope") -> bool:
        """Say whether whoever may do this may do what *other* says."""
        return self.repository == other.repository and self.actions >= other.actions

    def __str__(self) -> str:
        actions = (each for each in ("pull", "push", "delete") if each in self.actions)
        return f"repository:{self.repository}:{','.join(actions)}"


@value
class Entrance:
    """A registry: by its *name*, where it is, and who else may be told a credential for it."""

    name: str
    url: str
    token_servers: tuple[str, ...] = ()


@value
class _Grant:
    """What to send for some scopes, and until when."""

    scopes: tuple[Scope, ...]
    headers: Headers
    expires: float

    def serves(self, scopes: tuple[Scope, ...], now: float) -> bool:
        return now < self.expires and all(
            any(mine.covers(wanted) for mine in self.scopes) for wanted in scopes
        )

    def __repr__(self) -> str:
        return f"_Grant({', '.join(map(str, self.scopes))})"


class Doorkeeper:
    """What is said to one registry about who asks. May be shared between threads."""

    def __init__(
        self,
        entrance: Entrance,
        *,
        transport: Transport,
        keychain: Keychain,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._entrance = entrance
        self._transport = transport
        self._keychain = keychain
        self._now = now
        self._asking = Lock()
        self._grants: tuple[_Grant, ...] = ()
        self._credentials: dict[str, RegistryCredential] = {}
        self._confided: tuple[str, ...] = ()

    @property
    def confidences(self) -> tuple[str, ...]:
        """What the registry was told of late, and nobody else is to be: whatever it says of it."""
        return self._confided

    def headers(self, scopes: tuple[Scope, ...]) -> Headers:
        """Return what to send for *scopes*, as far as it is known without asking anybody."""
        now = self._now()
        grant = next((each for each in self._grants if each.serves(scopes, now)), None)
        return () if grant is None else grant.headers

    def admitted(self, refusal: Response, scopes: tuple[Scope, ...], sent: Headers) -> Headers:
        """Return what to send after a *refusal* of what was *sent*, nothing if that is all."""
        with self._asking:
            known = self.headers(scopes)
            if known and known != sent:  # somebody else has asked meanwhile
                return known
            self._grants = tuple(each for each in self._grants if each.headers != sent)
            grant = self._granted(refusal, scopes)
            if grant is None or grant.headers == sent:
                return ()
            self._grants = (grant, *self._grants)
            return grant.headers

    def tried(self, repository: str) -> RegistryCredential:
        """Return as whom *repository* was asked for, as far as the registry wanted to know."""
        return self._credentials.get(repository) or Anonymous(why="it did not ask for one")

    def _credential(self, repository: str) -> RegistryCredential:
        """Return the credential for *repository*, which is looked for once."""
        if repository not in self._credentials:
            self._credentials[repository] = self._keychain(self._entrance.name, repository)
        return self._credentials[repository]

    def _granted(self, refusal: Response, scopes: tuple[Scope, ...]) -> _Grant | None:
        challenges = parse_challenges(refusal.header("WWW-Authenticate"))
        by_scheme = {each.scheme: each for each in reversed(challenges)}
        credential = self._credential(scopes[0].repository)
        if (bearer := by_scheme.get("bearer")) is not None:
            return self._by_token(bearer, scopes, credential)
        if "basic" in by_scheme and isinstance(credential, Password):
            basic = (("Authorization", _basic(credential.user, credential.secret)),)
            return self._grant(scopes, credential, basic, lifetime=float("inf"))
        return None

    def _by_token(
        self, challenge: Challenge, scopes: tuple[Scope, ...], credential: RegistryCredential
    ) -> _Grant:
        if isinstance(credential, RegistryToken):
            token, lifetime = credential.secret, float("inf")
        else:
            token, lifetime = self._token(challenge, scopes, credential)
        bearer = (("Authorization", f"Bearer {token}"),)
        return self._grant(scopes, credential, bearer, lifetime=lifetime)

    def _grant(
        self,
        scopes: tuple[Scope, ...],
        credential: RegistryCredential,
        headers: Headers,
        *,
        lifetime: float,
    ) -> _Grant:
        expires = self._now() + max(lifetime - MARGIN, lifetime / 2)
        told = (text.rpartition(" ")[2] for _, text in headers)
        self._confided = (*told, *_secrets(credential), *self._confided)[:MOST_CONFIDED]
        return _Grant(scopes=scopes, headers=(*headers, *credential.headers), expires=expires)

    def _token(
        self, challenge: Challenge, scopes: tuple[Scope, ...], credential: RegistryCredential
    ) -> tuple[str, float]:
        realm = target(
            challenge.parameter("realm"), base=self._entrance.url, what="server for tokens"
        )
        told = credential if self._may_know(realm) else Anonymous()
        wanted = _wanted(scopes, challenge)
        asked = [("service", challenge.parameter("service")), *(("scope", it) for it in wanted)]
        answer = None
        if isinstance(told, IdentityToken):
            answer = self._ask(_refreshing(realm, challenge, wanted, told))
        if answer is None or answer.status in (404, 405):
            answer = self._ask(_plain(realm, asked, told))
        if not 200 <= answer.status < 300:
            raise self._refused(realm, answer, credential, told)
        return _parse_token(answer, place(realm))

    def _may_know(self, realm: str) -> bool:
        host = origin_of(self._entrance.url)[1]
        return may_know(realm, host) or place(realm) in self._entrance.token_servers

    def _ask(self, request: Request) -> Response:
        return send(self._transport, request, service="token server", also=range(300, 500))

    def _refused(
        self, realm: str, answer: Response, credential: RegistryCredential, told: RegistryCredential
    ) -> RegistryAuthError:
        words = server_words(answer, secrets=_secrets(credential))
        tried = str(credential)
        if told is not credential:
            tried = "without the credential: it is no server of that registry's own"
        return RegistryAuthError(
            f"{place(realm)}, where {shown(self._entrance.name)} has its tokens from, answered "
            f"{answer.status}{f': {words}' if words else ''}; it was asked {tried}",
            service=self._entrance.name,
            status=answer.status,
            hint=f"sign in anew: docker login {shown(self._entrance.name)}"
            if told is credential
            else f"name it among token_servers if you trust it: {place(realm)}",
        )


def _wanted(scopes: tuple[Scope, ...], challenge: Challenge) -> list[str]:
    """Return what the token is to be good for: what is needed, then what the registry asks for.

    Some servers read the first alone. What is another repository's no registry has to ask for.
    """
    wanted = [str(scope) for scope in scopes]
    ours = tuple(f"repository:{scope.repository}:" for scope in scopes)
    more = challenge.parameter("scope").split()
    return wanted + [each for each in more if each.startswith(ours) and each not in wanted]


def _plain(realm: str, asked: list[tuple[str, str]], told: RegistryCredential) -> Request:
    """Ask for a token as registries have always been: by GET, with a password if there is one."""
    match told:
        case Password(user=user, secret=secret):
            headers: Headers = (("Authorization", _basic(user, secret)),)
        case IdentityToken(secret=secret):
            headers = (("Authorization", _basic(TOKEN_USER, secret)),)
        case _:
            headers = ()
    query = urlencode([pair for pair in asked if pair[1]])
    mark = "&" if urlsplit(realm).query else "?"
    return Request(
        method="GET",
        url=f"{realm}{mark}{query}",
        headers=headers,
        largest=LARGEST_TOKEN_ANSWER,
        secrets=_secrets(told),
    )


def _refreshing(
    realm: str, challenge: Challenge, wanted: list[str], told: IdentityToken
) -> Request:
    """Ask for a token as OAuth has it: by POST, with another one."""
    form = {
        "grant_type": "refresh_token",
        "service": challenge.parameter("service"),
        "client_id": CLIENT,
        "scope": " ".join(wanted),
        "refresh_token": told.secret,
    }
    return Request(
        method="POST",
        url=realm,
        headers=(("Content-Type", "application/x-www-form-urlencoded"),),
        body=urlencode(form).encode("ascii"),
        largest=LARGEST_TOKEN_ANSWER,
        secrets=(told.secret,),
    )


def _parse_token(answer: Response, server: str) -> tuple[str, float]:
    """Read the token in *answer*, and how many seconds it lives."""
    try:
        json = Json.parse(answer.body)
        token = json.optional_text("token") or json.text("access_token")
        lifetime = json.integer("expires_in") if json.has("expires_in") else LIFETIME
    except ParseError as error:
        raise _no_token(server, error.message) from None
    if not _TOKEN.fullmatch(token):  # it goes into a header
        raise _no_token(server, "it has characters that no token has")
    return token, float(lifetime)


def _no_token(server: str, why: str) -> RegistryAuthError:
    return RegistryAuthError(f"{server} answered with no token: {why}", service=server)


def _basic(user: str, secret: str) -> str:
    return f"Basic {b64encode(f'{user}:{secret}'.encode()).decode('ascii')}"


def _secrets(credential: RegistryCredential) -> tuple[str, ...]:
    return () if isinstance(credential, Anonymous) else (credential.secret,)

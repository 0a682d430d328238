# SPDX-License-Identifier: Apache-2.0
"""Credentials that docker, podman and their like have written down.

    {"auths":       {"ghcr.io": {"auth": "base64 of user:password"},
                     "https://index.docker.io/v1/": {"identitytoken": "…"}},
     "credHelpers": {"public.ecr.aws": "ecr-login"},
     "credsStore":  "desktop",
     "HttpHeaders": {"X-Meta": "…"}}

Each of several files may have it. A registry is matched by host and port, exactly: for one whose
name only begins the same, or that has another port, nothing here is meant.
"""

import os
import re
from collections.abc import Iterator, Mapping

from keyless import files
from keyless.errors import InputError, ParseError
from keyless.protocol.encoding import b64decode
from keyless.protocol.json_reader import Json
from keyless.protocol.oci_reference import DOCKER_HUB
from keyless.safe_text import shown
from keyless.services.credential_helpers import TOKEN_USER, ask_helper
from keyless.services.http.messages import Headers
from keyless.services.registry_credentials import (
    Anonymous,
    IdentityToken,
    Password,
    RegistryCredential,
    RegistryToken,
)
from keyless.value import replace

LARGEST_FILE = 1 << 20

# What Docker Hub is called in these files, by docker, and by others.
_HUB = ("https://index.docker.io/v1/", DOCKER_HUB, "docker.io")
_AS_URL = re.compile(r"https?://([^/]+)(?:/(?:v[12]/?)?)?")

_HEADER = re.compile(r"[A-Za-z0-9-]{1,80}")
# What is a header of the request's own, and not to be replaced by a file.
_OWN_HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "cookie",
        "host",
        "if-match",
        "if-none-match",
        "proxy-authorization",
        "range",
        "transfer-encoding",
        "user-agent",
    }
)


def docker_keychain(registry: str, repository: str) -> RegistryCredential:
    """Return the credential that this machine's user has for *repository* at *registry*."""
    return find_credential(registry, repository, environment=os.environ)


def find_credential(
    registry: str, repository: str, *, environment: Mapping[str, str]
) -> RegistryCredential:
    """Return the credential for *repository* at *registry* in the files of this *environment*."""
    reasons: list[str] = []
    for path in _paths(environment):
        if not os.path.isfile(path):
            continue
        found = _Config(path).find(registry, repository)
        if not isinstance(found, Anonymous):
            return found
        reasons.append(found.why)
    why = "; ".join(reasons) or f"there is no {next(_paths(environment))}"
    return Anonymous(why=why)


def _paths(environment: Mapping[str, str]) -> Iterator[str]:
    home = environment.get("HOME") or os.path.expanduser("~")
    yield os.path.join(environment.get("DOCKER_CONFIG") or f"{home}/.docker", "config.json")
    if named := environment.get("REGISTRY_AUTH_FILE"):
        yield named
    runtime = environment.get("XDG_RUNTIME_DIR")
    yield (
        f"{runtime}/containers/auth.json" if runtime else f"/run/containers/{_user_id()}/auth.json"
    )
    config = environment.get("XDG_CONFIG_HOME") or f"{home}/.config"
    yield os.path.join(config, "containers", "auth.json")


def _user_id() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0


class _Config:
    """One file."""

    def __init__(self, path: str) -> None:
        self._path = path
        try:
            self._json = Json.parse(files.read(path, largest=LARGEST_FILE))
        except ParseError as error:
            raise self._unreadable(error) from None

    def find(self, registry: str, repository: str) -> RegistryCredential:
        """Return the credential that the file has, or has a helper for."""
        try:
            return self._find(registry, repository)
        except ParseError as error:
            raise self._unreadable(error) from None

    def _find(self, registry: str, repository: str) -> RegistryCredential:
        names = _names(registry, repository)
        reasons: list[str] = []
        for found in self._known(registry, names):
            if not isinstance(found, Anonymous):
                return replace(found, headers=self._headers())
            reasons.append(found.why)
        return Anonymous(why="; ".join(filter(None, reasons)))

    def _known(self, registry: str, names: tuple[str, ...]) -> Iterator[RegistryCredential]:
        # One after the other: a helper that need not be asked may want a person to unlock it.
        yield from self._from_helpers(names)
        yield self._from_store(registry)
        yield self._written(names)

    def _from_helpers(self, names: tuple[str, ...]) -> Iterator[RegistryCredential]:
        helpers = self._json.optional_object("credHelpers")
        if helpers is not None:
            named = next(filter(helpers.has, names), None)
            if named is not None:
                yield ask_helper(helpers.text(named), named)

    def _from_store(self, registry: str) -> RegistryCredential:
        store = self._json.optional_text("credsStore")
        if not store:
            return Anonymous(why="")
        return ask_helper(store, _HUB[0] if registry == DOCKER_HUB else registry)

    def _written(self, names: tuple[str, ...]) -> RegistryCredential:
        auths = self._json.optional_object("auths")
        keys = () if auths is None else auths.names()
        plain = {_plain(key): key for key in keys}
        for name in names:
            key = name if name in keys else plain.get(name)
            if auths is not None and key is not None:
                found = _entry(auths.object(key), self._path)
                if not isinstance(found, Anonymous):
                    return found
        return Anonymous(why=f"{self._path} has none for {names[-1]}")

    def _headers(self) -> Headers:
        headers = self._json.optional_object("HttpHeaders")
        if headers is None:
            return ()
        pairs = ((name, headers.text(name)) for name in headers.names())
        return tuple(
            (name, text)
            for name, text in pairs
            if _HEADER.fullmatch(name) and name.lower() not in _OWN_HEADERS and text.isprintable()
        )

    def _unreadable(self, error: ParseError) -> InputError:
        return InputError(f"{shown(self._path)} cannot be read: {error.message}")


def _names(registry: str, repository: str) -> tuple[str, ...]:
    """Return what an entry for *repository* may be called: the most of it first."""
    parts = repository.split("/")
    hosts = _HUB if registry == DOCKER_HUB else (registry,)
    under = ("/".join(parts[:size]) for size in range(len(parts), 0, -1))
    return (*(f"{host}/{path}" for path in under for host in hosts[1:] or hosts), *hosts)


def _plain(key: str) -> str:
    """Return the host that *key* names by a URL, as docker once wrote them."""
    match = _AS_URL.fullmatch(key)
    return match[1] if match else key


def _entry(json: Json, path: str) -> RegistryCredential:
    """Read what is written down for one registry."""
    if token := json.optional_text("registrytoken"):
        return RegistryToken(secret=token, source=path)
    if token := json.optional_text("identitytoken"):
        return IdentityToken(secret=token, source=path)
    user, secret = json.optional_text("username") or "", json.optional_text("password") or ""
    if auth := json.optional_text("auth"):
        user, secret = json.within("auth", _user_and_password, auth)
    if not secret:
        return Anonymous(why="")
    if user == TOKEN_USER:
        return IdentityToken(secret=secret, source=path)
    return Password(user=user, secret=secret, source=path)


def _user_and_password(text: str) -> tuple[str, str]:
    try:
        user, colon, password = b64decode(text).decode("utf-8").partition(":")
    except UnicodeDecodeError:
        raise ParseError("not a user and a password") from None
    if not colon:
        raise ParseError("not a user and a password")
    return user, password.rstrip("\0")

# SPDX-License-Identifier: Apache-2.0
"""A registry of container images, in memory (OCI distribution specification 1.1).

    /v2/                           is this a registry, and who may use it
    /v2/APP/blobs/uploads/         pushed in one piece or many, or taken over from another APP
    /v2/APP/blobs/DIGEST
    /v2/APP/manifests/REFERENCE    by tag or digest
    /v2/APP/tags/list              in pages
    /v2/APP/referrers/DIGEST       what is about a manifest, in pages; or there is no such thing
    /token                         where access is by token

It holds clients to the specification: a digest has to be that of what was sent, a piece of a blob
to follow the one before it, a client's `Accept` to name what it is about to get.
"""

import re
from collections.abc import Callable, Mapping
from threading import Lock
from urllib.parse import unquote, urlsplit

from keyless.sandbox.answering import json_response
from keyless.sandbox.registry.access import Access, Basic, Bearer, Open, Scope
from keyless.sandbox.registry.blobs import delete_blob, get_blob
from keyless.sandbox.registry.habits import MODERN, Habits
from keyless.sandbox.registry.lists import list_referrers, list_tags
from keyless.sandbox.registry.manifests import delete_manifest, get_manifest, put_manifest
from keyless.sandbox.registry.refusals import RegistryRefusedError, unknown
from keyless.sandbox.registry.repository import Repository
from keyless.sandbox.registry.uploads import (
    cancel_upload,
    continue_upload,
    finish_upload,
    show_upload,
    start_upload,
)
from keyless.services.http import Request, Response
from keyless.value import replace

__all__ = ["Basic", "Bearer", "Habits", "Open", "Registry"]

DEFAULT_URL = "https://registry.sandbox.test"

_PATH = re.compile(r"/v2/(.+)/(blobs/uploads|blobs|manifests|tags|referrers)/([^/]*)")
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_ACTIONS = {"GET": frozenset({"pull"}), "DELETE": frozenset({"delete"})}
_PUSH = frozenset({"pull", "push"})

_Route = Callable[[Repository, Request, str], Response]


class Registry:
    """A registry that lets in whom *access* does, in the ways of its *habits*.

    May be shared between threads.
    """

    def __init__(
        self, *, url: str = DEFAULT_URL, access: Access | None = None, habits: Habits = MODERN
    ) -> None:
        self._lock = Lock()
        self._repositories: dict[str, Repository] = {}
        self.access = access or Open()
        self.habits = habits
        self.url = url

    def handle(self, request: Request) -> Response:
        """Answer *request*."""
        if (answer := self.access.answer(request)) is not None:
            return answer
        if request.method != "HEAD":
            return self._answer(request)
        answer = self._answer(replace(request, method="GET"))
        length = ("Content-Length", str(len(answer.body)))
        return replace(answer, headers=(*answer.headers, length), body=b"")

    def repository(self, name: str) -> Repository:
        """Return the repository *name*, which is made when somebody first asks for it."""
        repository = self._repositories.setdefault(name, Repository(name, self.habits))
        repository.habits = self.habits  # which may have changed
        return repository

    def _answer(self, request: Request) -> Response:
        try:
            with self._lock:
                answer = self._routed(request)
        except RegistryRefusedError as refusal:
            answer = refusal.to_response()
        version = ("Docker-Distribution-Api-Version", "registry/2.0")
        return replace(answer, headers=(*answer.headers, version))

    def _routed(self, request: Request) -> Response:
        path = unquote(urlsplit(request.url).path)
        if path in ("/v2", "/v2/"):
            self.access.check(request, None)
            return json_response({})
        match = _PATH.fullmatch(path)
        if match is None:
            raise unknown("NAME_UNKNOWN", "such place in a registry")
        name, kind, rest = match.groups()
        if not _NAME.fullmatch(name):
            raise RegistryRefusedError(400, "NAME_INVALID", "not the name of a repository")
        self.access.check(request, Scope(name=name, actions=_actions(request.method, kind)))
        if (request.method, kind, rest) == ("POST", "blobs/uploads", ""):
            return start_upload(self.repository(name), request, self._neighbour(request))
        if (route := _ROUTES.get((request.method, kind))) is None:
            raise RegistryRefusedError(405, "UNSUPPORTED", "that cannot be done here")
        return route(self.repository(name), request, rest)

    def _neighbour(self, request: Request) -> Callable[[str, str], bytes | None]:
        """Return what finds a blob in another repository, as far as *request* may look there."""

        def neighbour(name: str, digest: str) -> bytes | None:
            try:
                self.access.check(request, Scope(name=name, actions=_ACTIONS["GET"]))
                return self.repository(name).blob(digest)
            except RegistryRefusedError:
                return None

        return neighbour


def _actions(method: str, kind: str) -> frozenset[str]:
    return _PUSH if kind == "blobs/uploads" else _ACTIONS.get(method, _PUSH)


_ROUTES: Mapping[tuple[str, str], _Route] = {
    ("GET", "blobs/uploads"): show_upload,
    ("PATCH", "blobs/uploads"): continue_upload,
    ("PUT", "blobs/uploads"): finish_upload,
    ("DELETE", "blobs/uploads"): cancel_upload,
    ("GET", "blobs"): get_blob,
    ("DELETE", "blobs"): delete_blob,
    ("GET", "manifests"): get_manifest,
    ("PUT", "manifests"): put_manifest,
    ("DELETE", "manifests"): delete_manifest,
    ("GET", "tags"): list_tags,
    ("GET", "referrers"): list_referrers,
}

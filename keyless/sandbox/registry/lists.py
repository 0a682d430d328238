# SPDX-License-Identifier: Apache-2.0
"""Lists, page by page: the tags of a repository, and what refers to a manifest.

Link: </v2/APP/tags/list?n=2&last=1.1>; rel="next"
"""

import json
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from keyless.errors import ParseError
from keyless.protocol.encoding import parse_decimal
from keyless.protocol.json_reader import JsonValue
from keyless.sandbox.answering import json_response, query_of
from keyless.sandbox.registry.habits import ReferrersHabit
from keyless.sandbox.registry.manifest import INDEX
from keyless.sandbox.registry.refusals import RegistryRefusedError, unknown
from keyless.sandbox.registry.repository import Repository, parsed_digest
from keyless.services.http import Request, Response
from keyless.services.http.messages import Headers

_TEXT = (("Content-Type", "text/plain; charset=utf-8"),)
_PAGE = (("Content-Type", "text/html; charset=utf-8"),)
# Word for word as from registries that have never heard of it.
_UNHEARD_OF = Response(status=404, headers=_TEXT, body=b"404 page not found\n")
_ANSWERS: Mapping[ReferrersHabit, Response] = {
    "unknown": _UNHEARD_OF,
    "promised": _UNHEARD_OF,
    "page": Response(status=200, headers=_PAGE, body=b"<!doctype html><title>Sign in</title>"),
    "nothing": json_response({}),
    "invalid": Response(status=400, headers=_TEXT, body=b"bad request\n"),
    "forbidden": Response(status=403, headers=_TEXT, body=b"forbidden\n"),
    "not allowed": Response(status=405, headers=_TEXT, body=b"not allowed\n"),
    "not acceptable": Response(status=406, headers=_TEXT, body=b"not acceptable\n"),
    "not implemented": Response(status=501, headers=_TEXT, body=b"not implemented\n"),
}


def list_tags(repository: Repository, request: Request, asked: str) -> Response:
    """Answer with the tags, in the order of their letters."""
    if asked != "list" or not repository.manifests:
        raise unknown("NAME_UNKNOWN", f"repository {repository.name}")
    names, link = _page(repository, request, sorted(repository.tags), "tags/list")
    return json_response({"name": repository.name, "tags": list[JsonValue](names)}, headers=link)


def list_referrers(repository: Repository, request: Request, digest: str) -> Response:
    """Answer with the manifests that are about the one with *digest*, as an image index."""
    habit = repository.habits.referrers
    if (answer := _ANSWERS.get(habit)) is not None:
        return answer
    subject = parsed_digest(digest)
    found = {str(it.digest): it for it in repository.referrers(subject) if habit == "listed"}
    headers: list[tuple[str, str]] = []
    if wanted := query_of(request).get("artifactType"):
        found = {name: it for name, it in found.items() if it.artifact_type == wanted}
        headers.append(("OCI-Filters-Applied", "artifactType"))
    names, link = _page(repository, request, sorted(found), f"referrers/{subject}")
    index: JsonValue = {
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [found[name].descriptor() for name in names],
    }
    return Response(
        status=200,
        headers=(("Content-Type", INDEX), *headers, *link),
        body=json.dumps(index).encode("utf-8"),
    )


def _page(
    repository: Repository, request: Request, names: Sequence[str], path: str
) -> tuple[Sequence[str], Headers]:
    """Return those of *names* that are asked for, and where the next ones are."""
    query = query_of(request)
    rest = [name for name in names if name > query.get("last", "")]
    sizes = [repository.habits.page, _size(query["n"]) if "n" in query else None]
    size = min((it for it in sizes if it is not None), default=len(rest))
    if size == 0 or size >= len(rest):
        return rest[:size], ()
    more = urlencode({**query, "n": size, "last": rest[size - 1]})
    link = f'</v2/{repository.name}/{path}?{more}>; rel="next"'
    return rest[:size], (("Link", link),)


def _size(text: str) -> int:
    try:
        return parse_decimal(text)
    except ParseError as error:
        raise RegistryRefusedError(400, "PAGINATION_NUMBER_INVALID", error.message) from None

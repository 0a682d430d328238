# SPDX-License-Identifier: Apache-2.0
"""How the services of a sandbox answer: what was asked taken apart, what is said put together."""

import json
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, urlsplit

from keyless.protocol.json_reader import JsonValue
from keyless.services.http import Request, Response

Handler = Callable[[Request], Response]
NOT_FOUND = Response(status=404, headers=(("Content-Type", "text/plain"),), body=b"not found\n")


class RefusedError(Exception):
    """Raised inside a service that refuses a request, with what it answers then."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


def path_under(base: str, request: Request) -> str:
    """Return which path under the URL *base* is asked for; nothing when it is somewhere else."""
    asked, own = urlsplit(request.url).path, urlsplit(base).path.rstrip("/")
    return asked.removeprefix(own).strip("/") if asked.startswith(f"{own}/") else ""


def query_of(request: Request) -> Mapping[str, str]:
    """Return the parameters in the request's URL; of one that stands there twice, the first."""
    return _firsts(urlsplit(request.url).query)


def form_of(request: Request) -> Mapping[str, str]:
    """Return the parameters in the request's body, as forms write them."""
    return _firsts((request.body or b"").decode("utf-8", "replace"))


def media_type(request: Request) -> str:
    """Return what the request's body is said to be, without how it is encoded."""
    return request.header("Content-Type").partition(";")[0].strip().lower()


def json_response(
    content: JsonValue, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()
) -> Response:
    """Answer with *content* as JSON."""
    return Response(
        status=status,
        headers=(("Content-Type", "application/json"), *headers),
        body=json.dumps(content, separators=(",", ":")).encode("utf-8"),
    )


def data_response(data: bytes, kind: str, *, status: int = 200) -> Response:
    """Answer with *data*, of the media type *kind*."""
    return Response(status=status, headers=(("Content-Type", kind),), body=data)


def refused(
    status: int, message: str, *, code: int | None = None, headers: tuple[tuple[str, str], ...] = ()
) -> Response:
    """Refuse, in the form that Sigstore's services share; *code* is gRPC's where that is used."""
    if code is None:
        return json_response({"code": status, "message": message}, status=status, headers=headers)
    content: JsonValue = {"code": code, "message": message, "details": []}
    return json_response(content, status=status, headers=headers)


def _firsts(text: str) -> Mapping[str, str]:
    try:
        pairs = parse_qs(text, keep_blank_values=True, max_num_fields=64)
    except ValueError:  # more fields than that
        return {}
    return {name: values[0] for name, values in pairs.items()}

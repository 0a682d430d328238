# SPDX-License-Identifier: Apache-2.0
"""The one way to other machines.

A service builds its `Request` (pure), gives it to `send` (the only seam to the network), and parses
the `Response` (pure). What carries it is a `Transport`: `requests` in production, a list or a
sandbox in tests. A transport answers with whatever status the server gave; `send` alone takes one
for an error, so that what the server said is never lost.
"""

import re
from collections.abc import Collection, Iterable

from keyless.errors import ParseError, ServiceError
from keyless.protocol.json_reader import Json
from keyless.safe_text import shown
from keyless.services.http.messages import (
    PassingError,
    Request,
    Response,
    Transport,
    Upload,
    joined,
    place,
)
from keyless.services.http.patience import PASSING, PATIENCE, Patience, awaited, persistent
from keyless.services.http.scrub import scrubbed

__all__ = [
    "PATIENCE",
    "PassingError",
    "Patience",
    "Request",
    "Response",
    "Transport",
    "Upload",
    "awaited",
    "joined",
    "persistent",
    "place",
    "requests_transport",
    "send",
    "server_words",
]

LONGEST_QUOTE = 500
# Where the services of Sigstore, and those of OAuth, say in JSON what went wrong.
_JSON_WORDS = ("message", "error_description", "detail", "error")
# By which whoever runs a server finds a request in its logs.
_REQUEST_IDS = ("X-Request-Id", "Request-Id", "X-Correlation-Id", "X-Cloud-Trace-Context", "CF-Ray")
_HTML = re.compile(r"\s*(<!doctype html|<html)", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>([^<]*)", re.IGNORECASE)
_STRANGE = (
    "something else may have answered in its place, as a proxy; or the service is not where the "
    "configuration says: bring trust up to date"
)


def send(
    transport: Transport,
    request: Request,
    *,
    service: str,
    also: Collection[int] = (),
) -> Response:
    """Have *transport* carry *request* to *service*; raise ServiceError unless it says yes.

    A status in *also* is no error either.
    """
    try:
        response = transport(request)
    except ServiceError as error:
        raise ServiceError(
            f"the {service} cannot be asked: {scrubbed(error.message, request.confidences)}",
            service=service,
            hint=error.hint or _STRANGE,
        ) from None
    if 200 <= response.status < 300 or response.status in also:
        return response
    raise _refusal(request, response, service)


def server_words(response: Response, *, secrets: Iterable[str] = ()) -> str:
    """Return what the server says of its answer, safe to show and short; nothing if it does not.

    What it says of *secrets* is left out.
    """
    if 300 <= response.status < 400:
        target = shown(scrubbed(response.header("Location"), secrets), longest=LONGEST_QUOTE)
        return f"it points to {target or 'nowhere'}, which is not followed"
    words = _json_words(response.body) or _plain_words(response.body)
    return shown(scrubbed(words[: 8 * LONGEST_QUOTE], secrets).strip(), longest=LONGEST_QUOTE)


def requests_transport(patience: Patience = PATIENCE, *, ca: str | None = None) -> Transport:
    """Return the transport that asks the network; nothing is imported or opened until it is used.

    It may be shared between threads. What fails and may pass is tried again with *patience*. Who
    answers is vouched for by the authorities in the file *ca*, or those that this machine trusts.
    It pickles, so that other processes may ask as well.
    """
    return _Network(patience, ca)


class _Network:
    """The network as a transport; to another process it goes as what it was made of."""

    def __init__(self, patience: Patience, ca: str | None) -> None:
        self._made_of = patience, ca
        self._carrier: Transport | None = None
        self._persistent = persistent(self._carry, patience)

    def __call__(self, request: Request) -> Response:
        return self._persistent(request)

    def __reduce__(self) -> tuple[object, ...]:
        return _Network, self._made_of

    def _carry(self, request: Request) -> Response:
        if self._carrier is None:
            # What it imports takes 90 ms: who asks nothing of the network does not wait for that.
            from keyless.services.http.carrier import carrier  # noqa: PLC0415

            self._carrier = carrier(self._made_of[1])
        return self._carrier(request)


def _refusal(request: Request, response: Response, service: str) -> ServiceError:
    words = server_words(response, secrets=request.confidences)
    said = f": {words}" if words else ""
    request_id = next(filter(None, map(response.header, _REQUEST_IDS)), "")
    if request_id:
        said += f" (request {shown(scrubbed(request_id, request.confidences), longest=80)})"
    seconds = PATIENCE.asked_by(response)
    later = f"try again in {seconds:.0f} seconds, as it asks" if seconds else "try again later"
    return ServiceError(
        f"the {service} answered {response.status}{said}",
        service=service,
        status=response.status,
        hint=later if response.status in PASSING else _advice(response.status),
    )


def _advice(status: int) -> str:
    """Say what to do about a *status* that will be the same the next time."""
    match status:
        case 401 | 403:
            return (
                "it does not serve everybody: a proxy may stand in between, or its owner may know"
            )
        case 413:
            return "what it was sent is too large for it"
        case _:
            return _STRANGE


def _json_words(body: bytes) -> str:
    try:
        json = Json.parse(body)
    except ParseError:
        return ""
    words = (json.value(name) for name in _JSON_WORDS)
    return next((each for each in words if isinstance(each, str) and each), "")


def _plain_words(body: bytes) -> str:
    text = body[: 8 * LONGEST_QUOTE].decode("utf-8", "replace")
    if not _HTML.match(text):
        return text
    title = _TITLE.search(text)
    return f"a page with the title {title[1].strip()!r}" if title else "a page for a browser"

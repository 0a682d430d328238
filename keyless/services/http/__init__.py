# SPDX-License-Identifier: Apache-2.0
"""The one way to other machines.

A service builds its `Request` (pure), gives it to `send` (the only seam to the network), and parses
the `Response` (pure). What carries it is a `Transport`: `requests` in production, a list or a
sandbox in tests. A transport answers with whatever status the server gave; `send` alone takes one
for an error, so that what the server said is never lost.
"""

import time
from collections.abc import Callable

from keyless.errors import ParseError, ServiceError
from keyless.protocol.json_reader import Json
from keyless.safe_text import shown
from keyless.services.http.messages import Request, Response, Transport

__all__ = ["Request", "Response", "Transport", "requests_transport", "send"]

# Another try may help where a server is busy, or one of several behind a name is gone.
ATTEMPTS = 3
FIRST_PAUSE = 0.25
PASSING = (429, 502, 503, 504)
REPEATABLE = ("GET", "HEAD")

LONGEST_QUOTE = 500
# Where the services of Sigstore, and those of OAuth, say in JSON what went wrong.
_JSON_WORDS = ("message", "error_description", "detail", "error")


def send(transport: Transport, request: Request, *, service: str) -> Response:
    """Have *transport* carry *request* to *service*; raise ServiceError unless it says yes."""
    try:
        response = transport(request)
    except ServiceError as error:
        raise ServiceError(
            f"the {service} cannot be asked: {error.message}", service=service, hint=error.hint
        ) from None
    if 200 <= response.status < 300:
        return response
    words = server_words(response)
    raise ServiceError(
        f"the {service} answered {response.status}" + (f": {words}" if words else ""),
        service=service,
        status=response.status,
        hint="try again later" if response.status in (*PASSING, 500) else None,
    )


def server_words(response: Response) -> str:
    """Return what the server says of its answer, safe to show and short; nothing if it does not."""
    if 300 <= response.status < 400:
        target = shown(response.header("Location"), longest=LONGEST_QUOTE)
        return f"it points to {target or 'nowhere'}, which is not followed"
    text = response.body[: 8 * LONGEST_QUOTE].decode("utf-8", "replace").strip()
    return shown(_json_words(response.body) or text, longest=LONGEST_QUOTE)


def requests_transport(
    *, attempts: int = ATTEMPTS, pause: Callable[[float], None] = time.sleep
) -> Transport:
    """Return the transport that asks the network; nothing is imported or opened until it is used.

    What can be repeated without harm is tried up to *attempts* times, with a *pause* in between.
    """
    carriers: list[Transport] = []

    def transport(request: Request) -> Response:
        if not carriers:
            # What it imports takes 90 ms: who asks nothing of the network does not wait for that.
            from keyless.services.http.carrier import carrier  # noqa: PLC0415

            carriers.append(carrier())
        return _carried(carriers[0], request, attempts, pause)

    return transport


def _carried(
    carrier: Transport, request: Request, attempts: int, pause: Callable[[float], None]
) -> Response:
    for attempt in range(1, attempts if request.method in REPEATABLE else 1):
        try:
            response = carrier(request)
            if response.status not in PASSING:
                return response
        except ServiceError:
            pass  # the last try says why
        pause(FIRST_PAUSE * 2 ** (attempt - 1))
    return carrier(request)


def _json_words(body: bytes) -> str | None:
    try:
        json = Json.parse(body)
    except ParseError:
        return None
    words = (json.value(name) for name in _JSON_WORDS)
    return next((each for each in words if isinstance(each, str) and each), None)

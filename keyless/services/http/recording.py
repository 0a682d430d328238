# SPDX-License-Identifier: Apache-2.0
"""Every word spoken with other machines, for whoever wants to see; hidden are secrets alone.

What is sent or comes piece by piece is not kept.
"""

import re
from collections.abc import Iterable, MutableSequence

from keyless.services.http.messages import Headers, Request, Response, Transport
from keyless.services.http.scrub import HIDDEN, scrubbed
from keyless.value import replace, value

# An issuer answers with a token, which no request has named as a secret.
_TOKEN = re.compile(rb"eyJ[\w-]+\.[\w-]+\.[\w-]+")


@value
class Exchange:
    """What was asked and what was answered; None when there was no answer."""

    request: Request
    response: Response | None


def recording(transport: Transport, log: MutableSequence[Exchange]) -> Transport:
    """Return a transport that does as *transport* does, and adds each exchange to *log*."""

    def carry(request: Request) -> Response:
        asked = _told(request)
        try:
            response = transport(request)
        except BaseException:
            log.append(Exchange(request=asked, response=None))
            raise
        secrets = request.confidences
        answered = replace(
            response,
            headers=_without(response.headers, secrets),
            body=_blanked(response.body, secrets),
            stream=None,
        )
        log.append(Exchange(request=asked, response=answered))
        return response

    return carry


def _told(request: Request) -> Request:
    secrets = request.confidences
    return replace(
        request,
        headers=_without(request.headers, secrets),
        body=None if request.body is None else _blanked(request.body, secrets),
        secrets=(),
        upload=None,
    )


def _without(headers: Headers, secrets: Iterable[str]) -> Headers:
    secrets = tuple(secrets)
    return tuple((name, scrubbed(text, secrets)) for name, text in headers)


def _blanked(body: bytes, secrets: Iterable[str]) -> bytes:
    for secret in filter(None, secrets):
        body = body.replace(secret.encode("utf-8", "surrogateescape"), HIDDEN.encode())
    return _TOKEN.sub(HIDDEN.encode(), body)

# SPDX-License-Identifier: Apache-2.0
"""The authority that says when: a client of RFC 3161 over HTTP (RFC 3161, 3.4)."""

import secrets
from collections.abc import Callable

from keyless.protocol.timestamp import LARGEST_TIMESTAMP, Timestamp
from keyless.protocol.timestamp_request import TimestampRequest
from keyless.services.answers import answer_of
from keyless.services.http import Request, Transport, place, send

SECONDS = 20.0


def _nonce() -> int:
    return secrets.randbits(64)


class TimestampService:
    """The timestamp authority at *url*; *nonce* makes a new number for each request."""

    def __init__(
        self, url: str, transport: Transport, *, nonce: Callable[[], int] = _nonce
    ) -> None:
        self.name = f"timestamp authority {place(url)}"
        self._url = url
        self._transport = transport
        self._nonce = nonce

    def timestamp(self, signature: bytes) -> Timestamp:
        """Have *signature* timestamped.

        The timestamp that comes is for this signature and this request; that the authority is
        trusted is yet to be verified.
        """
        wanted = TimestampRequest.over(signature, nonce=self._nonce())
        request = Request(
            method="POST",
            url=self._url,
            headers=(
                ("Accept", "application/timestamp-reply"),
                ("Content-Type", "application/timestamp-query"),
            ),
            body=wanted.to_der(),
            seconds=SECONDS,
            largest=LARGEST_TIMESTAMP,
        )
        response = send(self._transport, request, service=self.name)
        with answer_of(self.name):
            timestamp = Timestamp.parse(response.body)
            wanted.check_answer(timestamp)
        return timestamp

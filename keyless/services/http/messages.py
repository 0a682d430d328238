# SPDX-License-Identifier: Apache-2.0
"""What is asked of another machine and what it answers, as values."""

from collections.abc import Callable

from keyless.value import value

# A plan for the worst a server may do: never answer, drip, or send without end.
CONNECT_SECONDS = 10.0
TOTAL_SECONDS = 60.0
LARGEST_BODY = 16 << 20


@value
class Request:
    """What is asked.

    *largest* bounds the answer, as it came and as it is when decompressed; *seconds* bounds how
    long it may take.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    seconds: float = TOTAL_SECONDS
    largest: int = LARGEST_BODY


@value
class Response:
    """What was answered, whether it is good news or not."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str:
        """Return the first header *name*, in any case of letters; nothing when there is none."""
        return next((text for key, text in self.headers if key.lower() == name.lower()), "")


Transport = Callable[[Request], Response]

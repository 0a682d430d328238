# SPDX-License-Identifier: Apache-2.0
"""What is asked of another machine and what it answers, as values."""

from collections.abc import Callable

from keyless.errors import ServiceError
from keyless.safe_text import shown
from keyless.value import value

# A plan for the worst a server may do: never answer, drip, or send without end.
CONNECT_SECONDS = 10.0
TOTAL_SECONDS = 60.0
LARGEST_BODY = 16 << 20

Headers = tuple[tuple[str, str], ...]


@value
class Request:
    """What is asked.

    *largest* bounds the answer, as it came and as it is when decompressed; *seconds* bounds how
    long it may take. What stands in `Authorization`, and *secrets* in the body, nobody is shown.
    """

    method: str
    url: str
    headers: Headers = ()
    body: bytes | None = None
    seconds: float = TOTAL_SECONDS
    largest: int = LARGEST_BODY
    secrets: tuple[str, ...] = ()

    def header(self, name: str) -> str:
        """Return the first header *name*, in any case of letters; nothing when there is none."""
        return _header(self.headers, name)

    @property
    def confidences(self) -> tuple[str, ...]:
        """What must not be repeated."""
        return (*self.secrets, *self.header("Authorization").split(" ")[1:])

    @property
    def host(self) -> str:
        """Where it is sent: host and port, safe to show."""
        return place(self.url)

    def __repr__(self) -> str:
        size = "" if self.body is None else f", {len(self.body)} bytes"
        return f"Request({self.method} to {self.host}{size})"


@value
class Response:
    """What was answered, whether it is good news or not."""

    status: int
    headers: Headers = ()
    body: bytes = b""

    def header(self, name: str) -> str:
        """Return the first header *name*, in any case of letters; nothing when there is none."""
        return _header(self.headers, name)

    def __repr__(self) -> str:
        return f"Response({self.status}, {len(self.body)} bytes)"


class PassingError(ServiceError):
    """Raised by a transport that could not get an answer now, but may if it is asked again."""


# Answers whatever the server says, a refusal too; raises ServiceError when there is no answer.
Transport = Callable[[Request], Response]


def place(url: str) -> str:
    """Return where *url* is: host and port, safe to show."""
    # Never with what stands before an "@": that may be a password.
    authority = url.partition("://")[2].partition("/")[0]
    return shown(authority.rpartition("@")[2] or url, longest=120)


def joined(url: str, path: str) -> str:
    """Return the URL of *path* under *url*, which may have a path of its own and keeps it."""
    return f"{url.rstrip('/')}/{path}"


def _header(headers: Headers, name: str) -> str:
    return next((text for key, text in headers if key.lower() == name.lower()), "")

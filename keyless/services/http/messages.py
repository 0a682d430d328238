# SPDX-License-Identifier: Apache-2.0
"""What is asked of another machine and what it answers, as values."""

import re
from collections.abc import Callable, Iterable, Iterator

from keyless.errors import ServiceError
from keyless.safe_text import shown
from keyless.value import value

# A plan for the worst a server may do: never answer, drip, or send without end.
CONNECT_SECONDS = 10.0
TOTAL_SECONDS = 60.0
LARGEST_BODY = 16 << 20

Headers = tuple[tuple[str, str], ...]

# With what a URL goes on after its host; a backslash is one to those who ask.
_AFTER_HOST = re.compile(r"[/?#\\]")


@value
class Upload:
    """A body that is sent piece by piece: *size* bytes, in the *pieces* that are had by asking.

    Where they may be asked for *again*, what failed is tried again.
    """

    size: int
    pieces: Callable[[], Iterable[bytes]]
    again: bool = True


@value
class Request:
    """What is asked.

    *largest* bounds the answer, as it came and as it is when decompressed; *seconds* bounds how
    long it may take. What stands in `Authorization`, and *secrets* in the body, nobody is shown.

    What is too large to be held comes piece by piece: an *upload* in place of a body, and, where it
    is asked to be *streamed*, an answer with what was asked for. Then *seconds* bounds how long
    nothing may move. One that is sent *once* is not repeated when it fails: later, it would mean
    something else.
    """

    method: str
    url: str
    headers: Headers = ()
    body: bytes | None = None
    seconds: float = TOTAL_SECONDS
    largest: int = LARGEST_BODY
    secrets: tuple[str, ...] = ()
    upload: Upload | None = None
    streamed: bool = False
    once: bool = False

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
    """What was answered, whether it is good news or not.

    A *stream*, if there is one, stands in place of the body; it can be read once.
    """

    status: int
    headers: Headers = ()
    body: bytes = b""
    stream: Iterator[bytes] | None = None

    @property
    def pieces(self) -> Iterator[bytes]:
        """The body, however it comes."""
        return iter((self.body,)) if self.stream is None else self.stream

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
    authority = _AFTER_HOST.split(url.partition("://")[2], maxsplit=1)[0]
    return shown(authority.rpartition("@")[2] or url, longest=120)


def joined(url: str, path: str) -> str:
    """Return the URL of *path* under *url*, which may have a path of its own and keeps it."""
    return f"{url.rstrip('/')}/{path}"


def _header(headers: Headers, name: str) -> str:
    return next((text for key, text in headers if key.lower() == name.lower()), "")

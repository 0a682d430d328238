# SPDX-License-Identifier: Apache-2.0
"""What can go wrong between a client and a service, as values: at the network, or at the service.

    sandbox.inject("fulcio", Refuse())                     until it is taken back
    sandbox.inject("rekor_v1", Status(code=503), times=2)  the next two requests
    with sandbox.inject("tsa", Slow(seconds=0.05)): …      for as long as the block lasts

Some come before the service has done anything, and some after it has: then a log has written an
entry down, and only its answer is lost. Services that lie are in `lies` and `log_lies`.
"""

from collections.abc import Callable
from typing import Protocol

from keyless.services.http import Request, Response
from keyless.services.http.messages import Headers
from keyless.value import value

KIB, MIB = 1 << 10, 1 << 20


@value
class Refuse:
    """Nobody takes the connection; the service does not learn of the request."""


@value
class TimeOut:
    """The service does what it was asked to do, and never answers."""


@value
class Slow:
    """The service answers after so many *seconds*."""

    seconds: float


@value
class Dribble:
    """The service answers, and its body takes so many *seconds* to come, piece by piece."""

    seconds: float


@value
class Truncate:
    """The service does what it was asked to do, and its answer breaks off after *kept* bytes."""

    kept: int = 20


@value
class Status:
    """Something answers with the status *code* before the service learns of the request."""

    code: int
    body: bytes = b""
    headers: Headers = ()


@value
class WrongType:
    """Something else answers in place of the service, as the page of a hotel's network does."""

    kind: str = "text/html"
    body: bytes = b"<!doctype html><html><head><title>Please sign in</title></head></html>"


@value
class Huge:
    """The answer has *size* bytes."""

    size: int = 64 * MIB


@value
class HugeCompressed:
    """The answer has *size* bytes, of which gzip makes a thousandth to send."""

    size: int = 1024 * MIB


@value
class Redirect:
    """The service points *to* another place, which would get what was sent once more."""

    to: str = "https://elsewhere.test/"
    code: int = 307


class Party(Protocol):
    """A service of a sandbox, as the other end of a wire."""

    def handle(self, request: Request) -> Response:
        """Answer *request*."""


@value
class Lie:
    """What one of the *services* says that is well formed and wrong.

    *tell* answers a request in the place of the service; `lies` and `log_lies` have them all.
    """

    name: str
    services: tuple[str, ...]
    tell: Callable[[Party, Request], Response]

    def __repr__(self) -> str:
        return f"Lie({self.name})"


Fault = (
    Refuse
    | TimeOut
    | Slow
    | Dribble
    | Truncate
    | Status
    | WrongType
    | Huge
    | HugeCompressed
    | Redirect
    | Lie
)

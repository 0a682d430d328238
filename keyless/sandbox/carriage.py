# SPDX-License-Identifier: Apache-2.0
"""How requests reach a service in this process, and what they meet on the way.

What a fault does to a connection is said in the words in which the real carrier says it; nobody
waits for it, as the time that it takes is the sandbox's.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import assert_never

from keyless.errors import ServiceError
from keyless.sandbox.clock import Clock
from keyless.sandbox.faults import (
    Dribble,
    Fault,
    Huge,
    HugeCompressed,
    Lie,
    Party,
    Redirect,
    Refuse,
    Slow,
    Status,
    TimeOut,
    Truncate,
    WrongType,
)
from keyless.services.http import PassingError, Request, Response
from keyless.value import replace


def carried(request: Request, party: Party, fault: Fault | None, clock: Clock) -> Response:
    """Return what *party* answers to *request*, unless *fault* keeps it from doing so."""
    request = _whole(request)
    match fault:
        case None:
            return party.handle(request)
        case Refuse():
            raise _passing(
                f"{request.host} cannot be reached (it refuses, in this sandbox)", request
            )
        case TimeOut():
            party.handle(request)
            raise _too_late(request, clock)
        case Slow(seconds=seconds) | Dribble(seconds=seconds):
            return _slow(party.handle(request), seconds, request, clock)
        case Truncate(kept=kept):
            return _truncated(party.handle(request), kept, request)
        case Huge(size=size) | HugeCompressed(size=size):
            return _huge(size, request)
        case Lie():
            return fault.tell(party, request)
        case _:
            return instead(fault)


def instead(fault: Status | WrongType | Redirect) -> Response:
    """Return what is answered in place of the service."""
    match fault:
        case Status():
            return Response(status=fault.code, headers=fault.headers, body=fault.body)
        case WrongType():
            headers = (("Content-Type", fault.kind),)
            return Response(status=200, headers=headers, body=fault.body)
        case Redirect():
            return Response(status=fault.code, headers=(("Location", fault.to),))
        case _:
            assert_never(fault)


def _whole(request: Request) -> Request:
    """Return *request* with its body in one piece."""
    if request.upload is None:
        return request
    return replace(request, body=b"".join(request.upload.pieces()), upload=None)


def _truncated(answer: Response, kept: int, request: Request) -> Response:
    if not (request.streamed and answer.status in (200, 206)):
        raise _passing(f"{request.host} breaks off its answer", request)
    return replace(answer, stream=_broken(answer.body[:kept], request))


def _broken(kept: bytes, request: Request) -> Iterator[bytes]:
    yield kept
    raise _passing(f"{request.host} breaks off its answer", request)


def _slow(answer: Response, seconds: float, request: Request, clock: Clock) -> Response:
    if seconds > request.seconds:
        raise _too_late(request, clock)
    clock.advance(timedelta(seconds=seconds))
    return answer


def _huge(size: int, request: Request) -> Response:
    if size > request.largest:
        raise ServiceError(
            f"{request.host} answers with more than the {request.largest} bytes allowed",
            service=request.host,
        )
    return Response(status=200, body=bytes(size))


def _too_late(request: Request, clock: Clock) -> PassingError:
    clock.advance(timedelta(seconds=request.seconds))
    return _passing(
        f"{request.host} takes longer than {request.seconds:g} seconds to answer", request
    )


def _passing(message: str, request: Request) -> PassingError:
    return PassingError(message, service=request.host, hint="try again later")

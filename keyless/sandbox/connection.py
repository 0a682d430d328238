# SPDX-License-Identifier: Apache-2.0
"""One connection of a client to a service that is served: requests read, answers and faults sent.

A fault happens here for real: the connection is cut, the answer comes late, or letter by letter, or
is of a size that nobody wants.
"""

import select
import socket
import struct
import zlib
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from threading import Event
from typing import assert_never

from keyless.sandbox.carriage import instead
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
from keyless.services.http import Request, Response

LARGEST_REQUEST = 1 << 30  # layers of images are large; all of it is in memory
PIECE = 64 << 10
PIECES = 20
_BLOCK = 1 << 20
_BODILESS = frozenset({204, 304})
_PATIENCE = 0.02
_PHRASES = {each.value: each.phrase for each in HTTPStatus}


class Connection(BaseHTTPRequestHandler):
    """Answers what comes over one socket with what *party* says, until the server is *closing*."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60.0

    def __init__(
        self,
        channel: socket.socket,
        *,
        party: Party,
        draw: Callable[[], Fault | None],
        closing: Event,
    ) -> None:
        self._party = party
        self._draw = draw
        self._closing = closing
        # The one thing that the base class asks of a server is to be there.
        super().__init__(channel, channel.getpeername(), None)  # type: ignore[arg-type]  # unused

    def do_GET(self) -> None:
        """Answer a request, of whatever method."""
        request = self._request()
        if request is not None:
            self._answer(request, self._draw())

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - as they are looked up

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - the base class's name
        """Log nothing: standard error is not ours."""

    def _request(self) -> Request | None:
        try:
            body = b"".join(self._body())
        except ValueError:
            said = b"the request has no body that can be read, of %d bytes at most\n"
            self._send(Response(status=400, body=said % LARGEST_REQUEST))
            self.close_connection = True
            return None
        host, port = self.connection.getsockname()[:2]
        return Request(
            method=self.command,
            url=f"http://{host}:{port}{self.path}",
            headers=tuple(self.headers.items()),
            body=body or None,
        )

    def _body(self) -> Iterator[bytes]:
        """Yield the request's body, of a known length or in chunks; ValueError if it is neither."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            size = int(self.rfile.readline(80), 16)
            while size:
                yield self._read(size)
                self.rfile.readline(80)
                size = int(self.rfile.readline(80), 16)
            self.rfile.readline(80)
        else:
            yield self._read(int(self.headers.get("Content-Length", "0")))

    def _read(self, size: int) -> bytes:
        if not 0 <= size <= LARGEST_REQUEST:
            raise ValueError
        return self.rfile.read(size)

    def _answer(self, request: Request, fault: Fault | None) -> None:
        match fault:
            case None | TimeOut() | Slow() | Dribble() | Truncate():
                self._deliver(self._party.handle(request), fault)
            case Lie():
                self._send(fault.tell(self._party, request))
            case Refuse():
                self._cut(struct.pack("ii", 1, 0))  # without a farewell: a reset
            case Huge() | HugeCompressed():
                self._send_huge(fault)
            case Status() | WrongType() | Redirect():
                self._send(instead(fault))
            case _:
                assert_never(fault)

    def _deliver(self, answer: Response, fault: TimeOut | Slow | Dribble | Truncate | None) -> None:
        """Send the service's own *answer*, in the way that *fault* leaves to it."""
        match fault:
            case None:
                self._send(answer)
            case TimeOut():
                self._await_leaving()
            case Slow(seconds=seconds):
                self._closing.wait(seconds)
                self._send(answer)
            case Dribble(seconds=seconds):
                self._dribble(answer, seconds)
            case Truncate(kept=kept):
                self._write(_head(answer) + answer.body[:kept])
                self._cut()
            case _:
                assert_never(fault)

    def _send(self, answer: Response) -> None:
        has_body = self.command != "HEAD" and answer.status not in _BODILESS
        self._write(_head(answer) + (answer.body if has_body else b""))

    def _dribble(self, answer: Response, seconds: float) -> None:
        self._write(_head(answer))
        size = max(1, -(-len(answer.body) // PIECES))
        for start in range(0, len(answer.body), size):
            self._closing.wait(seconds / PIECES)
            self._write(answer.body[start : start + size])

    def _send_huge(self, fault: Huge | HugeCompressed) -> None:
        kind = ("Content-Type", "application/json")
        if isinstance(fault, Huge):
            length = ("Content-Length", str(fault.size))
            self._write(_head(Response(status=200, headers=(kind, length))))
            pieces: Iterator[bytes] = (bytes(PIECE) for _ in range(0, fault.size, PIECE))
        else:
            encoding = ("Content-Encoding", "gzip"), ("Connection", "close")
            self._write(_head(Response(status=200, headers=(kind, *encoding)), counted=False))
            pieces = _gzipped_zeros(fault.size)
        for piece in pieces:
            self._write(piece)
        self._cut()

    def _await_leaving(self) -> None:
        """Wait until the client has had enough, or the server is closed."""
        while not self._closing.wait(_PATIENCE):
            readable, _, _ = select.select([self.connection], [], [], 0)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                break
        self._cut()

    def _cut(self, linger: bytes = b"") -> None:
        """Have the connection closed, now."""
        if linger:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True

    def _write(self, data: bytes) -> None:
        self.wfile.write(data)


def _head(answer: Response, *, counted: bool = True) -> bytes:
    """Write the status line and the headers; with how long the body is, where nobody says it."""
    lines = [f"HTTP/1.1 {answer.status} {_PHRASES.get(answer.status, 'Unknown')}"]
    lines += [f"{name}: {text}" for name, text in answer.headers]
    if counted and not answer.header("Content-Length") and answer.status not in _BODILESS:
        lines.append(f"Content-Length: {len(answer.body)}")
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1", "replace")


def _gzipped_zeros(size: int) -> Iterator[bytes]:
    """Yield the gzip of *size* zeros, without compressing more than one block of them."""
    yield b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    compressor = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    # After a full flush a block stands for itself, and can be repeated.
    block = compressor.compress(bytes(_BLOCK)) + compressor.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    for _ in range(size // _BLOCK):
        checksum = zlib.crc32(bytes(_BLOCK), checksum)
        yield block
    rest = size % _BLOCK
    yield compressor.compress(bytes(rest)) + compressor.flush()
    yield struct.pack("<II", zlib.crc32(bytes(rest), checksum), size & 0xFFFF_FFFF)

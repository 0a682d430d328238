# SPDX-License-Identifier: Apache-2.0
"""A port of this machine that a browser comes back to, for as long as one sign-in takes.

    GET /auth/callback?code=…&state=…     the answer: 303 to
    GET /auth/done/{random}               what has come of it, once that is known

The second address is there so that the code does not stay in the browser's, nor in what people
photograph of it. Browsers take `localhost` for 127.0.0.1 or for ::1, so both are listened on, and
nothing else: nobody on the network can connect. But every program on this machine can, and every
page in a browser can have it send something: `answers` tells what is the answer, and here no
request can keep another from being served.
"""

import errno
import secrets
import selectors
import socket
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Self

from keyless.auth.answers import CALLBACK, Answers, Verdict
from keyless.auth.pages import HEADERS, Page, absent_page, late_page, stray_page
from keyless.errors import LoginError, LoginFailure
from keyless.safe_text import shown

REQUEST_SECONDS = 10.0
MOST_CONNECTIONS = 64
# So long the port stays open for a browser to be shown what has come of it.
FAREWELL_SECONDS = 3.0
_DONE = "/auth/done/"
_ATTEMPTS = 20


class Loopback:
    """Listens for the browser to bring one of *answers*; as a context manager, until its end."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._sockets = _listening()
        self.port: int = self._sockets[0].getsockname()[1]
        self._done = _DONE + secrets.token_urlsafe(12)
        self._result: Page | None = None
        self._is_known, self._is_shown, self._closing = Event(), Event(), Event()
        self._changing = Lock()
        self._channels: set[socket.socket] = set()
        self._woken, self._waking = socket.socketpair()
        self._came_back = False
        self._thread = Thread(target=self._accept, name="keyless sign-in", daemon=True)
        self._thread.start()

    @property
    def redirect(self) -> str:
        """Where a browser is to come back to."""
        return f"http://localhost:{self.port}{CALLBACK}"

    def show(self, page: Page) -> None:
        """Show *page* to the browser that brought the answer, and wait a moment until it has it."""
        self._answers.close()
        self._result = page
        self._is_known.set()
        if self._came_back:
            self._is_shown.wait(FAREWELL_SECONDS)

    def answer(self, host: str, path: str, query: str) -> tuple[Page, str]:
        """Answer a request: with a page, and where to find it unless it is to be shown here."""
        if host.lower() not in self._hosts():
            # Some page has had its own name lead here, so that it may read what is answered.
            return absent_page(400), ""
        if path == self._done:
            self._is_known.wait()
            return self._result or late_page(Verdict.OVER.value), ""
        if path != CALLBACK:
            return absent_page(), ""
        verdict = self._answers.offer(query)
        if verdict is Verdict.TAKEN:
            self._came_back = True
            return Page(status=303, body=b""), self._done
        is_late = verdict in (Verdict.SECOND, Verdict.OVER)
        return (late_page if is_late else stray_page)(verdict.value), ""

    def told(self, path: str) -> None:
        """Note that the page at *path* was sent."""
        if path == self._done:
            self._is_shown.set()

    def close(self) -> None:
        """Listen no more; what is being answered is cut off."""
        self._answers.close()
        self._closing.set()
        self._is_known.set()
        self._waking.send(b"\0")
        self._thread.join()
        with self._changing:
            for channel in self._channels:
                with suppress(OSError):
                    channel.shutdown(socket.SHUT_RDWR)
        for each in (*self._sockets, self._woken, self._waking):
            each.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _hosts(self) -> set[str]:
        return {f"{name}:{self.port}" for name in ("localhost", "127.0.0.1", "[::1]")}

    def _accept(self) -> None:
        with selectors.DefaultSelector() as selector:
            for each in (self._woken, *self._sockets):
                selector.register(each, selectors.EVENT_READ)
            while not self._closing.is_set():
                for key, _ in selector.select():
                    if key.fileobj is not self._woken:
                        self._connect(key.fileobj)  # type: ignore[arg-type]  # one of ours

    def _connect(self, listening: socket.socket) -> None:
        with suppress(OSError, RuntimeError):  # who knocked has left, or there is no room
            channel, _ = listening.accept()
            channel.settimeout(REQUEST_SECONDS)
            with self._changing:
                if len(self._channels) >= MOST_CONNECTIONS:
                    channel.close()
                    return
                self._channels.add(channel)
            Thread(target=self._serve, args=(channel,), daemon=True).start()

    def _serve(self, channel: socket.socket) -> None:
        try:
            with channel, suppress(OSError, ValueError):  # browsers leave when they like
                _Request(channel, self)
        finally:
            with self._changing:
                self._channels.discard(channel)


class _Request(BaseHTTPRequestHandler):
    """One request over one connection, which is closed after it."""

    protocol_version = "HTTP/1.1"
    timeout = REQUEST_SECONDS

    def __init__(self, channel: socket.socket, loopback: Loopback) -> None:
        self._loopback = loopback
        # The one thing that the base class asks of a server is to be there.
        super().__init__(channel, channel.getpeername(), None)  # type: ignore[arg-type]  # unused

    def do_GET(self) -> None:
        """Answer what a browser asks."""
        path, _, query = self.path.partition("?")
        page, place = self._loopback.answer(self.headers.get("Host", ""), path, query)
        self._send(page, place)
        self._loopback.told(path)

    def do_HEAD(self) -> None:
        """Answer who looks before they go, and take nothing for the answer."""
        self._send(absent_page(405))

    do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD  # noqa: N815 - as looked up

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002 - the base class's
        """Answer what is no request that can be read."""
        self.command = getattr(self, "command", None) or "GET"
        self._send(absent_page(code))

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - the base class's name
        """Log nothing: the code stands in the address."""

    def _send(self, page: Page, place: str = "") -> None:
        self.close_connection = True
        body = b"" if self.command == "HEAD" else page.body
        self.send_response_only(page.status)
        for name, text in HEADERS:
            self.send_header(name, text)
        if place:
            self.send_header("Location", place)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


def _listening() -> tuple[socket.socket, ...]:
    """Listen on one port of both loopback addresses; of one, where there is no other."""
    problem = None
    for _ in range(_ATTEMPTS):
        opened: list[socket.socket] = []
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            port = opened[0].getsockname()[1] if opened else 0
            try:
                opened.append(socket.create_server((address, port), family=family))
            except OSError as error:
                problem = error
        if opened and (len(opened) > 1 or not _is_taken(problem)):
            return tuple(opened)
        for each in opened:
            each.close()
    raise LoginError(
        f"no port of this machine can be listened on, for the browser to come back to: "
        f"{shown(problem)}",
        reason=LoginFailure.NO_PORT,
        hint="sign in with a device code: flow=device",
    )


def _is_taken(problem: OSError | None) -> bool:
    # Somebody else has the same port of the other address: another one is looked for. Elsewhere a
    # machine has no such address at all, and there is nothing to look for.
    return problem is not None and problem.errno == errno.EADDRINUSE

# SPDX-License-Identifier: Apache-2.0
"""A handler of the sandbox's, put on a port of this machine so that others can ask it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from keyless.services.http import Request, Response

Handler = Callable[[Request], Response]


@contextmanager
def serving(handle: Handler) -> Iterator[str]:
    """Have *handle* answer at the URL that is yielded, as long as the block lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Wire)
    url = f"http://127.0.0.1:{server.server_port}"
    server.handle_request_to = handle  # type: ignore[attr-defined]  # for _Wire
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Wire(BaseHTTPRequestHandler):
    """Reads requests off the wire and writes answers onto it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _answer(self) -> None:
        size = int(self.headers.get("Content-Length", "0"))
        request = Request(
            method=self.command,
            url=f"http://{self.headers['Host']}{self.path}",
            headers=tuple(self.headers.items()),
            body=self.rfile.read(size),
        )
        response = self.server.handle_request_to(request)  # type: ignore[attr-defined]  # as above
        self.send_response(response.status)
        for name, text in response.headers:
            self.send_header(name, text)
        if not response.header("Content-Length") and response.status not in {204, 304}:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body)

    # The base class looks for these names.
    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - as above

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's
        """Say nothing."""

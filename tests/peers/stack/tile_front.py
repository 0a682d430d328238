# SPDX-License-Identifier: Apache-2.0
"""The face of a Rekor v2 log: its files are read from a folder, and its one call is passed on.

python -m tests.peers.stack.tile_front PORT FOLDER URL
"""

import http.server
import sys
import urllib.error
import urllib.request
from pathlib import Path

SECONDS = 60  # a log answers when a checkpoint covers the entry
FILES = "/api/v2/"
DROPPED = {"transfer-encoding", "content-length", "connection"}


class Front(http.server.BaseHTTPRequestHandler):
    """One request of a client's."""

    protocol_version = "HTTP/1.1"
    folder: Path
    log: str

    def do_GET(self) -> None:
        """Give out a checkpoint or a tile."""
        path = self.path.removeprefix(FILES)
        file = (self.folder / path).resolve()
        named = self.path.startswith((f"{FILES}tile/", f"{FILES}checkpoint"))
        if not (named and file.is_relative_to(self.folder) and file.is_file()):
            self._answer(404, {}, b"")
            return
        self._answer(200, {"Content-Type": "application/octet-stream"}, file.read_bytes())

    def do_POST(self) -> None:
        """Have the log answer."""
        data = self.rfile.read(int(self.headers["Content-Length"]))
        kept = {
            name: self.headers[name] for name in ("Content-Type", "Accept") if self.headers[name]
        }
        request = urllib.request.Request(f"{self.log}{self.path}", data, kept)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as response:  # noqa: S310
                self._answer(response.status, dict(response.headers), response.read())
        except urllib.error.HTTPError as error:
            with error:
                self._answer(error.code, dict(error.headers), error.read())
        except OSError as error:
            self._answer(502, {}, f"the log does not answer: {error}".encode())

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, text in headers.items():
            if name.lower() not in DROPPED:
                self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Threads(http.server.ThreadingHTTPServer):
    """Many at once: what waits for a checkpoint keeps nobody waiting."""

    request_queue_size = 256
    daemon_threads = True


def main(port: str, folder: str, log: str) -> None:
    """Serve until ended."""
    Front.folder, Front.log = Path(folder).resolve(), log
    Threads(("localhost", int(port)), Front).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])

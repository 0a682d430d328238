# SPDX-License-Identifier: Apache-2.0
"""A witness for the real log of version 2 to ask: it cosigns what grew out of what it saw.

POST /add-checkpoint   "old 7", a proof, a blank line, the checkpoint (C2SP tlog-witness)
200                    a cosignature's line
409                    the size that the witness has seen, where the log thought of another
"""

import http.server
import threading
from datetime import UTC, datetime
from pathlib import Path

import keyless
from keyless.errors import KeylessError, VerificationError
from keyless.protocol.checkpoint import HINT_SIZE, Checkpoint, cosignature_key_id, note_key_id
from keyless.protocol.encoding import b64decode, b64encode
from keyless.protocol.keys import PublicKey
from keyless.protocol.merkle import root_hash, verify_consistency
from keyless.sandbox.note_writer import Witness
from tests.peers.stack.ports import HOST

NAME = "witness.keyless.test"
_COSIGNATURE = b"\x04"  # what kind of key it is (C2SP signed-note)


class ServedWitness:
    """The witness of the log *origin*, whose key is *key*, answering from `start` to `stop`."""

    def __init__(self, origin: str, key: PublicKey) -> None:
        self._origin, self._key = origin, key
        self._witness = Witness(NAME)
        self._lock = threading.Lock()
        self.size, self.root = 0, root_hash([])
        self.refused: list[str] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            """One request of the log's."""

            def do_POST(handler) -> None:  # noqa: N805 - `self` is the witness
                """Answer it."""
                body = handler.rfile.read(int(handler.headers["Content-Length"]))
                status, kind, words = self._answer(body.decode())
                handler.send_response(status)
                handler.send_header("Content-Type", kind)
                handler.end_headers()
                handler.wfile.write(words.encode())

            def log_message(handler, *_: object) -> None:  # noqa: N805 - as above
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer((HOST, 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def as_wanted(self, quorum: int = 1, *others: keyless.Witness) -> keyless.Witnesses:
        """Return it as whoever verifies wants it, one of several."""
        mine = keyless.Witness(name=NAME, key=self._witness.key)
        return keyless.Witnesses(quorum, mine, *others)

    def write_policy(self, path: Path) -> Path:
        """Write down for the log whom to ask, at *path*."""
        key = self._witness.key
        hint = cosignature_key_id(NAME, key)[:HINT_SIZE].hex()
        name = f"{NAME}+{hint}+{b64encode(_COSIGNATURE + key.spki[-32:])}"
        url = f"http://{HOST}:{self._server.server_port}"
        path.write_text(f"witness ours {name} {url}\nquorum ours\n")
        return path

    def _answer(self, body: str) -> tuple[int, str, str]:
        head, _, envelope = body.partition("\n\n")
        first, *proof = head.split("\n")
        with self._lock:
            if first != f"old {self.size}":
                return 409, "text/x.tlog.size", f"{self.size}\n"
            try:
                checkpoint = self._verified(envelope, proof)
            except KeylessError as error:
                self.refused.append(str(error))
                status = 422 if isinstance(error, VerificationError) else 400
                return status, "text/plain", error.message
            self.size, self.root = checkpoint.size, checkpoint.root
        text = checkpoint.signed.decode()
        line = self._witness.cosignature_line(text, at=datetime.now(UTC))
        return 200, "text/plain", line

    def _verified(self, envelope: str, proof: list[str]) -> Checkpoint:
        checkpoint = Checkpoint.parse(envelope)
        hint = note_key_id(self._origin, self._key)[:HINT_SIZE]
        checkpoint.verify(self._key, key_hint=hint, name=self._origin)
        verify_consistency(
            first=self.size,
            second=checkpoint.size,
            proof=[b64decode(line) for line in proof],
            first_root=self.root,
            second_root=checkpoint.root,
        )
        return checkpoint

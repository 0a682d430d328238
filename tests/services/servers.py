# SPDX-License-Identifier: Apache-2.0
"""Servers to test with, on this machine: each does on every connection what its script says."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

Script = Callable[[socket.socket], None]


class Server:
    """What listens; *received* holds what each request was, byte for byte."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None) -> None:
        self._script = script
        self._tls = tls
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.received: list[bytes] = []
        self.connections = 0
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._listening.getsockname()[1]}/path"

    def run(self) -> None:
        """Answer until it is closed."""
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            Thread(target=self._serve, args=(connection,), daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        # `close` alone does not wake who waits in `accept`.
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), self._secured(connection) as channel:
            while request := _read(channel):
                self.received.append(request)
                self._script(channel)
                if not self._keeps_alive:
                    return

    def _secured(self, connection: socket.socket) -> socket.socket:
        return self._tls.wrap_socket(connection, server_side=True) if self._tls else connection

    _keeps_alive = False


class PatientServer(Server):
    """A server that keeps its connections."""

    _keeps_alive = True


@contextmanager
def serving(
    script: Script, *, kind: type[Server] = Server, tls: ssl.SSLContext | None = None
) -> Iterator[Server]:
    """Run a server for as long as the block lasts."""
    server = kind(script, tls)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()


KEEP = "Connection: keep-alive"


def says(status: str, *headers: str, body: bytes = b"", length: int | None = None) -> Script:
    """Return the script that sends this answer; *length* is what it says of the body's."""
    # Who would take a connection that is about to be closed for a kept one would fail now and then.
    lines = (
        f"HTTP/1.1 {status}",
        *(headers if KEEP in headers else (*headers, "Connection: close")),
        f"Content-Length: {len(body) if length is None else length}",
    )
    answer = "".join(f"{line}\r\n" for line in (*lines, "")).encode() + body

    def script(connection: socket.socket) -> None:
        connection.sendall(answer)

    return script


def write_certificate(certificate: Path, key: Path) -> None:
    """Write a certificate for this machine that nobody vouches for, and its key."""
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nobody")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(secret, SHA256())
    )
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    key.write_bytes(secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _read(connection: socket.socket) -> bytes:
    """Read one request, with the body that its length says it has."""
    request = b""
    while b"\r\n\r\n" not in request:
        if not (piece := connection.recv(65536)):
            return request
        request += piece
    head, _, body = request.partition(b"\r\n\r\n")
    length = next(
        (
            int(line[15:])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        ),
        0,
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body

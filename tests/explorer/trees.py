# SPDX-License-Identifier: Apache-2.0
"""A log of version 1 with three trees, in a sandbox, and everything that it is asked counted."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

import keyless
from keyless.explorer import Log, open_log
from keyless.instance.sigstore import LogVersion
from keyless.protocol.claims import Claims
from keyless.protocol.digest import Digest
from keyless.protocol.entry_body import Verifier
from keyless.protocol.names import San
from keyless.protocol.signing_keys import SigningKey
from keyless.sandbox import Sandbox
from keyless.sandbox.certificate_authority import P256
from keyless.sandbox.entry_writer import hashedrekord_v1
from keyless.services.http import Request, Response, Transport
from keyless.session import Signed
from tests.instances import NOON

ALICE, BOB = "alice@example.com", "bob@example.com"
SIZES = (5, 3, 9)


class Counting:
    """A transport that keeps what is asked of another."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.asked: list[str] = []

    def __call__(self, request: Request) -> Response:
        """Ask it."""
        path = request.url.partition(".test/")[2]
        self.asked.append(f"{request.method} {path}")
        return self._transport(request)

    @contextmanager
    def meanwhile(self) -> Iterator[list[str]]:
        """Collect what is asked within the block."""
        paths: list[str] = []
        before = len(self.asked)
        yield paths
        paths.extend(self.asked[before:])


class Trees:
    """A sandbox whose log of version 1 has trees of *sizes*; the one that grows is the last."""

    def __init__(self, sizes: tuple[int, ...] = SIZES) -> None:
        self.sandbox = Sandbox(NOON)
        self.key = SigningKey.generate(P256)
        self._verifiers: dict[str, Verifier] = {}
        self._number = 0
        for position, size in enumerate(sizes):
            if position:
                self.sandbox.rekor_v1.rotate()
            self.grow(size)
        self.sigstore = self.sandbox.connect()
        self.counting = self.sigstore.transport = Counting(self.sandbox.transport)

    @property
    def log(self) -> Log:
        """The log, as somebody sees it who has asked it nothing yet."""
        return open_log(self.sigstore)

    def grow(self, count: int) -> None:
        """Write down signatures of Bob's over `artifact 0`, and so on, which nobody reads here."""
        log, at = self.sandbox.rekor_v1.log, int(self.sandbox.clock.now.timestamp())
        for number in range(self._number, self._number + count):
            signature = sha256(b"signature %d" % number).digest()
            digest = Digest.of(b"artifact %d" % number)
            # As append() does, but for the proof that nobody asks for.
            log.times.append(at)
            log.tree.append(hashedrekord_v1(digest, signature, self.verifier(BOB)))
        self._number += count

    def write(self, body: bytes) -> int:
        """Have the log write down whatever *body* is; return its index."""
        return self.sandbox.rekor_v1.log.append(body).index

    def body(self, artifact: bytes, identity: str) -> bytes:
        """Return the body of an entry by *identity*."""
        digest = Digest.of(artifact)
        return hashedrekord_v1(digest, self.key.sign(digest), self.verifier(identity))

    def sign(self, artifact: bytes = b"hello", *, rekor: LogVersion = 1) -> Signed:
        """Sign *artifact* as Alice."""
        identity = self.sandbox.identity(ALICE)
        return keyless.sign(artifact, identity, sigstore=self.sandbox.connect(rekor=rekor))

    def verifier(self, identity: str) -> Verifier:
        """Return a certificate for *identity*, the same each time."""
        if identity not in self._verifiers:
            san = San(kind="e-mail" if "@" in identity else "URI", text=identity)
            claims = Claims(issuer="https://accounts.google.com")
            certificate = self.sandbox.core.authority.issue(self.key.public, san, claims)
            self._verifiers[identity] = Verifier(der=certificate.der, is_certificate=True)
        return self._verifiers[identity]

# SPDX-License-Identifier: Apache-2.0
"""Logs of many entries, made at no great cost, and everything that they are asked counted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256

from keyless.explorer.directory import known_logs
from keyless.explorer.log_v2 import ShardV2
from keyless.protocol.claims import Claims
from keyless.protocol.digest import Digest
from keyless.protocol.entry_body import Verifier
from keyless.protocol.keys import algorithm_named
from keyless.protocol.names import San
from keyless.protocol.signing_keys import SigningKey
from keyless.sandbox import Sandbox
from keyless.sandbox.entry_writer import hashedrekord_v2
from keyless.sandbox.transparency_log import LogV2
from keyless.services.http import Request, Response, Transport
from tests.instances import NOON

ALICE, BOB = "alice@example.com", "bob@example.com"
ISSUER = "https://accounts.google.com"
P256 = algorithm_named("PKIX_ECDSA_P256_SHA_256")


@cache
def signer_key() -> SigningKey:
    """Make a key, once."""
    return SigningKey.generate(P256)


class Written:
    """Writes entries by whomever: real ones, but for their signatures, which nobody reads here."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._verifiers: dict[str, Verifier] = {}

    def entry(self, number: int, email: str = BOB) -> bytes:
        """Return the body of an entry that no other *number* has."""
        digest = Digest.of(b"artifact %d" % number)
        signature = sha256(b"signature %d" % number).digest()
        return hashedrekord_v2(digest, signature, self._verifier(email), algorithm=P256)

    def fill(self, log: LogV2, count: int, *, alice: int = 0) -> None:
        """Append *count* entries of Bob's to *log*; each one number *alice* is hers."""
        first = len(log.tree)
        for number in range(first, first + count):
            hers = alice and number % alice == alice - 1
            log.tree.append(self.entry(number, ALICE if hers else BOB))

    def _verifier(self, email: str) -> Verifier:
        if email not in self._verifiers:
            san = San(kind="e-mail", text=email)
            certificate = self._sandbox.core.authority.issue(
                signer_key().public, san, Claims(issuer=ISSUER)
            )
            self._verifiers[email] = Verifier(der=certificate.der, is_certificate=True)
        return self._verifiers[email]


class Asked:
    """A transport that counts what is asked of another."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.paths: list[str] = []

    def __call__(self, request: Request) -> Response:
        """Ask it."""
        self.paths.append(request.url.partition("/api/v2/")[2])
        return self._transport(request)

    @contextmanager
    def meanwhile(self) -> Iterator[list[str]]:
        """Collect what is asked within the block."""
        paths: list[str] = []
        before = len(self.paths)
        yield paths
        paths.extend(self.paths[before:])


class Scene:
    """A sandbox whose log of version 2 has *size* entries, every one number *alice* of Alice's."""

    def __init__(self, size: int, *, alice: int = 0, folder: object = None) -> None:
        self.sandbox = Sandbox(NOON)
        self.written = Written(self.sandbox)
        self.folder = None if folder is None else str(folder)
        self.asked = Asked(self.sandbox.transport)
        self.written.fill(self.log, size, alice=alice)

    @property
    def log(self) -> LogV2:
        """The present shard."""
        return self.sandbox.core.log_v2

    def grow(self, count: int, *, alice: int = 0) -> None:
        """Append to the present shard."""
        self.written.fill(self.log, count, alice=alice)

    def shard(self, log: LogV2 | None = None) -> ShardV2:
        """Look at a shard as somebody does who has never seen it."""
        url = (log or self.log).url
        known = next(each for each in known_logs(self.sandbox.sigstore) if each.url == url)
        return ShardV2(known, self.asked, folder=self.folder)


Answer = Callable[[Request], Response]

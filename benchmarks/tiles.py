# SPDX-License-Identifier: Apache-2.0
"""Logs of many entries, as files on this machine, or made up at the moment when they are asked for.

What carries requests to them pickles, as the way to the network does, so that other processes can
read them too.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path

from keyless.explorer.directory import KnownLog
from keyless.explorer.log_v2 import ShardV2
from keyless.protocol.claims import Claims
from keyless.protocol.compact_range import CompactRange
from keyless.protocol.digest import Digest
from keyless.protocol.encoding import b64encode
from keyless.protocol.entry_body import Verifier
from keyless.protocol.keys import algorithm_named
from keyless.protocol.merkle import leaf_hash, root_hash
from keyless.protocol.names import San
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.tiles import WIDEST, Tile
from keyless.protocol.trusted_root import Log
from keyless.protocol.window import Window
from keyless.sandbox.clock import Clock
from keyless.sandbox.entry_writer import hashedrekord_v2
from keyless.sandbox.instance_core import InstanceCore
from keyless.sandbox.note_writer import signature_line, signed_note
from keyless.sandbox.transparency_log import LogV2
from keyless.services.http import Request, Response, Transport
from keyless.value import value

URL = "https://log.benchmark.test"
_WORKFLOW = "https://github.com/example/%s/.github/workflows/release.yml@refs/heads/main"
OURS, THEIRS = _WORKFLOW % "ours", _WORKFLOW % "theirs"
ISSUER = "https://token.actions.githubusercontent.com"
# One entry in so many is ours.
EVERY = 10_000

_P256 = algorithm_named("PKIX_ECDSA_P256_SHA_256")
_NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


@value
class TileFiles:
    """The log whose files are in *folder*, as a transport."""

    folder: str

    def __call__(self, request: Request) -> Response:
        """Read a file."""
        path = Path(self.folder) / request.url.removeprefix(f"{URL}/api/v2/")
        return Response(status=200, body=path.read_bytes()) if path.exists() else _GONE


@value
class MadeUp:
    """A log of *size* small entries, none of which is kept anywhere, as a transport."""

    size: int
    checkpoint: str

    def __call__(self, request: Request) -> Response:
        """Make a file up."""
        path = request.url.removeprefix(f"{URL}/api/v2/")
        if path == "checkpoint":
            return Response(status=200, body=self.checkpoint.encode())
        _, kind, *groups = path.split("/")
        if kind != "entries":
            return _GONE
        index = int("".join(groups).partition(".p")[0].replace("x", ""))
        return Response(status=200, body=b"".join(map(_counted, _small(index, self.size))))


_GONE = Response(status=404)


def write_log(folder: Path, size: int) -> ShardV2:
    """Write the files of a log of *size* entries of a usual length into *folder*."""
    log = LogV2(Clock(_NOON), url=URL)
    bodies = list(_usual(size))
    for body in bodies:
        log.tree.append(body)
    for first in range(0, size, WIDEST):
        some = bodies[first : first + WIDEST]
        tile = Tile(level=0, index=first // WIDEST, width=len(some))
        _write(folder / tile.entries_path, b"".join(map(_counted, some)))
    for level in range(4):
        nodes = log.tree.nodes(8 * level, 0, size)
        for first in range(0, len(nodes), WIDEST):
            hashes = nodes[first : first + WIDEST]
            tile = Tile(level=level, index=first // WIDEST, width=len(hashes))
            _write(folder / tile.path, b"".join(hashes))
    _write(folder / "checkpoint", log.checkpoint().encode())
    return shard_of(log, TileFiles(folder=str(folder)))


def made_up_log(size: int) -> ShardV2:
    """Return a log of *size* entries, a whole number of bundles, that takes no room."""
    log = LogV2(Clock(_NOON), url=URL)
    covered = CompactRange.of(0, [])
    for index in range(size // WIDEST):
        root = root_hash([leaf_hash(body) for body in _small(index, size)])
        start = index * WIDEST
        covered = covered.join(CompactRange(start=start, end=start + WIDEST, hashes=(root,)))
    text = f"{log.name}\n{size}\n{b64encode(covered.root())}\n"
    note = signed_note(text, [signature_line(text, name=log.name, key=log.secret)])
    return shard_of(log, MadeUp(size=size, checkpoint=note))


def shard_of(log: LogV2, transport: Transport) -> ShardV2:
    """Return *log* as somebody reads it."""
    window = Window(start=_NOON)
    trusted = Log(
        name=log.name,
        base_url=URL,
        operator="",
        log_id=log.log_id,
        checkpoint_key_id=log.log_id,
        key=log.key,
        algorithm=log.key.algorithm,
        window=window,
    )
    known = KnownLog(name=log.name, version=2, url=URL, window=window, logs=(trusted,))
    return ShardV2(known, transport, folder=None)


def bare_hashes(bodies: Iterable[bytes]) -> bytes:
    """Hash *bodies*, and the nodes above them, with nothing but `hashlib`."""
    level = [sha256(b"\x00" + body).digest() for body in bodies]
    while len(level) > 1:
        pairs = [
            sha256(b"\x01" + level[at] + level[at + 1]).digest()
            for at in range(0, len(level) - 1, 2)
        ]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


def usual_bodies(size: int) -> list[bytes]:
    """Return the entries that `write_log` writes."""
    return list(_usual(size))


def _usual(size: int) -> Iterator[bytes]:
    for number in range(size):
        identity = OURS if number % EVERY == EVERY - 1 else THEIRS
        digest = Digest.of(b"artifact %d" % number)
        signature = sha256(b"signature %d" % number).digest() * 2
        yield hashedrekord_v2(digest, signature, _verifier(identity), algorithm=_P256)


@cache
def _verifier(identity: str) -> Verifier:
    san = San(kind="URI", text=identity)
    key = SigningKey.generate(_P256).public
    certificate = _core().authority.issue(key, san, Claims(issuer=ISSUER))
    return Verifier(der=certificate.der, is_certificate=True)


@cache
def _core() -> InstanceCore:
    return InstanceCore(Clock(_NOON))


def _small(index: int, size: int) -> list[bytes]:
    first = index * WIDEST
    return [
        b'{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"n":%d}}' % number
        for number in range(first, min(first + WIDEST, size))
    ]


def _counted(body: bytes) -> bytes:
    return len(body).to_bytes(2, "big") + body


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)

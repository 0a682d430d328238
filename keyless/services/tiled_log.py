# SPDX-License-Identifier: Apache-2.0
"""A log as files: the client of what a log of version 2 is read from (C2SP tlog-tiles).

GET  api/v2/checkpoint              what the log commits to
GET  api/v2/tile/<level>/<index>    hashes, from which proofs are made
GET  api/v2/tile/entries/<index>    entries

Nothing that it returns is verified yet. It pickles if its transport does.
"""

from collections.abc import Callable, Collection

from keyless.errors import ParseError
from keyless.protocol.checkpoint import LARGEST_CHECKPOINT, Checkpoint
from keyless.protocol.merkle import HASH_SIZE
from keyless.protocol.tiles import WIDEST, Tile, parse_entries, parse_hashes
from keyless.services.answers import answer_of
from keyless.services.http import Request, Response, Transport, joined, place, send

READ_SECONDS = 30.0
LARGEST_BUNDLE = WIDEST * (2 + 0xFFFF)
NOT_FOUND = 404

_Parse = Callable[[bytes, Tile], tuple[bytes, ...]]


class TiledLog:
    """The files of the log at *url*."""

    def __init__(self, url: str, transport: Transport) -> None:
        self.name = f"transparency log {place(url)}"
        self._url = joined(url, "api/v2")
        self._transport = transport

    def checkpoint(self) -> Checkpoint:
        """Return what the log commits to now; that it signs it is yet to be verified."""
        response = self._read("checkpoint", largest=LARGEST_CHECKPOINT)
        with answer_of(self.name):
            return Checkpoint.parse(_text(response.body))

    def hashes(self, tile: Tile) -> tuple[bytes, ...]:
        """Return the hashes of *tile*."""
        return self._tile(tile, _path, parse_hashes, largest=WIDEST * HASH_SIZE)

    def entries(self, tile: Tile) -> tuple[bytes, ...]:
        """Return the entries whose hashes *tile*, of level 0, holds."""
        return self._tile(tile, _entries_path, parse_entries, largest=LARGEST_BUNDLE)

    def _tile(
        self, tile: Tile, path_of: Callable[[Tile], str], parse: _Parse, *, largest: int
    ) -> tuple[bytes, ...]:
        if tile != tile.full:
            response = self._read(path_of(tile), largest=largest, also=(NOT_FOUND,))
            if response.status != NOT_FOUND:
                with answer_of(self.name):
                    return parse(response.body, tile)
            # The log has grown beyond it since the checkpoint, and has the full one in its place.
        response = self._read(path_of(tile.full), largest=largest)
        with answer_of(self.name):
            return parse(response.body, tile.full)[: tile.width]

    def _read(self, path: str, *, largest: int, also: Collection[int] = ()) -> Response:
        request = Request(
            method="GET", url=joined(self._url, path), seconds=READ_SECONDS, largest=largest
        )
        return send(self._transport, request, service=self.name, also=also)


def _path(tile: Tile) -> str:
    return tile.path


def _entries_path(tile: Tile) -> str:
    return tile.entries_path


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ParseError(f"a checkpoint that is not UTF-8 at byte {error.start}") from None

# SPDX-License-Identifier: Apache-2.0
"""Tiles that are kept for good: what a log has once committed to never changes.

    <cache>/tiles/<id of the log's key, in hex>/<level>/x001/234      256 hashes
                                               /entries/x001/234     256 entries

Only full tiles, and only those that were shown to lead to a root that the log signs. What is read
here is shown to lead there once more, whoever wrote it, so a damaged file is noticed, and replaced
by what the log serves. Nothing in a path was ever text of a server's. Files are written whole, so
that many processes may share the folder; a folder that cannot be used keeps nothing, and costs time
alone.
"""

import os
import sys
from contextlib import suppress

from keyless import files
from keyless.errors import InputError, ParseError
from keyless.protocol.merkle import HASH_SIZE
from keyless.protocol.tiles import WIDEST, Tile, parse_entries, parse_hashes
from keyless.services.tiled_log import LARGEST_BUNDLE
from keyless.services.trust_cache import FOLDER_MODE, cache_folder

LARGEST_HASHES = WIDEST * HASH_SIZE
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_OWN = 0o600


def tile_folder() -> str:
    """Return where this user's tiles are kept."""
    home = os.path.expanduser("~")
    return os.path.join(cache_folder(os.environ, platform=sys.platform, home=home), "tiles")


class TileCache:
    """The full tiles of the log with *log_id* that are kept in *folder*; without one, none are."""

    def __init__(self, folder: str | None, log_id: bytes) -> None:
        self._folder = None if folder is None else os.path.join(folder, log_id.hex())

    def hashes(self, tile: Tile) -> tuple[bytes, ...] | None:
        """Return the hashes of *tile* if they are kept."""
        data = self._read(tile, tile.path, LARGEST_HASHES)
        with suppress(ParseError):
            return None if data is None else parse_hashes(data, tile)
        return None

    def entries(self, tile: Tile) -> tuple[bytes, ...] | None:
        """Return the entries under *tile* if they are kept."""
        data = self._read(tile, tile.entries_path, LARGEST_BUNDLE)
        with suppress(ParseError):
            return None if data is None else parse_entries(data, tile)
        return None

    def keep_hashes(self, tile: Tile, hashes: tuple[bytes, ...]) -> None:
        """Keep the *hashes* of *tile*, which lead to a signed root."""
        self._write(tile, tile.path, b"".join(hashes))

    def keep_entries(self, tile: Tile, entries: tuple[bytes, ...]) -> None:
        """Keep the *entries* under *tile*, which lead to a signed root."""
        counted = (len(entry).to_bytes(2, "big") + entry for entry in entries)
        self._write(tile, tile.entries_path, b"".join(counted))

    def _read(self, tile: Tile, path: str, largest: int) -> bytes | None:
        if self._folder is None or tile != tile.full:
            return None
        with suppress(InputError):
            return files.read(self._place(self._folder, path), largest=largest)
        return None

    def _write(self, tile: Tile, path: str, data: bytes) -> None:
        if self._folder is None or tile != tile.full:
            return
        place = self._place(self._folder, path)
        unfinished = f"{place}.{os.urandom(6).hex()}.unfinished"
        with suppress(OSError, ValueError):  # a name with a NUL in it is a ValueError
            os.makedirs(os.path.dirname(place), mode=FOLDER_MODE, exist_ok=True)
            try:
                # Nobody waits for the disk: a file that a crash left damaged is noticed.
                with open(os.open(unfinished, _NEW, _OWN), "wb") as file:
                    file.write(data)
                os.replace(unfinished, place)
            finally:
                with suppress(OSError):
                    os.unlink(unfinished)

    def _place(self, folder: str, path: str) -> str:
        return os.path.join(folder, *path.removeprefix("tile/").split("/"))

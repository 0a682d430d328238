# SPDX-License-Identifier: Apache-2.0
r"""How far somebody has read the logs, in a small file from which to go on.

    {"keyless": 1,
     "started": "2025-03-01T12:00:00Z",          what was over by then is not read
     "trees": [{"checkpoint": "rekor.example - 39…\n4163431\n…",
                "read": 4163431,                 entries; the checkpoint may cover more
                "at": "2025-03-01T12:00:05Z"}]}

The checkpoints are as the logs signed them, and are verified again when they are read: whoever
alters the file can have us read something once more, or miss it, but not believe another tree.
"""

import json as json_text
from collections.abc import Iterable
from datetime import UTC, datetime

from keyless import files
from keyless.errors import InputError, ParseError
from keyless.evidence import VerifiedCheckpoint
from keyless.protocol.checkpoint import HINT_SIZE, LARGEST_CHECKPOINT, Checkpoint
from keyless.protocol.json_reader import Json, JsonValue
from keyless.protocol.time_range import parse_time
from keyless.protocol.trusted_root import Log
from keyless.protocol.window import in_rfc3339
from keyless.safe_text import shown
from keyless.value import replace, value
from keyless.verification import verify_checkpoint_among

VERSION = 1
MOST_TREES = 256
LARGEST_POSITION = MOST_TREES * 2 * LARGEST_CHECKPOINT
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

_MEMBERS = {"keyless", "started", "trees"}
_TREE_MEMBERS = {"checkpoint", "read", "at"}


@value
class Bookmark:
    """The first entries of a tree were *read*, *at* a time when *checkpoint* was its latest."""

    checkpoint: Checkpoint
    read: int
    at: datetime

    @classmethod
    def parse(cls, json: Json) -> "Bookmark":
        """Read what stands for one tree."""
        _demand_members(json, _TREE_MEMBERS)
        checkpoint = json.within("checkpoint", Checkpoint.parse, json.text("checkpoint"))
        read = json.integer("read")
        if read > checkpoint.size:
            raise json.error(f"more than the {checkpoint.size} there were", name="read")
        return cls(checkpoint=checkpoint, read=read, at=_time(json, "at"))

    def to_json(self) -> JsonValue:
        """Write it as it stands in the file."""
        return {
            "checkpoint": self.checkpoint.to_text(),
            "read": self.read,
            "at": in_rfc3339(self.at),
        }

    def is_of(self, origin: str, logs: Iterable[Log]) -> bool:
        """Say whether it is of the tree *origin* of a log that signs with the key of one of *logs*.

        Two logs may have one name, and then their keys tell them apart.
        """
        hints = {line.key_hint for line in self.checkpoint.signatures}
        ours = {log.checkpoint_key_id[:HINT_SIZE] for log in logs}
        return self.checkpoint.origin == origin and not hints.isdisjoint(ours)


@value
class Position:
    """How far every tree was read, since reading *started*."""

    started: datetime
    bookmarks: tuple[Bookmark, ...]

    @classmethod
    def beginning(cls) -> "Position":
        """Return the position of somebody who has read nothing yet, and wants to read it all."""
        return cls(started=BEGINNING, bookmarks=())

    @classmethod
    def parse(cls, data: bytes) -> "Position":
        """Read a position as it was written."""
        json = Json.parse(data, largest=LARGEST_POSITION)
        if json.integer("keyless") != VERSION:
            raise json.error("a version that is not known here", name="keyless")
        _demand_members(json, _MEMBERS)
        bookmarks = tuple(map(Bookmark.parse, json.objects("trees", most=MOST_TREES)))
        return cls(started=_time(json, "started"), bookmarks=bookmarks)

    @classmethod
    def read(cls, path: files.Path) -> "Position":
        """Read the position in the file at *path*."""
        data = files.read(path, largest=LARGEST_POSITION)
        try:
            return cls.parse(data)
        except ParseError as error:
            raise InputError(
                f"{shown(files.name_of(path))} holds no position in a log: {error.message}",
                hint="name another file; without one there, reading starts from now",
            ) from None

    def write(self, path: files.Path) -> None:
        """Write it to the file at *path*: all of it, or nothing."""
        files.write(path, self.to_json())

    def to_json(self) -> bytes:
        """Write it as it stands in a file."""
        document: JsonValue = {
            "keyless": VERSION,
            "started": in_rfc3339(self.started),
            "trees": [bookmark.to_json() for bookmark in self.bookmarks],
        }
        return json_text.dumps(document, indent=1, ensure_ascii=False).encode("utf-8") + b"\n"

    def of(self, origin: str, logs: Iterable[Log]) -> Bookmark | None:
        """Return how far the tree *origin* of the log that is one of *logs* was read."""
        logs = tuple(logs)
        return next((it for it in self.bookmarks if it.is_of(origin, logs)), None)

    def put(self, bookmark: Bookmark, *, instead_of: Bookmark | None) -> "Position":
        """Return the position with *bookmark*, in the place of another."""
        if instead_of is None:
            return replace(self, bookmarks=(*self.bookmarks, bookmark))
        others = (bookmark if it is instead_of else it for it in self.bookmarks)
        return replace(self, bookmarks=tuple(others))


def reverified(bookmark: Bookmark, logs: Iterable[Log]) -> VerifiedCheckpoint:
    """Return the checkpoint of *bookmark*, which may have been altered where it was kept."""
    return verify_checkpoint_among(bookmark.checkpoint, tuple(logs))


def _demand_members(json: Json, known: set[str]) -> None:
    if strange := set(json.names()) - known:
        raise json.error(f"a member that is not known here: {shown(min(strange), longest=80)}")


def _time(json: Json, name: str) -> datetime:
    return json.within(name, parse_time, json.text(name))

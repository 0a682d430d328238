# SPDX-License-Identifier: Apache-2.0
"""What version 1 of the log says of itself, over REST: its shards, the present one last.

    {"treeID": decimal, "treeSize": 1300, "rootHash": hex, "signedTreeHead": checkpoint,
     "inactiveShards": [{the same four}, …]}

A log is continued in a new tree now and then. An entry's index counts over all of them: it is its
place in its tree, and the sizes of all trees before that.
"""

import re

from keyless.errors import Check, VerificationError
from keyless.protocol.checkpoint import Checkpoint
from keyless.protocol.encoding import hexdecode, parse_decimal
from keyless.protocol.json_reader import Json
from keyless.value import value

MOST_SHARDS = 256
MOST_HASHES = 128

_TREE_ID = re.compile(r" - ([0-9]{1,20})\Z")


@value
class Shard:
    """One tree of a log, as its *checkpoint* commits to it."""

    tree_id: int
    checkpoint: Checkpoint

    @classmethod
    def parse(cls, json: Json) -> "Shard":
        """Read a shard; refuse one that states another tree than its checkpoint does."""
        shard = cls(
            tree_id=json.within("treeID", parse_decimal, json.text("treeID")),
            checkpoint=json.within("signedTreeHead", Checkpoint.parse, json.text("signedTreeHead")),
        )
        stated = json.integer("treeSize"), json.within("rootHash", hexdecode, json.text("rootHash"))
        signed = shard.checkpoint.size, shard.checkpoint.root
        if stated != signed:
            raise VerificationError(
                f"shard {shard.tree_id} is said to be another tree than its checkpoint says",
                check=Check.CHECKPOINT,
                found=f"{stated[0]} entries under root {stated[1].hex()}",
                wanted=f"{signed[0]} entries under root {signed[1].hex()}",
                hint="do not rely on this log, and tell whoever runs it",
            )
        return shard


@value
class LogInfo:
    """The *shards* of a log, the first one first; the last is the one that grows."""

    shards: tuple[Shard, ...]

    @classmethod
    def parse(cls, json: Json) -> "LogInfo":
        """Read what the log says of itself."""
        inactive = json.objects("inactiveShards", most=MOST_SHARDS)
        return cls(shards=tuple(Shard.parse(each) for each in (*inactive, json)))

    @property
    def size(self) -> int:
        """How many entries all of them have."""
        return sum(shard.checkpoint.size for shard in self.shards)


@value
class GrowthProof:
    """That a tree of one size began as one of another: *hashes*, which lead to *root*."""

    root: bytes
    hashes: tuple[bytes, ...]

    @classmethod
    def parse(cls, json: Json) -> "GrowthProof":
        """Read what the log answers with."""
        return cls(
            root=json.within("rootHash", hexdecode, json.text("rootHash")),
            hashes=tuple(json.hexes("hashes", most=MOST_HASHES)),
        )


def tree_of(origin: str) -> int | None:
    """Return which tree a checkpoint of *origin* is about: None where logs have but one."""
    match = _TREE_ID.search(origin)
    return int(match[1]) if match else None

# SPDX-License-Identifier: Apache-2.0
"""What a log says of itself over REST: its shards, as their checkpoints have them."""

import json
from typing import Any

import pytest

from keyless.errors import Check, ParseError, VerificationError
from keyless.protocol.json_reader import Json
from keyless.protocol.rest_log import GrowthProof, LogInfo, tree_of
from tests.services.material import body_v1, core, proposed

LOG = core().log_v1
LOG.append(body_v1(proposed()))
SIZE = len(LOG.tree)


def shard(tree_id: int = 7, **changes: Any) -> dict[str, Any]:
    """Write a shard."""
    return {
        "treeID": str(tree_id),
        "treeSize": SIZE,
        "rootHash": LOG.tree.root(SIZE).hex(),
        "signedTreeHead": LOG.checkpoint(size=SIZE),
        **changes,
    }


def parse(document: object) -> LogInfo:
    """Read *document* as an answer."""
    return LogInfo.parse(Json.parse(json.dumps(document).encode()))


def test_a_log_may_have_one_shard() -> None:
    """Then it has no others to speak of."""
    info = parse(shard())
    assert [each.tree_id for each in info.shards] == [7]
    assert info.size == SIZE


def test_the_growing_shard_comes_last() -> None:
    """In the order in which indices count."""
    info = parse({**shard(3), "inactiveShards": [shard(1), shard(2)]})
    assert [each.tree_id for each in info.shards] == [1, 2, 3]
    assert info.size == 3 * SIZE


@pytest.mark.parametrize(
    "change", [{"treeSize": SIZE + 1}, {"rootHash": "0" * 64}], ids=["size", "root"]
)
def test_a_shard_that_contradicts_its_checkpoint_is_refused(change: dict[str, Any]) -> None:
    """Only the checkpoint is signed."""
    with pytest.raises(VerificationError, match="another tree than its checkpoint") as caught:
        parse({**shard(), "inactiveShards": [shard(**change)]})
    assert caught.value.check is Check.CHECKPOINT


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"treeID": None}, r"\$\.treeID: missing"),
        ({"treeID": "0x7"}, r"\$\.treeID: not a plain decimal"),
        ({"treeSize": "5"}, r"\$\.treeSize: a string"),
        ({"rootHash": "x"}, r"\$\.rootHash: not lower-case hexadecimal"),
        ({"signedTreeHead": "x"}, r"\$\.signedTreeHead: not a checkpoint"),
        ({"inactiveShards": [7]}, r"\$\.inactiveShards\[0\]: a number"),
        ({"inactiveShards": [{}] * 257}, r"\$\.inactiveShards: 257 items"),
    ],
)
def test_what_is_malformed_is_refused_where_it_is(change: dict[str, Any], message: str) -> None:
    """By its path."""
    with pytest.raises(ParseError, match=message):
        parse(shard(**change))


def test_a_proof_of_growth_is_read() -> None:
    """Its root is the log's word; what it proves, its hashes do."""
    document = {"rootHash": "0f" * 32, "hashes": ["5e" * 32]}
    proof = GrowthProof.parse(Json.parse(json.dumps(document).encode()))
    assert (proof.root, proof.hashes) == (b"\x0f" * 32, (b"\x5e" * 32,))


def test_which_tree_a_checkpoint_is_about_stands_in_its_origin() -> None:
    """Where a log has several."""
    assert tree_of("rekor.example - 3904496407287907110") == 3904496407287907110
    assert tree_of("log2025-1.rekor.example") is None

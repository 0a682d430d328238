# SPDX-License-Identifier: Apache-2.0
"""The log's wire, version 2: what is written down, and the files that prove it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from keyless.errors import InputError
from keyless.protocol.checkpoint import Checkpoint
from keyless.protocol.entry import LogEntry
from keyless.protocol.json_reader import Json
from keyless.protocol.keys import algorithm_named
from keyless.protocol.merkle import verify_inclusion
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.tiles import (
    Tile,
    hashes_over,
    inclusion_ranges,
    parse_entries,
    parse_hashes,
    tiles_under,
)
from keyless.sandbox import Sandbox
from keyless.sandbox.instance_core import InstanceUrls
from keyless.sandbox.rekor_v2 import FROZEN
from keyless.services.http import Response, requests_transport
from tests.sandbox.asking import (
    P256,
    certified,
    get,
    post,
    refusal,
    said,
    signed_artifact,
    signed_statement,
)

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
ENTRIES = "api/v2/log/entries"


class Client:
    """Somebody who asks a sandbox's log."""

    def __init__(self) -> None:
        self.sandbox = Sandbox(NOON)
        self.wire = self.sandbox.rekor_v2
        self.key = SigningKey.generate(P256)
        self.certificate = certified(self.sandbox, self.key.public)

    def get(self, path: str) -> Response:
        """Ask for *path*."""
        return self.wire.handle(get(self.wire.log.url, f"api/v2/{path}"))

    def post(self, content: Any) -> Response:
        """Propose an entry."""
        return self.wire.handle(post(self.wire.log.url, ENTRIES, content))

    def fill(self, size: int) -> None:
        """Have the log grow to *size*."""
        for index in range(len(self.wire.log.tree), size):
            self.wire.log.tree.append(b"entry %d" % index)


@pytest.fixture
def client() -> Client:
    """Somebody with a certificate, and a log that is empty."""
    return Client()


@pytest.mark.parametrize("propose", [signed_artifact, signed_statement])
def test_an_entry_comes_with_its_proof(client: Client, propose: Any) -> None:
    """In a tree that a checkpoint commits to; and without a time, or a promise."""
    client.fill(3)
    proposal = propose(client.key, client.certificate)
    response = client.post(proposal.v2_request())
    answer = said(response)
    entry = LogEntry.parse(Json.parse(response.body))
    proposal.matches(entry)
    assert response.status == 201
    assert (answer["integratedTime"], answer["inclusionPromise"]) == ("0", None)
    assert (entry.index, entry.log_id) == (3, client.wire.log.log_id)
    assert entry.proof is not None
    assert entry.proof.checkpoint is not None
    assert entry.proof.checkpoint.root == entry.proof.root == client.wire.log.tree.root()


def test_the_same_entry_is_not_written_down_twice(client: Client) -> None:
    """The second time its index is said, in a header alone."""
    client.fill(3)
    proposal = signed_artifact(client.key, client.certificate).v2_request()
    client.post(proposal)
    again = client.post(proposal)
    assert refusal(again)[0] == 409
    assert again.header("x-log-index") == "3"
    assert len(client.wire.log.tree) == 4


def test_a_frozen_log_takes_no_more(client: Client) -> None:
    """In the words of the real one; what it has can still be read."""
    client.fill(1)
    client.wire.frozen = True
    response = client.post(signed_artifact(client.key, client.certificate).v2_request())
    assert (response.status, response.body) == (405, FROZEN)
    assert client.get("checkpoint").status == 200


@pytest.mark.parametrize("name", ["PKIX_ECDSA_P384_SHA_384", "PKIX_RSA_PKCS1V15_2048_SHA256"])
def test_any_key_that_signs_digests_can_be_logged(client: Client, name: str) -> None:
    """Bare, without a certificate."""
    key = SigningKey.generate(algorithm_named(name))
    assert client.post(signed_artifact(key, key.public).v2_request()).status == 201


def bad_proposals(client: Client) -> dict[str, tuple[Any, str]]:
    """Make proposals in which one thing is wrong each."""
    good = json.loads(signed_artifact(client.key, client.certificate).v2_request())
    other = signed_artifact(SigningKey.generate(P256), client.certificate).v2_request()

    def changed(path: str, value: Any) -> Any:
        document = json.loads(json.dumps(good))
        place = document["hashedRekordRequestV002"]
        *folders, last = path.split(".")
        for folder in folders:
            place = place[folder]
        place[last] = value
        return document

    key = good["hashedRekordRequestV002"]["signature"]["verifier"]["x509Certificate"]
    return {
        "not JSON": (b"{", "not JSON"),
        "nothing": ({}, "hashedRekordRequestV002: missing"),
        "an envelope": ({"dsseRequestV002": {}}, "unknown field dsseRequestV002"),
        "by another key": (json.loads(other), "does not verify"),
        "by an algorithm for whole messages": (
            changed("signature.verifier.keyDetails", "PKIX_ED25519"),
            "cannot verify this from a digest",
        ),
        "by an unknown algorithm": (changed("signature.verifier.keyDetails", "MD5"), "MD5"),
        "over no digest": (changed("digest", "AAAA"), "a sha256 digest has 32 bytes"),
        "by two verifiers": (
            changed("signature.verifier.publicKey", key),
            "exactly one of x509Certificate, publicKey",
        ),
    }


@pytest.mark.parametrize("name", bad_proposals(Client()))
def test_what_does_not_hold_is_not_written_down(client: Client, name: str) -> None:
    """A signature is verified, by the key that is sent along, before it is logged."""
    content, reason = bad_proposals(client)[name]
    status, words = refusal(client.post(content))
    assert (status, len(client.wire.log.tree)) == (400, 0)
    assert reason in words


@pytest.mark.parametrize("size", [1, 255, 256, 257, 700])
def test_every_entry_is_proved_by_tiles(client: Client, size: int) -> None:
    """As a client that has nothing but the checkpoint makes its proofs."""
    client.fill(size)
    checkpoint = Checkpoint.parse(client.get("checkpoint").body.decode())
    assert checkpoint.size == size
    for index in {0, size // 2, size - 1}:
        ranges = inclusion_ranges(index, size=size)
        tiles = {
            tile: parse_hashes(client.get(tile.path).body, tile)
            for tile in tiles_under(ranges, size=size)
        }
        verify_inclusion(
            client.wire.log.tree.leaf(index),
            index=index,
            size=size,
            proof=hashes_over(ranges, tiles, size=size),
            root=checkpoint.root,
        )


def test_entries_come_in_bundles(client: Client) -> None:
    """Of 256, or of as many as there are."""
    client.fill(300)
    for tile in (Tile(level=0, index=0), Tile(level=0, index=1, width=44)):
        response = client.get(tile.entries_path)
        assert response.header("Content-Type") == "application/octet-stream"
        first = tile.index * 256
        wanted = tuple(b"entry %d" % index for index in range(first, first + tile.width))
        assert parse_entries(response.body, tile) == wanted


def test_a_bundle_far_out_has_a_longer_path(client: Client) -> None:
    """Its index is written in groups of three digits."""
    assert Tile(level=0, index=1234).entries_path == "tile/entries/x001/234"
    client.fill(256)
    assert client.get("tile/entries/x000/000").status == 200
    assert client.get("tile/entries/x001/234").status == 404


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/000",
        "tile/0/000.p/44",
        "tile/0/001.p/1",
        "tile/1/000.p/1",
        "tile/9/000",
        "tile/0/0",
        "tile/x/000",
        "tile/0/000.p/0",
        "elsewhere",
    ],
)
def test_what_is_not_there_is_not_found(client: Client, path: str) -> None:
    """No tile is wider than the log is long."""
    client.fill(43)
    assert client.get(path).status == 404


def test_a_partial_tile_is_kept_unless_the_log_is_tidied_up(client: Client) -> None:
    """Whoever misses one has to ask for the full one in its place."""
    client.fill(256)
    assert client.get("tile/0/000.p/7").body == client.get("tile/0/000").body[: 7 * 32]
    client.wire.tidies = True
    assert client.get("tile/0/000.p/7").status == 404
    assert client.get("tile/0/000").status == 200


def test_nothing_else_can_be_asked(client: Client) -> None:
    """There is no search, and no name of an entry."""
    request = post(client.wire.log.url, "api/v2/index/retrieve", {})
    assert client.wire.handle(request).status == 404


def test_a_log_goes_on_in_another_shard() -> None:
    """The one before is frozen, and read as ever; the next one has a key and a name of its own."""
    sandbox = Sandbox(NOON)
    first = sandbox.core.log_v2
    first.tree.append(b"{}")
    before = sandbox.sigstore
    sandbox.rotate()
    second = sandbox.core.log_v2
    assert second.url == "https://log2025-2.rekor.sandbox.test"
    assert second.key != first.key
    assert (
        sandbox.transport(get(first.url, "api/v2/checkpoint")).body == first.checkpoint().encode()
    )
    assert sandbox.transport(get(second.url, "api/v2/checkpoint")).body.startswith(
        b"log2025-2.rekor.sandbox.test\n0\n"
    )
    assert sandbox.transport(post(first.url, ENTRIES, b"{}")).body == FROZEN
    assert sandbox.transport(post(second.url, ENTRIES, b"{}")).status == 400
    assert len(before.trusted_root.logs) == 2
    old, new = sandbox.sigstore.trusted_root.logs[1:]
    assert (old.window.end, new.window.end) == (sandbox.clock.now, None)
    config = sandbox.sigstore.signing_config(log_version=2)
    assert [log.url for log in config.logs if log.major_version == 2] == [second.url]


def test_shards_without_a_number_are_numbered() -> None:
    """By a path, when the host has no name that could be counted on."""
    urls = InstanceUrls(log_v2="http://localhost:3003")
    sandbox = Sandbox(NOON, urls=urls)
    sandbox.rotate()
    assert sandbox.core.log_v2.url == "http://localhost:3003/shard-1"
    assert sandbox.transport(get(sandbox.core.log_v2.url, "api/v2/checkpoint")).status == 200


def test_a_log_does_not_rotate_while_it_is_served() -> None:
    """Where its next shard would be, nobody answers."""
    with (
        Sandbox(NOON) as sandbox,
        sandbox.serve(),
        pytest.raises(InputError, match="the log is served elsewhere"),
    ):
        sandbox.rotate()


def test_every_shard_is_served() -> None:
    """Each at an address of its own, and afterwards where it was."""
    sandbox = Sandbox(NOON)
    first = sandbox.core.log_v2
    sandbox.rotate()
    with sandbox.serve() as served:
        checkpoint = requests_transport()(get(first.url, "api/v2/checkpoint"))
        assert first.url == f"{served.urls.log_v2}/shard-0"
        assert checkpoint.body == first.checkpoint().encode()
    assert first.url == "https://log2025-1.rekor.sandbox.test"

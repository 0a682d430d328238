# SPDX-License-Identifier: Apache-2.0
"""The log's wire, version 1: what is written down, and every way of getting at it."""

import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
import rekor_types
from cryptography.hazmat.primitives.asymmetric import ec

from keyless.errors import Check
from keyless.protocol.digest import Digest
from keyless.protocol.dsse import pae
from keyless.protocol.encoding import pem_encode
from keyless.protocol.json_reader import Json
from keyless.protocol.keys import PublicKey, algorithm_named
from keyless.protocol.merkle import verify_consistency
from keyless.protocol.rest_entry import RestEntry
from keyless.protocol.rest_log import LogInfo
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.statement import IN_TOTO
from keyless.sandbox import Sandbox
from keyless.services.http import Response
from tests.sandbox.asking import (
    ARTIFACT,
    P256,
    STATEMENT,
    certified,
    get,
    post,
    refusal,
    said,
    signed_artifact,
    signed_statement,
)

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
ENTRIES = "api/v1/log/entries"
RETRIEVE = f"{ENTRIES}/retrieve"


class Client:
    """Somebody who asks a sandbox's log."""

    def __init__(self) -> None:
        self.sandbox = Sandbox(NOON)
        self.key = SigningKey.generate(P256)
        self.certificate = certified(self.sandbox, self.key.public)
        self.url = self.sandbox.core.urls.log_v1

    @property
    def log(self) -> Any:
        """The shard that grows."""
        return self.sandbox.rekor_v1.log

    def get(self, path: str) -> Response:
        """Ask for *path*."""
        return self.sandbox.rekor_v1.handle(get(self.url, path))

    def post(self, path: str, content: Any, **headers: str) -> Response:
        """Post *content*."""
        return self.sandbox.rekor_v1.handle(post(self.url, path, content, **headers))

    def logged(self, content: bytes = ARTIFACT) -> RestEntry:
        """Have a signature over *content* written down."""
        proposal = signed_artifact(self.key, self.certificate, content)
        return RestEntry.parse(Json.parse(self.post(ENTRIES, proposal.v1_body()).body))


@pytest.fixture
def client() -> Client:
    """Somebody with a certificate, and a log that is empty."""
    return Client()


def found(response: Response) -> list[str]:
    """Return the names of the entries in *response*, after reading each."""
    answers = said(response)
    return [RestEntry.parse(Json.parse(json.dumps(it).encode())).uuid for it in answers]


def test_an_entry_is_answered_with_where_it_is(client: Client) -> None:
    """Its name, and where it can be had from now on."""
    proposal = signed_artifact(client.key, client.certificate)
    response = client.post(ENTRIES, proposal.v1_body())
    entry = RestEntry.parse(Json.parse(response.body))
    assert response.status == 201
    assert response.header("ETag") == entry.uuid
    assert response.header("Location") == f"/{ENTRIES}/{entry.uuid}"
    assert entry.uuid == f"{client.log.tree_id:016x}{entry.entry.leaf.hex()}"
    proposal.matches(entry.entry)


def test_an_entry_has_a_time_and_a_promise_and_a_proof(client: Client) -> None:
    """All of which hold."""
    client.logged(b"before")
    entry = client.logged().entry
    key = client.log.key
    assert (entry.index, entry.integrated_time) == (1, int(NOON.timestamp()))
    assert entry.promise is not None
    assert entry.proof is not None
    key.verify(entry.promise, entry.promise_payload(), check=Check.PROMISE)
    assert entry.proof.root == client.log.tree.root()


def test_an_envelope_is_written_down_without_its_payload(client: Client) -> None:
    """The hash of the envelope is that of the text that was sent."""
    proposal = signed_statement(client.key, client.certificate)
    entry = RestEntry.parse(Json.parse(client.post(ENTRIES, proposal.v1_body()).body))
    proposal.matches(entry.entry)
    sent = json.loads(proposal.v1_body())["spec"]["proposedContent"]["envelope"]
    spec = json.loads(entry.entry.canonical_body)["spec"]
    assert spec["envelopeHash"]["value"] == Digest.of(sent.encode()).hex
    assert entry.attestation is None


def intoto(client: Client, key: SigningKey | None = None) -> dict[str, Any]:
    """Propose a statement in the older way, in which what is encoded already is encoded again."""
    key = key or client.key
    payload = json.dumps(STATEMENT).encode()
    pem = pem_encode("CERTIFICATE", client.certificate.der).encode()
    signature = b64encode(b64encode(key.sign(pae(IN_TOTO, payload)))).decode()
    envelope = {
        "payloadType": IN_TOTO,
        "payload": b64encode(b64encode(payload)).decode(),
        "signatures": [{"sig": signature, "publicKey": b64encode(pem).decode()}],
    }
    return {"apiVersion": "0.0.2", "kind": "intoto", "spec": {"content": {"envelope": envelope}}}


def test_the_payload_of_an_older_envelope_is_kept_beside_its_entry(client: Client) -> None:
    """So it can be had together with it."""
    proposed = RestEntry.parse(Json.parse(client.post(ENTRIES, intoto(client)).body))
    again = RestEntry.parse(Json.parse(client.get(f"{ENTRIES}/{proposed.uuid}").body))
    assert proposed.attestation == again.attestation == json.dumps(STATEMENT).encode()
    assert proposed.entry.recorded_as == ("intoto", "0.0.2")


def test_the_same_entry_is_not_written_down_twice(client: Client) -> None:
    """The second time it is said where it is."""
    proposal = signed_artifact(client.key, client.certificate).v1_body()
    entry = RestEntry.parse(Json.parse(client.post(ENTRIES, proposal).body))
    again = client.post(ENTRIES, proposal)
    status, words = refusal(again)
    assert status == 409
    assert words == (
        f"an equivalent entry already exists in the transparency log with UUID {entry.uuid}"
    )
    assert again.header("Location") == f"/{ENTRIES}/{entry.uuid}"
    assert len(client.log.tree) == 1


@pytest.mark.parametrize("name", ["PKIX_ECDSA_P384_SHA_384", "PKIX_RSA_PKCS1V15_2048_SHA256"])
def test_any_key_that_signs_digests_can_be_logged(client: Client, name: str) -> None:
    """Bare, without a certificate."""
    key = SigningKey.generate(algorithm_named(name))
    assert client.post(ENTRIES, signed_artifact(key, key.public).v1_body()).status == 201


def test_an_envelope_is_signed_over_sha_256_by_a_larger_key_too(client: Client) -> None:
    """The real log verifies envelopes over no other hash."""
    key = SigningKey(ec.generate_private_key(ec.SECP384R1()))
    assert client.post(ENTRIES, signed_statement(key, key.public).v1_body()).status == 400
    key.algorithm = algorithm_named("PKIX_ECDSA_P384_SHA_256")
    assert client.post(ENTRIES, signed_statement(key, key.public).v1_body()).status == 201


def altered(body: bytes, path: str, value: Any) -> dict[str, Any]:
    """Put *value* where *path* leads in a proposal."""
    document = json.loads(body)
    *folders, last = path.split(".")
    place = document
    for folder in folders:
        place = place[folder]
    place[last] = value
    return document


def bad_proposals(client: Client) -> dict[str, Any]:
    """Make proposals in which one thing is wrong each."""
    artifact = signed_artifact(client.key, client.certificate).v1_body()
    envelope = signed_statement(client.key, client.certificate).v1_body()
    other = signed_artifact(SigningKey.generate(P256), client.certificate).v1_body()
    another = signed_statement(SigningKey.generate(P256), client.certificate).v1_body()
    twice = json.loads(envelope)["spec"]["proposedContent"]["verifiers"] * 2
    unsigned = intoto(client)
    unsigned["spec"]["content"]["envelope"]["signatures"] = []
    ed25519 = SigningKey.generate(algorithm_named("PKIX_ED25519"))
    bare = b64encode(pem_encode("PUBLIC KEY", ed25519.public.spki).encode()).decode()
    return {
        "not JSON": b"{",
        "of no kind": {},
        "of an unknown kind": altered(artifact, "kind", "jar"),
        "of an unknown version": altered(artifact, "apiVersion", "0.0.2"),
        "by another key": json.loads(other),
        "an envelope by another key": json.loads(another),
        "an older envelope by another key": intoto(client, SigningKey.generate(P256)),
        "an older envelope without a signature": unsigned,
        "over another digest": altered(artifact, "spec.data.hash.value", "00" * 32),
        "with two keys for one signature": altered(
            envelope, "spec.proposedContent.verifiers", twice
        ),
        "no envelope": altered(envelope, "spec.proposedContent.envelope", "{}"),
        "by a key that signs no digests": altered(
            artifact, "spec.signature.publicKey.content", bare
        ),
    }


@pytest.mark.parametrize("name", bad_proposals(Client()))
def test_what_does_not_hold_is_not_written_down(client: Client, name: str) -> None:
    """A signature is verified, by the key that is sent along, before it is logged."""
    status, _ = refusal(client.post(ENTRIES, bad_proposals(client)[name]))
    assert (status, len(client.log.tree)) == (400, 0)


def test_only_json_is_taken(client: Client) -> None:
    """Whatever is in it."""
    proposal = signed_artifact(client.key, client.certificate).v1_body()
    assert client.post(ENTRIES, proposal, Content_Type="text/plain").status == 415


def test_an_entry_is_found_by_its_index_and_its_names(client: Client) -> None:
    """With its tree in the name or without."""
    client.logged(b"before")
    uuid = client.logged().uuid
    for path in ("?logIndex=1", f"/{uuid}", f"/{uuid[16:]}"):
        assert RestEntry.parse(Json.parse(client.get(f"{ENTRIES}{path}").body)).uuid == uuid


@pytest.mark.parametrize(
    "path", ["?logIndex=1", f"/{'0' * 64}", f"/{'0' * 80}", "/retrieve"], ids=str
)
def test_what_is_not_there_is_not_found(client: Client, path: str) -> None:
    """Which is no error of the log's."""
    client.logged()
    assert client.get(f"{ENTRIES}{path}").status in {404, 422}


@pytest.mark.parametrize(
    ("path", "status"), [("", 422), ("?logIndex=-1", 422), ("?logIndex=x", 422), ("/xyz", 422)]
)
def test_what_is_no_index_and_no_name_is_refused(client: Client, path: str, status: int) -> None:
    """With what it should be."""
    assert client.get(f"{ENTRIES}{path}").status == status


def test_ten_entries_can_be_retrieved_at_once(client: Client) -> None:
    """By index, by name and by what was proposed; those that are not there are left out."""
    entries = [client.logged(str(number).encode()) for number in range(6)]
    proposal = signed_artifact(client.key, client.certificate).v1_body()
    last = RestEntry.parse(Json.parse(client.post(ENTRIES, proposal).body))
    asked = {
        "logIndexes": [0, 1, 99],
        "entryUUIDs": [entries[2].uuid, entries[3].uuid[16:], "0" * 64],
        "entries": [json.loads(proposal)],
    }
    uuids = found(client.post(RETRIEVE, asked))
    assert sorted(uuids) == sorted([*(it.uuid for it in entries[:4]), last.uuid])


def test_eleven_entries_are_too_many(client: Client) -> None:
    """However they are asked for."""
    asked = {"logIndexes": list(range(6)), "entryUUIDs": ["0" * 64] * 5}
    assert refusal(client.post(RETRIEVE, asked)) == (
        422,
        "more than max allowed 10 entries in request",
    )


@pytest.mark.parametrize(
    "asked",
    [{"logIndexes": 1}, {"logIndexes": ["1"]}, {"logIndexes": [-1]}, {"entries": {}}],
    ids=str,
)
def test_a_list_of_something_else_is_refused(client: Client, asked: Any) -> None:
    """As the real log's schema does."""
    assert client.post(RETRIEVE, asked).status == 422


def test_the_log_says_how_large_it_is(client: Client) -> None:
    """Under a checkpoint that it signs."""
    client.logged()
    info = LogInfo.parse(Json.parse(client.get("api/v1/log").body))
    (shard,) = info.shards
    assert (info.size, shard.tree_id) == (1, client.log.tree_id)
    assert shard.checkpoint.root == client.log.tree.root()


def test_an_index_counts_over_all_shards(client: Client) -> None:
    """A log that goes on in a new tree keeps what it has."""
    first = client.logged(b"first")
    old = client.log
    client.sandbox.rekor_v1.rotate()
    second = client.logged(b"second")
    assert (first.entry.index, second.entry.index) == (0, 1)
    assert second.entry.proof is not None
    assert second.entry.proof.index == 0
    assert first.uuid[:16] != second.uuid[:16]
    info = LogInfo.parse(Json.parse(client.get("api/v1/log").body))
    assert [it.tree_id for it in info.shards] == [old.tree_id, client.log.tree_id]
    for entry in (first, second):
        for path in (f"?logIndex={entry.entry.index}", f"/{entry.uuid}", f"/{entry.uuid[16:]}"):
            body = client.get(f"{ENTRIES}{path}").body
            assert RestEntry.parse(Json.parse(body)).uuid == entry.uuid


def test_an_entry_is_not_in_another_shard(client: Client) -> None:
    """Its name says in which tree it is."""
    uuid = client.logged().uuid
    client.sandbox.rekor_v1.rotate()
    other = f"{client.log.tree_id:016x}{uuid[16:]}"
    assert client.get(f"{ENTRIES}/{other}").status == 404


def test_the_key_of_the_log_is_given_out(client: Client) -> None:
    """As PEM, of any shard."""
    for query in ("", f"?treeID={client.log.tree_id}"):
        response = client.get(f"api/v1/log/publicKey{query}")
        assert PublicKey.parse_pem(response.body.decode()) == client.log.key


def test_an_unknown_shard_has_no_key(client: Client) -> None:
    """And no proofs."""
    assert refusal(client.get("api/v1/log/publicKey?treeID=1")) == (
        400,
        "no shard has the tree ID 1",
    )


def test_that_a_log_has_grown_can_be_proved(client: Client) -> None:
    """From any size to any other, shard by shard."""
    roots = [client.log.tree.root(0)]
    for number in range(5):
        client.logged(str(number).encode())
        roots.append(client.log.tree.root())
    query = f"firstSize=2&lastSize=5&treeID={client.log.tree_id}"
    proof = said(client.get(f"api/v1/log/proof?{query}"))
    verify_consistency(
        first=2,
        second=5,
        first_root=roots[2],
        second_root=roots[5],
        proof=[bytes.fromhex(it) for it in proof["hashes"]],
    )
    assert proof["rootHash"] == roots[5].hex()


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("lastSize=2", 400, "greater than what is currently observable(1)"),
        ("firstSize=2&lastSize=1", 400, "must be less than"),
        ("firstSize=0&lastSize=1", 400, "must be less than"),
        ("", 400, "must be less than"),
        ("firstSize=x&lastSize=1", 422, "is not a number"),
    ],
)
def test_what_cannot_be_proved_is_refused(
    client: Client, query: str, status: int, words: str
) -> None:
    """With why."""
    client.logged()
    found_status, found_words = refusal(client.get(f"api/v1/log/proof?{query}"))
    assert found_status == status
    assert words in found_words


def test_sigstores_own_proposals_are_taken(client: Client) -> None:
    """As the types that other clients send write them."""
    pem = pem_encode("CERTIFICATE", client.certificate.der).encode()
    hashed = rekor_types.hashedrekord
    proposal = rekor_types.Hashedrekord(
        spec=hashed.HashedrekordV001Schema(
            signature=hashed.Signature(
                content=b64encode(client.key.sign(ARTIFACT)).decode(),
                public_key=hashed.PublicKey(content=b64encode(pem).decode()),
            ),
            data=hashed.Data(
                hash=hashed.Hash(algorithm=hashed.Algorithm.SHA256, value=Digest.of(ARTIFACT).hex)
            ),
        )
    )
    assert client.post(ENTRIES, proposal.model_dump(mode="json", by_alias=True)).status == 201


@pytest.mark.parametrize(("method", "path"), [("GET", "api/v2/checkpoint"), ("POST", "api/v1/log")])
def test_elsewhere_there_is_nothing(client: Client, method: str, path: str) -> None:
    """Nor by another method."""
    response = client.get(path) if method == "GET" else client.post(path, {})
    assert response.status == 404

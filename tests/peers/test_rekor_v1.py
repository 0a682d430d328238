# SPDX-License-Identifier: Apache-2.0
"""The real Rekor of version 1: written to twice, looked up, searched, and read beside rekor-cli."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import keyless
from keyless.errors import NoSuchEntry, ServiceError
from keyless.protocol.bundle import MessageSignature
from keyless.protocol.certificate import Certificate
from keyless.protocol.encoding import pem_encode
from keyless.services.http import requests_transport
from keyless.services.rekor_v1 import RekorV1
from tests.peers.here import needs_peers
from tests.peers.proposals import proposal
from tests.peers.rekor_cli import rekor_cli
from tests.peers.signing import alice, connected, sign, verify
from tests.peers.stack.deployment import Stack
from tests.peers.stack.oidc import ALICE
from tests.peers.stack.rekor_v1 import rekor_v1
from tests.peers.stack.trillian import create_tree

pytestmark = needs_peers

ARTIFACT = b"what was signed"


def client(stack: Stack) -> RekorV1:
    """Return a client of the log."""
    return RekorV1(stack.urls.rekor_v1, requests_transport())


def index_of(signed: keyless.Signed) -> int:
    """Return where *signed* is in the log."""
    return signed.bundle.entries[0].index


def attested(stack: Stack) -> keyless.Signed:
    """Sign a statement about the artifact as Alice."""
    predicate: dict[str, str] = {"by": "hand"}
    with keyless.Signer(alice(stack), sigstore=connected(stack)) as signer:
        return signer.attest(ARTIFACT, predicate=predicate, type="custom")


def test_what_is_proposed_twice_is_logged_once(stack: Stack) -> None:
    """The log answers 409 and says where; that entry is fetched."""
    again = proposal(ARTIFACT)
    first, second = (client(stack).append(again) for _ in range(2))
    assert (first.index, first.canonical_body) == (second.index, second.canonical_body)
    assert first.promise


def test_a_signature_that_does_not_hold_is_refused_in_the_log_s_words(stack: Stack) -> None:
    """Nothing is logged, and the advice says what may be wrong."""
    with pytest.raises(ServiceError, match="verifying signature") as caught:
        client(stack).append(proposal(ARTIFACT, signed=b"another"))
    assert caught.value.status == 400
    assert "could not verify the signature" in str(caught.value.hint)


@pytest.mark.parametrize("make", [lambda stack: sign(ARTIFACT, stack), attested])
def test_an_entry_is_looked_up_and_verified(stack: Stack, make: object) -> None:
    """By its index, over the inclusion proof and the checkpoint that come with it."""
    signed = make(stack)  # type: ignore[operator]
    entry = keyless.log(sigstore=connected(stack))[index_of(signed)]
    assert entry.is_verified
    assert entry.identity
    assert entry.identity.text == ALICE
    # Of a statement the log keeps the digest alone, and not what it is about.
    assert entry.covers(ARTIFACT) == (entry.kind == "hashedrekord")


def test_beyond_its_end_there_is_no_entry(stack: Stack) -> None:
    """It answers 404, and that is what it means."""
    log = keyless.log(sigstore=connected(stack))
    with pytest.raises(NoSuchEntry):
        log[len(log) + 10]


def test_a_log_grows_from_checkpoint_to_checkpoint(stack: Stack) -> None:
    """It proves so."""
    log = keyless.log(sigstore=connected(stack))
    sign(b"before", stack)
    old = log.checkpoint()
    sign(b"after", stack)
    assert log.consistent(old)
    assert log.checkpoint().size > old.size


@pytest.mark.parametrize("make", [lambda stack: sign(ARTIFACT, stack), attested])
def test_an_entry_reads_as_rekor_cli_writes_it(stack: Stack, tmp_path: Path, make: object) -> None:
    """Member by member, of a signature and of a statement."""
    index = index_of(make(stack))  # type: ignore[operator]
    ours = keyless.log(sigstore=connected(stack))[index].to_rekor_cli_json()
    words = ("get", "--log-index", str(index), "--format", "json")
    assert json.loads(rekor_cli(stack, tmp_path, *words)) == ours


def test_rekor_cli_verifies_what_we_logged(stack: Stack, tmp_path: Path) -> None:
    """From the artifact, the signature and the certificate alone."""
    signed = sign(ARTIFACT, stack)
    bundle = signed.bundle
    assert isinstance(bundle.content, MessageSignature)
    assert isinstance(bundle.material, Certificate)
    for name, data in {
        "artifact": ARTIFACT,
        "signature": bundle.content.signature,
        "certificate": pem_encode("CERTIFICATE", bundle.material.der).encode(),
    }.items():
        (tmp_path / name).write_bytes(data)
    said = rekor_cli(
        *(stack, tmp_path, "verify", "--artifact", tmp_path / "artifact"),
        *("--signature", tmp_path / "signature", "--public-key", tmp_path / "certificate"),
    )
    assert f"Entry Index in Current Tree: {index_of(signed)}\n" in said


@pytest.mark.parametrize("attribute", ["email", "subject"])
def test_what_somebody_signed_is_found(stack: Stack, attribute: str) -> None:
    """By their address, each entry verified; the newest first."""
    email = f"{attribute}@example.com"
    indexes = [index_of(signed_by(email, stack)) for _ in range(3)]
    found = keyless.log(sigstore=connected(stack)).find(**{attribute: email})  # type: ignore[arg-type]
    assert [entry.index for entry in found] == indexes[::-1]


def test_what_was_signed_is_found_by_its_digest(stack: Stack) -> None:
    """The signature, and the statement as well, which is filed under its subject's digest."""
    artifact = b"found by its digest"
    predicate: dict[str, str] = {"by": "hand"}
    with keyless.Signer(alice(stack), sigstore=connected(stack)) as signer:
        both = [signer.sign(artifact), signer.attest(artifact, predicate=predicate, type="custom")]
    found = keyless.log(sigstore=connected(stack)).find(artifact=artifact)
    assert {entry.index for entry in found} == {index_of(each) for each in both}


def test_rekor_cli_finds_the_same(stack: Stack, tmp_path: Path) -> None:
    """It says the names of entries, which we look up."""
    email = "carol@example.com"
    signed_by(email, stack)
    said = rekor_cli(stack, tmp_path, "search", "--email", email)
    found = keyless.log(sigstore=connected(stack)).find(email=email)
    assert said.split() == [entry.uuid for entry in found]


def signed_by(email: str, stack: Stack) -> keyless.Signed:
    """Sign something as whoever has the address *email*."""
    me = keyless.Identity.from_token(stack.token(email))
    return keyless.sign(ARTIFACT, me, sigstore=connected(stack))


@pytest.fixture
def sharded(stack: Stack) -> Iterator[int]:
    """Have the log go on in a second tree; say how many entries are in the first."""
    sign(b"the last of the first tree", stack)
    server = stack.servers["rekor-v1"]
    length = len(keyless.log(sigstore=connected(stack)))
    shards = stack.folder / "shards.yaml"
    shards.write_text(f"- treeID: {stack.rekor_tree}\n  treeLength: {length}\n")
    with stack.without("rekor-v1"):
        new = rekor_v1(
            stack.rekor_v1_port,
            tree=create_tree(stack.trillian_port),
            trillian=stack.trillian_port,
            redis=stack.redis_port,
            key=stack.rekor_v1_key,
            shards=shards,
        )
        try:
            stack.run(new)
            yield length
        finally:
            new.stop()
            stack.servers["rekor-v1"] = server


def test_its_trees_are_one_log(stack: Stack, sharded: int) -> None:
    """An index counts over both, entries lie on either side of the seam, and each is verified."""
    for number in range(3):
        signed = sign(b"in the second tree, %d" % number, stack)
    assert index_of(signed) == sharded + 2
    verify(b"in the second tree, 2", signed, stack)
    log = keyless.log(sigstore=connected(stack))
    assert len(log) == sharded + 3
    over = list(log[sharded - 2 : sharded + 3])
    assert [entry.index for entry in over] == list(range(sharded - 2, sharded + 3))
    assert all(entry.is_verified for entry in over)
    trees = [log.shards[name] for name in log.shards if name.isdecimal()]
    assert sorted(map(len, trees)) == sorted([sharded, 3])

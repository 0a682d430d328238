# SPDX-License-Identifier: Apache-2.0
"""Services that lie: every lie is well formed, and is noticed by who looks."""

from datetime import UTC, datetime

import pytest

from keyless import signing
from keyless.credential import Credential
from keyless.errors import Check
from keyless.instance.sigstore import LogVersion
from keyless.protocol.digest import Digest
from keyless.protocol.merkle import verify_consistency
from keyless.sandbox import Sandbox
from keyless.sandbox.faults import Lie
from keyless.sandbox.lies import (
    ANOTHER_CERTIFICATE,
    ANOTHER_KEY,
    ANOTHER_TIMESTAMP,
    CERTIFICATE_LIES,
    TIMESTAMP_LIES,
    UNTRUSTED_CERTIFICATE,
    UNTRUSTED_TIMESTAMP,
    WRONG_NONCE,
    WRONG_SCT,
    WRONG_TIME,
)
from keyless.sandbox.log_lies import (
    ANOTHER_ENTRY,
    BAD_PROOF,
    FORKED_TREE,
    LOG_LIES,
    STALE_CHECKPOINT,
    WRONG_PROMISE,
)
from keyless.services.rekor_v1 import RekorV1
from keyless.services.rekor_v2 import RekorV2
from tests.refusals import refused
from tests.sandbox.asking import get, said

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
ARTIFACT = Digest.of(b"hello")
BOTH_LOGS = pytest.mark.parametrize("rekor", [1, 2])


@pytest.fixture
def sandbox() -> Sandbox:
    """A sandbox at noon."""
    return Sandbox(NOON)


def sign(sandbox: Sandbox, rekor: LogVersion = 1) -> None:
    """Sign, as Alice."""
    sigstore = sandbox.connect(rekor=rekor)
    credential = Credential.issue(sandbox.identity("alice@example.com"), sigstore)
    signing.sign(ARTIFACT, credential, sigstore=sigstore)


AUTHORITIES: list[tuple[Lie, Check, str]] = [
    (ANOTHER_CERTIFICATE, Check.POLICY, "for somebody else"),
    (ANOTHER_KEY, Check.KEY, "for another key"),
    (WRONG_SCT, Check.SCT, "does not verify"),
    (UNTRUSTED_CERTIFICATE, Check.CHAIN, "issue"),
    (ANOTHER_TIMESTAMP, Check.TIMESTAMP, "for something else"),
    (WRONG_NONCE, Check.TIMESTAMP, "for another request"),
    (WRONG_TIME, Check.CHAIN, "does not cover"),
    (UNTRUSTED_TIMESTAMP, Check.TIMESTAMP, "no trusted authority"),
]


@pytest.mark.parametrize(("lie", "check", "reason"), AUTHORITIES, ids=lambda it: str(it)[:40])
def test_what_an_authority_says_is_not_believed(
    sandbox: Sandbox, lie: Lie, check: Check, reason: str
) -> None:
    """Each by its own check, and before anything is logged."""
    with sandbox.inject(lie.services[0], lie), refused(check, reason):
        sign(sandbox)
    assert len(sandbox.core.log_v1.tree) == 0


SIGNED: list[tuple[LogVersion, Lie, Check, str]] = [
    (1, ANOTHER_ENTRY, Check.ENTRY, "recorded another"),
    (1, BAD_PROOF, Check.INCLUSION, "another root"),
    (1, STALE_CHECKPOINT, Check.INCLUSION, "another tree than its checkpoint"),
    (1, WRONG_PROMISE, Check.PROMISE, "does not verify"),
    (2, ANOTHER_ENTRY, Check.ENTRY, "recorded another"),
    (2, BAD_PROOF, Check.INCLUSION, "another root"),
    (2, STALE_CHECKPOINT, Check.INCLUSION, "no leaf 2 in a tree of 2"),
]


@pytest.mark.parametrize(("rekor", "lie", "check", "reason"), SIGNED, ids=lambda it: str(it)[:40])
def test_what_a_log_answers_is_not_believed(
    sandbox: Sandbox, rekor: LogVersion, lie: Lie, check: Check, reason: str
) -> None:
    """Each lie about an entry fails by its own check."""
    with sandbox.inject(f"rekor_v{rekor}", lie), refused(check, reason):
        sign(sandbox, rekor)


@BOTH_LOGS
def test_a_forked_tree_is_believed_by_who_has_seen_nothing_else(
    sandbox: Sandbox, rekor: LogVersion
) -> None:
    """Everything in it holds: it takes another checkpoint to notice."""
    with sandbox.inject(f"rekor_v{rekor}", FORKED_TREE):
        sign(sandbox, rekor)


def test_a_fork_shows_beside_the_real_tree(sandbox: Sandbox) -> None:
    """Its checkpoint is signed, and no proof leads to it from what was seen before."""
    sign(sandbox)
    sign(sandbox)
    url = sandbox.core.urls.log_v1
    rekor = RekorV1(url, sandbox.transport)
    (seen,) = rekor.log_info().shards
    sign(sandbox)
    with sandbox.inject("rekor_v1", FORKED_TREE):
        (forked,) = rekor.log_info().shards
        proof = said(sandbox.transport(get(url, "api/v1/log/proof?firstSize=2&lastSize=3")))
    with refused(Check.CONSISTENCY):
        verify_consistency(
            first=2,
            second=3,
            first_root=seen.checkpoint.root,
            second_root=forked.checkpoint.root,
            proof=[bytes.fromhex(each) for each in proof["hashes"]],
        )


def test_a_fork_has_tiles_of_its_own(sandbox: Sandbox) -> None:
    """With which its own proofs hold, and the real ones do not."""
    sign(sandbox, 2)
    sign(sandbox, 2)
    sigstore = sandbox.connect(rekor=2)
    client = RekorV2(sandbox.core.urls.log_v2, sandbox.transport, logs=sigstore.trusted_root.logs)
    honest = client.entry(1)
    with sandbox.inject("rekor_v2", FORKED_TREE):
        forked = client.entry(1)
    assert forked.canonical_body == honest.canonical_body
    assert honest.proof is not None
    assert forked.proof is not None
    assert forked.proof.root != honest.proof.root


READ: list[tuple[Lie, Check]] = [
    (ANOTHER_ENTRY, Check.INCLUSION),
    (BAD_PROOF, Check.INCLUSION),
]


@pytest.mark.parametrize(("lie", "check"), READ, ids=str)
def test_what_is_read_from_tiles_is_not_believed(sandbox: Sandbox, lie: Lie, check: Check) -> None:
    """An entry is hashed up to the checkpoint."""
    for _ in range(3):
        sign(sandbox, 2)
    logs = sandbox.connect(rekor=2).trusted_root.logs
    client = RekorV2(sandbox.core.urls.log_v2, sandbox.transport, logs=logs)
    with sandbox.inject("rekor_v2", lie), refused(check):
        client.entry(1)


def test_an_old_checkpoint_is_of_a_smaller_log(sandbox: Sandbox) -> None:
    """Signed as the present one, by both versions."""
    for rekor in (1, 2):
        for _ in range(3):
            sign(sandbox, rekor)
    urls = sandbox.core.urls
    with sandbox.inject("rekor_v1", STALE_CHECKPOINT):
        (shard,) = RekorV1(urls.log_v1, sandbox.transport).log_info().shards
    with sandbox.inject("rekor_v2", STALE_CHECKPOINT):
        checkpoint = RekorV2(urls.log_v2, sandbox.transport).checkpoint()
    assert (shard.checkpoint.size, checkpoint.size) == (2, 2)


def test_a_bad_proof_of_growth_is_not_believed(sandbox: Sandbox) -> None:
    """Though the log's own roots stand on both sides of it."""
    tree, url = sandbox.core.log_v1.tree, sandbox.core.urls.log_v1
    for _ in range(3):
        sign(sandbox)
    with sandbox.inject("rekor_v1", BAD_PROOF):
        proof = said(sandbox.transport(get(url, "api/v1/log/proof?firstSize=2&lastSize=3")))
    with refused(Check.CONSISTENCY):
        verify_consistency(
            first=2,
            second=3,
            first_root=tree.root(2),
            second_root=tree.root(3),
            proof=[bytes.fromhex(each) for each in proof["hashes"]],
        )


def test_an_entry_read_by_its_index_is_another(sandbox: Sandbox) -> None:
    """Which its index gives away."""
    sign(sandbox)
    client = RekorV1(sandbox.core.urls.log_v1, sandbox.transport)
    with sandbox.inject("rekor_v1", ANOTHER_ENTRY), refused(Check.ENTRY, "another than the one"):
        client.entry(0)


@pytest.mark.parametrize("lie", [*CERTIFICATE_LIES, *TIMESTAMP_LIES, *LOG_LIES], ids=str)
def test_a_lie_leaves_other_questions_alone(sandbox: Sandbox, lie: Lie) -> None:
    """What is not there is not there, whoever says so."""
    for name in lie.services:
        service = sandbox.services[name]
        with sandbox.inject(name, lie):
            assert sandbox.transport(get(service.url, "elsewhere")).status == 404


def test_a_lie_says_what_it_is() -> None:
    """In the name of a test, and in an error."""
    assert repr(FORKED_TREE) == "Lie(a forked tree)"

# SPDX-License-Identifier: Apache-2.0
"""The sandbox as a whole: signing in it and verifying, by a clock of its own, in no time."""

import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import keyless
from keyless.errors import LoginError
from keyless.instance.sigstore import LogVersion
from keyless.policy import GitHubWorkflow, GitLabPipeline, Policy, SignedBy
from keyless.sandbox import Sandbox
from keyless.services.http import PassingError, Request

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
BOTH_LOGS = pytest.mark.parametrize("rekor", [1, 2])
ALICE = SignedBy("alice@example.com", issuer="github")


@BOTH_LOGS
def test_what_is_signed_in_a_sandbox_verifies_by_it(rekor: LogVersion) -> None:
    """In its time, which is long past."""
    with Sandbox(NOON) as sandbox:
        sigstore = sandbox.connect(rekor=rekor)
        signed = keyless.sign(b"hello", sandbox.identity("alice@example.com"), sigstore=sigstore)
        found = keyless.verify(b"hello", signed.bundle, policy=ALICE, sigstore=sandbox.sigstore)
    assert found.signed_at == NOON


def test_what_is_signed_goes_to_the_older_log_unless_told_otherwise() -> None:
    """As it does in public."""
    sandbox = Sandbox()
    keyless.sign(b"hello", sandbox.identity("alice@example.com"), sigstore=sandbox.sigstore)
    assert (len(sandbox.core.log_v1.tree), len(sandbox.core.log_v2.tree)) == (1, 0)


def test_a_sandbox_is_not_trusted_by_another() -> None:
    """Nobody has to trust any."""
    sandbox, other = Sandbox(), Sandbox()
    alice = sandbox.identity("alice@example.com")
    signed = keyless.sign(b"hello", alice, sigstore=sandbox.sigstore)
    with pytest.raises(keyless.VerificationError):
        keyless.verify(b"hello", signed.bundle, policy=ALICE, sigstore=other.sigstore)


WORKFLOWS: dict[str, Policy] = {
    "github": GitHubWorkflow("group/app", file="release.yml", ref="refs/heads/main"),
    "gitlab": GitLabPipeline("group/app", ref="refs/heads/main"),
}


@pytest.mark.parametrize(("name", "policy"), WORKFLOWS.items())
def test_a_workflow_signs_as_what_it_is(name: str, policy: Policy) -> None:
    """And is found by the policies for such."""
    sandbox = Sandbox()
    identity = {"github": sandbox.github_identity, "gitlab": sandbox.gitlab_identity}[name]
    signed = keyless.sign(b"hello", identity("group/app"), sigstore=sandbox.sigstore)
    keyless.verify(b"hello", signed.bundle, policy=policy, sigstore=sandbox.sigstore)


def test_an_identity_gives_another_token_when_the_last_has_expired() -> None:
    """A release takes longer than a token lives, by the sandbox's clock."""
    sandbox = Sandbox(NOON)
    alice = sandbox.identity("alice@example.com")
    keyless.sign(b"hello", alice, sigstore=sandbox.sigstore)
    assert alice.expires_at == NOON + timedelta(minutes=1)
    sandbox.clock.advance(timedelta(minutes=5))
    keyless.sign(b"hello", alice, sigstore=sandbox.sigstore)
    assert alice.expires_at == NOON + timedelta(minutes=6)


def test_a_token_that_nobody_would_take_is_not_sent() -> None:
    """The identity says why."""
    sandbox = Sandbox(NOON)
    alice = keyless.Identity(lambda: sandbox.token("alice@example.com", verified=False))
    with pytest.raises(LoginError, match="has not verified"):
        keyless.sign(b"hello", alice, sigstore=sandbox.sigstore)


def test_a_sandbox_reaches_no_network() -> None:
    """What it does not have is not there."""
    request = Request(method="GET", url="https://rekor.sigstore.dev/api/v1/log")
    with pytest.raises(PassingError, match="this sandbox has no such host"):
        Sandbox().transport(request)


def test_many_sign_at_once() -> None:
    """Each gets a place of its own in the log."""
    sandbox = Sandbox()
    sigstore = sandbox.sigstore

    def sign(number: int) -> int:
        alice = sandbox.identity("alice@example.com")
        signed = keyless.sign(b"file %d" % number, alice, sigstore=sigstore)
        return signed.bundle.entries[0].index

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(sign, range(40))) == list(range(40))


def test_the_instance_is_the_same_whenever_it_is_asked_for() -> None:
    """It is made when it is first wanted."""
    sandbox = Sandbox()
    assert sandbox.sigstore is sandbox.sigstore
    assert pickle.dumps(sandbox.sigstore.trusted_root)


def test_a_sandbox_starts_and_signs_in_no_time() -> None:
    """A test suite of a thousand signatures is nothing: the best of several, on a busy machine."""

    def timed() -> tuple[float, float]:
        started = time.perf_counter()
        sandbox = Sandbox()
        sigstore = sandbox.sigstore
        ready = time.perf_counter()
        signed = keyless.sign(b"hello", sandbox.identity("a@example.com"), sigstore=sigstore)
        policy = SignedBy("a@example.com", issuer="github")
        keyless.verify(b"hello", signed.bundle, policy=policy, sigstore=sigstore)
        return ready - started, time.perf_counter() - ready

    timed()  # with what is imported when it is first needed
    starts, signatures = zip(*(timed() for _ in range(10)), strict=True)
    assert min(starts) <= 0.1
    assert min(signatures) <= 0.03


def test_a_sandbox_needs_no_server_before_it_serves() -> None:
    """Neither a server nor a client of the network is loaded for it."""
    program = (
        "import sys; from keyless.sandbox import Sandbox; Sandbox().sigstore;"
        "print([name for name in ('http.server', 'requests', 'tempfile') if name in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize("platforms", [(), ("linux/amd64", "linux/arm64")], ids=["one", "two"])
def test_an_image_to_sign_is_pushed(platforms: tuple[str, ...]) -> None:
    """And signed and verified by what is returned, part by part."""
    sandbox = Sandbox()
    reference = sandbox.push_image("me/app:1.0", platforms=platforms)
    assert reference == "registry.sandbox.test/me/app:1.0"
    alice = sandbox.identity("alice@example.com")
    options: dict[str, Any] = {"recursive": bool(platforms), "sigstore": sandbox.sigstore}
    keyless.sign_image(reference, alice, **options)
    proof = keyless.verify_image(reference, policy=ALICE, **options)
    assert [part.platform for part in proof.platforms] == list(platforms)


def test_an_image_is_pushed_to_a_sandbox_that_is_served() -> None:
    """It is called by the address there."""
    sandbox = Sandbox()
    with sandbox.serve() as served:
        reference = sandbox.push_image("me/app:1.0", b"other")
        assert served.urls.registry == f"http://{reference.partition('/')[0]}"
        tree = keyless.image_tree(reference, sigstore=served.sigstore)
    assert [node.kind for node in tree] == ["image"]

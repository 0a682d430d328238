# SPDX-License-Identifier: Apache-2.0
"""One line per intention: what `keyless.verify` and its siblings make of what they are given."""

import io
from pathlib import Path

import pytest

import keyless
from keyless.instance import Sigstore, connect
from keyless.protocol.bundle import Bundle
from tests.cases import conformance_case
from tests.shared_data import shared

NAMED = "happy-path-v0.3"
WHO = {
    "identity": "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/"
    ".github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main",
    "issuer": "github-actions",
}


@pytest.fixture(name="bundle")
def _bundle() -> bytes:
    return (shared("conformance/bundle-verify") / NAMED / "bundle.sigstore.json").read_bytes()


@pytest.fixture(name="content")
def _content(bundle: bytes) -> bytes:
    assert bundle
    content = conformance_case(NAMED).artifact
    assert isinstance(content, bytes)
    return content


@pytest.fixture(name="sigstore")
def _sigstore(monkeypatch: pytest.MonkeyPatch) -> Sigstore:
    """The public instance, as this package knows it; no server is asked by the default one."""
    monkeypatch.setenv("KEYLESS_OFFLINE", "1")
    return connect("production", refresh="never")


@pytest.fixture(name="signed")
def _signed(tmp_path: Path, bundle: bytes, content: bytes) -> Path:
    """A file with its bundle beside it."""
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    path.with_name("a.txt.sigstore.json").write_bytes(bundle)
    return path


@pytest.mark.usefixtures("sigstore")
def test_a_path_is_verified_by_the_bundle_beside_it(signed: Path) -> None:
    """With nothing but a path and who must have signed, the default instance judges."""
    proof = keyless.verify(signed, **WHO)
    assert proof.signer.issuer == "https://token.actions.githubusercontent.com"
    assert "production" in proof.trust


def test_an_artifact_may_be_bytes_a_digest_or_an_open_file(
    signed: Path, bundle: bytes, content: bytes, sigstore: Sigstore
) -> None:
    """Whatever stands for the artifact, the proof is the same."""
    proofs = [
        keyless.verify(artifact, bundle, sigstore=sigstore, **WHO)
        for artifact in (content, keyless.Digest.of(content), io.BytesIO(content), str(signed))
    ]
    assert all(proof == proofs[0] for proof in proofs)


def test_a_bundle_may_be_a_value_bytes_or_a_path(
    signed: Path, bundle: bytes, content: bytes, sigstore: Sigstore
) -> None:
    """Whatever holds the bundle, the proof is the same."""
    beside = signed.with_name("a.txt.sigstore.json")
    policy = keyless.SignedBy(**WHO)
    proofs = [
        keyless.verify(content, each, policy=policy, sigstore=sigstore)
        for each in (Bundle.parse(bundle), bundle, beside, str(beside))
    ]
    assert all(proof == proofs[0] for proof in proofs)


@pytest.mark.parametrize(
    "named",
    [
        {},
        {"identity": "alice@example.com"},
        {"issuer": "github"},
        {"identity": "a", "issuer": "github", "policy": keyless.SignedBy("a", issuer="github")},
    ],
    ids=["nobody", "no issuer", "no identity", "both ways"],
)
def test_who_must_have_signed_is_never_left_open(
    named: dict[str, str], bundle: bytes, sigstore: Sigstore
) -> None:
    """Nobody named, half of somebody, or two answers, are errors and no verdict."""
    with pytest.raises(keyless.InputError, match="who must have signed"):
        keyless.verify(b"", bundle, sigstore=sigstore, **named)


def test_bytes_have_no_bundle_beside_them(sigstore: Sigstore) -> None:
    """Without a path, the bundle has to be given."""
    with pytest.raises(keyless.InputError, match="no bundle was given"):
        keyless.verify(b"hello", sigstore=sigstore, **WHO)


def test_a_quorum_is_met_by_bundles_of_different_signers(
    bundle: bytes, content: bytes, sigstore: Sigstore
) -> None:
    """One bundle meets a quorum of one, and twice the same signer is not two."""
    policy = keyless.SignedBy(**WHO)
    quorum = keyless.Quorum(1, policy)
    (proof,) = keyless.verify_all([bundle], content, quorum=quorum, sigstore=sigstore)
    assert proof.signer.issuer is not None
    both = keyless.Quorum(2, policy, keyless.SignedBy("bob@example.com", issuer="google"))
    with pytest.raises(keyless.PolicyError, match=r"bob@example\.com"):
        keyless.verify_all([bundle, bundle], content, quorum=both, sigstore=sigstore)


def test_no_bundle_at_all_meets_no_quorum(content: bytes, sigstore: Sigstore) -> None:
    """An empty list is a refusal that names who is missing."""
    quorum = keyless.Quorum(1, keyless.SignedBy(**WHO))
    with pytest.raises(keyless.PolicyError):
        keyless.verify_all([], content, quorum=quorum, sigstore=sigstore)


def test_many_pairs_have_one_outcome_each_in_order(
    signed: Path, bundle: bytes, content: bytes, sigstore: Sigstore
) -> None:
    """What cannot be read is an outcome in its place, first, last or between."""
    missing = signed.with_name("missing")
    pairs = [
        (missing, bundle),
        (signed, bundle),
        (signed, missing),
        (b"altered", bundle),
        (content, Bundle.parse(bundle)),
        (missing, bundle),
    ]
    outcomes = list(keyless.verify_many(pairs, policy=keyless.SignedBy(**WHO), sigstore=sigstore))
    assert [type(outcome.error) for outcome in outcomes] == [
        keyless.InputError,
        type(None),
        keyless.InputError,
        keyless.VerificationError,
        type(None),
        keyless.InputError,
    ]


def test_what_signing_returns_is_verified_as_it_is() -> None:
    """Nobody has to know that the bundle is one part of it."""
    with keyless.Sandbox() as sandbox:
        signed = keyless.sign(
            b"hello", sandbox.identity("alice@example.com"), sigstore=sandbox.sigstore
        )
        proof = keyless.verify(
            b"hello",
            signed,
            identity="alice@example.com",
            issuer="github",
            sigstore=sandbox.sigstore,
        )
    assert proof.entries == signed.proof.entries

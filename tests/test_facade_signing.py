# SPDX-License-Identifier: Apache-2.0
"""Signing in one line: by whom, in which instance, and what follows from saying neither."""

import sys
from pathlib import Path

import pytest

import keyless
from keyless.sandbox import Sandbox
from tests.auth.people import Browser
from tests.auth.places import VARIABLES
from tests.instances import NOON


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    """A whole instance, at noon."""
    return Sandbox(NOON)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Something to sign."""
    path = tmp_path / "app.whl"
    path.write_bytes(b"what is signed")
    return path


def test_a_file_is_signed_saved_and_verified(sandbox: Sandbox, file: Path) -> None:
    """Three lines, and nothing else to know."""
    me = sandbox.identity("alice@example.com")
    keyless.sign(file, me, sigstore=sandbox.sigstore).save()
    proof = keyless.verify(
        file, identity="alice@example.com", issuer="github", sigstore=sandbox.sigstore
    )
    assert proof.signed_at == NOON


def test_a_file_is_attested_to(sandbox: Sandbox, file: Path) -> None:
    """And verified by the path that saving returned."""
    me = sandbox.github_identity("org/app")
    attested = keyless.attest(
        file, me, predicate={"reviewed": True}, type="custom", sigstore=sandbox.sigstore
    )
    proof = keyless.verify(
        file,
        attested.save(),
        policy=keyless.GitHubWorkflow("org/app"),
        sigstore=sandbox.sigstore,
    )
    assert proof.statement is not None
    assert proof.statement.predicate == {"reviewed": True}


def test_whoever_the_environment_names_signs(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a machine was given a token, nobody else need be named."""
    monkeypatch.setenv("SIGSTORE_ID_TOKEN", sandbox.token("robot@example.com"))
    signed = keyless.sign(b"hello", sigstore=sandbox.sigstore)
    assert signed.proof.signer.identity is not None
    assert signed.proof.signer.identity.text == "robot@example.com"


def test_nobody_signs_for_nobody(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a token anywhere, and nobody to ask, it is said what would help."""
    for variable in (*VARIABLES, "CI"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(keyless.LoginError, match="nobody to sign as") as caught:
        keyless.sign(b"hello", sigstore=sandbox.sigstore)
    assert caught.value.reason is keyless.LoginFailure.NOBODY_THERE
    assert "SIGSTORE_ID_TOKEN" in str(caught.value.hint)


def test_whoever_has_signed_in_signs(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once in a process is enough, and nobody is asked where nobody is."""
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(sys, "stdin", None)
    sandbox.issuer.approve("carol@example.com")
    browser = Browser(sandbox)
    me = keyless.login(flow="browser", sigstore=sandbox.sigstore, tell=str, open_browser=browser)
    assert browser.page.status_code == 200
    signed = keyless.sign(b"hello", sigstore=sandbox.sigstore)
    assert signed.proof.signer.identity is not None
    assert signed.proof.signer.identity.text == me.name == "carol@example.com"


def test_a_release_is_signed_in_a_block(sandbox: Sandbox, tmp_path: Path) -> None:
    """One certificate for all of it."""
    paths = [tmp_path / name for name in ("a", "b", "c")]
    for path in paths:
        path.write_text(path.name)
    with keyless.Signer(
        sandbox.identity("alice@example.com"), sigstore=sandbox.sigstore, workers=2
    ) as signer:
        saved = [signed.save() for signed in signer.sign_each(paths)]
    assert saved == [f"{path}.sigstore.json" for path in paths]


def test_the_public_instance_is_the_default(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who names no instance signs in public; a staging of theirs the environment can name."""
    monkeypatch.setenv("KEYLESS_OFFLINE", "1")
    monkeypatch.setenv("KEYLESS_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("KEYLESS_INSTANCE", "staging")
    said = keyless.Signer(sandbox.identity("alice@example.com")).disclosure
    with pytest.raises(keyless.LoginError, match="has expired"):  # it is long past that noon
        said(b"hello")

# SPDX-License-Identifier: Apache-2.0
"""Sessions in a real keyring: gnome-keyring, as the desktops of most distributions have it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import keyless
from keyless.sandbox.served import Served
from tests.login_real.secret_service import Desktop, desktop

pytestmark = pytest.mark.skipif(
    "KEYLESS_LOGIN" not in os.environ,
    reason="there may be no gnome-keyring here; `nox -s login` installs it",
)
ALICE, BOB = "alice@example.com", "bob@example.com"


@pytest.fixture(scope="module")
def sandbox() -> keyless.Sandbox:
    """An instance for all."""
    return keyless.Sandbox()


@pytest.fixture(scope="module")
def served(sandbox: keyless.Sandbox) -> Iterator[Served]:
    """The same, where other processes reach it."""
    with sandbox.serve() as served:
        yield served


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Desktop]:
    """A desktop with an empty keyring that is open."""
    with desktop(tmp_path) as opened:
        yield opened


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    """Something to sign."""
    path = tmp_path / "app.whl"
    path.write_bytes(b"content")
    return path


def test_a_session_in_the_keyring_signs_in_another_process(
    sandbox: keyless.Sandbox, served: Served, home: Desktop, artifact: Path
) -> None:
    """The first has a token, the second has none; what both sign verifies."""
    config = served.trust_config()
    first = home.keyless("sign", config, "", artifact, token=sandbox.token(ALICE))
    assert (first.stdout, first.stderr) == (f"{ALICE}\n", "")
    artifact.with_name("app.whl.sigstore.json").unlink()
    second = home.keyless("sign", config, "", artifact)
    assert (second.stdout, second.stderr) == (f"{ALICE}\n", "")
    proof = keyless.verify(artifact, identity=ALICE, issuer="github", sigstore=served.sigstore)
    assert proof.signer.identity is not None
    assert home.keyless("sessions").stdout == f"{ALICE}\n"


def test_without_a_session_and_without_a_token_nobody_signs(
    served: Served, home: Desktop, artifact: Path
) -> None:
    """The keyring is empty."""
    done = home.keyless("sign", served.trust_config(), "", artifact, code=1)
    assert done.stderr == "keyless: error: the environment variable SIGSTORE_ID_TOKEN is unset\n"


def test_signing_out_leaves_nothing(
    sandbox: keyless.Sandbox, served: Served, home: Desktop, artifact: Path
) -> None:
    """As another program sees the keyring; no token has ever been in it, nor any file written."""
    token = sandbox.token(ALICE)
    home.keyless("sign", served.trust_config(), "", artifact, token=token)
    before = home.secrets()
    assert "service = keyless:index:0" in before
    assert token.split(".")[2] not in before
    assert not list(artifact.parent.rglob("*keyring_pass.cfg"))
    assert home.keyless("sign-out").stdout == "1\n"
    assert "keyless" not in home.secrets()
    assert home.keyless("sessions").stdout == ""
    home.keyless("sign", served.trust_config(), "", artifact, code=1)


def test_two_people_have_a_session_each(
    sandbox: keyless.Sandbox, served: Served, home: Desktop, artifact: Path
) -> None:
    """Whoever is expected signs, and nobody else."""
    config = served.trust_config()
    bundle = artifact.with_name("app.whl.sigstore.json")
    for token in (sandbox.token, lambda _: None):
        for who in (ALICE, BOB):
            signed = home.keyless("sign", config, who, artifact, token=token(who))
            assert signed.stdout == f"{who}\n"
            bundle.unlink()
    assert home.keyless("sessions").stdout == f"{ALICE}\n{BOB}\n"
    assert home.keyless("sign-out").stdout == "2\n"


def test_a_keyring_that_is_locked_costs_one_sentence(
    sandbox: keyless.Sandbox, served: Served, home: Desktop, artifact: Path
) -> None:
    """Whoever can sign in does; signing out says that it cannot."""
    home.keyless("lock")
    done = home.keyless("sign", served.trust_config(), "", artifact, token=sandbox.token(ALICE))
    assert done.stdout == f"{ALICE}\n"
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("keyless: no session is used: the keyring ")
    assert sentence.endswith("SecretService.Keyring is locked")
    assert "is locked" in home.keyless("sign-out", code=1).stderr

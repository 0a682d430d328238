# SPDX-License-Identifier: Apache-2.0
"""The public suite's questions, asked as the suite asks them: by path, and by digest."""

import subprocess
import sys
from pathlib import Path

import pytest

from keyless.protocol.digest import Digest
from tests.cases import CONFORMANCE, IDENTITY, ISSUER, conformance_names
from tests.shared_data import shared

CLIENT = Path(__file__).parents[1] / "conformance_client"


@pytest.mark.parametrize("name", conformance_names() or ["happy-path-v0.3"])
def test_the_suite_hears_the_right_answer(name: str) -> None:
    """A case called `_fail` is refused, any other accepted, however the artifact is named."""
    folder = shared("conformance") / "bundle-verify" / name
    own = folder / "artifact"
    artifact = own if own.exists() else CONFORMANCE / "a.txt"
    by_path = _ask(folder, str(artifact))
    by_digest = _ask(folder, str(Digest.of(artifact.read_bytes())))
    if name.endswith("_fail"):
        assert by_path[0] == by_digest[0] != 0
        assert by_path[1].startswith("keyless: error: ")
        assert by_digest[1].startswith("keyless: error: ")
    else:
        assert (by_path, by_digest) == ((0, ""), (0, ""))


def test_signing_is_said_to_be_missing() -> None:
    """The suite sees that it misused the client, and not that a signature failed."""
    code, said = _run("sign-bundle", "--identity-token", "x", "--bundle", "b", "file")
    assert code == 2
    assert "not built yet" in said


def test_the_staging_instance_is_asked_for_by_its_flag() -> None:
    """What production refuses, as it trusts no such log, staging accepts."""
    folder = shared("conformance") / "bundle-verify" / "bundle-from-wrong-instance_fail"
    code, said = _ask(folder, str(CONFORMANCE / "a.txt"), "--staging")
    assert (code, said) == (0, "")


def _ask(folder: Path, artifact: str, *flags: str) -> tuple[int, str]:
    key, root = folder / "key.pub", folder / "trusted_root.json"
    signer = [
        f"--certificate-identity={_said(folder / 'identity', IDENTITY)}",
        f"--certificate-oidc-issuer={_said(folder / 'issuer', ISSUER)}",
    ]
    return _run(
        *("verify-bundle", *flags, "--bundle", str(folder / "bundle.sigstore.json")),
        *(("--key", str(key)) if key.exists() else signer),
        *(("--trusted-root", str(root)) if root.exists() else ()),
        artifact,
    )


def _run(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, str(CLIENT), *arguments], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


def _said(path: Path, default: str) -> str:
    return path.read_text().strip() if path.exists() else default

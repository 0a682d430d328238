# SPDX-License-Identifier: Apache-2.0
"""The public suite's questions, asked as the suite asks them: by path, and by digest."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from keyless import files
from keyless.evidence import Verified
from keyless.instance.sigstore import LogVersion
from keyless.policy import SignedBy
from keyless.protocol.digest import Digest
from keyless.protocol.dsse import Envelope
from keyless.sandbox import Sandbox
from keyless.sandbox.served import Served
from keyless.verification import verify
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


@pytest.mark.parametrize("version", [1, 2])
def test_the_suite_gets_a_bundle_that_verifies(version: LogVersion, tmp_path: Path) -> None:
    """It names an instance by its documents, and finds in the bundle what it looks for."""
    artifact, bundle = tmp_path / "a.txt", tmp_path / "a.bundle"
    artifact.write_bytes(b"hello\n")
    proof = _signed(artifact, bundle, version)
    assert proof.content.digest == Digest.of(b"hello\n")
    assert proof.entries[0].version == f"0.0.{version}"
    material = json.loads(bundle.read_text())["verificationMaterial"]
    assert list(material) == ["certificate", "tlogEntries", "timestampVerificationData"]


@pytest.mark.parametrize("version", [1, 2])
def test_the_suite_gets_its_statement_signed_byte_for_byte(
    version: LogVersion, tmp_path: Path
) -> None:
    """Blanks and all."""
    statement, bundle = tmp_path / "statement.json", tmp_path / "a.bundle"
    subject = {"name": "a", "digest": {"sha256": Digest.of(b"a").hex}}
    written = {
        "predicateType": "https://example.com/review",
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [subject],
    }
    statement.write_text(json.dumps(written, indent=3) + "\n")
    _signed(statement, bundle, version, "--in-toto", of=Digest.of(b"a"))
    content = files.read_bundle(bundle).content
    assert isinstance(content, Envelope)
    assert content.payload == statement.read_bytes()


def test_the_suite_is_told_that_a_token_is_none(tmp_path: Path) -> None:
    """And hears it again neither in words nor in a bundle."""
    artifact, bundle = tmp_path / "a.txt", tmp_path / "a.bundle"
    artifact.touch()
    with Sandbox().serve(tmp_path / "sandbox") as served:
        code, said = _sign(served, "eyJhbGciOiJub25lIn0.eyJ9.x", artifact, bundle)
    assert code == 2
    assert said.startswith("keyless: error: SIGSTORE_ID_TOKEN holds no identity token")
    assert "eyJ" not in said
    assert not bundle.exists()


def test_the_staging_instance_is_asked_for_by_its_flag() -> None:
    """What production refuses, as it trusts no such log, staging accepts."""
    folder = shared("conformance") / "bundle-verify" / "bundle-from-wrong-instance_fail"
    code, said = _ask(folder, str(CONFORMANCE / "a.txt"), "--staging")
    assert (code, said) == (0, "")


def _signed(
    artifact: Path, bundle: Path, version: LogVersion, *flags: str, of: Digest | None = None
) -> Verified:
    """Have *artifact* signed as the suite does, and return the proof of it."""
    sandbox = Sandbox()
    with sandbox.serve(bundle.parent / "sandbox") as served:
        token = sandbox.token("alice@example.com", lifetime=timedelta(minutes=5))
        assert _sign(served, token, artifact, bundle, *flags, version=version) == (0, "")
        return verify(
            files.read_bundle(bundle),
            of or files.digest(artifact),
            trusted_root=served.sigstore.trusted_root,
            policy=SignedBy("alice@example.com", issuer="github"),
        )


def _sign(
    served: Served,
    token: str,
    artifact: Path,
    bundle: Path,
    *flags: str,
    version: LogVersion = 1,
) -> tuple[int, str]:
    folder = Path(served.directory)
    services = "signing_config.json" if version == 1 else "signing_config_rekor_v2.json"
    return _run(
        *("sign-bundle", *flags, "--identity-token", token, "--bundle", str(bundle)),
        *("--trusted-root", str(folder / "trusted_root.json")),
        *("--signing-config", str(folder / services)),
        str(artifact),
    )


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

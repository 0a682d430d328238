# SPDX-License-Identifier: Apache-2.0
"""What `import keyless` offers, pinned: a name added or lost is a decision, not an accident."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import keyless

NAMES = {
    "AllOf",
    "AnyOf",
    "BatchError",
    "Bundle",
    "Check",
    "Checkpoint",
    "Digest",
    "Disclosure",
    "Entry",
    "GitHubWorkflow",
    "GitLabPipeline",
    "Glob",
    "Identity",
    "ImageNotFound",
    "ImageProof",
    "ImageStatements",
    "InputError",
    "KeptSession",
    "KeylessError",
    "Log",
    "LoginError",
    "LoginFailure",
    "NoMatchingSignature",
    "NoSignatures",
    "NoSuchEntry",
    "NotPushed",
    "NotSearchable",
    "Outcome",
    "Pace",
    "ParseError",
    "Policy",
    "PolicyError",
    "Position",
    "PublicKey",
    "Quorum",
    "RateLimited",
    "RegistryAuthError",
    "RegistryOptions",
    "Rejected",
    "Requirements",
    "Sandbox",
    "ServiceError",
    "Signed",
    "SignedBy",
    "SignedByKey",
    "SignedImage",
    "Signer",
    "Sigstore",
    "SplitView",
    "TrustError",
    "TrustedRoot",
    "VerificationError",
    "Witness",
    "Witnesses",
    "Verified",
    "attach_signature",
    "attest",
    "attest_image",
    "clean_image",
    "connect",
    "copy_image",
    "cosign_json",
    "image_tree",
    "load_image",
    "log",
    "login",
    "save_image",
    "sessions",
    "sign",
    "sign_image",
    "sign_out",
    "triangulate",
    "verify",
    "verify_all",
    "verify_attestations",
    "verify_image",
    "verify_many",
}
HEAVY = {"cryptography", "requests", "sigstore", "tuf", "keyring", "rich", "jwt", "json"}


def test_the_public_names_are_exactly_these() -> None:
    """`keyless.__all__` is the promise, and the stub that type checkers read agrees with it."""
    assert set(keyless.__all__) == NAMES
    stub = ast.parse(Path(keyless.__file__).with_suffix(".pyi").read_text())
    spelled = {
        alias.asname
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert spelled == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_public_name_loads_and_is_documented(name: str) -> None:
    """A name in `__all__` is there, and says what it is."""
    assert getattr(keyless, name).__doc__
    assert name in dir(keyless)


def test_a_name_that_is_not_offered_is_an_attribute_error() -> None:
    """A typing error in a name is told as for any module."""
    with pytest.raises(AttributeError, match="'keyless' has no attribute 'verifiy'"):
        _ = keyless.verifiy


def test_importing_keyless_loads_nothing_heavy() -> None:
    """Names load when they are used: importing the package costs next to nothing."""
    script = f"import sys, keyless; print(*sorted({HEAVY} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []

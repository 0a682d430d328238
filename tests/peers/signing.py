# SPDX-License-Identifier: Apache-2.0
"""Signing with keyless against the stack, and verifying what came of it."""

from typing import Literal

import keyless
from keyless.evidence import Verified
from keyless.policy import SignedBy
from tests.peers.stack.deployment import Stack
from tests.peers.stack.oidc import ALICE, GITHUB_LOGIN

BY_ALICE = SignedBy(ALICE, issuer=GITHUB_LOGIN)


def connected(stack: Stack, *, rekor: Literal[1, 2] = 1) -> keyless.Sigstore:
    """Return the stack as an instance, with a timestamp authority."""
    return keyless.connect(trust_config=stack.trust_config(rekor=rekor, tsa=True), rekor=rekor)


def alice(stack: Stack) -> keyless.Identity:
    """Be Alice, who gets another token whenever she needs one."""
    return keyless.Identity(stack.token)


def sign(artifact: bytes, stack: Stack, *, rekor: Literal[1, 2] = 1) -> keyless.Signed:
    """Sign *artifact* as Alice."""
    return keyless.sign(artifact, alice(stack), sigstore=connected(stack, rekor=rekor))


def verify(artifact: bytes, signed: keyless.Signed | bytes, stack: Stack) -> Verified:
    """Verify that Alice signed *artifact*."""
    sigstore = keyless.connect(trusted_root=stack.trusted_root())
    return keyless.verify(artifact, signed, policy=BY_ALICE, sigstore=sigstore)

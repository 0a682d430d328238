# SPDX-License-Identifier: Apache-2.0
"""What is asked of every client that knows images: to sign one as Alice, and to say who has."""

from typing import Protocol

from tests.peers.clients.client import Setting
from tests.peers.stack.deployment import Stack

TYPE = "slsaprovenance1"


class ImageClient(Protocol):
    """Another program, or ours; each raises CannotError in its words."""

    name: str

    def sign_image(self, setting: Setting, reference: str, stack: Stack) -> None:
        """Sign the image, or attest to it, as Alice, and push that beside it."""

    def verify_image(self, setting: Setting, reference: str, stack: Stack) -> None:
        """Verify that Alice has."""


def is_legacy(setting: Setting) -> bool:
    """Say whether it is a `.sig` or an `.att` that is written, as before bundles."""
    return setting.kind.startswith("legacy")


def is_attestation(setting: Setting) -> bool:
    """Say whether a statement about the image is signed."""
    return setting.kind.endswith("attestation")

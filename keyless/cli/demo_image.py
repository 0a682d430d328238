# SPDX-License-Identifier: Apache-2.0
"""The image of `keyless demo`: pushed to the sandbox's registry, signed, verified, and saved."""

import os
from contextlib import suppress

from keyless.auth import Identity
from keyless.facade.carrying import save_image
from keyless.facade.images import sign_image, verify_image
from keyless.images.proof import ImageProof
from keyless.images.signed import SignedImage
from keyless.policy import Policy
from keyless.sandbox import Sandbox
from keyless.services.registry_credentials import anonymous
from keyless.services.registry_options import RegistryOptions

TAG = "1.0"
# What docker and podman know is not asked for: this registry lets in everybody.
ANYBODY = RegistryOptions(credentials=anonymous)


class DemoImage:
    """An image in the registry of *sandbox*, by the *name* of its repository; saved to *path*."""

    def __init__(self, sandbox: Sandbox, name: str, path: str) -> None:
        self._sandbox = sandbox
        self._name = f"{name}:{TAG}"
        self._path = path
        self.reference = ""

    def push(self, greeting: bytes) -> None:
        """Push an image with *greeting* in it, under the tag."""
        self.reference = self._sandbox.push_image(self._name, greeting)

    def sign(self, identity: Identity) -> SignedImage:
        """Sign what the tag stands for, as *identity*."""
        return sign_image(
            self.reference, identity, options=ANYBODY, sigstore=self._sandbox.sigstore
        )

    def verified(self, policy: Policy) -> ImageProof:
        """Return the proof that what the tag stands for is signed as by *policy*."""
        return verify_image(
            self.reference, policy=policy, options=ANYBODY, sigstore=self._sandbox.sigstore
        )

    def save(self) -> None:
        """Save the image to its archive, with its signatures."""
        # That of the demo before has signatures of a sandbox that is gone.
        with suppress(FileNotFoundError):
            os.remove(self._path)
        save_image(self.reference, self._path, options=ANYBODY, sigstore=self._sandbox.sigstore)

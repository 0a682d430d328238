# SPDX-License-Identifier: Apache-2.0
"""keyless itself, for images."""

from typing import Literal

import keyless
from tests.peers.clients.client import PREDICATE, CannotError, Setting
from tests.peers.clients.image_client import TYPE, is_attestation, is_legacy
from tests.peers.stack.deployment import Stack
from tests.peers.stack.oidc import ALICE, GITHUB_LOGIN


class KeylessImages:
    """The library, in this process."""

    name = "keyless"

    def sign_image(self, setting: Setting, reference: str, stack: Stack) -> None:
        """Sign with the stack's documents."""
        config = stack.trust_config(rekor=setting.rekor, tsa=setting.tsa)
        sigstore = keyless.connect(trust_config=config, rekor=setting.rekor)
        me = keyless.Identity.from_token(stack.token())
        how: Literal["bundle", "legacy"] = "legacy" if is_legacy(setting) else "bundle"
        try:
            if is_attestation(setting):
                keyless.attest_image(
                    *(reference, me), predicate=PREDICATE, type=TYPE, format=how, sigstore=sigstore
                )
            else:
                keyless.sign_image(reference, me, format=how, sigstore=sigstore)
        except keyless.KeylessError as error:
            raise CannotError(str(error)) from error

    def verify_image(self, setting: Setting, reference: str, stack: Stack) -> None:
        """Verify by the stack's trusted root."""
        by = {
            "identity": ALICE,
            "issuer": GITHUB_LOGIN,
            "sigstore": keyless.connect(trusted_root=stack.trusted_root()),
        }
        try:
            if is_attestation(setting):
                keyless.verify_attestations(reference, type=TYPE, **by)  # type: ignore[call-overload]
            else:
                keyless.verify_image(reference, **by)  # type: ignore[call-overload]
        except keyless.KeylessError as error:
            raise CannotError(str(error)) from error

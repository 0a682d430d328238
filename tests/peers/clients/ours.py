# SPDX-License-Identifier: Apache-2.0
"""keyless itself."""

from collections.abc import Iterable, Sequence

import keyless
from tests.peers.clients.client import (
    ARTIFACT,
    PREDICATE,
    PREDICATE_TYPE,
    CannotError,
    Documents,
    Question,
    Setting,
)
from tests.peers.stack.oidc import ALICE, GITHUB_LOGIN


class Keyless:
    """The library, in this process."""

    name = "keyless"
    version = "of this page"

    def sign(self, setting: Setting, stack: Documents) -> bytes:
        """Sign with the stack's documents."""
        config = stack.trust_config(rekor=setting.rekor, tsa=setting.tsa)
        me = keyless.Identity.from_token(stack.token())
        sigstore = keyless.connect(trust_config=config, rekor=setting.rekor)
        try:
            with keyless.Signer(me, sigstore=sigstore) as signer:
                signed = (
                    signer.sign(ARTIFACT)
                    if setting.kind == "file"
                    else signer.attest(ARTIFACT, predicate=PREDICATE, type=PREDICATE_TYPE)
                )
        except keyless.KeylessError as error:
            raise CannotError(str(error)) from error
        return signed.bundle.to_json()

    def verdicts(self, questions: Sequence[Question], stack: Documents) -> Iterable[str | None]:
        """Verify each by the stack's trusted root."""
        sigstore = keyless.connect(trusted_root=stack.trusted_root())
        for question in questions:
            try:
                keyless.verify(
                    question.artifact,
                    question.bundle,
                    identity=ALICE,
                    issuer=GITHUB_LOGIN,
                    sigstore=sigstore,
                )
            except keyless.KeylessError as error:
                yield str(error)
            else:
                yield None

# SPDX-License-Identifier: Apache-2.0
"""sigstore-python's command."""

import os
import sys
import tempfile
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

from tests.peers.clients.client import PREDICATE_TYPE, Documents, Question, Setting, Workplace
from tests.peers.stack.oidc import ALICE, GITHUB_LOGIN


class SigstorePython:
    """The command of this environment."""

    name = "sigstore-python"
    version = version("sigstore")

    def sign(self, setting: Setting, stack: Documents) -> bytes:
        """Sign with the stack's documents."""
        with tempfile.TemporaryDirectory() as folder:
            work = Workplace(Path(folder))
            command: tuple[str | Path, ...] = ("sign",)
            if setting.kind == "statement":
                command = ("attest", "--predicate", work.predicate)
                command = (*command, "--predicate-type", PREDICATE_TYPE)
            return work.signed(
                *(*_program(setting, stack), *command, "--identity-token", stack.token()),
                *("--bundle", work.bundle, work.artifact),
                env=dict(os.environ),
            )

    def verdicts(self, questions: Sequence[Question], stack: Documents) -> Iterable[str | None]:
        """Verify each by the stack's trusted root."""
        for question in questions:
            with tempfile.TemporaryDirectory() as folder:
                work = Workplace.of(question, Path(folder))
                yield work.run(
                    *(*_program(question.setting, stack), "verify", "identity"),
                    *("--cert-identity", ALICE, "--cert-oidc-issuer", GITHUB_LOGIN),
                    *("--bundle", work.bundle, work.artifact),
                    env=dict(os.environ),
                )


def _program(setting: Setting, stack: Documents) -> tuple[str | Path, ...]:
    config = stack.trust_config(rekor=setting.rekor, tsa=setting.tsa)
    return sys.executable, "-m", "sigstore", "--trust-config", config

# SPDX-License-Identifier: Apache-2.0
"""cosign's command, of version 3 and of version 2."""

import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.peers.clients.client import SIGNER, Documents, Question, Setting, Workplace
from tests.peers.stack.programs import BY_NAME, place

TYPE = "--type=slsaprovenance1"


class Cosign:
    """cosign as it is installed under *program*; version 2 is told to write and read bundles."""

    def __init__(self, program: str) -> None:
        self.version = BY_NAME[program].version.removeprefix("v")
        self.name = f"cosign {self.version[0]}"
        self._program = place(program)
        self._is_old = self.version.startswith("2")

    def sign(self, setting: Setting, stack: Documents) -> bytes:
        """Sign with the stack's documents."""
        with tempfile.TemporaryDirectory() as folder:
            work = Workplace(Path(folder))
            command: tuple[str | Path, ...] = ("sign-blob",)
            if setting.kind == "statement":
                command = ("attest-blob", "--predicate", work.predicate, TYPE)
            return work.signed(
                *(self._program, *command, "--yes", *self._format(), "--bundle", work.bundle),
                *("--identity-token", stack.token(), "--trusted-root", stack.trusted_root()),
                *("--signing-config", stack.signing_config(rekor=setting.rekor, tsa=setting.tsa)),
                work.artifact,
                env=dict(os.environ),
            )

    def verdicts(self, questions: Sequence[Question], stack: Documents) -> Iterable[str | None]:
        """Verify each by the stack's trusted root."""
        for question in questions:
            with tempfile.TemporaryDirectory() as folder:
                yield self._verdict(question, stack, Path(folder))

    def _verdict(self, question: Question, stack: Documents, folder: Path) -> str | None:
        work = Workplace.of(question, folder)
        command = ["verify-blob", *self._format()]
        if question.setting.kind == "statement":
            command = ["verify-blob-attestation", *self._format(), TYPE]
        if question.setting.tsa:
            command.append("--use-signed-timestamps")
        return work.run(
            *(self._program, *command, "--bundle", work.bundle, *SIGNER),
            *("--trusted-root", stack.trusted_root(), work.artifact),
            env=dict(os.environ),
        )

    def _format(self) -> list[str]:
        return ["--new-bundle-format"] if self._is_old else []

# SPDX-License-Identifier: Apache-2.0
"""cosign's command for images, of version 3 and of version 2, which writes `.sig` and `.att`."""

import os
import tempfile
from pathlib import Path

from tests.peers.clients.client import SIGNER, CannotError, Setting, Workplace
from tests.peers.clients.image_client import TYPE, is_attestation, is_legacy
from tests.peers.stack.deployment import Stack
from tests.peers.stack.programs import BY_NAME, place


class CosignImages:
    """cosign as it is installed under *program*."""

    def __init__(self, program: str) -> None:
        self._major = BY_NAME[program].version[1]
        self.name = f"cosign {self._major}"
        self._program = place(program)

    def sign_image(self, setting: Setting, reference: str, stack: Stack) -> None:
        """Sign with the stack's documents, or, in the old format, with its services."""
        with tempfile.TemporaryDirectory() as folder:
            work = Workplace(Path(folder))
            command: tuple[str | Path, ...] = ("sign",)
            if is_attestation(setting):
                command = ("attest", "--predicate", work.predicate, "--type", TYPE)
            services = _services(setting, stack) if is_legacy(setting) else ()
            words = work.run(
                *(self._program, *command, "--yes", *self._format(setting), *services),
                *(() if services else _documents(setting, stack)),
                *("--identity-token", stack.token(), reference),
                env=_environment(stack),
            )
            if words is not None:
                raise CannotError(words)

    def verify_image(self, setting: Setting, reference: str, stack: Stack) -> None:
        """Verify by the stack's trusted root; version 2 knows one only of bundles."""
        with tempfile.TemporaryDirectory() as folder:
            command = (
                ["verify-attestation", "--type", TYPE] if is_attestation(setting) else ["verify"]
            )
            by: tuple[str | Path, ...] = ("--trusted-root", stack.trusted_root())
            if self._major == "2":
                by = () if is_legacy(setting) else ("--new-bundle-format", *by)
            timed = ["--use-signed-timestamps"] if setting.tsa else []
            words = Workplace(Path(folder)).run(
                *(self._program, *command, *by, *timed, *SIGNER, reference),
                env=_environment(stack),
            )
            if words is not None:
                raise CannotError(words)

    def _format(self, setting: Setting) -> tuple[str, ...]:
        if self._major == "2":
            return () if is_legacy(setting) else ("--new-bundle-format",)
        old = ("--new-bundle-format=false", "--use-signing-config=false")
        return old if is_legacy(setting) else ()


def _documents(setting: Setting, stack: Stack) -> tuple[str | Path, ...]:
    config = stack.signing_config(rekor=setting.rekor, tsa=setting.tsa)
    return ("--trusted-root", stack.trusted_root(), "--signing-config", config)


def _services(setting: Setting, stack: Stack) -> tuple[str, ...]:
    rekor = stack.urls.rekor_v1 if setting.rekor == 1 else stack.urls.rekor_v2
    timed = ("--timestamp-server-url", stack.urls.tsa) if setting.tsa else ()
    return ("--fulcio-url", stack.urls.fulcio, "--rekor-url", rekor, *timed)


def _environment(stack: Stack) -> dict[str, str]:
    return {
        **os.environ,
        "SIGSTORE_ROOT_FILE": str(stack.authority.chain),
        "SIGSTORE_CT_LOG_PUBLIC_KEY_FILE": str(stack.ct_key.public),
        "SIGSTORE_REKOR_PUBLIC_KEY": str(stack.rekor_v1_key.public),
        "SIGSTORE_TSA_CERTIFICATE_FILE": str(stack.clock.chain),
    }

# SPDX-License-Identifier: Apache-2.0
"""What is asked of every client: to sign as Alice, and to say who has signed."""

import json
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, Protocol, get_args

from keyless.value import value
from tests.peers.stack.oidc import ALICE, GITHUB_LOGIN

Kind = Literal["file", "statement"]
Version = Literal[1, 2]
ImageKind = Literal["image", "legacy image", "image attestation", "legacy image attestation"]

ARTIFACT = b"what was signed\n"
ALTERED = b"what was Signed\n"
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
PREDICATE = {
    "buildDefinition": {"buildType": "https://example.com/by-hand", "externalParameters": {}},
    "runDetails": {"builder": {"id": "https://example.com/alice"}},
}
SECONDS = 120.0


class CannotError(Exception):
    """A client did not sign; its words."""


@value
class Setting:
    """What is signed, as which kind of thing; in which log; timestamped or not."""

    kind: Kind | ImageKind
    rekor: Version
    tsa: bool

    def __str__(self) -> str:
        return f"{self.kind}, Rekor v{self.rekor}, {'with' if self.tsa else 'without'} TSA"


def _settings(kinds: Sequence[Kind | ImageKind]) -> tuple[Setting, ...]:
    return tuple(
        Setting(kind=kind, rekor=rekor, tsa=tsa)
        for kind in kinds
        for rekor in LOGS
        for tsa in (True, False)
    )


LOGS: tuple[Version, ...] = (1, 2)
KINDS, IMAGE_KINDS = get_args(Kind), get_args(ImageKind)
SETTINGS, IMAGE_SETTINGS = _settings(KINDS), _settings(IMAGE_KINDS)


@value
class Question:
    """Whether *bundle* proves that Alice signed *artifact*."""

    setting: Setting
    bundle: bytes
    artifact: bytes


class Documents(Protocol):
    """An instance's documents, and tokens of Alice's: the stack's, or with another log."""

    def token(self) -> str:
        """Have Alice's token signed."""

    def trusted_root(self) -> Path:
        """Return the trusted root's file."""

    def signing_config(self, *, rekor: int, tsa: bool) -> Path:
        """Return the file of a signing configuration."""

    def trust_config(self, *, rekor: int, tsa: bool) -> Path:
        """Return the file that holds both."""


class Client(Protocol):
    """Another program, or ours."""

    name: str
    version: str

    def sign(self, setting: Setting, stack: Documents) -> bytes:
        """Sign the artifact as Alice, and return the bundle; raise CannotError in its words."""

    def verdicts(self, questions: Sequence[Question], stack: Documents) -> Iterable[str | None]:
        """Judge each of *questions*: None for accepted, or the words of the refusal."""


class Workplace:
    """A folder with what a command works on: the artifact, the predicate, and a bundle."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.artifact = folder / "artifact.txt"
        self.predicate = folder / "predicate.json"
        self.bundle = folder / "artifact.txt.sigstore.json"
        self.artifact.write_bytes(ARTIFACT)
        self.predicate.write_text(json.dumps(PREDICATE))

    @classmethod
    def of(cls, question: Question, folder: Path) -> "Workplace":
        """Lay out what *question* is about."""
        made = cls(folder)
        made.artifact.write_bytes(question.artifact)
        made.bundle.write_bytes(question.bundle)
        return made

    def run(self, *command: str | Path, env: dict[str, str]) -> str | None:
        """Run *command*; return its words if it fails."""
        done = subprocess.run(
            [str(word) for word in command],
            cwd=self.folder,
            env={**env, "HOME": str(self.folder)},  # where it would keep things
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return None if done.returncode == 0 else (done.stderr + done.stdout).strip()

    def signed(self, *command: str | Path, env: dict[str, str]) -> bytes:
        """Run *command*, which signs, and return the bundle that it wrote."""
        words = self.run(*command, env=env)
        if words is not None:
            raise CannotError(words)
        return self.bundle.read_bytes()


SIGNER = (f"--certificate-identity={ALICE}", f"--certificate-oidc-issuer={GITHUB_LOGIN}")

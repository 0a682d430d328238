# SPDX-License-Identifier: Apache-2.0
"""What became of each artifact that a command line names: read, judged, one verdict each."""

import os
from collections import deque
from collections.abc import Iterable, Iterator

from keyless import files
from keyless.batch import Executor, verify_many
from keyless.cli import output
from keyless.cli.artifacts import Artifact, check_listed
from keyless.errors import Check, InputError, KeylessError, VerificationError
from keyless.evidence import Verified
from keyless.policy import Policy
from keyless.protocol.bundle import Bundle
from keyless.protocol.digest import Digest
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.trusted_root import TrustedRoot
from keyless.safe_text import shown
from keyless.value import value
from keyless.verification import artifact_algorithm


@value
class Verdict:
    """What became of the artifact called *file*: the proof, or the error that says why not."""

    file: str
    digest: Digest | None
    verified: Verified | None
    error: KeylessError | None

    @property
    def code(self) -> int:
        """The exit code that says the same."""
        return output.DONE if self.error is None else output.exit_code(self.error)

    def to_json(self) -> dict[str, JsonValue]:
        """Return all of it as JSON: always the same members, null where there is nothing."""
        return {
            "file": self.file,
            "digest": str(self.digest) if self.digest else None,
            "verdict": in_a_word(self.code),
            **output.error_json(self.error),
            "proof": self.verified.to_json() if self.verified else None,
        }


@value
class _Judging:
    """An artifact that was read, and is being judged."""

    file: str
    digest: Digest


def verdicts(
    artifacts: Iterable[Artifact],
    bundle: str | None,
    *,
    trusted_root: TrustedRoot,
    policy: Policy,
    executor: Executor | None,
) -> Iterator[Verdict]:
    """Yield the verdict on each of *artifacts*; by *bundle*, or by what lies beside each."""
    # What cannot even be read has its verdict at once, and waits here for its turn.
    waiting: deque[Verdict | _Judging] = deque()
    pairs = _pairs(artifacts, bundle, waiting)
    for outcome in verify_many(pairs, trusted_root=trusted_root, policy=policy, executor=executor):
        while isinstance(first := waiting.popleft(), Verdict):
            yield first
        yield Verdict(
            file=first.file, digest=first.digest, verified=outcome.verified, error=outcome.error
        )
    yield from (last for last in waiting if isinstance(last, Verdict))


def in_a_word(code: int) -> str:
    """Return the verdict that exit code *code* stands for; `error` is none at all."""
    return {output.DONE: "verified", output.REFUSED: "refused"}.get(code, "error")


def _pairs(
    artifacts: Iterable[Artifact], bundle: str | None, waiting: deque[Verdict | _Judging]
) -> Iterator[tuple[Bundle, Digest]]:
    """Yield what can be judged; leave all, in their order, in *waiting*."""
    for artifact in artifacts:
        try:
            pair = _pair(artifact, bundle)
        except KeylessError as error:
            waiting.append(Verdict(file=artifact.name, digest=None, verified=None, error=error))
        else:
            waiting.append(_Judging(file=artifact.name, digest=pair[1]))
            yield pair


def _pair(artifact: Artifact, bundle: str | None) -> tuple[Bundle, Digest]:
    """Read what is to be judged: the file by the hash that its bundle is about."""
    if artifact.problem is not None:
        raise artifact.problem
    source, listed = artifact.source, artifact.listed
    if isinstance(source, Digest):
        if bundle is None:
            raise InputError("a digest has no bundle beside it", hint="name it: --bundle FILE")
        return files.read_bundle(bundle), source
    proof = files.read_bundle(_bundle_beside(source) if bundle is None else bundle)
    digest = files.digest(source, algorithm=artifact_algorithm(proof))
    if listed is not None and listed.algorithm is not digest.algorithm:
        check_listed(artifact, files.digest(source, algorithm=listed.algorithm))
    else:
        check_listed(artifact, digest)
    return proof, digest


def _bundle_beside(path: str) -> str:
    try:
        return files.find_bundle(path)
    except InputError as error:
        if not os.path.lexists(path):
            raise InputError(f"there is no file {shown(path)}") from None
        # Whoever wants it verified is told no, not that the question was wrong.
        raise VerificationError(
            "the file is not signed, as far as can be seen",
            check=Check.SIGNATURE,
            found=error.message,
            wanted="a bundle beside the file, or one named with --bundle",
            hint=error.hint,
        ) from None

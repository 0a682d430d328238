# SPDX-License-Identifier: Apache-2.0
"""Check 1: trusted logs hold, or promise to hold, the entries."""

from collections.abc import Sequence
from datetime import UTC, datetime

from keyless.errors import Check, VerificationError
from keyless.evidence import Inclusion, Promise, VerifiedEntry
from keyless.policy import Requirements
from keyless.protocol.checkpoint import Checkpoint
from keyless.protocol.entry import InclusionProof, LogEntry
from keyless.protocol.merkle import verify_inclusion
from keyless.protocol.trusted_root import Log, TrustedRoot
from keyless.safe_text import shown


def check_log(
    entries: Sequence[LogEntry], trusted_root: TrustedRoot, requirements: Requirements
) -> tuple[VerifiedEntry, ...]:
    """Verify that every one of *entries* is in its log, in as many logs as *requirements* ask."""
    verified = tuple(_check_entry(entry, trusted_root, requirements) for entry in entries)
    logs = {entry.log_id for entry in verified}
    if len(logs) < requirements.logs:
        raise VerificationError(
            f"{_logs(len(logs))} vouches for the signature, {requirements.logs} wanted",
            check=Check.LOG,
            found=_logs(len(logs)),
            wanted=_logs(requirements.logs),
        )
    return verified


def _check_entry(
    entry: LogEntry, trusted_root: TrustedRoot, requirements: Requirements
) -> VerifiedEntry:
    log = _log_of(entry, trusted_root)
    if entry.promise is not None:
        log.key.verify(
            entry.promise, entry.promise_payload(), check=Check.PROMISE, algorithm=log.algorithm
        )
    return VerifiedEntry(
        log=log.name,
        log_id=log.log_id,
        index=entry.index if entry.is_v2 or entry.promise is not None else None,
        kind=entry.kind,
        version=entry.version,
        recorded_as=entry.recorded_as,
        body=entry.body,
        proof=_check_inclusion(entry, log, requirements),
        integrated_time=_integrated_time(entry),
    )


def _log_of(entry: LogEntry, trusted_root: TrustedRoot) -> Log:
    logs = trusted_root.logs_called(entry.log_id)
    if not logs:
        known = ", ".join(shown(log.name) for log in trusted_root.logs) or "none"
        raise VerificationError(
            f"entry {entry.index} is in a log that is not trusted",
            check=Check.LOG,
            found=f"the log with id {entry.log_id.hex()}",
            wanted=f"one of the trusted logs: {known}",
            hint="the bundle is of another Sigstore instance, or the trusted root is too old",
        )
    # One id is one key; several entries of a root under one id differ in their windows only, and
    # which window must hold the entry is decided when its time is known.
    return logs[0]


def _check_inclusion(entry: LogEntry, log: Log, requirements: Requirements) -> Inclusion | Promise:
    if entry.proof is None or entry.proof.checkpoint is None:
        return _only_promised(entry, requirements)
    proof, checkpoint = entry.proof, entry.proof.checkpoint
    # A v1 log signs checkpoints under a name of its machine's that no trust root records, so its
    # lines are found by key id alone; a v2 log signs under its host name, and the name must match
    # too.
    is_v2 = entry.is_v2
    checkpoint.verify(log.key, key_hint=log.checkpoint_key_id[:4], name=log.name if is_v2 else None)
    if not is_v2:
        _check_agreement(proof, checkpoint)
    index = entry.index if is_v2 else proof.index
    verify_inclusion(
        entry.leaf,
        index=index,
        size=checkpoint.size,
        proof=proof.hashes,
        root=checkpoint.root,
    )
    return Inclusion(
        index=index, size=checkpoint.size, root=checkpoint.root, origin=checkpoint.origin
    )


def _only_promised(entry: LogEntry, requirements: Requirements) -> Promise:
    if entry.promise is None or requirements.inclusion == "proof":
        raise VerificationError(
            f"entry {entry.index} comes without a proof that it is in the log",
            check=Check.INCLUSION,
            found="a promise to include it" if entry.promise is not None else "nothing",
            wanted="an inclusion proof with a signed checkpoint",
        )
    return Promise()


def _check_agreement(proof: InclusionProof, checkpoint: Checkpoint) -> None:
    """Refuse a v1 proof that states another tree than the one its checkpoint signs."""
    if (proof.size, proof.root) != (checkpoint.size, checkpoint.root):
        raise VerificationError(
            "the inclusion proof is for another tree than its checkpoint",
            check=Check.INCLUSION,
            found=f"a tree of {proof.size} leaves with root {proof.root.hex()}",
            wanted=f"the checkpoint's: {checkpoint.size} leaves, root {checkpoint.root.hex()}",
        )


def _integrated_time(entry: LogEntry) -> datetime | None:
    # The promise signs the time; the inclusion proof does not. Without a promise the log's clock is
    # hearsay, so the time is dropped, not the entry. v2 logs state none.
    if entry.promise is None or entry.is_v2:
        return None
    return datetime.fromtimestamp(entry.integrated_time, UTC)


def _logs(count: int) -> str:
    return "no transparency log" if count == 0 else f"{count} transparency log{'s'[: count > 1]}"

# SPDX-License-Identifier: Apache-2.0
"""What is read in a log by itself, without a signature to judge: entries and checkpoints.

    Checkpoint ──► VerifiedCheckpoint        a trusted log signs it, under its own name
    LogEntry ──► VerifiedEntry               it is in a tree that such a checkpoint commits to

Neither says anything about who signed what: a log takes signatures of everybody.
"""

from collections.abc import Sequence

from keyless.errors import Check, VerificationError
from keyless.evidence import VerifiedCheckpoint, VerifiedEntry
from keyless.policy import Requirements
from keyless.protocol.checkpoint import HINT_SIZE, Checkpoint
from keyless.protocol.entry import LogEntry
from keyless.protocol.rest_log import tree_of
from keyless.protocol.trusted_root import Log, TrustedRoot
from keyless.safe_text import shown
from keyless.verification.log import check_log

_PROVED = Requirements(inclusion="proof")


def verify_entry(entry: LogEntry, *, trusted_root: TrustedRoot) -> VerifiedEntry:
    """Decide whether *entry* is in a log of *trusted_root*, and its promise, if any, is genuine.

    A promise alone will not do. That the entry is the one that was asked for, whoever asked sees.
    """
    (verified,) = check_log((entry,), trusted_root, _PROVED)
    return verified


def verify_checkpoint_among(checkpoint: Checkpoint, logs: Sequence[Log]) -> VerifiedCheckpoint:
    """Decide whether the one of *logs* whose key is named in *checkpoint* signs it."""
    hints = {line.key_hint for line in checkpoint.signatures}
    refusal = None
    for log in logs:
        if log.checkpoint_key_id[:HINT_SIZE] in hints:
            try:
                return verify_checkpoint(checkpoint, log)
            except VerificationError as error:
                # Whoever copied the note may have put in lines that name others: one of these is
                # no reason to refuse what its own log has signed.
                refusal = refusal or error
    if refusal is not None:
        raise refusal
    raise VerificationError(
        "no trusted log signs the checkpoint",
        check=Check.LOG,
        found=f"signatures by {', '.join(map(str, checkpoint.signatures))}",
        wanted=f"one by {', '.join(shown(log.name) for log in logs) or 'a trusted log'}",
        hint="the log is of another Sigstore instance, or the trusted root is too old",
    )


def verify_checkpoint(checkpoint: Checkpoint, log: Log) -> VerifiedCheckpoint:
    """Decide whether *log* signs *checkpoint*."""
    # What names a log of version 2 is made of its host as well, and says that it has no other tree.
    is_v1 = log.log_id == log.key.fingerprint.value
    tree_id = tree_of(checkpoint.origin) if is_v1 else None
    if tree_id is None and checkpoint.origin != log.name:
        raise VerificationError(
            "the checkpoint is of another log than its key",
            check=Check.CHECKPOINT,
            found=f"origin {shown(checkpoint.origin)}",
            wanted=f"origin {shown(log.name)}",
            hint="the checkpoint belongs to another log, or the trusted root is too old",
        )
    # A v1 log signs under a name of its machine's that no trust root records; a v2 log has none but
    # the one under which it is trusted.
    name = log.name if tree_id is None else None
    checkpoint.verify(log.key, key_hint=log.checkpoint_key_id[:HINT_SIZE], name=name)
    return VerifiedCheckpoint(
        log=log.name,
        log_id=log.log_id,
        origin=checkpoint.origin,
        size=checkpoint.size,
        root=checkpoint.root,
        checkpoint=checkpoint,
    )

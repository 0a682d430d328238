# SPDX-License-Identifier: Apache-2.0
"""Whether two checkpoints of a log are of one history: it has to show that one grew into the other.

Of two trees of a log of version 1, neither grew into the other. There, each of the two checkpoints
is to be part of what its tree is now.
"""

from collections.abc import Sequence

from keyless.errors import InputError
from keyless.evidence import VerifiedCheckpoint
from keyless.explorer.directory import KnownLog
from keyless.explorer.log_v1 import LogV1
from keyless.explorer.log_v2 import ShardV2
from keyless.explorer.opening import open_known
from keyless.instance import Sigstore
from keyless.protocol.checkpoint import Checkpoint
from keyless.safe_text import shown
from keyless.verification import verify_checkpoint_among

CheckpointLike = Checkpoint | VerifiedCheckpoint | str


def demand_consistent(
    old: CheckpointLike,
    new: CheckpointLike | None,
    sigstore: Sigstore,
    known: Sequence[KnownLog],
) -> None:
    """Refuse, with SplitView, unless the log shows that *old* grew into *new*, or into its now."""
    first = _trusted(old, sigstore)
    second = None if new is None else _trusted(new, sigstore)
    log = _log_of(first, sigstore, known)
    if second is None:
        log.prove_growth(first, _present(log, first.origin))
    elif second.log_id != first.log_id:
        raise InputError(
            f"a checkpoint of {shown(first.origin)} says nothing about {shown(second.origin)}",
            hint="compare checkpoints of one log",
        )
    elif second.origin == first.origin:
        # Which is the older one, their sizes say: in the wrong order they are no lie of the log's.
        older, newer = sorted((first, second), key=lambda it: it.size)
        log.prove_growth(older, newer)
    else:
        for each in (first, second):
            log.prove_growth(each, _present(log, each.origin))


def _trusted(checkpoint: CheckpointLike, sigstore: Sigstore) -> VerifiedCheckpoint:
    """Verify *checkpoint*, also one that says it has been: it may be of another instance."""
    if isinstance(checkpoint, VerifiedCheckpoint):
        note = checkpoint.checkpoint
    else:
        note = Checkpoint.parse(checkpoint) if isinstance(checkpoint, str) else checkpoint
    return verify_checkpoint_among(note, sigstore.trusted_root.logs)


def _log_of(
    checkpoint: VerifiedCheckpoint, sigstore: Sigstore, known: Sequence[KnownLog]
) -> LogV1 | ShardV2:
    for each in known:
        if any(log.log_id == checkpoint.log_id for log in each.logs):
            return open_known(each, sigstore)
    raise InputError(f"nobody says where {shown(checkpoint.origin)} is to be asked")


def _present(log: LogV1 | ShardV2, origin: str) -> VerifiedCheckpoint:
    """Return what *log* commits to now, in the tree of that *origin*."""
    if isinstance(log, ShardV2):
        return log.checkpoint()
    checkpoints = [tree.checkpoint for tree in log.trees()]
    for checkpoint in checkpoints:
        if checkpoint.origin == origin:
            return checkpoint
    raise InputError(
        f"{log.name} has no tree that is called {shown(origin)} any more",
        hint="it had one: keep its checkpoint, and ask whoever runs the log",
    )

# SPDX-License-Identifier: Apache-2.0
"""What a log shows now against what it has shown before, and against what others have seen.

    VerifiedCheckpoint ─┬─► verify_growth        the later tree begins with the earlier one
    VerifiedCheckpoint ─┘
    VerifiedCheckpoint ───► verify_kept          the log still has this tree
    VerifiedCheckpoint ───► verify_witnesses     enough others have seen this very tree
    VerifiedCheckpoint ───► verify_entry_under   this entry is in this very tree

A log that keeps one history for some and another for the rest signs both, and every proof within
either of them holds. Only who compares two of its checkpoints can tell.
"""

from collections.abc import Sequence

from keyless.errors import Check, InputError, SplitView, VerificationError
from keyless.evidence import Inclusion, VerifiedCheckpoint, VerifiedCosignature, VerifiedEntry
from keyless.policy.witnesses import Witnesses
from keyless.protocol.entry import LogEntry
from keyless.protocol.merkle import verify_consistency, verify_inclusion
from keyless.safe_text import shown


def verify_growth(
    older: VerifiedCheckpoint, newer: VerifiedCheckpoint, *, proof: Sequence[bytes]
) -> None:
    """Refuse unless *proof* shows that *older*'s tree grew into *newer*'s: SplitView.

    Of a tree that has not changed, and of one that was empty, there is nothing to prove.
    """
    demand_same_tree(older, newer)
    if newer.size < older.size:
        raise _split(
            older,
            newer,
            f"{shown(newer.origin)} has {newer.size} entries, and had {older.size} before: "
            "what was in it is gone, or an old checkpoint is shown for the present one",
        )
    try:
        verify_consistency(
            first=older.size,
            second=newer.size,
            proof=proof,
            first_root=older.root,
            second_root=newer.root,
        )
    except VerificationError as error:
        raise _split(
            older,
            newer,
            f"{shown(newer.origin)} does not show that its tree of {newer.size} entries grew out "
            f"of its tree of {older.size}: {error.message}",
        ) from None


def verify_kept(older: VerifiedCheckpoint, present: Sequence[VerifiedCheckpoint]) -> None:
    """Refuse, with SplitView, unless *older*'s tree is one of those at *present*, at least one.

    That it has grown, if it is, is another question.
    """
    if any((each.log_id, each.origin) == (older.log_id, older.origin) for each in present):
        return
    raise _split(
        older,
        present[-1],
        f"the log has no tree that is called {shown(older.origin)} any more: what was in it is "
        "gone",
    )


def verify_entry_under(entry: LogEntry, checkpoint: VerifiedCheckpoint) -> VerifiedEntry:
    """Decide whether *entry*, of a log without promises, is in the tree of *checkpoint*."""
    if entry.proof is None:
        raise VerificationError(
            f"entry {entry.index} comes without a proof that it is in the log",
            check=Check.INCLUSION,
            found="nothing",
            wanted="an inclusion proof",
        )
    verify_inclusion(
        entry.leaf,
        index=entry.index,
        size=checkpoint.size,
        proof=entry.proof.hashes,
        root=checkpoint.root,
    )
    return VerifiedEntry(
        log=checkpoint.log,
        log_id=checkpoint.log_id,
        index=entry.index,
        kind=entry.kind,
        version=entry.version,
        recorded_as=entry.recorded_as,
        body=entry.body,
        proof=Inclusion(
            index=entry.index,
            size=checkpoint.size,
            root=checkpoint.root,
            origin=checkpoint.origin,
        ),
        integrated_time=None,
    )


def verify_witnesses(
    checkpoint: VerifiedCheckpoint, witnesses: Witnesses
) -> tuple[VerifiedCosignature, ...]:
    """Return who of *witnesses* has seen *checkpoint*, and when; refuse fewer than its quorum."""
    seen, missing = [], []
    for witness in witnesses.witnesses:
        try:
            at = checkpoint.checkpoint.verify_cosignature(witness.key, name=witness.name)
        except VerificationError:
            missing.append(shown(witness.name))
        else:
            seen.append(VerifiedCosignature(witness=witness.name, at=at))
    if len(seen) < witnesses.quorum:
        raise VerificationError(
            f"{len(seen)} of the {witnesses.quorum} witnesses wanted have seen this checkpoint of "
            f"{shown(checkpoint.origin)}",
            check=Check.CHECKPOINT,
            found="; ".join(map(str, seen)) or "no cosignature of a witness that is asked for",
            wanted=witnesses.description,
            hint=f"missing: {', '.join(missing)}; they may see it yet, or this tree may be shown "
            "to nobody else",
        )
    return tuple(seen)


def demand_same_tree(older: VerifiedCheckpoint, newer: VerifiedCheckpoint) -> None:
    """Refuse checkpoints of two trees: they have nothing to do with each other."""
    if (older.log_id, older.origin) != (newer.log_id, newer.origin):
        raise InputError(
            f"a checkpoint of {shown(older.origin)} says nothing about {shown(newer.origin)}",
            hint="compare checkpoints of one tree; the shards of a log are several",
        )


def _split(older: VerifiedCheckpoint, newer: VerifiedCheckpoint, message: str) -> SplitView:
    return SplitView(
        message,
        older=older.checkpoint.to_text(),
        newer=newer.checkpoint.to_text(),
        found=str(newer),
        wanted=f"a tree that began as {older}",
    )

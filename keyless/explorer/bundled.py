# SPDX-License-Identifier: Apache-2.0
"""The entry that a bundle brings along, with all that shows that its log holds it."""

from collections.abc import Sequence

from keyless.errors import Check, InputError, NoSuchEntry, VerificationError
from keyless.explorer.directory import KnownLog
from keyless.explorer.entry import Address, Entry
from keyless.explorer.opening import open_known
from keyless.explorer.unverified import unverified
from keyless.instance import Sigstore
from keyless.protocol.bundle import Bundle
from keyless.protocol.dsse import Envelope
from keyless.protocol.entry import LogEntry
from keyless.protocol.rest_entry import full_name
from keyless.protocol.rest_log import tree_of
from keyless.value import replace
from keyless.verification import verify_entry


def entry_in(
    bundle: Bundle, sigstore: Sigstore, known: Sequence[KnownLog], *, verifies: bool
) -> Entry:
    """Return the entry in *bundle*, without asking anybody where its proof is there as well.

    Where it is not, as in old bundles, the log is asked for it, which must be the same.
    """
    record = _record_in(bundle)
    if not _is_proven(record):
        return _looked_up(record, sigstore, known, verifies=verifies)
    payload = bundle.content.payload if isinstance(bundle.content, Envelope) else None
    trusted_root = sigstore.trusted_root
    address = _address(record, known)
    if verifies and record.promise is None and not record.is_v2:
        record, address = _placed(record, address)
    return Entry(
        record,
        log=address,
        uuid=full_name(record),
        evidence=verify_entry(record, trusted_root=trusted_root) if verifies else None,
        attestation=payload,
        trusted_root=trusted_root if verifies else None,
    )


def _record_in(bundle: Bundle) -> LogEntry:
    """Return the entry in *bundle*, the first that is proven if there are several."""
    if not bundle.entries:
        raise NoSuchEntry(
            "the bundle has no entry of a log",
            hint="it was made without one: nobody can find its signature in a log",
        )
    return next(filter(_is_proven, bundle.entries), bundle.entries[0])


def _is_proven(record: LogEntry) -> bool:
    return record.proof is not None and record.proof.checkpoint is not None


def _looked_up(
    record: LogEntry, sigstore: Sigstore, known: Sequence[KnownLog], *, verifies: bool
) -> Entry:
    holder = next((it for it in known if _has(it, record)), None)
    if holder is None:
        raise InputError(
            f"entry {record.index} is in a log that is not trusted, or is nowhere to be asked",
            hint="the bundle is of another Sigstore instance, or the trusted root is too old",
        )
    log = open_known(holder, sigstore)
    entry = (log if verifies else unverified(log)).entry(record.index)
    if entry.record.leaf != record.leaf:
        raise VerificationError(
            f"entry {record.index} of {entry.shard} is another than the one in the bundle",
            check=Check.ENTRY,
            found=f"leaf {entry.record.leaf.hex()}",
            wanted=f"leaf {record.leaf.hex()}",
        )
    return entry


def _has(known: KnownLog, record: LogEntry) -> bool:
    return any(log.log_id == record.log_id for log in known.logs)


def _placed(record: LogEntry, log: Address) -> tuple[LogEntry, Address]:
    """Count *record* within its tree: only a promise speaks of its index over all trees of *log*.

    Without one that index is what the bundle says, and whoever made the bundle can say anything.
    """
    proof = record.proof
    if proof is None or proof.checkpoint is None:
        return record, log
    tree_id = tree_of(proof.checkpoint.origin)
    name = f"a tree of {log.name}" if tree_id is None else str(tree_id)
    return replace(record, index=proof.index), replace(log, name=name)


def _address(record: LogEntry, known: Sequence[KnownLog]) -> Address:
    for each in known:
        if _has(each, record):
            return Address(name=each.name, version=each.version, url=each.url)
    name = f"the log with id {record.log_id.hex()}"
    return Address(name=name, version=2 if record.is_v2 else 1, url="")

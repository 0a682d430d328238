# SPDX-License-Identifier: Apache-2.0
"""Entries and checkpoints that are read by themselves: what a trusted log signs, and what not."""

from datetime import UTC, datetime

import pytest

from keyless.errors import Check
from keyless.protocol.checkpoint import Checkpoint
from keyless.protocol.encoding import b64encode
from keyless.protocol.entry import LogEntry
from keyless.protocol.trusted_root import Log
from keyless.sandbox.note_writer import checkpoint_text, signature_line, signed_note
from keyless.sandbox.transparency_log import LogV1, LogV2
from keyless.value import replace
from keyless.verification import verify_checkpoint, verify_checkpoint_among, verify_entry
from tests.forge import Forge
from tests.refusals import refused

BOTH_LOGS = pytest.mark.parametrize("version", [1, 2], ids=["first log", "second log"])


@pytest.fixture(scope="module")
def forge() -> Forge:
    """One instance for all, with something in its logs."""
    return Forge()


def party(forge: Forge, version: int) -> LogV1 | LogV2:
    """Return the log of that version."""
    return forge.core.log_v1 if version == 1 else forge.core.log_v2


def log_of(forge: Forge, version: int) -> Log:
    """Return the log of that version, as it is trusted."""
    return forge.trusted_root().logs[version - 1]


def logged(forge: Forge, version: int) -> LogEntry:
    """Write something down in the log of that version."""
    signer = forge.signer()
    return forge.logged(signer, forge.message(signer), log=party(forge, version))


@BOTH_LOGS
def test_what_the_log_signs_is_a_checkpoint(forge: Forge, version: int) -> None:
    """It says of which tree it is, and how large that is."""
    logged(forge, version)
    text, log = party(forge, version).checkpoint(), log_of(forge, version)
    checkpoint = Checkpoint.parse(text)
    verified = verify_checkpoint(checkpoint, log)
    assert (verified.log, verified.log_id, verified.origin) == (
        log.name,
        log.log_id,
        checkpoint.origin,
    )
    assert (verified.size, verified.root) == (checkpoint.size, checkpoint.root)
    assert verified.checkpoint == checkpoint
    assert str(verified) == (
        f"{checkpoint.origin}: {checkpoint.size} entries under root {checkpoint.root.hex()}"
    )


@BOTH_LOGS
def test_what_another_log_signs_is_no_checkpoint_of_this_one(forge: Forge, version: int) -> None:
    """Of the same name, and with another key."""
    text = party(Forge(), version).checkpoint()
    note = Checkpoint.parse(text)
    other = log_of(forge, version)
    with refused(Check.CHECKPOINT, "^the checkpoint is not signed by its log"):
        verify_checkpoint(note, other)


@pytest.mark.parametrize("origin", ["elsewhere.test", "log2025-1.rekor.sandbox.test - 7"])
def test_a_second_log_has_no_other_name(forge: Forge, origin: str) -> None:
    """What it signs for under another origin is another log."""
    party = forge.core.log_v2
    text = checkpoint_text(origin, party.tree, size=len(party.tree))
    note = signed_note(text, [signature_line(text, name=party.name, key=party.secret)])
    with refused(Check.CHECKPOINT, "^the checkpoint is of another log than its key") as refusal:
        verify_checkpoint(Checkpoint.parse(note), log_of(forge, 2))
    assert refusal.value.found == f"origin {origin}"
    assert refusal.value.wanted == "origin log2025-1.rekor.sandbox.test"


def test_an_entry_of_the_first_log_has_the_time_that_is_promised(forge: Forge) -> None:
    """The promise signs it, as well as the index over all trees."""
    entry = logged(forge, 1)
    verified = verify_entry(entry, trusted_root=forge.trusted_root())
    assert verified.index == entry.index
    assert verified.integrated_time == datetime.fromtimestamp(entry.integrated_time, UTC)


def test_an_entry_of_the_second_log_has_no_time(forge: Forge) -> None:
    """There, a timestamp over the signature dates it."""
    verified = verify_entry(logged(forge, 2), trusted_root=forge.trusted_root())
    assert verified.integrated_time is None


def test_a_promise_alone_is_not_enough(forge: Forge) -> None:
    """Whether the log has kept it is the question."""
    entry = replace(logged(forge, 1), proof=None)
    with refused(Check.INCLUSION, "comes without a proof that it is in the log"):
        verify_entry(entry, trusted_root=forge.trusted_root())


def test_a_promise_that_is_not_genuine_is_refused(forge: Forge) -> None:
    """Even beside a proof that holds."""
    entry = logged(forge, 1)
    altered = replace(entry, integrated_time=entry.integrated_time + 1)
    with refused(Check.PROMISE):
        verify_entry(altered, trusted_root=forge.trusted_root())


@BOTH_LOGS
def test_a_checkpoint_is_verified_by_the_log_whose_key_it_names(forge: Forge, version: int) -> None:
    """Of all that are trusted."""
    checkpoint = Checkpoint.parse(party(forge, version).checkpoint())
    verified = verify_checkpoint_among(checkpoint, forge.trusted_root().logs)
    assert verified.log_id == log_of(forge, version).log_id


@BOTH_LOGS
@pytest.mark.parametrize("named", [1, 2])
def test_a_line_that_names_another_log_changes_nothing(
    forge: Forge, version: int, named: int
) -> None:
    """Anybody can add one: it is ignored, whichever log is trusted first."""
    hint = log_of(forge, named).checkpoint_key_id[:4]
    line = f"— anybody.example {b64encode(hint + b'not a signature')}\n"
    checkpoint = Checkpoint.parse(party(forge, version).checkpoint() + line)
    verified = verify_checkpoint_among(checkpoint, forge.trusted_root().logs)
    assert verified.log_id == log_of(forge, version).log_id


def test_of_several_logs_that_are_named_and_did_not_sign_the_first_is_told(forge: Forge) -> None:
    """None of them has signed it."""
    first, second = forge.trusted_root().logs
    text, _, _ = forge.core.log_v2.checkpoint().partition("— ")
    lines = (f"— x {b64encode(it.checkpoint_key_id[:4] + bytes(64))}\n" for it in (second, first))
    with refused(Check.CHECKPOINT, "is of another log than its key") as refusal:
        verify_checkpoint_among(Checkpoint.parse(text + "".join(lines)), (first, second))
    assert refusal.value.wanted == "origin rekor.sandbox.test"


def test_a_checkpoint_of_none_of_the_logs_is_refused(forge: Forge) -> None:
    """The refusal says whose would do."""
    checkpoint = Checkpoint.parse(party(Forge(), 1).checkpoint())
    with refused(Check.LOG, "^no trusted log signs the checkpoint") as refusal:
        verify_checkpoint_among(checkpoint, forge.trusted_root().logs)
    assert refusal.value.wanted == "one by rekor.sandbox.test, log2025-1.rekor.sandbox.test"
    with refused(Check.LOG) as refusal:
        verify_checkpoint_among(checkpoint, ())
    assert refusal.value.wanted == "one by a trusted log"

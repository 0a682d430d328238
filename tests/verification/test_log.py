# SPDX-License-Identifier: Apache-2.0
"""What is refused of a log's word: unknown logs, promises, checkpoints and proofs of another."""

from collections.abc import Callable

import pytest

from keyless.errors import Check
from keyless.protocol.digest import Digest
from keyless.protocol.entry import LogEntry
from keyless.sandbox.entry_writer import hashedrekord_v2
from keyless.sandbox.note_writer import Witness
from keyless.sandbox.transparency_log import LogV1, LogV2
from keyless.value import replace
from tests.forge import ARTIFACT, Forge, Signer, trusted, with_proof
from tests.refusals import refused

OTHER = b"something else\n"
BOTH_LOGS = pytest.mark.parametrize("log", [1, 2], ids=["first log", "second log"])


@pytest.fixture(scope="module")
def forge() -> Forge:
    """One instance for all."""
    return Forge()


@pytest.fixture(scope="module")
def elsewhere() -> Forge:
    """Another instance, of the same names and URLs, that nobody here trusts."""
    return Forge()


@pytest.fixture(scope="module")
def signer(forge: Forge) -> Signer:
    """Alice, with a key and a certificate."""
    return forge.signer()


def log_of(forge: Forge, log: int) -> LogV1 | LogV2:
    """Return one of the instance's logs by its version."""
    return forge.core.log_v1 if log == 1 else forge.core.log_v2


def refuse(forge: Forge, signer: Signer, content: object, entry: LogEntry, check: Check) -> str:
    """Expect the bundle with *entry* to be refused in the name of *check*; return the reason."""
    bundle = forge.bundle(signer=signer, content=content, entries=[entry])
    with refused(check) as refusal:
        forge.verify(bundle)
    return refusal.value.message


def test_no_entry_at_all(forge: Forge, signer: Signer) -> None:
    """Nobody who watches the log would ever have seen the signature."""
    bundle = forge.bundle(signer=signer, entries=[])
    with refused(Check.LOG, "^no transparency log vouches for the signature, 1 wanted"):
        forge.verify(bundle)


@BOTH_LOGS
def test_an_entry_of_a_log_that_is_not_trusted(
    forge: Forge, elsewhere: Forge, signer: Signer, log: int
) -> None:
    """However sound the entry is; the refusal says which logs are trusted."""
    bundle = forge.bundle(signer=signer, log=log_of(elsewhere, log))
    with refused(Check.LOG, "is in a log that is not trusted") as refusal:
        forge.verify(bundle)
    assert refusal.value.wanted == (
        "one of the trusted logs: rekor.sandbox.test, log2025-1.rekor.sandbox.test"
    )


def test_an_entry_where_no_log_is_trusted(forge: Forge, signer: Signer) -> None:
    """The refusal says that there is none."""
    root = trusted(replace(forge.core.trust, logs=()))
    with refused(Check.LOG, "is in a log that is not trusted") as refusal:
        forge.verify(forge.bundle(signer=signer), trusted_root=root)
    assert refusal.value.wanted == "one of the trusted logs: none"


@BOTH_LOGS
def test_one_entry_of_a_trusted_log_does_not_excuse_another(
    forge: Forge, elsewhere: Forge, signer: Signer, log: int
) -> None:
    """A bundle is refused for any entry that does not hold, not accepted for any that does."""
    content = forge.message(signer)
    entries = [
        forge.logged(signer, content),
        elsewhere.logged(signer, content, log=log),
    ]
    with refused(Check.LOG, "is in a log that is not trusted"):
        forge.verify(forge.bundle(signer=signer, content=content, entries=entries))


@pytest.mark.parametrize("version", ["0.1", "0.3"])
def test_a_promise_by_another_key(
    forge: Forge, elsewhere: Forge, signer: Signer, version: str
) -> None:
    """A log of the same name made it; a proof that holds does not excuse it."""
    content = forge.message(signer)
    entry = forge.logged(signer, content)
    forged = replace(entry, promise=elsewhere.core.log_v1.promised(entry).promise)
    bundle = forge.bundle(signer=signer, content=content, entries=[forged], version=version)
    with refused(Check.PROMISE, "the inclusion promise "):
        forge.verify(bundle)


def _of_another_entry(entry: LogEntry, other: LogEntry) -> LogEntry:
    return replace(entry, promise=other.promise)


def _a_second_later(entry: LogEntry, _: LogEntry) -> LogEntry:
    return replace(entry, integrated_time=entry.integrated_time + 1)


def _at_another_index(entry: LogEntry, _: LogEntry) -> LogEntry:
    return replace(entry, index=entry.index + 1)


@pytest.mark.parametrize("change", [_of_another_entry, _a_second_later, _at_another_index])
def test_a_promise_of_something_else(
    forge: Forge, signer: Signer, change: Callable[[LogEntry, LogEntry], LogEntry]
) -> None:
    """It covers the body, the time, the log and the index over all shards."""
    content = forge.message(signer)
    other = forge.logged(signer, forge.message(signer, OTHER))
    entry = change(forge.logged(signer, content), other)
    assert "the inclusion promise " in refuse(forge, signer, content, entry, Check.PROMISE)


@BOTH_LOGS
def test_a_proof_of_another_entry(forge: Forge, signer: Signer, log: int) -> None:
    """Its hashes lead to the same root, but from the next leaf."""
    content = forge.message(signer)
    other = forge.logged(signer, forge.message(signer, OTHER), log=log)
    entry = forge.logged(signer, content, log=log)
    wrong = log_of(forge, log).entry(other.index)
    assert wrong.proof
    moved = with_proof(entry, hashes=wrong.proof.hashes)
    refuse(forge, signer, content, moved, Check.INCLUSION)


@BOTH_LOGS
@pytest.mark.parametrize("change", ["one too few", "one too many", "one bit"])
def test_hashes_that_do_not_lead_to_the_root(
    forge: Forge, signer: Signer, log: int, change: str
) -> None:
    """Their number is as fixed as their bits."""
    content = forge.message(signer)
    entry = forge.logged(signer, content, log=log)
    assert entry.proof
    first, *rest = entry.proof.hashes
    hashes = {
        "one too few": tuple(rest),
        "one too many": (first, *rest, bytes(32)),
        "one bit": (bytes((first[0] ^ 1,)) + first[1:], *rest),
    }[change]
    refuse(forge, signer, content, with_proof(entry, hashes=hashes), Check.INCLUSION)


def test_an_index_beyond_the_first_logs_tree(forge: Forge, signer: Signer) -> None:
    """Its proofs go by their own index."""
    content = forge.message(signer)
    entry = forge.logged(signer, content)
    beyond = with_proof(entry, index=len(forge.core.log_v1.tree))
    refuse(forge, signer, content, beyond, Check.INCLUSION)


def test_an_index_beyond_the_second_logs_tree(forge: Forge, signer: Signer) -> None:
    """Its proofs go by the index of the entry, whatever they say themselves."""
    content = forge.message(signer)
    entry = forge.logged(signer, content, log=2)
    refuse(forge, signer, content, replace(entry, index=entry.index + 1), Check.INCLUSION)
    misnumbered = with_proof(entry, index=0, size=0, root=b"")
    forge.verify(forge.bundle(signer=signer, content=content, entries=[misnumbered]))


@pytest.mark.parametrize("change", [{"size": 7_000_000}, {"root": bytes(32)}, {"root": b""}])
def test_a_first_logs_proof_that_states_another_tree(
    forge: Forge, signer: Signer, change: dict[str, object]
) -> None:
    """What the checkpoint signs counts, and the proof must not say otherwise."""
    content = forge.message(signer)
    entry = with_proof(forge.logged(signer, content), **change)
    reason = refuse(forge, signer, content, entry, Check.INCLUSION)
    assert "is for another tree than its checkpoint" in reason


@BOTH_LOGS
def test_a_checkpoint_of_another_log(
    forge: Forge, elsewhere: Forge, signer: Signer, log: int
) -> None:
    """That log has the very same entry, and proves it; but it is not the one the entry names."""
    content = forge.message(signer)
    entry = forge.logged(signer, content, log=log)
    others = elsewhere.logged(signer, content, log=log)
    borrowed = replace(entry, proof=others.proof)
    reason = refuse(forge, signer, content, borrowed, Check.CHECKPOINT)
    assert reason == "the checkpoint is not signed by its log"


@BOTH_LOGS
def test_a_checkpoint_signed_for_another_text(forge: Forge, signer: Signer, log: int) -> None:
    """The signature is the log's, over what it was before."""
    content = forge.message(signer)
    older = forge.logged(signer, forge.message(signer, OTHER), log=log)
    entry = forge.logged(signer, content, log=log)
    assert entry.proof
    assert entry.proof.checkpoint
    assert older.proof
    assert older.proof.checkpoint
    mixed = replace(entry.proof.checkpoint, signatures=older.proof.checkpoint.signatures)
    refuse(forge, signer, content, with_proof(entry, checkpoint=mixed), Check.CHECKPOINT)


@BOTH_LOGS
def test_a_checkpoint_by_another_key_hint(forge: Forge, signer: Signer, log: int) -> None:
    """A line is the log's only if it says so."""
    content = forge.message(signer)
    entry = forge.logged(signer, content, log=log)
    assert entry.proof
    assert entry.proof.checkpoint
    (line,) = entry.proof.checkpoint.signatures
    renamed = replace(entry.proof.checkpoint, signatures=(replace(line, key_hint=b"hint"),))
    refuse(forge, signer, content, with_proof(entry, checkpoint=renamed), Check.CHECKPOINT)


def _renamed(entry: LogEntry) -> LogEntry:
    assert entry.proof
    assert entry.proof.checkpoint
    (line,) = entry.proof.checkpoint.signatures
    signatures = (replace(line, name="another.test"),)
    return with_proof(entry, checkpoint=replace(entry.proof.checkpoint, signatures=signatures))


def test_a_second_logs_checkpoint_in_another_name(forge: Forge, signer: Signer) -> None:
    """That log signs in the name of its host: one key may stand for several logs."""
    content = forge.message(signer)
    entry = _renamed(forge.logged(signer, content, log=2))
    refuse(forge, signer, content, entry, Check.CHECKPOINT)


def test_a_first_logs_checkpoint_in_any_name(forge: Forge, signer: Signer) -> None:
    """That log signs in the name of some machine, which no trusted root records."""
    content = forge.message(signer)
    entry = _renamed(forge.logged(signer, content))
    forge.verify(forge.bundle(signer=signer, content=content, entries=[entry]))


def test_a_second_log_that_is_trusted_under_another_host(forge: Forge, signer: Signer) -> None:
    """The name is the host in the trusted root, all of it."""
    trust = forge.core.trust
    first, second = trust.logs
    for url in ("https://rekor.sandbox.test", "https://log2025-1.rekor.sandbox.test.example"):
        root = trusted(replace(trust, logs=(first, replace(second, url=url))))
        with refused(Check.CHECKPOINT, "is not signed by its log"):
            forge.verify(forge.bundle(signer=signer, log=2), trusted_root=root)


def test_a_checkpoint_that_only_a_witness_signed(forge: Forge, signer: Signer) -> None:
    """Witnesses vouch for what the log signed, never in place of it."""
    content = forge.message(signer)
    forge.core.log_v2.witnesses = (Witness("witness.test"),)
    entry = forge.logged(signer, content, log=2)
    forge.core.log_v2.witnesses = ()
    assert entry.proof
    assert entry.proof.checkpoint
    cosigned = replace(entry.proof.checkpoint, signatures=entry.proof.checkpoint.signatures[1:])
    refuse(forge, signer, content, with_proof(entry, checkpoint=cosigned), Check.CHECKPOINT)


def test_a_log_whose_key_was_exchanged_in_the_trusted_root(forge: Forge, signer: Signer) -> None:
    """The id alone is not enough."""
    trust = forge.core.trust
    first, second = trust.logs
    swapped = replace(first, key=forge.core.ct_log.key)
    root = trusted(replace(trust, logs=(swapped, second)))
    with refused(Check.PROMISE, "the inclusion promise "):
        forge.verify(forge.bundle(signer=signer), trusted_root=root)


def test_a_kind_of_the_second_log_in_the_first(forge: Forge, signer: Signer) -> None:
    """What the log wrote says how it is judged: no time is taken from it, even if promised."""
    content = forge.message(signer)
    body = hashedrekord_v2(
        Digest.of(ARTIFACT), content.signature, signer.verifier, algorithm=signer.algorithm
    )
    place = len(forge.core.log_v1.tree)
    entry = replace(forge.core.log_v1.append(body), index=place)
    entry = forge.core.log_v1.promised(entry)
    bundle = forge.bundle(signer=signer, content=content, entries=[entry], timestamps=[])
    with refused(Check.TIME, "0 trusted clocks"):
        forge.verify(bundle)


def test_a_proof_that_is_missing_beside_its_promise(forge: Forge, signer: Signer) -> None:
    """Only by the caller's leave; a bundle made by hand may lack both."""
    content = forge.message(signer)
    bundle = forge.bundle(signer=signer, content=content)
    (entry,) = bundle.entries
    bare = replace(bundle, entries=(replace(entry, proof=None, promise=None),))
    with refused(Check.INCLUSION, "comes without a proof that it is in the log") as refusal:
        forge.verify(bare)
    assert refusal.value.found == "nothing"

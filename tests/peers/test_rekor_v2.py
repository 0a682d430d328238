# SPDX-License-Identifier: Apache-2.0
"""The real Rekor of version 2: its first entry, its tiles full and partial, and its last word."""

import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context

import pytest

import keyless
from keyless import Witness
from keyless.errors import Check, NoSuchEntry, ServiceError
from keyless.explorer.entry import Entry
from keyless.sandbox.note_writer import Witness as SandboxWitness
from tests.peers.agreement import CLIENTS, NAMES
from tests.peers.clients.client import ARTIFACT, Client, Question, Setting
from tests.peers.clients.cosign import Cosign
from tests.peers.clients.sigstore_python import SigstorePython
from tests.peers.here import needs_peers
from tests.peers.other_log import OtherLog
from tests.peers.signing import BY_ALICE, alice
from tests.peers.stack.deployment import Stack
from tests.peers.witness import NAME
from tests.refusals import refused

pytestmark = needs_peers

MANY = 530  # two full tiles, and a part of a third
AT_ONCE = 100  # it answers when a checkpoint covers the entry
LAST = "last.sigstore.json"
FILE = Setting(kind="file", rekor=2, tsa=True)


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep tiles in a folder of the tests'."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KEYLESS_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def young(stack: Stack) -> Iterator[OtherLog]:
    """Start a log that has no entries."""
    log = OtherLog(stack)
    yield log
    log.witness.stop()


@pytest.fixture(scope="module")
def first(young: OtherLog) -> bytes:
    """Have cosign sign the log's first entry."""
    return Cosign("cosign-v3").sign(FILE, young)


@pytest.fixture(scope="module")
def grown(young: OtherLog, first: bytes) -> OtherLog:
    """Have the log grow beyond two tiles; the last entry is Alice's, as is the first."""
    assert first
    with ThreadPoolExecutor(AT_ONCE) as pool:
        indexes = list(pool.map(young.append, range(1, MANY - 1)))
    assert sorted(indexes) == list(range(1, MANY - 1))
    signed = keyless.sign(ARTIFACT, alice(young.stack), sigstore=young.connected())
    (young.folder / LAST).write_bytes(signed.bundle.to_json())
    return young


@pytest.fixture(scope="module")
def frozen(grown: OtherLog) -> OtherLog:
    """Have the log take no more."""
    grown.freeze()
    return grown


def test_the_first_entry_of_a_log_is_written_without_its_index(
    young: OtherLog, first: bytes
) -> None:
    """As protobuf leaves out numbers that are 0, and empty lists; it verifies all the same."""
    (entry,) = json.loads(first)["verificationMaterial"]["tlogEntries"]
    assert "logIndex" not in entry
    assert not {"logIndex", "hashes"} & entry["inclusionProof"].keys()
    proof = keyless.verify(ARTIFACT, first, policy=BY_ALICE, sigstore=young.connected())
    assert proof.entries[0].index == 0


def test_the_first_entry_of_a_log_is_looked_up(young: OtherLog, first: bytes) -> None:
    """By index 0, in a tree of one, and found to be the one in the bundle."""
    log = keyless.log(sigstore=young.connected())
    entry = log[0]
    assert entry.is_verified
    assert entry.covers(ARTIFACT)
    recorded = keyless.Bundle.parse(first).entries[0]
    assert entry.record.canonical_body == recorded.canonical_body


def test_sigstore_python_does_not_read_the_first_entry(young: OtherLog, first: bytes) -> None:
    """As docs/interop.md says; should it have learned to, that page is out of date."""
    question = Question(setting=FILE, bundle=first, artifact=ARTIFACT)
    (words,) = SigstorePython().verdicts([question], young)
    assert words is not None
    assert "logIndex" in words


@pytest.mark.parametrize("index", [0, 1, 255, 256, 511, 512, MANY - 1, -1])
def test_an_entry_is_proven_by_tiles(grown: OtherLog, index: int) -> None:
    """In the first tile, at the edges of full ones, and in a part of one."""
    entry = keyless.log(sigstore=grown.connected())[index]
    assert entry.is_verified
    assert entry.index == index % MANY


def test_a_log_is_read_from_end_to_end(grown: OtherLog) -> None:
    """Each entry verified, none left out."""
    log = keyless.log(sigstore=grown.connected())
    assert len(log) == MANY
    assert [entry.index for entry in log if entry.is_verified] == list(range(MANY))


def test_beyond_the_end_there_is_no_entry(grown: OtherLog) -> None:
    """And the log's checkpoint says where that is."""
    with pytest.raises(NoSuchEntry):
        keyless.log(sigstore=grown.connected())[MANY]


def test_tiles_show_that_a_log_has_grown(grown: OtherLog, first: bytes) -> None:
    """From the checkpoint in the first bundle, over a tree of one, to what it is now."""
    proof = keyless.Bundle.parse(first).entries[0].proof
    assert proof
    assert proof.size == 1
    assert keyless.log(sigstore=grown.connected()).consistent(proof.checkpoint)


@pytest.mark.parametrize("workers", [0, 2])
def test_whatever_somebody_signed_is_found(grown: OtherLog, workers: int) -> None:
    """By reading all of it, here or in other processes: nothing is left out of the signed tree."""
    log = keyless.log(sigstore=grown.connected())
    if not workers:
        scan = log.scan(match=BY_ALICE)
    else:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as executor:
            scan = log.scan(match=BY_ALICE, executor=executor)
    assert [entry.index for entry in scan.entries] == [0, MANY - 1]
    assert all(entry.is_verified for entry in scan.entries)
    assert scan.indexes == range(MANY)
    assert scan.unreadable == ()


def test_a_part_of_a_log_is_read(grown: OtherLog) -> None:
    """From within one tile to within another."""
    log = keyless.log(sigstore=grown.connected())
    scan = log.scan(slice(200, 300), match=is_even)
    assert [entry.index for entry in scan.entries] == list(range(200, 300, 2))


def is_even(entry: Entry) -> bool:
    """Match every other entry."""
    return entry.index % 2 == 0


def test_a_witness_has_seen_what_the_log_shows(grown: OtherLog) -> None:
    """The log asks it for a cosignature at each checkpoint, and puts that below its own."""
    scan = keyless.log(sigstore=grown.connected()).scan(
        slice(-1, None), match=BY_ALICE, witnesses=grown.witness.as_wanted()
    )
    (seen,) = scan.cosignatures
    assert seen.witness == NAME
    assert abs(datetime.now(UTC) - seen.at) < timedelta(minutes=5)
    assert grown.witness.refused == []


@pytest.mark.parametrize("client", CLIENTS, ids=NAMES)
def test_a_witness_disturbs_nobody(grown: OtherLog, client: Client) -> None:
    """Its line is in the bundle, below the log's; every client verifies that."""
    bundle = (grown.folder / LAST).read_bytes()
    assert (
        f"— {NAME} "
        in json.loads(bundle)["verificationMaterial"]["tlogEntries"][0]["inclusionProof"][
            "checkpoint"
        ]["envelope"]
    )
    question = Question(setting=FILE, bundle=bundle, artifact=ARTIFACT)
    assert [*client.verdicts([question], grown)] == [None]


def test_a_tree_that_too_few_have_seen_is_refused(grown: OtherLog) -> None:
    """Whoever wants another's word as well does not get it."""
    other = Witness(name="other.keyless.test", key=SandboxWitness("other.keyless.test").key)
    log = keyless.log(sigstore=grown.connected())
    with refused(Check.CHECKPOINT):
        log.scan(match=BY_ALICE, witnesses=grown.witness.as_wanted(2, other))


def test_a_frozen_log_takes_nothing_and_says_so(frozen: OtherLog, stack: Stack) -> None:
    """The advice is to bring trust up to date: another log has taken its place."""
    with pytest.raises(ServiceError, match="frozen") as caught:
        keyless.sign(b"too late", alice(stack), sigstore=frozen.connected())
    assert caught.value.status == 405
    assert "bring trust up to date" in str(caught.value.hint)


def test_a_frozen_log_is_read_as_before(frozen: OtherLog) -> None:
    """Its files are still there."""
    log = keyless.log(sigstore=frozen.connected())
    assert len(log) == MANY
    assert log[-1].is_verified

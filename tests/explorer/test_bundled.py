# SPDX-License-Identifier: Apache-2.0
"""Entries that bundles bring along: real ones of releases, and those of the public suite."""

import json
from pathlib import Path

import pytest

from keyless.errors import Check, InputError, KeylessError, NoSuchEntry
from keyless.explorer import Entry, Log, open_log
from keyless.instance import Sigstore
from keyless.protocol.bundle import Bundle
from keyless.protocol.digest import Digest
from keyless.protocol.trusted_root import TrustedRoot
from keyless.services.http import PassingError, Request, Response
from keyless.services.trust_status import TrustStatus
from keyless.value import replace
from tests.cases import Case, all_cases, conformance_case, conformance_names, corpus, parametrized
from tests.explorer.trees import ALICE, Trees
from tests.refusals import refused

HAPPY = [conformance_case(name) for name in conformance_names() if not name.endswith("_fail")]
# What is wrong with these is wrong with their entries, or with the proof that they are logged.
BAD_ENTRIES = {
    "bundle-from-wrong-instance_fail": Check.LOG,
    "checkpoint-bad-keyhint_fail": Check.CHECKPOINT,
    "inclusion-proof-corrupted-hash_fail": Check.INCLUSION,
    "invalid-checkpoint-signature_fail": Check.CHECKPOINT,
    "set-invalid-signature_fail": Check.PROMISE,
}
BAD_CASES = [conformance_case(name) for name in BAD_ENTRIES if name in conformance_names()]


def nobody(request: Request) -> Response:
    """Carry nothing anywhere."""
    raise PassingError(f"{request.host} was asked", service=request.host)


def offline(root: TrustedRoot) -> Log:
    """Return the logs of an instance of which there is a trusted root, and no way to ask it."""
    instance = Sigstore(
        "an instance",
        trusted_root=root,
        trust=TrustStatus(instance="an instance", source="file"),
        transport=nobody,
        documents=(),
    )
    return open_log(instance)


def entry_of(case: Case) -> Entry:
    """Look up the entry in the bundle of *case*."""
    return offline(case.trusted_root).entry(Bundle.parse(case.bundle))


@parametrized(corpus() + HAPPY)
def test_a_bundles_entry_is_verified_and_shown_without_asking_anybody(case: Case) -> None:
    """Whoever signed, it is what the bundle says, and it renders in every way there is."""
    entry = entry_of(case)
    bundle = Bundle.parse(case.bundle)
    assert entry.is_verified
    assert entry.proof is not None
    assert entry.proof.leads_to_root
    assert entry.certificate == (bundle.material if entry.certificate else None)
    assert str(entry).startswith(f"entry {entry.index} of ")
    assert "UNVERIFIED" not in str(entry) + entry._repr_html_()
    assert json.loads(json.dumps(entry.to_json()))["verified"] is True
    assert entry.to_rekor_cli_json()["LogIndex"] == entry.index


@parametrized(corpus())
def test_the_entry_of_a_release_covers_it(case: Case) -> None:
    """And nothing else."""
    entry = entry_of(case)
    assert isinstance(case.artifact, Digest)
    assert entry.covers(case.artifact)
    assert not entry.covers(b"something else")
    assert entry.authority is not None
    assert entry.identity is not None
    assert entry.time is not None


@parametrized(BAD_CASES)
def test_an_entry_that_is_not_proven_is_refused(case: Case) -> None:
    """For the reason that a verdict would give."""
    with refused(BAD_ENTRIES[case.name]):
        entry_of(case)


@parametrized(all_cases())
def test_an_unverified_entry_says_so_in_every_rendering(case: Case) -> None:
    """Nothing else stands before it."""
    try:
        bundle = Bundle.parse(case.bundle)
        entry = offline(case.trusted_root).unverified.entry(bundle)
    except KeylessError:
        return  # it is no bundle, or has nothing to show
    assert str(entry).startswith("UNVERIFIED: ")
    assert repr(entry).startswith("Entry(UNVERIFIED: ")
    assert "UNVERIFIED" in entry._repr_html_()
    assert entry.to_json()["verified"] is False
    assert entry.to_rekor_cli_json()["UNVERIFIED"] is True
    assert "which is trusted" not in str(entry)


def test_a_bundle_may_be_given_by_its_path_or_by_what_signing_returned(tmp_path: Path) -> None:
    """Each is the same entry, of either version of the log."""
    trees = Trees((2, 1))
    signed, second = trees.sign(), trees.sign(rekor=2)
    path = tmp_path / "app.sigstore.json"
    path.write_bytes(signed.bundle.to_json())
    with trees.counting.meanwhile() as asked:
        found = [trees.log.entry(it) for it in (signed, signed.bundle, path, str(path))]
        other = trees.log.entry(second)
    assert not asked
    assert found == [trees.log[3]] * 4
    assert other == trees.log.shards["log2025-1"][0]
    assert other.shard == "log2025-1.rekor.sandbox.test"
    assert other.time is None


def test_an_entry_with_a_promise_alone_is_looked_up() -> None:
    """It must be the one in the bundle."""
    trees = Trees((2,))
    bundle = trees.sign().bundle
    (entry,) = bundle.entries
    promised = replace(bundle, entries=(replace(entry, proof=None),))
    with trees.counting.meanwhile() as asked:
        assert trees.log.entry(promised) == trees.log.entry(bundle)
    assert asked == ["GET api/v1/log/entries?logIndex=2"]
    elsewhere = replace(bundle, entries=(replace(entry, proof=None, index=0),))
    with refused(Check.ENTRY, "entry 0 of rekor.sandbox.test is another than the one in the"):
        trees.log.entry(elsewhere)
    strange = replace(bundle, entries=(replace(entry, proof=None, log_id=bytes(32)),))
    with pytest.raises(InputError, match="is in a log that is not trusted"):
        trees.log.entry(strange)
    assert not trees.log.unverified.entry(promised).is_verified


def test_an_index_that_nobody_vouches_for_is_not_shown() -> None:
    """Without a promise, an entry is counted within its tree, as its proof does."""
    trees = Trees((2, 3))
    bundle = trees.sign().bundle
    (entry,) = bundle.entries
    assert (entry.index, entry.proof.index if entry.proof else None) == (5, 3)
    forged = replace(bundle, entries=(replace(entry, promise=None, index=4),))
    found = trees.log.entry(forged)
    assert found.is_verified
    assert (found.shard, found.index) == (str(trees.sandbox.rekor_v1.log.tree_id), 3)
    assert "entry 4" not in str(found)
    assert "logIndex" not in found.url
    assert trees.log.entry(f"{found.shard}:{found.index}").record.leaf == entry.leaf


def test_of_several_entries_the_proven_one_is_read() -> None:
    """Nobody has to be asked for that."""
    trees = Trees((2,))
    bundle = trees.sign().bundle
    (entry,) = bundle.entries
    both = replace(bundle, entries=(replace(entry, proof=None), entry))
    with trees.counting.meanwhile() as asked:
        assert trees.log.entry(both) == trees.log.entry(bundle)
    assert asked == []


def test_nobody_is_said_to_have_issued_what_nobody_verified() -> None:
    """However genuine the certificate is."""
    trees = Trees((2,))
    bundle = trees.sign().bundle
    assert trees.log.entry(bundle).authority is not None
    assert trees.log.unverified.entry(bundle).authority is None


def test_what_a_bundle_calls_its_entry_is_not_what_it_is() -> None:
    """The log vouches for what stands in it, and for that alone."""
    trees = Trees((2,))
    document = json.loads(trees.sign().bundle.to_json())
    (entry,) = document["verificationMaterial"]["tlogEntries"]
    entry["kindVersion"] = {"kind": "rfc3161", "version": "9.9"}
    found = trees.log.entry(Bundle.parse(json.dumps(document).encode()))
    assert (found.kind, found.version, found.is_verified) == ("hashedrekord", "0.0.1", True)


def test_a_bundle_without_an_entry_has_none() -> None:
    """It was never logged."""
    trees = Trees((1,))
    bundle = replace(trees.sign().bundle, entries=())
    with pytest.raises(NoSuchEntry, match="the bundle has no entry of a log"):
        trees.log.entry(bundle)


def test_what_an_attestation_says_is_shown_where_it_is_what_was_signed() -> None:
    """The log keeps its digest alone; the bundle has all of it."""
    trees = Trees((1,))
    identity = trees.sandbox.identity(ALICE)
    import keyless  # noqa: PLC0415 - for the one line that attests

    signed = keyless.attest(
        b"app", identity, predicate={"a": 1}, type="spdx", sigstore=trees.sandbox.sigstore
    )
    entry = trees.log.entry(signed)
    assert entry.statement is not None
    assert entry.covers(b"app")
    assert "https://spdx.dev/Document" in str(entry)
    alone = trees.log[entry.index]
    assert alone.statement is None
    assert not alone.covers(b"app")
    assert alone == entry

# SPDX-License-Identifier: Apache-2.0
"""Searches: what the index names is looked up, verified, and held against what was asked."""

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import pytest

import keyless
from keyless.errors import Check, InputError, NotSearchable, VerificationError
from keyless.explorer.directory import known_logs
from keyless.explorer.hits import Hits, found_in
from keyless.explorer.log_v1 import LogV1
from keyless.explorer.search import Sought, criteria
from keyless.protocol.certificate import Certificate
from keyless.protocol.encoding import b64encode, pem_encode
from keyless.protocol.json_reader import JsonValue, json_value
from keyless.protocol.keys import algorithm_named
from keyless.protocol.signing_keys import SigningKey
from keyless.sandbox import Sandbox
from keyless.services.http import Request, Response, Transport
from tests.explorer.trees import Trees

ALICE, BOB = "alice@example.com", "bob@example.com"
WORKFLOW = "https://github.com/org/app/.github/workflows/release.yml@refs/heads/main"
P256 = algorithm_named("PKIX_ECDSA_P256_SHA_256")


@pytest.fixture(scope="module")
def key() -> SigningKey:
    """A key of somebody's own."""
    return SigningKey.generate(P256)


@pytest.fixture(scope="module")
def sandbox(key: SigningKey) -> Iterator[Sandbox]:
    """A log of signatures and attestations by several signers, an hour apart, over two trees."""
    with Sandbox() as sandbox:
        for number in range(14):
            if number == 9:
                sandbox.rekor_v1.rotate()
            who = sandbox.identity((ALICE, BOB)[number % 2])
            keyless.sign(b"artifact %d" % number, who, sigstore=sandbox.sigstore)
            sandbox.clock.advance(timedelta(hours=1))
        _attested(b"artifact 0", sandbox)
        workflow = sandbox.github_identity("org/app")
        keyless.sign(b"artifact 1", workflow, sigstore=sandbox.sigstore)
        keyless.sign(b"artifact 2", key, sigstore=sandbox.sigstore)
        keyless.attest(
            b"artifact 3", key, predicate={"passed": True}, type="custom", sigstore=sandbox.sigstore
        )
        yield sandbox


def test_a_person_is_found_newest_first(sandbox: Sandbox) -> None:
    """All that Alice signed is found, over both trees, and nobody else's."""
    found = list(_find(sandbox, email=ALICE))
    assert len(found) == 8
    assert all(newer.index > older.index for newer, older in pairwise(found))
    assert {entry.identity.text for entry in found if entry.identity} == {ALICE}
    assert all(entry.is_verified for entry in found)


@pytest.mark.parametrize("written", [ALICE, "Alice@Example.COM"])
def test_names_are_found_in_any_case_of_letters(sandbox: Sandbox, written: str) -> None:
    """The case of letters in a name makes no difference."""
    assert len(_find(sandbox, email=written).all()) == 8


def test_a_workflow_is_found_by_its_name(sandbox: Sandbox) -> None:
    """Names of every kind are found as `subject`, workflows too."""
    (entry,) = _find(sandbox, subject=WORKFLOW)
    assert entry.identity is not None
    assert entry.identity.text == WORKFLOW


def test_an_artifact_is_found_with_what_was_said_of_it(sandbox: Sandbox) -> None:
    """Signatures over an artifact are found, and attestations about it."""
    assert {entry.kind for entry in _find(sandbox, artifact=b"artifact 0")} == {
        "hashedrekord",
        "dsse",
    }


def test_what_a_key_signed_is_found_whole(sandbox: Sandbox, key: SigningKey) -> None:
    """A log files the two kinds of a key's entries differently: both are found."""
    found = {entry.kind for entry in _find(sandbox, key=key.public)}
    assert found == {"hashedrekord", "dsse"}


def test_a_certificate_is_found_however_it_is_given(sandbox: Sandbox) -> None:
    """A certificate, and its PEM as text or bytes, are the same search."""
    certificate = _find(sandbox, email=BOB).newest(1)[0].certificate
    assert certificate is not None
    pem = pem_encode("CERTIFICATE", certificate.der)
    forms = (certificate, pem, pem.encode())
    assert len({_find(sandbox, certificate=form).uuids for form in forms}) == 1
    assert len(_find(sandbox, certificate=certificate)) == 1


def test_a_narrower_search_is_both_searches(sandbox: Sandbox) -> None:
    """What is sought by two things has to do with both of them."""
    (entry,) = _find(sandbox, email=BOB, artifact=b"artifact 3")
    assert entry.digest == keyless.Digest.of(b"artifact 3")


def test_searches_are_combined(sandbox: Sandbox) -> None:
    """What both, either or only one of two searches found, each once and newest first."""
    log = _log(sandbox)
    alice, bob = _found(log, email=ALICE), _found(log, email=BOB)
    file = _found(log, artifact=b"artifact 4")
    assert len(alice | bob) == 15
    assert len(alice & bob) == 0
    assert [entry.index for entry in (alice | bob).newest(3)] == [14, 13, 12]
    assert (alice & file).uuids == file.uuids
    assert set((alice - file).uuids) == set(alice.uuids) - set(file.uuids)


def test_searches_of_two_logs_are_not_combined(sandbox: Sandbox) -> None:
    """Names of entries mean nothing in another log."""
    with pytest.raises(InputError, match="different logs"):
        _find(sandbox, email=ALICE) & _find(sandbox, email=BOB)


def test_looking_asks_no_more_than_it_needs(sandbox: Sandbox) -> None:
    """Finding asks once; the newest few need their tree alone; what was seen is not asked again."""
    asked: list[str] = []
    log = _log(sandbox, _counting(sandbox.transport, asked))
    hits = _found(log, email=ALICE)
    assert len(asked) == 1
    assert "newest(20)" in str(hits)
    assert len(asked) == 1
    hits.newest(2)
    assert sorted(url.rpartition("/")[2] for url in asked) == ["log", "retrieve", "retrieve"]
    hits.newest(3)
    assert len(asked) == 4  # which trees there are
    hits.all()
    assert sum(url.endswith("entries/retrieve") for url in asked) == 2


def test_progress_is_told(sandbox: Sandbox) -> None:
    """Whoever waits is told how many have been looked up."""
    told: list[tuple[int, int]] = []
    found_in(
        _log(sandbox), criteria(email=ALICE), progress=lambda done, of: told.append((done, of))
    ).all()
    assert told == [(done, 8) for done in range(1, 9)]


@pytest.mark.parametrize(
    ("sought", "reason"),
    [
        ({"email": ALICE}, "the email alice@example.com"),
        ({"subject": WORKFLOW}, "the subject https://github.com/org/app"),
        ({"digest": keyless.Digest.of(b"artifact 0")}, "the digest sha256:"),
        ({"key": SigningKey.generate(P256).public}, "the key with sha256:"),
    ],
)
def test_an_index_that_names_something_else_is_refused(
    sandbox: Sandbox, sought: dict[str, Sought], reason: str
) -> None:
    """A true entry of the log that has nothing to do with what was asked is not shown as if."""
    other = _find(sandbox, email=BOB).uuids[0]
    log = _log(sandbox, _index_saying([other], sandbox.transport))
    with pytest.raises(VerificationError, match="the log's index names entry") as refusal:
        _found(log, **sought).all()
    assert refusal.value.check is Check.ENTRY
    assert reason in str(refusal.value.wanted)


def _signed_by(*signers: str) -> tuple[LogV1, Certificate]:
    """Return a log whose index names one entry, an attestation with these signers; and the last."""
    trees = Trees((1,))
    verifiers = [trees.verifier(signer).der for signer in signers]
    digest: JsonValue = {"algorithm": "sha256", "value": "00" * 32}
    signatures: list[JsonValue] = [
        {"signature": "MAo=", "verifier": b64encode(pem_encode("CERTIFICATE", der).encode())}
        for der in verifiers
    ]
    spec: JsonValue = {"envelopeHash": digest, "payloadHash": digest, "signatures": signatures}
    document = {"apiVersion": "0.0.1", "kind": "dsse", "spec": spec}
    index = trees.write(json.dumps(document).encode())
    uuid = trees.log[index].uuid
    log = _log(trees.sandbox, _index_saying([uuid], trees.sandbox.transport))
    return log, Certificate(verifiers[-1])


def test_the_second_signer_of_an_entry_is_found_as_well() -> None:
    """Else whoever adds a signature of their own before hers keeps Alice from being looked for."""
    log, certificate = _signed_by(BOB, ALICE)
    assert len(_found(log, email=ALICE).all()) == 1
    assert len(_found(log, certificate=certificate).all()) == 1
    assert len(_found(log, key=certificate.key).all()) == 1


def test_a_signer_who_cannot_be_read_may_be_anybody() -> None:
    """What the index knows of an entry may be more than is read here."""
    trees = Trees((1,))
    index = trees.write(b'{"apiVersion":"0.0.1","kind":"rekord","spec":{}}')
    uuid = trees.log[index].uuid
    log = _log(trees.sandbox, _index_saying([uuid], trees.sandbox.transport))
    for sought in ({"email": ALICE}, {"key": SigningKey.generate(P256).public}):
        assert len(_found(log, **sought).all()) == 1


def test_who_signed_a_certificate_is_found_by_it() -> None:
    """A log files what is signed beside what signs."""
    trees = Trees((1,))
    certificate = Certificate(trees.verifier(ALICE).der)
    pem = pem_encode("CERTIFICATE", certificate.der)
    index = trees.write(trees.body(pem.encode(), BOB))
    uuid = trees.log[index].uuid
    log = _log(trees.sandbox, _index_saying([uuid], trees.sandbox.transport))
    assert len(_found(log, certificate=certificate).all()) == 1


def test_what_the_log_does_not_give_out_is_counted(sandbox: Sandbox) -> None:
    """An index may name what is not there: the rest is shown, and that there is more is said."""
    real = _find(sandbox, email=ALICE).uuids[0]
    absent = real[:16] + "00" * 32
    hits = _found(_log(sandbox, _index_saying([real, absent], sandbox.transport)), email=ALICE)
    assert [entry.uuid for entry in hits] == [real]
    assert hits.missing == (absent,)
    assert "1 of which the log does not give out" in str(hits)


def test_names_without_a_tree_are_found_too(sandbox: Sandbox) -> None:
    """An index that does not say in which tree an entry is costs the order by trees only."""
    hits = _find(sandbox, email=ALICE)
    leaves = [uuid[16:] for uuid in hits.uuids]
    log = _log(sandbox, _index_saying(leaves, sandbox.transport))
    found = [entry.index for entry in _found(log, email=ALICE)]
    assert found == [entry.index for entry in hits]


@pytest.mark.parametrize(
    ("sought", "reason"),
    [
        ({}, "searched for something"),
        ({"email": "  "}, "is no email to look for"),
        ({"digest": 5}, "5 is no digest to look for"),
        ({"artifact": 5}, "5 is no artifact to look for"),
        ({"key": 5}, "5 is no key to look for"),
        ({"artifact": "no/such/file"}, "no/such/file"),
    ],
)
def test_what_cannot_be_looked_for_is_told(
    sandbox: Sandbox, sought: dict[str, Sought], reason: str
) -> None:
    """What nobody can look for is an error of whoever asks."""
    with pytest.raises(InputError, match=reason):
        _find(sandbox, **sought)


def test_a_search_is_shown_as_what_was_seen_of_it(sandbox: Sandbox) -> None:
    """Text and HTML show what has been looked up, and what was sought."""
    hits = _find(sandbox, email=ALICE)
    hits.newest(1)
    assert "8 entries of the email alice@example.com" in str(hits)
    assert "<table" in hits._repr_html_()
    assert repr(hits) == "Hits(8 of the email alice@example.com)"


def test_a_log_is_searched_by_its_face(sandbox: Sandbox) -> None:
    """What the log finds is what its index names."""
    log = keyless.log(sigstore=sandbox.sigstore)
    assert len(log.find(email=ALICE)) == 8
    assert [entry.index for entry in log.find(email=ALICE, artifact=b"artifact 2")] == [2]


def test_what_was_not_verified_says_so(sandbox: Sandbox) -> None:
    """Who asks for unverified entries gets them, and reads that they are."""
    log = keyless.log(sigstore=sandbox.sigstore).unverified
    assert "UNVERIFIED" in str(log.find(email=ALICE).newest(1))


def test_a_log_without_an_index_says_what_works_instead(sandbox: Sandbox) -> None:
    """Logs of version 2 cannot be searched, nor one tree alone."""
    log = keyless.log(sigstore=sandbox.sigstore)
    with pytest.raises(NotSearchable, match="no index to search") as refusal:
        log.shards["log2025-1"].find(email=ALICE)
    assert "log.scan" in str(refusal.value.hint)
    tree = next(name for name in log.shards if name.isdecimal())
    with pytest.raises(NotSearchable, match="is not searched by itself"):
        log.shards[tree].find(email=ALICE)


def _attested(artifact: bytes, sandbox: Sandbox) -> None:
    keyless.attest(
        artifact,
        sandbox.identity(ALICE),
        predicate={"passed": True},
        type="custom",
        sigstore=sandbox.sigstore,
    )


def _log(sandbox: Sandbox, transport: Transport | None = None) -> LogV1:
    sigstore = sandbox.sigstore
    known = known_logs(sigstore)[0]
    return LogV1(known, transport or sandbox.transport, trusted_root=sigstore.trusted_root)


def _find(sandbox: Sandbox, **sought: Sought) -> Hits:
    return _found(_log(sandbox), **sought)


def _found(log: LogV1, **sought: Sought) -> Hits:
    return found_in(log, criteria(**sought))


def _counting(transport: Transport, asked: list[str]) -> Transport:
    def count(request: Request) -> Response:
        asked.append(request.url)
        return transport(request)

    return count


def _index_saying(uuids: list[str], transport: Transport) -> Transport:
    """Return a transport to the same log with an index that names *uuids* whatever it is asked."""
    said: JsonValue = [*uuids]

    def lie(request: Request) -> Response:
        if request.url.endswith("index/retrieve"):
            assert json_value(request.body or b"")
            return Response(status=200, body=str(said).replace("'", '"').encode())
        return transport(request)

    return lie

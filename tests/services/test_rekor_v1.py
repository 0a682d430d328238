# SPDX-License-Identifier: Apache-2.0
"""The client of the log, version 1: what it writes, what it finds again, which answers are lies."""

import json
from typing import Any

import pytest

from keyless.errors import Check, InputError, ParseError, ServiceError, VerificationError
from keyless.protocol.digest import Digest
from keyless.protocol.entry import LogEntry
from keyless.protocol.proposal import Proposal
from keyless.protocol.rest_search import Search
from keyless.services.http import PassingError, Patience, Request, Response
from keyless.services.rekor_v1 import RekorV1
from tests.services.material import (
    EARLIER,
    body_v1,
    core,
    proposed,
    rest_json,
    says_json,
    uuid_of,
)
from tests.services.transports import Answer, Scripted, answered

URL = "https://rekor.example"
NAME = "transparency log rekor.example"


def log(*answers: Answer, pauses: list[float] | None = None) -> tuple[RekorV1, Scripted]:
    """Return a client of a log that gives *answers*."""
    transport = Scripted(*answers)
    patience = Patience(sleep=([] if pauses is None else pauses).append, chance=lambda: 1.0)
    return RekorV1(URL, transport, patience=patience), transport


def written(proposal: Proposal) -> LogEntry:
    """Have the sandbox's log write down *proposal*."""
    return core().log_v1.append(body_v1(proposal))


def conflict(entry: LogEntry, place: str = "/api/v1/log/entries/{uuid}") -> Response:
    """Answer that *entry* is there already."""
    words = json.dumps({"code": 409, "message": "an equivalent entry already exists"}).encode()
    return answered(409, words, Location=place.format(uuid=uuid_of(entry)))


def lie(client: RekorV1, ask: Any) -> VerificationError:
    """Return why an answer is refused."""
    with pytest.raises(VerificationError) as caught:
        ask(client)
    assert caught.value.check is Check.ENTRY
    assert caught.value.message.startswith(f"the {NAME} gave a wrong answer: ")
    return caught.value


def failed(client: RekorV1, ask: Any) -> ServiceError:
    """Return why there is no answer."""
    with pytest.raises(ServiceError) as caught:
        ask(client)
    assert caught.value.service == NAME
    assert NAME in caught.value.message
    assert not isinstance(caught.value, PassingError)
    return caught.value


# Appending


def test_what_was_proposed_is_appended() -> None:
    """The entry comes back as a bundle holds it."""
    proposal = proposed()
    entry = written(proposal)
    client, transport = log(says_json(rest_json(entry), status=201))
    assert client.append(proposal) == entry
    (request,) = transport.asked
    assert (request.method, request.url) == ("POST", "https://rekor.example/api/v1/log/entries")
    assert request.header("Content-Type") == "application/json"
    assert request.body == proposal.v1_body()


@pytest.mark.parametrize(
    "place",
    [
        "/api/v1/log/entries/{uuid}",
        "https://rekor.example/api/v1/log/entries/{uuid}",
        "https://elsewhere.example/of/somebody/else/{uuid}",
        "{uuid}",
    ],
)
def test_what_was_written_down_before_is_found_again(place: str) -> None:
    """In this log, wherever its answer points to."""
    proposal = proposed()
    entry = written(proposal)
    client, transport = log(conflict(entry, place), says_json(rest_json(entry)))
    assert client.append(proposal) == entry
    asked = transport.asked[1]
    assert (asked.method, asked.body) == ("GET", None)
    assert asked.url == f"https://rekor.example/api/v1/log/entries/{uuid_of(entry)}"


def test_what_was_just_written_down_is_waited_for() -> None:
    """The log knows of it before it can give it out."""
    proposal, pauses = proposed(), list[float]()
    entry = written(proposal)
    answers = conflict(entry), answered(404), answered(404), says_json(rest_json(entry))
    client, _ = log(*answers, pauses=pauses)
    assert client.append(proposal) == entry
    assert pauses == [0.5, 1.0]


def test_what_does_not_appear_is_not_waited_for_without_end() -> None:
    """Whoever asks has other things to do."""
    proposal = proposed()
    client, _ = log(conflict(written(proposal)), *[answered(404)] * 3)
    error = failed(client, lambda it: it.append(proposal))
    assert "written this down before, and does not give it out yet" in error.message
    assert error.hint == "try again later"


@pytest.mark.parametrize("place", ["", "/api/v1/log/entries/", "/api/v1/log/entries/0f5e", "\x1b"])
def test_a_conflict_without_a_place_is_an_error(place: str) -> None:
    """There is nothing to look for."""
    client, _ = log(answered(409, Location=place))
    error = failed(client, lambda it: it.append(proposed()))
    assert error.status == 409
    assert "does not say where" in error.message


def test_another_entry_in_answer_is_a_lie() -> None:
    """A real one, of the same artifact and signer, that is not ours."""
    client, _ = log(says_json(rest_json(written(proposed())), status=201))
    refusal = lie(client, lambda it: it.append(proposed()))
    assert "recorded another signature than was proposed" in refusal.message


def test_another_entry_behind_a_conflict_is_a_lie() -> None:
    """Somebody else's entry is no proof that ours is in the log."""
    other = written(proposed())
    client, _ = log(conflict(other), says_json(rest_json(other)))
    refusal = lie(client, lambda it: it.append(proposed()))
    assert "recorded another signature than was proposed" in refusal.message


def test_another_entry_than_the_conflicting_one_is_a_lie() -> None:
    """The log names one entry and gives another."""
    proposal = proposed()
    ours, other = written(proposal), written(proposed())
    client, _ = log(conflict(ours), says_json(rest_json(other)))
    assert "has another leaf" in lie(client, lambda it: it.append(proposal)).message


def test_an_entry_under_another_name_is_a_lie() -> None:
    """Its name is the hash of what it says."""
    proposal = proposed()
    entry, other = written(proposal), written(proposed())
    (content,) = rest_json(entry).values()
    client, _ = log(says_json({uuid_of(other): content}, status=201))
    refusal = lie(client, lambda it: it.append(proposal))
    assert (refusal.found, refusal.wanted) == (entry.leaf.hex(), other.leaf.hex())


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "could not verify the signature"),
        (413, "too large for this log"),
        (404, "the service is not where"),
        (500, "try again later"),
    ],
)
def test_a_refusal_says_what_to_do(status: int, advice: str) -> None:
    """Beside what the log says."""
    client, _ = log(answered(status, b'{"code": 7, "message": "no"}'))
    error = failed(client, lambda it: it.append(proposed()))
    assert error.message.endswith(f"answered {status}: no")
    assert advice in str(error.hint)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"a": {}, "b": {}}', b'{"0f5e": {}}']
)
def test_what_is_no_entry_is_an_error_of_the_log(body: bytes) -> None:
    """A page of a proxy, or half an answer."""
    client, _ = log(answered(201, body))
    error = failed(client, lambda it: it.append(proposed()))
    assert "gave an answer that cannot be read" in error.message


# Reading


def test_an_entry_is_found_by_its_index() -> None:
    """Counted over all shards."""
    entry = written(proposed())
    client, transport = log(says_json(rest_json(entry, attestation={"data": "e30="})))
    found = client.entry(entry.index)
    assert (found.entry, found.uuid, found.attestation) == (entry, uuid_of(entry), b"{}")
    assert transport.asked[0].url == (
        f"https://rekor.example/api/v1/log/entries?logIndex={entry.index}"
    )


def test_the_first_entry_has_an_index_too() -> None:
    """Zero is a number."""
    client, transport = log(answered(404))
    error = failed(client, lambda it: it.entry(0))
    assert error.status == 404
    assert error.hint == "no entry has this name or number, or not yet"
    assert transport.asked[0].url.endswith("?logIndex=0")


@pytest.mark.parametrize("index", [-1, 1 << 54])
def test_what_is_no_index_is_not_asked_for(index: int) -> None:
    """No entry has it."""
    client, transport = log()
    with pytest.raises(InputError, match="is not the index of an entry"):
        client.entry(index)
    assert transport.asked == []


def test_an_entry_with_another_index_is_a_lie() -> None:
    """However genuine it is."""
    entry = written(proposed())
    client, _ = log(says_json(rest_json(entry)))
    refusal = lie(client, lambda it: it.entry(EARLIER))
    assert (refusal.found, refusal.wanted) == (f"entry {entry.index}", f"entry {EARLIER}")


@pytest.mark.parametrize("digits", [80, 64])
def test_an_entry_is_found_by_its_name(digits: int) -> None:
    """With its tree, or in any tree of the log."""
    entry = written(proposed())
    client, transport = log(says_json(rest_json(entry)))
    name = uuid_of(entry)[-digits:]
    assert client.entry_by_uuid(name).entry == entry
    assert transport.asked[0].url.endswith(f"/api/v1/log/entries/{name}")


def test_an_entry_of_another_tree_is_a_lie() -> None:
    """The same leaf may stand in two."""
    entry = written(proposed())
    client, _ = log(says_json(rest_json(entry)))
    refusal = lie(client, lambda it: it.entry_by_uuid("0" * 16 + entry.leaf.hex()))
    assert "it has another tree" in refusal.message


@pytest.mark.parametrize("name", ["", "0f5e", "../log", "F" * 64, "0" * 72])
def test_what_is_no_name_is_not_asked_for(name: str) -> None:
    """It could be a path to something else."""
    client, transport = log()
    with pytest.raises(ParseError, match="not the name of an entry"):
        client.entry_by_uuid(name)
    assert transport.asked == []


def test_the_log_says_what_it_holds() -> None:
    """Its shards, and the checkpoint of each."""
    checkpoint = core().log_v1.checkpoint()
    size, root = len(core().log_v1.tree), core().log_v1.tree.root().hex()
    shard = {"treeSize": size, "rootHash": root, "signedTreeHead": checkpoint}
    tree = str(core().log_v1.tree_id)
    document = {**shard, "treeID": tree, "inactiveShards": [{**shard, "treeID": "7"}]}
    client, transport = log(says_json(document))
    info = client.log_info()
    assert [each.tree_id for each in info.shards] == [7, core().log_v1.tree_id]
    assert info.size == 2 * size
    assert info.shards[-1].checkpoint.to_text() == checkpoint
    assert transport.asked[0].url == "https://rekor.example/api/v1/log"


def test_requests_have_a_limit() -> None:
    """In time and in size."""
    client, transport = log(answered(404))
    failed(client, lambda it: it.entry(5))
    (request,) = transport.asked
    assert request.seconds <= 60
    assert request.largest <= 16 << 20
    assert isinstance(request, Request)


# Several at once


def retrieved(*entries: LogEntry) -> Response:
    """Answer with a list of *entries*."""
    return says_json([rest_json(entry) for entry in entries])


def two() -> tuple[LogEntry, LogEntry]:
    """Have two entries written down."""
    return written(proposed()), written(proposed(Digest.of(b"another")))


def test_several_are_asked_for_by_index() -> None:
    """What is missing in the answer is not there."""
    first, second = two()
    client, transport = log(retrieved(second, first))
    found = client.entries([first.index, second.index, 99_999])
    assert {index: it.entry for index, it in found.items()} == {
        first.index: first,
        second.index: second,
    }
    (request,) = transport.asked
    assert request.url == "https://rekor.example/api/v1/log/entries/retrieve"
    assert json.loads(request.body or b"") == {"logIndexes": [first.index, second.index, 99_999]}


def test_several_are_asked_for_by_name() -> None:
    """Each by the name it was asked for by, with its tree or without."""
    first, second = two()
    names = [uuid_of(first), second.leaf.hex()]
    client, transport = log(retrieved(second, first))
    found = client.entries_called(names)
    assert {name: it.entry for name, it in found.items()} == {names[0]: first, names[1]: second}
    assert json.loads(transport.asked[0].body or b"") == {"entryUUIDs": names}


def test_what_nobody_asked_for_is_a_lie() -> None:
    """However genuine it is."""
    first, second = two()
    client, _ = log(retrieved(second), retrieved(second), retrieved(first))
    assert lie(client, lambda it: it.entries([first.index])).found == f"entry {second.index}"
    assert lie(client, lambda it: it.entries_called([uuid_of(first)])).found == second.leaf.hex()
    other_tree = "0" * 16 + first.leaf.hex()
    assert "another tree" in lie(client, lambda it: it.entries_called([other_tree])).message


def test_no_more_than_ten_are_asked_for() -> None:
    """The log would refuse them all."""
    client, transport = log()
    with pytest.raises(InputError, match="11 entries at once, where a log gives 10"):
        client.entries(range(11))
    assert not transport.asked


def test_what_is_no_list_of_entries_cannot_be_read() -> None:
    """As a page for a browser."""
    client, _ = log(answered(200, b"<html>"))
    assert (
        "gave an answer that cannot be read" in failed(client, lambda it: it.entries([1])).message
    )


def test_a_question_that_is_refused_says_so() -> None:
    """With what the log says."""
    client, _ = log(says_json({"code": 422, "message": "too many"}, status=422))
    error = failed(client, lambda it: it.entries([1]))
    assert "answered 422: too many" in error.message
    assert error.hint == "the log does not take such a question"


# Searching and growing


def test_the_index_is_asked() -> None:
    """It answers with names."""
    client, transport = log(says_json(["0f" * 40]))
    assert client.search(Search(email="alice@example.com")) == ("0f" * 40,)
    (request,) = transport.asked
    assert request.url == "https://rekor.example/api/v1/index/retrieve"
    assert json.loads(request.body or b"")["email"] == "alice@example.com"


def test_a_log_without_an_index_says_so() -> None:
    """Whoever runs it may turn it off."""
    client, _ = log(answered(501))
    error = failed(client, lambda it: it.search(Search(email="a@example.com")))
    assert error.hint == "this log has no search: whoever runs it has turned it off"


def test_a_proof_of_growth_is_of_one_tree() -> None:
    """Which is named, as the log has several."""
    client, transport = log(says_json({"rootHash": "0f" * 32, "hashes": ["5e" * 32]}))
    assert client.growth_proof(3, 7, tree_id=11).hashes == (b"\x5e" * 32,)
    url = "https://rekor.example/api/v1/log/proof?firstSize=3&lastSize=7&treeID=11"
    assert transport.asked[0].url == url

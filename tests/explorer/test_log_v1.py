# SPDX-License-Identifier: Apache-2.0
"""A log of version 1 over three trees: every entry found, and every lie about one noticed."""

import json

import pytest

from keyless.errors import Check, NoSuchEntry, ServiceError, SplitView
from keyless.sandbox.answering import json_response
from keyless.sandbox.faults import Fault, Huge, Lie, Refuse, Status, Truncate, WrongType
from keyless.sandbox.log_lies import (
    ANOTHER_ENTRY,
    BAD_PROOF,
    FORKED_TREE,
    LOG_LIES,
    STALE_CHECKPOINT,
    WRONG_PROMISE,
)
from keyless.sandbox.rest_lies import (
    ANOTHER_TREE,
    FEWER_TREES,
    HIDDEN_ENTRY,
    NO_PROMISE,
    NO_TREE,
    PROOF_OF_ANOTHER_SIZE,
    REST_LIES,
    WRONG_INDEX,
    WRONG_PLACE,
)
from keyless.sandbox.rest_writer import shard_json
from keyless.sandbox.transparency_log import LogV1 as OtherLog
from keyless.services.http import Request, Response, Transport
from tests.explorer.trees import SIZES, Trees
from tests.refusals import refused

SIZE = sum(SIZES)
SEAMS = [0, 4, 5, 7, 8, 16]
AT = "the transparency log rekor.sandbox.test gave a wrong answer: "


@pytest.fixture(scope="module")
def trees() -> Trees:
    """One log for all who only read it."""
    return Trees()


# Looking up


@pytest.mark.parametrize("index", range(SIZE))
def test_every_entry_is_found_by_its_index(trees: Trees, index: int) -> None:
    """Counted over all trees; one request shows that it is the one that was asked for."""
    log = trees.log
    with trees.counting.meanwhile() as asked:
        entry = log[index]
    assert asked == [f"GET api/v1/log/entries?logIndex={index}"]
    assert (entry.index, entry.is_verified) == (index, True)
    assert entry.covers(b"artifact %d" % index)


@pytest.mark.parametrize("index", SEAMS)
def test_an_entry_is_found_by_its_name(trees: Trees, index: int) -> None:
    """With its tree in it or without."""
    log = trees.log
    entry = log[index]
    assert log.entry(entry.uuid) == entry
    assert log.entry(entry.uuid[16:].upper()) == entry


def test_ten_thousand_entries_in_three_trees_are_each_found() -> None:
    """Around the seams each of them, and of the others one in ten; from the end as well."""
    trees = Trees((3333, 3334, 3333))
    log, size = trees.log, 10_000
    assert len(log) == size
    for seam in (0, 3333, 6667, size):
        around = range(max(0, seam - 30), min(size, seam + 30))
        entries = list(log[around.start : around.stop])
        assert [entry.index for entry in entries] == list(around)
        assert all(entry.is_verified for entry in entries)
    for number, entry in enumerate(log[7::10]):
        assert entry.index == 7 + 10 * number
        assert entry.covers(b"artifact %d" % entry.index)
    assert [entry.index for entry in log[-1:-30:-3]] == list(range(size)[-1:-30:-3])


def test_a_thousand_entries_take_a_hundred_requests() -> None:
    """Ten come at a time, over the seams of trees as well."""
    trees = Trees((430, 1, 600))
    log = trees.log
    with trees.counting.meanwhile() as asked:
        entries = list(log[7:1007])
    assert [entry.index for entry in entries] == list(range(7, 1007))
    assert asked == ["POST api/v1/log/entries/retrieve"] * 100


def test_reading_past_the_end_stops_there(trees: Trees) -> None:
    """The log is asked how many entries it has, as it leaves out what is not there."""
    log = trees.log
    with trees.counting.meanwhile() as asked:
        assert [entry.index for entry in log[14:40]] == [14, 15, 16]
    assert asked == ["POST api/v1/log/entries/retrieve", "GET api/v1/log"]


def test_a_log_of_one_entry_has_that_entry() -> None:
    """Its proof has no hashes: the leaf is the root."""
    trees = Trees((1,))
    entry = trees.log[0]
    assert entry.is_verified
    assert entry.proof is not None
    assert (entry.proof.index, entry.proof.size, entry.proof.hashes) == (0, 1, ())


def test_an_empty_log_has_none() -> None:
    """And says so."""
    trees = Trees((0,))
    with pytest.raises(NoSuchEntry, match="has no entry 0") as caught:
        trees.log.entry(0)
    assert caught.value.hint == "it has 0 entries: none yet"
    assert list(trees.log) == []


def test_an_index_beyond_the_end_is_no_entry(trees: Trees) -> None:
    """The answer says how many there are."""
    with pytest.raises(NoSuchEntry, match=r"^rekor\.sandbox\.test has no entry 17$") as caught:
        trees.log.entry(SIZE)
    assert caught.value.hint == "it has 17 entries: the last one is 16"


def test_a_name_that_nobody_has_is_no_entry(trees: Trees) -> None:
    """In none of the trees."""
    with pytest.raises(NoSuchEntry, match="has no entry 00000"):
        trees.log.entry("0" * 64)


def test_names_are_looked_up_ten_at_a_time(trees: Trees) -> None:
    """Those that are not there leave a gap."""
    log = trees.log
    names = [entry.uuid for entry in log]
    shard = log.shard
    with trees.counting.meanwhile() as asked:
        found = list(shard.entries_called([*names, "0" * 80]))  # type: ignore[attr-defined]  # of version 1
    assert asked == ["POST api/v1/log/entries/retrieve"] * 2
    assert [entry and entry.uuid for entry in found] == [*names, None]


# One tree of it


def test_each_tree_can_be_looked_at_by_itself(trees: Trees) -> None:
    """By places that count from its own beginning."""
    shards = trees.log.shards
    names = [str(log.tree_id) for log in trees.sandbox.rekor_v1.shards]
    assert [name for name in shards if name.isdecimal()] == names
    middle = shards[names[1]]
    assert [entry.index for entry in middle] == [5, 6, 7]
    assert (len(middle), middle[0].index, middle[-1].index) == (3, 5, 7)
    assert [entry.index for entry in middle[1:9]] == [6, 7]
    assert middle.unverified[2].index == 7
    assert not middle.unverified[2].is_verified


def test_a_closed_tree_ends_where_it_was_closed(trees: Trees) -> None:
    """What comes next in the log is in another tree."""
    first, *_, last = trees.log.shards.values()
    assert last.shard.version == 2
    with pytest.raises(NoSuchEntry, match=r"has no entry 5$") as caught:
        first.entry(5)
    assert caught.value.hint == "it was closed after 5 entries"
    with pytest.raises(NoSuchEntry, match="has no entry"):
        first.entry(trees.log[6].uuid)


def test_a_closed_tree_has_the_checkpoint_that_it_was_closed_with(trees: Trees) -> None:
    """However old it is, it is the right one."""
    first = next(iter(trees.log.shards.values()))
    assert first.checkpoint().size == 5
    assert first.entry(first[4].uuid).index == 4


def test_a_tree_that_is_closed_meanwhile_ends_there() -> None:
    """What the log writes down from then on is in another tree, and none of this one's."""
    trees = Trees((2,))
    tree = trees.log.shards[str(trees.sandbox.rekor_v1.log.tree_id)]
    trees.sandbox.rekor_v1.rotate()
    trees.grow(3)
    with pytest.raises(NoSuchEntry, match="has no entry 3"):
        tree.entry(3)
    assert [entry.index for entry in tree[0:9]] == [0, 1]


# Lies

LOOKED_UP = {
    ANOTHER_ENTRY: (Check.ENTRY, "the entry is another than the one that was asked for"),
    BAD_PROOF: (Check.INCLUSION, "the inclusion proof leads to another root"),
    STALE_CHECKPOINT: (Check.INCLUSION, "the inclusion proof is for another tree"),
    WRONG_PROMISE: (Check.PROMISE, "inclusion promise"),
    WRONG_INDEX: (Check.ENTRY, "the entry is another than the one that was asked for"),
    PROOF_OF_ANOTHER_SIZE: (Check.INCLUSION, "where . of 32 bytes are wanted|another root"),
    NO_TREE: (Check.CHECKPOINT, "does not say which tree it is about"),
}


@pytest.mark.parametrize(("lie", "reason"), LOOKED_UP.items(), ids=str)
def test_a_lie_about_an_entry_is_refused_by_its_reason(lie: Lie, reason: tuple[Check, str]) -> None:
    """Looked up by itself or among others."""
    trees = Trees((3, 9))
    check, words = reason
    with trees.sandbox.inject("rekor_v1", lie):
        with refused(check, words):
            trees.log.entry(5)
        with refused(check, words):
            list(trees.log[5:8])


def test_an_entry_from_another_place_does_not_fit_the_count() -> None:
    """What the log has said of one entry of a tree holds for all of them."""
    trees = Trees((3, 9))
    log = trees.log
    assert log.entry(5).is_verified
    with (
        trees.sandbox.inject("rekor_v1", WRONG_PLACE),
        refused(Check.ENTRY, "are counted in two ways"),
    ):
        log.entry(6)


def test_a_log_that_counts_from_below_nothing_is_refused() -> None:
    """No entry is after fewer than none."""
    trees = Trees((4,))
    with (
        trees.sandbox.inject("rekor_v1", WRONG_PLACE),
        refused(Check.ENTRY, "are counted in two ways"),
    ):
        trees.log.entry(0)


def test_without_a_promise_the_sizes_of_the_trees_say_the_index() -> None:
    """Then the log is asked for them; when the log wrote the entry down, nobody says."""
    trees = Trees((3, 9))
    log = trees.log
    with trees.sandbox.inject("rekor_v1", NO_PROMISE), trees.counting.meanwhile() as asked:
        entry = log.entry(5)
    assert asked == ["GET api/v1/log/entries?logIndex=5", "GET api/v1/log"]
    assert entry.is_verified
    assert entry.time is None
    assert "nothing that is signed says its number or time" in str(entry)


def test_trees_that_are_left_out_change_the_count() -> None:
    """Which a log cannot do once it has said how it counts."""
    trees = Trees((3, 9))
    log = trees.log
    assert log.entry(5).is_verified
    with (
        trees.sandbox.inject("rekor_v1", FEWER_TREES),
        refused(Check.ENTRY, "are counted in two ways"),
    ):
        len(log)


def _with_an_old_first_tree(trees: Trees) -> Transport:
    """Show, as anybody can who answers in the log's place, what its first tree once was."""
    honest, first = trees.sandbox.transport, trees.sandbox.rekor_v1.shards[0]

    def transport(request: Request) -> Response:
        answer = honest(request)
        if not request.url.endswith("/api/v1/log"):
            return answer
        info = json.loads(answer.body)
        return json_response({**info, "inactiveShards": [shard_json(first, size=3)]})

    return transport


def test_an_entry_of_the_tree_before_is_not_one_of_this_tree() -> None:
    """However genuine: an old checkpoint has all of a tree be counted from too early an index."""
    trees = Trees((5, 9))
    trees.sigstore.transport = _with_an_old_first_tree(trees)
    tree = trees.log.shards[str(trees.sandbox.rekor_v1.log.tree_id)]
    with refused(Check.ENTRY, "entry 3 is of another tree than"):
        tree.entry(0)
    with refused(Check.ENTRY, "entry 4 is of another tree than"):
        list(tree[1:5])
    assert [entry.index for entry in tree.unverified[0:2]] == [3, 4]


def test_a_checkpoint_of_another_tree_is_refused() -> None:
    """The tree that the log names is not the one that it signs for."""
    trees = Trees((2,))
    with (
        trees.sandbox.inject("rekor_v1", ANOTHER_TREE),
        refused(Check.CHECKPOINT, "is about another tree"),
    ):
        trees.log.checkpoint()


def test_an_entry_that_is_kept_back_is_the_logs_failure() -> None:
    """It says that it has more entries than that one's index."""
    trees = Trees((3, 9))
    log = trees.log
    with trees.sandbox.inject("rekor_v1", HIDDEN_ENTRY):
        for look_up in (lambda: log.entry(5), lambda: list(log[5:8])):
            with pytest.raises(ServiceError, match="has 12 entries, and does not give out entry 5"):
                look_up()


def test_a_forked_tree_shows_beside_an_earlier_checkpoint() -> None:
    """Alone it cannot be told from the truth."""
    trees = Trees((3, 9))
    log = trees.log
    before = log.checkpoint()
    trees.grow(2)
    assert log.consistent(before)
    with trees.sandbox.inject("rekor_v1", FORKED_TREE):
        assert trees.log.entry(5).is_verified
        with pytest.raises(SplitView) as caught:
            trees.log.consistent(before)
    assert caught.value.older == before.checkpoint.to_text()
    assert caught.value.newer != caught.value.older


def test_a_proof_of_growth_that_does_not_hold_is_a_split_view() -> None:
    """Both checkpoints are kept."""
    trees = Trees((3, 9))
    before = trees.log.checkpoint()
    trees.grow(2)
    with trees.sandbox.inject("rekor_v1", BAD_PROOF), pytest.raises(SplitView):
        trees.log.consistent(before)


def test_an_old_checkpoint_in_place_of_the_present_one_is_a_split_view() -> None:
    """To whoever has seen the present one."""
    trees = Trees((3, 9))
    before = trees.log.checkpoint()
    with (
        trees.sandbox.inject("rekor_v1", STALE_CHECKPOINT),
        pytest.raises(SplitView, match="has 8 entries, and had 9 before"),
    ):
        trees.log.consistent(before)


def test_every_lie_has_its_test() -> None:
    """A lie that is added joins them."""
    others = {FORKED_TREE, WRONG_PLACE, NO_PROMISE, FEWER_TREES, ANOTHER_TREE, HIDDEN_ENTRY}
    assert {*LOG_LIES, *REST_LIES} == {*LOOKED_UP, *others}


def test_an_entry_of_another_log_is_not_this_ones(trees: Trees) -> None:
    """Be it as genuine as can be, and trusted, too."""
    other = OtherLog(trees.sandbox.clock, url="https://rekor.sandbox.test")
    forger = Lie(
        name="another log",
        services=("rekor_v1",),
        tell=lambda party, request: type(party)(other).handle(request),  # type: ignore[call-arg]
    )
    other.append(trees.body(b"artifact 0", "mallory@example.com"))
    with trees.sandbox.inject("rekor_v1", forger), refused(Check.LOG, "is of another log than"):
        trees.log.entry(0)
    with trees.sandbox.inject("rekor_v1", forger), refused(Check.LOG, "no trusted log signs"):
        trees.log.checkpoint()


# Failures

FAILURES: dict[str, tuple[Fault, str]] = {
    "a page": (WrongType(), "gave an answer that cannot be read"),
    "too much": (Huge(size=200 << 20), "bytes"),
    "an end too soon": (Truncate(kept=40), "cannot be asked|cannot be read"),
    "nobody": (Refuse(), "cannot be asked"),
    "422": (Status(code=422, body=b'{"code":422,"message":"logIndex"}'), "answered 422: logIndex"),
    "429": (Status(code=429), "answered 429"),
    "500": (Status(code=500, body=b'{"code":500,"message":"oh"}'), "answered 500: oh"),
    "503": (Status(code=503), "answered 503"),
}


@pytest.mark.parametrize(("fault", "words"), FAILURES.values(), ids=FAILURES)
def test_a_failure_of_the_log_is_a_service_error(trees: Trees, fault: Fault, words: str) -> None:
    """However it fails, and however it is asked."""
    with trees.sandbox.inject("rekor_v1", fault):
        for look_up in (
            lambda: trees.log.entry(3),
            lambda: trees.log.entry("0" * 64),
            lambda: list(trees.log[2:5]),
            lambda: len(trees.log),
        ):
            with pytest.raises(ServiceError, match=words):
                look_up()


def test_a_page_that_says_404_is_no_answer_of_the_logs(trees: Trees) -> None:
    """It is not taken to mean that there is no such entry."""
    page = b"<!doctype html><html><head><title>Nothing here</title></head></html>"
    with (
        trees.sandbox.inject("rekor_v1", Status(code=404, body=page)),
        pytest.raises(ServiceError, match="answered 404: a page with the title 'Nothing here'"),
    ):
        trees.log.entry(3)


def test_passing_failures_are_got_over(trees: Trees) -> None:
    """The one request is repeated."""
    with trees.sandbox.inject("rekor_v1", Status(code=503), times=2):
        assert trees.log.entry(3).is_verified


# What is strange, and in the log all the same

STRANGE = {
    "an unknown kind": b'{"apiVersion":"0.0.7","kind":"tarot","spec":{"cards":["\xe2\x98\xa0"]}}',
    "an unknown version": b'{"apiVersion":"9.9.9","kind":"hashedrekord","spec":{}}',
    "invalid UTF-8": b'{"apiVersion":"0.0.1","kind":"\xff\xfe"}',
    "nothing": b"",
    "no JSON": b"\x00\x01\x02",
    "a list": b"[1, 2]",
    "no kind": b"{}",
    "a known kind without content": b'{"apiVersion":"0.0.1","kind":"dsse","spec":{}}',
}


@pytest.mark.parametrize("body", STRANGE.values(), ids=STRANGE)
def test_no_entry_is_too_strange_to_be_shown(body: bytes) -> None:
    """It is in the log, and that is verified; what it says is shown as far as it can be."""
    trees = Trees((2,))
    index = trees.write(body)
    entry = trees.log.entry(index)
    assert entry.is_verified
    assert entry.record.canonical_body == body
    assert "verified" in str(entry)
    assert "as it is" in str(entry)
    assert entry.certificate is None
    assert list(trees.log[index : index + 1]) == [entry]
    assert entry._repr_html_().startswith("<div>")
    assert set(entry.to_json()) == set(trees.log[0].to_json())


def test_an_entry_of_five_megabytes_is_shown_in_part() -> None:
    """Of its ten neighbours, too, each is read."""
    trees = Trees((2,))
    large = b'{"apiVersion":"0.0.1","kind":"novel","spec":"%b"}' % (b"x" * (5 << 20))
    index = trees.write(large)
    entry = trees.log.entry(index)
    assert entry.is_verified
    assert len(str(entry)) < 10_000
    assert len(entry._repr_html_()) < 30_000
    assert [each.index for each in trees.log[0:3]] == [0, 1, 2]


def test_what_a_stranger_writes_never_becomes_markup() -> None:
    """Nor does it move a cursor."""
    trees = Trees((2,))
    name = "<script>alert(1)</script>\x1b[2J@example.com"
    index = trees.write(trees.body(b"x", name.replace("\x1b", "")))
    entry = trees.log.entry(index)
    assert "<script>" not in entry._repr_html_()
    assert "&lt;script&gt;" in entry._repr_html_()
    index = trees.write(b'{"apiVersion":"0.0.1","kind":"\\u001b[2J<script>","spec":{}}')
    entry = trees.log.entry(index)
    assert "\x1b" not in str(entry) + repr(entry)
    assert "<script>" not in entry._repr_html_()


def test_a_certificate_that_nobody_trusted_has_issued_is_said_to_be_one(trees: Trees) -> None:
    """Anybody can have any name written down: the log takes every certificate."""
    entry = trees.log[0]
    assert entry.authority == "https://fulcio.sandbox.test"
    elsewhere = Trees((0,))
    forged = trees.write(elsewhere.body(b"x", "bob@example.com"))
    entry = trees.log[forged]
    assert entry.is_verified
    assert entry.identity is not None
    assert entry.identity.text == "bob@example.com"
    assert entry.authority is None
    assert "NOT issued by anybody trusted" in str(entry)

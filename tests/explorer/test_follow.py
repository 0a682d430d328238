# SPDX-License-Identifier: Apache-2.0
"""Following logs: what comes is given out once, over shards and rotations; a fork is told."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from pathlib import Path

import pytest

from keyless.errors import Check, InputError, KeylessError, ServiceError, SplitView
from keyless.explorer import Log, open_log
from keyless.explorer.entry import Entry
from keyless.explorer.follow import ONCE, Following, Pace
from keyless.explorer.position import Position
from keyless.policy import SignedBy
from keyless.policy.witnesses import Witness, Witnesses
from keyless.protocol.checkpoint import Checkpoint
from keyless.sandbox.answering import json_response
from keyless.sandbox.faults import Status, WrongType
from keyless.sandbox.log_lies import ANOTHER_ENTRY, BAD_PROOF, FORKED_TREE, STALE_CHECKPOINT
from keyless.sandbox.note_writer import Witness as Cosigner
from keyless.sandbox.rest_writer import rest_json, shard_json
from keyless.sandbox.tile_lies import (
    ALTERED_TILE,
    EXCHANGED_ENTRIES,
    FORGED_CHECKPOINT,
    SHRUNK_TREE,
)
from keyless.sandbox.transparency_log import LogV1
from keyless.services.http import Request, Response
from tests.explorer.logs import ALICE, ISSUER, Scene
from tests.explorer.trees import Trees
from tests.refusals import refused

HERS = SignedBy(ALICE, issuer=ISSUER)


class Reader:
    """Somebody who follows the logs of a scene, while others write."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.slept: list[float] = []

    @property
    def log(self) -> Log:
        """The logs, as they are trusted now."""
        return open_log(self.scene.sandbox.sigstore)

    def once(self, since: object, **how: object) -> list[Entry]:
        """Read what there is, and stop."""
        pace = Pace(rounds=1, now=lambda: self.scene.sandbox.clock.now)
        return list(self.log.follow(since, pace=pace, **how))  # type: ignore[arg-type]

    def pace(self, rounds: int, meanwhile: Callable[[int], None]) -> Pace:
        """Read so many rounds; *meanwhile* is called with the number of each that is over."""

        def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            meanwhile(len(self.slept))

        return Pace(seconds=5, rounds=rounds, sleep=sleep, now=lambda: self.scene.sandbox.clock.now)


def where(entries: list[Entry] | Following) -> list[tuple[str, int]]:
    """Say which entries these are."""
    return [(entry.shard.partition(".")[0], entry.index) for entry in entries]


@pytest.fixture
def scene() -> Scene:
    """A log of version 2 with 300 entries, a tenth of them Alice's; and one of version 1."""
    scene = Scene(300, alice=10)
    for number in range(3):
        scene.sandbox.core.log_v1.append(b'{"kind":"x","apiVersion":"%d"}' % number)
    return scene


@pytest.fixture
def reader(scene: Scene) -> Reader:
    """Who follows it."""
    return Reader(scene)


def test_everything_is_read_from_the_beginning(reader: Reader) -> None:
    """Of every log, each entry once and in its order, and each verified."""
    found = reader.once(Position.beginning())
    v1 = [("rekor", index) for index in range(3)]
    v2 = [("log2025-1", index) for index in range(300)]
    assert where(found) == v1 + v2
    assert all(entry.is_verified for entry in found)


def test_nothing_of_the_past_is_read_from_now_on(reader: Reader) -> None:
    """Whoever begins to follow wants to know what comes."""
    assert reader.once(None) == []


def test_what_comes_is_read(reader: Reader) -> None:
    """Round after round, and no entry twice."""
    following = reader.log.follow(
        pace=reader.pace(3, meanwhile=lambda _: reader.scene.grow(200)),
    )
    assert where(following) == [("log2025-1", index) for index in range(300, 700)]
    assert reader.slept == [5, 5]


def test_a_policy_chooses_whom_entries_name(reader: Reader) -> None:
    """By certificate; what it names is shown, and who issued it as well."""
    found = reader.once(Position.beginning(), match=HERS)
    assert where(found) == [("log2025-1", index) for index in range(9, 300, 10)]
    assert {entry.identity.text for entry in found if entry.identity} == {ALICE}


def test_a_call_chooses_as_it_likes(reader: Reader) -> None:
    """It is given the entry."""
    found = reader.once(Position.beginning(), match=lambda entry: entry.index == 2)
    assert where(found) == [("rekor", 2), ("log2025-1", 2)]


def test_a_call_that_fails_says_at_which_entry(reader: Reader) -> None:
    """Nothing of it is read over."""
    with pytest.raises(KeylessError, match="the match failed at entry 0: ZeroDivisionError"):
        reader.once(Position.beginning(), match=lambda entry: 1 // entry.index > 5)


def test_entries_that_cannot_be_read_are_counted(scene: Scene) -> None:
    """A signer may hide in one: whoever watches is told, and not stopped."""
    scene.log.tree.append(b"not JSON")
    reader = Reader(scene)
    following = reader.log.follow(Position.beginning(), match=HERS, pace=ONCE)
    assert len(list(following)) == 30
    unreadable = {f"rekor.sandbox.test:{index}" for index in range(3)}
    assert set(following.unreadable) == {*unreadable, "log2025-1.rekor.sandbox.test:300"}


# Rotations


def test_the_next_shard_is_read_from_its_first_entry(scene: Scene, reader: Reader) -> None:
    """After the one before was read to its end, while writers append to both."""

    def meanwhile(rounds: int) -> None:
        scene.grow(70)
        if rounds == 1:
            scene.sandbox.rotate()
            scene.grow(30)

    following = reader.log.follow(pace=reader.pace(3, meanwhile), renew=lambda: reader.log)
    first = [("log2025-1", index) for index in range(300, 370)]
    second = [("log2025-2", index) for index in range(100)]
    assert where(following) == first + second


def test_all_logs_of_one_version_are_followed(scene: Scene) -> None:
    """And none of the other, which may be too busy to be read."""
    scene.sandbox.rotate()
    scene.grow(2)
    pace = Pace(rounds=1, now=lambda: scene.sandbox.clock.now)
    for version, shards in ((1, {"rekor"}), (2, {"log2025-1", "log2025-2"})):
        log = open_log(scene.sandbox.sigstore, rekor=version)
        found = log.follow(Position.beginning(), pace=pace)
        assert {shard for shard, _ in where(found)} == shards


def test_the_trees_of_version_1_are_followed_over_their_rotation(
    scene: Scene, reader: Reader
) -> None:
    """Entries are counted over all of them."""

    def meanwhile(rounds: int) -> None:
        for number in range(12):
            scene.sandbox.rekor_v1.log.append(b'{"kind":"x","n":%d%d}' % (rounds, number))
        if rounds == 1:
            scene.sandbox.rekor_v1.rotate()

    following = reader.log.follow(pace=reader.pace(3, meanwhile))
    assert where(following) == [("rekor", index) for index in range(3, 27)]
    assert len(following.position.bookmarks) == 3


def test_an_entry_written_while_others_are_read_is_not_missed(scene: Scene, reader: Reader) -> None:
    """Every entry is proved under the checkpoint of its round, and the next round has the rest."""
    log = scene.sandbox.rekor_v1.log
    for number in range(30):
        log.append(b'{"kind":"x","n":%d}' % number)
    found = []
    following = reader.log.follow(
        Position.beginning(), match=lambda it: it.log.version == 1, pace=reader.pace(3, print)
    )
    for entry in following:
        found.append(entry.index)
        if entry.index % 7 == 0 and len(log.tree) < 60:
            log.append(b'{"kind":"y","n":%d}' % entry.index)
    assert found == list(range(len(log.tree)))


def test_three_shards_are_read_while_others_write_to_them() -> None:
    """Ten thousand entries, each once, none left out, whatever is written when."""
    scene = Scene(4000)
    reader = Reader(scene)
    shards = [scene.log]
    for size in (3000, 2000):
        scene.sandbox.clock.advance(timedelta(days=1))
        scene.sandbox.rotate()
        shards.append(scene.log)
        scene.grow(size)

    def write(_: int) -> None:
        for _ in range(50):
            scene.grow(1)

    with ThreadPoolExecutor(2) as writers:
        writing = [writers.submit(write, number) for number in range(20)]
        pace = Pace(sleep=lambda _: None, now=lambda: scene.sandbox.clock.now)
        following = reader.log.follow(Position.beginning(), pace=pace)
        found = [next(following) for _ in range(9000)]
        wait(writing)
        found += [next(following) for _ in range(1000)]
        following.close()
    expected = [
        (shard.name.partition(".")[0], at) for shard in shards for at in range(len(shard.tree))
    ]
    assert len(expected) == 10_000
    assert where(found) == expected


def test_a_named_log_is_followed_alone(scene: Scene, reader: Reader) -> None:
    """Neither the one of version 1, nor the next shard."""
    scene.sandbox.rotate()
    scene.grow(5)
    log = reader.log.shards["log2025-1"]
    assert len(list(log.follow(Position.beginning(), pace=ONCE))) == 300
    tree = reader.log.shards[str(scene.sandbox.core.log_v1.tree_id)]
    assert where(tree.follow(Position.beginning(), pace=ONCE)) == [("rekor", at) for at in range(3)]


def test_a_shard_that_is_over_is_not_asked_for_ever(scene: Scene, reader: Reader) -> None:
    """What it is given after its time, nobody may believe; what it had by then, is read."""
    position = Position.beginning()
    scene.sandbox.rotate()
    scene.grow(5)
    scene.sandbox.clock.advance(timedelta(days=1))
    following = reader.log.follow(position, pace=reader.pace(1, print))
    assert len(list(following)) == 3 + 300 + 5
    with scene.sandbox.inject("rekor_v2", Status(code=404), times=1) as gone:
        with pytest.raises(ServiceError, match="log2025-2"):
            reader.once(following.position)
        gone.remove()
    assert reader.once(following.position) == []


def test_what_a_shard_is_given_while_it_is_read_to_its_end_is_not_missed(
    scene: Scene, reader: Reader
) -> None:
    """It was asked before its time was over, and has to be asked once more."""
    log = reader.log.shards["log2025-1"]

    def match(entry: Entry) -> bool:
        if entry.index == 299:
            scene.grow(5)
            scene.sandbox.rotate()
            scene.sandbox.clock.advance(timedelta(days=1))
        return entry.index >= 300

    following = log.follow(
        Position.beginning(),
        match=match,
        pace=reader.pace(3, print),
        renew=lambda: reader.log.shards["log2025-1"],
    )
    assert [entry.index for entry in following] == list(range(300, 305))


def test_a_shard_that_is_over_is_read_to_its_end(scene: Scene, reader: Reader) -> None:
    """Also by whoever was interrupted in the middle of it, after its time."""
    scene.sandbox.rotate()
    scene.sandbox.clock.advance(timedelta(days=1))
    following = reader.log.shards["log2025-1"].follow(
        Position.beginning(), pace=reader.pace(1, print)
    )
    taken = [next(following).index for _ in range(100)]
    rest = reader.log.shards["log2025-1"].follow(following.position, pace=reader.pace(1, print))
    assert taken + [entry.index for entry in rest] == [*range(100), *range(99, 300)]


# Positions


def test_reading_goes_on_from_a_file(scene: Scene, reader: Reader, tmp_path: Path) -> None:
    """It is made when there is none, kept up to date, and says how far every tree was read."""
    path = tmp_path / "position.json"
    assert reader.once(path) == []
    assert Position.read(path).started == scene.sandbox.clock.now
    scene.grow(400)
    assert where(reader.once(path)) == [("log2025-1", index) for index in range(300, 700)]
    assert reader.once(path) == []
    assert {mark.read for mark in Position.read(path).bookmarks} == {3, 700}


def test_whoever_stops_goes_on_where_they_stopped(
    scene: Scene, reader: Reader, tmp_path: Path
) -> None:
    """What was taken does not come again; what was only looked at does."""
    path = tmp_path / "position.json"
    Position.beginning().write(path)
    following = reader.log.shards["log2025-1"].follow(path, pace=ONCE)
    taken = [next(following).index for _ in range(100)]
    following.close()
    assert list(taken) == list(range(100))
    scene.grow(50)
    rest = reader.log.shards["log2025-1"].follow(path, pace=ONCE)
    assert [entry.index for entry in rest] == list(range(99, 350))


def test_a_failure_loses_nothing(scene: Scene, reader: Reader, tmp_path: Path) -> None:
    """What was read before is read, and the rest comes the next time."""
    path = tmp_path / "position.json"
    Position.beginning().write(path)
    log = reader.log.shards["log2025-1"]
    taken = []
    with (
        scene.sandbox.inject("rekor_v2", WrongType(), after=4),
        pytest.raises(ServiceError, match="cannot be read"),
    ):
        taken.extend(entry.index for entry in log.follow(path, pace=ONCE))
    following = log.follow(path, pace=ONCE)
    taken.extend(entry.index for entry in following)
    assert taken == list(range(300))


def test_nothing_is_kept_of_what_was_never_read(
    scene: Scene, reader: Reader, tmp_path: Path
) -> None:
    """A position in no log would have what comes until the next time be read over."""
    path = tmp_path / "position.json"
    with scene.sandbox.inject("rekor_v2", Status(code=404)), pytest.raises(ServiceError):
        reader.once(path)
    assert not path.exists()


def test_reading_goes_on_from_a_checkpoint(scene: Scene, reader: Reader) -> None:
    """And into the shards that came after it; of other logs, from now on."""
    checkpoint = reader.log.shards["log2025-1"].checkpoint()
    scene.grow(10)
    scene.sandbox.rotate()
    scene.grow(5)
    first = [("log2025-1", index) for index in range(300, 310)]
    second = [("log2025-2", index) for index in range(5)]
    assert where(reader.once(checkpoint)) == first + second


def test_reading_goes_on_from_a_checkpoint_of_a_shard_that_is_over(
    scene: Scene, reader: Reader
) -> None:
    """However long that is over: of what came after the checkpoint, nothing was read."""
    checkpoint = reader.log.shards["log2025-1"].checkpoint()
    scene.grow(10)
    scene.sandbox.rotate()
    scene.sandbox.clock.advance(timedelta(days=9))
    found = [("log2025-1", index) for index in range(300, 310)]
    assert where(reader.once(checkpoint)) == found


def test_a_checkpoint_of_the_last_shard_leaves_out_those_before(
    scene: Scene, reader: Reader
) -> None:
    """They had been read by then."""
    scene.sandbox.rotate()
    checkpoint = reader.log.shards["log2025-2"].checkpoint()
    scene.grow(5)
    assert where(reader.once(checkpoint)) == [("log2025-2", index) for index in range(5)]


def test_a_checkpoint_of_another_log_is_nowhere_to_go_on_from(reader: Reader) -> None:
    """It is not taken for one of these."""
    checkpoint = Reader(Scene(3)).log.shards["log2025-1"].checkpoint()
    with pytest.raises(InputError, match="is of no log that is followed"):
        reader.once(checkpoint)


DAMAGES = {
    "empty": (lambda _: b"", "position"),
    "cut": (lambda data: data[:-9], "position"),
    "of another version": (
        lambda data: data.replace(b'"keyless": 1', b'"keyless": 2'),
        "a version that is not known",
    ),
    "with another member": (
        lambda data: data.replace(b'"started"', b'"extra": 1, "started"'),
        "a member that is not known here: extra",
    ),
    "with another member of a tree": (
        lambda data: data.replace(b'"read"', b'"extra": 1, "read"'),
        "a member that is not known here: extra",
    ),
    "ahead of itself": (
        lambda data: data.replace(b'"read": 300', b'"read": 301'),
        "more than the 300 there were",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_refused(reader: Reader, tmp_path: Path, damage: str) -> None:
    """Rather than read from somewhere."""
    change, reason = DAMAGES[damage]
    path = tmp_path / "position.json"
    reader.once(path)
    path.write_bytes(change(path.read_bytes()))
    damaged = path.read_bytes()
    with pytest.raises(InputError, match=reason):
        reader.once(path)
    assert path.read_bytes() == damaged


def test_an_altered_checkpoint_in_a_file_is_refused(
    scene: Scene, reader: Reader, tmp_path: Path
) -> None:
    """It counts because the log signed it, and not because it was kept."""
    path = tmp_path / "position.json"
    reader.once(path)
    root = scene.log.checkpoint().split("\n")[2].encode()
    other = scene.log.fork().checkpoint().split("\n")[2].encode()
    path.write_bytes(path.read_bytes().replace(root, other))
    with refused(Check.CHECKPOINT, "is not signed by its log"):
        reader.once(path)


def test_a_position_is_the_same_when_it_is_read_again(reader: Reader) -> None:
    """To the microsecond."""
    following = reader.log.follow(Position.beginning(), pace=ONCE)
    assert len(list(following)) == 303
    assert Position.parse(following.position.to_json()) == following.position


# Split views and lies


@pytest.mark.parametrize("lie", [FORKED_TREE, STALE_CHECKPOINT, SHRUNK_TREE], ids=str)
def test_a_tree_that_did_not_grow_is_a_split_view(
    scene: Scene, reader: Reader, tmp_path: Path, lie: object
) -> None:
    """Nothing of it is given out; both checkpoints are kept, and so is the older position."""
    path = tmp_path / "position.json"
    reader.once(path)
    kept = path.read_bytes()
    seen = scene.log.checkpoint()
    scene.grow(50 if lie is FORKED_TREE else 0)
    found: list[Entry] = []
    with scene.sandbox.inject("rekor_v2", lie), pytest.raises(SplitView) as caught:  # type: ignore[arg-type]
        found.extend(reader.log.shards["log2025-1"].follow(path, pace=ONCE))
    assert found == []
    assert caught.value.older == seen
    assert Checkpoint.parse(caught.value.newer).root != Checkpoint.parse(seen).root
    before, after = Position.parse(kept), Position.read(path)
    assert [it.checkpoint for it in after.bookmarks] == [it.checkpoint for it in before.bookmarks]


@pytest.mark.parametrize("lie", [FORKED_TREE, STALE_CHECKPOINT, BAD_PROOF], ids=str)
def test_a_tree_of_version_1_that_did_not_grow_is_a_split_view(
    scene: Scene, reader: Reader, lie: object
) -> None:
    """By the log's own proof, which does not hold."""
    log = reader.log.shards["rekor.sandbox.test"]
    following = log.follow(pace=ONCE)
    assert list(following) == []
    if lie is not STALE_CHECKPOINT:
        scene.sandbox.core.log_v1.append(b'{"kind":"z"}')
    with scene.sandbox.inject("rekor_v1", lie), pytest.raises(SplitView) as caught:  # type: ignore[arg-type]
        list(log.follow(following.position, pace=ONCE))
    assert caught.value.check is Check.CONSISTENCY


@pytest.mark.parametrize("name", [None, -1], ids=["all of them", "that tree"])
def test_a_tree_of_version_1_that_is_gone_is_a_split_view(name: int | None) -> None:
    """Nothing new comes of it, and nothing else would show that it was replaced."""
    trees = Trees()
    shards = trees.sandbox.rekor_v1.shards
    log = trees.log if name is None else trees.log.shards[str(shards[name].tree_id)]
    following = log.follow(Position.beginning(), pace=ONCE)
    assert list(following)
    gone = shards.pop()
    with pytest.raises(SplitView, match=f"no tree that is called .* {gone.tree_id} any more"):
        list(log.follow(following.position, pace=ONCE))


def test_a_log_that_keeps_the_last_entries_back_is_told() -> None:
    """It has signed that it has them, and says that it ends before them."""
    trees = Trees((4,))
    log = trees.sandbox.rekor_v1.log
    asked: list[str] = []

    def transport(request: Request) -> Response:
        asked.append(request.url)
        if request.url.endswith("/retrieve"):
            return json_response([{it.leaf.hex(): rest_json(it)} for it in map(log.entry, (0, 1))])
        if asked.count(request.url) == 2 and request.url.endswith("/api/v1/log"):
            return json_response({**shard_json(log, size=2), "inactiveShards": None})
        return trees.sandbox.transport(request)

    trees.sigstore.transport = transport
    following = trees.log.follow(Position.beginning(), match=lambda it: it.log.version == 1)
    assert [next(following).index for _ in range(2)] == [0, 1]
    with pytest.raises(ServiceError, match="has 4 entries, and gives out 2 of them"):
        next(following)


def test_an_entry_of_version_1_from_a_fork_is_a_split_view(scene: Scene, reader: Reader) -> None:
    """Its proof holds, and leads to a tree that is not the one that is followed."""
    log = reader.log.shards["rekor.sandbox.test"]
    scene.sandbox.inject("rekor_v1", FORKED_TREE, after=1)
    with pytest.raises((SplitView,)) as caught:
        list(log.follow(Position.beginning(), pace=ONCE))
    assert caught.value.check is Check.CONSISTENCY


def test_the_same_tree_under_another_name_is_not_the_one_that_is_followed() -> None:
    """Counted from elsewhere, it would show another entry for each, and hide what is there."""
    trees = Trees((3,))
    log = trees.sandbox.rekor_v1.log
    twin = LogV1(trees.sandbox.clock, url=log.url, key=log.secret, earlier=1)
    twin.tree, twin.times = log.tree, log.times
    told = [log.entry(0), twin.entry(1), log.entry(2)]

    def transport(request: Request) -> Response:
        if not request.url.endswith("/retrieve"):
            return trees.sandbox.transport(request)
        return json_response([{it.leaf.hex(): rest_json(it)} for it in told])

    trees.sigstore.transport = transport
    tree = trees.log.shards[str(log.tree_id)]
    with refused(Check.ENTRY, "entry 1 is proved to be in another tree"):
        list(tree.follow(Position.beginning(), pace=ONCE))


@pytest.mark.parametrize(
    ("lie", "check"),
    [
        (EXCHANGED_ENTRIES, Check.INCLUSION),
        (ANOTHER_ENTRY, Check.INCLUSION),
        (ALTERED_TILE, Check.INCLUSION),
        (FORGED_CHECKPOINT, Check.LOG),
    ],
    ids=str,
)
def test_a_lie_gives_out_nothing(scene: Scene, reader: Reader, lie: object, check: Check) -> None:
    """Of the bundle that it is told about, not even what would be right."""
    found: list[Entry] = []
    log = reader.log.shards["log2025-1"]
    with scene.sandbox.inject("rekor_v2", lie), refused(check):  # type: ignore[arg-type]
        found.extend(log.follow(Position.beginning(), pace=ONCE))
    assert found == []


def test_an_unverified_log_is_not_followed(reader: Reader) -> None:
    """What would be given out is nobody's word."""
    with pytest.raises(InputError, match="is neither followed nor scanned unverified"):
        next(reader.log.unverified.follow(pace=ONCE))


# Witnesses, pace, progress


def test_witnesses_are_asked_for(scene: Scene) -> None:
    """Who has seen a tree is told; too few are refused before anything is given out."""
    cosigner, stranger = Cosigner("w.example"), Cosigner("x.example")
    scene.log.witnesses = (cosigner,)
    wanted = [Witness(name=it.name, key=it.key) for it in (cosigner, stranger)]
    log = Reader(scene).log.shards["log2025-1"]
    following = log.follow(Position.beginning(), witnesses=Witnesses(1, *wanted), pace=ONCE)
    assert len(list(following)) == 300
    (seen,) = following.cosignatures["log2025-1.rekor.sandbox.test"]
    assert seen.witness == "w.example"
    with refused(Check.CHECKPOINT, "1 of the 2 witnesses wanted"):
        next(log.follow(Position.beginning(), witnesses=Witnesses(2, *wanted), pace=ONCE))


def test_following_stops_when_it_is_time(reader: Reader) -> None:
    """No round begins after that."""
    clock = reader.scene.sandbox.clock

    def sleep(seconds: float) -> None:
        reader.slept.append(seconds)
        clock.advance(timedelta(seconds=seconds))

    until = clock.now + timedelta(seconds=100)
    pace = Pace(seconds=30, until=until, sleep=sleep, now=lambda: clock.now)
    assert list(reader.log.follow(pace=pace)) == []
    assert reader.slept == [30, 30, 30, 30]


def test_how_far_it_has_come_is_told(reader: Reader) -> None:
    """Tree by tree."""
    told: list[tuple[str, int, int]] = []
    log = reader.log.shards["log2025-1"]
    following: Iterator[Entry] = log.follow(
        Position.beginning(), pace=ONCE, told=lambda *said: told.append(said)
    )
    assert len(list(following)) == 300
    assert told[0] == ("log2025-1.rekor.sandbox.test", 1, 300)
    assert told[-1] == ("log2025-1.rekor.sandbox.test", 300, 300)

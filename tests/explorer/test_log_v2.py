# SPDX-License-Identifier: Apache-2.0
"""A shard of a log of version 2: each entry in the tree that it signs, in few requests."""

import json
import os
from pathlib import Path

import pytest

from keyless.errors import Check, InputError, NoSuchEntry, ServiceError, SplitView
from keyless.evidence import Inclusion
from keyless.explorer.log_v2 import ShardV2
from keyless.protocol.merkle import verify_inclusion
from keyless.protocol.signing_keys import SigningKey
from keyless.sandbox.faults import Fault, Status, WrongType
from keyless.sandbox.log_lies import ANOTHER_ENTRY, BAD_PROOF, FORKED_TREE, STALE_CHECKPOINT
from keyless.sandbox.note_writer import checkpoint_text, signature_line, signed_note
from keyless.sandbox.tile_lies import (
    ALTERED_ENTRY,
    ALTERED_TILE,
    CUT_ENTRIES,
    CUT_TILE,
    EXCHANGED_ENTRIES,
    FORGED_CHECKPOINT,
    MISSING_ENTRY,
    SHRUNK_TREE,
    TILE_LIES,
)
from keyless.services.http import Request, Response
from tests.explorer.logs import BOB, ISSUER, P256, Scene
from tests.refusals import refused

SIZES = (1, 2, 255, 256, 257, 700, 1024)
LARGE = 256 * 256 + 1000  # three levels


@pytest.fixture(scope="module")
def large() -> Scene:
    """A log of three levels of tiles, whose entries nobody can read."""
    scene = Scene(0)
    for number in range(LARGE):
        scene.log.tree.append(b"%d" % number)
    return scene


def most_requests(size: int) -> int:
    """Return in how many requests any entry of a log of *size* is to be had."""
    depth = (size - 1).bit_length()
    return 2 + 2 * -(-depth // 8)


@pytest.mark.parametrize("size", SIZES)
def test_every_entry_is_found_and_proved(size: int) -> None:
    """Whatever the shape of the tree."""
    scene = Scene(size)
    for index in {0, size // 2, size - 1}:
        entry = scene.shard().entry(index)
        assert entry.index == index
        assert entry.record == scene.log.entry(index)
        assert entry.evidence is not None
        assert entry.evidence.proof == Inclusion(
            index=index, size=size, root=scene.log.tree.root(), origin=scene.log.name
        )
        assert entry.time is None


def test_a_log_that_fills_one_tile_needs_no_hashes() -> None:
    """Its root is the one over the entries."""
    scene = Scene(256)
    with scene.asked.meanwhile() as paths:
        scene.shard().entry(0)
    assert [path for path in paths if path.startswith("tile/1/")] == []


@pytest.mark.parametrize("size", SIZES)
def test_an_entry_is_looked_up_in_few_requests(size: int) -> None:
    """The checkpoint, the entry's bundle, and two tiles a level at most."""
    scene = Scene(size)
    for index in {0, size // 2, size - 1}:
        with scene.asked.meanwhile() as paths:
            scene.shard().entry(index)
        assert len(paths) == len(set(paths)) <= most_requests(size)


@pytest.mark.parametrize("index", [0, 255, 40_000, 65_535, 65_536, LARGE - 1])
def test_an_entry_of_a_large_log_is_looked_up_in_few_requests(large: Scene, index: int) -> None:
    """Never more than 2 + 2⌈depth/8⌉; what cannot be read is proved all the same."""
    with large.asked.meanwhile() as paths:
        entry = large.shard().entry(index)
    assert len(paths) == len(set(paths)) <= most_requests(LARGE)
    assert entry.is_verified
    assert entry.kind == ""
    assert entry.record.proof is not None
    verify_inclusion(
        large.log.tree.leaf(index),
        index=index,
        size=LARGE,
        proof=entry.record.proof.hashes,
        root=large.log.tree.root(),
    )


def test_what_is_known_already_is_not_asked_for_again(large: Scene) -> None:
    """Neighbours come in the same bundle, and the tree in the same tiles."""
    shard = large.shard()
    shard.entry(700)
    with large.asked.meanwhile() as paths:
        assert shard.entry(600).index == 600
        assert shard.entry(30_000).index == 30_000
    assert paths == ["tile/entries/002", "tile/entries/117"]


def test_a_cache_spares_what_it_has(large: Scene, tmp_path: Path) -> None:
    """Full tiles never change; the edge of the tree does, and is asked for."""
    large.folder = str(tmp_path)
    large.shard().entry(700)
    with large.asked.meanwhile() as paths:
        large.shard().entry(700)
    large.folder = None
    assert paths == ["checkpoint", "tile/0/259.p/232", "tile/1/001.p/3", "tile/2/000.p/1"]


def test_entries_are_read_bundle_by_bundle() -> None:
    """Each once, however many entries it has."""
    scene = Scene(700)
    with scene.asked.meanwhile() as paths:
        found = list(scene.shard().entries(range(700)))
    assert [entry.index for entry in found] == list(range(700))
    assert [it.record.canonical_body for it in found] == [scene.log.tree[at] for at in range(700)]
    assert all(entry.is_verified for entry in found)
    assert len(paths) == len(set(paths)) == 6  # checkpoint, two of the edge, three bundles


def test_entries_come_in_the_order_that_is_asked_for() -> None:
    """Backwards, with steps, and over the end."""
    scene = Scene(300)
    shard = scene.shard()
    assert [it.index for it in shard.entries(range(299, 0, -100))] == [299, 199, 99]
    assert [it.index for it in shard.entries([5, 290, 4])] == [5, 290, 4]
    assert [it.index for it in shard.entries(range(298, 400))] == [298, 299]
    assert list(shard.entries([])) == []


def test_entries_are_read_as_they_are_asked_for() -> None:
    """Whoever wants the first does not wait for the last."""
    scene = Scene(700)
    entries = scene.shard().entries(range(700))
    with scene.asked.meanwhile() as paths:
        next(entries)
    assert sum("entries" in path for path in paths) == 1


def test_an_index_beyond_the_end_is_no_entry() -> None:
    """The log says how far it goes."""
    with pytest.raises(NoSuchEntry, match="has no entry 3: it has 3"):
        Scene(3).shard().entry(3)


def test_an_empty_log_has_no_entry() -> None:
    """Nor does it have a tile."""
    scene = Scene(0)
    with pytest.raises(NoSuchEntry, match="has no entry 0: it has 0"):
        scene.shard().entry(0)
    assert list(scene.shard().entries([0])) == []


@pytest.mark.parametrize("index", [-1, 1 << 63])
def test_what_is_no_index_is_not_looked_for(index: int) -> None:
    """No entry of any log has it."""
    scene = Scene(3)
    with pytest.raises(InputError, match="is not the index of an entry"):
        scene.shard().entry(index)
    assert scene.asked.paths == []


def test_an_entry_that_was_just_written_down_is_found() -> None:
    """By asking how far the log goes by now."""
    scene = Scene(3)
    shard = scene.shard()
    shard.entry(0)
    scene.grow(400)
    assert shard.entry(400).index == 400


def test_a_frozen_shard_is_read_as_ever() -> None:
    """Its checkpoint is old, and right."""
    scene = Scene(300)
    frozen = scene.log
    scene.sandbox.rotate()
    scene.grow(5)
    assert scene.shard(frozen).entry(299).record == frozen.entry(299)
    assert scene.shard(frozen).window.end is not None
    assert scene.shard().checkpoint().size == 5


def test_a_tile_that_was_tidied_away_is_in_the_full_one() -> None:
    """The log has grown since its checkpoint was read."""
    scene = Scene(300)
    shard = scene.shard()
    checkpoint = shard.checkpoint()
    scene.grow(300)
    scene.sandbox.rekor_v2.tidies = True
    (entry,) = shard.entries_under(checkpoint, [299])
    assert entry.record == scene.log.entry(299, size=300)


# Lies and failures

REFUSALS = {
    EXCHANGED_ENTRIES: (Check.INCLUSION, "tile/entries/000 does not lead to the root"),
    ALTERED_ENTRY: (Check.INCLUSION, "tile/entries/000 does not lead to the root"),
    ANOTHER_ENTRY: (Check.INCLUSION, "tile/entries/000 does not lead to the root"),
    ALTERED_TILE: (Check.INCLUSION, "does not lead to the root that the log signs"),
    BAD_PROOF: (Check.INCLUSION, "does not lead to the root that the log signs"),
    FORGED_CHECKPOINT: (Check.LOG, "no trusted log signs the checkpoint"),
}


@pytest.mark.parametrize("lie", REFUSALS, ids=lambda lie: lie.name)
def test_a_lie_about_files_is_refused(lie: Fault) -> None:
    """By what it is, and in the name of the log."""
    check, reason = REFUSALS[lie]
    scene = Scene(1000)
    with scene.sandbox.inject("rekor_v2", lie), refused(check, reason) as caught:
        scene.shard().entry(100)
    assert str(caught.value).startswith("the transparency log log2025-1.rekor.sandbox.test gave a")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (MISSING_ENTRY, "255 entries in tile/entries/000, not 256"),
        (CUT_ENTRIES, "tile/entries/000 ends within entry 255"),
        (CUT_TILE, "where 232 hashes have"),
        (WrongType(), "gave an answer that cannot be read"),
        (Status(code=404), "answered 404"),
        (Status(code=429), "answered 429"),
        (Status(code=500), "answered 500"),
        (Status(code=503), "answered 503"),
    ],
    ids=str,
)
def test_a_file_that_is_not_what_it_should_be_is_the_logs_failure(
    fault: Fault, reason: str
) -> None:
    """No entry is shown."""
    scene = Scene(1000)
    with scene.sandbox.inject("rekor_v2", fault), pytest.raises(ServiceError, match=reason):
        scene.shard().entry(100)


@pytest.mark.parametrize("path", ["checkpoint", "tile/entries/000"])
def test_a_page_in_place_of_a_file_is_the_logs_failure(path: str) -> None:
    """As that of a hotel's network."""
    scene = Scene(1000)
    after = 0 if path == "checkpoint" else 1
    with (
        scene.sandbox.inject("rekor_v2", WrongType(), after=after),
        pytest.raises(ServiceError, match="gave an answer that cannot be read"),
    ):
        scene.shard().entry(100)
    assert scene.asked.paths[-1] == path


def test_a_tree_beside_the_only_one_is_refused() -> None:
    """By its key, this log could be one of version 1, which has trees by numbers."""
    scene = Scene(3)
    scene.sandbox.core.rotate(key=SigningKey.generate(P256))
    log = scene.log
    text = checkpoint_text(f"{log.name} - 7", log.tree, size=len(log.tree))
    note = signed_note(text, [signature_line(text, name=log.name, key=log.secret)])

    def told(checkpoint: str) -> ShardV2:
        answer = Response(status=200, headers=(), body=checkpoint.encode())
        return ShardV2(scene.shard().known, lambda _: answer, folder=None)

    assert told(log.checkpoint()).checkpoint().origin == log.name
    with refused(Check.CHECKPOINT, "is of another tree than the one of its log"):
        told(note).checkpoint()


def test_every_lie_about_files_has_its_test() -> None:
    """A lie that is added joins them."""
    tested = {*REFUSALS, MISSING_ENTRY, CUT_ENTRIES, CUT_TILE, SHRUNK_TREE}
    assert set(TILE_LIES) <= tested


@pytest.mark.parametrize("lie", [FORKED_TREE, SHRUNK_TREE, STALE_CHECKPOINT], ids=str)
def test_a_tree_that_did_not_grow_out_of_the_one_before_is_a_split_view(lie: Fault) -> None:
    """Alone it cannot be told from the truth; beside an earlier checkpoint it can."""
    scene = Scene(600)
    shard = scene.shard()
    before = shard.checkpoint()
    with scene.sandbox.inject("rekor_v2", lie):
        after = shard.checkpoint()
        with pytest.raises(SplitView) as caught:
            shard.prove_growth(before, after)
    assert caught.value.check is Check.CONSISTENCY
    assert caught.value.older == before.checkpoint.to_text()
    assert caught.value.newer == after.checkpoint.to_text()


@pytest.mark.parametrize(("first", "second"), [(0, 5), (1, 2), (255, 257), (300, 1000), (512, 512)])
def test_growth_is_proved_from_tiles(first: int, second: int) -> None:
    """From any size to any later one."""
    scene = Scene(first)
    shard = scene.shard()
    before = shard.checkpoint()
    scene.grow(second - first)
    shard.prove_growth(before, shard.checkpoint())


def test_growth_of_another_log_is_not_proved() -> None:
    """They have nothing to do with each other."""
    scene, other = Scene(3), Scene(5)
    with pytest.raises(InputError, match="says nothing about"):
        scene.shard().prove_growth(other.shard().checkpoint(), scene.shard().checkpoint())


# What is kept


def kept(folder: Path) -> set[str]:
    """List the files in *folder*."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_full_tiles_are_kept_under_the_logs_key(tmp_path: Path) -> None:
    """And nobody else can read or write them."""
    scene = Scene(1000, folder=tmp_path)
    scene.shard().entry(100)
    scene.shard().entry(999)
    assert kept(tmp_path) == {f"{scene.log.log_id.hex()}/entries/000"}
    if os.name == "posix":
        folder = tmp_path / scene.log.log_id.hex()
        assert {path.stat().st_mode & 0o077 for path in folder.rglob("*")} == {0}


def test_what_does_not_lead_to_the_root_is_not_kept(tmp_path: Path) -> None:
    """A lie would be believed for ever."""
    scene = Scene(1000, folder=tmp_path)
    for lie in (EXCHANGED_ENTRIES, ALTERED_TILE, FORGED_CHECKPOINT):
        with scene.sandbox.inject("rekor_v2", lie), refused(REFUSALS[lie][0]):
            scene.shard().entry(100)
    assert kept(tmp_path) == set()


def test_hashes_that_do_not_lead_to_the_root_are_not_kept(large: Scene, tmp_path: Path) -> None:
    """Those of a full tile are refused by themselves, before anything is looked up in them."""

    def transport(request: Request) -> Response:
        answer = large.sandbox.transport(request)
        if not request.url.endswith("/tile/1/000"):
            return answer
        return Response(status=200, headers=(), body=answer.body[32:] + answer.body[:32])

    shard = ShardV2(large.shard().known, transport, folder=str(tmp_path))
    with refused(Check.INCLUSION, "tile/1/000 does not lead to the root"):
        shard.entry(5)
    assert kept(tmp_path) == set()


DAMAGES = {
    "emptied": lambda _: b"",
    "cut": lambda data: data[:-1],
    "altered": lambda data: data[:-40] + bytes((data[-40] ^ 1,)) + data[-39:],
    "altered in its last entry": lambda data: data[:-1] + bytes((data[-1] ^ 1,)),
    "another log's": lambda data: data[::-1],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_noticed_and_replaced(large: Scene, tmp_path: Path, damage: str) -> None:
    """What is kept is never believed for being kept."""
    large.folder = str(tmp_path)
    try:
        whole = large.shard().entry(700)
        before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        assert len(before) == 2
        for path, data in before.items():
            path.write_bytes(DAMAGES[damage](data))
        assert large.shard().entry(700).record == whole.record
        assert {path: path.read_bytes() for path in before} == before
    finally:
        large.folder = None


def test_a_folder_that_cannot_be_used_keeps_nothing(tmp_path: Path) -> None:
    """And costs nothing but time."""
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    for folder in (str(blocked), str(tmp_path / "a\0b")):
        assert Scene(600, folder=folder).shard().entry(5).index == 5
    assert kept(tmp_path) == {"file"}


def test_reading_through_a_log_does_not_fill_the_disk(tmp_path: Path) -> None:
    """What is looked up is kept; a whole log may be larger than the disk."""
    scene = Scene(5000, folder=tmp_path)
    shard = scene.shard()
    assert sum(1 for _ in shard.entries(range(5000))) == 5000
    assert kept(tmp_path) == set()


def test_an_entry_says_what_it_is() -> None:
    """Who, of which log, and where."""
    scene = Scene(3)
    entry = scene.shard().entry(1)
    assert entry.identity is not None
    assert (entry.identity.text, entry.issuer) == (BOB, ISSUER)
    assert (entry.kind, entry.version) == ("hashedrekord", "0.0.2")
    assert entry.log.url == scene.log.url
    assert entry.log.version == 2
    assert entry.uuid == scene.log.tree.leaf(1).hex()
    assert json.loads(entry.record.canonical_body)["kind"] == "hashedrekord"


def test_a_shard_has_a_name_to_show() -> None:
    """Its host."""
    shard = Scene(0).shard()
    assert isinstance(shard, ShardV2)
    assert shard.name == "log2025-1.rekor.sandbox.test"
    assert shard.size() == 0

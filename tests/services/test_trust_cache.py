# SPDX-License-Identifier: Apache-2.0
"""The folder that keeps trust: nobody else may have written to it, and one process renews it."""

import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from keyless.errors import ParseError, TrustError
from keyless.services.trust_cache import TrustCache, cache_folder
from keyless.services.trust_snapshot import TrustSnapshot
from keyless.value import replace

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SNAPSHOT = TrustSnapshot(
    source="cache",
    repository="https://tuf.example.com",
    root_version=3,
    version=7,
    taken=NOON,
    expires=NOON + timedelta(days=7),
    documents=(("trusted_root.json", b"{}\n"), ("other.json", b"\x00\xff")),
)

pytestmark = pytest.mark.skipif(
    not hasattr(os, "geteuid"), reason="on Windows, files have no owner and mode of this kind"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a snapshot is kept."""
    cache = TrustCache(str(tmp_path / "keyless"), "mine")
    with cache.locked():
        cache.write(SNAPSHOT)
    return Path(cache.folder)


@pytest.fixture
def cache(folder: Path) -> TrustCache:
    """The cache that has it."""
    return TrustCache(str(folder.parents[1]), "mine")


def test_a_snapshot_is_kept_as_it_was(cache: TrustCache) -> None:
    """What is written is what is read."""
    assert cache.read() == SNAPSHOT


def test_an_instance_has_a_folder_of_its_own(folder: Path) -> None:
    """Another instance's trust is not found."""
    assert TrustCache(str(folder.parents[1]), "other").read() is None


def test_a_snapshot_is_replaced_whole(cache: TrustCache, folder: Path) -> None:
    """The next one takes its place, and nothing unfinished is left."""
    newer = replace(SNAPSHOT, version=8)
    with cache.locked():
        cache.write(newer)
    assert cache.read() == newer
    assert {path.name for path in folder.iterdir()} == {"trust.json", "lock"}


def test_a_reader_never_waits(cache: TrustCache) -> None:
    """While one process renews the snapshot, others read the one before."""
    with cache.locked():
        assert cache.read() == SNAPSHOT


@pytest.mark.parametrize(
    ("part", "mode", "said"),
    [
        ("", 0o755, "is open to other users (mode 0755)"),
        ("..", 0o750, "is open to other users (mode 0750)"),
        ("../..", 0o1777, "is open to other users (mode 1777)"),
        ("trust.json", 0o644, "is open to other users (mode 0644)"),
        ("trust.json", 0o602, "is open to other users (mode 0602)"),
    ],
)
def test_what_is_open_to_others_is_refused(
    cache: TrustCache, folder: Path, part: str, mode: int, said: str
) -> None:
    """A folder or file that somebody else could have written to, or can read, is not believed."""
    (folder / part).chmod(mode)
    _refused(cache.read, said)


@pytest.mark.parametrize("part", ["", "..", "trust.json"])
def test_what_is_somebody_elses_is_refused(cache: TrustCache, folder: Path, part: str) -> None:
    """The owner of a file can change it, whatever its mode."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(folder / part, 12345, -1)
    _refused(cache.read, "belongs to the user 12345, not to 0")


@pytest.mark.parametrize("part", ["", "..", "../..", "trust.json"])
def test_a_link_is_refused(cache: TrustCache, folder: Path, part: str) -> None:
    """Whoever could put a link there chose what is read."""
    path = Path(os.path.normpath(folder / part))
    path.rename(elsewhere := path.with_name("elsewhere"))
    path.symlink_to(elsewhere)
    _refused(cache.read, "is a link")


def test_a_file_with_a_second_name_is_refused(cache: TrustCache, folder: Path) -> None:
    """By its other name it may be changed from elsewhere."""
    os.link(folder / "trust.json", folder / "second.json")
    _refused(cache.read, "is no file of its own")


def test_a_pipe_is_refused_and_not_waited_for(cache: TrustCache, folder: Path) -> None:
    """Nothing that is no regular file is read."""
    (folder / "trust.json").unlink()
    os.mkfifo(folder / "trust.json", 0o600)
    _refused(cache.read, "is no file of its own")


def test_a_file_for_a_folder_is_refused(tmp_path: Path) -> None:
    """Where a folder is wanted, only a folder will do."""
    (tmp_path / "keyless").touch(0o600)
    _refused(TrustCache(str(tmp_path / "keyless"), "mine").read, "is no folder")


@pytest.mark.parametrize("part", ["", "..", "lock"])
def test_nothing_is_written_through_a_link(cache: TrustCache, folder: Path, part: str) -> None:
    """Renewing is as careful as reading."""
    path = Path(os.path.normpath(folder / part))
    path.rename(elsewhere := path.with_name("elsewhere"))
    path.symlink_to(elsewhere)
    _refused(lambda: _lock(cache), "is a link")


def test_pythontufs_folder_is_held_to_the_same(cache: TrustCache, folder: Path) -> None:
    """What python-tuf remembers is kept as close as the snapshot."""
    with cache.locked():
        assert cache.tuf_folder() == str(folder / "tuf")
    (folder / "tuf").chmod(0o755)
    with cache.locked():
        _refused(cache.tuf_folder, "is open to other users (mode 0755)")


def test_nothing_there_is_nothing_kept(tmp_path: Path) -> None:
    """Neither a folder that does not exist nor one that cannot is an error to read from."""
    assert TrustCache(str(tmp_path / "absent"), "mine").read() is None
    assert TrustCache("/dev/null/absent", "mine").read() is None


def test_a_folder_that_cannot_be_made_is_named() -> None:
    """The error says which, why, and how to name another."""
    cache = TrustCache("/dev/null/absent", "mine")
    with pytest.raises(
        TrustError, match="/dev/null/absent/trust/mine, which keeps trust, cannot"
    ) as refusal:
        _lock(cache)
    assert refusal.value.hint == "KEYLESS_CACHE_DIR can name another"
    with pytest.raises(TrustError, match=r"cannot be used: .*null"):
        TrustCache("a\0b", "mine").read()


def test_a_write_that_fails_leaves_what_was_there(cache: TrustCache, folder: Path) -> None:
    """A full disk costs nobody the trust they had."""
    kept = (folder / "trust.json").read_bytes()
    (folder / "trust.json").unlink()
    (folder / "trust.json").mkdir()  # cannot be replaced by a file
    with pytest.raises(TrustError, match="Is a directory"), cache.locked():
        cache.write(SNAPSHOT)
    assert {path.name for path in folder.iterdir()} == {"trust.json", "lock"}
    assert kept


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"version":1}'])
def test_damage_is_told_from_danger(cache: TrustCache, folder: Path, damage: bytes) -> None:
    """A damaged snapshot is a ParseError: it can be made anew."""
    (folder / "trust.json").write_bytes(damage)
    with pytest.raises(ParseError):
        cache.read()


def test_who_comes_second_waits(cache: TrustCache) -> None:
    """The lock is held by one at a time."""
    order: list[str] = []
    held, waiting = threading.Event(), threading.Event()

    def second() -> None:
        held.wait(10)
        with cache.locked(pause=lambda _: waiting.set()):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with cache.locked():
        held.set()
        assert waiting.wait(10)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_who_waits_too_long_is_told(cache: TrustCache) -> None:
    """A process that hangs with the lock does not make all others hang."""
    with cache.locked(), pytest.raises(TrustError, match="another process has been renewing"):
        _lock(cache, seconds=0.1)
    _lock(cache, seconds=0)


@pytest.mark.parametrize(
    ("environment", "platform", "folder"),
    [
        ({}, "linux", "/home/a/.cache/keyless"),
        ({"XDG_CACHE_HOME": "/caches"}, "linux", "/caches/keyless"),
        ({"XDG_CACHE_HOME": "caches"}, "freebsd14", "/home/a/.cache/keyless"),
        ({"XDG_CACHE_HOME": "/caches"}, "darwin", "/home/a/Library/Caches/keyless"),
        ({"LOCALAPPDATA": "/local"}, "win32", "/local/keyless/Cache"),
        ({}, "win32", "/home/a/AppData/Local/keyless/Cache"),
        ({"KEYLESS_CACHE_DIR": "/mine", "XDG_CACHE_HOME": "/caches"}, "linux", "/mine"),
    ],
)
def test_each_platform_has_its_place_for_caches(
    environment: dict[str, str], platform: str, folder: str
) -> None:
    """By its own custom, unless KEYLESS_CACHE_DIR says otherwise."""
    assert cache_folder(environment, platform=platform, home="/home/a") == folder


def _lock(cache: TrustCache, *, seconds: float = 10) -> None:
    with cache.locked(seconds=seconds):
        pass


def _refused(use: Callable[[], object], said: str) -> None:
    with pytest.raises(TrustError) as refusal:
        use()
    assert said in refusal.value.message
    assert "remove it" in str(refusal.value.hint)

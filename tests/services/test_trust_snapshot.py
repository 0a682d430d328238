# SPDX-License-Identifier: Apache-2.0
"""Snapshots of trust: how long they are fresh, which is newer, and what is said of them."""

from datetime import UTC, datetime, timedelta

import pytest

from keyless.errors import ParseError
from keyless.services.trust_snapshot import LARGEST_SNAPSHOT, TrustSnapshot, newest
from keyless.services.trust_status import TrustStatus
from keyless.value import replace

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
SNAPSHOT = TrustSnapshot(
    source="cache",
    repository="https://tuf.example.com",
    root_version=3,
    version=7,
    taken=NOON,
    expires=NOON + 7 * DAY,
    documents=(("trusted_root.json", b"{}\n"),),
)


def test_a_snapshot_is_written_and_read() -> None:
    """The cache gets all of it."""
    assert TrustSnapshot.parse(SNAPSHOT.to_json()) == SNAPSHOT
    assert SNAPSHOT.trusted_root == b"{}\n"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b'"e30K"', b'"e30"', r"\$\.documents\[0\]\.content: not base64"),
        (b'"e30K"', b'"e30N"', r"\$\.documents\[0\]\.content: damaged: its SHA-256 is another"),
        (b'"trusted_root.json"', b'"trusted.json"', r"\$\.documents: without trusted_root\.json"),
        (b'"2026-03-01T12:00:00Z"', b'"noon"', r"\$\.taken: not a time"),
        (b'"version": 7', b'"version": -7', r"\$\.version: a number outside"),
    ],
)
def test_damage_is_found(old: bytes, new: bytes, said: str) -> None:
    """What was altered by accident is not taken for what was kept."""
    assert old in SNAPSHOT.to_json()
    with pytest.raises(ParseError, match=said):
        TrustSnapshot.parse(SNAPSHOT.to_json().replace(old, new))


def test_a_snapshot_beyond_all_measure_is_not_read() -> None:
    """Its size is looked at before its content."""
    with pytest.raises(ParseError, match="more than the"):
        TrustSnapshot.parse(b" " * (LARGEST_SNAPSHOT + 1))


@pytest.mark.parametrize(
    ("now", "fresh"),
    [
        (NOON - SECOND, False),
        (NOON, True),
        (NOON + DAY, True),
        (NOON + DAY + SECOND, False),
    ],
)
def test_a_snapshot_is_fresh_for_a_day(now: datetime, fresh: bool) -> None:
    """From when it was taken on; not before, which would be a clock that was set back."""
    assert SNAPSHOT.is_fresh(now) is fresh


def test_a_snapshot_that_expired_is_not_fresh() -> None:
    """However new it is."""
    brief = replace(SNAPSHOT, expires=NOON + SECOND)
    assert brief.is_fresh(NOON + SECOND)
    assert not brief.is_fresh(NOON + 2 * SECOND)


def test_the_newer_snapshot_is_told_by_its_version() -> None:
    """By TUF's count alone: not by when it was taken, nor by which file is newer."""
    older = replace(SNAPSHOT, version=6, taken=NOON + DAY)
    same = replace(SNAPSHOT, taken=NOON + DAY)
    assert newest(older, SNAPSHOT) is SNAPSHOT
    assert newest(SNAPSHOT, older) is SNAPSHOT
    assert newest(SNAPSHOT, same) is SNAPSHOT
    assert newest(None, SNAPSHOT) is SNAPSHOT
    assert newest(SNAPSHOT, None) is SNAPSHOT
    assert newest(None, None) is None


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (-SECOND, "taken in the future, by this clock"),
        (59 * SECOND, "less than a minute old"),
        (60 * SECOND, "1 minute old"),
        (3 * 3600 * SECOND, "3 hours old"),
        (DAY, "1 day old"),
        (400 * DAY, "400 days old"),
    ],
)
def test_the_status_says_how_old_trust_is(age: timedelta, words: str) -> None:
    """In the largest unit that fits."""
    status = TrustStatus.of(SNAPSHOT, instance="mine", now=NOON + age, problem=None)
    assert str(status) == (
        f"mine, version 7 of its trust, {words}, valid to 2026-03-08 12:00:00 UTC"
    )


def test_the_status_says_what_went_wrong() -> None:
    """Where trust should be newer than it is, and where it was released with the package."""
    snapshot = replace(SNAPSHOT, source="embedded")
    status = TrustStatus.of(snapshot, instance="mine", now=NOON, problem="no network")
    assert str(status) == (
        "mine, version 7 of its trust as released with keyless, less than a minute old, "
        "valid to 2026-03-08 12:00:00 UTC; no network"
    )


def test_the_status_is_data() -> None:
    """In JSON, with times as everywhere and the age in seconds."""
    status = TrustStatus.of(SNAPSHOT, instance="mine", now=NOON + DAY, problem=None)
    assert status.to_json() == {
        "instance": "mine",
        "source": "cache",
        "version": 7,
        "root_version": 3,
        "taken": "2026-03-01T12:00:00Z",
        "age": 86400,
        "expires": "2026-03-08T12:00:00Z",
        "problem": None,
    }
    of_file = TrustStatus(instance="the trusted root a.json", source="file")
    assert str(of_file) == "the trusted root a.json"
    assert set(of_file.to_json().values()) == {"the trusted root a.json", "file", None}

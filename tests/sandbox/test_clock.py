# SPDX-License-Identifier: Apache-2.0
"""The sandbox's clock: it goes until it is set."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from keyless.errors import InputError
from keyless.sandbox.clock import Clock

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_clock_goes_with_the_machines_until_told_a_time() -> None:
    """A sandbox that nobody set lives today."""
    clock = Clock()
    before, shown, after = datetime.now(UTC), clock.now, datetime.now(UTC)
    assert before <= shown <= after
    assert clock.now <= clock.now


def test_a_clock_that_goes_keeps_going_when_advanced() -> None:
    """An hour ahead stays an hour ahead."""
    clock = Clock()
    clock.advance(HOUR)
    before, shown, after = datetime.now(UTC), clock.now, datetime.now(UTC)
    assert before + HOUR <= shown <= after + HOUR


def test_a_clock_told_the_time_stands_still() -> None:
    """Every run of a test sees the same time."""
    clock = Clock(NOON)
    assert (clock.now, clock.now) == (NOON, NOON)


def test_a_standing_clock_moves_when_advanced() -> None:
    """Ahead, and back."""
    clock = Clock(NOON)
    clock.advance(HOUR)
    assert clock.now == NOON + HOUR
    clock.advance(-2 * HOUR)
    assert clock.now == NOON - HOUR


def test_setting_a_clock_stops_it_there() -> None:
    """Whatever it showed before."""
    clock = Clock()
    clock.advance(HOUR)
    clock.set(NOON)
    assert (clock.now, clock.now) == (NOON, NOON)


def test_a_time_of_another_zone_is_shown_in_utc() -> None:
    """All that is signed in a sandbox is in UTC."""
    clock = Clock(NOON.astimezone(timezone(HOUR)))
    assert clock.now.tzinfo is UTC


@pytest.mark.parametrize("tell", [Clock, lambda at: Clock().set(at)])
def test_a_time_without_a_zone_is_refused(tell: object) -> None:
    """It would mean another time on another machine."""
    assert callable(tell)
    with pytest.raises(InputError, match="2025-03-01 12:00:00 is a time without a time zone"):
        tell(datetime(2025, 3, 1, 12))  # noqa: DTZ001 - that is the point


def test_a_clock_says_what_it_shows_and_whether_it_goes() -> None:
    """At a prompt, the time and how it passes are what one wants to know."""
    assert repr(Clock(NOON)) == "Clock(2025-03-01T12:00:00.000000Z, set)"
    assert repr(Clock()).endswith(", going)")

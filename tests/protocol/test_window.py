# SPDX-License-Identifier: Apache-2.0
"""Windows: both ends belong to them, to the fraction of a second."""

from datetime import UTC, datetime, timedelta

import pytest

from keyless.protocol.window import Window

START = datetime(2025, 3, 1, 12, tzinfo=UTC)
END = datetime(2025, 3, 31, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("at", "covered"),
    [
        pytest.param(START - TICK, False, id="just before the start"),
        pytest.param(START, True, id="at the start"),
        pytest.param(END, True, id="at the end"),
        pytest.param(END + TICK, False, id="just after the end"),
    ],
)
def test_a_window_is_closed_at_both_ends(at: datetime, covered: bool) -> None:
    """The start and the end are covered; a microsecond beyond either is not."""
    assert Window(start=START, end=END).covers(at) is covered


def test_a_window_without_an_end_stays_open() -> None:
    """A key in use has a start only."""
    assert Window(start=START).covers(datetime.max.replace(tzinfo=UTC))


def test_a_window_without_an_end_has_a_start_all_the_same() -> None:
    """An open end does not open the other one."""
    assert not Window(start=START).covers(START - TICK)


@pytest.mark.parametrize(
    ("window", "text"),
    [
        (
            Window(start=START, end=END + timedelta(milliseconds=500)),
            "from 2025-03-01 12:00:00 UTC to 2025-03-31 12:00:00.5 UTC",
        ),
        (Window(start=START), "from 2025-03-01 12:00:00 UTC on"),
    ],
)
def test_a_window_is_said_in_words(window: Window, text: str) -> None:
    """What a refusal shows of a window reads as a sentence goes on."""
    assert str(window) == text

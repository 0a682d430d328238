# SPDX-License-Identifier: Apache-2.0
"""Spans of time as trust roots and signing configurations write them."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyless.errors import ParseError
from keyless.protocol.json_reader import Json
from keyless.protocol.time_range import parse_time, parse_window
from keyless.protocol.window import Window, in_rfc3339

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


def _json(members: dict[str, object]) -> Json:
    return Json.parse(json.dumps({"validFor": members}).encode()).object("validFor")


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2025-03-01T12:00:00Z", NOON),
        ("2025-03-01T12:00:00.5Z", NOON + timedelta(milliseconds=500)),
        ("2025-03-01T12:00:00.999000Z", NOON + timedelta(milliseconds=999)),
        ("2025-03-01T12:00:00.999999999Z", NOON + timedelta(microseconds=999_999)),
        ("2025-03-01T13:30:00+01:30", NOON),
        ("2025-03-01T07:00:00-05:00", NOON),
        ("2024-02-29T00:00:00Z", datetime(2024, 2, 29, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_to_the_microsecond(text: str, time: datetime) -> None:
    """Fractions of one to nine digits and offsets are read; the result is in UTC."""
    assert parse_time(text) == time
    assert parse_time(text).tzinfo is UTC


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(1000, 1, 1)))  # noqa: DTZ001 - as hypothesis wants it
def test_a_time_that_is_written_is_read_back(time: datetime) -> None:
    """What `in_rfc3339` writes, `parse_time` reads."""
    assert parse_time(in_rfc3339(time)) == time


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2025-03-01",
        "2025-03-01 12:00:00Z",
        "2025-03-01T12:00:00",
        "2025-03-01t12:00:00z",
        "2025-03-01T24:00:00Z",
        "2025-03-01T12:00:60Z",
        "2025-03-01T12:00:00.Z",
        "2025-03-01T12:00:00,5Z",
        "2025-03-01T12:00:00.1234567890Z",
        "2025-03-01T12:00:00+0100",
        "2025-03-01T12:00Z",
        "20250301T120000Z",
        "٢٠٢٥-03-01T12:00:00Z",
        "2025-03-01T12:00:00Z\n",
        "1740830400",
    ],
)
def test_another_form_is_refused(text: str) -> None:
    """Only RFC 3339, as protobuf writes it, is a time."""
    with pytest.raises(ParseError, match="not a time as in"):
        parse_time(text)


@pytest.mark.parametrize(
    "text",
    [
        "2025-02-29T12:00:00Z",
        "2025-13-01T12:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    ],
)
def test_a_day_that_is_in_no_calendar_is_refused(text: str) -> None:
    """The right form does not make a time."""
    with pytest.raises(ParseError, match="not a time there can be"):
        parse_time(text)


def test_a_span_may_be_open() -> None:
    """Without an end, or with a null one, a span lasts."""
    start = {"start": "2025-03-01T12:00:00Z"}
    assert parse_window(_json(start)) == parse_window(_json({**start, "end": None}))
    assert parse_window(_json(start)) == Window(start=NOON)


def test_a_span_may_be_a_moment() -> None:
    """A window has both its ends, so they may be the same."""
    noon = "2025-03-01T12:00:00Z"
    assert parse_window(_json({"start": noon, "end": noon})) == Window(start=NOON, end=NOON)


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({}, r"\$\.validFor\.start: missing"),
        ({"start": None, "end": "2025-03-01T12:00:00Z"}, r"\$\.validFor\.start: missing"),
        ({"start": 1740830400}, r"\$\.validFor\.start: a number where a string is wanted"),
        ({"start": "today"}, r"\$\.validFor\.start: not a time"),
        ({"start": "2025-03-01T12:00:00Z", "end": ""}, r"\$\.validFor\.end: not a time"),
        (
            {"start": "2025-03-01T12:00:00Z", "end": "2025-03-01T11:59:59Z"},
            r"\$\.validFor\.end: a span that ends before it starts",
        ),
    ],
)
def test_a_span_without_sense_is_refused(members: dict[str, object], said: str) -> None:
    """A span starts at a time, and does not end before it."""
    with pytest.raises(ParseError, match=said):
        parse_window(_json(members))

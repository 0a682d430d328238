# SPDX-License-Identifier: Apache-2.0
"""Times and spans of time as protobuf writes them in JSON, which is RFC 3339.

    "validFor": {"start": "2022-04-13T20:06:15Z", "end": "2031-10-05T13:56:58.999Z"}

A fraction of a second may have up to nine digits.
"""

import re
from datetime import UTC, datetime

from keyless.errors import ParseError
from keyless.protocol.json_reader import Json
from keyless.protocol.window import Window
from keyless.safe_text import shown

_TIME = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})T(?P<time>(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])"
    r"(?:\.(?P<fraction>[0-9]{1,9}))?(?P<zone>Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)


def parse_time(text: str) -> datetime:
    """Read a protobuf `Timestamp`; what lies beyond the microsecond is cut off."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise ParseError(f"not a time as in 2025-03-01T12:00:00Z: {shown(text, longest=80)}")
    microseconds = (match["fraction"] or "0")[:6].ljust(6, "0")
    try:
        time = datetime.fromisoformat(
            f"{match['day']}T{match['time']}.{microseconds}{match['zone'].replace('Z', '+00:00')}"
        )
        return time.astimezone(UTC)
    except (ValueError, OverflowError):  # the 31st of February, or an hour before the year 1
        raise ParseError(f"not a time there can be: {text}") from None


def parse_window(json: Json) -> Window:
    """Read the `TimeRange` that is *json*, which must have a start.

    Without one there is no telling since when a key was to be believed; taken for "always", it
    would give whoever got hold of an old key all of the past.
    """
    start = json.within("start", parse_time, json.text("start"))
    end = json.within("end", parse_time, json.text("end")) if json.has("end") else None
    if end is not None and end < start:
        raise json.error("a span that ends before it starts", name="end")
    return Window(start=start, end=end)

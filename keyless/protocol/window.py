# SPDX-License-Identifier: Apache-2.0
"""Windows of time: from when until when a key may be believed."""

from datetime import datetime

from keyless.value import value


@value
class Window:
    """A span of time to which both its ends belong; without an *end* it is open."""

    start: datetime
    end: datetime | None = None

    def covers(self, at: datetime) -> bool:
        """Say whether *at*, to the fraction of a second, lies within."""
        return self.start <= at and (self.end is None or at <= self.end)

    def __str__(self) -> str:
        return f"from {in_words(self.start)}" + (f" to {in_words(self.end)}" if self.end else " on")


def in_words(at: datetime) -> str:
    """Return *at*, which is in UTC, as in `2025-03-01 12:00:00.5 UTC`."""
    text = f"{at:%Y-%m-%d %H:%M:%S}"
    return f"{text}{f'.{at:%f}'.rstrip('0') if at.microsecond else ''} UTC"


def in_rfc3339(at: datetime) -> str:
    """Return *at*, which is in UTC, as in `2025-03-01T12:00:00.5Z`."""
    return in_words(at).replace(" UTC", "Z").replace(" ", "T")

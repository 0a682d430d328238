# SPDX-License-Identifier: Apache-2.0
"""A clock that can be set, so that a certificate can expire while nobody waits."""

from datetime import UTC, datetime, timedelta

from keyless.errors import InputError


class Clock:
    """What time it is in a sandbox.

    It goes with the machine's until it is told a time, *now* or by `set`; from then on it stands
    still, and moves by `advance` alone.
    """

    def __init__(self, now: datetime | None = None) -> None:
        self._ahead = timedelta()
        self._standing = None if now is None else _in_utc(now)

    @property
    def now(self) -> datetime:
        """The time, in UTC."""
        return self._standing or datetime.now(UTC) + self._ahead

    def set(self, now: datetime) -> None:
        """Stop the clock at *now*."""
        self._standing = _in_utc(now)

    def advance(self, by: timedelta) -> None:
        """Move the clock *by* so much, ahead or back; one that goes keeps going."""
        if self._standing:
            self._standing += by
        else:
            self._ahead += by

    def __repr__(self) -> str:
        return f"Clock({self.now:%Y-%m-%dT%H:%M:%S.%fZ}, {'set' if self._standing else 'going'})"


def _in_utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise InputError(
            f"{at:%Y-%m-%d %H:%M:%S} is a time without a time zone",
            hint="say which, as in datetime(2025, 3, 1, tzinfo=UTC)",
        )
    return at.astimezone(UTC)

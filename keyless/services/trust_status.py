# SPDX-License-Identifier: Apache-2.0
"""Which trust is in use, for people and machines to read."""

from datetime import datetime, timedelta
from typing import Literal

from keyless.protocol.json_reader import JsonValue
from keyless.protocol.window import in_rfc3339, in_words
from keyless.safe_text import shown
from keyless.services.trust_snapshot import TrustSnapshot
from keyless.value import value

_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"))


@value
class TrustStatus:
    """Which trust is in use: in which *instance*, from where, which version, and how old.

    *source* is `cache`, `embedded` (what this package was released with) or `file` (the caller's
    own, of which nothing else is known). *problem* says why it is not newer than it is, where it
    should be.
    """

    instance: str
    source: Literal["cache", "embedded", "file"]
    version: int | None = None
    root_version: int | None = None
    taken: datetime | None = None
    age: timedelta | None = None
    expires: datetime | None = None
    problem: str | None = None

    @classmethod
    def of(
        cls, snapshot: TrustSnapshot, *, instance: str, now: datetime, problem: str | None
    ) -> "TrustStatus":
        """Say of *snapshot* what can be said of it *now*."""
        return cls(
            instance=instance,
            source=snapshot.source,
            version=snapshot.version,
            root_version=snapshot.root_version,
            taken=snapshot.taken,
            age=now - snapshot.taken,
            expires=snapshot.expires,
            problem=problem,
        )

    def to_json(self) -> dict[str, JsonValue]:
        """Return all of it as JSON, the age in seconds."""
        return {
            "instance": self.instance,
            "source": self.source,
            "version": self.version,
            "root_version": self.root_version,
            "taken": in_rfc3339(self.taken) if self.taken else None,
            "age": None if self.age is None else int(self.age.total_seconds()),
            "expires": in_rfc3339(self.expires) if self.expires else None,
            "problem": self.problem,
        }

    def __str__(self) -> str:
        if self.age is None or self.expires is None:
            return shown(self.instance)
        from_where = " as released with keyless" if self.source == "embedded" else ""
        return (
            f"{shown(self.instance)}, version {self.version} of its trust{from_where}, "
            f"{_in_words(self.age)}, valid to {in_words(self.expires)}"
        ) + (f"; {self.problem}" if self.problem else "")


def _in_words(age: timedelta) -> str:
    seconds = int(age.total_seconds())
    if seconds < 0:
        return "taken in the future, by this clock"
    for size, unit in _UNITS:
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''} old"
    return "less than a minute old"

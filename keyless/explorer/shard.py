# SPDX-License-Identifier: Apache-2.0
"""A log as it is read: what both versions have in common, and one tree of either."""

from collections.abc import Iterator, Sequence
from typing import Literal, Protocol

from keyless.evidence import VerifiedCheckpoint
from keyless.explorer.entry import Entry


class Shard(Protocol):
    """A log, or one tree of it; whatever it gives has been verified."""

    @property
    def name(self) -> str:
        """What it is called here: its host, or its tree; safe to show."""

    @property
    def version(self) -> Literal[1, 2]:
        """The version of the log's interface."""

    @property
    def url(self) -> str:
        """Where it answers."""

    def checkpoint(self) -> VerifiedCheckpoint:
        """Ask what it commits to now."""

    def size(self) -> int:
        """Ask how many entries it has, which are those from 0 on."""

    def entry(self, index: int) -> Entry:
        """Return the entry at *index*; raise NoSuchEntry when there is none."""

    def entries(self, indexes: Sequence[int]) -> Iterator[Entry]:
        """Yield the entries at *indexes*, in their order, as they are asked for, in few requests.

        It ends before the first that is beyond the log's end, and raises at one that is kept back.
        """

    def prove_growth(self, old: VerifiedCheckpoint, new: VerifiedCheckpoint) -> None:
        """Refuse, with SplitView, unless the tree of *old* grew into that of *new*."""

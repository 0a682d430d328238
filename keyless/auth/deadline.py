# SPDX-License-Identifier: Apache-2.0
"""How long signing in may take: not for ever, whatever it is that is waited for."""

import time
from collections.abc import Callable
from typing import NoReturn, TypeVar

from keyless.errors import InputError, LoginError, LoginFailure
from keyless.services.http.deadline import TooLateError, in_time

T = TypeVar("T")

LONGEST = 3600.0


class Deadline:
    """So many *seconds* from now on, by a *clock* that counts them; whoever waits does *sleep*."""

    def __init__(
        self,
        seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not 0 < seconds <= LONGEST:
            raise InputError(
                f"timeout={seconds:g} is not how long somebody can take to sign in",
                hint=f"say how many seconds, at most {LONGEST:g}",
            )
        self.seconds = seconds
        self._clock = clock
        self._sleep = sleep
        self._end = clock() + seconds

    @property
    def left(self) -> float:
        """How many seconds are left; none, if it is too late."""
        return max(0.0, self._end - self._clock())

    def wait(self, seconds: float) -> None:
        """Let so many *seconds* pass, or what is left; LoginError if nothing is left after it."""
        self._sleep(min(seconds, self.left))
        if not self.left:
            self.miss()

    def within(self, call: Callable[[], T]) -> T:
        """Return what *call* returns; LoginError, and it is left behind, once it is too late."""
        try:
            return in_time(call, seconds=self.left)
        except TooLateError:
            self.miss()

    def miss(self, because: str = "") -> NoReturn:
        """Say that it is too late, and *because* of what if more is known of that."""
        raise LoginError(
            f"nobody signed in within {self.seconds:g} seconds{because}",
            reason=LoginFailure.TIMED_OUT,
            hint="sign in again, or allow for more time",
        )

# SPDX-License-Identifier: Apache-2.0
"""A limit to how long a call may take, whatever it waits for."""

import time
from collections.abc import Callable
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


class TooLateError(Exception):
    """Raised when a call was not done in time."""


def in_time(
    call: Callable[[], T], *, seconds: float, latest: Callable[[], float] = lambda: 0.0
) -> T:
    """Return what *call* returns, or raise TooLateError if it takes longer than *seconds*.

    If *latest* says when something moved, as `time.monotonic` tells the time, the count starts anew
    from there.

    A socket has a timeout for each read alone: a server that sends its headers letter by letter
    never exceeds it, and looking up a name has none at all. So the call is made on a thread of its
    own, which is left behind when it is late. Ctrl-C need not wait for it either.
    """
    results: list[T] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as failure:  # noqa: BLE001 - raised again where it was asked for
            failures.append(failure)

    thread = Thread(target=run, name="keyless request", daemon=True)
    started = time.monotonic()
    thread.start()
    while thread.is_alive():
        left = max(started, latest()) + seconds - time.monotonic()
        if left <= 0:
            raise TooLateError
        thread.join(left)
    for failure in failures:
        raise failure
    return results[0]

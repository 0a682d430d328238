# SPDX-License-Identifier: Apache-2.0
"""Threads that do what they are given, in the order in which it was given.

Not an executor of `concurrent.futures`: the interpreter waits for the threads of those when it
ends, so that Ctrl-C during an upload would seem to do nothing until the server has answered.
"""

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Generic, TypeVar

T = TypeVar("T")


class Crew(Generic[T]):
    """At most *size* threads, each of which is started when there is work that nobody does."""

    def __init__(self, size: int, *, name: str) -> None:
        self._size = size
        self._name = name
        self._jobs: SimpleQueue[_Job[T] | None] = SimpleQueue()
        self._starting = Lock()
        self._started = 0

    def do(self, work: Callable[[], T]) -> "Future[T]":
        """Have *work* done; the future says what came of it."""
        job = _Job(work)
        self._jobs.put(job)
        with self._starting:
            if self._started < self._size:
                self._started += 1
                name = f"keyless-{self._name}-{self._started}"
                Thread(target=self._serve, name=name, daemon=True).start()
        return job.future

    def dismiss(self) -> None:
        """Finish what was begun, and never begin the rest; return at once."""
        with suppress(Empty):
            while True:
                if (job := self._jobs.get_nowait()) is not None:
                    job.future.cancel()
        with self._starting:
            for _ in range(self._started):
                self._jobs.put(None)

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            job.run()
            del job  # what it holds need not wait for the next one


class _Job(Generic[T]):
    """Something to do, and the promise of its result."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self.future: Future[T] = Future()

    def run(self) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            result = self._work()
        except BaseException as error:  # noqa: BLE001 - whoever waits for the result gets it
            self.future.set_exception(error)
        else:
            self.future.set_result(result)

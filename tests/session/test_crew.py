# SPDX-License-Identifier: Apache-2.0
"""Threads that do what they are given."""

import subprocess
import sys
from concurrent.futures import CancelledError, wait
from threading import Barrier, Event, current_thread

import pytest

from keyless.errors import InputError
from keyless.session.crew import Crew


def test_work_is_begun_in_the_order_in_which_it_was_given() -> None:
    """One thread does one thing after the other."""
    begun: list[int] = []
    crew = Crew[None](1, name="test")
    wait([crew.do(lambda number=number: begun.append(number)) for number in range(50)])
    assert begun == list(range(50))


def test_as_many_work_at_a_time_as_were_asked_for() -> None:
    """Three meet at a barrier that lets no fewer pass, and a fourth is not there."""
    together = Barrier(3, timeout=10)
    crew = Crew[str](3, name="test")

    def work() -> str:
        together.wait()
        return current_thread().name

    names = {future.result(timeout=10) for future in [crew.do(work) for _ in range(9)]}
    assert names <= {"keyless-test-1", "keyless-test-2", "keyless-test-3"}


def test_an_error_is_the_result() -> None:
    """It is raised where the result is asked for, and the thread goes on."""
    crew = Crew[int](1, name="test")

    def fail() -> int:
        raise InputError("no such thing")

    failed, done = crew.do(fail), crew.do(lambda: 5)
    with pytest.raises(InputError, match="no such thing"):
        failed.result(timeout=10)
    assert done.result(timeout=10) == 5


def test_what_was_not_begun_is_never_begun() -> None:
    """Whoever is dismissed finishes what is in hand, and nothing else."""
    begun, finish = Event(), Event()
    crew = Crew[bool](1, name="test")

    def work() -> bool:
        begun.set()
        return finish.wait(timeout=10)

    in_hand, waiting = crew.do(work), crew.do(lambda: True)
    assert begun.wait(timeout=10)
    crew.dismiss()
    finish.set()
    assert in_hand.result(timeout=10)
    with pytest.raises(CancelledError):
        waiting.result(timeout=10)


def test_a_crew_can_be_dismissed_twice() -> None:
    """Whoever ends a batch need not know whether it has ended."""
    crew = Crew[bool](2, name="test")
    assert crew.do(lambda: True).result(timeout=10)
    crew.dismiss()
    crew.dismiss()


def test_work_that_was_cancelled_is_passed_over() -> None:
    """A future can be cancelled by whoever holds it."""
    finish = Event()
    crew = Crew[bool](1, name="test")
    crew.do(lambda: finish.wait(timeout=10))
    unwanted, wanted = crew.do(lambda: False), crew.do(lambda: True)
    assert unwanted.cancel()
    finish.set()
    assert wanted.result(timeout=10)


def test_the_interpreter_does_not_wait_for_work_in_hand() -> None:
    """Whoever ends the program while a server is silent is not kept waiting by it."""
    script = (
        "import time; from threading import Event; from keyless.session.crew import Crew;"
        "begun = Event(); Crew(1, name='test').do(lambda: (begun.set(), time.sleep(60)));"
        "begun.wait(10)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)

# SPDX-License-Identifier: Apache-2.0
"""Faults of the services, as whoever asks meets them: in this process, and over a socket."""

import gzip
import io
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from keyless.errors import InputError, ServiceError
from keyless.protocol.signing_keys import SigningKey
from keyless.sandbox import Sandbox
from keyless.sandbox.carriage import carried
from keyless.sandbox.connection import _gzipped_zeros
from keyless.sandbox.faults import (
    Dribble,
    Fault,
    Huge,
    HugeCompressed,
    Redirect,
    Refuse,
    Slow,
    Status,
    TimeOut,
    Truncate,
    WrongType,
)
from keyless.sandbox.lies import ANOTHER_TIMESTAMP
from keyless.sandbox.served import Served
from keyless.services.http import PassingError, Request, Response, requests_transport
from keyless.services.http.patience import Patience
from tests.sandbox.asking import P256, post, signed_artifact

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
ONCE = Patience(attempts=1)


@pytest.fixture
def sandbox() -> Sandbox:
    """A sandbox at noon."""
    return Sandbox(NOON)


def query(url: str, *, seconds: float = 20.0, largest: int = 1 << 20) -> Request:
    """Ask for the checkpoint of a log of version 2."""
    path = f"{url}/api/v2/checkpoint"
    return Request(method="GET", url=path, seconds=seconds, largest=largest)


def asked(sandbox: Sandbox, fault: Fault, *, times: int | None = None) -> Response:
    """Ask in this process, while *fault* is in force."""
    with sandbox.inject("rekor_v2", fault, times=times):
        return sandbox.transport(query(sandbox.core.urls.log_v2))


FAILURES: dict[str, tuple[Fault, str]] = {
    "refused": (Refuse(), "cannot be reached"),
    "no answer": (TimeOut(), "takes longer than 20 seconds to answer"),
    "too slow": (Slow(seconds=21), "takes longer than 20 seconds to answer"),
    "too slow a body": (Dribble(seconds=21), "takes longer than 20 seconds to answer"),
    "broken off": (Truncate(), "breaks off its answer"),
}
TOO_LARGE: dict[str, Fault] = {
    "huge": Huge(size=(1 << 20) + 1),
    "huge, compressed": HugeCompressed(size=(1 << 20) + 1),
}


@pytest.mark.parametrize(("fault", "words"), FAILURES.values(), ids=FAILURES.keys())
def test_a_failing_connection_is_tried_again(sandbox: Sandbox, fault: Fault, words: str) -> None:
    """As the real transport does; if it goes on failing, it says how."""
    assert asked(sandbox, fault, times=1).status == 200
    with pytest.raises(PassingError, match=words):
        asked(sandbox, fault)


@pytest.mark.parametrize("fault", TOO_LARGE.values(), ids=TOO_LARGE.keys())
def test_an_answer_too_large_is_not_taken(sandbox: Sandbox, fault: Fault) -> None:
    """Nor asked for again."""
    with pytest.raises(ServiceError, match="more than the 1048576 bytes allowed") as failure:
        asked(sandbox, fault)
    assert not isinstance(failure.value, PassingError)


def test_an_answer_that_is_large_and_no_larger_than_allowed_is_taken(sandbox: Sandbox) -> None:
    """Somebody has to read it."""
    assert len(asked(sandbox, Huge(size=1 << 20)).body) == 1 << 20


def test_waiting_takes_the_sandboxs_time(sandbox: Sandbox) -> None:
    """And nobody else's: certificates expire, tests do not take longer."""
    assert asked(sandbox, Slow(seconds=7)).status == 200
    assert sandbox.clock.now == NOON + timedelta(seconds=7)


def test_a_wait_that_was_asked_for_takes_the_sandboxs_time(sandbox: Sandbox) -> None:
    """A busy service is asked again when it said so."""
    busy = Status(code=429, headers=(("Retry-After", "30"),))
    assert asked(sandbox, busy, times=1).status == 200
    assert sandbox.clock.now >= NOON + timedelta(seconds=30)


def test_something_else_answers(sandbox: Sandbox) -> None:
    """A status, the page of a hotel's network, a place somewhere else."""
    refusal = asked(sandbox, Status(code=403, body=b"no", headers=(("X-Request-Id", "7"),)))
    page = asked(sandbox, WrongType())
    elsewhere = asked(sandbox, Redirect(to="https://mallory.test/"))
    assert (refusal.status, refusal.body, refusal.header("X-Request-Id")) == (403, b"no", "7")
    assert (page.status, page.header("Content-Type")) == (200, "text/html")
    assert (elsewhere.status, elsewhere.header("Location")) == (307, "https://mallory.test/")


@pytest.mark.parametrize(
    ("fault", "learned"),
    [
        (Refuse(), 0),
        (Status(code=503), 0),
        (WrongType(), 0),
        (TimeOut(), 1),
        (Truncate(), 1),
        (Slow(seconds=1000), 1),
    ],
    ids=repr,
)
def test_a_fault_comes_before_the_service_has_done_its_work_or_after(
    sandbox: Sandbox, fault: Fault, learned: int
) -> None:
    """What a log was sent is in it, whether its answer arrived or not."""
    key = SigningKey.generate(P256)
    proposal = signed_artifact(key, key.public).v1_body()
    request = post(sandbox.core.urls.log_v1, "api/v1/log/entries", proposal)
    with sandbox.inject("rekor_v1", fault, times=1), suppress(ServiceError):
        carried(request, sandbox.rekor_v1, fault, sandbox.clock)
    assert len(sandbox.core.log_v1.tree) == learned


def test_faults_come_one_after_the_other(sandbox: Sandbox) -> None:
    """In the order in which they were injected, each as often as was said."""
    sandbox.inject("rekor_v2", Status(code=401), times=2)
    sandbox.inject("rekor_v2", Status(code=402), times=1)
    request = query(sandbox.core.urls.log_v2)
    assert [sandbox.transport(request).status for _ in range(4)] == [401, 401, 402, 200]


def test_a_fault_can_wait(sandbox: Sandbox) -> None:
    """Until so many requests got through."""
    sandbox.inject("rekor_v2", Status(code=401), times=1, after=2)
    request = query(sandbox.core.urls.log_v2)
    assert [sandbox.transport(request).status for _ in range(4)] == [200, 200, 401, 200]


def test_faults_can_be_taken_back(sandbox: Sandbox) -> None:
    """One, or all of them; also one that is over."""
    request = query(sandbox.core.urls.log_v2)
    injection = sandbox.inject("rekor_v2", Status(code=401))
    sandbox.inject("rekor_v2", Status(code=402))
    injection.remove()
    injection.remove()
    assert sandbox.transport(request).status == 402
    sandbox.faults.clear()
    assert sandbox.transport(request).status == 200


def test_a_fault_is_of_one_service(sandbox: Sandbox) -> None:
    """The others go on as ever."""
    with sandbox.inject("fulcio", Refuse()):
        assert sandbox.transport(query(sandbox.core.urls.log_v2)).status == 200


def test_a_service_that_is_not_there_cannot_fail(sandbox: Sandbox) -> None:
    """The error says which there are."""
    with pytest.raises(InputError, match="no service rekor") as error:
        sandbox.inject("rekor", Refuse())
    assert error.value.hint is not None
    assert "rekor_v1" in error.value.hint


def test_a_service_tells_its_own_lies(sandbox: Sandbox) -> None:
    """A certificate authority has no timestamps."""
    with pytest.raises(InputError, match="a timestamp over something else is not what fulcio"):
        sandbox.inject("fulcio", ANOTHER_TIMESTAMP)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Sandbox, Served]]:
    """A sandbox that is served, for all."""
    sandbox = Sandbox()
    with sandbox.serve() as served:
        yield sandbox, served


def asked_over_a_socket(
    served: tuple[Sandbox, Served], fault: Fault, *, seconds: float = 20.0
) -> Response:
    """Ask once, over a socket, while *fault* is in force."""
    sandbox, wires = served
    with sandbox.inject("rekor_v2", fault):
        return requests_transport(ONCE)(query(wires.urls.log_v2, seconds=seconds))


SOCKET_FAILURES: dict[str, tuple[Fault, str]] = {
    "refused": (Refuse(), "cannot be reached|breaks off its answer"),
    "no answer": (TimeOut(), "takes longer than|does not answer"),
    "too slow": (Slow(seconds=5), "takes longer than|does not answer"),
    "too slow a body": (Dribble(seconds=5), "takes longer than|does not answer"),
    "broken off": (Truncate(), "breaks off its answer"),
}


@pytest.mark.parametrize(("fault", "words"), SOCKET_FAILURES.values(), ids=SOCKET_FAILURES.keys())
def test_a_connection_fails_for_real(
    served: tuple[Sandbox, Served], fault: Fault, words: str
) -> None:
    """And the real transport says the same of it."""
    with pytest.raises(PassingError, match=words):
        asked_over_a_socket(served, fault, seconds=0.2)


@pytest.mark.parametrize("fault", TOO_LARGE.values(), ids=TOO_LARGE.keys())
def test_an_answer_is_really_too_large(served: tuple[Sandbox, Served], fault: Fault) -> None:
    """The real transport stops reading it."""
    with pytest.raises(ServiceError, match="more than the 1048576 bytes allowed"):
        asked_over_a_socket(served, fault)


@pytest.mark.parametrize("fault", [Slow(seconds=0.05), Dribble(seconds=0.05)], ids=repr)
def test_a_slow_answer_arrives(served: tuple[Sandbox, Served], fault: Fault) -> None:
    """Whole, and late."""
    before = time.monotonic()
    assert asked_over_a_socket(served, fault).body.endswith(b"=\n")
    assert time.monotonic() - before >= 0.04


@pytest.mark.parametrize(
    ("fault", "status"), [(Status(code=418), 418), (WrongType(), 200), (Redirect(), 307)], ids=repr
)
def test_something_else_answers_over_a_socket(
    served: tuple[Sandbox, Served], fault: Fault, status: int
) -> None:
    """The same as in this process."""
    assert asked_over_a_socket(served, fault).status == status


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, (1 << 21) + 5])
def test_what_is_compressed_is_what_it_says(size: int) -> None:
    """Of any size, though only one block of it is ever compressed."""
    assert gzip.GzipFile(fileobj=io.BytesIO(b"".join(_gzipped_zeros(size)))).read() == bytes(size)

# SPDX-License-Identifier: Apache-2.0
"""Many files at a time: in order, in parallel, none lost, and never many under way."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from itertools import count, islice
from pathlib import Path
from threading import Barrier, Event, Lock, Timer
from typing import Any

import pytest

from keyless import files
from keyless.errors import BatchError, InputError, ServiceError
from keyless.protocol.digest import Digest
from keyless.session.each import AHEAD, HASHERS, in_order
from keyless.session.signed import Signed
from keyless.value import replace
from tests.forge import Forge

WORKERS = 4
MOST = WORKERS + AHEAD * HASHERS


@pytest.fixture(scope="module")
def sample() -> Signed:
    """Something signed."""
    forge = Forge()
    bundle = forge.bundle()
    return Signed(bundle=bundle, proof=forge.verify(bundle))


def hashed(path: files.Path) -> Digest:
    """Hash the name instead of a file."""
    return Digest.of(files.name_of(path).encode())


def each(
    paths: Iterable[files.Path],
    sign: Callable[[str, Digest], Signed],
    *,
    hash_file: Callable[[files.Path], Digest] = hashed,
) -> Iterator[Signed]:
    """Sign *paths* with a few workers."""
    return in_order(paths, hash_file=hash_file, sign=sign, workers=WORKERS)


def test_results_come_in_the_order_of_the_paths(sample: Signed) -> None:
    """Whichever is done first."""
    first_may_end = Event()

    def sign(path: str, digest: Digest) -> Signed:
        assert digest == hashed(path)
        if path == "3":
            first_may_end.set()
        if path == "0":
            assert first_may_end.wait(timeout=10)
        return replace(sample, path=path)

    names = [str(number) for number in range(40)]
    assert [signed.path for signed in each(names, sign)] == names


def test_as_many_upload_at_a_time_as_there_are_workers(sample: Signed) -> None:
    """Four meet at a barrier that lets no fewer pass."""
    together = Barrier(WORKERS, timeout=10)

    def sign(path: str, _: Digest) -> Signed:
        together.wait()
        return replace(sample, path=path)

    assert len(list(each(map(str, range(3 * WORKERS)), sign))) == 3 * WORKERS


def test_two_are_hashed_while_others_upload(sample: Signed) -> None:
    """Nobody who hashes waits for who uploads, nor the other way round."""
    both_hash, hashing_done = Barrier(HASHERS, timeout=10), Event()

    def hash_file(path: files.Path) -> Digest:
        if path != "0":
            both_hash.wait()
            hashing_done.set()
        return hashed(path)

    def sign(path: str, _: Digest) -> Signed:
        if path == "0":
            assert hashing_done.wait(timeout=10)
        return replace(sample, path=path)

    assert len(list(each(["0", "1", "2"], sign, hash_file=hash_file))) == 3


def test_paths_without_end_are_read_as_they_are_needed(sample: Signed) -> None:
    """Never many more than there are workers."""
    taken = count()
    last = 0

    def paths() -> Iterator[str]:
        nonlocal last
        for last in taken:
            yield str(last)

    signed = each(paths(), lambda path, _: replace(sample, path=path))
    assert [one.path for one in islice(signed, 10)] == [str(number) for number in range(10)]
    assert last < 10 + MOST
    signed.close()  # type: ignore[attr-defined]  # a generator


def test_one_that_fails_does_not_lose_the_rest(sample: Signed) -> None:
    """All others come, in order; then the error says which failed, and why."""

    def sign(path: str, _: Digest) -> Signed:
        if path in {"3", "5"}:
            raise ServiceError(f"no answer for {path}", service="log", hint="try again")
        return replace(sample, path=path)

    came = []
    with pytest.raises(
        BatchError, match="2 of 9 were not signed: 3: no answer for 3, and 1 more"
    ) as failed:
        came.extend(signed.path for signed in each(map(str, range(9)), sign))
    assert came == ["0", "1", "2", "4", "6", "7", "8"]
    assert [(path, error.message) for path, error in failed.value.failures] == [
        ("3", "no answer for 3"),
        ("5", "no answer for 5"),
    ]
    assert failed.value.hint == "try again"


def test_an_error_keeps_nothing_of_its_way(sample: Signed) -> None:
    """Its traceback would hold every variable of every call."""

    def sign(path: str, _: Digest) -> Signed:
        raise InputError(path) from None

    with pytest.raises(BatchError, match=r"1 of 1 were not signed: a: a\Z") as failed:
        list(each(["a"], sign))
    ((_, error),) = failed.value.failures
    assert (error.__traceback__, error.__context__) == (None, None)
    assert sample.path is None


def test_a_file_that_cannot_be_hashed_is_a_failure_like_any(sample: Signed) -> None:
    """It is never signed."""
    came = []
    with pytest.raises(BatchError, match="there is no file nowhere"):
        came.extend(
            each(
                ["nowhere", "also nowhere"],
                lambda path, _: replace(sample, path=path),
                hash_file=files.digest,
            )
        )
    assert came == []


def test_what_is_no_path_is_a_failure_like_any(sample: Signed) -> None:
    """As where a file is named alone."""
    paths: list[files.Path] = ["a", 5]  # type: ignore[list-item]  # that is the point
    with pytest.raises(BatchError, match="1 of 2 were not signed: 5: not a path"):
        list(
            each(paths, lambda path, _: replace(sample, path=path), hash_file=lambda _: hashed(""))
        )


def test_a_defect_is_no_failure_of_a_file(sample: Signed) -> None:
    """What nobody expected is raised as it is, where it would have come."""

    def sign(path: str, _: Digest) -> Signed:
        if path == "2":
            raise ZeroDivisionError
        return replace(sample, path=path)

    signed = each(map(str, range(9)), sign)
    assert [next(signed).path, next(signed).path] == ["0", "1"]
    with pytest.raises(ZeroDivisionError):
        next(signed)


def test_whoever_stops_listening_stops_the_work(sample: Signed) -> None:
    """What is under way ends; what has not begun never does."""
    begun: list[str] = []
    counting, go_on = Lock(), Event()

    def sign(path: str, _: Digest) -> Signed:
        with counting:
            begun.append(path)
        if path != "0":
            assert go_on.wait(timeout=10)
        return replace(sample, path=path)

    signed = each(map(str, count()), sign)
    assert next(signed).path == "0"
    signed.close()  # type: ignore[attr-defined]  # a generator
    go_on.set()
    rest = Future[None]()
    Timer(0.1, rest.set_result, [None]).start()
    rest.result()
    assert len(begun) <= 1 + WORKERS


@pytest.mark.parametrize("one", ["dist", b"dist", Path("dist")], ids=repr)
def test_one_path_is_not_taken_for_many(one: Any) -> None:
    """Its characters would be; the call itself says so."""
    with pytest.raises(InputError, match="one path where several are wanted: dist"):
        each(one, lambda path, _: pytest.fail(path))


def test_nothing_is_signed_of_nothing() -> None:
    """An empty folder is no error."""
    assert list(each([], lambda path, _: pytest.fail(path))) == []

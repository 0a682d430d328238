# SPDX-License-Identifier: Apache-2.0
"""One outcome for each pair, in order: here, on threads, on processes and on a Dask cluster."""

import multiprocessing
import os
import pickle
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from itertools import islice, repeat
from pathlib import Path

import pytest

from keyless.batch import (
    HEAVIEST_WAITING,
    LARGEST_CHUNK,
    MOST_JUDGES,
    MOST_REMEMBERED,
    MOST_WAITING,
    Outcome,
    Pair,
    verify_many,
)
from keyless.errors import Check, ParseError, PolicyError, ServiceError, VerificationError
from keyless.evidence import VerifiedSigner
from keyless.policy import AnyOf, Policy, SignedBy
from keyless.protocol.bundle import Bundle
from keyless.protocol.digest import Digest
from keyless.protocol.trusted_root import TrustedRoot
from tests.cases import corpus, public_root
from tests.shared_data import shared

SOMETHING = Digest.of(b"something else")
NO_BUNDLE = (b"{", SOMETHING)


@pytest.fixture(name="pairs", scope="module")
def _pairs() -> list[Pair]:
    """Real releases, and between them one of each kind that must be refused."""
    shared("corpus/cpython-sample.jsonl")
    releases: list[Pair] = [(case.bundle, case.artifact) for case in corpus()]
    bundle, artifact = releases[0]
    return [*releases[:3], (b"{", artifact), (bundle, SOMETHING), *releases[3:]]


@pytest.fixture(name="policy", scope="module")
def _policy() -> Policy:
    """Whoever releases CPython, but for one of them."""
    shared("corpus/cpython-sample.jsonl")
    signers = {case.policy for case in corpus() if isinstance(case.policy, SignedBy)}
    return AnyOf(*sorted(signers, key=repr)[1:])


@pytest.fixture(name="root", scope="module")
def _root() -> TrustedRoot:
    return public_root()


@contextmanager
def _cluster() -> Iterator[Executor]:
    """A Dask cluster of two worker processes, and the executor that its client gives."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, processes=True, dashboard_address="127.0.0.1:0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client.get_executor()


PROCESSES = {
    f"{method}ed processes": partial(ProcessPoolExecutor, 2, multiprocessing.get_context(method))
    for method in ("fork", "spawn")
    if method in multiprocessing.get_all_start_methods()  # Windows has no fork
}
EXECUTORS = {"threads": partial(ThreadPoolExecutor, 2), **PROCESSES, "a Dask cluster": _cluster}

# Of what is forked here only the workers' own code runs, which takes no lock a thread could hold.
pytestmark = pytest.mark.filterwarnings("ignore:.* is multi-threaded:DeprecationWarning")


@pytest.mark.parametrize("executor", EXECUTORS.values(), ids=EXECUTORS.keys())
def test_an_executor_changes_no_outcome(
    executor: partial[AbstractContextManager[Executor]],
    pairs: list[Pair],
    policy: Policy,
    root: TrustedRoot,
) -> None:
    """Elsewhere every pair has the outcome it has here, in the same place."""
    here = list(verify_many(pairs, trusted_root=root, policy=policy))
    with executor() as pool:
        elsewhere = list(verify_many(pairs, trusted_root=root, policy=policy, executor=pool))
    assert [_told(outcome) for outcome in elsewhere] == [_told(outcome) for outcome in here]


def test_each_pair_has_its_outcome(pairs: list[Pair], policy: Policy, root: TrustedRoot) -> None:
    """Good ones are proven, bad ones refused each for its own reason, and none stops the rest."""
    outcomes = list(verify_many(pairs, trusted_root=root, policy=policy))
    assert len(outcomes) == len(pairs)
    assert isinstance(outcomes[3].error, ParseError)
    assert isinstance(outcomes[4].error, VerificationError)
    assert outcomes[4].error.check is Check.ARTIFACT
    others = outcomes[:3] + outcomes[5:]
    refused = [outcome for outcome in others if outcome.error]
    assert 0 < len(refused) < len(others)
    assert all(isinstance(outcome.error, PolicyError) for outcome in refused)
    for (_, artifact), outcome in zip(pairs, outcomes, strict=True):
        assert outcome.verified is None or outcome.verified.content.digest == artifact
        assert (outcome.verified is None) is (outcome.error is not None)


def test_a_bundle_that_is_parsed_already_is_judged_the_same(
    pairs: list[Pair], policy: Policy, root: TrustedRoot
) -> None:
    """A `Bundle` may stand in place of its bytes, here and elsewhere."""
    given = pairs[0][0]
    assert isinstance(given, bytes)
    pair = (Bundle.parse(given), pairs[0][1])
    with ProcessPoolExecutor(1) as pool:
        outcomes = [
            *verify_many([pairs[0], pair], trusted_root=root, policy=policy),
            *verify_many([pair], trusted_root=root, policy=policy, executor=pool),
        ]
    assert outcomes[0] == outcomes[1] == outcomes[2]


def test_no_pairs_have_no_outcomes(root: TrustedRoot, policy: Policy) -> None:
    """Nothing in, nothing out."""
    with ThreadPoolExecutor(1) as pool:
        assert list(verify_many([], trusted_root=root, policy=policy, executor=pool)) == []


# ─ What each worker is told once ─


class Counted(Policy):
    """Accepts anybody; writes into *diary* each process that unpickles it, each time."""

    def __init__(self, diary: Path) -> None:
        self.diary = diary

    def check(self, _: VerifiedSigner) -> None:
        """Accept."""

    @property
    def description(self) -> str:
        """Say it."""
        return "anybody"

    def __setstate__(self, state: dict[str, Path]) -> None:
        self.__dict__.update(state)
        with self.diary.open("a") as diary:
            diary.write(f"{os.getpid()}\n")


@pytest.mark.parametrize("processes", PROCESSES.values(), ids=PROCESSES.keys())
def test_a_worker_unpacks_trust_and_policy_once(
    processes: partial[ProcessPoolExecutor], pairs: list[Pair], root: TrustedRoot, tmp_path: Path
) -> None:
    """However many chunks a worker judges, and over several batches, it parses its trust once."""
    policy = Counted(tmp_path / "diary")
    with processes() as pool:
        for _ in range(2):
            outcomes = list(verify_many(pairs, trusted_root=root, policy=policy, executor=pool))
            assert sum(outcome.verified is not None for outcome in outcomes) == len(pairs) - 2
    workers = policy.diary.read_text().split()
    assert 0 < len(workers) <= 2
    assert len(set(workers)) == len(workers)


class Posted(Executor):
    """Runs each call at once, here, and yet as if it had come from elsewhere."""

    def submit(self, *call: object) -> Future[object]:
        """Pickle the call, unpickle it, and make it."""
        fn, *args = pickle.loads(pickle.dumps(call))
        future: Future[object] = Future()
        future.set_result(fn(*args))
        return future


def test_a_worker_does_not_mistake_one_batch_for_another(
    pairs: list[Pair], root: TrustedRoot
) -> None:
    """Batches that differ in their policy are each judged by their own, after however many."""
    for number in range(MOST_JUDGES + 2):
        policy = SignedBy(f"{number}@example.com", issuer="google")
        (outcome,) = verify_many(pairs[:1], trusted_root=root, policy=policy, executor=Posted())
        assert isinstance(outcome.error, PolicyError)
        assert f"{number}@example.com" in str(outcome.error.wanted)


def test_forgetting_what_was_learned_of_certificates_changes_no_outcome(
    pairs: list[Pair], policy: Policy, root: TrustedRoot
) -> None:
    """A batch without end does not remember every certificate; it verifies some of them anew."""
    alike = [pairs[0], *repeat(NO_BUNDLE, MOST_REMEMBERED), pairs[0]]
    outcomes = list(verify_many(alike, trusted_root=root, policy=policy))
    assert outcomes[0] == outcomes[-1]


# ─ What is read ahead, and what is left ─


def test_here_nothing_is_read_ahead(root: TrustedRoot, policy: Policy) -> None:
    """Without an executor a pair is read when its outcome is wanted."""
    read = _Counter()
    outcomes = verify_many(read.endless(NO_BUNDLE), trusted_root=root, policy=policy)
    assert len(list(islice(outcomes, 5))) == 5
    assert read.count == 5


def test_little_is_read_ahead_of_endless_pairs(root: TrustedRoot, policy: Policy) -> None:
    """On an executor, no more pairs are waiting than it takes to keep its workers busy."""
    read = _Counter()
    with ThreadPoolExecutor(2) as pool:
        outcomes = verify_many(
            read.endless(NO_BUNDLE), trusted_root=root, policy=policy, executor=pool
        )
        assert len(list(islice(outcomes, 5000))) == 5000
        outcomes.close()  # type: ignore[attr-defined]  # a generator, which the type does not tell
    assert read.count <= 5000 + MOST_WAITING * LARGEST_CHUNK


def test_few_heavy_pairs_are_read_ahead(root: TrustedRoot, policy: Policy) -> None:
    """Large artifacts given as bytes do not fill the memory while they wait."""
    read = _Counter()
    megabytes = 16
    heavy = (b"{", bytes(megabytes << 20))
    with ThreadPoolExecutor(1) as pool:
        outcomes = verify_many(read.endless(heavy), trusted_root=root, policy=policy, executor=pool)
        next(outcomes)
        assert read.count <= (HEAVIEST_WAITING >> 20) // megabytes
        outcomes.close()  # type: ignore[attr-defined]  # as above


class Patient(Executor):
    """Runs nothing until asked for a result, and keeps count of what was called off."""

    def __init__(self) -> None:
        self.futures: list[Future[object]] = []

    def submit(self, *_: object) -> Future[object]:
        """Take the call down."""
        self.futures.append(Future())
        return self.futures[-1]


def test_what_nobody_waits_for_is_called_off(
    pairs: list[Pair], root: TrustedRoot, policy: Policy
) -> None:
    """When the pairs end in an error, no chunk that has not begun is judged for nobody."""
    executor = Patient()
    outcomes = verify_many(_failing(pairs[:5]), trusted_root=root, policy=policy, executor=executor)
    with pytest.raises(ZeroDivisionError):
        next(outcomes)
    assert [future.cancelled() for future in executor.futures] == [True] * 4


# ─ What executors and policies do wrong ─


class Deadly(Policy):
    """Ends the worker that asks it."""

    def check(self, _: VerifiedSigner) -> None:
        """End the process."""
        os._exit(1)

    @property
    def description(self) -> str:
        """Say it."""
        return "nobody"


@pytest.mark.parametrize("processes", PROCESSES.values(), ids=PROCESSES.keys())
def test_a_worker_that_dies_costs_a_verdict_and_no_patience(
    processes: partial[ProcessPoolExecutor], pairs: list[Pair], root: TrustedRoot
) -> None:
    """Every pair that was lost with the pool has an error that says so, and does not accuse it."""
    with processes() as pool:
        outcomes = list(verify_many(pairs, trusted_root=root, policy=Deadly(), executor=pool))
    assert len(outcomes) == len(pairs)
    for outcome in outcomes:
        assert isinstance(outcome.error, ServiceError)
        assert outcome.error.service == "executor"
        assert "BrokenProcessPool" in outcome.error.message
        assert "says nothing about the bundle" in str(outcome.error.hint)


def test_an_executor_that_was_shut_down_is_told_of_each_pair(
    pairs: list[Pair], root: TrustedRoot, policy: Policy
) -> None:
    """A pool that takes no calls gives each pair an error, not the caller an exception."""
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    outcomes = list(verify_many(pairs, trusted_root=root, policy=policy, executor=pool))
    assert len(outcomes) == len(pairs)
    assert {type(outcome.error) for outcome in outcomes} == {ServiceError}


def test_chunks_that_never_left_need_no_calling_off(
    pairs: list[Pair], root: TrustedRoot, policy: Policy
) -> None:
    """Pairs that end in an error raise just that, whatever else is wrong."""
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    outcomes = verify_many(_failing(pairs), trusted_root=root, policy=policy, executor=pool)
    with pytest.raises(ZeroDivisionError):
        next(outcomes)


class Unportable(Counted):
    """Cannot be sent anywhere."""

    def __init__(self) -> None:
        self.lock = threading.Lock()


def test_a_policy_that_does_not_pickle_is_an_error_that_says_so(
    pairs: list[Pair], root: TrustedRoot
) -> None:
    """Threads take it, processes cannot: each pair's error names what could not be sent."""
    with ThreadPoolExecutor(1) as threads, ProcessPoolExecutor(1) as processes:
        here, there = (
            list(verify_many(pairs[:2], trusted_root=root, policy=Unportable(), executor=pool))
            for pool in (threads, processes)
        )
    assert all(outcome.verified for outcome in here)
    assert ["pickle" in str(outcome.error) for outcome in there] == [True, True]


class Broken(Counted):
    """Fails instead of judging."""

    def __init__(self) -> None:
        pass

    def check(self, _: VerifiedSigner) -> None:
        """Fail."""
        raise ZeroDivisionError("one too few")


def test_a_policy_that_fails_costs_no_other_pair_its_outcome(
    pairs: list[Pair], root: TrustedRoot
) -> None:
    """What a policy of the caller's own raises is that pair's outcome, and proves nothing."""
    outcomes = list(verify_many(pairs[:2], trusted_root=root, policy=Broken()))
    assert [outcome.verified for outcome in outcomes] == [None, None]
    assert all("ZeroDivisionError: one too few" in str(outcome.error) for outcome in outcomes)


def test_an_outcome_keeps_no_frame_alive(root: TrustedRoot, policy: Policy) -> None:
    """A million refusals may be kept: none holds the bundle, or anything else, that led to it."""
    (outcome,) = verify_many([NO_BUNDLE], trusted_root=root, policy=policy)
    assert outcome.error is not None
    assert outcome.error.__traceback__ is None
    assert outcome.error.__context__ is None


class _Counter:
    """Counts how many pairs were taken."""

    def __init__(self) -> None:
        self.count = 0

    def endless(self, pair: Pair) -> Iterator[Pair]:
        """Yield *pair* for ever."""
        while True:
            self.count += 1
            yield pair


def _failing(pairs: list[Pair]) -> Iterator[Pair]:
    yield from pairs
    raise ZeroDivisionError


def _told(outcome: Outcome) -> object:
    """Return all that *outcome* says; errors have no equality of their own."""
    error = outcome.error
    return outcome.verified, type(error), error and (error.args, error.__dict__)

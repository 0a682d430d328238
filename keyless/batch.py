# SPDX-License-Identifier: Apache-2.0
"""Many verdicts: pairs in, one outcome each, in order, here or on any executor.

    pairs ──► chunks ──► executor ──► outcomes, in the order of the pairs
              small at first, so that every worker soon has one; never many waiting

Bundles share what is slow to prepare. The trusted root and the policy are made ready once in each
worker process, however many chunks it judges, and what was found true of a certificate is not
verified again for the next bundle under it: a release of a hundred files has one.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import repeat
from typing import ParamSpec, Protocol, TypeVar

from keyless.errors import KeylessError, ServiceError
from keyless.evidence import Verified
from keyless.policy import Policy, Requirements
from keyless.protocol.bundle import Bundle
from keyless.protocol.digest import Digest
from keyless.protocol.trusted_root import TrustedRoot
from keyless.safe_text import shown
from keyless.value import value
from keyless.verification import CertificateMemory, verify_remembering

Pair = tuple[Bundle | bytes, Digest | bytes]
P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

# A chunk is handed over in a fraction of the time that judging it takes, and judged in a fraction
# of a second: the last ones to finish keep nobody waiting for long.
LARGEST_CHUNK = 32
HEAVIEST_CHUNK = 1 << 20
CHUNKS_OF_A_SIZE = 4
# Enough to keep a cluster busy, little enough to hold in memory.
MOST_WAITING = 128
HEAVIEST_WAITING = 64 << 20
BUNDLE_WEIGHT = 8 << 10  # of one that is parsed already: they differ little
# A batch may have no end, and a worker may outlive many batches.
MOST_REMEMBERED = 2000
MOST_JUDGES = 8


class Promised(Protocol[T_co]):
    """What an executor gives for a call: a `concurrent.futures.Future`, as far as it matters."""

    def result(self) -> T_co:
        """Wait for the call, and return what it returned or raise what it raised."""

    def cancel(self) -> bool:
        """Have the call not made, if it is not too late."""


class Executor(Protocol):
    """Whatever runs calls elsewhere: a `concurrent.futures.Executor`, as far as it matters.

    That module is not imported for its name: it brings threads and logging with it.
    """

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Promised[T]:
        """Have *fn* called with the arguments."""


@value
class Outcome:
    """What became of one pair: the proof, or the error that says why there is none."""

    verified: Verified | None
    error: KeylessError | None


def verify_many(
    pairs: Iterable[Pair],
    *,
    trusted_root: TrustedRoot,
    policy: Policy,
    requirements: Requirements = Requirements.PUBLIC,
    executor: Executor | None = None,
) -> Iterator[Outcome]:
    """Verify each of *pairs*, a bundle or its bytes and an artifact, and yield its outcome.

    There is one outcome for each pair, in their order, whatever the pairs hold: an error is an
    outcome like any other. *pairs* may be endless: not many more are read than were judged. On an
    *executor* of processes or machines, a policy of your own must pickle.
    """
    judge = _Judge(trusted_root, policy, requirements)
    if executor is None:
        return map(judge.outcome, pairs)
    return _elsewhere(pairs, judge, executor)


def _elsewhere(pairs: Iterable[Pair], judge: "_Judge", executor: Executor) -> Iterator[Outcome]:
    waiting: deque[_Task] = deque()
    weight = 0
    try:
        for chunk in _chunks(pairs):
            waiting.append(_Task(chunk, judge, executor))
            weight += waiting[-1].weight
            while len(waiting) >= MOST_WAITING or weight >= HEAVIEST_WAITING:
                weight -= waiting[0].weight
                yield from waiting.popleft().outcomes()
        while waiting:
            yield from waiting.popleft().outcomes()
    finally:  # whoever stops listening, or whose pairs fail, wants no more judged
        for task in waiting:
            task.cancel()


def _chunks(pairs: Iterable[Pair]) -> Iterator[list[Pair]]:
    """Cut *pairs* into chunks, the first of one pair, later ones larger, none of them heavy."""
    chunk: list[Pair] = []
    weight = 0
    sizes = _sizes()
    size = next(sizes)
    for pair in pairs:
        chunk.append(pair)
        weight += _weight(pair)
        if len(chunk) == size or weight >= HEAVIEST_CHUNK:
            yield chunk
            chunk, weight, size = [], 0, next(sizes)
    if chunk:
        yield chunk


def _sizes() -> Iterator[int]:
    size = 1
    while True:
        yield from repeat(size, CHUNKS_OF_A_SIZE)
        size = min(2 * size, LARGEST_CHUNK)


def _weight(pair: Pair) -> int:
    return sum(len(part) if isinstance(part, bytes) else BUNDLE_WEIGHT for part in pair)


class _Task:
    """A chunk on its way: it may fail to leave, and it may fail to come back."""

    def __init__(self, chunk: Sequence[Pair], judge: "_Judge", executor: Executor) -> None:
        self.weight = sum(map(_weight, chunk))
        self._count = len(chunk)
        self._promised: Promised[list[Outcome]] | Exception
        try:
            self._promised = executor.submit(_judge_all, judge, chunk)
        except Exception as error:  # noqa: BLE001 - executors are of many makes
            self._promised = error

    def outcomes(self) -> list[Outcome]:
        """Wait for the chunk's outcomes; when the executor fails, each of them says so."""
        if isinstance(self._promised, Exception):
            return self._lost(self._promised)
        try:
            return self._promised.result()
        except Exception as error:  # noqa: BLE001 - as above: a dead worker, a lost connection, …
            return self._lost(error)

    def cancel(self) -> None:
        """Have the chunk not judged."""
        if not isinstance(self._promised, Exception):
            self._promised.cancel()

    def _lost(self, error: Exception) -> list[Outcome]:
        return [_failed(_not_judged(error)) for _ in range(self._count)]


def _not_judged(error: Exception) -> KeylessError:
    return ServiceError(
        f"no verdict: the executor failed: {type(error).__name__}: {shown(error)}",
        service="executor",
        hint="this says nothing about the bundle; verify it again on an executor that works",
    )


def _judge_all(judge: "_Judge", chunk: Sequence[Pair]) -> list[Outcome]:
    """Judge *chunk* in a worker."""
    return [judge.outcome(pair) for pair in chunk]


class _Judge:
    """All that pairs are judged by, and what was learned of certificates on the way.

    Pickled, it is one sealed text; a process opens each text once and keeps the judge, so that a
    trusted root is parsed, and its chains verified, once in each worker.
    """

    def __init__(
        self, trusted_root: TrustedRoot, policy: Policy, requirements: Requirements
    ) -> None:
        self._trusted_root = trusted_root
        self._policy = policy
        self._requirements = requirements
        self._sealed: bytes | None = None
        self._memory = CertificateMemory()
        self._judged = 0

    def outcome(self, pair: Pair) -> Outcome:
        """Return what becomes of *pair*."""
        try:
            return Outcome(verified=self._verified(*pair), error=None)
        except KeylessError as error:
            return _failed(error)
        except Exception as error:  # noqa: BLE001 - one pair must not cost the others their outcome
            return _failed(_defect(error))

    def _verified(self, bundle: Bundle | bytes, artifact: Digest | bytes) -> Verified:
        self._judged += 1
        if self._judged % MOST_REMEMBERED == 0:
            self._memory = CertificateMemory()
        return verify_remembering(
            self._parsed(bundle) if isinstance(bundle, bytes) else bundle,
            artifact,
            trusted_root=self._trusted_root,
            policy=self._policy,
            requirements=self._requirements,
            memory=self._memory,
        )

    def _parsed(self, bundle: bytes) -> Bundle:
        return Bundle.parse(bundle, parse_certificate=self._memory.parse)

    def __reduce__(self) -> tuple[object, ...]:
        if self._sealed is None:
            import pickle  # noqa: PLC0415 - only executors need it, and one file starts sooner

            self._sealed = pickle.dumps((self._trusted_root, self._policy, self._requirements))
        return _opened, (self._sealed,)


# The one thing a process keeps between batches: a chunk must find the judge that an earlier one
# brought, and an executor offers no other place. It decides nothing: an entry is what its key says.
_JUDGES: dict[bytes, _Judge] = {}


def _opened(sealed: bytes) -> _Judge:
    judge = _JUDGES.get(sealed)
    if judge is None:
        import pickle  # noqa: PLC0415 - as above

        judge = _Judge(*pickle.loads(sealed))  # noqa: S301 - it came inside a pickle
        if len(_JUDGES) >= MOST_JUDGES:
            _JUDGES.clear()
        _JUDGES[sealed] = judge
    return judge


def _failed(error: KeylessError) -> Outcome:
    # Tracebacks would keep every local variable on the way alive, the whole bundle among them.
    error.__context__ = None
    return Outcome(verified=None, error=error.with_traceback(None))


def _defect(error: Exception) -> KeylessError:
    return KeylessError(
        f"no verdict: {type(error).__name__}: {shown(error)}",
        hint="a defect in a policy of your own, or in keyless: please report it",
    )

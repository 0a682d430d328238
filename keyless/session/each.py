# SPDX-License-Identifier: Apache-2.0
"""Many files: hashed on some threads while others upload, and returned in the order given.

    paths ──► hashed by two ──► signed by many ──► results, in the order of the paths
              (processors)      (they wait for servers)

Never many are under way, so that neither a release of a thousand files nor one without end is held
in memory; and of a file only the digest is.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from functools import partial

from keyless import files
from keyless.errors import BatchError, InputError, KeylessError
from keyless.protocol.digest import Digest
from keyless.safe_text import shown
from keyless.session.crew import Crew
from keyless.session.signed import Signed

Path = files.Path
Hash = Callable[[Path], Digest]
Sign = Callable[[str, Digest], Signed]

# Hashing lets go of the interpreter's lock: as many as there are processors, where there are two.
HASHERS = 2
# How many more than the workers are hashed ahead of them.
AHEAD = 2


def in_order(
    paths: Iterable[Path], *, hash_file: Hash, sign: Sign, workers: int
) -> Iterator[Signed]:
    """Yield what *sign* makes of each of *paths* and its digest, on as many threads as *workers*.

    One that fails does not stop the rest: when all are done, BatchError says which did, and why.
    """
    if isinstance(paths, str | bytes | os.PathLike):
        raise InputError(  # otherwise its characters would be taken for paths
            f"one path where several are wanted: {shown(files.name_of(paths))}",
            hint='as in sign_each(Path("dist").glob("*.whl"))',
        )
    return _in_order(paths, hash_file=hash_file, sign=sign, workers=workers)


def _in_order(
    paths: Iterable[Path], *, hash_file: Hash, sign: Sign, workers: int
) -> Iterator[Signed]:
    hashers, signers = Crew[Digest](HASHERS, name="hash"), Crew[Signed](workers, name="sign")
    under_way: deque[_Item] = deque()
    failures: list[tuple[str, KeylessError]] = []
    count = 0
    try:
        for path in paths:
            count += 1
            digest = hashers.do(partial(hash_file, path))
            signed = signers.do(partial(_sign, sign, path, digest))
            under_way.append(_Item(path, signed))
            if len(under_way) >= workers + AHEAD * HASHERS:
                yield from under_way.popleft().results(failures)
        while under_way:
            yield from under_way.popleft().results(failures)
    finally:  # whoever stops listening, by Ctrl-C or by a break, wants no more signed
        hashers.dismiss()
        signers.dismiss()
    if failures:
        raise _failed(failures, count)


class _Item:
    """A file on its way."""

    def __init__(self, path: Path, signed: "Future[Signed]") -> None:
        self._path = path
        self._signed = signed

    def results(self, failures: list[tuple[str, KeylessError]]) -> Iterator[Signed]:
        """Wait for the file, and yield what came of it; add to *failures* if nothing did."""
        try:
            signed = self._signed.result()
        except KeylessError as error:
            # Its traceback would keep every local variable on the way alive.
            error.__context__ = None
            failures.append((shown(self._path), error.with_traceback(None)))
        else:
            yield signed


def _sign(sign: Sign, path: Path, digest: "Future[Digest]") -> Signed:
    return sign(files.name_of(path), digest.result())


def _failed(failures: list[tuple[str, KeylessError]], count: int) -> BatchError:
    path, error = failures[0]
    others = f", and {len(failures) - 1} more" if len(failures) > 1 else ""
    return BatchError(
        f"{len(failures)} of {count} were not signed: {path}: {error.message}{others}",
        failures=tuple(failures),
        hint=error.hint,
    )

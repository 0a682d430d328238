# SPDX-License-Identifier: Apache-2.0
"""Rows on a large artifact: how fast it is hashed, and in how much memory."""

import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.idleness import Patience
from benchmarks.row import Row, at_least, at_most
from benchmarks.stopwatch import process, warm
from keyless.files import digest

HASHING_GOALS = {"hashing/file_digest": at_least(1), "hashing/memory": at_most(1.1)}

MIB = 1 << 20
LARGE, SMALL = 1024, 80  # MiB; from 64 MiB on, a second thread may read ahead


def hashing_rows() -> list[Row]:
    with _file(LARGE) as large, _file(SMALL) as small:
        patience = Patience()
        assert digest(large).value == _bare(large)
        calls = (lambda: digest(large), lambda: _bare(large))
        ours, peer = warm(calls, rounds=7, before_each=patience.wait)
        peaks, small_peaks = (tuple(_peak(path) for _ in range(3)) for path in (large, small))
    speed, memory = HASHING_GOALS.items()
    return [
        Row(
            name=speed[0],
            goal=speed[1],
            unit="GiB/s",
            ours=_rates(ours),
            peer=_rates(peer),
            note=patience.note,
        ),
        Row(name=memory[0], goal=memory[1], unit="MiB at peak", ours=peaks, peer=small_peaks),
    ]


def _rates(seconds: Sequence[float]) -> tuple[float, ...]:
    return tuple(LARGE / 1024 / each for each in seconds)


def _bare(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _peak(path: Path) -> float:
    program = "import sys; from keyless.files import digest; digest(sys.argv[1])"
    return process((sys.executable, "-c", program, str(path)), {}).peak_mib


@contextmanager
def _file(mib: int) -> Iterator[Path]:
    """Write a file of so many MiB, which the system then has in its cache."""
    with TemporaryDirectory() as name:
        path = Path(name) / "artifact"
        block = os.urandom(MIB)
        with path.open("wb") as file:
            for _ in range(mib):
                file.write(block)
        yield path

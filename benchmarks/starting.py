# SPDX-License-Identifier: Apache-2.0
"""Rows on processes, from their start to their end: the command, the import, a file a process.

Budgets in milliseconds hold where bare Python starts in ten, so they are kept as multiples of that.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.forgery import forged_files
from benchmarks.material import ARTIFACT, BEACON, CONFORMANCE, GITHUB, present
from benchmarks.row import Row, at_least, at_most
from benchmarks.stopwatch import Run, process, taking_turns

START_GOALS = {
    "start/sigstore-python": at_most(0.25),
    "start/python": at_most(9.5),
    "start/memory": at_most(1),
}
IMPORT_GOALS = {"import": at_most(3)}
THOUSAND_GOALS = {"thousand": at_least(20)}

BARE = (sys.executable, "-c", "pass")
MEMORY_ALLOWED = 40.0  # MiB
FILES = 1000
MILLISECONDS = 1e3


def start_rows() -> list[Row]:
    bundle = present(CONFORMANCE / "happy-path-v0.3" / "bundle.sigstore.json")
    artifact = present(ARTIFACT)
    ours = _keyless(
        *("verify", artifact, "--bundle", bundle, "--offline"),
        *("--identity", BEACON, "--issuer", GITHUB),
    )
    peer = (
        *(sys.executable, "-m", "sigstore", "verify", "identity", "--offline"),
        *("--bundle", bundle, "--cert-identity", BEACON, "--cert-oidc-issuer", GITHUB, artifact),
    )
    runs = _runs([ours, peer, BARE], rounds=21)
    times = [_milliseconds(each) for each in runs]
    peaks = tuple(run.peak_mib for run in runs[0])
    names = list(START_GOALS)
    compared = [("ms", times[0], times[1]), ("ms", times[0], times[2])]
    compared.append(("MiB", peaks, (MEMORY_ALLOWED,) * len(peaks)))
    return [
        Row(name=name, goal=START_GOALS[name], unit=unit, ours=mine, peer=other)
        for name, (unit, mine, other) in zip(names, compared, strict=True)
    ]


def import_rows() -> list[Row]:
    ours, bare = map(
        _milliseconds, _runs([(sys.executable, "-c", "import keyless"), BARE], rounds=41)
    )
    over = tuple(mine - floor for mine, floor in zip(ours, bare, strict=True))
    return [
        Row(
            name="import",
            goal=IMPORT_GOALS["import"],
            unit="ms over bare Python, ms",
            ours=over,
            peer=bare,
        )
    ]


def thousand_rows() -> list[Row]:
    with TemporaryDirectory() as name, _home() as environment:
        folder = Path(name)
        forged = forged_files(folder, count=FILES)
        options = (
            *("--trusted-root", folder / forged.trusted_root),
            *("--identity", forged.identity, "--issuer", forged.issuer),
        )
        together = _keyless("verify", *(folder / file for file in forged.files), *options)
        alone = [_keyless("verify", folder / file, *options) for file in forged.files[:20]]
        rates: list[tuple[float, float]] = []
        for _ in range(3):
            one = FILES / process(together, environment).seconds
            each = median(process(command, environment).seconds for command in alone)
            rates.append((one, 1 / each))
    ours, peer = zip(*rates, strict=True)
    goal = THOUSAND_GOALS["thousand"]
    return [Row(name="thousand", goal=goal, unit="files/s", ours=ours, peer=peer)]


def _keyless(*arguments: str | Path) -> tuple[str | Path, ...]:
    """Return the command as a console script starts it, installed or not."""
    start = "import sys; from keyless.cli import main; sys.exit(main())"
    return (sys.executable, "-c", start, *arguments)


def _runs(commands: Sequence[Sequence[str | Path]], *, rounds: int) -> list[list[Run]]:
    runs: list[list[Run]] = [[] for _ in commands]
    with _home() as environment:

        def run(which: int) -> float:
            runs[which].append(process(commands[which], environment))
            return runs[which][-1].seconds

        contestants = [lambda which=which: run(which) for which in range(len(commands))]
        taking_turns(contestants, rounds=rounds + 1)
    return [each[1:] for each in runs]  # the first may have compiled modules


@contextmanager
def _home() -> Iterator[dict[str, str]]:
    """Give the processes a home of their own: no cache, no settings, no trust but the built-in."""
    with TemporaryDirectory() as name:
        yield {"HOME": name, "XDG_CACHE_HOME": name, "XDG_DATA_HOME": name, "XDG_CONFIG_HOME": name}


def _milliseconds(runs: Sequence[Run]) -> tuple[float, ...]:
    return tuple(run.seconds * MILLISECONDS for run in runs)

# SPDX-License-Identifier: Apache-2.0
"""Measure, and print a table, or with --json one object a row: `python -m benchmarks corpus`."""

import json
import sys
from collections.abc import Callable, Mapping

from benchmarks import (
    carrying,
    hashing,
    images,
    judging,
    many,
    reading,
    searching,
    signing,
    starting,
)
from benchmarks.machine import machine
from benchmarks.material import AbsentError
from benchmarks.row import Goal, Row, skipped, table

Measurement = tuple[Callable[[], list[Row]], Mapping[str, Goal]]

MEASUREMENTS: tuple[Measurement, ...] = (
    (judging.corpus_rows, judging.CORPUS_GOALS),
    (judging.rekor_v2_rows, judging.REKOR_V2_GOALS),
    (starting.start_rows, starting.START_GOALS),
    (starting.import_rows, starting.IMPORT_GOALS),
    (starting.thousand_rows, starting.THOUSAND_GOALS),
    (many.threads_rows, many.THREADS_GOALS),
    (many.processes_rows, many.PROCESSES_GOALS),
    (many.release_rows, many.RELEASE_GOALS),
    (hashing.hashing_rows, hashing.HASHING_GOALS),
    (signing.release_rows, signing.RELEASE_GOALS),
    (signing.large_rows, signing.LARGE_GOALS),
    (signing.sandbox_rows, signing.SANDBOX_GOALS),
    (images.requests_rows, images.REQUESTS_GOALS),
    (images.parallel_rows, images.PARALLEL_GOALS),
    (carrying.carrying_rows, carrying.CARRYING_GOALS),
    (reading.speed_rows, reading.SPEED_GOALS),
    (reading.memory_rows, reading.MEMORY_GOALS),
    (reading.processes_rows, reading.PROCESSES_GOALS),
    (reading.dask_rows, reading.DASK_GOALS),
    (searching.dataframe_rows, searching.DATAFRAME_GOALS),
)


def main(arguments: list[str]) -> int:
    """Take the measurements that *arguments* name, whole or by a first part; all without a name."""
    as_json = "--json" in arguments
    wanted = [argument for argument in arguments if argument != "--json"]
    known = [name for _, goals in MEASUREMENTS for name in goals]
    if strangers := [want for want in wanted if not any(map(_is_named(want), known))]:
        sys.stderr.write(f"no row is called {', '.join(strangers)}: {', '.join(known)}\n")
        return 2
    sys.stderr.write(f"{machine()}\n")
    rows = []
    for measure, goals in MEASUREMENTS:
        if wanted and not any(_is_named(want)(name) for want in wanted for name in goals):
            continue
        for row in _rows(measure, goals):
            sys.stderr.write(f"{row.noise()}\n")
            rows.append(row)
            if as_json:
                print(json.dumps(row.to_json()), flush=True)
    if not as_json:
        print(table(rows))
    return 0


def _rows(measure: Callable[[], list[Row]], goals: Mapping[str, Goal]) -> list[Row]:
    try:
        return measure()
    except AbsentError as error:
        return skipped(str(error), goals)


def _is_named(want: str) -> Callable[[str], bool]:
    """Say whether a row is called *want*, or stands under it, as `corpus/floor` under `corpus`."""
    return lambda name: f"{name}/".startswith(f"{want}/")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

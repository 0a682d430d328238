# SPDX-License-Identifier: Apache-2.0
"""Where the time of a verdict goes: `python -m benchmarks.profile corpus`, or `rekor2`.

Samples the running program a thousand times a second, and counts in which file it was: a profiler
that traces every call would make small functions look slow. Needs Unix's timers.
"""

import signal
import sys
from collections import Counter
from time import process_time
from types import CodeType, FrameType

from benchmarks.contestants import Pass, prepared
from benchmarks.material import MATERIALS

SECONDS = 30.0
INTERVAL = 0.001
LISTED = 25
MICROSECONDS = 1e6


def main(arguments: list[str]) -> int:
    """Profile keyless and the floor on what *arguments* name, and print both."""
    if len(arguments) != 1 or arguments[0] not in MATERIALS:
        sys.stderr.write(f"name one of {', '.join(MATERIALS)}\n")
        return 2
    material = MATERIALS[arguments[0]]()
    for contestant in ("keyless", "floor"):
        judge_all = prepared(contestant, material)
        judge_all()
        files, microseconds = _profiled(judge_all, len(material.samples))
        print(f"\n{contestant}: {microseconds:.0f} us a bundle")
        for file, share in files.most_common(LISTED):
            print(f"{share / files.total() * microseconds:7.1f}  {file}")
    return 0


def _profiled(judge_all: Pass, bundles: int) -> tuple[Counter[str], float]:
    files: Counter[str] = Counter()

    def sample(_: int, frame: FrameType | None) -> None:
        if frame is not None:
            files[_place(frame.f_code)] += 1

    before = signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)
    start, passes = process_time(), 0
    try:
        while process_time() - start < SECONDS:
            judge_all()
            passes += 1
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return files, (process_time() - start) / passes / bundles * MICROSECONDS


def _place(code: CodeType) -> str:
    """Name the file, or the function where that says more: what waits for C code is the caller."""
    file = "/".join(code.co_filename.split("/")[-2:])
    verifies = code.co_name in {"_verify_ecdsa", "_verify_message", "signed"}
    return f"{file}, {code.co_name}: signatures" if verifies else file


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

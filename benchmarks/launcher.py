# SPDX-License-Identifier: Apache-2.0
"""Run a command; print the seconds it took and its peak memory in KiB; exit as it did.

For benchmarks/stopwatch.py, in an interpreter that imports next to nothing. Linux counts the peak
in KiB; macOS, in bytes, is not supported.
"""

import os
import sys
from time import perf_counter

command = sys.argv[1:]
nowhere = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
start = perf_counter()
pid = os.posix_spawn(command[0], command, os.environ, file_actions=nowhere)
_, status, usage = os.wait4(pid, 0)
seconds = perf_counter() - start
sys.stdout.write(f"{seconds} {usage.ru_maxrss}\n")
sys.exit(os.waitstatus_to_exitcode(status))

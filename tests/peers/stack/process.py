# SPDX-License-Identifier: Apache-2.0
"""Programs that run until they are stopped, and of which nothing is left afterwards.

Each has a process group of its own, and is ended by that. Should whoever started them be killed,
the keeper, which waits for that, ends them all.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

PATIENCE = 90.0  # seconds until a server must be ready, on a machine with other things to do
GRACE = 10.0  # seconds to end by itself, for who must
PAUSE = 0.05


class NotReadyError(Exception):
    """A server did not start; the message says where its log is, and how that ends."""


class Keeper:
    """A process that outlives this one: it ends what this one started, and removes *folder*."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _KEEPER, folder],
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def watch(self, group: int) -> None:
        """End *group* when this process is gone."""
        self._tell(f"+{group}")

    def forget(self, group: int) -> None:
        """Leave *group* alone: it has ended, and its number may become another's."""
        self._tell(f"-{group}")

    def close(self) -> None:
        """End all that is left, remove the folder, and wait for that."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()


# It is told "+group" and "-group", a line each, and acts when there is nobody left to tell it.
_KEEPER = """
import os, shutil, signal, sys, time
groups = set()
for line in sys.stdin:
    (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
for how in (signal.SIGTERM, signal.SIGKILL):
    for group in groups:
        try:
            os.killpg(group, how)
        except OSError:
            pass
    time.sleep(2 * bool(groups))
shutil.rmtree(sys.argv[1], ignore_errors=True)
"""


class Server:
    """The program that *command* starts, under *name*; ready when *is_ready* says so.

    What it says goes into a file, and is kept over restarts. It has *grace* to end by itself.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        is_ready: Callable[[], bool],
        env: dict[str, str] | None = None,
        user: str | None = None,
        grace: float = GRACE,
    ) -> None:
        self.name = name
        self.command = [str(word) for word in command]
        self._is_ready = is_ready
        self._env = env or {}
        self._user = user
        self._grace = grace
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper: Keeper | None = None
        self.log = Path(os.devnull)

    def start(self, *, logs: Path, keeper: Keeper) -> None:
        """Start it, and wait until it is ready."""
        self.log, self._keeper = logs / f"{self.name}.log", keeper
        self.start_again()

    def start_again(self) -> None:
        """Start it as it was started before, and wait until it is ready."""
        assert self._keeper
        assert self._process is None, f"{self.name} is running"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self._env},
                start_new_session=True,
                user=self._user,
                group=self._user,
                extra_groups=[] if self._user else None,
            )
        self._keeper.watch(self._process.pid)
        self.wait()

    def wait(self) -> None:
        """Wait until it is ready; one that was stopped is not waited for."""
        deadline = time.monotonic() + PATIENCE
        while self._process and not self._is_ready():
            ended = self._process.poll()
            if ended is not None or time.monotonic() > deadline:
                self.kill()
                how = "is not ready" if ended is None else f"ended with {ended}"
                last = "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])
                message = f"{self.name} {how}; its log is {self.log}:\n{last}"
                raise NotReadyError(message)
            time.sleep(PAUSE)

    def stop(self) -> None:
        """End it, by force if it takes long; what is not running is stopped."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a machine that fails does: it gets to do nothing more."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        _signal(process.pid, how)
        try:
            process.wait(self._grace)
        except subprocess.TimeoutExpired:
            _signal(process.pid, signal.SIGKILL)
            process.wait()
        _signal(process.pid, signal.SIGKILL)  # whatever of its group has stayed behind
        assert self._keeper
        self._keeper.forget(process.pid)


def _signal(group: int, how: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, how)

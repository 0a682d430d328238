# SPDX-License-Identifier: Apache-2.0
"""A terminal with somebody before it: what a command shows there, and what is typed in."""

import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from select import select

import keyless
from tests.auth.places import VARIABLES

SECONDS = 30.0
_OTHERS = (*VARIABLES, "CI", "KEYLESS_FLOW", "BROWSER", "DISPLAY", "SSH_CONNECTION", "SSH_TTY")


class Terminal:
    """A command that runs in a terminal of its own."""

    def __init__(self, process: subprocess.Popen[bytes], channel: int) -> None:
        self.process = process
        self._channel = channel
        self.shown = ""

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Return where *pattern* is shown, once it is."""
        end = time.monotonic() + SECONDS
        while not (match := re.search(pattern, self.shown)):
            assert time.monotonic() < end, self.shown
            assert self._read(), self.shown
        return match

    def type(self, text: str) -> None:
        """Type *text*."""
        os.write(self._channel, text.encode())

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.type("\x03")

    def end(self) -> int:
        """Return the exit code, once the command has ended."""
        end = time.monotonic() + SECONDS
        while self._read():
            assert time.monotonic() < end, self.shown
        return self.process.wait(SECONDS)

    def _read(self) -> bool:
        if not select([self._channel], [], [], 0.2)[0]:
            return True
        try:
            read = os.read(self._channel, 4096)
        except OSError:  # nobody has the other side open any more
            return False
        self.shown += read.decode(errors="replace").replace("\r\n", "\n")
        return bool(read)


@contextmanager
def terminal(
    *words: str, folder: Path, environ: Mapping[str, str] | None = None
) -> Iterator[Terminal]:
    """Run `keyless` with *words* in a terminal, in *folder*, as long as the block lasts."""
    ours, theirs = pty.openpty()
    clean = {name: text for name, text in os.environ.items() if name not in _OTHERS}
    clean |= {
        "PYTHONPATH": str(Path(keyless.__file__).parents[1]),
        "KEYLESS_OFFLINE": "1",
        "KEYLESS_NOTICE": "off",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "HOME": str(folder),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", _IN_FRONT, sys.executable, "-m", "keyless", *words],
        cwd=folder,
        env={**clean, **(environ or {})},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        os.close(ours)


# Only a process whose terminal it is hears of Ctrl-C.
_IN_FRONT = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""

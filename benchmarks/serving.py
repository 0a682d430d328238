# SPDX-License-Identifier: Apache-2.0
"""A served sandbox in a process of its own, so that its work is not taken for that of its clients.

`python -m benchmarks.serving FOLDER` answers until its standard input ends: each line is how many
milliseconds every request is to take from now on, and is answered with a token.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from keyless.sandbox import Sandbox
from keyless.sandbox.faults import Slow

ALICE = "alice@example.com"
DELAYED = ("fulcio", "tsa", "rekor_v1", "rekor_v2")


class Serving:
    """The sandbox of another *process*, whose documents are in *folder*."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self._process = process
        self.trust_config = folder / "client_trust_config.json"

    def token(self, *, delay: int = 0) -> str:
        """Have every request take so many milliseconds; return a token to sign with."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{delay}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


@contextmanager
def serving() -> Iterator[Serving]:
    """Serve a sandbox as long as the block lasts."""
    with (
        TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.serving", folder],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        served = Serving(process, Path(folder))
        served.token()  # its documents are there when it answers
        yield served


def main(folder: str) -> None:
    """Serve a sandbox whose documents go to *folder*."""
    sandbox = Sandbox()
    with sandbox.serve(folder):
        for line in sys.stdin:
            sandbox.faults.clear()
            if int(line):
                for service in DELAYED:
                    sandbox.inject(service, Slow(seconds=int(line) / 1000))
            print(sandbox.token(ALICE, lifetime=timedelta(hours=1)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])

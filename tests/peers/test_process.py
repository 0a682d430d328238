# SPDX-License-Identifier: Apache-2.0
"""How servers are run: seen to be ready, ended by their process groups, and left by nobody."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.stack.process import Keeper, NotReadyError, Server

# Says its children's numbers and sleeps; ends when told to.
FAMILY = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(sys.argv[1], "w").write(str(child.pid))
time.sleep(600)
"""
# Starts a server, and is killed by a test before it could end that.
OWNER = """
import sys, time
from pathlib import Path
from tests.peers.test_process import family
from tests.peers.stack.process import Keeper
folder = Path(sys.argv[1])
family(folder).start(logs=folder, keeper=Keeper(folder / "to-be-removed"))
time.sleep(600)
"""


def family(folder: Path) -> Server:
    """Make a server with a child."""
    said = folder / "child"
    command = [sys.executable, "-c", FAMILY, said]
    return Server("family", command, is_ready=lambda: said.exists() and said.read_text() != "")


def is_there(process: int) -> bool:
    """Say whether *process* runs; one that has ended, and that nobody has asked about, does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0]
    except OSError:
        return False
    return state != "Z"


def ends(process: int) -> bool:
    """Wait until *process* has ended."""
    deadline = time.monotonic() + 20
    while is_there(process) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_there(process)


pytestmark = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="the stack runs where processes are files"
)


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    """Have a keeper."""
    keeper = Keeper(tmp_path / "to-be-removed")
    yield keeper
    keeper.close()


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_who_ends_a_server_ends_its_children(tmp_path: Path, keeper: Keeper, how: str) -> None:
    """As one group."""
    server = family(tmp_path)
    server.start(logs=tmp_path, keeper=keeper)
    child = int((tmp_path / "child").read_text())
    assert is_there(child)
    getattr(server, how)()
    assert ends(child)


def test_a_server_is_started_again(tmp_path: Path, keeper: Keeper) -> None:
    """As it was before."""
    server = family(tmp_path)
    server.start(logs=tmp_path, keeper=keeper)
    server.kill()
    server.start_again()
    server.stop()


def test_a_server_that_does_not_start_shows_its_log(tmp_path: Path, keeper: Keeper) -> None:
    """And where that is."""
    command = [sys.executable, "-c", "raise SystemExit('out of paper')"]
    server = Server("printer", command, is_ready=lambda: False)
    with pytest.raises(
        NotReadyError, match=r"printer ended with 1; its log is .*printer\.log"
    ) as it:
        server.start(logs=tmp_path, keeper=keeper)
    assert "out of paper" in str(it.value)


def test_who_is_killed_leaves_nothing(tmp_path: Path) -> None:
    """No server, none of its children, and no folder."""
    left = tmp_path / "to-be-removed"
    left.mkdir()
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, tmp_path],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    deadline = time.monotonic() + 20
    while not (tmp_path / "child").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.2)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    assert ends(int((tmp_path / "child").read_text()))
    while left.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left.exists()

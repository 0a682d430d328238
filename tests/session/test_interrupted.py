# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C in the middle of a release leaves whole bundles, and nothing else."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from keyless import files

SCRIPT = """
import sys, time
from pathlib import Path
from keyless.sandbox import Sandbox
from keyless.session import Signer
from tests.instances import Wire, on

sandbox = Sandbox()
wire = Wire(sandbox)
wire.bend("rekor", lambda request, transport: time.sleep(0.2) or transport(request))
me = sandbox.identity("alice@example.com")
with Signer(me, sigstore=on(sandbox, rekor=1, transport=wire), workers=4) as signer:
    for signed in signer.sign_each(sorted(Path(sys.argv[1]).glob("*.whl"))):
        signed.save()
        print(signed.path, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
def test_an_interrupted_release_leaves_only_whole_bundles(tmp_path: Path) -> None:
    """What was saved can be read, nothing is unfinished, and the program ends at once."""
    for number in range(200):
        (tmp_path / f"{number:03}.whl").write_bytes(b"%d" % number)
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().endswith("000.whl\n")
        process.send_signal(signal.SIGINT)
        sent = time.monotonic()
        _, words = process.communicate(timeout=30)
    assert time.monotonic() - sent < 5
    assert words.rstrip().endswith("KeyboardInterrupt")
    others = [path for path in tmp_path.iterdir() if path.suffix != ".whl"]
    assert 1 <= len(others) < 200
    assert {path.name[3:] for path in others} == {".whl.sigstore.json"}
    for path in others:
        files.read_bundle(path)

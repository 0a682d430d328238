# SPDX-License-Identifier: Apache-2.0
"""gnome-keyring on a D-Bus of its own: a Secret Service as desktops have one."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
PASSWORD = b"of the keyring"
# Of a desktop on which the tests may run: its keyring, its display and its configuration.
_OTHERS = ("DISPLAY", "WAYLAND_DISPLAY", "PYTHON_KEYRING_BACKEND", "SIGSTORE_ID_TOKEN")


class Desktop:
    """A place where somebody has signed in to a desktop, and their keyring is open."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def keyless(
        self, *arguments: str | Path, token: str | None = None, code: int = 0
    ) -> subprocess.CompletedProcess[str]:
        """Run `keyring_user` in a process of its own; it is to end with *code*."""
        environ = dict(self._environ)
        if token is not None:
            environ["SIGSTORE_ID_TOKEN"] = token
        done = subprocess.run(
            [sys.executable, "-m", "tests.login_real.keyring_user", *map(str, arguments)],
            cwd=ROOT,
            env=environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done

    def secrets(self) -> str:
        """List what the keyring holds of ours, by libsecret's own tool."""
        done = subprocess.run(
            ["secret-tool", "search", "--all", "username", "keyless"],  # noqa: S607 - wherever it is
            env=dict(self._environ),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout + done.stderr


@contextmanager
def desktop(home: Path) -> Iterator[Desktop]:
    """Sign in to a desktop with an empty keyring, with its files in *home*, for the block."""
    runtime = home / "runtime"
    runtime.mkdir(mode=0o700)
    environ = {name: text for name, text in os.environ.items() if name not in _OTHERS}
    environ |= {"HOME": str(home), "XDG_RUNTIME_DIR": str(runtime)}
    environ |= {f"XDG_{kind}_HOME": str(home / kind) for kind in ("DATA", "CONFIG", "CACHE")}
    daemon = ("dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address")
    with _running(*daemon, environ=environ) as bus:
        assert bus.stdout is not None
        environ["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().decode().strip()
        keyring = ("gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets")
        with _running(*keyring, environ=environ) as opened:
            assert opened.stdin is not None
            opened.stdin.write(PASSWORD)
            opened.stdin.close()
            _await_service(environ)
            yield Desktop(environ)


@contextmanager
def _running(*command: str, environ: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command,
        env=dict(environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=10)
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            stream.close()


def _await_service(environ: Mapping[str, str]) -> None:
    """Wait until the keyring answers, and its collection is open."""
    script = (
        "import secretstorage, time\n"
        "bus = secretstorage.dbus_init()\n"
        "for _ in range(200):\n"
        "    if secretstorage.check_service_availability(bus):\n"
        "        if not secretstorage.get_default_collection(bus).is_locked():\n"
        "            break\n"
        "    time.sleep(0.05)\n"
        "else:\n"
        "    raise SystemExit('no keyring answers')\n"
    )
    subprocess.run([sys.executable, "-c", script], env=dict(environ), timeout=60, check=True)

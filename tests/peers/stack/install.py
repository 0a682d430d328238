# SPDX-License-Identifier: Apache-2.0
"""Installs what is missing of the stack's programs, and says how long that took.

python -m tests.peers.stack.install [--reasons]
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.peers.stack.programs import (
    BY_NAME,
    KEPT,
    OIDC_PROVIDER,
    PACKAGES,
    PROGRAMS,
    Program,
    cache,
    debian,
    node_modules,
    place,
    registry_program,
)

BUILDS = 2  # at a time: linking, which takes long, uses one core
REGISTRY = Path(__file__).with_name("registry.go")
SIGSTORE_JS = Path(__file__).parents[2] / "javascript" / "package.json"


def main() -> int:
    """Install all that is missing; asked for `--reasons`, only say why that cannot be done."""
    if sys.argv[1:] == ["--reasons"]:
        print(", ".join(reasons_against()), end="")
        return 0
    began = time.monotonic()
    cache().mkdir(parents=True, exist_ok=True)
    with alone():
        _at_once(
            [*(partial(build, each) for each in PROGRAMS), build_registry, _keep_files],
            [_debian_packages, _node_modules],
        )
    print(f"the stack's programs are there after {time.monotonic() - began:.0f} s: {cache()}")
    return 0


def reasons_against() -> list[str]:
    """Say why the stack cannot be had on this machine; nothing if it can."""
    reasons = [f"there is no {tool} here" for tool in ("go", "npm") if not shutil.which(tool)]
    if _absent_packages() and not (shutil.which("apt-get") and os.geteuid() == 0):
        reasons.append(f"only root can have {' '.join(_absent_packages())} by apt-get")
    return reasons


def _at_once(builds: list[Callable[[], None]], others: list[Callable[[], None]]) -> None:
    # What waits for the network has a thread of its own.
    with ThreadPoolExecutor(BUILDS) as builders, ThreadPoolExecutor(1) as waiting:
        running = [builders.submit(each) for each in builds]
        running += [waiting.submit(each) for each in others]
        for each in running:
            each.result()


def build(program: Program) -> None:
    """Have *program* built, unless it is there."""
    target = place(program.name)
    if target.exists():
        return
    with _telling(f"{program.name} {program.version}"):
        unfinished = target.parent.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        tags = ["-tags", program.tags] if program.tags else []
        _run(
            # Without what debuggers want, linking takes less time, and the files less room; without
            # optimizations, compiling takes a quarter less.
            *(
                "go",
                "install",
                "-ldflags=-s -w",
                "-gcflags=all=-N -l",
                *tags,
                f"{program.package}@{program.version}",
            ),
            env={"GOBIN": str(unfinished), "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"},
        )
        unfinished.rename(target.parent)


def build_registry() -> None:
    """Have our own registry built, unless it is there."""
    target = registry_program()
    if target.exists():
        return
    with _telling("a registry"):
        unfinished = target.parent.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        shutil.copy(REGISTRY, unfinished)
        version = BY_NAME["crane"].version
        library = f"github.com/google/go-containerregistry/pkg/registry@{version}"
        for words in (
            ("mod", "init", "keyless.test/registry"),
            ("get", library),
            ("build", "-o", target.name),
        ):
            _run("go", *words, env={"CGO_ENABLED": "0"}, folder=unfinished)
        unfinished.rename(target.parent)


def _keep_files() -> None:
    for each in KEPT:
        if each.place.exists():
            continue
        module = json.loads(_run("go", "mod", "download", "-json", each.module))
        source = Path(module["Dir"]) / each.path
        each.place.parent.mkdir(parents=True, exist_ok=True)
        if source.is_file():
            shutil.copyfile(source, each.place)
            continue
        unfinished = each.place.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(source, unfinished, ignore=shutil.ignore_patterns("*.go"))
        unfinished.rename(each.place)


def _absent_packages() -> list[str]:
    return [package for package, command in PACKAGES.items() if debian(command) is None]


def _debian_packages() -> None:
    absent = _absent_packages()
    if not absent:
        return
    with _telling(" ".join(absent)):
        # Packages of servers start these; in runlevel 1, which is for repairs, they do not.
        quiet = {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        _run("apt-get", "update", "-q", env=quiet)
        _run("apt-get", "install", "-qy", "--no-install-recommends", *absent, env=quiet)


def _node_modules() -> None:
    folder = node_modules().parent
    wanted = json.loads(SIGSTORE_JS.read_text())
    wanted["dependencies"]["oidc-provider"] = OIDC_PROVIDER
    package = json.dumps(wanted, indent=2)
    stamp = folder / "installed.json"
    if stamp.exists() and stamp.read_text() == package:
        return
    with _telling("sigstore-js, oidc-provider"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text(package)
        quietly = ("--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error")
        _run("npm", "install", "--prefix", str(folder), *quietly)
        stamp.write_text(package)


def _run(*command: str, env: dict[str, str] | None = None, folder: Path | None = None) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        print(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}", file=sys.stderr)
        message = f"{command[0]} ended with {done.returncode}"
        raise SystemExit(message)
    return done.stdout


@contextmanager
def _telling(what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"installed {what} in {time.monotonic() - began:.0f} s", flush=True)


@contextmanager
def alone() -> Iterator[None]:
    """Wait until nobody else installs into the same folder."""
    with (cache() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main())

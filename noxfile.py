# SPDX-License-Identifier: Apache-2.0
"""Everything CI runs, under the names a developer uses: `nox`, or `nox -s tests`."""

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import nox

ROOT = Path(__file__).parent
RESULTS = ROOT / "build" / "results"  # one JUnit file a session; .ci/run adds them up
SHARED = os.environ.get("KEYLESS_SHARED", str(ROOT.parent / "shared"))
SPDX = "# SPDX-License-Identifier: Apache-2.0"

# The rooms that decide; tests/test_architecture.py keeps them pure, `tests` keeps them covered.
PURE_HALF = (
    "errors",
    "value",
    "safe_text",
    "protocol",
    "evidence",
    "report",
    "policy",
    "verification",
    "batch",
)

SECONDS = 30.0  # until what was interrupted has ended what it started

# What the real sign-ins need of the system: programs, and the Debian packages that bring them.
LOGIN_PROGRAMS = {
    "chromedriver": "chromium-driver",
    "chromium": "chromium",
    "dbus-daemon": "dbus",
    "gnome-keyring-daemon": "gnome-keyring",
    "secret-tool": "libsecret-tools",
}

# And what the tests of real registries need: the registry itself, what writes its passwords, and
# what moves images.
IMAGE_PROGRAMS = {
    "docker-registry": "docker-registry",
    "htpasswd": "apache2-utils",
    "skopeo": "skopeo",
}

# Folders of tests that need other people's programs: each has a session that installs those.
ELSEWHERE = tuple(
    f"--ignore=tests/{folder}" for folder in ("javascript", "login_real", "images_real", "peers")
)

nox.options.default_venv_backend = "virtualenv"
nox.options.sessions = [
    "lint",
    "types",
    "tests",
    "docs",
    "notebooks",
    "wheel",
    "javascript",
]
nox.options.error_on_missing_interpreters = True


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff's rules and format, and a licence line on every source file."""
    session.install(*_group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    unlicensed = [str(path.relative_to(ROOT)) for path in _sources() if not _has_licence(path)]
    if unlicensed:
        session.error(f"first line is not {SPDX!r}: {', '.join(unlicensed)}")


@nox.session
def types(session: nox.Session) -> None:
    """Strict mypy over the package, the typing tests and this file."""
    session.install(".", *_group("types"))
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """The tests, and every branch of the pure half."""
    session.install("-e", ".", *_group("tests"))
    # Not a pytest plugin: one would be imported after the modules it is to measure.
    session.run(
        *("coverage", "run", "-m", "pytest", "-q", _results("tests"), *ELSEWHERE),
        *session.posargs,
    )
    if not session.posargs:
        session.run("coverage", "report", f"--include={_pure_files()}", "--fail-under=100")


@nox.session
def docs(session: nox.Session) -> None:
    """Every Python block of README.md and docs/ runs."""
    session.install(".", *_group("docs"))
    session.run(
        *("python", "-m", "pytest", "-q", "-p", "docs.examples", _results("docs")),
        *("README.md", "docs"),
    )


@nox.session
def notebooks(session: nox.Session) -> None:
    """Every notebook runs from a clean kernel, against the sandbox."""
    session.install(".", *_group("notebooks"))
    session.run("python", "notebooks/execute.py")


@nox.session
def wheel(session: nox.Session) -> None:
    """The built wheel holds every file, and passes the tests where there is no checkout."""
    with tempfile.TemporaryDirectory(prefix="keyless-wheel-") as name:
        elsewhere = Path(name)
        session.run("python", "-m", "pip", "wheel", ".", "--no-deps", "--wheel-dir", name)
        built = next(elsewhere.glob("*.whl"))
        missing = _package_files() - set(zipfile.ZipFile(built).namelist())
        if missing:
            session.error(f"the wheel lacks {', '.join(sorted(missing))}")
        session.install(str(built), *_group("tests"))
        shutil.copytree(ROOT / "tests", elsewhere / "tests")
        shutil.copy(ROOT / "pyproject.toml", elsewhere)  # how pytest is set up
        session.chdir(elsewhere)
        session.run(
            *("python", "-m", "pytest", "-q", _results("wheel"), *ELSEWHERE),
            env={"KEYLESS_SHARED": SHARED},
        )


@nox.session
def javascript(session: nox.Session) -> None:
    """sigstore-js, which owes us nothing, judges what we sign, and we what it signs."""
    if shutil.which("npm") is None:
        session.skip("THIS DID NOT RUN: there is no npm here to install sigstore-js with")
    modules = _node_modules(session, "javascript")
    session.install("-e", ".", *_group("tests"))
    session.run(
        *("python", "-m", "pytest", "-q", _results("javascript"), "tests/javascript"),
        *session.posargs,
        env={"KEYLESS_NODE_MODULES": modules},
    )


@nox.session
def login(session: nox.Session) -> None:
    """Signing in, with a real browser, provider, notebook and keyring.

    With KEYLESS_SCREENSHOTS=docs/images, what people see is photographed anew.
    """
    if missing := _install_programs(session, LOGIN_PROGRAMS):
        session.skip(f"THIS DID NOT RUN: only root can have {missing} installed, by apt-get")
    if shutil.which("npm") is None:
        session.skip("THIS DID NOT RUN: there is no npm here to install an OpenID provider with")
    modules = _node_modules(session, "login_real")
    session.install("-e", ".", *_group("tests"), *_group("login"))
    session.run(
        *("python", "-m", "pytest", "-q", _results("login"), "tests/login_real"),
        *session.posargs,
        env={"KEYLESS_LOGIN": "1", "KEYLESS_NODE_MODULES": modules},
    )


@nox.session
def images(session: nox.Session) -> None:
    """Images on real registries, and moved by programs that are not ours."""
    if missing := _install_programs(session, IMAGE_PROGRAMS):
        session.skip(f"THIS DID NOT RUN: only root can have {missing} installed, by apt-get")
    session.install("-e", ".", *_group("tests"))
    session.run("python", "-m", "tests.images_real.install")
    session.run(
        *("python", "-m", "pytest", "-q", _results("images"), "tests/images_real"),
        *session.posargs,
        env={"KEYLESS_IMAGES": "1"},
    )


@nox.session
def peers(session: nox.Session) -> None:
    """The real servers, and every other client; `nox -s peers -- --up` leaves them running."""
    session.install("-e", ".", *_group("tests"), *_group("login"))
    install = ("python", "-m", "tests.peers.stack.install")
    reasons = session.run(*install, "--reasons", silent=True)
    if reasons:
        session.skip(f"THIS DID NOT RUN: {str(reasons).strip()}")
    session.run(*install)
    command = ("python", "-m", "pytest", "-q", _results("peers"), "tests/peers", *session.posargs)
    if "--up" in session.posargs:
        command = ("python", "-m", "tests.peers.stack.up")
    # On Ctrl-C there is much to end: nox would wait for half a second.
    session.run(
        *command, env={"KEYLESS_PEERS": "1"}, interrupt_timeout=SECONDS, terminate_timeout=SECONDS
    )


@nox.session(default=False)
def benchmarks(session: nox.Session) -> None:
    """Ours against sigstore-python and the bare cryptography: `nox -s benchmarks -- --json`."""
    session.install(".", *_group("benchmarks"))
    session.run("python", "-m", "benchmarks", *session.posargs)


def _node_modules(session: nox.Session, name: str) -> str:
    """Have npm install what the package.json in tests/*name* lists, and return where."""
    folder = Path(session.cache_dir) / name
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "tests" / name / "package.json", folder)
    quietly = ("--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error")
    session.run("npm", "install", "--prefix", str(folder), *quietly, external=True)
    return str(folder.resolve() / "node_modules")


def _install_programs(session: nox.Session, programs: Mapping[str, str]) -> str:
    """Have Debian bring those of *programs* that are missing; name what cannot be had."""
    missing = sorted({programs[name] for name in programs if shutil.which(name) is None})
    if missing and shutil.which("apt-get") and os.geteuid() == 0:
        # Packages of servers start these; in runlevel 1, which is for repairs, they do not.
        quiet = {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        session.run("apt-get", "update", "-q", external=True, env=quiet, silent=True)
        install = ("apt-get", "install", "-qy", "--no-install-recommends", *missing)
        session.run(*install, external=True, env=quiet, silent=True)
        missing = []
    return " ".join(missing)


def _group(name: str) -> tuple[str, ...]:
    """Return the requirements of the dependency group *name*."""
    return nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), name)


def _results(name: str) -> str:
    """Return the option that has pytest leave its totals under *name*."""
    return f"--junitxml={RESULTS / name}.xml"


def _pure_files() -> str:
    """Return the pure half as coverage's patterns: each room is a file, or a folder of them."""
    return ",".join(f"keyless/{room}.py,keyless/{room}/*" for room in PURE_HALF)


def _sources() -> Iterator[Path]:
    """Yield each file that can carry a comment: Python, configuration, and scripts."""
    yield from sorted(ROOT.glob("*.py"))
    yield from sorted(ROOT.glob("*.toml"))
    yield from (path for path in sorted((ROOT / ".ci").iterdir()) if path.is_file())
    yield from ROOT.glob("tests/conformance_client")  # a command, so without a suffix
    for folder in ("keyless", "tests", "docs", "notebooks", "benchmarks"):
        for suffix in ("*.py", "*.toml"):
            yield from sorted((ROOT / folder).rglob(suffix))


def _has_licence(path: Path) -> bool:
    """Say whether *path* opens with the licence line, which only a `#!` line may precede."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return SPDX in (lines[1:2] if lines and lines[0].startswith("#!") else lines[:1])


def _package_files() -> set[str]:
    """Return the package's files, code and data, as a wheel names them."""
    files = (path.relative_to(ROOT) for path in (ROOT / "keyless").rglob("*") if path.is_file())
    return {path.as_posix() for path in files if "__pycache__" not in path.parts}

# SPDX-License-Identifier: Apache-2.0
"""Which programs the stack is made of, in which versions, and where they are kept between runs."""

import os
from pathlib import Path

from keyless.value import value

CACHE = "KEYLESS_PEERS_CACHE"


@value
class Program:
    """A command of a Go module: *binary* is what `go install` calls it, *tags* what it needs."""

    name: str
    version: str
    package: str
    binary: str
    tags: str = ""


def _program(name: str, version: str, package: str, binary: str = "", tags: str = "") -> Program:
    binary = binary or package.rsplit("/", 1)[-1]
    return Program(name=name, version=version, package=package, binary=binary, tags=tags)


TRILLIAN = "v1.7.3"
_TRILLIAN = "github.com/google/trillian/cmd"
_REKOR = "github.com/sigstore/rekor/cmd"

# Those that take longest first: two are built at a time, and neither core waits for the last.
PROGRAMS = (
    _program("cosign-v3", "v3.1.2", "github.com/sigstore/cosign/v3/cmd/cosign"),
    _program("rekor-server", "v1.5.4", f"{_REKOR}/rekor-server"),
    _program("cosign-v2", "v2.6.5", "github.com/sigstore/cosign/v2/cmd/cosign"),
    _program("trillian-server", TRILLIAN, f"{_TRILLIAN}/trillian_log_server", tags="postgresql"),
    _program("trillian-signer", TRILLIAN, f"{_TRILLIAN}/trillian_log_signer", tags="postgresql"),
    _program("fulcio", "v1.8.8", "github.com/sigstore/fulcio"),
    _program("rekor-cli", "v1.5.4", f"{_REKOR}/rekor-cli"),
    _program("rekor-tiles", "v2.3.0", "github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix"),
    _program(
        "timestamp-server",
        "v2.1.3",
        "github.com/sigstore/timestamp-authority/v2/cmd/timestamp-server",
    ),
    _program(
        "ct-server",
        "v1.3.2",
        "github.com/google/certificate-transparency-go/trillian/ctfe/ct_server",
    ),
    _program("crane", "v0.22.1", "github.com/google/go-containerregistry/cmd/crane"),
    _program("createtree", TRILLIAN, f"{_TRILLIAN}/createtree"),
)
BY_NAME = {program.name: program for program in PROGRAMS}

# Debian's: the package, and the command by which it is known to be there.
PACKAGES = {
    "postgresql": "/usr/lib/postgresql/*/bin/postgres",
    "redis-server": "/usr/bin/redis-server",
    "docker-registry": "/usr/bin/docker-registry",
    "chromium": "/usr/bin/chromium",
    "chromium-driver": "/usr/bin/chromedriver",
}
OIDC_PROVIDER = "9.13.3"


def cache() -> Path:
    """Return the folder that outlives a run: the one named by the environment, or the user's."""
    named = os.environ.get(CACHE)
    users = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named).absolute() if named else users / "keyless-peers"


def place(name: str) -> Path:
    """Return where the program called *name* is; another version of it is another file."""
    program = BY_NAME[name]
    return cache() / "programs" / f"{name}-{program.version}" / program.binary


@value
class Kept:
    """A file or folder of a Go module, kept as *name*: the cache of modules may be emptied."""

    name: str
    module: str
    path: str

    @property
    def place(self) -> Path:
        """Return where it is kept."""
        return cache() / "programs" / self.name


# Trillian's tables, as PostgreSQL wants them.
SCHEMA = Kept(
    name=f"trillian-{TRILLIAN}.sql",
    module=f"github.com/google/trillian@{TRILLIAN}",
    path="storage/postgresql/schema/storage.sql",
)
# How the public authority is configured.
PUBLIC_FULCIO = Kept(
    name=f"fulcio-{BY_NAME['fulcio'].version}.yaml",
    module=f"github.com/sigstore/fulcio@{BY_NAME['fulcio'].version}",
    path="config/identity/config.yaml",
)
# Something signed of every kind that a log takes: packages, charts, archives, metadata.
SIGNED_EXAMPLES = Kept(
    name=f"rekor-{BY_NAME['rekor-cli'].version}-types",
    module=f"github.com/sigstore/rekor@{BY_NAME['rekor-cli'].version}",
    path="pkg/types",
)
KEPT = (SCHEMA, PUBLIC_FULCIO, SIGNED_EXAMPLES)


def registry_program() -> Path:
    """Return where our own registry is: a few lines of Go around a library."""
    version = BY_NAME["crane"].version  # the library is of the same module
    return cache() / "programs" / f"registry-{version}" / "registry"


def node_modules() -> Path:
    """Return where what is installed by npm is."""
    return cache() / "javascript" / "node_modules"


def debian(command: str) -> Path | None:
    """Return where Debian puts *command*, a pattern; None where that is missing."""
    return next(iter(sorted(Path("/").glob(command.lstrip("/")))), None)

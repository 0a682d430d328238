# SPDX-License-Identifier: Apache-2.0
"""Programs that keep credentials for docker, as macOS' keychain or a cloud's own.

docker-credential-NAME get   stdin: the registry   stdout: {"Username": "…", "Secret": "…"}

It is another's program, named in a file: its name stays a name, and it gets neither all the time in
the world nor all the memory.
"""

import re
from contextlib import suppress
from threading import Thread
from typing import IO

from keyless.errors import ParseError
from keyless.protocol.json_reader import Json
from keyless.safe_text import shown
from keyless.services.registry_credentials import (
    Anonymous,
    IdentityToken,
    Password,
    RegistryCredential,
)

SECONDS = 30.0
LARGEST_OUTPUT = 64 << 10

# By this name of a user, helpers say that what they give is no password.
TOKEN_USER = "<token>"  # noqa: S105 - no secret

_NAME = re.compile(r"[A-Za-z0-9._-]+")


def ask_helper(name: str, server: str, *, seconds: float = SECONDS) -> RegistryCredential:
    """Return what the helper *name* has for *server*, in so many *seconds* at most."""
    program = f"docker-credential-{shown(name, longest=60)}"
    if not _NAME.fullmatch(name):
        return Anonymous(why=f"{shown(name, longest=60)!r} cannot be a credential helper's name")
    # Neither is needed by whoever has no helper, and both are slow to import.
    import shutil  # noqa: PLC0415
    import subprocess  # noqa: PLC0415 - likewise

    if (path := shutil.which(program)) is None:
        return Anonymous(why=f"{program} is not installed")
    try:
        process = subprocess.Popen(  # noqa: S603 - a plain name, found on the user's own path
            [path, "get"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError as error:
        return Anonymous(why=f"{program} cannot be run: {shown(error.strerror)}")
    try:
        output = _spoken(process.stdin, process.stdout, server, seconds)
        status = process.wait(1)
    except (OSError, subprocess.TimeoutExpired):
        return Anonymous(why=f"{program} does not answer as it should")
    finally:
        process.kill()
        process.wait()
    if status:
        return Anonymous(why=f"{program} has none for {server}")
    return _credential(output, program, server)


def _spoken(
    stdin: IO[bytes] | None, stdout: IO[bytes] | None, server: str, seconds: float
) -> bytes:
    """Ask, and return what is said; OSError if it is not said in time, or too much."""
    said: list[bytes] = []
    if stdin is None or stdout is None:
        raise OSError

    def read() -> None:
        with stdout:
            said.append(stdout.read(LARGEST_OUTPUT + 1))

    reader = Thread(target=read, daemon=True)
    reader.start()
    with suppress(BrokenPipeError), stdin:  # it may know without being told
        stdin.write(server.encode())
    reader.join(seconds)
    if not said or len(said[0]) > LARGEST_OUTPUT:
        raise OSError
    return said[0]


def _credential(output: bytes, program: str, server: str) -> RegistryCredential:
    try:
        json = Json.parse(output)
        user, secret = json.optional_text("Username") or "", json.optional_text("Secret") or ""
    except ParseError:
        return Anonymous(why=f"what {program} says cannot be read")
    if not secret:
        return Anonymous(why=f"{program} has none for {server}")
    if user == TOKEN_USER:
        return IdentityToken(secret=secret, source=program)
    return Password(user=user, secret=secret, source=program)

# SPDX-License-Identifier: Apache-2.0
"""Where Trillian keeps its trees: PostgreSQL, with a data directory of our own."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.peers.stack.ports import HOST
from tests.peers.stack.process import Server
from tests.peers.stack.programs import PACKAGES, SCHEMA, debian

USER = "postgres"  # Debian's; PostgreSQL refuses to run as root
ROLE = "trillian"


def postgresql(folder: Path, port: int) -> Server:
    """Make an empty cluster in *folder*, and the server of it at *port*."""
    data, user = folder / "postgresql", USER if os.geteuid() == 0 else None
    data.mkdir(mode=0o700)
    if user:
        shutil.chown(data, user, user)
    said = subprocess.run(
        [_program("initdb"), "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync"],
        user=user,
        group=user,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    settings = {"listen_addresses": HOST, "port": str(port), "unix_socket_directories": ""}
    options = [word for name, text in settings.items() for word in ("-c", f"{name}={text}")]
    return Server(
        "postgresql",
        [_program("postgres"), "-D", data, *options],
        is_ready=lambda: _is_ready(port),
        user=user,
    )


def create_database(port: int) -> None:
    """Make Trillian's role, database and tables in the server at *port*."""
    _psql(
        port, USER, "-c", f"CREATE ROLE {ROLE} LOGIN", "-c", f"CREATE DATABASE {ROLE} OWNER {ROLE}"
    )
    _psql(port, ROLE, "-f", str(SCHEMA.place))


def uri(port: int) -> str:
    """Return how Trillian connects."""
    return f"postgresql://{ROLE}@{HOST}:{port}/{ROLE}"


def _psql(port: int, role: str, *words: str) -> None:
    database = f"postgresql://{role}@{HOST}:{port}/{'postgres' if role == USER else role}"
    subprocess.run(
        [_program("psql"), "-q", "-v", "ON_ERROR_STOP=1", database, *words],
        check=True,
        capture_output=True,
    )


def _is_ready(port: int) -> bool:
    asked = [_program("pg_isready"), "-q", "-h", HOST, "-p", str(port)]
    return subprocess.run(asked, check=False).returncode == 0


def _program(name: str) -> str:
    server = debian(PACKAGES["postgresql"])
    assert server
    return str(server.with_name(name))

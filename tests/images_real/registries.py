# SPDX-License-Identifier: Apache-2.0
"""Registries that others have written, each started once, all ended together.

plain      Debian's docker-registry 2.8, which knows no referrers
password   the same, for who has a password (htpasswd)
token      the same, for who has a token
tls        the same, over TLS, vouched for by an authority of our own
referrers  go-containerregistry's, which lists referrers
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest

from keyless.protocol.oci import ImageReference
from keyless.services.http import requests_transport
from keyless.services.registry import Registry
from keyless.services.registry_credentials import Keychain, Password, anonymous, keychain
from keyless.services.registry_opening import open_registry
from keyless.services.registry_options import RegistryOptions
from keyless.value import value
from tests.images_real.authority import Authority
from tests.images_real.token_server import TokenServer
from tests.peers.stack.ports import HOST, free_port, listens
from tests.peers.stack.process import Keeper, Server
from tests.peers.stack.programs import place, registry_program

SWITCH = "KEYLESS_IMAGES"
USER, PASSWORD = "me", "correct horse battery staple"
NAMES = ("plain", "password", "token", "tls", "referrers")


@value
class Running:
    """A registry that runs at *host*; *ca* vouches for it if anybody does."""

    name: str
    host: str
    server: Server
    ca: str | None = None

    def open(self, repository: str, *, credentials: Keychain | None = None) -> Registry:
        """Return a repository in it, as whoever may do everything there sees it."""
        known = {"password": Password(user=USER, secret=PASSWORD)}
        known["token"] = known["password"]
        mine = keychain({self.host: known[self.name]}) if self.name in known else anonymous
        image = ImageReference.parse(f"{self.host}/{repository}")
        options = RegistryOptions(credentials=credentials or mine, ca=self.ca)
        return open_registry(image, transport=requests_transport(), options=options)


class Registries:
    """All of them, by their names; one is started when it is first wanted."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="keyless-images-"))
        self._keeper = Keeper(self.folder)
        self._running: dict[str, Running] = {}
        self.authority = Authority(self.folder)
        self.tokens = TokenServer(self.authority, {USER: PASSWORD})

    def __getitem__(self, name: str) -> Running:
        if name not in self._running:
            self._running[name] = self._start(name)
        return self._running[name]

    def __enter__(self) -> Self:
        self.tokens.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._running.values():
            each.server.stop()
        self.tokens.__exit__()
        self._keeper.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self, name: str) -> Running:
        port = free_port()
        host = f"{HOST}:{port}"
        settings: dict[str, Callable[[], dict[str, object]]] = {
            "plain": dict,
            "password": self._with_passwords,
            "token": lambda: {"auth": self.tokens.configuration(self.authority.certificate)},
            "tls": self._with_tls,
        }
        if name == "referrers":
            command: list[str | Path] = [_built(registry_program()), host]
        else:
            command = ["docker-registry", "serve", self._configured(name, host, settings[name]())]
        server = Server(name, command, is_ready=lambda: listens(port))
        server.start(logs=self.folder, keeper=self._keeper)
        ca = str(self.authority.certificate) if name == "tls" else None
        return Running(name=name, host=host, server=server, ca=ca)

    def _configured(self, name: str, host: str, more: dict[str, object]) -> Path:
        """Write a configuration: the packaged one asks for a login."""
        storage = {
            "filesystem": {"rootdirectory": str(self.folder / name)},
            "delete": {"enabled": True},
        }
        http = {"addr": host, **more.pop("http", {})}  # type: ignore[dict-item]  # a dict too
        file = self.folder / f"{name}.yaml"
        # What is JSON is YAML.
        file.write_text(json.dumps({"version": "0.1", "storage": storage, "http": http, **more}))
        return file

    def _with_passwords(self) -> dict[str, object]:
        file = self.folder / "htpasswd"
        command = ("htpasswd", "-Bbn", USER, PASSWORD)
        file.write_bytes(subprocess.run(command, check=True, capture_output=True).stdout)
        return {"auth": {"htpasswd": {"realm": "a registry", "path": str(file)}}}

    def _with_tls(self) -> dict[str, object]:
        certificate, key = self.folder / "tls.pem", self.folder / "tls.key"
        self.authority.vouch(certificate, key)
        return {"http": {"tls": {"certificate": str(certificate), "key": str(key)}}}


def crane() -> Path:
    """Return where crane is."""
    return _built(place("crane"))


def _built(program: Path) -> Path:
    if not program.exists():
        pytest.skip(f"there is no {program.name}, for which Go is needed")
    return program


def run(*command: str | Path, **environment: str) -> str:
    """Run somebody else's program; return what it says, and fail with that if it fails."""
    done = subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
        timeout=120,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout

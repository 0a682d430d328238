# SPDX-License-Identifier: Apache-2.0
"""Credentials that docker and podman have written down, or have programs for."""

import json
import os
import stat
import time
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from keyless.errors import InputError
from keyless.services.credential_helpers import ask_helper
from keyless.services.docker_config import docker_keychain, find_credential
from keyless.services.registry_credentials import (
    Anonymous,
    IdentityToken,
    Password,
    RegistryCredential,
    RegistryToken,
)

AUTH = b64encode(b"me:pass:word").decode()
HUB = "index.docker.io"


class Home:
    """A home directory with files that have credentials."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.environment = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder / "run")}

    def write(self, content: Any, path: str = ".docker/config.json") -> Path:
        """Write a file."""
        file = self._folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return file

    def find(self, registry: str, repository: str = "me/app") -> RegistryCredential:
        """Look for a credential."""
        return find_credential(registry, repository, environment=self.environment)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with nothing in it yet."""
    return Home(tmp_path)


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that keeps credentials, to be written by the test."""
    program = tmp_path / "bin" / "docker-credential-it.s_-1"
    program.parent.mkdir()
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return program


def script(program: Path, text: str) -> None:
    """Have *program* do what *text* says."""
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def said(found: RegistryCredential) -> tuple[str, str]:
    """Return user and password."""
    assert isinstance(found, Password)
    return found.user, found.secret


def why(found: RegistryCredential) -> str:
    """Return why there is none."""
    assert isinstance(found, Anonymous)
    return found.why


def test_docker_writes_a_user_and_a_password_as_one(home: Home) -> None:
    """With a colon in between; the password may have more of them."""
    path = home.write({"auths": {"ghcr.io": {"auth": AUTH}}})
    found = home.find("ghcr.io")
    assert said(found) == ("me", "pass:word")
    assert str(path) in str(found)


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        ({"username": "me", "password": "pw"}, Password),
        ({"identitytoken": "t", "auth": AUTH}, IdentityToken),
        ({"registrytoken": "t"}, RegistryToken),
        ({"username": "<token>", "password": "t"}, IdentityToken),
        ({}, Anonymous),
        ({"auth": ""}, Anonymous),
    ],
)
def test_there_are_several_kinds_of_credentials(
    home: Home, entry: dict[str, str], kind: type
) -> None:
    """Each is told by what it is called there."""
    home.write({"auths": {"ghcr.io": entry}})
    assert type(home.find("ghcr.io")) is kind


@pytest.mark.parametrize(
    ("key", "registry"),
    [
        ("ghcr.io", "ghcr.io"),
        ("https://ghcr.io", "ghcr.io"),
        ("https://ghcr.io/v2/", "ghcr.io"),
        ("localhost:5000", "localhost:5000"),
        ("https://index.docker.io/v1/", HUB),
        ("docker.io", HUB),
        ("ghcr.io/me/app", "ghcr.io"),
        ("ghcr.io/me", "ghcr.io"),
        ("docker.io/me", HUB),
    ],
)
def test_a_registry_may_be_called_in_several_ways(home: Home, key: str, registry: str) -> None:
    """As one program or the other writes it."""
    home.write({"auths": {key: {"auth": AUTH}}})
    assert said(home.find(registry)) == ("me", "pass:word")


@pytest.mark.parametrize(
    ("key", "registry"),
    [
        ("ghcr.io", "ghcr.io:443"),
        ("ghcr.io:443", "ghcr.io"),
        ("ghcr.io", "ghcr.io.evil.test"),
        ("evil.test/ghcr.io", "ghcr.io"),
        ("hcr.io", "ghcr.io"),
        ("https://ghcr.io/elsewhere", "ghcr.io"),
        ("https://ghcr.io:5000/v1/", "ghcr.io"),
        ("ghcr.io/you", "ghcr.io"),
        ("ghcr.io/me/application", "ghcr.io"),
        ("https://index.docker.io/v1/", "docker.io.evil.test"),
    ],
)
def test_a_registry_of_nearly_the_same_name_is_another(home: Home, key: str, registry: str) -> None:
    """Whose credential it is not."""
    home.write({"auths": {key: {"auth": AUTH}}})
    assert "has none for" in why(home.find(registry))


def test_the_nearest_name_counts(home: Home) -> None:
    """A repository may have a credential of its own."""
    mine = b64encode(b"mine:x").decode()
    home.write({"auths": {"ghcr.io": {"auth": AUTH}, "ghcr.io/me/app": {"auth": mine}}})
    assert said(home.find("ghcr.io")) == ("mine", "x")
    assert said(home.find("ghcr.io", "me/other")) == ("me", "pass:word")


@pytest.mark.parametrize(
    ("path", "variable", "content"),
    [
        (".docker/config.json", None, None),
        ("d/config.json", "DOCKER_CONFIG", "d"),
        ("auth.json", "REGISTRY_AUTH_FILE", "auth.json"),
        ("run/containers/auth.json", None, None),
        (".config/containers/auth.json", None, None),
        ("c/containers/auth.json", "XDG_CONFIG_HOME", "c"),
    ],
)
def test_credentials_may_be_in_several_places(
    home: Home, path: str, variable: str | None, content: str | None
) -> None:
    """Docker's, podman's, and those that variables name."""
    home.write({"auths": {"ghcr.io": {"auth": AUTH}}}, path)
    if variable is not None:
        home.environment[variable] = f"{home.environment['HOME']}/{content}"
    assert said(home.find("ghcr.io"))[0] == "me"


def test_the_next_file_is_looked_at_where_one_has_none(home: Home) -> None:
    """Docker's comes first."""
    home.write({"auths": {"quay.io": {"auth": AUTH}}})
    home.write({"auths": {"ghcr.io": {"auth": AUTH}}}, ".config/containers/auth.json")
    assert said(home.find("ghcr.io"))[0] == "me"


def test_without_any_file_it_is_said_where_one_would_be(home: Home) -> None:
    """So that whoever thought they had one can look."""
    assert ".docker/config.json" in why(home.find("ghcr.io"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "not JSON"),
        ({"auths": []}, "a list where an object is wanted"),
        ({"auths": {"ghcr.io": {"auth": "%"}}}, "not base64"),
        ({"auths": {"ghcr.io": {"auth": "bWU="}}}, "not a user and a password"),
        ({"auths": {"ghcr.io": {"auth": b64encode(b"\xff:").decode()}}}, "not a user and"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(home: Home, content: Any, reason: str) -> None:
    """To go on as nobody would be harder to understand."""
    path = home.write(content)
    with pytest.raises(InputError, match=reason) as caught:
        home.find("ghcr.io")
    assert str(path) in str(caught.value)


def test_headers_go_with_a_credential(home: Home) -> None:
    """Not those that a request has itself, nor what could be two."""
    headers = {"X-Meta": "it", "Authorization": "Basic x", "X-Two": "a\r\nb", "X Y": "z"}
    home.write({"auths": {"ghcr.io": {"auth": AUTH}}, "HttpHeaders": headers})
    assert home.find("ghcr.io").headers == (("X-Meta", "it"),)
    assert home.find("quay.io").headers == ()


def test_this_machines_files_are_looked_at(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody says otherwise."""
    home.write({"auths": {"ghcr.io": {"auth": AUTH}}})
    for name, text in home.environment.items():
        monkeypatch.setenv(name, text)
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    assert said(docker_keychain("ghcr.io", "me/app"))[0] == "me"


def test_a_helper_is_asked_for_its_registry(home: Home, helper: Path) -> None:
    """By the name that it is known by in the file."""
    answer = '{"ServerURL":"x","Username":"me","Secret":"\'$server\'"}'
    script(helper, f"test $1 = get && read server; printf '%s' '{answer}'")
    home.write({"credHelpers": {"ghcr.io": "it.s_-1"}, "auths": {"ghcr.io": {"auth": AUTH}}})
    assert said(home.find("ghcr.io")) == ("me", "ghcr.io")
    assert "docker-credential-it.s_-1" in str(home.find("ghcr.io"))


def test_a_store_is_asked_for_everything(home: Home, helper: Path) -> None:
    """For Docker Hub by the name that docker has for it."""
    script(helper, 'read server; echo "{\\"Username\\":\\"me\\",\\"Secret\\":\\"$server\\"}"')
    home.write({"credsStore": "it.s_-1"})
    assert said(home.find("quay.io")) == ("me", "quay.io")
    assert said(home.find(HUB)) == ("me", "https://index.docker.io/v1/")


def test_a_store_is_not_asked_for_what_a_helper_has(home: Home, helper: Path) -> None:
    """It may want a person to unlock it; nor does it matter what else is in the file."""
    script(helper, """read server; echo '{"Username":"me","Secret":"s"}'; echo . >> "$0.asked" """)
    home.write(
        {"credHelpers": {"ghcr.io": "it.s_-1"}, "credsStore": "it.s_-1", "auths": {"ghcr.io": 1}}
    )
    assert said(home.find("ghcr.io")) == ("me", "s")
    assert Path(f"{helper}.asked").read_text() == ".\n"


def test_what_a_store_does_not_have_may_be_written_down(home: Home, helper: Path) -> None:
    """As docker itself looks for it."""
    script(helper, "echo credentials not found in native keychain; exit 1")
    home.write({"credsStore": "it.s_-1", "auths": {"ghcr.io": {"auth": AUTH}}})
    assert said(home.find("ghcr.io"))[0] == "me"
    assert "docker-credential-it.s_-1 has none for quay.io" in why(home.find("quay.io"))


def test_a_helper_may_have_an_identity_token(helper: Path) -> None:
    """It says so by the name of the user."""
    script(helper, """cat > /dev/null; echo '{"Username":"<token>","Secret":"t"}'""")
    assert isinstance(ask_helper("it.s_-1", "ghcr.io"), IdentityToken)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("cat > /dev/null; echo nonsense", "cannot be read"),
        ("cat > /dev/null; echo '{}'", "has none for ghcr.io"),
        ("cat > /dev/null; exit 3", "has none for ghcr.io"),
        ("cat > /dev/null; head -c 100000 /dev/zero", "does not answer as it should"),
    ],
)
def test_a_helper_that_fails_has_no_credential(helper: Path, text: str, reason: str) -> None:
    """It is said of it why, should one be needed."""
    script(helper, text)
    assert reason in why(ask_helper("it.s_-1", "ghcr.io"))


def test_a_helper_that_does_not_answer_is_not_waited_for(helper: Path) -> None:
    """It may wait for somebody who is not there."""
    script(helper, "exec sleep 30")
    started = time.monotonic()
    assert "does not answer" in why(ask_helper("it.s_-1", "ghcr.io", seconds=0.2))
    assert time.monotonic() - started < 5


def test_a_helper_that_is_no_program_is_told(helper: Path) -> None:
    """As one that was copied from another machine."""
    helper.write_bytes(b"\x7fELF nothing")
    helper.chmod(0o755)
    assert "cannot be run" in why(ask_helper("it.s_-1", "ghcr.io"))


def test_a_helper_that_is_not_there_is_told() -> None:
    """As where a configuration came from another machine."""
    assert "docker-credential-nowhere is not installed" in why(ask_helper("nowhere", "ghcr.io"))


@pytest.mark.parametrize("name", ["../../bin/sh", "", "a b", "a;b", "a\n"])
def test_a_helpers_name_is_a_name(name: str) -> None:
    """Never a path, nor a command."""
    assert "cannot be a credential helper's name" in why(ask_helper(name, "ghcr.io"))

# SPDX-License-Identifier: Apache-2.0
"""Commands on images: no secret is typed, transfers are watched, refusals have cosign's codes."""

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from time import sleep

import pytest

from keyless.cli import output, run
from keyless.cli.image_options import RegistryWords, registry_options
from keyless.cli.transfer_bar import LINE, TransferBar
from keyless.errors import (
    Check,
    ImageNotFound,
    InputError,
    KeylessError,
    NoMatchingSignature,
    NoSignatures,
    ParseError,
    Rejected,
    VerificationError,
)
from keyless.images.transfer import Step
from keyless.sandbox import Sandbox
from keyless.sandbox.registry import Basic
from keyless.services.registry_credentials import Anonymous, Password
from tests.cli.test_output import LONG_ENOUGH, Terminal

SECRET = "hunter2"  # noqa: S105 - what nobody may see
TYPED = [
    ["--password", SECRET],
    [f"--password={SECRET}"],
    ["-p", SECRET],
    [f"-p{SECRET}"],
    ["--src-creds", f"me:{SECRET}"],
    [f"--registry-password={SECRET}"],
    ["--registry-token", SECRET],
]
EVERY = ["sign", "attest", "verify", "verify-attestation", "tree", "ls", "copy", "save", "load"]
EVERY += ["attach", "generate", "triangulate", "clean"]
MIB = 1 << 20


def words(**given: object) -> RegistryWords:
    """Return what a command was told of registries."""
    told = dict.fromkeys(("ca", "repository", "username", "password_file", "registry"))
    plain = {"insecure": False, "insecure_registry": None, "password_stdin": False}
    plain["token_server"] = None
    return RegistryWords(**{**told, **plain, **given})


def step(done: int, total: int) -> Step:
    """Say how far a transfer has come."""
    return Step(name="sha256:00", state="moving", done=done, total=total)


@pytest.mark.parametrize("typed", TYPED, ids=lambda typed: typed[0])
def test_a_password_that_was_typed_is_not_repeated(
    typed: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """It is in the shell's history already; a log of CI need not have it as well."""
    assert run(["image", "tree", "localhost:5000/app", *typed]) == output.MISUSED
    said = capsys.readouterr()
    assert "a password is not typed" in said.err
    assert SECRET not in said.err + said.out


@pytest.mark.parametrize("command", EVERY)
def test_no_command_takes_a_typed_password(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each looks for one before anything else."""
    assert run(["image", command, f"--password={SECRET}"]) == output.MISUSED
    assert "a password is not typed" in capsys.readouterr().err


def test_a_password_is_for_one_registry_alone(tmp_path: Path) -> None:
    """Another one gets what docker knows, which is nothing here."""
    kept = tmp_path / "password"
    kept.write_text(f"{SECRET}\n")
    options = registry_options(
        words(username="me", password_file=str(kept)), "ghcr.io/me/app:1.2", "oci:app.tar"
    )
    assert options.credentials is not None
    assert options.credentials("ghcr.io", "me/app") == Password(
        user="me", secret=SECRET, source="your options"
    )
    assert isinstance(options.credentials("ghcr.io.example", "me/app"), Anonymous)


def test_a_password_for_a_named_registry(tmp_path: Path) -> None:
    """Docker Hub has two names, and they are one."""
    kept = tmp_path / "password"
    kept.write_text(SECRET)
    given = words(username="me", password_file=str(kept), registry="docker.io")
    options = registry_options(given, "registry.example/me/app", "me/app")
    assert options.credentials is not None
    assert isinstance(options.credentials("index.docker.io", "me/app"), Password)
    assert isinstance(options.credentials("registry.example", "me/app"), Anonymous)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"username": "me"}, "has a password"),
        ({"registry": "ghcr.io"}, "has a password"),
        ({"username": "me", "password_file": "{}"}, "ghcr.io or quay.io"),
        ({"username": "me", "password_file": "{}", "password_stdin": True}, "give one"),
        ({"username": "me", "password_file": "/dev/null", "registry": "ghcr.io"}, "no"),
    ],
    ids=["no password", "no username", "two registries", "two passwords", "nothing"],
)
def test_a_password_that_is_unclear_is_refused(
    given: dict[str, object], why: str, tmp_path: Path
) -> None:
    """Nobody gets one that was meant for somebody else."""
    kept = tmp_path / "password"
    kept.write_text(SECRET)
    told = {name: str(kept) if text == "{}" else text for name, text in given.items()}
    if told.get("password_stdin"):
        told["registry"] = "ghcr.io"
    with pytest.raises(InputError, match=why):
        registry_options(words(**told), "ghcr.io/me/app", "quay.io/me/app")


def test_one_registry_is_spoken_to_in_the_clear() -> None:
    """A password for another is not told to whoever listens."""
    assert registry_options(words(insecure=True), "a.example/app").insecure == ("a.example",)
    both = ("a.example/app", "b.example/app")
    named = registry_options(words(insecure_registry=["b.example"]), *both)
    assert named.insecure == ("b.example",)
    with pytest.raises(InputError, match=r"in the clear: a\.example or b\.example\?"):
        registry_options(words(insecure=True), *both)


def test_no_registry_is_spoken_to_in_the_clear_unless_asked() -> None:
    """Nor has a layout one."""
    assert registry_options(words(), "a.example/app").insecure == ()
    with pytest.raises(InputError, match="none of these"):
        registry_options(words(insecure=True), "oci:app.tar")


def test_a_password_is_read_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `docker login` reads it, without the end of the line."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"{SECRET}\r\n".encode())))
    options = registry_options(words(username="me", password_stdin=True), "ghcr.io/me/app")
    assert options.credentials is not None
    credential = options.credentials("ghcr.io", "me/app")
    assert isinstance(credential, Password)
    assert credential.secret == SECRET


def test_a_transfer_is_watched_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bar appears after a while, and is gone in the end."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with TransferBar() as bar:
        bar.tell(step(64 * MIB, 256 * MIB))
        assert terminal.getvalue() == ""
        sleep(LONG_ENOUGH)
        bar.tell(step(128 * MIB, 256 * MIB))
        shown = terminal.getvalue()
    assert shown.strip() == f"keyless: [{'#' * 15}{'-' * 15}]  128 of 256 MiB"
    assert terminal.getvalue() == f"{shown}\r{'':{LINE}}\r"


def test_a_transfer_that_is_over_at_once_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does one that nobody watches."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with TransferBar() as bar:
        bar.tell(step(0, 0))
    assert terminal.getvalue() == ""


def test_a_transfer_of_nothing_can_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of no bytes none is done."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with TransferBar() as bar:
        sleep(LONG_ENOUGH)
        bar.tell(step(0, 0))
    assert "0 of 0 bytes" in terminal.getvalue()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NoSignatures("a", check=Check.SIGNATURE), 10),
        (ImageNotFound("a"), 11),
        (NoMatchingSignature("a", check=Check.POLICY), 12),
    ],
    ids=["no signature", "no image", "none as asked for"],
)
def test_refusals_of_images_are_counted_as_cosign_does(error: KeylessError, code: int) -> None:
    """Scripts that call one of the two can call the other."""
    assert output.exit_code(error) == code


def test_every_reason_is_told_on_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """And shown safely, wherever it came from."""
    error = NoMatchingSignature("none", check=Check.POLICY, found="all in one", wanted="alice")
    refusal = VerificationError("by bob", check=Check.POLICY)
    error.rejected = (
        Rejected(location="tag \x1b", error=refusal),
        Rejected(location="referrer", error=ParseError("not JSON")),
    )
    output.complain(error)
    assert capsys.readouterr().err == (
        "keyless: error: none\n"
        "  check   policy\n"
        "  found   tag \\x1b: by bob\n"
        "  found   referrer: not JSON\n"
        "  wanted  alice\n"
    )


def test_a_password_that_was_given_opens_its_registry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And without it the error says how one is given."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    kept = tmp_path / "password"
    kept.write_text(SECRET)
    sandbox = Sandbox()
    with sandbox.serve():
        image = sandbox.push_image("me/app:1.0")
        sandbox.registry.access = Basic(users={"me": SECRET})
        assert run(["image", "tree", image]) == output.FAILED
        refused = capsys.readouterr()
        given = ["--username", "me", "--password-file", str(kept)]
        assert run(["image", "tree", image, *given]) == output.DONE
    assert "docker login" in refused.err
    assert image in capsys.readouterr().out

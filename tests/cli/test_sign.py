# SPDX-License-Identifier: Apache-2.0
"""Signing as a person does it: told beforehand, interrupted, with things that change meanwhile."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import keyless
from keyless import files
from keyless.cli import output, run
from keyless.cli.artifacts import Artifact
from keyless.cli.places import places_for
from keyless.cli.signing_outcomes import SigningOutcome, complain_of_all, one_code
from keyless.cli.signing_run import SigningRun, SignOptions
from keyless.errors import ServiceError
from keyless.protocol.digest import Digest
from keyless.sandbox import Sandbox
from keyless.sandbox.faults import Slow, Status
from keyless.sandbox.served import Served
from keyless.services.http import Request, Response, Transport
from tests.instances import NOON, Wire, nothing_logged, on


class Terminal(io.StringIO):
    """A stderr that somebody watches."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.fixture(name="sandbox")
def _sandbox() -> Sandbox:
    return Sandbox()


@pytest.fixture(name="served")
def _served(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """The sandbox on this machine's loopback interface, where Alice has a token for it."""
    token = sandbox.token("alice@example.com", lifetime=timedelta(hours=1))
    monkeypatch.setenv("SIGSTORE_ID_TOKEN", token)
    monkeypatch.setenv("KEYLESS_OFFLINE", "1")
    with sandbox.serve(tmp_path / "sandbox") as served:
        yield served


@pytest.fixture(name="artifact")
def _artifact(tmp_path: Path) -> Path:
    path = tmp_path / "app.txt"
    path.write_bytes(b"hello\n")
    return path


# Told beforehand


@pytest.mark.parametrize("verb", ["sign", "attest"])
def test_a_person_is_told_before_anything_becomes_public(
    verb: str,
    sandbox: Sandbox,
    served: Served,
    artifact: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever watches reads who will be named, and where, before the authority hears of it."""
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    predicate = artifact.with_name("predicate.json")
    predicate.write_text('{"ok": true}')
    said = ["--predicate", str(predicate), "--type", "custom"] if verb == "attest" else []
    with nothing_logged(sandbox), sandbox.inject("fulcio", Status(code=403)):
        assert run([verb, str(artifact), *said, "--trust-config", served.trust_config()]) == 3
    words = terminal.getvalue()
    told, failed = words.index("signing makes this public, for ever"), words.index("error")
    assert told < failed
    assert "alice@example.com" in words[told:failed]
    assert words.count("signing makes this public") == 1


@pytest.mark.usefixtures("served")
def test_of_many_artifacts_the_first_is_told(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody reads a thousand digests; --dry-run has all of them."""
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    paths = [tmp_path / name for name in "abc"]
    for path in paths:
        path.write_text(path.name)
    assert run(["sign", *map(str, paths), "--trust-config", served.trust_config()]) == 0
    words = terminal.getvalue()
    assert str(Digest.of(b"a")) in words
    assert str(Digest.of(b"b")) not in words
    assert "the digests of 2 more" in words


def test_all_of_many_artifacts_can_be_told(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dry run names every digest, and signs nothing."""
    paths = [tmp_path / name for name in "abc"]
    for path in paths:
        path.write_text(path.name)
    arguments = ["sign", *map(str, paths), "--dry-run", "--trust-config", served.trust_config()]
    assert run(arguments) == 0
    words = capsys.readouterr().out
    assert all(str(Digest.of(name.encode())) in words for name in "abc")
    assert not list(tmp_path.glob("*.sigstore.json"))


def test_a_script_is_told_nothing_that_it_did_not_ask(
    served: Served, artifact: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nobody watches, stderr is for what went wrong."""
    assert run(["sign", str(artifact), "--trust-config", served.trust_config()]) == 0
    assert capsys.readouterr().err == ""


# Interrupted


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
def test_ctrl_c_leaves_whole_bundles_and_says_how_to_go_on(
    sandbox: Sandbox, served: Served, tmp_path: Path
) -> None:
    """What was signed is kept, nothing is unfinished, and --resume signs the rest."""
    folder = tmp_path / "dist"
    folder.mkdir()
    paths = [folder / f"{number:03}.whl" for number in range(100)]
    for path in paths:
        path.write_text(path.name)
    words = ["sign", *map(str, paths), "--resume", "--trust-config", served.trust_config()]
    with sandbox.inject("rekor_v1", Slow(seconds=0.2)):
        process = _started(words)
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        sent = time.monotonic()
        _, said = process.communicate(timeout=30)
    assert time.monotonic() - sent < 5
    assert process.returncode == 130
    assert "of 100 are signed, --resume signs the others" in said
    made = [path for path in folder.iterdir() if path.suffix != ".whl"]
    assert 1 <= len(made) < 100
    for path in made:
        files.read_bundle(path)
    assert run(words) == 0
    assert len(list(folder.glob("*.sigstore.json"))) == 100


# What changes meanwhile


def test_a_file_that_changed_since_it_was_listed_gets_no_bundle(tmp_path: Path) -> None:
    """It was as listed when it was looked at, and another when it was signed."""
    path = tmp_path / "app.txt"
    path.write_text("listed")
    artifact = Artifact(name=str(path), source=str(path), listed=Digest.of(b"listed"))

    def change(request: Request, transport: Transport) -> Response:
        path.write_text("changed")
        return transport(request)

    (outcome,) = _signed_meanwhile([artifact], "fulcio", change)
    assert outcome.error is not None
    assert "it was signed and logged, but its bundle was not kept" in outcome.error.message
    assert "not the one that is listed" in outcome.error.message
    assert list(tmp_path.iterdir()) == [path]


def test_what_was_signed_and_cannot_be_kept_is_said_to_be_public(tmp_path: Path) -> None:
    """The folder was there when it was looked at, and gone when there was a bundle for it."""
    path, folder = tmp_path / "app.txt", tmp_path / "proofs"
    path.write_text("hello")
    folder.mkdir()

    def remove(request: Request, transport: Transport) -> Response:
        folder.rmdir()
        return transport(request)

    artifact = Artifact(name=str(path), source=str(path))
    (outcome,) = _signed_meanwhile([artifact], "rekor", remove, folder=str(folder))
    assert outcome.error is not None
    assert "it was signed and logged, but its bundle was not kept" in outcome.error.message
    assert "sign it again" in str(outcome.error.hint)
    assert (outcome.word, outcome.code, outcome.bundle) == ("failed", output.MISUSED, None)
    assert list(tmp_path.iterdir()) == [path]


# What went wrong


def test_what_went_wrong_with_many_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    """A log that is away is one trouble, not a thousand."""
    outcomes = [
        SigningOutcome(file=f"{number}.whl", error=ServiceError("the log is away", service="log"))
        for number in range(8)
    ]
    complain_of_all(outcomes)
    assert capsys.readouterr().err == (
        "keyless: error: 0.whl: the log is away\n"
        "keyless: the same happened to 1.whl, 2.whl, 3.whl, 4.whl, 5.whl and 2 more\n"
    )
    assert one_code(outcomes) == output.FAILED


def test_no_files_are_signed_where_the_log_fails(tmp_path: Path) -> None:
    """Each of them says which service failed, in the order in which they were named."""
    artifacts = []
    for name in "cab":
        (tmp_path / name).write_text(name)
        artifacts.append(Artifact(name=str(tmp_path / name), source=str(tmp_path / name)))

    def refuse(_: Request, __: Transport) -> Response:
        return Response(status=403, body=b"not today")

    outcomes = _signed_meanwhile(artifacts, "rekor", refuse)
    assert [Path(outcome.file).name for outcome in outcomes] == ["c", "a", "b"]
    assert all(isinstance(outcome.error, ServiceError) for outcome in outcomes)
    assert one_code(outcomes) == output.FAILED
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c"]


def _signed_meanwhile(
    artifacts: list[Artifact], host: str, answer: object, *, folder: str | None = None
) -> list[SigningOutcome]:
    """Sign *artifacts* in a sandbox where *answer* answers for *host*."""
    sandbox = Sandbox(NOON)
    wire = Wire(sandbox)
    wire.bend(host, answer)  # type: ignore[arg-type]  # as it is given
    options = SignOptions(checksums=None, resume=False, overwrite=False, json=False)
    places = places_for([artifact.name for artifact in artifacts], folder=folder)
    return SigningRun(options, artifacts, places).sign(
        sandbox.identity("alice@example.com"), on(sandbox, rekor=1, transport=wire)
    )


def _started(words: list[str]) -> subprocess.Popen[str]:
    """Start the command *words* in an interpreter of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "keyless", *words],
        env={**os.environ, "PYTHONPATH": str(Path(keyless.__file__).parents[1])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

# SPDX-License-Identifier: Apache-2.0
"""The commands that read the log, where a session in a shell would not do."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import keyless
from keyless.cli import run
from keyless.cli.output import DONE, FAILED, MISUSED, REFUSED
from keyless.sandbox.faults import WrongType
from keyless.sandbox.log_lies import BAD_PROOF, FORKED_TREE
from keyless.sandbox.served import Served


@pytest.fixture(scope="module")
def sandbox() -> Iterator[tuple[keyless.Sandbox, Served]]:
    """A sandbox that is served, with three entries in its log."""
    sandbox = keyless.Sandbox()
    with sandbox.serve() as served:
        for number in range(3):
            identity = sandbox.identity("alice@example.com")
            keyless.sign(b"%d" % number, identity, sigstore=sandbox.sigstore)
        yield sandbox, served


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYLESS_OFFLINE", "1")


def there(served: Served) -> list[str]:
    """Return the words that name the instance."""
    return ["--trust-config", str(Path(served.directory) / "client_trust_config.json")]


def test_a_lie_of_the_logs_is_a_refusal(
    sandbox: tuple[keyless.Sandbox, Served], capsys: pytest.CaptureFixture[str]
) -> None:
    """And prints nothing that could be taken for an entry."""
    party, served = sandbox
    with party.inject("rekor_v1", BAD_PROOF):
        assert run(["log", "get", "1", "--json", *there(served)]) == REFUSED
    answer = capsys.readouterr()
    document = json.loads(answer.out)
    assert document["entry"] is None
    assert document["error"]["check"] == "inclusion proof"
    assert "leads to another root than the signed one" in answer.err


def test_a_page_in_place_of_an_answer_is_a_failure(
    sandbox: tuple[keyless.Sandbox, Served], capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the log's."""
    party, served = sandbox
    with party.inject("rekor_v1", WrongType()):
        assert run(["log", "head", *there(served)]) == FAILED
    assert "gave an answer that cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_a_split_view_is_refused_and_both_checkpoints_are_kept(
    sandbox: tuple[keyless.Sandbox, Served],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    *,
    as_json: bool,
) -> None:
    """They are printed, as they were signed, for others to see."""
    party, served = sandbox
    assert run(["log", "head", "--note", *there(served)]) == DONE
    old = tmp_path / "old.txt"
    old.write_bytes(capsys.readouterr().out.encode())
    keyless.sign(b"more", party.identity("alice@example.com"), sigstore=party.sigstore)
    words = [str(old), *there(served), *(["--json"] if as_json else [])]
    with party.inject("rekor_v1", FORKED_TREE):
        assert run(["log", "consistency", *words]) == REFUSED
    answer = capsys.readouterr()
    assert "does not show that its tree" in answer.err
    if as_json:
        document = json.loads(answer.out)
        assert document["consistent"] is False
        assert document["error"]["older"] == old.read_text()
        assert document["error"]["newer"] != document["error"]["older"]
        assert document["error"]["check"] == "log consistency"
    else:
        assert answer.out.startswith(f"older:\n{old.read_text()}")
        assert "\nnewer:\n" in answer.out


@pytest.mark.parametrize("command", ["get 99", "head", "find --email a@b.example", "consistency x"])
def test_json_says_what_went_wrong(
    sandbox: tuple[keyless.Sandbox, Served], capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """In a document with the same members as ever: programs read no stderr."""
    code = run(["log", *command.split(), "--log", "elsewhere", "--json", *there(sandbox[1])])
    document = json.loads(capsys.readouterr().out)
    assert code == MISUSED
    assert document["error"]["error"] == "no log is called elsewhere"
    assert not any(document[name] for name in {"entry", "entries", "head"} & {*document})


def test_two_ways_to_name_the_instance_are_one_too_many(
    sandbox: tuple[keyless.Sandbox, Served], capsys: pytest.CaptureFixture[str]
) -> None:
    """Which of them counts would be a guess."""
    words = ["log", "head", "--instance", "staging", *there(sandbox[1])]
    assert run(words) == MISUSED
    assert "so does --instance: give one" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--trust-config", "--trusted-root"])
def test_a_file_that_says_nothing_of_trust_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    """By its name."""
    path = tmp_path / "junk.json"
    path.write_text("[]")
    assert run(["log", "get", "0", option, str(path)]) == MISUSED
    assert "junk.json does not say whom to trust" in capsys.readouterr().err


def test_a_checkpoint_that_is_no_text_is_refused(
    sandbox: tuple[keyless.Sandbox, Served], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And one that is no checkpoint."""
    path = tmp_path / "junk.txt"
    path.write_bytes(b"\xff")
    assert run(["log", "consistency", str(path), *there(sandbox[1])]) == MISUSED
    assert "is no checkpoint: it is not UTF-8" in capsys.readouterr().err
    path.write_bytes(b"junk")
    assert run(["log", "consistency", str(path), *there(sandbox[1])]) == REFUSED
    assert "not a checkpoint" in capsys.readouterr().err

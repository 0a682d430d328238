# SPDX-License-Identifier: Apache-2.0
"""Reading a log on by the command: what it prints, what it keeps, and how it ends."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from keyless.cli import output, run
from keyless.protocol.checkpoint import cosignature_key_id
from keyless.protocol.encoding import b64encode
from keyless.sandbox.faults import Lie, Party, Status
from keyless.sandbox.log_lies import FORKED_TREE
from keyless.sandbox.note_writer import Witness
from keyless.sandbox.tile_lies import EXCHANGED_ENTRIES
from keyless.services.http import Request, Response
from tests.explorer.logs import ALICE, ISSUER, Scene

HERS = ("--identity", ALICE, "--issuer", ISSUER)


class Typed:
    """Somebody who types commands about the logs of a scene, which is served."""

    def __init__(self, scene: Scene, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.scene = scene
        self.position = str(folder / "position.json")
        self.trust = str(folder / "sandbox" / "trusted_root.json")
        self._capsys = capsys

    def __call__(self, *words: str) -> tuple[int, str, str]:
        """Type a command; return its exit code, what it said, and what it told."""
        command = " ".join(words[:2])
        log = () if {"--log", "--rekor"} & {*words} else ("--log", self.v2)
        self._capsys.readouterr()
        code = run([*words, "--trusted-root", self.trust, *(log if "tail" not in command else ())])
        said = self._capsys.readouterr()
        return code, said.out, said.err

    def watch(self, *words: str) -> tuple[int, str, str]:
        """Look for Alice's entries since the last time."""
        return self("log", "watch", "--since", self.position, *HERS, *words)

    @property
    def v2(self) -> str:
        """What the log of version 2 is called."""
        return self.scene.sandbox.core.urls.log_v2.partition("//")[2]


@pytest.fixture(name="typed")
def _typed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Typed]:
    scene = Scene(300, alice=100)
    with scene.sandbox.serve(tmp_path / "sandbox"):
        yield Typed(scene, tmp_path, capsys)


def test_watching_begins_now(typed: Typed) -> None:
    """And goes on from there; a match is no failure unless it is asked to be."""
    code, said, told = typed.watch("--fail-on-match")
    assert (code, said) == (output.DONE, "")
    assert told.endswith("nothing of before was looked at\nkeyless: new entries that match: 0\n")
    typed.scene.grow(200, alice=100)
    code, said, told = typed.watch()
    assert code == output.DONE
    assert told == "keyless: new entries that match: 2\n"
    assert said.count(ALICE) >= 2
    assert typed.watch() == (0, "", "keyless: new entries that match: 0\n")


def test_a_log_that_has_ended_is_told(typed: Typed) -> None:
    """Whoever watches one log by its name would wait for ever; all of a version go on."""
    trust = json.loads(Path(typed.trust).read_bytes())
    trust["tlogs"][-1]["publicKey"]["validFor"]["end"] = "2025-06-01T00:00:00Z"
    Path(typed.trust).write_text(json.dumps(trust), encoding="utf-8")
    _, _, told = typed.watch("--log", typed.v2)
    assert f"keyless: {typed.v2} has ended: nothing comes there since 2025-06-01" in told
    _, _, told = typed.watch("--rekor", "2")
    assert "has ended" not in told


def test_a_match_fails_where_it_is_to(typed: Typed) -> None:
    """Once: the next time it is not new."""
    typed.watch()
    typed.scene.grow(100, alice=100)
    assert typed.watch("--fail-on-match")[0] == output.REFUSED
    assert typed.watch("--fail-on-match")[0] == output.DONE


def test_watching_can_begin_with_the_first_entry(typed: Typed) -> None:
    """But only where it has not begun before."""
    code, said, _ = typed.watch("--from-start", "--jsonl")
    assert code == output.DONE
    assert [json.loads(line)["index"] for line in said.splitlines()] == [99, 199, 299]
    assert typed.watch("--from-start")[1] == ""


def test_one_document_says_all(typed: Typed) -> None:
    """Entries as `get --json` has them."""
    code, said, _ = typed.watch("--from-start", "--json")
    document = json.loads(said)
    assert (code, document["keyless"], document["error"]) == (output.DONE, 1, None)
    assert document["matches"] == 3
    assert [entry["index"] for entry in document["entries"]] == [99, 199, 299]
    assert {entry["signer"]["identity"] for entry in document["entries"]} == {ALICE}
    assert all(entry["verified"] for entry in document["entries"])


def test_a_fork_is_refused_and_both_checkpoints_are_told(typed: Typed) -> None:
    """They are the evidence, and the position stays where it was."""
    typed.watch()
    before = Path(typed.position).read_bytes()
    seen = typed.scene.log.checkpoint()
    typed.scene.grow(100, alice=100)
    with typed.scene.sandbox.inject("rekor_v2", FORKED_TREE):
        code, said, told = typed.watch("--json")
    document = json.loads(said)
    assert (code, document["entries"]) == (output.REFUSED, [])
    assert document["error"]["check"] == "log consistency"
    assert document["error"]["older"] == seen
    assert document["error"]["newer"].split("\n")[1] == "400"
    assert "keyless: the older checkpoint:\n  127.0.0.1\n  300\n" in told
    assert "does not show that its tree of 400 entries grew" in told
    assert json.loads(before)["trees"] == json.loads(Path(typed.position).read_bytes())["trees"]


def test_a_log_that_fails_is_a_failure(typed: Typed) -> None:
    """Not a match, and not a refusal: a job can tell them apart."""
    typed.watch()
    with typed.scene.sandbox.inject("rekor_v2", Status(code=404)):
        code, _, told = typed.watch("--fail-on-match")
    assert code == output.FAILED
    assert "answered 404" in told


def test_a_damaged_position_is_misuse(typed: Typed) -> None:
    """It is not read past."""
    Path(typed.position).write_text("{}")
    code, _, told = typed.watch("--from-start")
    assert code == output.MISUSED
    assert "holds no position in a log" in told


def key_of(witness: Witness) -> str:
    """Write a witness as it publishes itself."""
    hint = cosignature_key_id(witness.name, witness.key)[:4].hex()
    return f"{witness.name}+{hint}+{b64encode(bytes((4,)) + witness.key.spki[-32:])}"


def test_witnesses_are_told(typed: Typed) -> None:
    """And demanded: as many as a quorum says, or all of them."""
    seen, stranger = Witness("w.example"), Witness("x.example")
    typed.scene.log.witnesses = (seen,)
    both = ("--witness", key_of(seen), "--witness", key_of(stranger))
    code, _, told = typed.watch(*both, "--quorum", "1")
    assert code == output.DONE
    assert "keyless: seen by the witness w.example at 2025-" in told
    code, _, told = typed.watch(*both)
    assert code == output.REFUSED
    assert "1 of the 2 witnesses wanted have seen this checkpoint" in told


def test_the_head_says_who_has_seen_it(typed: Typed) -> None:
    """Where that is asked."""
    seen, stranger = Witness("w.example"), Witness("x.example")
    typed.scene.log.witnesses = (seen,)
    code, said, _ = typed("log", "head", "--witness", key_of(seen))
    assert code == output.DONE
    assert "seen by the witness w.example at 2025-" in said
    _, said, _ = typed("log", "head", "--witness", key_of(seen), "--json")
    assert json.loads(said)["head"]["cosignatures"][0]["witness"] == "w.example"
    code, said, told = typed("log", "head", "--witness", key_of(stranger))
    assert (code, said) == (output.REFUSED, "")
    assert "0 of the 1 witnesses wanted" in told


def test_entries_that_cannot_be_read_are_told(typed: Typed) -> None:
    """A signer may be in one."""
    typed.watch()
    for _ in range(7):
        typed.scene.log.tree.append(b"\xff")
    _, _, told = typed.watch()
    assert "not all can be read of 7 entries: " in told
    assert "and 2 more" in told


def test_the_tail_shows_the_last_entries(typed: Typed) -> None:
    """Ten of them, or as many as are asked for, and whose they are."""
    code, said, _ = typed("log", "tail", "--jsonl", "--log", typed.v2)
    assert code == output.DONE
    assert [json.loads(line)["index"] for line in said.splitlines()] == list(range(290, 300))
    _, said, _ = typed("log", "tail", "-n", "150", "--jsonl", "--log", typed.v2, *HERS)
    assert [json.loads(line)["index"] for line in said.splitlines()] == [199, 299]
    _, said, _ = typed("log", "tail", "-n", "1", "--log", typed.v2)
    assert "299" in said


def test_the_tail_goes_on_with_what_comes(typed: Typed) -> None:
    """Each entry once, and those that come while it is read as well."""

    def grow(party: Party, request: Request) -> Response:
        if request.url.endswith("/checkpoint"):
            typed.scene.grow(2)
        return party.handle(request)

    grows = Lie(name="a log that grows when it is looked at", services=("rekor_v2",), tell=grow)
    words = ("-n", "2", "--follow", "--rounds", "1", "--jsonl", "--log", typed.v2)
    with typed.scene.sandbox.inject("rekor_v2", grows):
        code, said, _ = typed("log", "tail", *words)
    assert code == output.DONE
    shown = [json.loads(line)["index"] for line in said.splitlines()]
    assert shown == list(range(shown[0], len(typed.scene.log.tree)))


def test_the_tail_of_all_logs_is_that_of_version_1(typed: Typed) -> None:
    """Where there is one."""
    typed.scene.sandbox.core.log_v1.append(b'{"kind":"x"}')
    code, said, _ = typed("log", "tail", "--json")
    document = json.loads(said)
    assert code == output.DONE
    assert [entry["log"]["version"] for entry in document["entries"]] == [1]


def test_a_scan_finds_every_entry(typed: Typed) -> None:
    """And says under which checkpoint."""
    code, said, told = typed("log", "scan", "--workers", "1", "--json", *HERS)
    document = json.loads(said)
    assert code == output.DONE
    assert [entry["index"] for entry in document["entries"]] == [99, 199, 299]
    assert document["checkpoint"].startswith("127.0.0.1\n300\n")
    assert document["range"] == [0, 300]
    assert told == f"keyless: 3 of 300 entries of {typed.v2} match\n"


def test_a_scan_reads_a_part(typed: Typed) -> None:
    """From an index, up to another."""
    for text, found in (("100:200", [199]), (":100", [99]), ("200:", [299]), (":", [99, 199, 299])):
        words = ("--workers", "1", "--jsonl", "--range", text)
        _, said, _ = typed("log", "scan", *words, *HERS)
        assert [json.loads(line)["index"] for line in said.splitlines()] == found


def test_a_scan_is_done_by_many(typed: Typed) -> None:
    """Processes, each of which reads a part."""
    code, said, _ = typed("log", "scan", "--workers", "2", *HERS)
    assert code == output.DONE
    assert said.count(ALICE) >= 3


def test_a_scan_of_a_log_that_lies_is_refused(typed: Typed) -> None:
    """With the entries that are not what it signs, and nothing else."""
    with typed.scene.sandbox.inject("rekor_v2", EXCHANGED_ENTRIES):
        code, said, told = typed("log", "scan", "--workers", "1", *HERS)
    assert (code, said) == (output.REFUSED, "")
    assert "gave out as its entries 0 to 299 is not what it signs" in told


MISUSES: dict[str, tuple[tuple[str, ...], str]] = {
    "no issuer": (("log", "scan", "--identity", ALICE), "no --issuer was given"),
    "nobody": (("log", "tail", "--issuer", ISSUER), "an --issuer alone is nobody"),
    "no workers": (("log", "scan", "--workers", "0", *HERS), "--workers 0 is not a number"),
    "no range": (("log", "scan", "--range", "5", *HERS), "--range 5 is none, as 0:1000 is"),
    "no number": (("log", "tail", "-n", "-1"), "--number -1 is not a number"),
    "too often": (("log", "tail", "--seconds", "0"), "a log is not asked that often"),
    "no end": (("log", "tail", "--follow", "--json"), "--json is one document"),
    "two forms": (("log", "tail", "--json", "--jsonl"), "--json prints one document"),
    "no witnesses": (("log", "scan", "--quorum", "1", *HERS), "a --quorum of no witnesses"),
    "no witness": (("log", "scan", "--witness", "x", *HERS), "not a verifier key"),
}


@pytest.mark.parametrize("misuse", MISUSES)
def test_misuse_is_said(typed: Typed, misuse: str) -> None:
    """Before anything is read."""
    words, reason = MISUSES[misuse]
    code, _, told = typed(*words)
    assert code == output.MISUSED
    assert reason in told


class Terminal(io.StringIO):
    """A stderr that somebody watches."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_how_far_it_has_come_is_shown_on_a_terminal(
    typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And taken away before anything else is said."""
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr(output, "SHORTEST_WAIT", 0.0)
    typed("log", "scan", "--workers", "1", *HERS)
    assert "\rkeyless: 300 of 300" in terminal.getvalue()
    assert terminal.getvalue().endswith(
        f"{output.BLANK}keyless: 3 of 300 entries of {typed.v2} match\n"
    )


def test_commands_explain_themselves(capsys: pytest.CaptureFixture[str]) -> None:
    """As all do."""
    for command in ("tail", "watch", "scan"):
        assert run(["log", command, "--help"]) == output.DONE
        assert "Exit codes: 0 " in capsys.readouterr().out

# SPDX-License-Identifier: Apache-2.0
"""How the command ends: the exit code and the words agree, and no traceback is ever shown."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import keyless
from keyless.cli import COMMANDS, run
from tests.cases import IDENTITY
from tests.shared_data import shared

ENDINGS = {
    "interrupted": (130, ""),
    "defective": (
        3,
        (
            "keyless: error: unexpected ZeroDivisionError: \\x1b[2J\n"
            "keyless: hint: this is a defect in keyless, and no verdict: please report it\n"
        ),
    ),
    "full": (3, "keyless: error: the system failed: [Errno 28] No space left on device\n"),
    "unserved": (3, "keyless: error: the log is away\nkeyless: hint: try again\n"),
    "untrusted": (3, "keyless: error: the trust is too old\n"),
    "anonymous": (3, "keyless: error: no identity could be had\n"),
}
# What `keyless verify` must not load: doors to other packages, and modules slower than a verdict.
HEAVY = {
    "asyncio",
    "concurrent.futures",
    "email",
    "importlib.metadata",
    "importlib.resources",
    "keyring",
    "logging",
    "pathlib",
    "pickle",
    "platformdirs",
    "requests",
    "rich",
    "shutil",
    "sigstore",
    "socket",
    "ssl",
    "subprocess",
    "tempfile",
    "tuf",
    "urllib3",
}


@pytest.mark.parametrize(("name", "ending"), ENDINGS.items(), ids=ENDINGS.keys())
def test_every_ending_has_its_code_and_its_words(
    name: str,
    ending: tuple[int, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whatever goes wrong, the code says what kind it is, and stderr what to do."""
    monkeypatch.setitem(COMMANDS, name, (f"tests.cli.commands:{name}", "fail"))
    assert (run([name]), capsys.readouterr().err) == ending


def test_every_command_in_the_table_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """Each name leads to a function that knows --help."""
    for name in COMMANDS:
        assert run([*name.split(), "--help"]) == 0
        assert capsys.readouterr().out.startswith(f"usage: keyless {name} ")


def test_what_a_terminal_cannot_show_is_escaped() -> None:
    """A name in a foreign script is no reason to fail under an ASCII locale."""
    done = _python(
        "from keyless.cli import COMMANDS, run;"
        "COMMANDS['spoken'] = ('tests.cli.commands:spoken', '');"
        "raise SystemExit(run(['spoken']))",
        PYTHONIOENCODING="ascii",
    )
    assert (done.returncode, done.stdout) == (0, b"\\u2026\n")


@pytest.mark.parametrize("command", [["--version"], ["trust", "export", "--offline"]])
def test_a_closed_stdout_is_no_reason_to_fail(command: Sequence[str]) -> None:
    """A script may close what it does not read."""
    done = _python(
        f"import sys; from keyless.cli import run; sys.stdout = None; sys.exit(run({command}))"
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("stderr", ["None", "open('/dev/full', 'w')"])
def test_an_error_nobody_can_be_told_of_stays_out_of_the_results(stderr: str) -> None:
    """With stderr closed or full, the exit code alone says what went wrong."""
    if stderr != "None" and not Path("/dev/full").exists():
        pytest.skip("/dev/full is Linux's own")
    done = _python(
        "import os, sys; from keyless.cli import run;"
        f"sys.stderr = {stderr}; code = run(['nothing']); sys.stdout.flush(); os._exit(code)"
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, b"", b"")


def test_a_verdict_loads_only_what_it_needs(verify: Sequence[str]) -> None:
    """Nothing slow is imported between the start of `keyless verify --offline` and its verdict."""
    done = _python(
        "import sys; from keyless.cli import run;"
        f"assert run({[*verify, '--offline']!r}) == 0;"
        "print('LOADED', *sys.modules)"
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.decode().partition("LOADED")[2].split())
    assert "keyless.verification" in loaded
    assert loaded & HEAVY == set()


def test_verify_as_json_is_one_document_of_a_stable_schema(
    verify: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every outcome has the same members, and null where there is nothing to say."""
    assert run([*verify, "/nowhere", "--json", "--offline"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert list(document) == ["keyless", "verdict", "error", "trust", "outcomes"]
    assert (document["keyless"], document["verdict"], document["error"]) == (1, "error", None)
    good, bad = document["outcomes"]
    assert list(good) == list(bad)
    assert good["verdict"] == "verified"
    assert good["error"] is good["check"] is good["found"] is good["wanted"] is good["hint"] is None
    assert good["digest"] == good["proof"]["artifact"]
    assert good["proof"]["signer"]["identity"] == IDENTITY
    assert (bad["file"], bad["verdict"], bad["proof"]) == ("/nowhere", "error", None)
    assert bad["error"] == "there is no file /nowhere"


def test_a_refusal_as_json_says_what_was_found_and_wanted(
    verify: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A machine learns of a refusal what a person would."""
    arguments = ["alice@example.com" if word == IDENTITY else word for word in verify]
    assert run([*arguments, "--json", "--offline"]) == 1
    printed = capsys.readouterr()
    (outcome,) = json.loads(printed.out)["outcomes"]
    assert printed.err == ""
    assert (outcome["verdict"], outcome["check"]) == ("refused", "policy")
    assert IDENTITY in outcome["found"]
    assert outcome["wanted"].startswith("alice@example.com")
    assert outcome["hint"]


def test_what_prevents_any_verdict_is_json_too(
    verify: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A machine that asked for JSON gets it, also when trust cannot be had."""
    assert run([*verify, "--json", "--trusted-root", "/nowhere"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert (document["verdict"], document["trust"], document["outcomes"]) == ("error", None, [])
    assert "/nowhere" in document["error"]["error"]


def test_inspect_as_json_says_that_nothing_is_verified(capsys: pytest.CaptureFixture[str]) -> None:
    """The same facts as in words, and a member that no program can overlook."""
    cases = shared("conformance/bundle-verify")
    expected = {
        "happy-path-v0.3": ("certificate", 1),
        "happy-path-intoto-in-dsse-v3": ("certificate", 1),
        "managed-key-happy-path": ("key_hint", 1),
    }
    for name, (signer, entries) in expected.items():
        assert run(["inspect", str(cases / name / "bundle.sigstore.json"), "--json"]) == 0
        document = json.loads(capsys.readouterr().out)
        assert document["verified"] is False
        assert document["signer"][signer] is not None
        assert len(document["entries"]) == entries


@pytest.fixture(name="verify")
def _verify(tmp_path: Path) -> list[str]:
    """Return the words that have one good file verified."""
    cases = shared("conformance/bundle-verify")
    artifact = tmp_path / "a.txt"
    artifact.write_bytes((cases / "a.txt").read_bytes())
    bundle = cases / "happy-path-v0.3" / "bundle.sigstore.json"
    Path(f"{artifact}.sigstore.json").write_bytes(bundle.read_bytes())
    return ["verify", str(artifact), "--identity", IDENTITY, "--issuer", "github-actions"]


def _python(program: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run *program* in an interpreter of its own, which finds the package and the tests."""
    paths = (Path(keyless.__file__).parents[1], Path(__file__).parents[2])
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), **environment},
        capture_output=True,
        check=False,
    )

# SPDX-License-Identifier: Apache-2.0
"""What pytest gets from keyless, in a project of somebody else's: each test runs one, elsewhere."""

import importlib
import tomllib
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import keyless

pytest_plugins = ["pytester"]

PLUGIN = "keyless.pytest_plugin"

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs pytest, in a process of its own, on a project of one file."""
    monkeypatch.setenv("PYTHONPATH", str(Path(keyless.__file__).parents[1]))
    # In a checkout that nobody has installed, pytest has to be told of the plugin.
    installed = any(it.value == PLUGIN for it in entry_points(group="pytest11"))
    named = () if installed else ("-p", PLUGIN)

    def run(source: str, *arguments: str) -> pytest.RunResult:
        pytester.makepyfile(source)
        return pytester.runpytest_subprocess(*named, *arguments)

    return run


def test_a_sandbox_is_there_by_its_name(run: Run) -> None:
    """There is nothing to import for it, and nothing to set up."""
    result = run(
        """
        import keyless

        ALICE = "alice@example.com"

        def test_release(sigstore_sandbox, tmp_path):
            path = tmp_path / "app.whl"
            path.write_bytes(b"an app")
            alice = sigstore_sandbox.identity(ALICE)
            signed = keyless.sign(path, identity=alice, sigstore=sigstore_sandbox.sigstore)
            assert signed.proof.signer.identity.text == ALICE
        """
    )
    result.assert_outcomes(passed=1)


def test_each_test_has_a_sandbox_of_its_own(run: Run) -> None:
    """What one has logged, the next one does not find."""
    result = run(
        """
        import keyless
        import pytest

        @pytest.mark.parametrize("which", ["first", "second"])
        def test_alone(sigstore_sandbox, which):
            assert len(sigstore_sandbox.core.log_v1.tree) == 0
            alice = sigstore_sandbox.identity("alice@example.com")
            keyless.sign(b"an app", identity=alice, sigstore=sigstore_sandbox.sigstore)
            assert len(sigstore_sandbox.core.log_v1.tree) == 1
        """
    )
    result.assert_outcomes(passed=2)


def test_other_programs_reach_the_sandbox_of_a_test_that_serves_it(run: Run) -> None:
    """It is the same that the test has in its own process, and gone when the test is over."""
    result = run(
        """
        import os

        import keyless
        import pytest
        import requests

        left = []

        def test_served(sigstore_served, sigstore_sandbox):
            log = f"{sigstore_served.urls.log_v1}/api/v1/log"
            left.extend((log, sigstore_served.directory))
            assert requests.get(log, timeout=10).json()["treeSize"] == 0
            alice = sigstore_sandbox.identity("alice@example.com")
            keyless.sign(b"an app", identity=alice, sigstore=sigstore_served.sigstore)
            assert requests.get(log, timeout=10).json()["treeSize"] == 1
            assert os.path.exists(sigstore_served.trust_config())

        def test_gone():
            log, directory = left
            with pytest.raises(requests.ConnectionError):
                requests.get(log, timeout=10)
            assert not os.path.exists(directory)
        """
    )
    result.assert_outcomes(passed=2)


def test_a_project_may_have_its_own_sandbox_served(run: Run) -> None:
    """One that replaces the fixture, for a clock that stands still say, has it served as well."""
    result = run(
        """
        from datetime import UTC, datetime

        import pytest

        from keyless.sandbox import Sandbox

        @pytest.fixture
        def sigstore_sandbox():
            return Sandbox(datetime(2025, 3, 1, tzinfo=UTC))

        def test_served(sigstore_served):
            assert sigstore_served.sigstore.clock().year == 2025
        """
    )
    result.assert_outcomes(passed=1)


def test_who_asks_for_no_sandbox_loads_none(run: Run) -> None:
    """A project that has keyless for another reason starts its tests as fast as before."""
    result = run(
        """
        import sys

        def test_nothing_is_loaded():
            ours = {name for name in sys.modules if name.partition(".")[0] == "keyless"}
            assert ours <= {"keyless", "keyless.pytest_plugin"}
            assert not {"cryptography", "requests", "tuf"} & sys.modules.keys()
        """
    )
    result.assert_outcomes(passed=1)


def test_the_fixtures_say_what_they_are(run: Run) -> None:
    """To whoever asks pytest which there are."""
    listed = run("", "--fixtures")
    listed.stdout.fnmatch_lines(["sigstore_sandbox*", "*a whole Sigstore in this process*"])


def test_the_package_tells_pytest_of_the_plugin() -> None:
    """It has only to be installed."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"keyless": PLUGIN}
    assert importlib.import_module(PLUGIN).sigstore_sandbox

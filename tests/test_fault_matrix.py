# SPDX-License-Identifier: Apache-2.0
"""Every fault of every service, while somebody signs and attests: what the error says, and leaves.

The cells are in tests/troubles.py; docs/reliability.md is what came out.
"""

from pathlib import Path

import pytest

from keyless.errors import Check, ServiceError, VerificationError
from keyless.sandbox.faults import Dribble, Lie, Slow, TimeOut, Truncate
from keyless.sandbox.lies import (
    ANOTHER_CERTIFICATE,
    ANOTHER_KEY,
    ANOTHER_TIMESTAMP,
    UNTRUSTED_CERTIFICATE,
    UNTRUSTED_TIMESTAMP,
    WRONG_NONCE,
    WRONG_SCT,
    WRONG_TIME,
)
from keyless.sandbox.log_lies import ANOTHER_ENTRY, BAD_PROOF, STALE_CHECKPOINT, WRONG_PROMISE
from tests.reliability import page
from tests.troubles import CELLS, SERVICES, Cell, Trial, everything_said, kept

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"
LOGS = ("rekor_v1", "rekor_v2")

# Which question a lie is the wrong answer to.
CHECKS = {
    ANOTHER_CERTIFICATE: Check.POLICY,
    ANOTHER_KEY: Check.KEY,
    WRONG_SCT: Check.SCT,
    UNTRUSTED_CERTIFICATE: Check.CHAIN,
    ANOTHER_TIMESTAMP: Check.TIMESTAMP,
    WRONG_NONCE: Check.TIMESTAMP,
    WRONG_TIME: Check.CHAIN,
    UNTRUSTED_TIMESTAMP: Check.TIMESTAMP,
    ANOTHER_ENTRY: Check.ENTRY,
    BAD_PROOF: Check.INCLUSION,
    STALE_CHECKPOINT: Check.INCLUSION,
    WRONG_PROMISE: Check.PROMISE,
}


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_signing_ends_as_it_must(cell: Cell, tmp_path: Path) -> None:
    """Well, or in an error that says who failed and what to do, once; and well the next time."""
    with everything_said() as said:
        trial = Trial(cell, tmp_path)
        ending = trial.ending()
    assert ending == cell.trouble.ending
    if trial.error is not None:
        check_error(trial)
    check_what_is_left(trial)
    check_secrets(trial, " ".join(said))
    before = trial.logged()
    trial.act().save()
    assert len(trial.logged()) == len(before) + 1


def check_error(trial: Trial) -> None:
    """Check that the error is of the right kind, names the service, and says what to do."""
    error, fault = trial.error, trial.cell.trouble.fault
    assert error is not None
    assert trial.party in error.message
    assert error.hint
    if isinstance(error, VerificationError):
        assert isinstance(fault, Lie)
        assert error.check is CHECKS[fault]
    else:
        assert isinstance(error, ServiceError)
        assert trial.party in error.service


def check_what_is_left(trial: Trial) -> None:
    """Check that there is a bundle and an entry, or neither, or an entry that nobody confirmed."""
    beside = [each.name for each in trial.artifact.parent.iterdir() if each != trial.artifact]
    assert len(beside) == (trial.error is None)
    assert len(trial.logged()) == (trial.error is None or is_logged(trial.cell))


def is_logged(cell: Cell) -> bool:
    """Say whether the log has done what it was asked to do before it failed."""
    late = Dribble | Lie | Slow | TimeOut | Truncate
    return cell.service in LOGS and isinstance(cell.trouble.fault, late)


def check_secrets(trial: Trial, said: str) -> None:
    """Check that no token and no key is in what was said, in the error, or in what it keeps."""
    left = kept(trial) + said
    found = [place for place, secret in enumerate(trial.secrets()) if secret in left]
    assert not found  # by its place, as a report of this test is no better a place for it


def test_every_service_is_tried() -> None:
    """With each of the faults that it can have, and each action."""
    assert {cell.service for cell in CELLS} == set(SERVICES)
    assert len(CELLS) == len(set(map(str, CELLS)))
    tried = {cell.trouble.fault for cell in CELLS if cell.trouble.ending == "refused"}
    assert tried == set(CHECKS)


def test_the_page_says_what_came_out() -> None:
    """It is made anew by `python -m tests.reliability > docs/reliability.md`."""
    if not PAGE.exists():
        pytest.skip("the documentation is not here")
    assert PAGE.read_text(encoding="utf-8") == page()

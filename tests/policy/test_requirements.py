# SPDX-License-Identifier: Apache-2.0
"""Requirements: what is asked for less is said, and nonsense is refused."""

import pickle

import pytest

from keyless.errors import InputError
from keyless.policy import Requirements
from keyless.value import replace


def test_nothing_is_relaxed_unless_spelled_out() -> None:
    """Requirements as they come are those of the public instance."""
    assert Requirements() == Requirements.PUBLIC
    assert Requirements.PUBLIC.relaxations() == ()


@pytest.mark.parametrize(
    ("requirements", "said"),
    [
        (Requirements(logs=0), "no transparency log"),
        (Requirements(times=0), "no clock"),
        (Requirements(scts=0), "no certificate log"),
    ],
)
def test_each_relaxation_is_said(requirements: Requirements, said: str) -> None:
    """What was not asked for stands in the result."""
    (sentence,) = requirements.relaxations()
    assert sentence.startswith(said)


def test_more_is_not_less() -> None:
    """Asking for more than the public instance's relaxes nothing."""
    assert Requirements(logs=2, times=2, scts=2, inclusion="proof").relaxations() == ()


@pytest.mark.parametrize("count", [-1, 1.0, True, "1", None])
def test_a_number_that_is_none_is_refused(count: object) -> None:
    """Only whole numbers from zero up say how many."""
    with pytest.raises(InputError, match="the number of logs required"):
        Requirements(logs=count)  # type: ignore[arg-type]  # that is the test


def test_an_unknown_inclusion_is_refused() -> None:
    """There are a promise and a proof, and no third thing."""
    with pytest.raises(InputError, match="inclusion is none"):
        Requirements(inclusion="none")  # type: ignore[arg-type]  # that is the test


def test_changed_requirements_are_demanded_the_same_of() -> None:
    """A copy with changes is made as carefully as the original."""
    assert replace(Requirements.PUBLIC, scts=0) == Requirements(scts=0)
    with pytest.raises(InputError, match="scts"):
        replace(Requirements.PUBLIC, scts=-1)


def test_requirements_are_a_value() -> None:
    """They can be hashed and sent to another process."""
    requirements = Requirements(logs=0, inclusion="proof")
    assert {pickle.loads(pickle.dumps(requirements))} == {requirements}

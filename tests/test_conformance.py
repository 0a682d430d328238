# SPDX-License-Identifier: Apache-2.0
"""The public conformance suite, with reasons.

The suite says only that a case must fail; a client that refuses everything passes all of those. So
tests/vectors/conformance.toml names, for each, the check that must refuse it, and why.
"""

import tomllib
from pathlib import Path

import pytest

from keyless.errors import Check, ParseError, VerificationError
from keyless.evidence import Verified
from tests.cases import Case, conformance_case, conformance_names, parametrized

EXPECTED = tomllib.loads((Path(__file__).parent / "vectors" / "conformance.toml").read_text())


@parametrized([conformance_case(name) for name in conformance_names()])
def test_each_case_has_the_outcome_and_the_reason_it_was_made_for(case: Case) -> None:
    """A case to accept is accepted; one to refuse is refused by the check that was broken in it."""
    expected = EXPECTED[case.name]
    if "refused-by" not in expected:
        assert isinstance(case.outcome(), Verified)
        return
    with pytest.raises((ParseError, VerificationError)) as refusal:
        case.outcome()
    assert refusal.value.check is Check(expected["refused-by"]), refusal.value
    assert expected["saying"] in str(refusal.value)


def test_the_table_agrees_with_the_names_of_the_cases() -> None:
    """What the suite calls a failure has a reason here, and nothing else has."""
    for name, expected in EXPECTED.items():
        assert name.endswith("_fail") == ("refused-by" in expected), name
        assert expected.keys() in ({"why"}, {"why", "refused-by", "saying"}), name


def test_no_case_at_hand_is_left_out() -> None:
    """Every case that is there has its line in the table."""
    assert set(conformance_names()) <= EXPECTED.keys()

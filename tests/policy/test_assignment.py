# SPDX-License-Identifier: Apache-2.0
"""Assignments: as many as possible take somebody, and nobody is taken twice."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from keyless.policy.assignment import assigned

CHOICES = st.lists(st.sets(st.integers(0, 4)), max_size=5)


@given(CHOICES)
def test_as_many_take_somebody_as_can(choices: list[set[int]]) -> None:
    """Trying every order of everybody finds no better assignment."""
    most = max(
        sum(person in some for person, some in zip(order, choices, strict=False))
        for order in itertools.permutations(range(5))
    )
    assert len(assigned(choices)) == most


@given(CHOICES)
def test_nobody_is_taken_twice_nor_against_a_choice(choices: list[set[int]]) -> None:
    """Each takes one of those it would take, and another than the rest."""
    taken = assigned(choices)
    assert len(set(taken.values())) == len(taken)
    assert all(person in choices[taker] for taker, person in taken.items())


@given(CHOICES)
def test_who_came_first_keeps_somebody(choices: list[set[int]]) -> None:
    """A later taker moves the earlier ones, and never out."""
    assert assigned(choices[:-1]).keys() <= assigned(choices).keys()


def test_a_chain_of_moves_may_be_longer_than_the_stack() -> None:
    """Everyone holds what their predecessor could take as well, and the last wants the first."""
    size = 3_000
    choices = [[taker, taker + 1] for taker in range(size)] + [[0]]
    assert len(assigned(choices)) == size + 1

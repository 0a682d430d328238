# SPDX-License-Identifier: Apache-2.0
"""Who takes whom: to as many as possible one of those they would take, and nobody twice.

Maximum bipartite matching by augmenting paths: who finds everybody taken asks the takers whether
they would take another instead (Berge 1957).
"""

from collections.abc import Iterable, Mapping, Sequence


def assigned(choices: Sequence[Iterable[int]]) -> dict[int, int]:
    """Return whom each taker takes, by position in *choices*, of those it would take.

    As many as possible take somebody. Who comes first keeps somebody, if not always the same.
    """
    taken: dict[int, int] = {}
    for taker in range(len(choices)):
        _assign(taker, choices, taken)
    return taken


def _assign(taker: int, choices: Sequence[Iterable[int]], taken: dict[int, int]) -> None:
    """Find somebody for *taker* too, if others can move; change nothing if not."""
    takers = {person: other for other, person in taken.items()}
    asked_by: dict[int, int] = {}
    asking = [taker]
    for asker in asking:  # grows by the takers of those who are asked for: no recursion
        for person in choices[asker]:
            if person in asked_by:
                continue
            asked_by[person] = asker
            if person not in takers:
                _move(person, asked_by, taken)
                return
            asking.append(takers[person])


def _move(person: int, asked_by: Mapping[int, int], taken: dict[int, int]) -> None:
    """Give *person* to who asked; whom they give up for it to who asked for that one; and so on."""
    free: int | None = person
    while free is not None:
        taker = asked_by[free]
        given_up = taken.get(taker)
        taken[taker] = free
        free = given_up

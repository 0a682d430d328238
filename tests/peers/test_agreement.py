# SPDX-License-Identifier: Apache-2.0
"""Everybody signs against the real servers, and everybody verifies what came of it."""

import pytest

from tests.peers.agreement import NAMES, Agreement, Cell, agreement
from tests.peers.differences import CELLS, SIGNED, not_signed, refused
from tests.peers.here import needs_peers
from tests.peers.stack.deployment import Stack
from tests.peers.table import PAGE, rewritten

pytestmark = needs_peers

VERIFIERS = pytest.mark.parametrize("verifier", NAMES)


def named(cell: Cell) -> str:
    """Name a test for what it is about."""
    return f"{cell[0]}: {cell[1]}"


@pytest.fixture(scope="module")
def found(stack: Stack) -> Agreement:
    """Have everybody sign and judge everything, once."""
    return agreement(stack)


@pytest.mark.parametrize("cell", CELLS, ids=named)
def test_a_client_signs_what_it_can(found: Agreement, cell: Cell) -> None:
    """And says in the words that are known why it cannot sign the rest."""
    why = not_signed(cell)
    if why is None:
        assert cell in found.bundles, found.failures[cell]
    else:
        assert why.words in found.failures[cell]


@VERIFIERS
@pytest.mark.parametrize("cell", SIGNED, ids=named)
def test_a_client_takes_what_another_signed(found: Agreement, cell: Cell, verifier: str) -> None:
    """And says in the words that are known why it refuses some."""
    why = refused(cell, verifier)
    words = found.verdicts[cell, verifier].of_the_true
    if why is None:
        assert words is None
    else:
        assert words is not None
        assert why.words in words


@VERIFIERS
@pytest.mark.parametrize("cell", SIGNED, ids=named)
def test_a_client_refuses_what_was_altered(found: Agreement, cell: Cell, verifier: str) -> None:
    """By one bit, in the artifact, or in the statement for who looks at nothing else."""
    assert found.verdicts[cell, verifier].of_the_altered is not None


def test_the_page_says_what_was_found(found: Agreement) -> None:
    """The table of docs/interop.md; where it differs it is rewritten, for a person to look at."""
    page = PAGE.read_text()
    now = rewritten(page, found)
    PAGE.write_text(now)
    assert page == now

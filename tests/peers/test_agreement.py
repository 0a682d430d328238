# SPDX-License-Identifier: Apache-2.0
"""Everybody signs against the real servers, and everybody verifies what came of it."""

import pytest

from tests.peers.agreement import Agreement, Cell, agreement
from tests.peers.differences import CELLS, JUDGED, not_signed, refused
from tests.peers.here import needs_peers
from tests.peers.image_agreement import image_agreement
from tests.peers.stack.deployment import Stack
from tests.peers.table import PAGE, rewritten

pytestmark = needs_peers


def named(about: object) -> str:
    """Name a test for what it is about."""
    match about:
        case (str() as signer, setting):
            return f"{signer} signed: {setting}"
        case _:
            return str(about)


EACH_VERDICT = pytest.mark.parametrize(("cell", "verifier"), JUDGED, ids=named)


@pytest.fixture(scope="module")
def found(stack: Stack) -> Agreement:
    """Have everybody sign and judge everything, once."""
    files, images = agreement(stack), image_agreement(stack, stack.registry_port)
    return Agreement(
        signed=files.signed | images.signed,
        failures=files.failures | images.failures,
        verdicts=files.verdicts | images.verdicts,
    )


@pytest.mark.parametrize("cell", CELLS, ids=named)
def test_a_client_signs_what_it_can(found: Agreement, cell: Cell) -> None:
    """And says in the words that are known why it cannot sign the rest."""
    why = not_signed(cell)
    if why is None:
        assert cell in found.signed, found.failures[cell]
    else:
        assert why.words in found.failures[cell]


@EACH_VERDICT
def test_a_client_takes_what_another_signed(found: Agreement, cell: Cell, verifier: str) -> None:
    """And says in the words that are known why it refuses some."""
    why = refused(cell, verifier)
    words = found.verdicts[cell, verifier].of_the_true
    if why is None:
        assert words is None
    else:
        assert words is not None
        assert why.words in words


@EACH_VERDICT
def test_a_client_refuses_what_was_altered(found: Agreement, cell: Cell, verifier: str) -> None:
    """By one bit: in the artifact, in the statement for who looks at nothing else, in the image."""
    assert found.verdicts[cell, verifier].of_the_altered is not None


def test_the_page_says_what_was_found(found: Agreement) -> None:
    """The table of docs/interop.md; where it differs it is rewritten, for a person to look at."""
    page = PAGE.read_text()
    now = rewritten(page, found)
    PAGE.write_text(now)
    assert page == now

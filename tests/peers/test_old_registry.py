# SPDX-License-Identifier: Apache-2.0
"""Images in Debian's registry, which knows no referrers: what vouches for one is listed by a tag.

What everybody says of those is what they say in the other registry, which docs/interop.md has.
"""

import pytest

from tests.peers.agreement import Agreement, Cell
from tests.peers.clients.client import IMAGE_SETTINGS
from tests.peers.differences import refused
from tests.peers.here import needs_peers
from tests.peers.image_agreement import IMAGE_NAMES, image_agreement
from tests.peers.stack.deployment import Stack

pytestmark = needs_peers

SETTINGS = [setting for setting in IMAGE_SETTINGS if setting.rekor == 1 and setting.tsa]
CELLS: list[Cell] = [(name, setting) for name in IMAGE_NAMES for setting in SETTINGS]
EACH_CELL = pytest.mark.parametrize("cell", CELLS, ids=lambda cell: f"{cell[0]} signed: {cell[1]}")


@pytest.fixture(scope="module")
def found(stack: Stack) -> Agreement:
    """Have everybody sign and judge everything, once."""
    return image_agreement(stack, stack.old_registry_port, SETTINGS)


@EACH_CELL
def test_everybody_finds_what_another_signed(found: Agreement, cell: Cell) -> None:
    """And refuses what they refuse in the other registry."""
    assert cell in found.signed, found.failures
    for verifier in IMAGE_NAMES:
        words, why = found.verdicts[cell, verifier].of_the_true, refused(cell, verifier)
        assert (words is None) == (why is None), words
        assert why is None or why.words in str(words)


@EACH_CELL
def test_what_was_signed_of_another_image_is_refused(found: Agreement, cell: Cell) -> None:
    """Though the list says that it is about this one."""
    for verifier in IMAGE_NAMES:
        assert found.verdicts[cell, verifier].of_the_altered is not None

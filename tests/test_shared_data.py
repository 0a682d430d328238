# SPDX-License-Identifier: Apache-2.0
"""How tests find the shared data."""

import pytest

from tests.shared_data import shared


def test_missing_shared_data_skips_with_its_name() -> None:
    """A clone without the shared data says which part of it a test wanted."""
    with pytest.raises(pytest.skip.Exception, match="no/such/case"):
        shared("no/such/case")

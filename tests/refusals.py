# SPDX-License-Identifier: Apache-2.0
"""How a test expects a refusal: by the check that refused, and what it said."""

import pytest

from keyless.errors import Check, VerificationError


def refused(check: Check, reason: str | None = None) -> pytest.RaisesExc[VerificationError]:
    """Expect a refusal in the name of *check* whose message matches *reason*."""
    return pytest.RaisesExc(
        VerificationError, match=reason, check=lambda error: error.check is check
    )

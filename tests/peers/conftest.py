# SPDX-License-Identifier: Apache-2.0
"""One stack for all tests of a run; the logs of its servers stay if any of them fails."""

from collections.abc import Iterator

import pytest

from tests.peers.stack.deployment import Stack


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """Start every server, and end them after the last test."""
    failed = request.session.testsfailed
    with Stack() as stack:
        yield stack
        if request.session.testsfailed > failed:
            writer = request.config.get_terminal_writer()
            writer.line(f"\nthe logs of the servers are in {stack.keep_logs()}")

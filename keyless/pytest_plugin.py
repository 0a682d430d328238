# SPDX-License-Identifier: Apache-2.0
"""What installing keyless gives to pytest: a Sigstore for each test that asks for one.

    def test_release(sigstore_sandbox):
        alice = sigstore_sandbox.identity("alice@example.com")
        signed = keyless.sign("app.whl", identity=alice, sigstore=sigstore_sandbox.sigstore)

pytest imports this file whenever it starts, in every project where keyless is installed, and before
anybody measures coverage: so there is next to nothing in it, and a sandbox is loaded only for a
test that asks for one.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

import pytest


class Servable(Protocol):
    """What can be put on this machine's loopback interface, as a `keyless.sandbox.Sandbox` can."""

    def serve(self) -> AbstractContextManager[object]:
        """Answer there, as long as the block lasts."""


@pytest.fixture
def sigstore_sandbox() -> Iterator[object]:
    """Give the test a whole Sigstore in this process, a fresh `keyless.sandbox.Sandbox`."""
    from keyless.sandbox import Sandbox  # noqa: PLC0415 - see above

    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sigstore_served(sigstore_sandbox: Servable) -> Iterator[object]:
    """Have `sigstore_sandbox` answer on this machine's loopback interface as well.

    What the test is given is a `keyless.sandbox.served.Served`: its `urls` are where other programs
    reach the sandbox, and its `directory` has what they need to know of it.
    """
    with sigstore_sandbox.serve() as served:
        yield served

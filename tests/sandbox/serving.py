# SPDX-License-Identifier: Apache-2.0
"""One service of the sandbox's on a port of this machine, without the rest of it."""

from collections.abc import Iterator
from contextlib import contextmanager

from keyless.sandbox.faults import Party
from keyless.sandbox.server import Server


@contextmanager
def serving(party: Party) -> Iterator[str]:
    """Have *party* answer at the URL that is yielded, as long as the block lasts."""
    server = Server(("party",))
    try:
        server.start({"party": party}, lambda _: None)
        yield server.origins["party"]
    finally:
        server.close()

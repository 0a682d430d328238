# SPDX-License-Identifier: Apache-2.0
"""The guard in conftest.py, without which a test could pass here and fail on a train."""

import socket

import pytest

from tests.conftest import NetworkDisabledError

ELSEWHERE = ("192.0.2.1", 443)  # an address set aside for documentation


@pytest.mark.parametrize("connect", ["connect", "connect_ex"])
def test_a_connection_that_leaves_the_machine_is_refused(connect: str) -> None:
    """A test that needs the network fails, and says which address it wanted."""
    with socket.socket() as sock, pytest.raises(NetworkDisabledError, match=r"192\.0\.2\.1"):
        getattr(sock, connect)(ELSEWHERE)


def test_a_name_that_must_be_looked_up_is_refused() -> None:
    """Resolving a name asks another machine already."""
    with pytest.raises(NetworkDisabledError, match=r"service\.example"):
        socket.getaddrinfo("service.example", 443)


def test_this_machine_can_be_reached() -> None:
    """A server that a test runs itself is not the network."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        _, port = server.getsockname()
        with socket.create_connection(("localhost", port)) as sock:
            assert sock.getpeername() == ("127.0.0.1", port)

# SPDX-License-Identifier: Apache-2.0
"""What holds for every test: no network, and on CI the same random examples every time."""

import ipaddress
import os
import socket
from collections.abc import Iterator

import pytest
from hypothesis import settings

# A busy machine is not a failing test; what fails on CI must fail again on the next run.
settings.register_profile("keyless", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("keyless")

CONNECT = socket.socket.connect
CONNECT_EX = socket.socket.connect_ex
LOOK_UP = socket.getaddrinfo


class NetworkDisabledError(RuntimeError):
    """A test tried to leave this machine. Not an OSError, which the code under test may handle."""


@pytest.fixture(scope="session", autouse=True)
def _loopback_only() -> Iterator[None]:
    """Refuse every connection and name lookup that is not for this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", _connect)
        patch.setattr(socket.socket, "connect_ex", _connect_ex)
        patch.setattr(socket, "getaddrinfo", _look_up)
        yield


def _connect(self: socket.socket, address: object) -> None:
    _demand_local_address(address)
    CONNECT(self, address)  # type: ignore[arg-type]  # handed on as it came


def _connect_ex(self: socket.socket, address: object) -> int:
    _demand_local_address(address)
    return CONNECT_EX(self, address)  # type: ignore[arg-type]  # handed on as it came


def _look_up(host: object, *args: object, **kwargs: object) -> object:
    _demand_local_host(host)
    return LOOK_UP(host, *args, **kwargs)  # type: ignore[arg-type]  # handed on as it came


def _demand_local_address(address: object) -> None:
    if isinstance(address, tuple):  # anything else is a path: a Unix socket is local by nature
        _demand_local_host(address[0])


def _demand_local_host(host: object) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name not in {None, "", "localhost"} and not _is_loopback(str(name)):
        message = f"a test tried to reach {name!r}: only this machine may be reached"
        raise NetworkDisabledError(message)


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False  # a name, for which the resolver would leave the machine

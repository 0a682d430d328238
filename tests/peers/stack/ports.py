# SPDX-License-Identifier: Apache-2.0
"""Where servers listen on this machine, and whether they do."""

import random
import socket
import urllib.error
import urllib.request

HOST = "127.0.0.1"
# Below those that the system gives out: a port stays free while its server is down.
RANGE = range(20000, 32000)

_given: set[int] = set()


def free_port() -> int:
    """Return a port that nobody listens on, and that was not returned before."""
    for port in random.sample(RANGE, len(RANGE)):
        if port not in _given and _is_free(port):
            _given.add(port)
            return port
    raise OSError("no port is free")


def listens(port: int) -> bool:
    """Say whether somebody takes connections at *port*."""
    with socket.socket() as there:
        there.settimeout(1)
        return there.connect_ex((HOST, port)) == 0


def answers(url: str) -> bool:
    """Say whether *url* is answered, with whatever is no fault of the server's."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - on this machine
            return bool(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code < 500
    except OSError:
        return False


def _is_free(port: int) -> bool:
    with socket.socket() as here:
        here.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            here.bind((HOST, port))
        except OSError:
            return False
        return True

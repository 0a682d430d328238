# SPDX-License-Identifier: Apache-2.0
"""A sandbox on this machine's loopback interface, for clients that want a socket.

Each service has a port of its own, as some clients take nothing of a service's URL but its host.
Nobody else can connect: nothing is bound to any other interface.
"""

import selectors
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Event, Lock, Thread

from keyless.sandbox.connection import Connection
from keyless.sandbox.faults import Fault, Party

LOOPBACK = "127.0.0.1"
_BACKLOG = 256

Draw = Callable[[str], Fault | None]


class Server:
    """Ports on the loopback interface, one for each of *names*; they answer once it is started."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._listening = {name: _listening() for name in names}
        self._closing = Event()
        self._changing = Lock()
        self._channels: set[socket.socket] = set()
        self._woken, self._waking = socket.socketpair()
        self._thread: Thread | None = None

    @property
    def origins(self) -> Mapping[str, str]:
        """Where each service answers, without any path."""
        return {
            name: f"http://{LOOPBACK}:{listening.getsockname()[1]}"
            for name, listening in self._listening.items()
        }

    def start(self, parties: Mapping[str, Party], draw: Draw) -> None:
        """Answer with what *parties* say, and with the faults that *draw* returns."""
        self._thread = Thread(
            target=self._accept, args=(parties, draw), name="keyless sandbox", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop answering; what is being answered is cut off."""
        self._closing.set()
        self._waking.send(b"\0")
        if self._thread is not None:
            self._thread.join()
        with self._changing:
            for channel in self._channels:
                with suppress(OSError):
                    channel.shutdown(socket.SHUT_RDWR)
        for each in (*self._listening.values(), self._woken, self._waking):
            each.close()

    def _accept(self, parties: Mapping[str, Party], draw: Draw) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._woken, selectors.EVENT_READ)
            for name, listening in self._listening.items():
                selector.register(listening, selectors.EVENT_READ, name)
            while not self._closing.is_set():
                for key, _ in selector.select():
                    if key.data is not None:
                        self._connect(self._listening[key.data], parties[key.data], draw, key.data)

    def _connect(self, listening: socket.socket, party: Party, draw: Draw, name: str) -> None:
        with suppress(OSError):  # who knocked has left already
            channel, _ = listening.accept()
            with self._changing:
                self._channels.add(channel)
            Thread(
                target=self._serve, args=(channel, party, lambda: draw(name)), daemon=True
            ).start()

    def _serve(
        self, channel: socket.socket, party: Party, draw: Callable[[], Fault | None]
    ) -> None:
        try:
            with channel, suppress(OSError):  # clients leave when they like
                Connection(channel, party=party, draw=draw, closing=self._closing)
        finally:
            with self._changing:
                self._channels.discard(channel)


def _listening() -> socket.socket:
    listening = socket.create_server((LOOPBACK, 0), backlog=_BACKLOG)
    listening.settimeout(0)
    return listening

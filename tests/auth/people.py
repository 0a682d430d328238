# SPDX-License-Identifier: Apache-2.0
"""People who sign in to a sandbox: what they are told, and a browser that needs nobody before it.

The browser asks the sandbox in this process, and comes back to this machine over a real socket.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

import requests

from keyless.auth import Identity
from keyless.auth.contact import Contact, Invitation, Reader
from keyless.auth.deadline import Deadline
from keyless.auth.flows import sign_in
from keyless.auth.surroundings import Surroundings
from keyless.auth.wish import Scene, Wish
from keyless.sandbox import Sandbox
from keyless.services.http import Request

DESKTOP = Surroundings(is_watching=True, has_display=True)
REMOTE = Surroundings(is_watching=True, away="an SSH connection in between")
# Long enough for a slow machine; nothing here takes as long.
SECONDS = 20.0


def visit(url: str, **options: Any) -> requests.Response:
    """Open an address of this machine in a browser."""
    return requests.get(url, timeout=SECONDS, **options)


@dataclass
class Browser:
    """Opens what it is told to; *detour* changes where the issuer sends it back to."""

    sandbox: Sandbox
    detour: Callable[[str], str] = lambda place: place
    opened: list[str] = field(default_factory=list)
    pages: list[requests.Response] = field(default_factory=list)
    threads: list[Thread] = field(default_factory=list)

    def __call__(self, url: str) -> bool:
        """Open *url*, and whatever it leads to."""
        self.opened.append(url)
        self.threads.append(Thread(target=self._browse, args=(url,)))
        self.threads[-1].start()
        return True

    def back(self, url: str) -> str:
        """Sign in at *url*; return where the issuer sends the browser back to."""
        return self.sandbox.transport(Request(method="GET", url=url)).header("Location")

    def _browse(self, url: str) -> None:
        self.pages.append(visit(self.detour(self.back(url))))

    @property
    def page(self) -> requests.Response:
        """The last page, once it is there."""
        for thread in self.threads:
            thread.join(SECONDS)
        return self.pages[-1]


@dataclass
class Person:
    """Somebody who is told things, and does something about them."""

    lines: list[str] = field(default_factory=list)
    reaction: Callable[[str], None] = lambda _: None

    def __call__(self, line: str) -> None:
        """Hear *line*."""
        self.lines.append(line)
        self.reaction(line)

    @property
    def heard(self) -> str:
        """All of it."""
        return "\n".join(self.lines)


@dataclass
class Desk:
    """Where somebody sits: what they hear, which browser they have, and what they paste."""

    sandbox: Sandbox
    surroundings: Surroundings = DESKTOP
    person: Person = field(default_factory=Person)
    read: Reader | None = None
    board: Any = None
    open_browser: Callable[[str], bool] | None = None
    seconds: float = SECONDS
    environ: dict[str, str] = field(default_factory=dict)
    in_sandbox_time: bool = False

    def deadline(self) -> Deadline:
        """Start the time there is, by this machine's clock or the sandbox's."""
        if not self.in_sandbox_time:
            return Deadline(self.seconds)

        def clock() -> float:
            return self.sandbox.clock.now.timestamp()

        return Deadline(self.seconds, clock=clock, sleep=self.sandbox.wait)

    def sign_in(self, wish: Wish = Wish(), **options: Any) -> Identity:  # noqa: B008 - it is a value
        """Sign in here."""
        contact = Contact(
            tell=self.person, open_browser=self.open_browser, read=self.read, board=self.board
        )
        scene = Scene(
            contact=contact,
            surroundings=self.surroundings,
            deadline=self.deadline,
            environ={"KEYLESS_NOTICE": "off", **self.environ},
        )
        return sign_in(self.sandbox.sigstore, wish, scene=scene, **options)


@dataclass
class Card:
    """Notes how a sign-in went."""

    invitations: list[Invitation] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    ends: list[tuple[str, str]] = field(default_factory=list)

    def invite(self, invitation: Invitation) -> None:
        """Note where to sign in."""
        self.invitations.append(invitation)

    def wait(self, seconds: float) -> None:
        """Note how long there is left."""
        self.waits.append(seconds)

    def end(self, title: str, words: str = "") -> None:
        """Note what has come of it."""
        self.ends.append((title, words))


def nothing_typed(stop: Event) -> str:
    """Type nothing, until nobody waits for it."""
    stop.wait(SECONDS)
    return ""

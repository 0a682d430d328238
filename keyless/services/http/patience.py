# SPDX-License-Identifier: Apache-2.0
"""How often a request is repeated, and how long it is waited before.

Repeated are the very same bytes. A signature made anew would be another entry in a log; the same
one is the same entry, which the log answers with 409 if it has written it down before.

Whoever makes a transport says how patient it is: whoever uses it need not know that it ever failed.
"""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from keyless.services.http.messages import PassingError, Request, Response, Transport
from keyless.value import value

T = TypeVar("T")

# Where a server says that it cannot or does not know how to (501, 505), asking again is no help.
PASSING = frozenset({429, *range(500, 600)} - {501, 505})

_FOREVER = 1e9  # seconds: what is so far away can still be told as a date


def _chance() -> float:
    # As good as `random`, which takes a millisecond to import.
    return int.from_bytes(os.urandom(2)) / 0x10000


def _now() -> datetime:
    return datetime.now(UTC)


@value
class Patience:
    """How many *attempts* are made, and how long, in seconds, is waited in between.

    After each failure twice as long as before, by *chance* somewhat less, so that many who were
    refused at once do not come back at once; never less than the server asks for, unless that is
    longer than *longest_wait*: then there is no other attempt.
    """

    attempts: int = 3
    first_pause: float = 0.5
    longest_wait: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = _chance
    now: Callable[[], datetime] = _now

    def pause(self, failures: int, asked: float) -> None:
        """Wait after so many *failures* in a row, and at least as long as the server *asked*."""
        usual = self.first_pause * 2 ** (failures - 1)
        self.sleep(asked + usual * (1 + self.chance()) / 2)

    def asked_by(self, response: Response) -> float:
        """Return how many seconds *response* asks to wait: 0 where it does not say."""
        text = response.header("Retry-After").strip()
        if text.isascii() and text.isdecimal():
            return min(float(text[:10]), _FOREVER)
        date = _http_date(text) if text else None
        return min(max(0.0, (date - self.now()).total_seconds()), _FOREVER) if date else 0.0


PATIENCE = Patience()


def persistent(transport: Transport, patience: Patience = PATIENCE) -> Transport:
    """Return a transport that repeats what *transport* fails at while that is likely to pass."""

    def carry(request: Request) -> Response:
        if request.once or (request.upload is not None and not request.upload.again):
            return transport(request)
        for failures in range(1, patience.attempts):
            asked = 0.0
            try:
                response = transport(request)
            except PassingError:
                pass  # the last attempt says why
            else:
                asked = patience.asked_by(response)
                if response.status not in PASSING or asked > patience.longest_wait:
                    return response
            patience.pause(failures, asked)
        return transport(request)

    return carry


def awaited(ask: Callable[[], T | None], patience: Patience) -> T | None:
    """Return what *ask* returns, called again while that is None, and None if it stays so."""
    for failures in range(1, patience.attempts):
        if (found := ask()) is not None:
            return found
        patience.pause(failures, 0)
    return ask()


def _http_date(text: str) -> datetime | None:
    # Rarely needed, and it takes longer to import than a verdict does.
    from email.utils import parsedate_to_datetime  # noqa: PLC0415

    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date

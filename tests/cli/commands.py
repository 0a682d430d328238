# SPDX-License-Identifier: Apache-2.0
"""Commands that end as commands should not; the tests add them to the table."""

import sys
from collections.abc import Sequence

from keyless.errors import LoginError, ServiceError, TrustError


def interrupted(_: Sequence[str]) -> int:
    """End as by Ctrl-C."""
    raise KeyboardInterrupt


def defective(_: Sequence[str]) -> int:
    """End by a defect of our own."""
    raise ZeroDivisionError("\x1b[2J")


def full(_: Sequence[str]) -> int:
    """End because the disk is full."""
    raise OSError(28, "No space left on device")


def unserved(_: Sequence[str]) -> int:
    """End because a service failed."""
    raise ServiceError("the log is away", service="log", hint="try again")


def untrusted(_: Sequence[str]) -> int:
    """End because trust is too old."""
    raise TrustError("the trust is too old", service="trust")


def anonymous(_: Sequence[str]) -> int:
    """End because nobody logged in."""
    raise LoginError("no identity could be had")


def spoken(_: Sequence[str]) -> int:
    """Say what the terminal may be unable to show."""
    print("…", file=sys.stdout)  # noqa: T201 - what a command does
    return 0

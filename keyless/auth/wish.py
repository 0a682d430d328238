# SPDX-License-Identifier: Apache-2.0
"""Who is to sign in, and where they do."""

import os
from collections.abc import Callable, Mapping
from typing import Literal

from keyless.auth.contact import Contact
from keyless.auth.deadline import Deadline
from keyless.auth.surroundings import Surroundings
from keyless.services.client import PUBLIC_CLIENT, Client
from keyless.value import value

Renew = Literal["never", "login"]

TIMEOUT = 180.0


@value
class Wish:
    """Who is to sign in, and how: with *provider*, by *flow*, and nobody else than *expected*.

    To *issuer*, as *client*; without an issuer, to that of the instance. Once the token has expired
    and another is asked for, somebody has to sign in again with *renew* `login`; with `never`, that
    is a LoginError.
    """

    provider: str | None = None
    flow: str = "auto"
    expected: str | None = None
    issuer: str | None = None
    client: Client = PUBLIC_CLIENT
    renew: Renew = "never"


@value
class Scene:
    """Where somebody signs in: the *surroundings*, the environment, and how they are reached.

    *deadline* starts the time that they have.
    """

    contact: Contact
    surroundings: Surroundings
    deadline: Callable[[], Deadline]
    environ: Mapping[str, str]

    @classmethod
    def here(cls, contact: Contact, *, timeout: float = TIMEOUT) -> "Scene":
        """Return this process on this machine, as they are."""
        Deadline(timeout)  # which says what is wrong with it, before anything is done
        return cls(
            contact=contact,
            surroundings=Surroundings.look(),
            deadline=lambda: Deadline(timeout),
            environ=os.environ,
        )

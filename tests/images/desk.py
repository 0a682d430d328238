# SPDX-License-Identifier: Apache-2.0
"""A registry with ways of its own, beside the sandbox, that keeps what it was asked."""

import threading
import time
from collections.abc import Callable

from keyless.images.store import Store
from keyless.instance import Sigstore
from keyless.protocol.oci import ImageReference
from keyless.sandbox.carriage import carried
from keyless.sandbox.registry import Habits, Open, Registry
from keyless.sandbox.registry.access import Access
from keyless.services.http import Patience, Request, Response
from keyless.services.registry_credentials import anonymous
from keyless.services.registry_opening import open_registry
from keyless.services.registry_options import RegistryOptions
from tests.images.gallery import REPOSITORY, sandbox
from tests.instances import on

# Nobody waits in tests for what takes its time elsewhere.
QUICK = Patience(sleep=lambda _: None)
ANONYMOUS = RegistryOptions(credentials=anonymous)
FALLBACK = Habits(referrers="unknown")


class Desk:
    """The transport to a registry with these *habits*, and to the services of the sandbox.

    *asked* is what the registry was asked, a method and a path each; *delay* is how long an answer
    takes, and *most* how many were under way at once.
    """

    def __init__(self, habits: Habits | None = None) -> None:
        self.registry = Registry(habits=habits or Habits())
        self.asked: list[str] = []
        self.delay = 0.0
        self.most = 0
        self.bend: Callable[[Request], Response | None] = lambda _: None
        self._under_way = 0
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Response:
        """Carry *request*."""
        if request.host != "registry.sandbox.test":
            return sandbox().transport(request)
        with self._lock:
            self.asked.append(f"{request.method} {request.url.partition('/v2/')[2]}")
            self._under_way += 1
            self.most = max(self.most, self._under_way)
        time.sleep(self.delay)
        try:
            instead = self.bend(request)
            return instead or carried(request, self.registry, None, sandbox().clock)
        finally:
            with self._lock:
                self._under_way -= 1

    @property
    def sigstore(self) -> Sigstore:
        """The sandbox's instance, by this way."""
        return on(sandbox(), rekor=1, transport=self)

    def store(self, name: str = REPOSITORY, *, access: Access | None = None) -> Store:
        """Return a repository to put things into; who may, is asked only of others."""
        self.registry.access = access or Open()
        image = ImageReference.parse(name)
        return open_registry(image, transport=self, options=ANONYMOUS, patience=QUICK)

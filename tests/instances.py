# SPDX-License-Identifier: Apache-2.0
"""A sandbox to sign with, bent: configured otherwise, its wire listened to or tampered with."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from keyless.instance import Sigstore
from keyless.instance.sigstore import LogVersion
from keyless.sandbox import Sandbox
from keyless.services.http import Request, Response, Transport
from keyless.services.trust_snapshot import SIGNING_CONFIG, SIGNING_CONFIG_V2

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)

Edit = Callable[[dict[str, Any]], object]
Answer = Callable[[Request, Transport], Response]


def on(
    sandbox: Sandbox,
    *,
    rekor: LogVersion | None = None,
    edit: Edit = lambda _: None,
    transport: Transport | None = None,
) -> Sigstore:
    """Connect to *sandbox*, by what *edit* leaves of the configuration for both of its logs."""
    config = json.loads(sandbox.core.signing_config_json())
    edit(config)
    written = json.dumps(config).encode()
    original = sandbox.sigstore
    documents = {**dict(original.documents), SIGNING_CONFIG: written, SIGNING_CONFIG_V2: written}
    return Sigstore(
        original.name,
        trusted_root=original.trusted_root,
        trust=original.trust,
        transport=transport or original.transport,
        documents=tuple(documents.items()),
        clock=original.clock,
        rekor=rekor,
    )


class Wire:
    """The sandbox's wire: it keeps what was asked, and lets tests *bend* the answers of a host."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._bends: dict[str, Answer] = {}
        self.asked: list[Request] = []

    def bend(self, host: str, answer: Answer) -> None:
        """Have *answer* answer for every host whose name begins with *host*."""
        self._bends[host] = answer

    def __call__(self, request: Request) -> Response:
        """Carry *request*."""
        self.asked.append(request)
        for host, answer in self._bends.items():
            if request.host.startswith(host):
                return answer(request, self._sandbox.transport)
        return self._sandbox.transport(request)

    def hosts(self) -> list[str]:
        """List whom was asked, by the first part of their names, in order."""
        return [request.host.partition(".")[0] for request in self.asked]


@contextmanager
def nothing_logged(sandbox: Sandbox) -> Iterator[None]:
    """Demand that neither of the logs of signatures grows meanwhile."""
    logs = sandbox.core.log_v1, sandbox.core.log_v2
    before = [len(log.tree) for log in logs]
    yield
    assert [len(log.tree) for log in logs] == before

# SPDX-License-Identifier: Apache-2.0
"""Which logs an instance has: whom its trusted root believes, where its signing config writes.

The trusted root knows every log whose word ever counted, and not which interface it speaks; the
signing configuration knows that, of those that are in use. What is in the first alone is of version
1 if it is called by its key alone, as version 2 calls logs by their names as well.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

from keyless.errors import InputError
from keyless.instance import Sigstore
from keyless.protocol.signing_config import Service
from keyless.protocol.trusted_root import Log
from keyless.protocol.window import Window
from keyless.safe_text import shown
from keyless.services.http import place
from keyless.value import value

Version = Literal[1, 2]


@value
class KnownLog:
    """A log by *name*, its host; *logs* are how it is trusted: by one key or, later, another."""

    name: str
    version: Version
    url: str
    window: Window
    logs: tuple[Log, ...]

    def is_called(self, name: str) -> bool:
        """Say whether *name* is this log's, or the first parts of it, as in `log2025-1`."""
        return self.name == name or self.name.startswith(f"{name}.")


def known_logs(sigstore: Sigstore) -> tuple[KnownLog, ...]:
    """List the logs of *sigstore*, those of version 1 first, and of each version the newest."""
    services = list(_services(sigstore))
    of_url: dict[str, list[Log]] = {}
    for log in sigstore.trusted_root.logs:
        if log.base_url:
            of_url.setdefault(log.base_url.rstrip("/"), []).append(log)
    known = [_known(url, logs, services) for url, logs in of_url.items()]
    return tuple(sorted(known, key=_preference))


def log_called(name: str, known: Iterable[KnownLog]) -> KnownLog:
    """Return which of *known* is called *name*."""
    known = tuple(known)
    exactly = [each for each in known if each.name == name]
    called = exactly or [each for each in known if each.is_called(name)]
    if len(called) != 1:
        names = ", ".join(shown(each.name) for each in called or known)
        raise InputError(
            f"{'several logs are' if called else 'no log is'} called {shown(name, longest=120)}",
            hint=f"the instance has {names or 'none'}",
        )
    return called[0]


def _services(sigstore: Sigstore) -> Iterator[Service]:
    """Yield where signatures are written down, for logs of either version."""
    for version in (1, 2):
        try:
            config = sigstore.signing_config(log_version=version)
        except InputError:  # it is there to verify with
            return
        yield from config.logs


def _known(url: str, logs: list[Log], services: list[Service]) -> KnownLog:
    newest = max(logs, key=lambda log: log.window.start)
    return KnownLog(
        name=place(url),
        version=_version(url, newest, services),
        url=url,
        window=newest.window,
        logs=tuple(logs),
    )


def _version(url: str, log: Log, services: list[Service]) -> Version:
    for service in services:
        if service.url.rstrip("/") == url:
            return 1 if service.major_version == 1 else 2
    return 1 if log.log_id == log.key.fingerprint.value else 2


def _preference(log: KnownLog) -> tuple[int, bool, float]:
    return log.version, log.window.end is not None, -log.window.start.timestamp()

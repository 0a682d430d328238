# SPDX-License-Identifier: Apache-2.0
"""Which faults are in force, for which of the services, and for how many more requests."""

from collections.abc import Collection
from contextlib import suppress
from threading import Lock
from types import TracebackType
from typing import Self

from keyless.errors import InputError
from keyless.safe_text import shown
from keyless.sandbox.faults import Fault, Lie


class Injection:
    """A *fault* in force; as a context manager, for as long as its block lasts."""

    def __init__(
        self, fault: Fault, *, among: "list[Injection]", after: int, times: int | None
    ) -> None:
        self._among = among
        self.fault = fault
        self.after = after
        self.times = times

    def remove(self) -> None:
        """Take the fault back; it may be over already."""
        with suppress(ValueError):
            self._among.remove(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.remove()


class Injections:
    """The faults in force among *services*. May be shared between threads."""

    def __init__(self, services: Collection[str]) -> None:
        self._changing = Lock()
        self._of: dict[str, list[Injection]] = {service: [] for service in services}

    def add(
        self, service: str, fault: Fault, *, times: int | None = None, after: int = 0
    ) -> Injection:
        """Have *service* fail, *times* or until it is taken back, *after* so many requests."""
        if service not in self._of:
            raise InputError(
                f"the sandbox has no service {shown(service)}",
                hint=f"it has {', '.join(self._of)}",
            )
        if isinstance(fault, Lie) and service not in fault.services:
            raise InputError(
                f"{fault.name} is not what {service} could say",
                hint=f"it is for {', '.join(fault.services)}",
            )
        injection = Injection(fault, among=self._of[service], after=after, times=times)
        with self._changing:
            self._of[service].append(injection)
        return injection

    def clear(self) -> None:
        """Take back every fault."""
        with self._changing:
            for injections in self._of.values():
                injections.clear()

    def draw(self, service: str) -> Fault | None:
        """Return the fault that the next request to *service* meets: the first in force."""
        with self._changing:
            drawn = None
            for injection in tuple(self._of[service]):
                if injection.after:
                    injection.after -= 1
                elif drawn is None:
                    drawn = self._used(injection)
            return drawn

    def _used(self, injection: Injection) -> Fault:
        if injection.times is not None:
            injection.times -= 1
            if not injection.times:
                injection.remove()
        return injection.fault

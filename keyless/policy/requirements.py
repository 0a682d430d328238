# SPDX-License-Identifier: Apache-2.0
"""What must vouch for a signature, whoever made it."""

from collections.abc import Iterator
from typing import ClassVar, Literal, get_args

from keyless.errors import InputError
from keyless.safe_text import shown
from keyless.value import value

InclusionKind = Literal["promise", "proof"]


@value
class Requirements:
    """How many logs, clocks and certificate logs must vouch, and whether a log's promise will do.

    `PUBLIC` is what the public instance makes possible and its specification demands. Asking for
    less is for instances that lack a part; it is spelled out here, and again in every result. A
    certificate is never judged without a trusted time, whatever *times* says: it lives minutes,
    and without a time there is nothing to hold them against.
    """

    PUBLIC: ClassVar["Requirements"]

    logs: int
    times: int
    scts: int
    inclusion: InclusionKind

    def __init__(
        self,
        *,
        logs: int = 1,
        times: int = 1,
        scts: int = 1,
        inclusion: InclusionKind = "promise",
    ) -> None:
        for name, number in {"logs": logs, "times": times, "scts": scts}.items():
            _demand_count(number, name)
        if inclusion not in get_args(InclusionKind):
            raise InputError(
                f"inclusion is {shown(inclusion)}, which is nothing a log could give",
                hint='"promise" takes a promise or a proof, "proof" a proof alone',
            )
        self.__dict__.update(logs=logs, times=times, scts=scts, inclusion=inclusion)

    def relaxations(self) -> tuple[str, ...]:
        """Say, in a sentence each, in what this asks for less than `PUBLIC` does."""
        return tuple(self._relaxations())

    def _relaxations(self) -> Iterator[str]:
        if self.logs < self.PUBLIC.logs:
            yield "no transparency log had to hold the signature: nobody may ever have seen it"
        if self.times < self.PUBLIC.times:
            yield "no clock had to vouch for when a key signed"
        if self.scts < self.PUBLIC.scts:
            yield "no certificate log had to hold the certificate: it may have been issued unseen"


def _demand_count(number: object, name: str) -> None:
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise InputError(
            f"the number of {name} required is {shown(number)}, not a whole number from 0 up",
            hint=f"as in Requirements({name}=1)",
        )


Requirements.PUBLIC = Requirements()

# SPDX-License-Identifier: Apache-2.0
"""The page on what fails and how: `python -m tests.reliability > docs/reliability.md`."""

import sys
from collections.abc import Iterable, Sequence

from keyless.errors import KeylessError, VerificationError
from tests.troubles import CELLS, LASTING, LYING, PASSING, SERVICES, Cell, Trouble, trial

_HEAD = """\
# When services fail

Signing depends on services that others run. Each was made to fail in every way below, while a file
was signed and while it was attested to: {cells} times in all, with a file on disk, against a whole
instance in one process (`keyless.sandbox`). This page is what came out; it is made by
`python -m tests.reliability`, and `tests/test_fault_matrix.py` fails when it is out of date.

Whatever happens:

- **Nobody waits for ever.** Every request has a time in which its answer must be there, whole.
- **The error is one of keyless'**, names the service by its address, and has a hint at what to do.
- **No bundle is written**, not even a part of one, unless our own verifier has accepted it.
- **Nothing is logged twice.** What is repeated is the same request, byte for byte; the log answers
  that it knows it, and what it knows is fetched and compared.
- **No token and no private key** is in the error, in what its traceback keeps, or in a log record.
- **The same call succeeds once the fault is gone**, with the same signer.

Where there is a choice, what is signed goes to a log of version 2 here: an entry there says nothing
about the time, so a failed timestamp must come before it, and does.
"""

_LASTING = """\
## While it lasts

Everything here ends in a `ServiceError`. What may pass was tried three times first. ✗ stands for an
error with nothing logged, ✗¹ for one where the log had written one entry down before its answer was
lost: it is public, and does no harm. Signing again makes another, as it is another signature.
"""

_PASSING = """\
## What passes

✓ stands for a bundle that verifies, and one entry. Nobody notices but by the time that it takes.
"""

_LYING = """\
## When a service lies

An answer that is well formed and wrong is refused on arrival, by a `VerificationError` whose
`check` is the one given. Those of the certificate and timestamp authorities come before anything is
logged.

A log that shows everybody another tree is found out by nobody who sees one of them: every proof in
it holds. It shows when checkpoints are compared, by witnesses and monitors.
"""

_WORDS = "## What the errors say\n"


def page() -> str:
    """Try every cell, and write down what came of it."""
    results = {(cell.service, cell.trouble.words, cell.action): _tried(cell) for cell in CELLS}
    results_of = Results(results)
    parts = (
        _HEAD.format(cells=len(CELLS)),
        _LASTING,
        results_of.table(LASTING),
        _PASSING,
        results_of.table(PASSING),
        _LYING,
        results_of.table(LYING, services=list(SERVICES)[1:]),
        _WORDS,
        results_of.sayings((*LASTING, *LYING)),
    )
    return "\n".join(parts)


class Results:
    """What came of each cell: the sign that stands for it, and the error, if there was one."""

    def __init__(
        self, results: dict[tuple[str, str, str], tuple[str, KeylessError | None]]
    ) -> None:
        self._results = results

    def table(self, troubles: Sequence[Trouble], services: Sequence[str] = ()) -> str:
        """Lay out *troubles* by *services*, or by all of them."""
        columns = tuple(services or SERVICES)
        lines = [
            ("the service", *map(SERVICES.__getitem__, columns)),
            ("---",) * (len(columns) + 1),
        ]
        lines += [
            (trouble.words, *(self._mark(service, trouble) for service in columns))
            for trouble in troubles
        ]
        return "".join(f"| {' | '.join(line)} |\n" for line in lines)

    def sayings(self, troubles: Iterable[Trouble]) -> str:
        """List one error for each of *troubles*, the first service's that has it."""
        return "".join(self._saying(trouble) for trouble in troubles)

    def _mark(self, service: str, trouble: Trouble) -> str:
        if service not in trouble.services:
            return ""
        signed, attested = (
            self._results[service, trouble.words, action][0] for action in ("sign", "attest")
        )
        return signed if signed == attested else f"sign {signed}, attest {attested}"

    def _saying(self, trouble: Trouble) -> str:
        service = "fulcio" if "fulcio" in trouble.services else trouble.services[0]
        _, error = self._results[service, trouble.words, "sign"]
        if error is None:
            return ""
        return (
            f"- {SERVICES[service]}: {trouble.words}\n  > {error.message}  \n  > *{error.hint}*\n"
        )


def _tried(cell: Cell) -> tuple[str, KeylessError | None]:
    with trial(cell) as tried:
        error, logged = tried.error, len(tried.logged())
    match error:
        case None:
            return ("✓" if logged == 1 else f"✓ ({logged} entries)"), None
        case VerificationError():
            return f"{error.check.value}", error
        case _:
            return ("✗" + "¹" * logged if logged < 2 else f"✗ ({logged} entries)"), error


if __name__ == "__main__":
    sys.stdout.write(page())

# SPDX-License-Identifier: Apache-2.0
"""What services have in common once they have answered: who it was, if it makes no sense."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from keyless.errors import ParseError, ServiceError, VerificationError


@contextmanager
def answer_of(service: str) -> Iterator[None]:
    """Read an answer of *service*: what cannot be read, and what is a lie, is said to be its."""
    try:
        yield
    except ParseError as error:
        raise ServiceError(
            f"the {service} gave an answer that cannot be read: {error.message}",
            service=service,
            hint="something else may have answered in its place, as a proxy; or it speaks a "
            "version that is not known here",
        ) from None
    except VerificationError as error:
        raise VerificationError(
            f"the {service} gave a wrong answer: {error.message}",
            check=error.check,
            found=error.found,
            wanted=error.wanted,
            hint=error.hint or "do not rely on it, and tell whoever runs it",
        ) from None


@contextmanager
def advising(advice: Mapping[int, str]) -> Iterator[None]:
    """Say what to do, by *advice*, about the status that a service answers with."""
    try:
        yield
    except ServiceError as error:
        error.hint = advice.get(error.status or 0, error.hint)
        raise

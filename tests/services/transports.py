# SPDX-License-Identifier: Apache-2.0
"""A transport to test with: it answers what it was told, and keeps what it was asked."""

from collections.abc import Callable, Iterable

from keyless.services.http import Request, Response

Answer = Response | Exception | Callable[[Request], Response]


class Scripted:
    """A transport that gives its *answers* in turn; *asked* holds what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self._answers: Iterable[Answer] = iter(answers)
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> Response:
        """Give the next answer."""
        self.asked.append(request)
        answer = next(iter(self._answers))
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Response) else answer(request)


def answered(status: int, body: bytes = b"", **headers: str) -> Response:
    """Write an answer; an underscore in the name of a header stands for a hyphen."""
    named = tuple((name.replace("_", "-"), text) for name, text in headers.items())
    return Response(status=status, headers=named, body=body)

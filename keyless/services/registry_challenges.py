# SPDX-License-Identifier: Apache-2.0
"""How a server says what it wants to know of whoever asks (RFC 9110, 11.6.1).

WWW-Authenticate: Bearer realm="https://auth.test/token",service="registry.test", Basic realm="x"

One header may have several challenges, and commas part both them and their parameters.
"""

import re
from collections.abc import Iterator

from keyless.value import value

LONGEST = 8 << 10

_WORD = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_PART = re.compile(
    rf"[\s,]*({_WORD})(?:\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s,\"]+))|(?=[\s,]|\Z))"
)


@value
class Challenge:
    """One of the ways in; *scheme* and the names of its *parameters* in small letters."""

    scheme: str
    parameters: tuple[tuple[str, str], ...] = ()

    def parameter(self, name: str) -> str:
        """Return the parameter *name*; nothing when there is none."""
        return next((text for key, text in self.parameters if key == name), "")


def parse_challenges(header: str) -> tuple[Challenge, ...]:
    """Read what a server says in *header*, as far as it can be read."""
    return tuple(_challenges(header[:LONGEST]))


def _challenges(header: str) -> Iterator[Challenge]:
    scheme, parameters, position = "", list[tuple[str, str]](), 0
    while match := _PART.match(header, position):
        position = match.end()
        name, quoted, plain = match.groups()
        if quoted is None and plain is None:
            if scheme:
                yield Challenge(scheme=scheme, parameters=tuple(parameters))
            scheme, parameters = name.lower(), []
        else:
            text = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            parameters.append((name.lower(), text))
    if scheme:
        yield Challenge(scheme=scheme, parameters=tuple(parameters))

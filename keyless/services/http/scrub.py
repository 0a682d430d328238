# SPDX-License-Identifier: Apache-2.0
"""What was sent in confidence is not repeated, whoever says it back.

A server that refuses a token may well quote it, or a part of it; what it says ends in error
messages, in logs of builds that everybody can read, and in notebooks.
"""

from collections.abc import Iterable
from itertools import groupby

HIDDEN = "[hidden]"
# Shorter pieces of a secret say nothing, and may be words that the server needs to explain itself.
SHORTEST_PIECE = 12


def scrubbed(text: str, secrets: Iterable[str]) -> str:
    """Return *text* with every piece of one of *secrets* hidden."""
    told = [False] * len(text)
    for secret in filter(None, secrets):
        size = min(len(secret), SHORTEST_PIECE)
        for start in range(len(text) - size + 1):
            if text[start : start + size] in secret:
                told[start : start + size] = [True] * size
    runs = groupby(zip(text, told, strict=True), key=lambda pair: pair[1])
    return "".join(
        HIDDEN if is_told else "".join(character for character, _ in run) for is_told, run in runs
    )

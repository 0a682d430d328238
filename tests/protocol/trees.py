# SPDX-License-Identifier: Apache-2.0
"""Merkle trees by the letter of RFC 9162, 2.1: recursive, and a second opinion on ours.

All are over leaves *start* to *end* of `LEAVES`, so that what two of them share is hashed once.
"""

from functools import cache
from hashlib import sha256

LEAVES = tuple(sha256(b"\x00leaf %d" % index).digest() for index in range(5000))


@cache
def root(start: int, end: int) -> bytes:
    """MTH (2.1.1)."""
    if end - start < 2:
        return LEAVES[start] if start < end else sha256(b"").digest()
    middle = start + left_half(end - start)
    return sha256(b"\x01" + root(start, middle) + root(middle, end)).digest()


def path(index: int, start: int, end: int) -> list[bytes]:
    """PATH (2.1.3.1); *index* counts from the first of `LEAVES`."""
    if end - start == 1:
        return []
    middle = start + left_half(end - start)
    if index < middle:
        return [*path(index, start, middle), root(middle, end)]
    return [*path(index, middle, end), root(start, middle)]


def proof(first: int, start: int, end: int) -> list[bytes]:
    """PROOF and SUBPROOF (2.1.4.1): those of the whole tree start at 0."""
    if first == end:
        return [] if start == 0 else [root(start, end)]
    middle = start + left_half(end - start)
    if first <= middle:
        return [*proof(first, start, middle), root(middle, end)]
    return [*proof(first, middle, end), root(start, middle)]


def sides(index: int, size: int) -> list[str]:
    """Say on which side each sibling stands on the way up from leaf *index*."""
    if size == 1:
        return []
    half = left_half(size)
    if index < half:
        return [*sides(index, half), "right"]
    return [*sides(index - half, size - half), "left"]


def left_half(size: int) -> int:
    """Return the largest power of two below *size*."""
    half = 1
    while half * 2 < size:
        half *= 2
    return half

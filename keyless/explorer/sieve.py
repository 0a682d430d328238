# SPDX-License-Identifier: Apache-2.0
"""Which entries cannot name somebody, seen from afar: reading a certificate takes long.

Entries of version 2 hold certificates in base64, where three bytes become four letters. Whoever is
named in one by an exact text is there in one of three spellings, by how many bytes stand before:

    alice@example.com  YWxpY2VAZXhhbXBsZS5jb2    FsaWNlQGV4YW1wbGUuY29t    hbGljZUBleGFtcGxlLmNvb

So an entry in the log's own spelling that has none of them names somebody else. Every other entry
is read, as is each where a policy does not ask for one exact name.
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence

from keyless.policy import AllOf, AnyOf, Policy, SignedBy

# By these words bodies begin that are written in the one way in which the log writes them.
_USUAL = (
    b'{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{',
    b'{"apiVersion":"0.0.2","kind":"dsse","spec":{',
)
# Anything shorter would be found by chance, and in base64 perhaps not at all.
SHORTEST = 6


class Sieve:
    """Lets through all entries that could name somebody whom *policy* accepts, and few others."""

    def __init__(self, policy: Policy) -> None:
        texts = _texts(policy)
        self._spellings = None if texts is None else tuple(_spelled(texts))

    def lets_through(self, body: bytes) -> bool:
        """Say whether the entry with *body* must be read."""
        return self.lets_through_any((body,))

    def lets_through_any(self, bodies: Sequence[bytes]) -> bool:
        """Say whether one of *bodies* must be read: of a whole bundle in one look, mostly not."""
        if self._spellings is None:
            return True
        # Where one ends and the next begins, something may be found that is in neither: no harm.
        joined = b"".join(bodies)
        if b"\\" in joined or any(map(joined.__contains__, self._spellings)):
            return True
        return not all(body.startswith(_USUAL) for body in bodies)


def _texts(policy: Policy) -> frozenset[str] | None:
    """Return the texts of which one is in each certificate that *policy* accepts, if it has any."""
    # Of exactly these classes: what a subclass accepts, only it knows.
    if type(policy) is SignedBy:
        return _exactly(policy.identity)
    if type(policy) is AnyOf:
        each = [_texts(one) for one in policy.policies]
        known = [texts for texts in each if texts is not None]
        return frozenset().union(*known) if len(known) == len(each) else None
    if type(policy) is AllOf:
        return next(filter(None, map(_texts, policy.policies)), None)
    return None


def _exactly(identity: object) -> frozenset[str] | None:
    if isinstance(identity, str) and identity.isascii() and len(identity) >= SHORTEST:
        return frozenset({identity})
    return None


def _spelled(texts: Iterable[str]) -> Iterable[bytes]:
    for text in texts:
        for before in range(3):
            letters = b64encode(bytes(before) + text.encode("ascii"))
            # The letters at either end are made of neighbours' bits as well.
            first, last = -(-before * 8 // 6), (before + len(text)) * 8 // 6
            yield letters[first:last]

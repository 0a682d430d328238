# SPDX-License-Identifier: Apache-2.0
"""Which entries somebody wants to see: those that name a signer, whether or not it is genuine.

A policy is asked whom an entry *names*: each certificate and each key in it, as if somebody had
verified it, which nobody has. So it finds what is genuine and what only says so; `entry.authority`
tells the two apart, and `keyless.verify` judges what was signed.
"""

from collections.abc import Callable, Iterator

from keyless.errors import KeylessError, ParseError
from keyless.explorer.entry import Entry
from keyless.policy import Policy
from keyless.protocol.certificate import Certificate
from keyless.protocol.entry_content import MOST_SHOWN, EntryContent
from keyless.protocol.entry_kinds import read_content
from keyless.protocol.keys import PublicKey
from keyless.safe_text import shown
from keyless.verification.sighting import would_accept

Match = Policy | Callable[[Entry], bool]


def is_match(entry: Entry, match: Match | None) -> bool:
    """Say whether *entry* is one of those wanted, as all are where there is no *match*.

    Raises ParseError when it does not match as far as it can be read, but not all of it can be.
    """
    if match is None:
        return True
    if isinstance(match, Policy):
        return names(match, entry.content)
    try:
        return bool(match(entry))
    except KeylessError:
        raise
    except Exception as error:
        raise KeylessError(
            f"the match failed at entry {entry.index}: {type(error).__name__}: {shown(error)}",
            hint="a match is a policy, or takes an entry and says true or false",
        ) from error


def is_match_in(body: bytes, match: Policy) -> bool:
    """Say whether an entry with *body* is one of those wanted, as `is_match` does."""
    return names(match, read_content(body))


def names(policy: Policy, content: EntryContent) -> bool:
    """Say whether *content* names somebody whom *policy* would accept; nothing is verified."""
    if any(would_accept(policy, signer) for signer in _signers(content)):
        return True
    if (
        content.unread
        or len(content.keys) >= MOST_SHOWN
        or any("cannot be read" in key.words for key in content.keys)
    ):
        raise ParseError("an entry of which not all can be read")
    return False


def _signers(content: EntryContent) -> Iterator[Certificate | PublicKey]:
    for key in content.keys:
        if key.certificate is not None:
            yield key.certificate
        elif key.key is not None:
            yield key.key

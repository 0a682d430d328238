# SPDX-License-Identifier: Apache-2.0
"""Which entries somebody wants to see: those that name a signer, whether or not it is genuine."""

from collections.abc import Callable

from keyless.errors import KeylessError, ParseError, ServiceError
from keyless.explorer.entry import Entry
from keyless.policy import Policy
from keyless.protocol.certificate import Certificate
from keyless.protocol.entry import LogEntry
from keyless.protocol.entry_body import DsseRecord, HashedRekord, IntotoRecord, Verifier
from keyless.protocol.keys import PublicKey
from keyless.verification.sighting import would_accept

# A policy is asked whom an entry names, and a call of one's own whatever it likes.
Match = Policy | Callable[[Entry], bool]


def is_match(entry: Entry, match: Match | None) -> bool:
    """Say whether *entry* is one of those wanted; raise ParseError if its signer is unreadable.

    For a policy, this is whom its certificate or key names. Nothing of that is verified.
    """
    if match is None:
        return True
    if isinstance(match, Policy):
        return any(would_accept(match, signer) for signer in signers_of(entry.record))
    try:
        return bool(match(entry))
    except KeylessError:
        raise
    except Exception as error:  # noqa: BLE001 - it is the caller's own, and may do anything
        raise ServiceError(
            f"the match failed at entry {entry.index}: {type(error).__name__}: {error}",
            service="match",
            hint="a match is a policy, or takes an entry and says true or false",
        ) from None


def signers_of(record: LogEntry) -> list[Certificate | PublicKey]:
    """Return the certificates and keys in *record*, of all of its signatures."""
    match record.body:
        case HashedRekord(verifier=verifier):
            return [_parsed(verifier)]
        case DsseRecord(signatures=signatures) | IntotoRecord(signatures=signatures):
            return [_parsed(each.verifier) for each in signatures]
        case _:
            if record.kind == "unreadable":
                raise ParseError(f"entry {record.index} cannot be read")
            return []


def _parsed(verifier: Verifier) -> Certificate | PublicKey:
    return (Certificate if verifier.is_certificate else PublicKey).parse(verifier.der)

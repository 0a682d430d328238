# SPDX-License-Identifier: Apache-2.0
"""Why the two may disagree: each known way, by the words of the one that refused alone.

Every one of them was seen, and is tried in the tests; docs/interop.md says what follows from it.
"""

import re

from keyless.errors import Check, KeylessError, ParseError, VerificationError

# What their refusal says, and why they refuse what we accept.
THEY_REFUSE = (
    (r"expected certificate", "it knows no keys but those in certificates"),
    (r"^TypeError: \w+Key\.verify\(\)", "it verifies signatures by ECDSA alone"),
    (
        r"message digest mismatch|digest algorithm|unknown hash algorithm",
        "it takes artifacts by their SHA-256 alone",
    ),
    (r"no subject for digest", "it looks for subjects by their SHA-256 alone"),
    (r"exactly one log entry", "it takes bundles with one log entry, no more"),
    (r"Integrated time only supported|Unsupported DSSE", "it does not know this kind of log entry"),
    (
        r"inclusionProof.{1,8}Field required",
        "it wants an inclusion proof where version 0.1 of a bundle can do with a promise",
    ),
    (r"one certificate timestamp, found", "it takes certificates with one receipt, no more"),
    (r"SANs do not match .*\\x0c", "it compares user names with their DER around them"),
    (r"does not contain OIDCIssuer", "it reads the issuer from the older of the two claims alone"),
    (r"_Statement\s+_type", "it takes statements of version 1 alone"),
    (r"_Statement\s+subject\S+digest", "it refuses statements with digests it does not know"),
    (
        r"not enough sources of verified time",
        "its windows of timestamp authorities end before their last moment",
    ),
    (
        r"Fulcio certificates not found",
        "it compares windows of trust with today's date, and not with when it was signed",
    ),
    (r"Extra inputs are not permitted", "it refuses members that it does not know"),
    (r"unsupported trusted root format", "it reads trusted roots of version 0.1 alone"),
    (
        r"commonName.{1,8}Field required",
        "it wants a common name for each authority in a trusted root",
    ),
    (
        r"logIndex.{1,8}Field required",
        "it wants written out what protobuf leaves out: numbers that are 0, and empty lists",
    ),
)

# The check of ours that refuses, what it says, and why they accept what we refuse.
WE_REFUSE = (
    (r"^transparency log: .* its log was not trusted", "it enforces no windows of trust for logs"),
    (
        r"^(transparency log|certificate timestamp): .* is( in a log that is)? not trusted",
        "it takes what a key it knows has signed in any log's name",
    ),
    (
        r"^certificate timestamp: .* was not trusted at",
        "it enforces no windows of trust for certificate logs",
    ),
    (
        r"^certificate chain: .* was not trusted at",
        "it enforces no windows of trust for certificate authorities",
    ),
    (
        r"^certificate profile: .* alternative names",
        "any of several names in a certificate will do",
    ),
    (r"^checkpoint: ", "it does not ask in which name a log of version 2 has signed"),
    (r"^timestamp: ", "it passes over a timestamp that does not hold where another clock does"),
    (r"^parse: .* stands twice", "of a member that stands twice it reads the last"),
    (r"^parse: .* not base64", "it reads base64 that no encoder writes"),
    (r"^[\w ]+: .* comes without a proof|[1-9] wanted \(", "it cannot be asked to require more"),
)

NOT_ASKED = "it was not asked who signed"


def known_difference(
    ours: KeylessError | None, theirs: str | None, *, unasked: str | None
) -> str | None:
    """Return why one refused alone; None if they agree, and where nobody has found out yet."""
    if ours is None and theirs is not None:
        return _found(THEY_REFUSE, theirs)
    if isinstance(ours, VerificationError | ParseError) and theirs is None:
        return (
            NOT_ASKED if unasked and ours.check is Check.POLICY else _found(WE_REFUSE, _words(ours))
        )
    return None


def _found(table: tuple[tuple[str, str], ...], words: str) -> str | None:
    return next((why for pattern, why in table if re.search(pattern, words, re.DOTALL)), None)


def _words(error: VerificationError | ParseError) -> str:
    found = error.found if isinstance(error, VerificationError) else None
    return f"{error.check.value}: {error.message} ({found or ''})"

# SPDX-License-Identifier: Apache-2.0
"""Entries for people: a title, and rows of what each says and how far that is known to be so."""

import json
from collections.abc import Iterator

from keyless.evidence import VerifiedEntry
from keyless.explorer.entry_facts import EntryFacts
from keyless.protocol.certificate import Certificate
from keyless.protocol.names import name_in_words
from keyless.protocol.window import in_words
from keyless.report import Row

UNVERIFIED = "UNVERIFIED"
MOST_NAMES = 8


def title(entry: EntryFacts) -> str:
    """Name *entry*, and say first if nobody has verified it."""
    name = f"entry {entry.index} of {entry.log.name}"
    return name if entry.is_verified else f"{UNVERIFIED}: {name}"


def rows(entry: EntryFacts) -> Iterator[Row]:
    """Say all there is to say of *entry*."""
    yield _in_the_log(entry.evidence)
    yield from _signer(entry)
    yield _time(entry)
    kind = f"{entry.kind} {entry.version}".strip()
    yield "kind", kind or "unknown", ""
    for digest in entry.digests:
        yield digest.of, str(digest), ""
    yield from _statement(entry)
    for name, text in entry.content.facts:
        yield name, text, ""
    yield from _claims(entry)
    yield "name", entry.uuid, ""
    yield "look at it", entry.url, ""
    for sentence in entry.content.unread:
        yield "not read", sentence, ""
    if entry.content.unread or not (entry.content.keys or entry.digests):
        yield "as it is", _raw(entry), ""


def _in_the_log(evidence: VerifiedEntry | None) -> Row:
    if evidence is None:
        return "in the log", f"{UNVERIFIED}: nobody has checked anything of what is shown here", ""
    detail = ""
    if evidence.index is None and evidence.integrated_time is None:
        detail = "the log gave no promise with it: nothing that is signed says its number or time"
    return "in the log", f"verified: {evidence.proof}", detail


def _signer(entry: EntryFacts) -> Iterator[Row]:
    if entry.certificate is not None:
        yield from _certificate(entry, entry.certificate)
    elif entry.signer is not None:
        yield "signer", entry.signer.words, ""
    if entry.key is not None:
        yield "key", str(entry.key.fingerprint), entry.key.kind
    if len(entry.content.keys) > 1:
        yield "signers", f"{len(entry.content.keys)}, of which the first is shown", ""


def _certificate(entry: EntryFacts, certificate: Certificate) -> Iterator[Row]:
    for san in certificate.sans[:MOST_NAMES]:
        yield "signer", san.text, san.kind
    if not certificate.sans:
        yield "signer", "a certificate without a name", ""
    if entry.issuer is not None:
        yield "vouched for by", entry.issuer, ""
    yield "certificate", _issued_by(entry, certificate), _validity(certificate)


def _issued_by(entry: EntryFacts, certificate: Certificate) -> str:
    if entry.authority is not None:
        return f"issued by {entry.authority}, which is trusted"
    if entry.trusted_root is None:
        return f"says it is issued by {name_in_words(certificate.issued_by)}: nobody has checked"
    return "NOT issued by anybody trusted: whoever wrote it could put any name into it"


def _validity(certificate: Certificate) -> str:
    return f"valid {in_words(certificate.not_before)} to {in_words(certificate.not_after)}"


def _time(entry: EntryFacts) -> Row:
    if entry.time is not None:
        return "time", in_words(entry.time), ""
    if entry.log.version == 2:
        return "time", "not known: this log keeps none, a timestamp in the bundle does", ""
    return "time", "not known: nothing that is signed says it", ""


def _statement(entry: EntryFacts) -> Iterator[Row]:
    statement = entry.statement
    if statement is None:
        if entry.attestation is not None:
            yield "attestation", f"{len(entry.attestation)} bytes beside the log", _ATTESTATION
        return
    yield "attests", statement.predicate_type, ""
    for subject in statement.subjects[:MOST_NAMES]:
        yield "of", subject.name, ", ".join(map(str, subject.digests))


_ATTESTATION = "they are not what the entry is about, or no statement: nothing vouches for them"


def _claims(entry: EntryFacts) -> Iterator[Row]:
    for name, text in entry.claims.items() if entry.claims else ():
        if name != "issuer":
            yield name.replace("_", " "), text, ""


def _raw(entry: EntryFacts) -> str:
    if entry.body is not None:
        return json.dumps(entry.body, ensure_ascii=False)
    return entry.record.canonical_body[:_LONGEST].decode("utf-8", "backslashreplace")


_LONGEST = 4000

# SPDX-License-Identifier: Apache-2.0
"""`keyless inspect`: what a bundle holds, in words, and that none of it is verified."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import assert_never

from keyless import files
from keyless.cli import output
from keyless.cli.arguments import Namespace, Parser
from keyless.protocol.bundle import Bundle, KeyHint, MessageSignature
from keyless.protocol.certificate import Certificate
from keyless.protocol.checkpoint import Checkpoint
from keyless.protocol.dsse import Envelope
from keyless.protocol.entry import LogEntry
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.names import name_in_words
from keyless.protocol.statement import IN_TOTO, Statement
from keyless.protocol.timestamp import Timestamp
from keyless.protocol.window import in_rfc3339, in_words
from keyless.report import Row, text

DESCRIPTION = """\
Says in words what a bundle holds. Nothing of it is verified, and anybody can write anything into
a bundle: who signed is what keyless verify says.
"""


class Options(Namespace):
    """What `keyless inspect` was told."""

    bundle: str
    json: bool


def inspect(arguments: Sequence[str]) -> int:
    """Run `keyless inspect`."""
    parser = Parser("inspect", description=DESCRIPTION)
    parser.add_argument("bundle", metavar="BUNDLE", help="the bundle to look into")
    parser.add_argument("--json", action="store_true", help="say it as one JSON document")
    options = parser.parse_args(arguments, Options())
    bundle = files.read_bundle(options.bundle)
    if options.json:
        output.say_json({"keyless": 1, "verified": False, **_json(bundle)})
    else:
        output.say(text("NOT VERIFIED: what the bundle says of itself", list(_rows(bundle))))
        output.note("none of this is verified: keyless verify says who signed, and what")
    return output.DONE


def _rows(bundle: Bundle) -> Iterator[Row]:
    yield "format", f"Sigstore bundle, version {bundle.version}", ""
    yield from _content_rows(bundle.content)
    yield from _material_rows(bundle.material)
    for entry in bundle.entries:
        yield _entry_row(entry)
    for timestamp in bundle.timestamps:
        yield _timestamp_row(timestamp)


def _content_rows(content: MessageSignature | Envelope) -> Iterator[Row]:
    match content:
        case MessageSignature(digest=None):
            yield "signed", "an artifact, of which the bundle does not name the digest", ""
        case MessageSignature(digest=digest):
            yield "signed", f"an artifact with {digest}", ""
        case Envelope(payload_type=payload_type) if payload_type != IN_TOTO:
            yield "signed", f"{len(content.payload)} bytes of type {payload_type}", ""
        case Envelope():
            yield from _statement_rows(Statement.parse(content.payload))
        case _:
            assert_never(content)


def _statement_rows(statement: Statement) -> Iterator[Row]:
    yield "signed", f"a statement of type {statement.predicate_type}", ""
    for subject in statement.subjects:
        digests = (*map(str, subject.digests), *map(":".join, subject.other_digests))
        yield "about", subject.name or "(no name)", ", ".join(digests)


def _material_rows(material: Certificate | KeyHint) -> Iterator[Row]:
    match material:
        case KeyHint(hint=hint):
            yield "signer", "a key that the bundle does not hold", f"hint: {hint or '(none)'}"
        case Certificate():
            names = ", ".join(f"{san.text} ({san.kind})" for san in material.sans)
            yield "signer", names or "(no name)", ""
            for name, claim in material.claims.items():
                yield f"claim: {name.replace('_', ' ')}", claim, ""
            valid = f"{in_words(material.not_before)} to {in_words(material.not_after)}"
            yield "certificate", f"valid {valid}", f"issued by {name_in_words(material.issued_by)}"
        case _:
            assert_never(material)


def _entry_row(entry: LogEntry) -> Row:
    promised = ["a promise to include it"] if entry.promise is not None else []
    checkpoint = _checkpoint_of(entry)
    if checkpoint is not None:
        promised.append(f"a proof in the {checkpoint.size} leaves of {checkpoint.origin}")
    at = entry.integrated_time
    made = f", made {in_words(datetime.fromtimestamp(at, UTC))}" if at else ""
    return (
        "log entry",
        f"number {entry.index}, {entry.kind} {entry.version}{made}",
        f"in the log with id {entry.log_id.hex()}; {' and '.join(promised)}",
    )


def _timestamp_row(timestamp: Timestamp) -> Row:
    return "timestamp", in_words(timestamp.at), f"by {name_in_words(timestamp.message.issuer)}"


def _json(bundle: Bundle) -> dict[str, JsonValue]:
    """Return the same for machines: always these members, null where there is nothing."""
    return {
        "version": bundle.version,
        "signed": _content_json(bundle.content),
        "signer": _material_json(bundle.material),
        "entries": [_entry_json(entry) for entry in bundle.entries],
        "timestamps": [
            {"at": in_rfc3339(each.at), "issuer": name_in_words(each.message.issuer)}
            for each in bundle.timestamps
        ],
    }


def _content_json(content: MessageSignature | Envelope) -> JsonValue:
    match content:
        case MessageSignature(digest=digest):
            return _signed_json(digest=str(digest) if digest else None)
        case Envelope(payload_type=payload_type) if payload_type != IN_TOTO:
            return _signed_json(payload_type=payload_type)
        case Envelope(payload_type=payload_type):
            statement = Statement.parse(content.payload)
            return _signed_json(
                payload_type=payload_type,
                predicate_type=statement.predicate_type,
                subjects=[
                    {"name": subject.name, "digests": list(map(str, subject.digests))}
                    for subject in statement.subjects
                ],
            )
        case _:
            assert_never(content)


def _signed_json(**members: JsonValue) -> JsonValue:
    return {
        "digest": None,
        "payload_type": None,
        "predicate_type": None,
        "subjects": [],
        **members,
    }


def _material_json(material: Certificate | KeyHint) -> JsonValue:
    match material:
        case KeyHint(hint=hint):
            return {"key_hint": hint, "certificate": None}
        case Certificate(claims=claims):
            certificate: JsonValue = {
                "names": [{"kind": san.kind, "text": san.text} for san in material.sans],
                "issuer": claims.issuer,
                "claims": dict(claims.items()),
                "not_before": in_rfc3339(material.not_before),
                "not_after": in_rfc3339(material.not_after),
            }
            return {"key_hint": None, "certificate": certificate}
        case _:
            assert_never(material)


def _entry_json(entry: LogEntry) -> JsonValue:
    checkpoint = _checkpoint_of(entry)
    at = entry.integrated_time
    return {
        "log_id": entry.log_id.hex(),
        "index": entry.index,
        "kind": entry.kind,
        "version": entry.version,
        "integrated_time": in_rfc3339(datetime.fromtimestamp(at, UTC)) if at else None,
        "promise": entry.promise is not None,
        "checkpoint": _checkpoint_json(checkpoint) if checkpoint else None,
    }


def _checkpoint_of(entry: LogEntry) -> Checkpoint | None:
    return entry.proof.checkpoint if entry.proof is not None else None


def _checkpoint_json(checkpoint: Checkpoint) -> JsonValue:
    return {"origin": checkpoint.origin, "size": checkpoint.size}

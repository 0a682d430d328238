# SPDX-License-Identifier: Apache-2.0
"""In-toto statements."""

import json
from typing import Any

import pytest

from keyless.errors import InputError, ParseError
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.statement import Statement, Subject

SHA256 = Digest.of(b"artifact")
SHA512 = Digest.of(b"artifact", HashAlgorithm.SHA512)
STATEMENT: dict[str, JsonValue] = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": "app.whl", "digest": {"sha256": SHA256.hex}}],
    "predicateType": "https://slsa.dev/provenance/v1",
    "predicate": {"builder": None, "steps": [1, 2.5, True]},
}


def parse(**change: JsonValue) -> Statement:
    """Parse the sample with some members changed."""
    return Statement.parse(json.dumps({**STATEMENT, **change}).encode())


def about(digests: JsonValue) -> Statement:
    """Parse the sample with other digests for its one subject."""
    return parse(subject=[{"name": "app.whl", "digest": digests}])


def test_parse_reads_every_part() -> None:
    """Type, predicate type, subjects and predicate are those of the payload."""
    assert parse() == Statement(
        type="https://in-toto.io/Statement/v1",
        predicate_type="https://slsa.dev/provenance/v1",
        subjects=(Subject(name="app.whl", digests=(SHA256,)),),
        predicate={"builder": None, "steps": [1, 2.5, True]},
    )


def test_version_0_1_is_read_too() -> None:
    """The older type of statement is still in use."""
    assert parse(_type="https://in-toto.io/Statement/v0.1").type.endswith("v0.1")


def test_subject_needs_no_name() -> None:
    """What identifies a subject is its digest."""
    statement = parse(subject=[{"digest": {"sha256": SHA256.hex}}])
    assert statement.subjects[0].name == ""


def test_digests_of_other_kinds_are_kept_aside() -> None:
    """A digest that nothing is compared with does not make a statement malformed."""
    (subject,) = about({"gitCommit": "ABC", "sha512": SHA512.hex, "SHA2_256": ""}).subjects
    assert subject.digests == (SHA512,)
    assert subject.other_digests == (("gitCommit", "ABC"), ("SHA2_256", ""))


def test_predicate_may_be_absent() -> None:
    """The predicate type alone can say what is to be said."""
    assert parse(predicate=None).predicate is None


def test_subject_is_found_by_each_of_its_digests() -> None:
    """A subject is the artifact that has one of its digests."""
    statement = about({"sha256": SHA256.hex, "sha512": SHA512.hex})
    assert statement.subject_with(SHA256) == statement.subject_with(SHA512) == statement.subjects[0]


def test_subject_is_not_found_by_another_digest() -> None:
    """A digest that stands in no subject finds none, though another has its algorithm."""
    assert parse().subject_with(Digest.of(b"another")) is None


@pytest.mark.parametrize(
    ("change", "path", "reason"),
    [
        ({"_type": "https://in-toto.io/Statement/v2"}, "$._type", "not a statement of version"),
        ({"_type": None}, "$._type", "missing"),
        ({"predicateType": None}, "$.predicateType", "missing"),
        ({"predicateType": ""}, "$.predicateType", "empty"),
        ({"subject": []}, "$.subject", "a statement about nothing"),
        ({"subject": None}, "$.subject", "a statement about nothing"),
        ({"subject": {}}, "$.subject", "an object where a list is wanted"),
        ({"subject": [{}] * 1025}, "$.subject", "1025 items, more than the 1024"),
        ({"subject": [{"name": "app.whl"}]}, "$.subject[0].digest", "missing"),
        ({"subject": [{"name": 1, "digest": {"sha1": ""}}]}, "$.subject[0].name", "a number"),
    ],
)
def test_malformed_statements_are_refused(
    change: dict[str, JsonValue], path: str, reason: str
) -> None:
    """The error names the member that is wrong, and what is wrong with it."""
    with pytest.raises(ParseError, match=reason) as refusal:
        parse(**change)
    assert refusal.value.path == path


@pytest.mark.parametrize(
    ("digests", "path", "reason"),
    [
        ({}, "$.subject[0].digest", "0 digests where 1 to 32 fit"),
        ({f"x{n}": "" for n in range(33)}, "$.subject[0].digest", "33 digests where 1 to 32 fit"),
        ({"sha256": SHA256.hex[2:]}, "$.subject[0].digest.sha256", "has 32 bytes, this one has 31"),
        ({"sha256": SHA256.hex.upper()}, "$.subject[0].digest.sha256", "not lower-case"),
        ({"sha256": 5}, "$.subject[0].digest.sha256", "a number where a string is wanted"),
        ({"sha1": 5}, "$.subject[0].digest.sha1", "a number where a string is wanted"),
        ("sha256", "$.subject[0].digest", "a string where an object is wanted"),
    ],
)
def test_malformed_digests_are_refused(digests: JsonValue, path: str, reason: str) -> None:
    """The error names the digest that is wrong, and what is wrong with it."""
    with pytest.raises(ParseError, match=reason) as refusal:
        about(digests)
    assert refusal.value.path == path


def test_payload_that_is_no_object_is_refused() -> None:
    """A payload of another kind than the envelope says is malformed."""
    with pytest.raises(ParseError, match="not a JSON object but a list"):
        Statement.parse(b"[]")


def test_subject_given_two_digests_of_one_algorithm_is_refused() -> None:
    """A key that stands twice would show two readers two artifacts."""
    payload = json.dumps(STATEMENT).replace('{"sha256"', '{"sha256": "", "sha256"').encode()
    with pytest.raises(ParseError, match="the key sha256 stands twice"):
        Statement.parse(payload)


def test_a_statement_that_is_written_is_read_back_the_same() -> None:
    """Every part of a statement survives, digests that nothing is compared by included."""
    subjects: JsonValue = [
        {"name": "app.whl", "digest": {"sha256": SHA256.hex, "gitCommit": "ABC"}},
        {"name": "größer", "digest": {"sha512": SHA512.hex}},
    ]
    statement = parse(subject=subjects)
    assert Statement.parse(statement.to_json()) == statement


def test_a_new_statement_is_of_version_1() -> None:
    """The type is filled in, and comes first; the predicate, if there is none, stays away."""
    subject = Subject(name="a", digests=(SHA256,))
    statement = Statement(predicate_type="https://a.test/b", subjects=(subject,), predicate=None)
    assert statement.to_json() == (
        b'{"_type":"https://in-toto.io/Statement/v1",'
        b'"subject":[{"name":"a","digest":{"sha256":"%b"}}],'
        b'"predicateType":"https://a.test/b"}' % SHA256.hex.encode()
    )


def nested(depth: int) -> JsonValue:
    """Return lists in lists."""
    value: JsonValue = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("predicate", "reason"),
    [
        ({"when": object()}, "object is not JSON serializable"),
        ({"share": float("nan")}, "not JSON compliant"),
        ({"text": "\ud800"}, "surrogates not allowed"),
        (nested(100_000), "recursion"),
    ],
)
def test_a_predicate_that_is_no_json_is_refused(predicate: Any, reason: str) -> None:
    """What cannot be written is an error of the caller's, and says why."""
    statement = Statement(predicate_type="a:b", subjects=(), predicate=predicate)
    with pytest.raises(InputError, match=f"(?i)cannot be written as JSON: .*{reason}"):
        statement.to_json()

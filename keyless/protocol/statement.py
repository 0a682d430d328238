# SPDX-License-Identifier: Apache-2.0
"""In-toto statements, versions 0.1 and 1: something is said about artifacts, named by digest.

    {"_type":         "https://in-toto.io/Statement/v1",
     "subject":       [{"name": "app.whl", "digest": {"sha256": "0f5e…"}}],
     "predicateType": "https://slsa.dev/provenance/v1",
     "predicate":     {…}}

The name in a subject identifies nothing: an artifact is its digest.

Both versions are read; version 1 is what new statements are.
"""

import json as json_text
from functools import partial

from keyless.errors import InputError
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.json_reader import Json, JsonValue
from keyless.safe_text import shown
from keyless.value import value

IN_TOTO = "application/vnd.in-toto+json"
STATEMENT_TYPES = ("https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1")

MOST_SUBJECTS = 1024
MOST_DIGESTS = 32

_KNOWN = {algorithm.value: algorithm for algorithm in HashAlgorithm}


@value
class Subject:
    """An artifact that a statement is about.

    *other_digests* are by algorithms that no artifact is compared by, as `gitCommit`: pairs of
    the algorithm's name and the text. *annotations* say more of it, as what cosign's `-a` is given.
    """

    name: str
    digests: tuple[Digest, ...]
    other_digests: tuple[tuple[str, str], ...] = ()
    annotations: tuple[tuple[str, JsonValue], ...] = ()

    def to_json(self) -> dict[str, JsonValue]:
        """Write the subject as it stands in a statement."""
        digests: dict[str, JsonValue] = {each.algorithm.value: each.hex for each in self.digests}
        said: dict[str, JsonValue] = (
            {"annotations": dict(self.annotations)} if self.annotations else {}
        )
        return {"name": self.name, "digest": {**digests, **dict(self.other_digests)}, **said}


@value
class Statement:
    """What is said, and about which artifacts."""

    predicate_type: str
    subjects: tuple[Subject, ...]
    predicate: JsonValue
    type: str = STATEMENT_TYPES[0]

    @classmethod
    def parse(cls, payload: bytes) -> "Statement":
        """Read the *payload* of an envelope whose type is `IN_TOTO`."""
        json = Json.parse(payload)
        return cls(
            type=_type(json),
            predicate_type=_predicate_type(json),
            subjects=_subjects(json),
            predicate=json.value("predicate"),
        )

    def to_json(self) -> bytes:
        """Write the payload of an envelope whose type is `IN_TOTO`."""
        document: dict[str, JsonValue] = {
            "_type": self.type,
            "subject": [subject.to_json() for subject in self.subjects],
            "predicateType": self.predicate_type,
        }
        if self.predicate is not None:
            document["predicate"] = self.predicate
        try:
            text = json_text.dumps(
                document, ensure_ascii=False, allow_nan=False, separators=(",", ":")
            )
            return text.encode("utf-8")
        except (TypeError, ValueError, RecursionError) as error:
            raise InputError(
                f"the predicate cannot be written as JSON: {shown(error)}",
                hint="it is made of objects, lists, strings, finite numbers, truth values and null",
            ) from None

    def subject_with(self, digest: Digest) -> Subject | None:
        """Return the first subject that has *digest*, None when the statement has none."""
        return next((each for each in self.subjects if digest in each.digests), None)


def _type(json: Json) -> str:
    text = json.text("_type")
    if text not in STATEMENT_TYPES:
        raise json.error(
            f"{shown(text, longest=80)} is not a statement of version 1 or 0.1", name="_type"
        )
    return text


def _predicate_type(json: Json) -> str:
    text = json.text("predicateType")
    if not text:
        raise json.error("empty", name="predicateType")
    return text


def _subjects(json: Json) -> tuple[Subject, ...]:
    subjects = json.objects("subject", most=MOST_SUBJECTS)
    if not subjects:
        raise json.error("a statement about nothing", name="subject")
    return tuple(_subject(subject) for subject in subjects)


def _subject(json: Json) -> Subject:
    digests = json.object("digest")
    names = digests.names()
    if not 1 <= len(names) <= MOST_DIGESTS:
        raise json.error(f"{len(names)} digests where 1 to {MOST_DIGESTS} fit", name="digest")
    return Subject(
        name=json.optional_text("name") or "",
        digests=tuple(_digest(digests, name) for name in names if name in _KNOWN),
        other_digests=tuple((name, digests.text(name)) for name in names if name not in _KNOWN),
        annotations=_annotations(json),
    )


def _annotations(json: Json) -> tuple[tuple[str, JsonValue], ...]:
    annotations = json.optional_object("annotations")
    if annotations is None:
        return ()
    return tuple((name, annotations.value(name)) for name in annotations.names())


def _digest(json: Json, name: str) -> Digest:
    return json.within(name, partial(Digest.checked, _KNOWN[name]), json.hex(name))

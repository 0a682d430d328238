# SPDX-License-Identifier: Apache-2.0
"""What is to be signed, and what is said of it."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from keyless.errors import InputError
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.statement import Statement, Subject
from keyless.session.subject import Artifact, digested, stated

CONTENT = b"what is signed"
DIGEST = Digest.of(CONTENT)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with the content."""
    path = tmp_path / "app.whl"
    path.write_bytes(CONTENT)
    return path


def test_an_artifact_may_come_in_any_form(file: Path) -> None:
    """Only of a path is it known where it is."""
    forms: list[Artifact] = [CONTENT, BytesIO(CONTENT), DIGEST]
    assert [digested(form) for form in forms] == [(None, DIGEST)] * 3
    assert digested(file) == digested(str(file)) == (str(file), DIGEST)


def test_an_artifact_is_hashed_as_the_key_needs_it(file: Path) -> None:
    """A digest that is given stays what it is."""
    sha512 = Digest.of(CONTENT, HashAlgorithm.SHA512)
    forms: list[Artifact] = [CONTENT, BytesIO(CONTENT), file]
    assert {digested(form, HashAlgorithm.SHA512)[1] for form in forms} == {sha512}
    assert digested(DIGEST, HashAlgorithm.SHA512) == (None, DIGEST)


def test_a_statement_calls_a_file_by_its_name(file: Path) -> None:
    """Where it lies is nobody's business."""
    path, statement = stated(file, {"a": 1}, "https://example.com/a")
    assert path == str(file)
    assert statement == Statement(
        predicate_type="https://example.com/a",
        subjects=(Subject(name="app.whl", digests=(DIGEST,)),),
        predicate={"a": 1},
    )


def test_a_statement_calls_what_has_no_name_by_its_digest() -> None:
    """Readers look for a name."""
    _, statement = stated(CONTENT, {}, "spdx")
    assert statement.subjects == (Subject(name=str(DIGEST), digests=(DIGEST,)),)
    assert statement.predicate_type == "https://spdx.dev/Document"


def test_a_predicate_may_be_an_object_its_bytes_or_a_file(tmp_path: Path) -> None:
    """All say the same."""
    (tmp_path / "p.json").write_text('{"a": [1, 2.5]}')
    forms = [{"a": [1, 2.5]}, b'{"a": [1, 2.5]}', tmp_path / "p.json", str(tmp_path / "p.json")]
    said = [stated(CONTENT, form, "custom")[1].predicate for form in forms]
    assert said == [{"a": [1, 2.5]}] * 4


@pytest.mark.parametrize(
    ("predicate", "reason"),
    [
        (b"[1]", "the predicate is no predicate: a predicate is a JSON object"),
        (b'{"a": 1', "the predicate is no predicate: not JSON"),
        (b'{"a": 1, "a": 2}', "the predicate is no predicate: the key a stands twice"),
        ("nowhere.json", "there is no file nowhere.json"),
    ],
)
def test_what_is_no_predicate_is_refused(predicate: Any, reason: str) -> None:
    """The error says which, and why."""
    with pytest.raises(InputError, match=reason):
        stated(CONTENT, predicate, "custom")


def test_a_file_that_is_no_predicate_is_named(tmp_path: Path) -> None:
    """It may be one of many."""
    (tmp_path / "sbom.xml").write_text("<sbom/>")
    with pytest.raises(InputError, match=r"sbom\.xml is no predicate: not JSON"):
        stated(CONTENT, tmp_path / "sbom.xml", "cyclonedx")


def test_a_type_that_is_none_is_refused_before_anything_is_read() -> None:
    """A slip in a name is told at once."""
    with pytest.raises(InputError, match="neither the URI of a predicate type nor"):
        stated("nowhere", "nowhere", "cyclondx")

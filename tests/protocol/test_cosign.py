# SPDX-License-Identifier: Apache-2.0
"""What cosign signs of an image: written byte for byte as it does, and read strictly."""

import json
import re
from typing import Any

import pytest

from keyless.errors import InputError, ParseError
from keyless.protocol.cosign import (
    SIGN_PREDICATE,
    SimpleSigning,
    are_among,
    sign_statement,
    signed_annotations,
)
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.statement import Statement
from tests.shared_data import shared

DIGEST = Digest.of(b"an image")
TEE = Digest.parse("sha256:60cb37c249fe3695c3660e431a60bf8e8684989bf1882786cc673ce933e27849")


def document(**changes: Any) -> dict[str, Any]:
    """Return a payload's parts, with *changes* in its critical one."""
    critical = {
        "identity": {"docker-reference": "ghcr.io/me/app"},
        "image": {"docker-manifest-digest": str(DIGEST)},
        "type": "cosign container image signature",
        **changes,
    }
    return {"critical": critical, "optional": None}


def refused(payload: object) -> str:
    """Return why *payload* is no simple-signing document."""
    with pytest.raises(ParseError) as caught:
        SimpleSigning.parse(json.dumps(payload).encode())
    return caught.value.message


def test_a_payload_is_written_as_cosign_writes_it() -> None:
    """In the order of Go's fields, without a space, with `null` for no annotations."""
    payload = SimpleSigning(docker_reference="index.docker.io/library/nginx", digest=DIGEST)
    assert payload.to_json() == (
        b'{"critical":{"identity":{"docker-reference":"index.docker.io/library/nginx"},'
        b'"image":{"docker-manifest-digest":"%b"},'
        b'"type":"cosign container image signature"},"optional":null}' % str(DIGEST).encode()
    )


def test_a_payload_that_cosign_signed_is_written_the_same() -> None:
    """The layer that the world has under this digest: its annotations are printed beside it."""
    seed = shared("seeds/000_a1400a4261e5a344.txt").read_text("utf-8")
    key = re.search(r'cosign/pub": "([^"]+)"', seed)
    assert key is not None
    payload = SimpleSigning(
        docker_reference="us-central1-docker.pkg.dev/builder-395303/repo1/tee",
        digest=TEE,
        annotations=(
            ("key1", "value1"),
            ("dev.cosignproject.cosign/sigalg", "ECDSA_P256_SHA256"),
            ("dev.cosignproject.cosign/pub", key[1]),
        ),
    ).to_json()
    assert (len(payload), Digest.of(payload).hex) == (
        606,
        "561222396fbe725acde46e728adc5aa8069942c201787a22ce6fc286ecc96f0a",
    )


def test_what_html_would_read_is_escaped_as_go_does() -> None:
    """Angle brackets, ampersands, and the two line ends of JavaScript's; nothing else."""
    said = SimpleSigning(
        docker_reference="r", digest=DIGEST, annotations=(("ü", "<a&b>\u2028\u2029\x7f\t"),)
    )
    assert said.to_json().endswith(
        '"optional":{"ü":"\\u003ca\\u0026b\\u003e\\u2028\\u2029\x7f\\t"}}'.encode()
    )


def test_a_payload_is_read_as_it_was_written() -> None:
    """Whatever the annotations."""
    said = SimpleSigning(
        docker_reference="ghcr.io/me/app", digest=DIGEST, annotations=(("<a>", "b"), ("c", 5))
    )
    assert SimpleSigning.parse(said.to_json()) == said


def test_no_annotations_are_read_as_none() -> None:
    """They are null where cosign was given none."""
    assert SimpleSigning.parse(json.dumps(document()).encode()).annotations == ()


def test_a_payload_of_another_type_is_refused() -> None:
    """As of an atomic container signature: what is signed by it is another thing."""
    reason = refused(document(type="atomic container signature"))
    assert "atomic container signature where 'cosign container image signature'" in reason


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"type": None}, "$.critical.type: missing"),
        ({"image": {}}, "$.critical.image.docker-manifest-digest: missing"),
        ({"image": {"docker-manifest-digest": "md5:00"}}, "md5 is not a hash"),
        ({"image": {"docker-manifest-digest": "../../x"}}, "not a digest"),
        ({"identity": {}}, "$.critical.identity.docker-reference: missing"),
    ],
)
def test_a_payload_without_a_part_is_refused(changes: dict[str, Any], where: str) -> None:
    """And the refusal says which."""
    assert where in refused(document(**changes))


def test_a_huge_payload_is_refused() -> None:
    """A megabyte is plenty of annotations."""
    assert "more than the 1048576 allowed" in refused({"a": "b" * (1 << 20)})


def test_the_statement_is_cosigns() -> None:
    """Without a name, which identifies nothing; with a predicate, which says nothing."""
    assert json.loads(sign_statement(DIGEST, (("git", "3e1f"),))) == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"digest": {"sha256": DIGEST.hex}, "annotations": {"git": "3e1f"}}],
        "predicateType": "https://sigstore.dev/cosign/sign/v1",
        "predicate": {},
    }


def test_the_statement_is_read_with_its_annotations() -> None:
    """By the reader of all statements, for any digest an image may have."""
    digest = Digest.of(b"an image", HashAlgorithm.SHA512)
    statement = Statement.parse(sign_statement(digest, (("git", "3e1f"),)))
    (subject,) = statement.subjects
    assert (statement.predicate_type, subject.digests, subject.annotations) == (
        SIGN_PREDICATE,
        (digest,),
        (("git", "3e1f"),),
    )


@pytest.mark.parametrize("pair", [("a", 5), (5, "a"), ("a", None), ("a", "\ud800"), ("\ud800", "")])
def test_annotations_are_texts(pair: tuple[Any, Any]) -> None:
    """What cannot be written, or would not be read as it was meant, is refused beforehand."""
    with pytest.raises(InputError, match="is no text with a name"):
        signed_annotations(dict((pair,)))


def test_annotations_are_kept_as_they_are() -> None:
    """In the caller's order."""
    assert signed_annotations({"b": "1", "a": "ü"}) == (("b", "1"), ("a", "ü"))


def test_annotations_may_be_absent() -> None:
    """None of them is no annotation."""
    assert signed_annotations(None) == signed_annotations({}) == ()


def test_annotations_are_wanted_word_for_word() -> None:
    """A subset will do; a number is no text, and a missing one none."""
    there = (("a", "1"), ("b", 2), ("c", "3"))
    assert are_among((("a", "1"), ("c", "3")), there)
    assert are_among((), there)
    assert not are_among((("b", "2"),), there)
    assert not are_among((("d", "4"),), there)
    assert not are_among((("a", "1 "),), there)

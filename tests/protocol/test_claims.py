# SPDX-License-Identifier: Apache-2.0
"""Claims: every extension of Fulcio's, in the form it has."""

import pytest

from keyless.errors import ParseError
from keyless.protocol.claims import CLAIM_OIDS, Claims, parse_claims
from keyless.protocol.der import oid_bytes, oid_text
from keyless.protocol.der_writer import replacing_tag, utf8_string

BARE = {
    1: "issuer",
    2: "github_workflow_trigger",
    3: "github_workflow_sha",
    4: "github_workflow_name",
    5: "github_workflow_repository",
    6: "github_workflow_ref",
}
IN_DER = {
    8: "issuer",
    9: "build_signer_uri",
    10: "build_signer_digest",
    11: "runner_environment",
    12: "source_repository_uri",
    13: "source_repository_digest",
    14: "source_repository_ref",
    15: "source_repository_identifier",
    16: "source_repository_owner_uri",
    17: "source_repository_owner_identifier",
    18: "build_config_uri",
    19: "build_config_digest",
    20: "build_trigger",
    21: "run_invocation_uri",
    22: "source_repository_visibility_at_signing",
    23: "deployment_environment",
    24: "token_subject",
}


def number(last: int) -> bytes:
    """Return what stands for Fulcio's extension that ends in *last*."""
    return oid_bytes(f"1.3.6.1.4.1.57264.1.{last}")


@pytest.mark.parametrize(("last", "name"), BARE.items())
def test_old_extensions_are_bare_text(last: int, name: str) -> None:
    """What stands there is the text itself."""
    claims = parse_claims({number(last): "Jürgen’s".encode()})
    assert dict(claims.items()) == {name: "Jürgen’s"}


@pytest.mark.parametrize(("last", "name"), IN_DER.items())
def test_new_extensions_are_in_der(last: int, name: str) -> None:
    """What stands there is a UTF-8 string with its tag and length."""
    claims = parse_claims({number(last): utf8_string("Jürgen’s")})
    assert dict(claims.items()) == {name: "Jürgen’s"}


def test_what_is_not_said_is_none() -> None:
    """No claim is invented, not even an empty one."""
    assert parse_claims({}) == Claims()
    assert list(Claims().items()) == []


def test_an_empty_claim_is_said() -> None:
    """Empty is not absent."""
    assert parse_claims({number(20): utf8_string("")}).build_trigger == ""


def test_other_extensions_are_no_claims() -> None:
    """7 is a kind of name, 25 does not exist yet."""
    others = {number(7): b"", number(25): b"", oid_bytes("2.5.29.17"): b""}
    assert parse_claims(others) == Claims()


def test_the_issuer_may_be_said_in_both_forms() -> None:
    """As Fulcio does, to be understood by old clients."""
    both = {number(1): b"https://example.com", number(8): utf8_string("https://example.com")}
    assert parse_claims(both).issuer == "https://example.com"


def test_two_issuers_are_refused() -> None:
    """Each reader would believe another one."""
    both = {number(8): utf8_string("https://a.example"), number(1): b"https://b.example"}
    with pytest.raises(ParseError, match=r"two issuers, https://a\.example and https://b\.example"):
        parse_claims(both)


@pytest.mark.parametrize("last", [1, 2])
def test_bare_text_is_in_utf8(last: int) -> None:
    """Other bytes are no text."""
    with pytest.raises(ParseError, match="not UTF-8 at byte 1"):
        parse_claims({number(last): b"a\xff"})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"https://example.com", "an element with tag 0x68 where a UTF-8 string is wanted"),
        (replacing_tag(1, b"a"), "an element with tag 0x81 where a UTF-8 string is wanted"),
        (utf8_string("a") + utf8_string("b"), "nothing more is wanted"),
        (b"\x0c\x01\xff", "not UTF-8 at byte 0"),
    ],
    ids=["bare text", "another string", "two strings", "not UTF-8"],
)
def test_new_extensions_in_another_form_are_refused(content: bytes, message: str) -> None:
    """They hold one UTF-8 string and nothing else."""
    with pytest.raises(ParseError, match=message):
        parse_claims({number(8): content})


def test_all_of_them_are_understood() -> None:
    """Were one marked critical, it would be no reason to refuse."""
    last = {int(oid_text(oid).rpartition(".")[2]) for oid in CLAIM_OIDS}
    assert last == BARE.keys() | IN_DER.keys()

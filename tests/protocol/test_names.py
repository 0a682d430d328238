# SPDX-License-Identifier: Apache-2.0
"""Names in certificates: what they say, and in which sense."""

import pytest

from keyless.errors import ParseError
from keyless.protocol.der import encoded
from keyless.protocol.der_writer import (
    oid,
    replacing_tag,
    sequence,
    set_of,
    tagged,
    utf8_string,
)
from keyless.protocol.names import San, name_in_words, parse_sans
from tests.protocol.pki import common_name

FULCIO_USERNAME = "1.3.6.1.4.1.57264.1.7"


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        (replacing_tag(1, b"a@example.com"), "e-mail", "a@example.com"),
        (replacing_tag(2, b"example.com"), "DNS name", "example.com"),
        (replacing_tag(6, b"https://example.com"), "URI", "https://example.com"),
        (replacing_tag(7, bytes((127, 0, 0, 1))), "IP address", "127.0.0.1"),
        (replacing_tag(7, bytes(16)), "IP address", "00" * 16),
        (replacing_tag(8, bytes.fromhex("2a03")), "registered ID", "2a03"),
        (tagged(3), "X.400 address", ""),
        (tagged(4, sequence()), "directory name", "3000"),
        (tagged(5), "EDI party name", ""),
        (
            tagged(0, oid(FULCIO_USERNAME), tagged(0, utf8_string("jürgen!example.com"))),
            "other name",
            "jürgen!example.com",
        ),
        (
            tagged(0, oid("1.2.3"), tagged(0, utf8_string("a"))),
            "other name of type 1.2.3",
            "0c0161",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_name_says_its_kind_and_its_text(name: bytes, kind: str, text: str) -> None:
    """Each kind in words, so that a name of one kind is never taken for another."""
    assert parse_sans(sequence(name)) == (San(kind=kind, text=text),)


def test_names_are_read_in_order() -> None:
    """All of them, however many there are."""
    names = parse_sans(sequence(replacing_tag(1, b"a"), replacing_tag(6, b"b")))
    assert [san.text for san in names] == ["a", "b"]


def test_an_empty_list_of_names_has_none() -> None:
    """Whether that is enough, the profile says."""
    assert parse_sans(sequence()) == ()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (replacing_tag(1, "ü@example.com".encode()), "not ascii at byte 0"),
        (encoded(0x30, b""), "a name with tag 0x30"),
        (tagged(0, oid(FULCIO_USERNAME), tagged(0, replacing_tag(1, b"a"))), "a UTF-8 string is"),
        (
            tagged(0, oid(FULCIO_USERNAME), tagged(0, utf8_string("a"), utf8_string("b"))),
            "nothing more is wanted",
        ),
        (tagged(0, oid(FULCIO_USERNAME), tagged(0, utf8_string("a")), b"\x05\0"), "nothing more"),
    ],
    ids=["not ASCII", "no kind", "user name of another type", "two user names", "more inside"],
)
def test_malformed_names_are_refused(name: bytes, message: str) -> None:
    """An e-mail address beyond ASCII has a kind of its own, which nobody issues."""
    with pytest.raises(ParseError, match=message):
        parse_sans(sequence(name))


def test_a_directory_name_is_told_in_words() -> None:
    """The attributes that authorities have by their letters, others by number."""
    attributes = [
        set_of(sequence(oid("2.5.4.10"), utf8_string("sigstore.dev"))),
        set_of(sequence(oid("2.5.4.3"), utf8_string("sigstore"))),
        set_of(sequence(oid("2.5.4.6"), b"\x13\x03USA")),
        set_of(sequence(oid("1.2.3"), b"\x1e\x02\xff\xff")),
    ]
    words = name_in_words(sequence(*attributes))
    assert words == "O=sigstore.dev, CN=sigstore, C=USA, 1.2.3=\ufffd\ufffd"


def test_a_name_with_two_attributes_in_one_part_is_told_in_words() -> None:
    """A set of them, as ASN.1 has it."""
    both = set_of(
        sequence(oid("2.5.4.3"), utf8_string("a")), sequence(oid("2.5.4.10"), utf8_string("b"))
    )
    assert name_in_words(sequence(both)) == "CN=a, O=b"


def test_an_empty_name_is_no_name() -> None:
    """Signers' certificates have one."""
    assert name_in_words(sequence()) == "no name"


@pytest.mark.parametrize(
    "name",
    [b"", utf8_string("a"), sequence(utf8_string("a")), sequence(set_of(sequence(oid("1.2.3"))))],
    ids=["nothing", "no sequence", "no set", "half an attribute"],
)
def test_a_malformed_name_is_told_as_bytes(name: bytes) -> None:
    """The message it is wanted for is about something else."""
    assert name_in_words(name) == f"a malformed name ({name.hex()})"


def test_the_common_name_of_the_test_authority_is_told() -> None:
    """The tests' own names are names."""
    assert name_in_words(common_name("root")) == "CN=root"

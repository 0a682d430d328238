# SPDX-License-Identifier: Apache-2.0
"""Extensions: each at most once, understood or said not to be."""

import pytest

from keyless.errors import ParseError
from keyless.protocol.der import BOOLEAN, INTEGER, Der, encoded
from keyless.protocol.der_writer import (
    TRUE,
    bit_string,
    integer,
    octet_string,
    oid,
    sequence,
    set_of,
    utf8_string,
)
from keyless.protocol.extensions import CODE_SIGNING, TIME_STAMPING, Extensions
from tests.protocol.pki import basic_constraints, extension, purposes, sans

SCTS = extension("1.3.6.1.4.1.11129.2.4.2", octet_string(b"timestamps"))
UNKNOWN = extension("1.2.3", b"")


def read(*extensions: bytes) -> Extensions:
    """Read *extensions* as those of a certificate."""
    return Extensions(Der(b"".join(extensions), "certificate"))


@pytest.mark.parametrize(
    ("malformed", "message"),
    [
        (set_of(oid("1.2.3"), octet_string(b"")), "a set where a sequence is wanted"),
        (sequence(oid("1.2.3")), "nothing more where an octet string is wanted"),
        (sequence(octet_string(b""), oid("1.2.3")), "where an object identifier is wanted"),
        (
            sequence(oid("1.2.3"), encoded(BOOLEAN, b"\0"), octet_string(b"")),
            "neither left out nor true",
        ),
        (
            sequence(oid("1.2.3"), encoded(BOOLEAN, b"\1"), octet_string(b"")),
            "neither left out nor true",
        ),
        (
            sequence(oid("1.2.3"), TRUE, TRUE, octet_string(b"")),
            "a truth value where an octet string is wanted",
        ),
        (
            sequence(oid("1.2.3"), octet_string(b""), octet_string(b"")),
            "an octet string where nothing more is wanted",
        ),
        (sequence(), "nothing more where an object identifier is wanted"),
    ],
    ids=[
        "a set",
        "no value",
        "in another order",
        "a false that is written",
        "another true",
        "critical twice",
        "two values",
        "nothing",
    ],
)
def test_malformed_extensions_are_refused(malformed: bytes, message: str) -> None:
    """An extension is an identifier, a flag where it is critical, and a value."""
    with pytest.raises(ParseError, match=message):
        read(malformed)


def test_an_extension_that_stands_there_twice_is_refused() -> None:
    """One reader would take the first, another the last: even where both are empty."""
    with pytest.raises(ParseError, match=r"has the extension 1\.2\.3 twice"):
        read(UNKNOWN, SCTS, UNKNOWN)


@pytest.mark.parametrize(
    "listed",
    [(SCTS, UNKNOWN), (UNKNOWN, SCTS), (SCTS,), (UNKNOWN,), (UNKNOWN, SCTS, sans())],
    ids=["first", "last", "alone", "absent", "in the middle"],
)
def test_the_timestamps_are_taken_out(listed: tuple[bytes, ...]) -> None:
    """What is left is as it was, wherever they stood."""
    others = b"".join(each for each in listed if each != SCTS)
    assert read(*listed).without_scts() == others


def test_the_timestamps_are_handed_out_as_they_are() -> None:
    """Their own format is another specification's."""
    assert read(SCTS).sct_list() == octet_string(b"timestamps")
    assert read().sct_list() is None


@pytest.mark.parametrize(
    ("value", "constraints"),
    [
        (sequence(), (False, None)),
        (sequence(TRUE), (True, None)),
        (sequence(TRUE, integer(0)), (True, 0)),
        (sequence(TRUE, integer(3)), (True, 3)),
    ],
    ids=["no authority", "authority", "the last one", "three more below"],
)
def test_basic_constraints_are_read(value: bytes, constraints: tuple[bool, int | None]) -> None:
    """Whether it is an authority, and how many may stand below it."""
    assert read(extension("2.5.29.19", value)).basic_constraints() == constraints


def test_without_basic_constraints_there_is_no_authority() -> None:
    """Silence is not permission."""
    assert read().basic_constraints() == (False, None)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (sequence(integer(0)), "a path length that means nothing"),
        (sequence(TRUE, integer(-1)), "a path length that means nothing"),
        (sequence(encoded(BOOLEAN, b"\0")), "neither left out nor true"),
        (sequence(TRUE, encoded(INTEGER, b"\0\1")), "not as short as can be"),
        (sequence(TRUE, integer(1), integer(1)), "nothing more is wanted"),
    ],
    ids=["of no authority", "negative", "a false that is written", "padded", "twice"],
)
def test_malformed_basic_constraints_are_refused(value: bytes, message: str) -> None:
    """What is not said plainly is not believed."""
    with pytest.raises(ParseError, match=message):
        read(extension("2.5.29.19", value)).basic_constraints()


@pytest.mark.parametrize(
    ("value", "usages"),
    [
        (bit_string(b"\x80", spare=7), {"digitalSignature"}),
        (bit_string(b"\x04", spare=2), {"keyCertSign"}),
        (bit_string(b"\x06", spare=1), {"keyCertSign", "cRLSign"}),
        (bit_string(b"\x00\x80", spare=7), {"decipherOnly"}),
        (bit_string(b""), set()),
    ],
    ids=["signs", "certifies", "certifies and revokes", "the ninth bit", "nothing"],
)
def test_key_usages_are_read(value: bytes, usages: set[str]) -> None:
    """By the names that RFC 5280 has for the bits."""
    assert read(extension("2.5.29.15", value)).key_usages() == usages


def test_without_key_usages_they_are_left_open() -> None:
    """None is not the empty set."""
    assert read().key_usages() is None


def test_purposes_are_read() -> None:
    """As object identifiers, known or not."""
    extensions = read(purposes(CODE_SIGNING, TIME_STAMPING, "1.2.3"))
    assert extensions.purposes() == {CODE_SIGNING, TIME_STAMPING, "1.2.3"}
    assert not extensions.purposes_are_critical()


def test_without_purposes_they_are_left_open() -> None:
    """None is not the empty set."""
    assert read().purposes() is None


def test_purposes_may_be_critical() -> None:
    """As those of timestamp authorities are."""
    assert read(purposes(TIME_STAMPING, critical=True)).purposes_are_critical()


def test_names_are_optional() -> None:
    """Authorities have none."""
    assert read().sans() == ()


def test_critical_extensions_that_are_processed_are_understood() -> None:
    """Among them the names, which are critical where there is no subject."""
    extensions = read(
        basic_constraints(),
        purposes(CODE_SIGNING, critical=True),
        sans(),
        extension("2.5.29.14", b"", critical=True),
        extension("2.5.29.35", b"", critical=True),
        extension("1.3.6.1.4.1.57264.1.8", utf8_string("a"), critical=True),
    )
    assert extensions.not_understood() == ()


def test_unknown_extensions_need_not_be_understood() -> None:
    """Unless they are critical."""
    assert read(UNKNOWN).not_understood() == ()


def test_unknown_critical_extensions_are_not_understood() -> None:
    """They are named; the poison of a precertificate is one of them."""
    poison = "1.3.6.1.4.1.11129.2.4.3"
    extensions = read(
        extension("1.2.3", b"", critical=True), extension(poison, b"\x05\0", critical=True)
    )
    assert extensions.not_understood() == ("1.2.3", poison)


@pytest.mark.parametrize("critical", [True, False])
def test_name_constraints_are_not_understood(critical: bool) -> None:
    """They are not enforced here, so they may not be overlooked, whoever forgot the flag."""
    extensions = read(extension("2.5.29.30", sequence(), critical=critical))
    assert extensions.not_understood() == ("2.5.29.30",)

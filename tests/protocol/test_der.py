# SPDX-License-Identifier: Apache-2.0
"""DER is read strictly: what could have been written otherwise is malformed."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyless.errors import ParseError
from keyless.protocol.der import (
    BIT_STRING,
    BOOLEAN,
    GENERALIZED_TIME,
    INTEGER,
    MOST_ELEMENTS,
    OCTET_STRING,
    OID,
    SEQUENCE,
    UTC_TIME,
    UTF8_STRING,
    Der,
    encoded,
    oid_bytes,
    oid_text,
    sequence,
)
from keyless.protocol.der_writer import generalized_time, integer

TIMES = st.datetimes(timezones=st.just(UTC))


def of(data: bytes | str) -> Der:
    """Read *data*, or the hexadecimal of it, calling it a thing."""
    return Der(bytes.fromhex(data) if isinstance(data, str) else data, "thing")


@given(st.integers(0x01, 0x1E), st.binary(max_size=300))
def test_what_is_written_is_read(tag: int, content: bytes) -> None:
    """An element of any length comes back, with and without its tag and length."""
    element = encoded(tag, content)
    assert of(element).content(tag) == content
    assert of(element).element(tag) == element


@pytest.mark.parametrize("size", [0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x10000])
def test_lengths_are_read_at_their_bounds(size: int) -> None:
    """A length that just fits in so many bytes is read, one by one and in a list."""
    element = encoded(OCTET_STRING, bytes(size))
    assert len(of(element).content(OCTET_STRING)) == size
    assert list(of(element).rest()) == [(OCTET_STRING, bytes(size))]


@pytest.mark.parametrize(
    "take",
    [lambda der: der.content(OCTET_STRING), lambda der: list(der.rest())],
    ids=["alone", "in a list"],
)
@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("0403aabb", "it is cut short"),
        ("048180" + "00" * 127, "it is cut short"),
        ("04", "a length that is missing"),
        ("0481", "a length that is missing"),
        ("048201", "a length that is missing"),
        ("0480aabb0000", "not as short as can be"),
        ("048102aabb", "not as short as can be"),
        ("04820080" + "00" * 128, "not as short as can be"),
        ("04ff" + "00" * 127, "not as short as can be"),
    ],
)
def test_other_lengths_are_refused(data: str, message: str, take: Callable[[Der], object]) -> None:
    """Indefinite, padded, missing and too great lengths are refused, alone and in a list."""
    with pytest.raises(ParseError, match=f"the thing is malformed: .*{message}"):
        take(of(data))


def test_another_tag_is_refused_by_name() -> None:
    """The error says what was found where something else is wanted."""
    with pytest.raises(ParseError, match="an octet string where an integer is wanted"):
        of("0400").integer()


def test_a_tag_without_a_name_is_refused_by_number() -> None:
    """What ASN.1 has no word for is called by its tag."""
    with pytest.raises(ParseError, match="an element with tag 0xa7 where a sequence is wanted"):
        of("a700").inside()


def test_nothing_is_refused_where_something_is_wanted() -> None:
    """At the end, what is missing is named."""
    with pytest.raises(ParseError, match="nothing more where a sequence is wanted"):
        of("").inside()


def test_what_follows_the_last_element_is_refused() -> None:
    """A structure that was not read to its end is not what it claims to be."""
    with (
        pytest.raises(ParseError, match="an integer where nothing more is wanted"),
        of("0400020101") as whole,
    ):
        whole.content(OCTET_STRING)


def test_an_error_inside_is_not_hidden_by_what_is_left() -> None:
    """Leaving with an error says the error, not what follows."""
    with (
        pytest.raises(ParseError, match="a truth value"),
        of("0101010400") as whole,
    ):
        whole.flag()


def test_a_sequence_alone_is_read_inside() -> None:
    """A sequence that is everything is entered in one step."""
    with sequence(bytes.fromhex("30020500"), "thing") as inside:
        assert inside.content(0x05) == b""


def test_a_sequence_with_company_is_refused() -> None:
    """Nothing may stand beside it."""
    with pytest.raises(ParseError, match="a null where nothing more is wanted"):
        sequence(bytes.fromhex("30000500"), "thing")


def test_an_optional_element_may_be_absent() -> None:
    """It is taken when its tag is next, and left out otherwise."""
    whole = of("0500")
    assert whole.optional(OCTET_STRING) is None
    assert whole.optional(0x05) == b""
    assert whole.taken == bytes.fromhex("0500")


@given(st.integers(-(1 << 511), (1 << 511) - 1))
def test_integers_are_read(number: int) -> None:
    """Of either sign."""
    assert of(integer(number)).integer() == number


@pytest.mark.parametrize("data", ["0200", "02020001", "0202ff80", "0203000001"])
def test_integers_with_idle_bytes_are_refused(data: str) -> None:
    """Each number has one encoding."""
    with pytest.raises(ParseError, match="an integer that is not as short as can be"):
        of(data).integer()


def test_endless_integers_are_refused() -> None:
    """Python itself refuses to print them."""
    with pytest.raises(ParseError, match="an integer of 65 bytes"):
        of(integer(1 << 512)).integer()


@pytest.mark.parametrize(("data", "flag"), [("0101ff", True), ("", False), ("0500", False)])
def test_a_flag_is_true_or_left_out(data: str, flag: bool) -> None:
    """A default is not written."""
    assert of(data).flag() is flag


@pytest.mark.parametrize("data", ["010100", "010101", "0100", "0102ffff"])
def test_other_flags_are_refused(data: str) -> None:
    """A false that is written, or a true of another kind."""
    with pytest.raises(ParseError, match="neither left out nor true"):
        of(data).flag()


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("2.5.29.17", "551d11"),
        ("1.3.6.1.4.1.57264.1.8", "2b0601040183bf300108"),
        ("0.0", "00"),
        ("2.999.3", "883703"),
    ],
)
def test_object_identifiers_are_read_and_written(text: str, content: str) -> None:
    """As dotted numbers, the first two of which share a byte."""
    assert oid_bytes(text).hex() == content
    assert of(encoded(OID, bytes.fromhex(content))).oid() == text


@given(
    st.sampled_from(["0.39", "1.5", "2.40", "2.1000"]),
    st.lists(st.integers(0, (1 << 63) - 1), max_size=6),
)
def test_object_identifiers_come_back(start: str, arcs: list[int]) -> None:
    """Whatever their numbers are."""
    text = ".".join([start, *map(str, arcs)])
    assert oid_text(oid_bytes(text)) == text


@pytest.mark.parametrize("content", ["", "80", "2a8001", "2a86", "2a" * 65])
def test_other_object_identifiers_are_refused(content: str) -> None:
    """Empty, padded, cut short, and longer than any that was ever registered."""
    with pytest.raises(ParseError, match="not an object identifier"):
        oid_text(bytes.fromhex(content))


def test_text_is_read_in_its_encoding() -> None:
    """UTF-8 unless the tag says otherwise."""
    assert of(encoded(UTF8_STRING, "ü".encode())).text() == "ü"
    assert of(encoded(0x86, b"https:")).text(0x86, encoding="ascii") == "https:"


def test_text_in_another_encoding_is_refused() -> None:
    """It could be read as two different texts."""
    with pytest.raises(ParseError, match="a string that is not ascii at byte 1"):
        of(encoded(0x86, b"a\xff")).text(0x86, encoding="ascii")


@pytest.mark.parametrize(
    ("data", "bits"), [("030100", (b"", 0)), ("03020780", (b"\x80", 7)), ("030200ff", (b"\xff", 0))]
)
def test_bit_strings_are_read(data: str, bits: tuple[bytes, int]) -> None:
    """With how many bits of the last byte are spare."""
    assert of(data).bits() == bits


@pytest.mark.parametrize("data", ["0300", "03020880", "030107", "03020781"])
def test_bit_strings_with_stray_bits_are_refused(data: str) -> None:
    """Spare bits are zero, fewer than eight, and in a byte that is there."""
    with pytest.raises(ParseError, match="a bit string with stray bits"):
        of(data).bits()


def test_a_bit_string_of_whole_bytes_is_read_as_bytes() -> None:
    """As signatures are."""
    assert of(encoded(BIT_STRING, b"\x00\x01\x02")).whole_bytes() == b"\x01\x02"


def test_a_signature_that_ends_within_a_byte_is_refused() -> None:
    """Bytes are not made of seven bits."""
    with pytest.raises(ParseError, match="ends within a byte"):
        of("03020180").whole_bytes()


@given(TIMES)
def test_times_are_read_to_the_microsecond(at: datetime) -> None:
    """Any time that Python can hold comes back."""
    assert of(generalized_time(at)).time() == at


@pytest.mark.parametrize(
    "text",
    [
        "20250301120000",  # somebody's own time
        "20250301120000+0100",
        "202503011200Z",
        "20250301120000.Z",
        "20250301120000.50Z",
        "20250301120000,5Z",
        "20250301120000.0000001Z",  # finer than can be held
        "２０２５0301120000Z",
        "20250301120000Z\n",
        "20250301240000Z",  # midnight by another name
    ],
)
def test_times_written_otherwise_are_refused(text: str) -> None:
    """One time has one encoding: in UTC, to the second, without idle zeros."""
    with pytest.raises(ParseError, match="is not a time as DER writes it"):
        of(encoded(GENERALIZED_TIME, text.encode())).time()


@pytest.mark.parametrize("text", ["20250230120000Z", "20250301126000Z", "00000301120000Z"])
def test_times_of_no_calendar_are_refused(text: str) -> None:
    """February has no thirtieth day, and an hour no sixtieth minute."""
    with pytest.raises(ParseError, match="is not a time of any calendar"):
        of(encoded(GENERALIZED_TIME, text.encode())).time()


@pytest.mark.parametrize(
    ("tag", "text", "year"),
    [
        (UTC_TIME, "491231235959Z", 2049),
        (UTC_TIME, "500101000000Z", 1950),
        (GENERALIZED_TIME, "20500101000000Z", 2050),
    ],
)
def test_dates_in_certificates_have_two_digits_for_the_year_until_2049(
    tag: int, text: str, year: int
) -> None:
    """From 50 on they are of the last century, and later years have four."""
    assert of(encoded(tag, text.encode())).date().year == year


def test_dates_without_seconds_are_refused() -> None:
    """ASN.1 would allow it, DER does not."""
    with pytest.raises(ParseError, match="is not a time as DER writes it"):
        of(encoded(UTC_TIME, b"2503011200Z")).date()


def test_dates_with_fractions_are_refused() -> None:
    """Certificates count seconds."""
    with pytest.raises(ParseError, match="a date with a fraction of a second"):
        of(encoded(UTC_TIME, b"250301120000.5Z")).date()


def test_elements_are_listed() -> None:
    """What is left is taken as tags and contents."""
    whole = of("0101ff0400020105")
    whole.flag()
    assert list(whole.rest()) == [(OCTET_STRING, b""), (INTEGER, b"\x05")]


def test_a_list_may_be_long() -> None:
    """Longer than any that authorities write."""
    assert len(list(of(MOST_ELEMENTS * b"\5\0").rest())) == MOST_ELEMENTS


def test_an_endless_list_is_refused() -> None:
    """Before it costs more than it could be worth."""
    with pytest.raises(ParseError, match="more than 128 elements in one list"):
        list(of((MOST_ELEMENTS + 1) * b"\5\0").rest())


@given(st.binary(max_size=40))
def test_any_bytes_are_elements_or_a_parse_error(data: bytes) -> None:
    """What is listed writes itself back as it was; everything else is refused."""
    try:
        listed = list(of(data).rest())
    except ParseError:
        return
    assert b"".join(encoded(tag, content) for tag, content in listed) == data


@given(st.binary(max_size=12))
def test_any_bytes_are_a_value_or_a_parse_error(content: bytes) -> None:
    """No content makes a reader fail in another way."""
    readers: list[tuple[int, Callable[[Der], object]]] = [
        (INTEGER, Der.integer),
        (BOOLEAN, Der.flag),
        (OID, Der.oid),
        (UTF8_STRING, Der.text),
        (BIT_STRING, Der.whole_bytes),
        (GENERALIZED_TIME, Der.time),
        (UTC_TIME, Der.date),
        (SEQUENCE, lambda der: list(der.inside().rest())),
    ]
    for tag, read in readers:
        with suppress(ParseError):
            read(of(encoded(tag, content)))

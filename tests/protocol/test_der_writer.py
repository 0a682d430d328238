# SPDX-License-Identifier: Apache-2.0
"""DER, written: the strict reader reads it back."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyless.protocol import der_writer as write
from keyless.protocol.der import INTEGER, NULL, OCTET_STRING, SEQUENCE, SET, Der


def reading(element: bytes) -> Der:
    """Open what was written."""
    return Der(element, "written thing")


@given(number=st.integers(-(1 << 200), 1 << 200))
def test_any_integer_is_read_back(number: int) -> None:
    """An integer is written as short as it can be, or the reader would refuse it."""
    with reading(write.integer(number)) as only:
        assert only.integer() == number


@pytest.mark.parametrize(
    ("number", "written"),
    [(0, "020100"), (127, "02017f"), (128, "02020080"), (-128, "020180"), (-129, "0202ff7f")],
)
def test_an_integer_is_written_as_the_specification_has_it(number: int, written: str) -> None:
    """The first bit is the sign, so 128 takes a second byte and -128 does not."""
    assert write.integer(number).hex() == written


@given(at=st.datetimes(timezones=st.just(UTC)))
def test_any_time_is_read_back_to_the_microsecond(at: datetime) -> None:
    """A timestamp's time keeps its fraction, without zeros at its end."""
    with reading(write.generalized_time(at)) as only:
        assert only.time() == at


@pytest.mark.parametrize(
    ("at", "written"),
    [
        (datetime(1950, 1, 1, tzinfo=UTC), b"\x17\x0d500101000000Z"),
        (datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), b"\x17\x0d491231235959Z"),
        (datetime(2050, 1, 1, tzinfo=UTC), b"\x18\x0f20500101000000Z"),
        (datetime(1949, 12, 31, tzinfo=UTC), b"\x18\x0f19491231000000Z"),
        (datetime(2025, 3, 1, 12, 0, 0, 999999, tzinfo=UTC), b"\x17\x0d250301120000Z"),
    ],
)
def test_certificates_write_years_to_2049_in_two_digits(at: datetime, written: bytes) -> None:
    """RFC 5280 leaves no choice which form a year takes, and has no fractions."""
    assert write.certificate_time(at) == written


def test_a_set_is_written_in_the_order_of_its_elements_bytes() -> None:
    """In whichever order they were given."""
    numbers = [write.integer(number) for number in (3, 300, 1, 2)]
    with reading(write.set_of(*numbers)) as only, only.inside(SET) as elements:
        assert [elements.integer() for _ in numbers] == [1, 2, 3, 300]


def test_a_sequence_keeps_its_order() -> None:
    """Its elements mean something by their place."""
    written = write.sequence(write.integer(2), write.NOTHING, write.octet_string(b"\x01"))
    with reading(written) as only, only.inside(SEQUENCE) as elements:
        assert elements.integer() == 2
        assert elements.content(NULL) == b""
        assert elements.content(OCTET_STRING) == b"\x01"


def test_identifiers_text_and_truth_are_read_back() -> None:
    """The simple kinds, once each."""
    written = write.oid("1.3.6.1.4.1.57264.1.8") + write.utf8_string("é") + write.TRUE
    with reading(written) as elements:
        assert elements.oid() == "1.3.6.1.4.1.57264.1.8"
        assert elements.text() == "é"
        assert elements.flag()


def test_bits_are_read_back_with_those_that_are_spare() -> None:
    """A key usage of one bit takes one byte, of which seven bits say nothing."""
    with reading(write.bit_string(b"\x80", spare=7)) as only:
        assert only.bits() == (b"\x80", 7)


def test_a_tag_is_put_around_elements_or_in_place_of_one() -> None:
    """What is in a structure by number stands there with its own tag inside, or without."""
    with reading(write.tagged(3, write.integer(5))) as only, only.inside(0xA3) as inside:
        assert inside.integer() == 5
    with reading(write.replacing_tag(0, b"\x05")) as only:
        assert only.integer(0x80) == 5


@pytest.mark.parametrize("size", [0, 127, 128, 255, 256, 65_536])
def test_any_length_is_read_back(size: int) -> None:
    """Lengths take as many bytes as they need."""
    with reading(write.octet_string(bytes(size))) as only:
        assert len(only.content(OCTET_STRING)) == size


def test_what_is_written_is_whole_elements() -> None:
    """Nothing needs to be wrapped by the caller: what is written has its tag and length."""
    assert write.integer(1) == bytes((INTEGER, 1, 1))

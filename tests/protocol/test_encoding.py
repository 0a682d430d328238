# SPDX-License-Identifier: Apache-2.0
"""Base64, hexadecimal, decimals and PEM: one way to write each value, and no other is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyless.errors import ParseError
from keyless.protocol.encoding import (
    b64decode,
    b64encode,
    hexdecode,
    parse_decimal,
    pem_decode,
    pem_encode,
)


@given(st.binary())
def test_base64_reads_what_it_writes(data: bytes) -> None:
    """Any bytes, none included."""
    assert b64decode(b64encode(data)) == data


@given(st.text("ABQRYZabz019+/=-_ \n", max_size=12))
def test_base64_reads_nothing_that_it_would_not_write(text: str) -> None:
    """Whatever is read is written the same."""
    try:
        data = b64decode(text)
    except ParseError:
        return
    assert b64encode(data) == text


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("YQ", id="padding missing"),
        pytest.param("YQ=", id="padding cut"),
        pytest.param("YQ===", id="too much padding"),
        pytest.param("YWI==", id="another's padding"),
        pytest.param("====", id="padding alone"),
        pytest.param("=YQ=", id="padding before"),
        pytest.param("YQ==YQ==", id="two values"),
        pytest.param("Y=Q=", id="padding between"),
        pytest.param("A", id="half a byte"),
        pytest.param("YW Jj", id="a space"),
        pytest.param("YWJj\n", id="a newline at the end"),
        pytest.param("\nYWJj", id="a newline before"),
        pytest.param("YWJj\0", id="a nul"),
        pytest.param("-_-_", id="the URL alphabet"),
        pytest.param("YWJé", id="a letter that is not ASCII"),
        pytest.param("YWJ\ud800", id="half a surrogate pair"),
        pytest.param("ＹＷＪj", id="letters of full width"),
        pytest.param("YR==", id="two spare bits"),
        pytest.param("YX==", id="four spare bits"),
        pytest.param("YWJjYR==", id="spare bits after a whole group"),
        pytest.param("YWJ=", id="spare bits in two bytes"),
    ],
)
def test_base64_is_read_strictly(text: str) -> None:
    """What other readers skip, repair or ignore is refused."""
    with pytest.raises(ParseError, match="not base64"):
        b64decode(text)


@given(st.binary())
def test_hexadecimal_is_read(data: bytes) -> None:
    """Any bytes, none included."""
    assert hexdecode(data.hex()) == data


@pytest.mark.parametrize("text", ["0", "abc", "AB", "aB", "0x00", "a b", "ab\n", " ab", "é0", "٣٣"])
def test_hexadecimal_is_read_strictly(text: str) -> None:
    """Whole bytes in lower case, and nothing around them."""
    with pytest.raises(ParseError, match="not lower-case hexadecimal"):
        hexdecode(text)


def test_hexadecimal_that_is_refused_is_shown_safely() -> None:
    """And not at any length."""
    with pytest.raises(ParseError, match=r"hexadecimal: \\x1b\[2Jzz+… \(24 more characters\)$"):
        hexdecode("\x1b[2J" + "z" * 100)


@given(st.integers(0, 2**63 - 1))
def test_decimals_are_read(number: int) -> None:
    """From 0 to the largest int64."""
    assert parse_decimal(str(number)) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-3",
        "-0",
        "+5",
        "05",
        "00",
        " 5",
        "5 ",
        "5\n",
        "1_000",
        "1,000",
        "5.0",
        "1e3",
        "0x10",
        "٣",
        "５",
        "²",
        "five",
        str(2**63),
        "9" * 5000,
    ],
)
def test_decimals_are_read_strictly(text: str) -> None:
    """What `int` and others would read is refused, and so is what does not fit."""
    with pytest.raises(ParseError, match="not a plain decimal number"):
        parse_decimal(text)


@given(st.binary())
def test_pem_reads_what_it_writes(data: bytes) -> None:
    """Any bytes, in lines of 64 characters."""
    text = pem_encode("THING", data)
    assert pem_decode(text, "OTHER", "THING") == data
    assert max(len(line) for line in text.splitlines()) <= 64


def test_pem_is_written_as_everybody_does() -> None:
    """Each line ended, the last one too."""
    assert pem_encode("THING", b"a") == "-----BEGIN THING-----\nYQ==\n-----END THING-----\n"


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN THING-----\r\nYQ==\r\n-----END THING-----\r\n",
        "\n\n-----BEGIN THING-----\nYQ==\n-----END THING-----\n\n",
        "-----BEGIN THING-----\nYQ==\n-----END THING-----",
        "-----BEGIN THING-----\nY\nQ=\n=\n-----END THING-----",
    ],
)
def test_pem_is_read_whatever_its_lines(text: str) -> None:
    """Line ends, blank lines around and the length of lines are the editor's."""
    assert pem_decode(text, "THING") == b"a"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("YQ==", id="no lines around"),
        pytest.param("-----BEGIN THING-----", id="a beginning only"),
        pytest.param("-----BEGIN THING-----\nYQ==\n", id="no end"),
        pytest.param("YQ==\n-----END THING-----", id="no beginning"),
        pytest.param("-----BEGIN THING-----\nYQ==\n-----END OTHER-----", id="another's end"),
        pytest.param("-----BEGIN OTHER-----\nYQ==\n-----END OTHER-----", id="another thing"),
        pytest.param("-----begin THING-----\nYQ==\n-----END THING-----", id="in lower case"),
        pytest.param(" -----BEGIN THING-----\nYQ==\n-----END THING-----", id="a space before"),
        pytest.param("note\n-----BEGIN THING-----\nYQ==\n-----END THING-----", id="text before"),
        pytest.param("-----BEGIN THING-----\nYQ==\n-----END THING-----\nx", id="text after"),
    ],
)
def test_what_is_not_one_pem_block_is_refused(text: str) -> None:
    """The error names what is wanted."""
    with pytest.raises(ParseError, match="not one PEM block of THING or SUCH: "):
        pem_decode(text, "THING", "SUCH")


@pytest.mark.parametrize(
    "inside",
    [
        pytest.param("YR==", id="spare bits"),
        pytest.param("YQ==\n-----END THING-----\n-----BEGIN THING-----\nYQ==", id="two blocks"),
        pytest.param("Proc-Type: 4,ENCRYPTED\n\nYQ==", id="headers"),
        pytest.param("YQ== ", id="a space"),
    ],
)
def test_pem_holds_base64_and_nothing_else(inside: str) -> None:
    """The strict reading holds between the lines as well."""
    with pytest.raises(ParseError, match="not base64"):
        pem_decode(f"-----BEGIN THING-----\n{inside}\n-----END THING-----\n", "THING")

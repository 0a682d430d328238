# SPDX-License-Identifier: Apache-2.0
"""DER, written: what `der` reads, in the one encoding that it accepts (X.690).

Each function returns one whole element, so that a structure is written as it is drawn:

    sequence(integer(1), octet_string(b"…"))
"""

from datetime import datetime

from keyless.protocol.der import (
    BIT_STRING,
    BOOLEAN,
    GENERALIZED_TIME,
    INTEGER,
    NULL,
    OCTET_STRING,
    OID,
    SEQUENCE,
    SET,
    UTC_TIME,
    UTF8_STRING,
    encoded,
    oid_bytes,
)

TRUE = encoded(BOOLEAN, b"\xff")
NOTHING = encoded(NULL, b"")


def sequence(*elements: bytes) -> bytes:
    """Write *elements* in the order given."""
    return encoded(SEQUENCE, b"".join(elements))


def set_of(*elements: bytes) -> bytes:
    """Write *elements* in the order that DER gives them."""
    return encoded(SET, b"".join(sorted(elements)))


def integer(number: int) -> bytes:
    """Write *number*, of any size and sign."""
    # One bit more than the number has is for its sign; of -128, all eight are.
    bits = (number if number >= 0 else ~number).bit_length() + 1
    return encoded(INTEGER, number.to_bytes((bits + 7) // 8, "big", signed=True))


def oid(text: str) -> bytes:
    """Write the object identifier *text*, as in `2.5.29.17`."""
    return encoded(OID, oid_bytes(text))


def octet_string(content: bytes) -> bytes:
    """Write bytes."""
    return encoded(OCTET_STRING, content)


def bit_string(content: bytes, *, spare: int = 0) -> bytes:
    """Write bits, of which the last byte has *spare* that are not part of them."""
    return encoded(BIT_STRING, bytes((spare,)) + content)


def utf8_string(text: str) -> bytes:
    """Write text."""
    return encoded(UTF8_STRING, text.encode("utf-8"))


def tagged(number: int, *elements: bytes) -> bytes:
    """Write *elements* inside the tag [*number*], which says by its number what they are."""
    return encoded(0xA0 | number, b"".join(elements))


def replacing_tag(number: int, content: bytes) -> bytes:
    """Write the *content* of a plain element under the tag [*number*] in place of its own."""
    return encoded(0x80 | number, content)


def generalized_time(at: datetime) -> bytes:
    """Write *at*, in UTC, to the fraction of a second."""
    fraction = f".{at:%f}".rstrip("0") if at.microsecond else ""
    return encoded(GENERALIZED_TIME, f"{_digits(at)}{fraction}Z".encode("ascii"))


def certificate_time(at: datetime) -> bytes:
    """Write *at*, in UTC and whole seconds, as certificates do: the years to 2049 in two digits."""
    text = f"{_digits(at)}Z".encode("ascii")
    if 1950 <= at.year < 2050:
        return encoded(UTC_TIME, text[2:])
    return encoded(GENERALIZED_TIME, text)


def _digits(at: datetime) -> str:
    # Not %Y, which writes years before 1000 with fewer than four digits on some systems.
    return f"{at.year:04}{at:%m%d%H%M%S}"

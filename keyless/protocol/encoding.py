# SPDX-License-Identifier: Apache-2.0
"""Text that carries bytes and numbers, strictly: base64, hexadecimal, decimals, PEM.

Two parties that decode one text differently can be shown two different things under one signature,
so a text is accepted here only if encoding the result would give it back: no stray characters, no
spare bits in base64, no "+5" or "05" for five.
"""

import re
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64

from keyless.errors import ParseError
from keyless.safe_text import shown

LARGEST_INT64 = (1 << 63) - 1

_DECIMAL = re.compile(r"0|[1-9][0-9]*")
_HEX = re.compile(r"(?:[0-9a-f]{2})*")


def b64decode(text: str) -> bytes:
    """Decode standard base64 with its padding, nothing before, between or after."""
    try:
        data = a2b_base64(text, strict_mode=True)
    except (Base64Error, ValueError) as error:
        raise ParseError(f"not base64: {shown(error)}") from None
    # Strict mode still ignores the bits that the last character has to spare ("YR==" for "YQ==").
    if text[-4:] != b64encode(data[-((len(data) - 1) % 3 + 1) :]):
        raise ParseError("not base64 as it would be written: its last character has bits to spare")
    return data


def b64encode(data: bytes) -> str:
    """Write *data* as base64."""
    return b2a_base64(data, newline=False).decode("ascii")


def hexdecode(text: str) -> bytes:
    """Decode lower-case hexadecimal."""
    if not _HEX.fullmatch(text):
        raise ParseError(f"not lower-case hexadecimal: {shown(text, longest=80)}")
    return bytes.fromhex(text)


def parse_decimal(text: str) -> int:
    """Read a number from 0 to 2^63 - 1 written the one plain way."""
    if len(text) <= len(str(LARGEST_INT64)) and _DECIMAL.fullmatch(text):
        number = int(text)
        if number <= LARGEST_INT64:
            return number
    raise ParseError(f"not a plain decimal number from 0 to 2^63 - 1: {shown(text, longest=80)}")


def pem_decode(text: str, *labels: str) -> bytes:
    """Take the DER out of *text*, which is one PEM block under one of *labels*."""
    lines = text.replace("\r\n", "\n").strip("\n").split("\n")
    for label in labels:
        if lines[0] == f"-----BEGIN {label}-----" and lines[-1] == f"-----END {label}-----":
            return b64decode("".join(lines[1:-1]))
    raise ParseError(f"not one PEM block of {' or '.join(labels)}: {shown(lines[0], longest=80)}")


def pem_encode(label: str, der: bytes) -> str:
    """Write *der* as one PEM block."""
    text = b64encode(der)
    lines = "".join(f"{text[start : start + 64]}\n" for start in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}-----END {label}-----\n"

# SPDX-License-Identifier: Apache-2.0
"""The names in certificates: alternative names of a subject, and directory names (RFC 5280).

Directory names are compared byte for byte, so they stay DER here; `name_in_words` is for messages.
"""

from keyless.errors import ParseError
from keyless.protocol.der import OID, SET, Der, oid_bytes, oid_text, sequence
from keyless.value import value

_USERNAME = oid_bytes("1.3.6.1.4.1.57264.1.7")
_OTHER_NAME, _IP_ADDRESS = 0xA0, 0x87
_AS_TEXT = {0x81: "e-mail", 0x82: "DNS name", 0x86: "URI"}
_AS_BYTES = {
    0xA3: "X.400 address",
    0xA4: "directory name",
    0xA5: "EDI party name",
    _IP_ADDRESS: "IP address",
    0x88: "registered ID",
}
_ATTRIBUTES = {oid_bytes("2.5.4.3"): "CN", oid_bytes("2.5.4.6"): "C", oid_bytes("2.5.4.10"): "O"}


@value
class San:
    """A subject alternative name: whom or what a certificate is about, and in which sense."""

    kind: str
    text: str


def parse_sans(extension: bytes) -> tuple[San, ...]:
    """Read the names in a certificate's *extension* of that name, each with its kind in words."""
    with sequence(extension, "certificate") as names:
        return tuple(_parse_general_name(names) for _ in names.while_more())


def _parse_general_name(names: Der) -> San:
    tag = names.tag
    if tag == _OTHER_NAME:
        with names.inside(tag) as other:
            return _parse_other_name(other)
    if tag in _AS_TEXT:
        return San(kind=_AS_TEXT[tag], text=names.text(tag, encoding="ascii"))
    if tag not in _AS_BYTES:
        raise names.error(f"a name with tag {tag:#04x}")
    content = names.content(tag)
    if tag == _IP_ADDRESS and len(content) == 4:
        return San(kind="IP address", text=".".join(map(str, content)))
    return San(kind=_AS_BYTES[tag], text=content.hex())


def _parse_other_name(other: Der) -> San:
    """Read an OtherName: SEQUENCE { type-id OBJECT IDENTIFIER, value [0] EXPLICIT ANY }."""
    kind = other.content(OID)
    if kind != _USERNAME:
        # Its own words, never those of Fulcio's user names: a policy must not take it for one.
        return San(kind=f"other name of type {oid_text(kind)}", text=other.content(0xA0).hex())
    with other.inside(0xA0) as only:
        return San(kind="other name", text=only.text())


def name_in_words(name: bytes) -> str:
    """Return the directory *name*, DER, as in `O=sigstore.dev, CN=sigstore`; untrusted text."""
    words: list[str] = []
    try:
        with sequence(name, "name") as parts:
            for _ in parts.while_more():
                with parts.inside(SET) as alternatives:
                    words.extend(
                        _attribute_in_words(alternatives.inside())
                        for _ in alternatives.while_more()
                    )
    except ParseError:
        # It is for messages, and one about something else must not give way to one about a name.
        return f"a malformed name ({name.hex()})"
    return ", ".join(words) or "no name"


def _attribute_in_words(attribute: Der) -> str:
    with attribute:
        kind = attribute.content(OID)
        text = attribute.content(attribute.tag).decode("utf-8", "replace")
    return f"{_ATTRIBUTES.get(kind) or oid_text(kind)}={text}"

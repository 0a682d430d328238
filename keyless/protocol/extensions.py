# SPDX-License-Identifier: Apache-2.0
"""What certificates say in extensions (RFC 5280, 4.2).

Extension  ::=  SEQUENCE { extnID OBJECT IDENTIFIER, critical BOOLEAN DEFAULT FALSE,
                           extnValue OCTET STRING }
"""

from keyless.protocol.claims import CLAIM_OIDS, Claims, parse_claims
from keyless.protocol.der import INTEGER, OCTET_STRING, OID, Der, oid_bytes, oid_text, sequence
from keyless.protocol.names import San, parse_sans

ANY_PURPOSE = "2.5.29.37.0"
CODE_SIGNING = "1.3.6.1.5.5.7.3.3"
TIME_STAMPING = "1.3.6.1.5.5.7.3.8"

_KEY_USAGE = oid_bytes("2.5.29.15")
_SAN = oid_bytes("2.5.29.17")
_BASIC_CONSTRAINTS = oid_bytes("2.5.29.19")
_NAME_CONSTRAINTS = oid_bytes("2.5.29.30")
_PURPOSES = oid_bytes("2.5.29.37")
_SCT_LIST = oid_bytes("1.3.6.1.4.1.11129.2.4.2")
# Key identifiers help to find certificates; here names and signatures do.
_KEY_IDENTIFIERS = {oid_bytes("2.5.29.14"), oid_bytes("2.5.29.35")}
_UNDERSTOOD = {
    _KEY_USAGE,
    _SAN,
    _BASIC_CONSTRAINTS,
    _PURPOSES,
    _SCT_LIST,
    *_KEY_IDENTIFIERS,
    *CLAIM_OIDS,
}
_FREQUENT_PURPOSES = {oid_bytes(purpose): purpose for purpose in (CODE_SIGNING, TIME_STAMPING)}
_USAGES = (
    "digitalSignature",
    "contentCommitment",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
)


class Extensions:
    """The extensions of one certificate, each of which stands there at most once."""

    def __init__(self, listed: Der) -> None:
        self._values: dict[bytes, bytes] = {}
        self._critical: set[bytes] = set()
        self._scts_between = (0, 0)
        for _ in listed.while_more():
            start = listed.at
            oid = self._add(listed.inside())
            if oid == _SCT_LIST:
                self._scts_between = (start, listed.at)
        self._content = listed.taken

    def _add(self, extension: Der) -> bytes:
        oid = extension.content(OID)
        if oid in self._values:
            raise extension.error(f"it has the extension {oid_text(oid)} twice")
        if extension.flag():
            self._critical.add(oid)
        self._values[oid] = extension.content(OCTET_STRING)
        extension.finish()
        return oid

    def without_scts(self) -> bytes:
        """Return what the list of extensions holds, but for the certificate timestamps."""
        start, end = self._scts_between
        return self._content[:start] + self._content[end:]

    def sct_list(self) -> bytes | None:
        """Return the certificate timestamps, as they are."""
        return self._values.get(_SCT_LIST)

    def basic_constraints(self) -> tuple[bool, int | None]:
        """Read whether there is an authority, and how many more may stand below it."""
        if _BASIC_CONSTRAINTS not in self._values:
            return False, None
        with sequence(self._values[_BASIC_CONSTRAINTS], "certificate") as fields:
            is_authority = fields.flag()
            path_length = fields.integer() if fields.tag == INTEGER else None
            if path_length is not None and (path_length < 0 or not is_authority):
                raise fields.error("a path length that means nothing")
        return is_authority, path_length

    def key_usages(self) -> frozenset[str] | None:
        """Read what the key may be used for; None when that is left open."""
        if _KEY_USAGE not in self._values:
            return None
        with Der(self._values[_KEY_USAGE], "certificate") as only:
            content, _ = only.bits()
        bits = int.from_bytes(content.ljust(2, b"\0")[:2], "big")
        return frozenset(name for place, name in enumerate(_USAGES) if bits & 0x8000 >> place)

    def purposes(self) -> frozenset[str] | None:
        """Read what the certificate is for, as object identifiers; None when that is left open."""
        if _PURPOSES not in self._values:
            return None
        purposes = set()
        with sequence(self._values[_PURPOSES], "certificate") as oids:
            for _ in oids.while_more():
                oid = oids.content(OID)
                purposes.add(_FREQUENT_PURPOSES.get(oid) or oid_text(oid))
        return frozenset(purposes)

    def purposes_are_critical(self) -> bool:
        """Say whether nobody may overlook what the certificate is for."""
        return _PURPOSES in self._critical

    def sans(self) -> tuple[San, ...]:
        """Read whom the certificate is about."""
        return parse_sans(self._values[_SAN]) if _SAN in self._values else ()

    def claims(self) -> Claims:
        """Read what Fulcio says about the signer."""
        return parse_claims(self._values)

    def not_understood(self) -> tuple[str, ...]:
        """List the extensions that must be understood, but are not."""
        # Name constraints are not enforced here, so they count, whether marked or not.
        return tuple(
            oid_text(oid)
            for oid in self._values
            if oid == _NAME_CONSTRAINTS or (oid in self._critical and oid not in _UNDERSTOOD)
        )

# SPDX-License-Identifier: Apache-2.0
"""X.509 certificates, as far as Sigstore's verdicts rest on them (RFC 5280, Fulcio's profile).

    Certificate    ::=  SEQUENCE { tbsCertificate, signatureAlgorithm, signature BIT STRING }
    TBSCertificate ::=  SEQUENCE { version [0] 2, serial, signatureAlgorithm, issuer, validity,
                                   subject, subjectPublicKeyInfo, [1] [2] unique ids OPTIONAL,
                                   extensions [3] OPTIONAL }

Read with our own reader rather than `cryptography.x509`: that one writes names and the signed part
anew instead of handing out the bytes that were signed, answers odd certificates with Python
warnings, which a library on many threads can neither let out nor hold back, and takes a quarter of
the time from start to verdict to import. In tests it is the second opinion.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from keyless.errors import Check, ParseError, VerificationError
from keyless.protocol.algorithm_identifier import parse_signature_algorithm
from keyless.protocol.claims import CLAIM_OIDS, Claims, parse_claims
from keyless.protocol.der import (
    END,
    INTEGER,
    SEQUENCE,
    Der,
    encoded,
    oid_bytes,
    oid_text,
    sequence,
)
from keyless.protocol.encoding import pem_decode
from keyless.protocol.keys import PublicKey
from keyless.protocol.names import San, parse_sans
from keyless.protocol.window import in_words
from keyless.safe_text import shown

__all__ = ["CODE_SIGNING", "Certificate", "Claims", "San", "check_signing_profile"]

LARGEST_CERTIFICATE = 64 << 10
LONGEST_SERIAL = 160
CODE_SIGNING = "1.3.6.1.5.5.7.3.3"

_KEY_USAGE = oid_bytes("2.5.29.15")
_SAN = oid_bytes("2.5.29.17")
_BASIC_CONSTRAINTS = oid_bytes("2.5.29.19")
_NAME_CONSTRAINTS = oid_bytes("2.5.29.30")
_PURPOSES = oid_bytes("2.5.29.37")
_SCT_LIST = oid_bytes("1.3.6.1.4.1.11129.2.4.2")
# Key identifiers help to find certificates; here names and signatures do.
_UNDERSTOOD = CLAIM_OIDS | {
    _KEY_USAGE,
    _SAN,
    _BASIC_CONSTRAINTS,
    _PURPOSES,
    _SCT_LIST,
    oid_bytes("2.5.29.14"),
    oid_bytes("2.5.29.35"),
}
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
_VERSION_3 = bytes.fromhex("a003020102")


class Certificate:
    """A certificate; being one, it is not yet trusted."""

    def __init__(self, der: bytes) -> None:
        if len(der) > LARGEST_CERTIFICATE:
            raise ParseError(f"a certificate of {len(der)} bytes, more than {LARGEST_CERTIFICATE}")
        self.der = der
        with sequence(der, "certificate") as parts:
            self.tbs = parts.element(SEQUENCE)
            algorithm = parts.element(SEQUENCE)
            self.signature = parts.whole_bytes()
        self.signature_algorithm = parse_signature_algorithm(algorithm)
        with sequence(self.tbs, "certificate") as fields:
            self._read_fields(fields, algorithm)
            self._before_extensions = fields.taken
            self._read_extensions(fields)

    @classmethod
    def parse(cls, der: bytes) -> "Certificate":
        """Read one certificate in DER."""
        return cls(der)

    @classmethod
    def parse_pem(cls, text: str) -> "Certificate":
        """Read one PEM block that holds a certificate."""
        return cls(pem_decode(text, "CERTIFICATE"))

    @property
    def identity(self) -> San:
        """The one name the certificate is about; a signer's certificate has exactly one."""
        if len(self.sans) != 1:
            raise _profile_refusal(
                f"the certificate has {len(self.sans)} subject alternative names",
                found=", ".join(f"{san.kind} {shown(san.text)}" for san in self.sans) or "none",
                wanted="exactly one",
            )
        return self.sans[0]

    def covers(self, at: datetime) -> bool:
        """Say whether the certificate is valid at *at*, both ends included."""
        return self.not_before <= at <= self.not_after

    def precertificate_tbs(self) -> bytes:
        """Return what the certificate log saw: the signed part, before the log's word was added."""
        extensions = encoded(0xA3, encoded(SEQUENCE, self._extensions_but_scts))
        return encoded(SEQUENCE, self._before_extensions + extensions)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Certificate) and self.der == other.der

    def __hash__(self) -> int:
        return hash(self.der)

    def __repr__(self) -> str:
        names = ", ".join(f"{san.kind} {shown(san.text)}" for san in self.sans)
        return f"Certificate({names or 'no name'}, from {in_words(self.not_before)})"

    def __reduce__(self) -> tuple[object, ...]:
        return Certificate, (self.der,)

    def _read_fields(self, fields: Der, algorithm: bytes) -> None:
        """Read what comes before the extensions."""
        if fields.element(0xA0) != _VERSION_3:
            raise fields.error("it is not of version 3")
        self.serial = fields.integer(INTEGER)
        if self.serial.bit_length() > LONGEST_SERIAL:
            raise fields.error(f"a serial number of {self.serial.bit_length()} bits")
        # The signed part repeats the algorithm, so that it cannot be exchanged from outside.
        if fields.element(SEQUENCE) != algorithm:
            raise fields.error("it names two signature algorithms")
        self.issued_by = fields.element(SEQUENCE)
        with fields.inside() as validity:
            self.not_before, self.not_after = validity.date(), validity.date()
        self.subject = fields.element(SEQUENCE)
        self.spki = fields.element(SEQUENCE)
        self.key = PublicKey.parse(self.spki)
        for unique_id in (0x81, 0x82):
            fields.optional(unique_id)

    def _read_extensions(self, fields: Der) -> None:
        """Read the extensions, each of which stands there at most once."""
        listed: list[tuple[int, bytes]] = []
        if fields.tag == 0xA3:
            with fields.inside(0xA3) as only:
                listed = only.inside().rest()
        values: dict[bytes, bytes] = {}
        critical: set[bytes] = set()
        others = []
        for tag, content in listed:
            oid, value = _parse_extension(tag, content, critical)
            if oid in values:
                raise fields.error(f"the extension {oid_text(oid)} stands there twice")
            values[oid] = value
            if oid != _SCT_LIST:
                others.append(encoded(tag, content))
        self._extensions_but_scts = b"".join(others)
        self._interpret(values, critical)

    def _interpret(self, extensions: Mapping[bytes, bytes], critical: Collection[bytes]) -> None:
        """Read what the *extensions* say."""
        self.is_authority, self.path_length = _parse_basic_constraints(extensions)
        self.key_usages = _parse_key_usages(extensions)
        self.purposes = _parse_purposes(extensions)
        self.purposes_are_critical = _PURPOSES in critical
        self.sans = parse_sans(extensions[_SAN]) if _SAN in extensions else ()
        self.claims = parse_claims(extensions)
        self.sct_list = extensions.get(_SCT_LIST)
        # Name constraints are not enforced here, so they are not understood, critical or not.
        self.critical_unknown = tuple(
            oid_text(oid)
            for oid in extensions
            if oid == _NAME_CONSTRAINTS or (oid in critical and oid not in _UNDERSTOOD)
        )


def check_signing_profile(certificate: Certificate) -> None:
    """Refuse *certificate* unless it is one that Fulcio gives to signers."""
    if certificate.critical_unknown:
        raise _profile_refusal(
            "the certificate demands that something unknown be understood",
            found=f"critical extension {', '.join(map(shown, certificate.critical_unknown))}",
            wanted="critical extensions that are known",
        )
    if certificate.is_authority:
        raise _profile_refusal(
            "the certificate is an authority's, which may not sign artifacts",
            found="an authority's certificate",
            wanted="a signer's certificate",
        )
    if "digitalSignature" not in (certificate.key_usages or ()):
        raise _profile_refusal(
            "the certificate does not allow its key to sign",
            found=", ".join(sorted(certificate.key_usages or ())) or "no key usage",
            wanted="key usage digitalSignature",
        )
    if CODE_SIGNING not in (certificate.purposes or ()):
        raise _profile_refusal(
            "the certificate is not for code signing",
            found=", ".join(sorted(certificate.purposes or ())) or "no purpose",
            wanted=f"extended key usage codeSigning ({CODE_SIGNING})",
        )
    _ = certificate.identity


def _profile_refusal(message: str, *, found: str, wanted: str) -> VerificationError:
    return VerificationError(
        message,
        check=Check.PROFILE,
        found=found,
        wanted=wanted,
        hint="the certificate was not issued by Sigstore for signing",
    )


def _parse_extension(tag: int, content: bytes, critical: set[bytes]) -> tuple[bytes, bytes]:
    """Read SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }."""
    match [(tag, content), *Der(content, "certificate").rest()]:
        case [(0x30, _), (0x06, oid), (0x04, value)]:
            return oid, value
        case [(0x30, _), (0x06, oid), (0x01, b"\xff"), (0x04, value)]:
            critical.add(oid)
            return oid, value
        case _:
            raise ParseError("the certificate has an extension that is not one")


def _parse_basic_constraints(extensions: Mapping[bytes, bytes]) -> tuple[bool, int | None]:
    """Read SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER (0..MAX) OPTIONAL }."""
    if _BASIC_CONSTRAINTS not in extensions:
        return False, None
    with sequence(extensions[_BASIC_CONSTRAINTS], "certificate") as fields:
        is_authority = fields.flag()
        path_length = fields.integer() if fields.tag == INTEGER else None
        if path_length is not None and (path_length < 0 or not is_authority):
            raise fields.error("a path length that means nothing")
    return is_authority, path_length


def _parse_key_usages(extensions: Mapping[bytes, bytes]) -> frozenset[str] | None:
    if _KEY_USAGE not in extensions:
        return None
    with Der(extensions[_KEY_USAGE], "certificate") as only:
        content, _ = only.bits()
    bits = int.from_bytes(content.ljust(2, b"\0")[:2], "big")
    return frozenset(name for place, name in enumerate(_USAGES) if bits & 0x8000 >> place)


def _parse_purposes(extensions: Mapping[bytes, bytes]) -> frozenset[str] | None:
    if _PURPOSES not in extensions:
        return None
    purposes = set()
    with sequence(extensions[_PURPOSES], "certificate") as oids:
        while oids.tag != END:
            purposes.add(oids.oid())
    return frozenset(purposes)

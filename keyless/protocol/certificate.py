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

from datetime import datetime

from keyless.errors import Check, ParseError, VerificationError
from keyless.protocol.algorithm_identifier import parse_signature_algorithm
from keyless.protocol.claims import Claims
from keyless.protocol.der import SEQUENCE, Der, encoded, sequence
from keyless.protocol.encoding import pem_decode
from keyless.protocol.extensions import CODE_SIGNING, Extensions
from keyless.protocol.keys import Algorithm, PublicKey
from keyless.protocol.names import San
from keyless.protocol.window import in_words
from keyless.safe_text import shown

__all__ = ["Certificate", "Claims", "San", "check_signing_profile"]

LARGEST_CERTIFICATE = 64 << 10
LONGEST_SERIAL = 160

_VERSION_3 = bytes.fromhex("020102")
_EXTENSIONS = 0xA3


class Certificate:
    """A certificate; being one, it is not yet trusted.

    What it leaves open is None: `key_usages`, `purposes` (object identifiers), `path_length`.
    `critical_unknown` lists the extensions that must be understood, and are not.
    """

    der: bytes
    tbs: bytes  # the part that is signed
    signature: bytes
    signature_algorithm: Algorithm  # of a family of keys: algorithm_identifier.with_key
    serial: int
    subject: bytes  # names are DER, compared byte for byte
    issued_by: bytes
    not_before: datetime
    not_after: datetime
    key: PublicKey
    spki: bytes  # the key as it stands here
    is_authority: bool
    path_length: int | None
    key_usages: frozenset[str] | None
    purposes: frozenset[str] | None
    purposes_are_critical: bool
    sans: tuple[San, ...]
    claims: Claims
    sct_list: bytes | None  # for sct.parse_scts
    critical_unknown: tuple[str, ...]

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
            if fields.tag != _EXTENSIONS:
                raise fields.error("it has no extensions")
            with fields.inside(_EXTENSIONS) as only:
                self._read_extensions(only.inside())

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
        extensions = encoded(_EXTENSIONS, encoded(SEQUENCE, self._extensions.without_scts()))
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
        if fields.optional(0xA0) != _VERSION_3:
            raise fields.error("it is not of version 3")
        self.serial = fields.integer()
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

    def _read_extensions(self, listed: Der) -> None:
        """Read what comes last."""
        extensions = self._extensions = Extensions(listed)
        self.is_authority, self.path_length = extensions.basic_constraints()
        self.key_usages = extensions.key_usages()
        self.purposes = extensions.purposes()
        self.purposes_are_critical = extensions.purposes_are_critical()
        self.sans = extensions.sans()
        self.claims = extensions.claims()
        self.sct_list = extensions.sct_list()
        self.critical_unknown = extensions.not_understood()


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

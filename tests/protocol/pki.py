# SPDX-License-Identifier: Apache-2.0
"""Certificates to test with, written byte by byte so that each rule can be broken alone."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from keyless.protocol.certificate import Certificate
from keyless.protocol.der_writer import (
    TRUE,
    bit_string,
    certificate_time,
    integer,
    octet_string,
    oid,
    replacing_tag,
    sequence,
    set_of,
    tagged,
    utf8_string,
)
from keyless.protocol.extensions import CODE_SIGNING
from keyless.protocol.keys import algorithm_named
from keyless.protocol.signing_keys import SigningKey

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
ONE = datetime(2025, 3, 1, 13, tzinfo=UTC)

ECDSA_SHA256 = sequence(oid("1.2.840.10045.4.3.2"))
EMAIL = replacing_tag(1, b"someone@example.com")


def new_key(name: str = "PKIX_ECDSA_P256_SHA_256") -> SigningKey:
    """Make a key for the registry's algorithm *name*."""
    return SigningKey.generate(algorithm_named(name))


def common_name(text: str) -> bytes:
    """Write a directory name that is a common name alone."""
    return sequence(set_of(sequence(oid("2.5.4.3"), utf8_string(text))))


def extension(kind: str, value: bytes, *, critical: bool = False) -> bytes:
    """Write an extension."""
    return sequence(oid(kind), TRUE if critical else b"", octet_string(value))


def basic_constraints(path_length: int | None = None) -> bytes:
    """Write the extension that makes an authority."""
    length = b"" if path_length is None else integer(path_length)
    return extension("2.5.29.19", sequence(TRUE, length), critical=True)


def key_usage(place: int) -> bytes:
    """Write the extension that says the one thing the key may do, by the place of its bit."""
    content = bit_string(bytes((0x80 >> place,)), spare=7 - place)
    return extension("2.5.29.15", content, critical=True)


def purposes(*kinds: str, critical: bool = False) -> bytes:
    """Write the extension that says what the certificate is for."""
    return extension("2.5.29.37", sequence(*map(oid, kinds)), critical=critical)


def sans(*names: bytes) -> bytes:
    """Write the extension that says whom the certificate is about."""
    return extension("2.5.29.17", sequence(*names), critical=True)


SIGNS, SIGNS_CERTIFICATES = key_usage(0), key_usage(5)
AUTHORITY = (basic_constraints(), SIGNS_CERTIFICATES)
SIGNER = (SIGNS, purposes(CODE_SIGNING), sans(EMAIL))


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a certificate is to say, in DER."""

    subject: bytes = sequence()
    issuer: bytes = common_name("root")
    extensions: tuple[bytes, ...] = SIGNER
    key: SigningKey = field(default_factory=new_key)
    version: bytes = tagged(0, integer(2))
    serial: bytes = integer(7)
    algorithm: bytes = ECDSA_SHA256
    algorithm_inside: bytes | None = None
    validity: bytes = sequence(certificate_time(NOON), certificate_time(ONE))
    spki: bytes | None = None
    unique_ids: bytes = b""

    def tbs(self) -> bytes:
        """Write the part that is signed."""
        return sequence(
            self.version,
            self.serial,
            self.algorithm_inside or self.algorithm,
            self.issuer,
            self.validity,
            self.subject,
            self.spki or self.key.public.spki,
            self.unique_ids,
            tagged(3, sequence(*self.extensions)) if self.extensions else b"",
        )

    def der(self, by: SigningKey | None = None) -> bytes:
        """Write the certificate, signed *by* a key, its own by default."""
        tbs = self.tbs()
        return sequence(tbs, self.algorithm, bit_string((by or self.key).sign(tbs)))


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A certificate and its key."""

    certificate: Certificate
    key: SigningKey

    def issue(self, draft: Draft) -> "Issued":
        """Issue the certificate of *draft* under this one."""
        named = replace(draft, issuer=self.certificate.subject)
        return Issued(certificate=Certificate.parse(named.der(self.key)), key=draft.key)


def root(name: str = "root", **changes: object) -> Issued:
    """Make an authority that nobody stands above."""
    subject = common_name(name)
    draft = Draft(subject=subject, issuer=subject, extensions=AUTHORITY, serial=integer(1))
    draft = replace(draft, **changes)  # type: ignore[arg-type]  # names of fields, every one
    return Issued(certificate=Certificate.parse(draft.der()), key=draft.key)

# SPDX-License-Identifier: Apache-2.0
"""Certificates, written: whatever can be said in one, sound or not (RFC 5280, Fulcio's profile).

An authority decides what a certificate says; here it only becomes DER. So a certificate that no
sound authority would issue can be written as well, which is how its refusal is tested.
"""

from collections.abc import Iterable
from datetime import datetime

from keyless.protocol.algorithm_writer import signature_identifier
from keyless.protocol.claims import Claims
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
from keyless.protocol.keys import Algorithm, PublicKey
from keyless.protocol.names import San
from keyless.protocol.signing_keys import SigningKey
from keyless.value import value

CODE_SIGNING = "1.3.6.1.5.5.7.3.3"
TIME_STAMPING = "1.3.6.1.5.5.7.3.8"

KEY_USAGE, SAN, PURPOSES = "2.5.29.15", "2.5.29.17", "2.5.29.37"
BASIC_CONSTRAINTS, SUBJECT_KEY_ID, AUTHORITY_KEY_ID = "2.5.29.19", "2.5.29.14", "2.5.29.35"
SCT_LIST = "1.3.6.1.4.1.11129.2.4.2"

_ORGANIZATION, _COMMON_NAME = "2.5.4.10", "2.5.4.3"
_FULCIO = "1.3.6.1.4.1.57264.1"
_USERNAME = f"{_FULCIO}.7"
_USAGES = {"digitalSignature": 0x80, "keyCertSign": 0x04, "cRLSign": 0x02}
_ISSUER_AS_BARE_TEXT = 1
_AS_BARE_TEXT = {
    "github_workflow_trigger": 2,
    "github_workflow_sha": 3,
    "github_workflow_name": 4,
    "github_workflow_repository": 5,
    "github_workflow_ref": 6,
}
_AS_DER = {
    "issuer": 8,
    "build_signer_uri": 9,
    "build_signer_digest": 10,
    "runner_environment": 11,
    "source_repository_uri": 12,
    "source_repository_digest": 13,
    "source_repository_ref": 14,
    "source_repository_identifier": 15,
    "source_repository_owner_uri": 16,
    "source_repository_owner_identifier": 17,
    "build_config_uri": 18,
    "build_config_digest": 19,
    "build_trigger": 20,
    "run_invocation_uri": 21,
    "source_repository_visibility_at_signing": 22,
    "deployment_environment": 23,
    "token_subject": 24,
}


@value
class Extension:
    """Something a certificate says; who does not understand a *critical* one must refuse."""

    oid: str
    content: bytes
    critical: bool = False

    def to_der(self) -> bytes:
        """Write the extension."""
        criticality = TRUE if self.critical else b""
        return sequence(oid(self.oid), criticality, octet_string(self.content))


@value
class Template:
    """All that a certificate says, before anybody has signed it."""

    serial: int
    issuer: bytes
    subject: bytes
    not_before: datetime
    not_after: datetime
    key: PublicKey
    extensions: tuple[Extension, ...]

    def to_tbs(self, algorithm: Algorithm) -> bytes:
        """Write the part that is signed, by a signature of *algorithm*."""
        return sequence(
            tagged(0, integer(2)),  # version 3
            integer(self.serial),
            signature_identifier(algorithm),
            self.issuer,
            sequence(certificate_time(self.not_before), certificate_time(self.not_after)),
            self.subject,
            self.key.spki,
            tagged(3, sequence(*(extension.to_der() for extension in self.extensions))),
        )

    def signed_by(self, key: SigningKey) -> bytes:
        """Write the whole certificate, signed by *key*."""
        tbs = self.to_tbs(key.algorithm)
        return sequence(tbs, signature_identifier(key.algorithm), bit_string(key.sign(tbs)))


def name(*, organization: str, common_name: str) -> bytes:
    """Write the name of an authority."""
    parts = ((_ORGANIZATION, organization), (_COMMON_NAME, common_name))
    return sequence(*(set_of(sequence(oid(kind), utf8_string(text))) for kind, text in parts))


NO_NAME = sequence()


def key_usage(*usages: str) -> Extension:
    """Say what the key may do, as in `digitalSignature`."""
    bits = sum(_USAGES[usage] for usage in usages)
    spare = (bits & -bits).bit_length() - 1
    content = bit_string(bytes((bits,)), spare=spare)
    return Extension(oid=KEY_USAGE, content=content, critical=True)


def purposes(*oids: str, critical: bool = False) -> Extension:
    """Say what the key is for."""
    return Extension(oid=PURPOSES, content=sequence(*map(oid, oids)), critical=critical)


def basic_constraints(*, path_length: int | None = None) -> Extension:
    """Say that this is an authority's certificate, with so many authorities below it."""
    length = b"" if path_length is None else integer(path_length)
    return Extension(oid=BASIC_CONSTRAINTS, content=sequence(TRUE, length), critical=True)


def subject_key_id(key: PublicKey) -> Extension:
    """Name the certificate's own *key*."""
    return Extension(oid=SUBJECT_KEY_ID, content=octet_string(_key_id(key)))


def authority_key_id(key: PublicKey) -> Extension:
    """Name the *key* that signed the certificate."""
    return Extension(oid=AUTHORITY_KEY_ID, content=sequence(replacing_tag(0, _key_id(key))))


def sans(names: Iterable[San]) -> Extension:
    """Say whom the certificate is about; critical, as there is no subject beside it."""
    return Extension(oid=SAN, content=sequence(*map(_general_name, names)), critical=True)


def claims_extensions(claims: Claims) -> tuple[Extension, ...]:
    """Say all of *claims*, the issuer in both of the ways that there are."""
    said = dict(claims.items())
    bare = {number: said[name] for name, number in _AS_BARE_TEXT.items() if name in said}
    if claims.issuer is not None:
        bare = {_ISSUER_AS_BARE_TEXT: claims.issuer, **bare}
    as_der = {number: said[name] for name, number in _AS_DER.items() if name in said}
    return (
        *(claim(number, text.encode("utf-8")) for number, text in bare.items()),
        *(claim(number, utf8_string(text)) for number, text in as_der.items()),
    )


def claim(number: int, content: bytes) -> Extension:
    """Say the claim that has *number* among Fulcio's."""
    return Extension(oid=f"{_FULCIO}.{number}", content=content)


def sct_list(scts: Iterable[bytes]) -> Extension:
    """Say which certificate logs have seen the certificate (RFC 6962, 3.3)."""
    entries = b"".join(len(sct).to_bytes(2, "big") + sct for sct in scts)
    content = octet_string(len(entries).to_bytes(2, "big") + entries)
    return Extension(oid=SCT_LIST, content=content)


def _general_name(san: San) -> bytes:
    match san.kind:
        case "e-mail":
            return replacing_tag(1, san.text.encode("ascii"))
        case "DNS name":
            return replacing_tag(2, san.text.encode("ascii"))
        case "URI":
            return replacing_tag(6, san.text.encode("ascii"))
        case _:
            return tagged(0, oid(_USERNAME), tagged(0, utf8_string(san.text)))


def _key_id(key: PublicKey) -> bytes:
    # RFC 7093, 2, method 1: any bytes would do, as long as the key always gets the same.
    return key.fingerprint.value[:20]

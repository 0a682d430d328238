# SPDX-License-Identifier: Apache-2.0
"""Timestamps: an authority's signed word that something existed at a time (RFC 3161).

    TimeStampResp ::= SEQUENCE { SEQUENCE { status, text OPTIONAL, failure OPTIONAL }, ContentInfo }
    TSTInfo       ::= SEQUENCE { version 1, policy, SEQUENCE { hash, imprint }, serialNumber,
                                 genTime, accuracy OPTIONAL, ordering DEFAULT FALSE,
                                 nonce OPTIONAL, [0] tsa OPTIONAL, [1] extensions OPTIONAL }

Only a certificate from the trusted root can have signed one. Certificates that a timestamp brings
along are kept, and never looked at.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from keyless.errors import Check, ParseError, VerificationError
from keyless.protocol.algorithm_identifier import parse_hash, with_key
from keyless.protocol.certificate import Certificate
from keyless.protocol.chain import check_links, check_validity
from keyless.protocol.cms import SignedMessage, parse_signed_message
from keyless.protocol.der import (
    BIT_STRING,
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    Der,
    oid_bytes,
    oid_text,
    sequence,
)
from keyless.protocol.digest import Digest
from keyless.protocol.extensions import ANY_PURPOSE, TIME_STAMPING
from keyless.protocol.names import name_in_words
from keyless.protocol.window import Window, in_words
from keyless.safe_text import shown
from keyless.value import value

LARGEST_TIMESTAMP = 64 << 10

_TST_INFO = oid_bytes("1.2.840.113549.1.9.16.1.4")
_GRANTED = (0, 1)  # as asked for, or with modifications
_WHAT = "timestamp"


@value
class Timestamp:
    """The answer of a timestamp authority; being one, it is not yet verified."""

    der: bytes
    at: datetime
    imprint: Digest
    accuracy: timedelta | None
    nonce: int | None
    message: SignedMessage

    @classmethod
    def parse(cls, der: bytes) -> "Timestamp":
        """Read a TimeStampResp in DER that grants a timestamp."""
        if len(der) > LARGEST_TIMESTAMP:
            raise ParseError(f"a timestamp of {len(der)} bytes, more than {LARGEST_TIMESTAMP}")
        with sequence(der, _WHAT) as response:
            _check_granted(response.inside())
            message = parse_signed_message(response.inside(), content_type=_TST_INFO)
        with sequence(message.content, _WHAT) as info:
            return _parse_info(info, der, message)

    def __repr__(self) -> str:
        return f"Timestamp({in_words(self.at)}, {self.imprint})"


@value
class TimestampAuthority:
    """Who says when something existed: its *certificates* from the signing one to the anchor."""

    name: str
    certificates: tuple[Certificate, ...]
    window: Window

    @classmethod
    def linked(
        cls, certificates: Sequence[Certificate], *, name: str, window: Window
    ) -> "TimestampAuthority":
        """Make an authority of *certificates*; raise ParseError if they do not form its chain."""
        check_links(certificates, leaves=1)
        _check_signer_profile(certificates[0], name)
        for certificate in certificates[1:]:
            purposes = certificate.purposes
            if purposes is not None and purposes.isdisjoint((TIME_STAMPING, ANY_PURPOSE)):
                raise ParseError(f"a certificate above that of {shown(name)} is not for timestamps")
        return cls(name=name, certificates=tuple(certificates), window=window)


def verify_timestamp(
    timestamp: Timestamp, signature: bytes, authorities: Sequence[TimestampAuthority]
) -> TimestampAuthority:
    """Return which of *authorities* vouches that *signature* existed at the *timestamp*'s time."""
    imprint = Digest.of(signature, timestamp.imprint.algorithm)
    if imprint != timestamp.imprint:
        raise _refusal(
            "the timestamp was made for something else than this signature",
            found=f"a timestamp for {timestamp.imprint}",
            wanted=f"one for {imprint}, the signature's digest",
            hint="the timestamp belongs to another signature, or the signature was altered",
        )
    authority = _find_signer(timestamp, authorities)
    _verify_message(timestamp.message, authority.certificates[0])
    check_validity(authority.certificates, at=timestamp.at, check=Check.TIMESTAMP)
    return authority


def _check_signer_profile(certificate: Certificate, name: str) -> None:
    """Raise ParseError unless *certificate* is for making timestamps alone (RFC 3161, 2.3)."""
    usages = certificate.key_usages
    if certificate.is_authority:
        reason = "is an authority's over others"
    elif certificate.critical_unknown:
        reason = f"has the unknown critical extension {certificate.critical_unknown[0]}"
    elif (
        certificate.purposes != frozenset((TIME_STAMPING,)) or not certificate.purposes_are_critical
    ):
        reason = "is not for timestamps alone, marked as critical"
    elif usages is not None and usages.isdisjoint(("digitalSignature", "contentCommitment")):
        reason = "has a key that may not sign"
    else:
        return
    raise ParseError(f"the certificate of the timestamp authority {shown(name)} {reason}")


def _find_signer(
    timestamp: Timestamp, authorities: Iterable[TimestampAuthority]
) -> TimestampAuthority:
    """Return the authority whose certificate the timestamp names, trusted at its time."""
    message = timestamp.message
    named = [each for each in authorities if _is_named(each.certificates[0], message)]
    if not named:
        raise _refusal(
            "no trusted authority made the timestamp",
            found=f"a timestamp by certificate {message.serial:x} "
            f"of {shown(name_in_words(message.issuer))}",
            wanted="one by an authority of the trusted root",
            hint="a certificate that comes with a timestamp is not trusted for being there",
        )
    fitting = [each for each in named if _is_signer(each.certificates[0], message)]
    if not fitting:
        raise _refusal(
            f"the timestamp was made with another certificate than that of {shown(named[0].name)}",
            found=" and ".join(map(str, message.certificate_hashes)),
            wanted=f"a hash of the trusted certificate {message.serial:x}",
            hint="two certificates have one issuer and serial number: someone pretends",
        )
    for authority in fitting:
        if authority.window.covers(timestamp.at):
            return authority
    raise _refusal(
        f"{shown(fitting[0].name)} was not trusted at {in_words(timestamp.at)}",
        found=f"a timestamp of {in_words(timestamp.at)}",
        wanted=f"one of a time {' or '.join(str(each.window) for each in fitting)}",
        hint="the authority's key was not yet, or no longer, to be believed",
    )


def _is_named(certificate: Certificate, message: SignedMessage) -> bool:
    return certificate.serial == message.serial and certificate.issued_by == message.issuer


def _is_signer(certificate: Certificate, message: SignedMessage) -> bool:
    return all(each.fits(certificate.der) for each in message.certificate_hashes)


def _verify_message(message: SignedMessage, signer: Certificate) -> None:
    """Refuse *message* unless the key of *signer* signed what it says, and it says its content."""
    digest = Digest.of(message.content, message.content_digest.algorithm)
    if digest != message.content_digest:
        raise _refusal(
            "the timestamp's content is not what its authority signed",
            found=str(digest),
            wanted=str(message.content_digest),
            hint="the timestamp was altered after it was signed",
        )
    signer.key.verify(
        message.signature,
        message.signed,
        check=Check.TIMESTAMP,
        algorithm=with_key(message.algorithm, signer.key),
    )


def _refusal(message: str, *, found: str, wanted: str, hint: str) -> VerificationError:
    return VerificationError(message, check=Check.TIMESTAMP, found=found, wanted=wanted, hint=hint)


def _check_granted(status: Der) -> None:
    """Read PKIStatusInfo, and raise ParseError unless the timestamp was granted."""
    with status:
        number = status.integer()
        texts = status.inside().rest() if status.tag == SEQUENCE else []
        status.optional(BIT_STRING)
    if number not in _GRANTED:
        reason = "; ".join(content.decode("utf-8", "replace") for _, content in texts)
        raise ParseError(f"no timestamp but a refusal: status {number}, {shown(reason)}")


def _parse_info(info: Der, der: bytes, message: SignedMessage) -> Timestamp:
    if info.integer() != 1:
        raise info.error("it is not of version 1")
    info.content(OID)  # the authority's policy, on which no verdict rests
    with info.inside() as imprint:
        algorithm = parse_hash(imprint.element(SEQUENCE))
        digest = Digest.checked(algorithm, imprint.content(OCTET_STRING))
    info.integer()
    at = info.time()
    accuracy = _parse_accuracy(info.inside()) if info.tag == SEQUENCE else None
    info.flag()
    nonce = info.integer() if info.tag == INTEGER else None
    info.optional(0xA0)
    if info.tag == 0xA1:
        _check_extensions(info.inside(0xA1))
    return Timestamp(
        der=der, at=at, imprint=digest, accuracy=accuracy, nonce=nonce, message=message
    )


def _parse_accuracy(fields: Der) -> timedelta:
    with fields:
        seconds, millis, micros = (
            fields.integer(tag) if fields.tag == tag else 0 for tag in (INTEGER, 0x80, 0x81)
        )
        if not (0 <= seconds < 1 << 31 and 0 <= millis < 1000 and 0 <= micros < 1000):
            raise fields.error("its accuracy is out of bounds")
    return timedelta(seconds=seconds, milliseconds=millis, microseconds=micros)


def _check_extensions(extensions: Der) -> None:
    """Raise ParseError if one of *extensions* must be understood, as none is."""
    with extensions:
        for _ in extensions.while_more():
            with extensions.inside() as extension:
                oid = extension.content(OID)
                if extension.flag():
                    raise extension.error(f"it has the critical extension {oid_text(oid)}")
                extension.content(OCTET_STRING)

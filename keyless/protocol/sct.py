# SPDX-License-Identifier: Apache-2.0
"""Certificate timestamps: a certificate log's promise to show a certificate (RFC 6962, 3.2).

A certificate carries them in a list, each behind its length, all behind the length of the whole:

    +---------+--------+-----------+-----------+------------+------+-----------+-----------+
    | version | log id | time (ms) | 2+n bytes | hash, sign | 2+n bytes of signature       |
    | 0 (v1)  | 32     | 8         | extension | 1 + 1      |                              |
    +---------+--------+-----------+-----------+------------+------------------------------+
"""

from datetime import UTC, datetime, timedelta

from keyless.errors import Check, ParseError, VerificationError
from keyless.protocol.certificate import Certificate
from keyless.protocol.der import OCTET_STRING, content_of
from keyless.protocol.digest import HashAlgorithm
from keyless.protocol.keys import PublicKey
from keyless.value import value

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_V1 = 0
MOST_SCTS = 32
_HEAD = 43  # version, log id, time and the length of the extensions
# Hash and signature algorithm as TLS 1.2 numbers them (RFC 5246, 7.4.1.4.1; RFC 8422, 5.1.3).
_SIGNED_AS = {"RSA": b"\x04\x01", "ECDSA": b"\x04\x03", "Ed25519": b"\x08\x07"}
_CERTIFICATE_TIMESTAMP, _PRECERTIFICATE = b"\x00", b"\x00\x01"


@value
class Sct:
    """A certificate timestamp; being one, it is not yet verified."""

    log_id: bytes
    at: datetime
    extensions: bytes
    algorithm: bytes
    signature: bytes


def parse_scts(certificate: Certificate) -> tuple[Sct, ...]:
    """Read the timestamps that *certificate* carries."""
    if certificate.sct_list is None:
        return ()
    content = content_of(certificate.sct_list, OCTET_STRING, "certificate")
    listed, end = _counted(content, 0)
    if not listed or end != len(content):
        raise ParseError("the certificate's list of timestamps is empty, or something follows it")
    scts = []
    at = 0
    while at < len(listed):
        one, at = _counted(listed, at)
        scts.append(_parse_sct(one))
        if len(scts) > MOST_SCTS:
            raise ParseError(f"a certificate with more than {MOST_SCTS} timestamps of logs")
    return tuple(scts)


def verify_sct(
    sct: Sct, certificate: Certificate, *, issuer: Certificate, log_key: PublicKey
) -> None:
    """Refuse *sct* unless the log with *log_key* made it for *certificate* of *issuer*."""
    wanted = _SIGNED_AS.get(log_key.kind.split()[0], b"")
    if sct.algorithm != wanted:
        raise VerificationError(
            "the certificate timestamp is not signed as its log signs",
            check=Check.SCT,
            found=f"hash and signature algorithm {sct.algorithm.hex()}",
            wanted=f"{wanted.hex() or 'none, as no log may have such a key'} ({log_key.kind})",
            hint="the certificate was altered, or the trusted root has another key for this log",
        )
    tbs = certificate.precertificate_tbs()
    signed = (
        bytes((_V1,)),
        _CERTIFICATE_TIMESTAMP,
        ((sct.at - _EPOCH) // timedelta(milliseconds=1)).to_bytes(8, "big"),
        _PRECERTIFICATE,
        HashAlgorithm.SHA256.hash(issuer.spki),
        len(tbs).to_bytes(3, "big"),
        tbs,
        len(sct.extensions).to_bytes(2, "big"),
        sct.extensions,
    )
    log_key.verify(
        sct.signature,
        b"".join(signed),
        check=Check.SCT,
        algorithm=log_key.algorithm_with(HashAlgorithm.SHA256),
    )


def _parse_sct(data: bytes) -> Sct:
    if len(data) < _HEAD or data[0] != _V1:
        raise ParseError("a certificate timestamp that is cut short, or not of version 1")
    extensions, at = _counted(data, 41)
    signature, end = _counted(data, at + 2)
    if end != len(data):
        raise ParseError("a certificate timestamp that something follows")
    try:
        time = _EPOCH + timedelta(milliseconds=int.from_bytes(data[33:41], "big"))
    except OverflowError:
        raise ParseError("a certificate timestamp from after the year 9999") from None
    return Sct(
        log_id=data[1:33],
        at=time,
        extensions=extensions,
        algorithm=data[at : at + 2],
        signature=signature,
    )


def _counted(data: bytes, at: int) -> tuple[bytes, int]:
    """Return the bytes whose number stands in the two bytes at *at*, and where they end."""
    start = at + 2
    end = start + int.from_bytes(data[at:start], "big")
    if max(start, end) > len(data):
        raise ParseError("the certificate's list of timestamps is cut short")
    return data[start:end], end

# SPDX-License-Identifier: Apache-2.0
"""Answers that are well formed and wrong: what an authority says that cannot be relied on.

Those of the logs are in `log_lies`.
"""

from collections.abc import Callable
from datetime import timedelta

from keyless.protocol.certificate import Certificate
from keyless.protocol.claims import Claims
from keyless.protocol.digest import Digest
from keyless.protocol.keys import PublicKey
from keyless.protocol.names import San
from keyless.protocol.signing_keys import SigningKey
from keyless.sandbox.certificate_authority import P256, CertificateAuthority
from keyless.sandbox.faults import Lie, Party
from keyless.sandbox.fulcio import Fulcio
from keyless.sandbox.timestamp_authority import TimestampAuthority, TimestampQuery
from keyless.sandbox.tsa import Tsa
from keyless.services.http import Request, Response
from keyless.value import replace

MALLORY = San(kind="e-mail", text="mallory@example.com")
AN_HOUR = timedelta(hours=1)

_Issue = Callable[[CertificateAuthority, PublicKey, San, Claims], Certificate]
_Stamp = Callable[[TimestampAuthority, TimestampQuery], bytes]


def _certificate_lie(name: str, issue: _Issue) -> Lie:
    def tell(party: Party, request: Request) -> Response:
        if not isinstance(party, Fulcio) or request.method != "POST":
            return party.handle(request)
        authority = party.authority
        return party.certify(request, lambda *asked: issue(authority, *asked))

    return Lie(name=name, services=("fulcio",), tell=tell)


def _timestamp_lie(name: str, stamp: _Stamp) -> Lie:
    def tell(party: Party, request: Request) -> Response:
        if not isinstance(party, Tsa) or request.method != "POST":
            return party.handle(request)
        authority = party.authority
        return party.timestamp(request, lambda query: stamp(authority, query))

    return Lie(name=name, services=("tsa",), tell=tell)


def _about_mallory(
    authority: CertificateAuthority, key: PublicKey, _: San, claims: Claims
) -> Certificate:
    return authority.issue(key, MALLORY, claims)


def _for_another_key(
    authority: CertificateAuthority, _: PublicKey, san: San, claims: Claims
) -> Certificate:
    return authority.issue(SigningKey.generate(P256).public, san, claims)


def _with_another_timestamp(
    authority: CertificateAuthority, key: PublicKey, san: San, claims: Claims
) -> Certificate:
    # What the certificate log has seen is the same certificate, as somebody else's.
    seen = authority.template(key, (MALLORY,), claims).to_tbs(P256)
    scts = [log.append(seen, issuer=authority.chain[0].key) for log in authority.ct_logs]
    return authority.sign(authority.template(key, (san,), claims), scts=scts)


def _by_nobody(
    authority: CertificateAuthority, key: PublicKey, san: San, claims: Claims
) -> Certificate:
    other = CertificateAuthority.create(
        authority.clock, url=authority.url, ct_logs=authority.ct_logs
    )
    return other.issue(key, san, claims)


def _over_something_else(authority: TimestampAuthority, query: TimestampQuery) -> bytes:
    another = Digest.of(b"something else", query.imprint.algorithm)
    return authority.timestamp(replace(query, imprint=another))


def _for_another_query(authority: TimestampAuthority, query: TimestampQuery) -> bytes:
    return authority.timestamp(replace(query, nonce=(query.nonce or 0) + 1))


def _an_hour_late(authority: TimestampAuthority, query: TimestampQuery) -> bytes:
    return authority.timestamp(query, at=authority.clock.now + AN_HOUR)


def _stamped_by_nobody(authority: TimestampAuthority, query: TimestampQuery) -> bytes:
    other = TimestampAuthority.create(authority.clock, url=authority.url)
    return other.timestamp(query)


# The certificate says that the key is somebody else's.
ANOTHER_CERTIFICATE = _certificate_lie("another certificate", _about_mallory)
# It is about the right person, and for a key that nobody has.
ANOTHER_KEY = _certificate_lie("a certificate for another key", _for_another_key)
# The timestamp in it is the certificate log's, about another certificate.
WRONG_SCT = _certificate_lie("a wrong certificate timestamp", _with_another_timestamp)
# Everything is right, but an authority of that name has signed it that nobody trusts.
UNTRUSTED_CERTIFICATE = _certificate_lie("an untrusted certificate", _by_nobody)

ANOTHER_TIMESTAMP = _timestamp_lie("a timestamp over something else", _over_something_else)
WRONG_NONCE = _timestamp_lie("a timestamp for another query", _for_another_query)
WRONG_TIME = _timestamp_lie("a timestamp that is an hour late", _an_hour_late)
UNTRUSTED_TIMESTAMP = _timestamp_lie("an untrusted timestamp", _stamped_by_nobody)

CERTIFICATE_LIES = (ANOTHER_CERTIFICATE, ANOTHER_KEY, WRONG_SCT, UNTRUSTED_CERTIFICATE)
TIMESTAMP_LIES = (ANOTHER_TIMESTAMP, WRONG_NONCE, WRONG_TIME, UNTRUSTED_TIMESTAMP)

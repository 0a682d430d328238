# SPDX-License-Identifier: Apache-2.0
"""The authority that certifies keys: a client of Fulcio, version 2 of its interface.

POST api/v2/signingCert   {"certificateSigningRequest": base64(PEM)}
200                       {"signedCertificateEmbeddedSct": {"chain": {"certificates": [PEM, …]}}}
                          or signedCertificateDetachedSct, where no certificate log is asked

GET api/v2/configuration  whose tokens it takes, which older ones do not tell
"""

import json
from collections.abc import Sequence

from keyless.errors import (
    Check,
    KeylessError,
    LoginError,
    LoginFailure,
    ServiceError,
    VerificationError,
)
from keyless.protocol.accepted_issuers import (
    LARGEST_CONFIGURATION,
    AcceptedIssuer,
    parse_accepted_issuers,
)
from keyless.protocol.certificate import Certificate
from keyless.protocol.certificate_request import certificate_request
from keyless.protocol.encoding import b64encode, pem_encode
from keyless.protocol.json_reader import Json
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.token import IdentityToken
from keyless.safe_text import shown
from keyless.services.answers import advising, answer_of
from keyless.services.http import Request, Transport, joined, place, send

SECONDS = 30.0
SECONDS_TO_EXPLAIN = 10.0
LARGEST_ANSWER = 1 << 20
LONGEST_CHAIN = 16
MOST_NAMED = 20

_REFUSED = (400, 401, 403)


class Fulcio:
    """The certificate authority at *url*."""

    def __init__(self, url: str, transport: Transport) -> None:
        self.name = f"certificate authority {place(url)}"
        self._url = joined(url, "api/v2/signingCert")
        self._configuration_url = joined(url, "api/v2/configuration")
        self._transport = transport

    def accepted_issuers(self) -> tuple[AcceptedIssuer, ...]:
        """Ask whose tokens it takes."""
        request = Request(
            method="GET",
            url=self._configuration_url,
            headers=(("Accept", "application/json"),),
            seconds=SECONDS_TO_EXPLAIN,
            largest=LARGEST_CONFIGURATION,
        )
        response = send(self._transport, request, service=self.name)
        with answer_of(self.name):
            return parse_accepted_issuers(response.body)

    def demand_accepted(self, token: IdentityToken) -> None:
        """Raise LoginError if it says that it does not take *token*; it is not shown the token.

        If it does not say whose tokens it takes, it may well take this one.
        """
        refusal = self._refusal(token)
        if refusal is not None:
            raise refusal

    def issue(self, key: SigningKey, token: IdentityToken) -> Certificate:
        """Have *key* certified as that of whom *token* is about.

        The certificate that comes is one of this key; all else in it is yet to be verified.
        """
        request = self._request(key, token)
        try:
            with advising(_advice(token)):
                response = send(self._transport, request, service=self.name)
        except ServiceError as error:
            # It says of a token that it does not take it, and not why.
            refusal = self._refusal(token) if error.status in _REFUSED else None
            if refusal is not None:
                error.hint = f"{refusal.message}: {refusal.hint}"
            raise
        with answer_of(self.name):
            certificate = _parse_answer(Json.parse(response.body))
            _check_key(certificate, key)
        return certificate

    def _refusal(self, token: IdentityToken) -> LoginError | None:
        try:
            accepted = self.accepted_issuers()
        except KeylessError:
            return None
        audiences = [each.audience for each in accepted if each.is_that(token.issuer)]
        if not audiences:
            return LoginError(
                f"the {self.name} takes no tokens of {shown(token.issuer)}",
                reason=LoginFailure.WRONG_ISSUER,
                hint=f"it takes those of {_listed([each.url for each in accepted])}",
            )
        if not set(audiences).intersection(token.audience):
            return LoginError(
                f"the {self.name} takes no tokens for {_listed(token.audience)}",
                reason=LoginFailure.WRONG_AUDIENCE,
                hint=f"ask {shown(token.issuer)} for one with the audience {_listed(audiences)}",
            )
        return None

    def _request(self, key: SigningKey, token: IdentityToken) -> Request:
        pem = pem_encode("CERTIFICATE REQUEST", certificate_request(key))
        body = {"certificateSigningRequest": b64encode(pem.encode("ascii"))}
        return Request(
            method="POST",
            url=self._url,
            headers=(
                ("Accept", "application/json"),
                ("Content-Type", "application/json"),
                ("Authorization", f"Bearer {token.text}"),
            ),
            body=json.dumps(body).encode("ascii"),
            seconds=SECONDS,
            largest=LARGEST_ANSWER,
        )


def _advice(token: IdentityToken) -> dict[int, str]:
    # It does not say what is wrong with a token; what could be told beforehand, `diagnose` has.
    refused = (
        f"it refused the token of {shown(token.name)}: that may have expired on the way, or the "
        f"authority does not accept tokens of {shown(token.issuer)}"
    )
    return dict.fromkeys(_REFUSED, refused)


def _listed(names: Sequence[str]) -> str:
    shortened = [*map(shown, names[:MOST_NAMED]), *(["others"] if names[MOST_NAMED:] else [])]
    return ", ".join(shortened) or "nobody"


def _parse_answer(json: Json) -> Certificate:
    kind = json.only_one_of("signedCertificateEmbeddedSct", "signedCertificateDetachedSct")
    chain = json.object(kind).object("chain")
    certificates = chain.texts("certificates", most=LONGEST_CHAIN)
    if not certificates:
        raise chain.error("no certificate", name="certificates")
    # Those above it come from the trusted root, or from nowhere.
    return chain.within("certificates[0]", Certificate.parse_pem, certificates[0])


def _check_key(certificate: Certificate, key: SigningKey) -> None:
    if certificate.key != key.public:
        raise VerificationError(
            "the certificate is for another key than the one that was sent",
            check=Check.KEY,
            found=f"the key with SHA-256 {certificate.key.fingerprint.hex}",
            wanted=f"the key with SHA-256 {key.public.fingerprint.hex}",
            hint="do not rely on this authority, and tell whoever runs it",
        )

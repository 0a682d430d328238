# SPDX-License-Identifier: Apache-2.0
"""The certificate authority's wire: Fulcio's interface, version 2.

    POST api/v2/signingCert      a token and a key, with proof of holding it; a certificate
    GET  api/v2/trustBundle      the chain above its certificates
    GET  api/v2/configuration    whose tokens it takes

As the real one, it says of a token that it refuses only that it does.
"""

import json as json_text
import re
from collections.abc import Callable
from typing import Literal, assert_never

from keyless.errors import InputError, KeylessError, ParseError
from keyless.protocol.certificate import Certificate
from keyless.protocol.certified import GITHUB, GITLAB, certified_claims
from keyless.protocol.claims import Claims
from keyless.protocol.encoding import b64encode, pem_encode
from keyless.protocol.json_reader import Json, JsonValue
from keyless.protocol.keys import PublicKey
from keyless.protocol.names import San
from keyless.protocol.token import IdentityToken
from keyless.sandbox.answering import (
    NOT_FOUND,
    RefusedError,
    json_response,
    path_under,
    refused,
)
from keyless.sandbox.certificate_authority import CertificateAuthority
from keyless.sandbox.oidc import AUDIENCE, Issuer
from keyless.sandbox.possession import held_key
from keyless.services.http import Request, Response

Scts = Literal["embedded", "detached", "none"]
Issue = Callable[[PublicKey, San, Claims], Certificate]

# The words of the real one, which do not say what is wrong with the token.
BAD_TOKEN = "There was an error processing the identity token"  # noqa: S105 - no secret

# What a name in a certificate can hold: IA5String is ASCII.
_EMAIL = re.compile(r"[!-?A-~]+@[!-?A-~]+")
_WORKFLOW = re.compile(r"https://[!-~]+")
_INVALID_ARGUMENT, _INTERNAL = 3, 13


class Fulcio:
    """Certifies, by *authority*, keys of those for whom *issuer* vouches.

    What the certificate logs have seen stands in a certificate, beside it, or nowhere (*scts*).
    """

    def __init__(
        self, authority: CertificateAuthority, issuer: Issuer, *, scts: Scts = "embedded"
    ) -> None:
        self.authority = authority
        self.issuer = issuer
        self.scts = scts

    def handle(self, request: Request) -> Response:
        """Answer *request*."""
        match request.method, path_under(self.authority.url, request):
            case "POST", "api/v2/signingCert":
                return self.certify(request, self._issued)
            case "GET", "api/v2/trustBundle":
                return json_response({"chains": [self._chain()]})
            case "GET", "api/v2/configuration":
                return json_response({"issuers": self._issuers()})
            case _:
                return NOT_FOUND

    def certify(self, request: Request, issue: Issue) -> Response:
        """Answer *request* with the certificate that *issue* makes of it, if it is sound."""
        try:
            wanted = Json.parse(request.body or b"")
            token = self._token(wanted, request)
            key = held_key(wanted, token.subject if _is_workflow(token) else token.name)
        except RefusedError as refusal:
            return refused(refusal.status, refusal.words, code=_INVALID_ARGUMENT)
        except ParseError as error:
            return refused(400, error.message, code=_INVALID_ARGUMENT)
        san = San(kind="URI" if _is_workflow(token) else "e-mail", text=token.name)
        try:
            certificate = issue(key, san, certified_claims(token) or Claims())
        except InputError as error:  # what the certificate log has seen cannot be kept
            return refused(500, error.message, code=_INTERNAL)
        return json_response(self._answer(certificate))

    def _token(self, wanted: Json, request: Request) -> IdentityToken:
        credentials = wanted.optional_object("credentials")
        text = credentials and credentials.optional_text("oidcIdentityToken")
        scheme, _, bearer = request.header("Authorization").partition(" ")
        try:
            token = self.issuer.verified(text or (bearer if scheme == "Bearer" else ""))
        except KeylessError:
            raise RefusedError(400, BAD_TOKEN) from None
        named = _WORKFLOW if _is_workflow(token) else _EMAIL
        if not named.fullmatch(token.certified_name or ""):
            raise RefusedError(400, BAD_TOKEN)
        return token

    def _issued(self, key: PublicKey, san: San, claims: Claims) -> Certificate:
        if self.scts == "embedded":
            return self.authority.issue(key, san, claims)
        return self.authority.sign(self.authority.template(key, (san,), claims), scts=())

    def _answer(self, certificate: Certificate) -> JsonValue:
        chain = self._chain(certificate)
        match self.scts:
            case "embedded":
                return {"signedCertificateEmbeddedSct": {"chain": chain}}
            case "none":
                return {"signedCertificateDetachedSct": {"chain": chain}}
            case "detached":
                timestamp = self._timestamp(certificate)
                beside = {"chain": chain, "signedCertificateTimestamp": timestamp}
                return {"signedCertificateDetachedSct": beside}
            case _:
                assert_never(self.scts)

    def _timestamp(self, certificate: Certificate) -> str:
        """Write what the certificate log says of *certificate* the way that it says it itself."""
        timestamp = self.authority.ct_logs[0].append_certificate(certificate.der)
        answer = {
            "sct_version": 0,
            "id": b64encode(timestamp[1:33]),
            "timestamp": int.from_bytes(timestamp[33:41], "big"),
            "extensions": "",
            "signature": b64encode(timestamp[43:]),
        }
        return b64encode(json_text.dumps(answer).encode("ascii"))

    def _chain(self, *below: Certificate) -> JsonValue:
        chain = (*below, *self.authority.chain)
        return {"certificates": [pem_encode("CERTIFICATE", each.der) for each in chain]}

    def _issuers(self) -> JsonValue:
        people = [self.issuer.url, *self.issuer.accepted]
        return [
            {
                "issuerUrl": url,
                "audience": AUDIENCE,
                "challengeClaim": "email" if url in people else "sub",
                "issuerType": "email" if url in people else "ci-provider",
                # Empty, and there all the same.
                "spiffeTrustDomain": "",
                "subjectDomain": "",
                "skipEmailVerification": False,
            }
            for url in (*people, GITHUB, GITLAB)
        ]


def _is_workflow(token: IdentityToken) -> bool:
    return token.issuer in {GITHUB, GITLAB}

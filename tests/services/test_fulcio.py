# SPDX-License-Identifier: Apache-2.0
"""The client of the certificate authority: what it sends, and which answers it takes."""

import base64
import json
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keyless.errors import Check, LoginError, LoginFailure, ServiceError, VerificationError
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.token import IdentityToken
from keyless.services.fulcio import Fulcio
from keyless.services.http import Request, Response
from tests.services.material import P256, certificate_json, certified, core, says_json, signer
from tests.services.transports import Scripted, answered

URL = "https://fulcio.example/base/"
NAME = "certificate authority fulcio.example"


def _token() -> IdentityToken:
    parts = (
        {"alg": "ES256"},
        {"iss": "https://issuer.example", "sub": "alice", "aud": "sigstore", "exp": 1_740_830_460},
    )
    encoded = [base64.urlsafe_b64encode(json.dumps(each).encode()).decode() for each in parts]
    return IdentityToken.parse(".".join([*(each.rstrip("=") for each in encoded), "c2lnbmF0dXJl"]))


TOKEN = _token()


def issue(*answers: Response | Exception) -> tuple[object, list[Request]]:
    """Ask for a certificate of the signer's key."""
    transport = Scripted(*answers)
    return Fulcio(URL, transport).issue(signer(), TOKEN), transport.asked


def refused(*answers: Response | Exception) -> ServiceError:
    """Return why there is no certificate."""
    with pytest.raises(ServiceError) as caught:
        issue(*answers)
    assert caught.value.service == NAME
    assert NAME in caught.value.message
    assert TOKEN.text not in f"{caught.value.message} {caught.value.hint}"
    return caught.value


@pytest.mark.parametrize("kind", ["signedCertificateEmbeddedSct", "signedCertificateDetachedSct"])
@pytest.mark.parametrize("status", [200, 201])
def test_the_certificate_of_the_key_is_taken(kind: str, status: int) -> None:
    """The first of the chain; with the certificate logs' word in it or without."""
    certificate = certified(signer())
    chain = certificate_json(certificate, *core().authority.chain, kind=kind)
    got, _ = issue(says_json(chain, status=status))
    assert got == certificate


def test_the_request_holds_the_token_and_proves_the_key() -> None:
    """Under the URL that the authority has, path and all."""
    _, (request,) = issue(says_json(certificate_json(certified(signer()))))
    assert (request.method, request.url) == (
        "POST",
        "https://fulcio.example/base/api/v2/signingCert",
    )
    assert request.header("Authorization") == f"Bearer {TOKEN.text}"
    assert request.header("Content-Type") == "application/json"
    assert request.body is not None
    document = json.loads(request.body)
    assert set(document) == {"certificateSigningRequest"}
    csr = x509.load_pem_x509_csr(base64.b64decode(document["certificateSigningRequest"]))
    spki = csr.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert csr.is_signature_valid
    assert spki == signer().public.spki


def test_a_certificate_of_another_key_is_refused() -> None:
    """Somebody else's, under which nothing of ours could be verified."""
    other = certified(SigningKey.generate(P256))
    with pytest.raises(VerificationError) as caught:
        issue(says_json(certificate_json(other)))
    assert caught.value.check is Check.KEY
    assert caught.value.message == (
        f"the {NAME} gave a wrong answer: "
        "the certificate is for another key than the one that was sent"
    )


WORDS = b'{"code": 3, "message": "There was an error processing the identity token"}'


def configured(*issuers: dict[str, Any]) -> Response:
    """Say whose tokens are taken."""
    return says_json({"issuers": list(issuers)})


def accepted(url: str = TOKEN.issuer, audience: str = "sigstore") -> dict[str, Any]:
    """Say that tokens of the issuer at *url* are."""
    return {
        "issuerUrl": url,
        "audience": audience,
        "challengeClaim": "email",
        "spiffeTrustDomain": "",
        "issuerType": "email",
        "subjectDomain": "",
    }


def unacceptable(*answers: Response | Exception) -> LoginError | None:
    """Return why the authority would not take the token, if it says so."""
    transport = Scripted(*answers)
    try:
        Fulcio(URL, transport).demand_accepted(TOKEN)
    except LoginError as error:
        return error
    finally:
        (request,) = transport.asked
        assert (request.method, request.body) == ("GET", None)
        assert request.url == "https://fulcio.example/base/api/v2/configuration"
        assert TOKEN.text not in str(request.headers)
    return None


@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize("configuration", [configured(accepted()), answered(404)])
def test_a_refused_token_is_explained(status: int, configuration: Response) -> None:
    """The authority itself does not say why, and older ones not whose tokens they take."""
    error = refused(answered(status, WORDS), configuration)
    assert "There was an error processing the identity token" in error.message
    assert "the token of alice" in str(error.hint)
    assert "does not accept tokens of https://issuer.example" in str(error.hint)


def test_a_token_that_is_refused_for_its_issuer_is_told_so() -> None:
    """With whose would have been taken."""
    error = refused(answered(400, WORDS), configured(accepted("https://other.example")))
    assert error.hint == (
        f"the {NAME} takes no tokens of https://issuer.example: "
        "it takes those of https://other.example"
    )


def test_an_issuer_that_is_not_accepted_is_told_before_the_token_is_sent() -> None:
    """The authority is asked whose it takes, and not shown it."""
    others = [accepted(f"https://{number}.example") for number in range(22)]
    error = unacceptable(configured(*others))
    assert error is not None
    assert error.reason is LoginFailure.WRONG_ISSUER
    assert error.message == f"the {NAME} takes no tokens of https://issuer.example"
    assert str(error.hint).startswith("it takes those of https://0.example, https://1.example, ")
    assert str(error.hint).endswith(", https://19.example, others")


def test_an_audience_that_is_not_accepted_is_told() -> None:
    """An authority can have a name of its own."""
    error = unacceptable(configured(accepted(audience="fulcio"), accepted(audience="keys")))
    assert error is not None
    assert error.reason is LoginFailure.WRONG_AUDIENCE
    assert error.message == f"the {NAME} takes no tokens for sigstore"
    assert error.hint == "ask https://issuer.example for one with the audience fulcio, keys"


def test_an_authority_that_takes_nobodys_tokens_is_told() -> None:
    """It has not been set up."""
    error = unacceptable(says_json({}))
    assert error is not None
    assert error.hint == "it takes those of nobody"


@pytest.mark.parametrize(
    "answer",
    [
        configured(accepted("https://other.example"), accepted()),
        configured({"wildcardIssuerUrl": "https://*.example", "audience": "sigstore"}),
        answered(404),
        answered(200, b"<html>"),
        configured({"audience": "sigstore"}),
        ServiceError("gone", service="x"),
    ],
)
def test_a_token_that_may_be_taken_is_not_refused(answer: Response | Exception) -> None:
    """An authority that does not say whose it takes may take it."""
    assert unacceptable(answer) is None


def test_a_failure_of_its_own_is_another_matter() -> None:
    """The token is not to blame."""
    assert refused(answered(500)).hint == "try again later"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"{}", "exactly one of"),
        (b'{"signedCertificateEmbeddedSct": 7}', "a number where an object is wanted"),
        (b'{"signedCertificateEmbeddedSct": {}}', ".chain: missing"),
        (b'{"signedCertificateEmbeddedSct": {"chain": {}}}', ".certificates: no certificate"),
        (
            b'{"signedCertificateEmbeddedSct": {"chain": {"certificates": ["x"]}}}',
            ".certificates[0]: not one PEM block",
        ),
    ],
)
def test_what_is_no_certificate_is_an_error_of_the_authority(body: bytes, message: str) -> None:
    """And says where it is not."""
    error = refused(answered(200, body))
    assert "gave an answer that cannot be read" in error.message
    assert message in error.message


def test_the_token_is_never_repeated() -> None:
    """Whatever the authority says about it."""
    error = refused(answered(400, f"bad token {TOKEN.text}".encode()), answered(404))
    assert "bad token [hidden]" in error.message

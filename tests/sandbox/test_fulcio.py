# SPDX-License-Identifier: Apache-2.0
"""The certificate authority's wire: who gets a certificate, what it says, and who gets none."""

import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keyless.errors import Check
from keyless.protocol.certificate import Certificate
from keyless.protocol.keys import PublicKey
from keyless.protocol.names import San
from keyless.protocol.sct import parse_scts
from keyless.sandbox import Sandbox
from keyless.sandbox.fulcio import BAD_TOKEN, Scts
from keyless.sandbox.possession import BAD_KEY, BAD_REQUEST, BAD_SIGNATURE, WEAK_KEY
from tests.sandbox.asking import get, post, refusal, said

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
ALICE = "alice@example.com"
PATH = "api/v2/signingCert"

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

KEYS: dict[str, Key] = {
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "P-521": ec.generate_private_key(ec.SECP521R1()),
    "RSA": rsa.generate_private_key(65537, 2048),
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
}
P256 = KEYS["P-256"]
EVERY_KEY = pytest.mark.parametrize("key", KEYS.values(), ids=KEYS.keys())


@pytest.fixture
def sandbox() -> Sandbox:
    """A sandbox at noon."""
    return Sandbox(NOON)


def csr(key: Key = P256, *, subject: str = "") -> bytes:
    """Request a certificate, as cryptography does."""
    name = [x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)] if subject else []
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(name))
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm).public_bytes(Encoding.PEM)


def encoded(data: bytes) -> str:
    """Write *data* as base64."""
    return b64encode(data).decode()


def pem_of(key: Key) -> str:
    """Write the public half of *key*."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def proof(key: Key, challenge: str) -> bytes:
    """Sign *challenge*, as clients do that make no certificate requests."""
    match key:
        case ec.EllipticCurvePrivateKey():
            return key.sign(challenge.encode(), ec.ECDSA(hashes.SHA256()))
        case rsa.RSAPrivateKey():
            return key.sign(challenge.encode(), padding.PKCS1v15(), hashes.SHA256())
        case _:
            return key.sign(challenge.encode())


def asked(
    sandbox: Sandbox, token: str, *, request: bytes | None = None, **content: Any
) -> tuple[int, Any]:
    """Ask for a certificate with *token*, by the certificate *request* or else by *content*."""
    if request is not None or not content:
        content["certificateSigningRequest"] = encoded(csr() if request is None else request)
    url = sandbox.core.urls.authority
    response = sandbox.fulcio.handle(
        post(url, PATH, content, Authorization=f"Bearer {token}" if token else "")
    )
    return response.status, said(response)


def chain_of(answer: Any, kind: str = "signedCertificateEmbeddedSct") -> list[Certificate]:
    """Read the certificates in *answer*."""
    return [Certificate.parse_pem(pem) for pem in answer[kind]["chain"]["certificates"]]


@EVERY_KEY
def test_whoever_holds_a_token_and_a_key_gets_a_certificate(sandbox: Sandbox, key: Key) -> None:
    """It is for that key, about that person, and begins now."""
    status, answer = asked(sandbox, sandbox.token(ALICE), request=csr(key))
    leaf, *above = chain_of(answer)
    assert status == 200
    assert leaf.key == PublicKey(key.public_key())
    assert leaf.sans == (San(kind="e-mail", text=ALICE),)
    assert leaf.claims.issuer == "https://github.com/login/oauth"
    assert (leaf.not_before, leaf.not_after) == (NOON, NOON + timedelta(minutes=10))
    assert [it.der for it in above] == [it.der for it in sandbox.core.authority.chain]
    assert len(parse_scts(leaf)) == 1


@EVERY_KEY
def test_a_signature_over_the_address_is_proof_as_well(sandbox: Sandbox, key: Key) -> None:
    """In this form a key is sent as it is; the token may stand in the body."""
    request = {
        "publicKey": {"content": pem_of(key)},
        "proofOfPossession": encoded(proof(key, ALICE)),
    }
    credentials = {"oidcIdentityToken": sandbox.token(ALICE)}
    status, answer = asked(sandbox, "", credentials=credentials, publicKeyRequest=request)
    assert status == 200
    assert chain_of(answer)[0].key == PublicKey(key.public_key())


def test_a_workflow_proves_itself_by_its_subject(sandbox: Sandbox) -> None:
    """It has no address to sign."""
    token = sandbox.issuer.github_token("org/app")
    signature = proof(P256, "repo:org/app:ref:refs/heads/main")
    request = {"publicKey": {"content": pem_of(P256)}, "proofOfPossession": encoded(signature)}
    status, answer = asked(sandbox, token, publicKeyRequest=request)
    workflow = "https://github.com/org/app/.github/workflows/release.yml@refs/heads/main"
    assert status == 200
    assert chain_of(answer)[0].sans == (San(kind="URI", text=workflow),)


@pytest.mark.parametrize("name", ["github", "gitlab"])
def test_a_workflows_claims_stand_in_its_certificate(sandbox: Sandbox, name: str) -> None:
    """All of them, as cryptography reads the extensions too."""
    issuer = sandbox.issuer
    token = {"github": issuer.github_token, "gitlab": issuer.gitlab_token}[name]("group/app")
    (leaf, *_) = chain_of(asked(sandbox, token)[1])
    assert leaf.claims.source_repository_uri == f"https://{name}.com/group/app"
    theirs = x509.load_der_x509_certificate(leaf.der).extensions
    fulcios = [it for it in theirs if it.oid.dotted_string.startswith("1.3.6.1.4.1.57264.1.")]
    # Each claim once, and the issuer in its older form as well.
    assert len(fulcios) == len(list(leaf.claims.items())) + 1


def test_the_subject_of_a_request_is_not_looked_at(sandbox: Sandbox) -> None:
    """Who it is about, the token says."""
    _, answer = asked(sandbox, sandbox.token(ALICE), request=csr(subject="mallory@example.com"))
    assert [san.text for san in chain_of(answer)[0].sans] == [ALICE]


BAD_TOKENS: dict[str, Any] = {
    "none": lambda _: "",
    "no token": lambda _: "abc",
    "of another issuer": lambda _: Sandbox(NOON).token(ALICE),
    "for another audience": lambda sandbox: sandbox.token(ALICE, audience="other"),
    "expired": lambda sandbox: sandbox.token(ALICE, lifetime=timedelta(seconds=0)),
    "of nobody known": lambda sandbox: sandbox.token(ALICE, verified=False),
    "about no address": lambda sandbox: sandbox.issuer.token_of({"sub": "alice"}),
    "about an address beyond ASCII": lambda sandbox: sandbox.token("älice@example.com"),
    "about something else": lambda sandbox: sandbox.token("alice"),
    "of no workflow": lambda sandbox: sandbox.issuer.token_of(
        {
            "iss": "https://token.actions.githubusercontent.com",
            "sub": "repo",
            "email": ALICE,
            "email_verified": True,
        }
    ),
}


@pytest.mark.parametrize("token", BAD_TOKENS.values(), ids=BAD_TOKENS.keys())
def test_of_a_bad_token_nothing_is_said(sandbox: Sandbox, token: Any) -> None:
    """Whatever is wrong with it, the words are those of the real authority, and the same."""
    assert asked(sandbox, token(sandbox)) == (400, {"code": 3, "message": BAD_TOKEN, "details": []})


def test_a_token_under_another_scheme_is_none(sandbox: Sandbox) -> None:
    """Bearer is the only one."""
    request = post(
        sandbox.core.urls.authority,
        PATH,
        {"certificateSigningRequest": encoded(csr())},
        Authorization=f"Basic {sandbox.token(ALICE)}",
    )
    assert refusal(sandbox.fulcio.handle(request)) == (400, BAD_TOKEN)


def altered(pem: bytes) -> bytes:
    """Flip a bit of a request's signature."""
    request = x509.load_pem_x509_csr(pem)
    der = bytearray(request.public_bytes(Encoding.DER))
    der[-1] ^= 1
    return pem_block(bytes(der))


def pem_block(der: bytes) -> bytes:
    """Write *der* as the PEM of a certificate request."""
    body = encoded(der)
    return (
        f"-----BEGIN CERTIFICATE REQUEST-----\n{body}\n-----END CERTIFICATE REQUEST-----".encode()
    )


WEAK = rsa.generate_private_key(65537, 1024)  # noqa: S505 - that is the point
BAD_REQUESTS = {
    "altered": (altered(csr()), BAD_SIGNATURE),
    "of a weak key": (csr(WEAK), WEAK_KEY),
    "of an unknown kind of key": (csr(ec.generate_private_key(ec.SECP256K1())), WEAK_KEY),
    "no PEM": (b"\xff", BAD_REQUEST),
    "no request": (pem_block(b"\x30\x00"), BAD_REQUEST),
}


@pytest.mark.parametrize(("request_", "words"), BAD_REQUESTS.values(), ids=BAD_REQUESTS.keys())
def test_a_bad_request_is_refused_as_the_real_authority_does(
    sandbox: Sandbox, request_: bytes, words: str
) -> None:
    """In its words."""
    status, answer = asked(sandbox, sandbox.token(ALICE), request=request_)
    assert (status, answer["message"]) == (400, words)


BAD_PROOFS: dict[str, tuple[Any, str]] = {
    "nothing": ({}, BAD_KEY),
    "no key": ({"publicKeyRequest": {"publicKey": {"content": "abc"}}}, BAD_KEY),
    "a weak key": ({"publicKeyRequest": {"publicKey": {"content": pem_of(WEAK)}}}, WEAK_KEY),
    "the proof of somebody else": (
        {
            "publicKeyRequest": {
                "publicKey": {"content": pem_of(P256)},
                "proofOfPossession": encoded(proof(P256, "bob@example.com")),
            }
        },
        BAD_SIGNATURE,
    ),
}


@pytest.mark.parametrize(("content", "words"), BAD_PROOFS.values(), ids=BAD_PROOFS.keys())
def test_a_key_that_is_not_held_is_not_certified(
    sandbox: Sandbox, content: Any, words: str
) -> None:
    """A proof is over who asks."""
    url, token = sandbox.core.urls.authority, sandbox.token(ALICE)
    request = post(url, PATH, content, Authorization=f"Bearer {token}")
    assert refusal(sandbox.fulcio.handle(request)) == (400, words)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"credentials": 1}'])
def test_what_is_no_request_at_all_is_refused(sandbox: Sandbox, body: bytes) -> None:
    """And nothing else escapes."""
    assert sandbox.fulcio.handle(post(sandbox.core.urls.authority, PATH, body)).status == 400


@pytest.mark.parametrize("scts", ["detached", "none"])
def test_certificate_timestamps_come_beside_the_certificate_or_not_at_all(
    sandbox: Sandbox, scts: Scts
) -> None:
    """As from an authority whose certificate log is elsewhere, or which has none."""
    sandbox.fulcio.scts = scts
    _, answer = asked(sandbox, sandbox.token(ALICE))
    (leaf, *_) = chain_of(answer, "signedCertificateDetachedSct")
    assert leaf.sct_list is None
    assert ("signedCertificateTimestamp" in answer["signedCertificateDetachedSct"]) is (
        scts == "detached"
    )


def test_a_timestamp_beside_a_certificate_is_over_it(sandbox: Sandbox) -> None:
    """Over the certificate itself, which the log has kept (RFC 6962, 3.2)."""
    sandbox.fulcio.scts = "detached"
    answer = asked(sandbox, sandbox.token(ALICE))[1]["signedCertificateDetachedSct"]
    timestamp = json.loads(b64decode(answer["signedCertificateTimestamp"]))
    log, leaf = sandbox.core.ct_log, Certificate.parse_pem(answer["chain"]["certificates"][0])
    certificate = len(leaf.der).to_bytes(3, "big") + leaf.der
    when = timestamp["timestamp"].to_bytes(8, "big")
    signed = b"\0\0" + when + b"\0\0" + certificate + b"\0\0"
    assert b64decode(timestamp["id"]) == log.log_id
    assert timestamp["timestamp"] == NOON.timestamp() * 1000
    assert log.tree[len(log.tree) - 1] == signed
    log.key.verify(b64decode(timestamp["signature"])[4:], signed, check=Check.SCT)


def test_the_trust_bundle_is_the_chain(sandbox: Sandbox) -> None:
    """Intermediate and root."""
    url = sandbox.core.urls.authority
    ((chain,),) = [said(sandbox.fulcio.handle(get(url, "api/v2/trustBundle")))["chains"]]
    found = [Certificate.parse_pem(pem).der for pem in chain["certificates"]]
    assert found == [it.der for it in sandbox.core.authority.chain]


def test_the_configuration_names_whose_tokens_are_taken(sandbox: Sandbox) -> None:
    """With what each is challenged by."""
    answer = said(sandbox.fulcio.handle(get(sandbox.core.urls.authority, "api/v2/configuration")))
    assert [(it["issuerUrl"], it["challengeClaim"]) for it in answer["issuers"]] == [
        (sandbox.core.urls.issuer, "email"),
        ("https://token.actions.githubusercontent.com", "sub"),
        ("https://gitlab.com", "sub"),
    ]


def test_elsewhere_there_is_nothing(sandbox: Sandbox) -> None:
    """Not even the older interface."""
    request = get(sandbox.core.urls.authority, "api/v1/rootCert")
    assert sandbox.fulcio.handle(request).status == 404

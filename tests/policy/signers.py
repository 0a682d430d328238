# SPDX-License-Identifier: Apache-2.0
"""Signers to be judged: what a verifier would hand to a policy, made without one."""

from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keyless.evidence import VerifiedSigner
from keyless.protocol.certificate import Certificate
from keyless.protocol.keys import PublicKey

GOOGLE = "https://accounts.google.com"
GITHUB = "https://github.com/login/oauth"
START = datetime(2025, 1, 1, tzinfo=UTC)

AS_BARE_TEXT = {
    "github_workflow_trigger": 2,
    "github_workflow_sha": 3,
    "github_workflow_repository": 5,
    "github_workflow_ref": 6,
}
AS_DER = {
    "issuer": 8,
    "build_signer_uri": 9,
    "source_repository_uri": 12,
    "source_repository_digest": 13,
    "source_repository_ref": 14,
    "source_repository_identifier": 15,
    "source_repository_owner_identifier": 17,
    "build_config_uri": 18,
    "build_trigger": 20,
    "deployment_environment": 23,
}


def signer(
    identity: str | x509.GeneralName, *, key: str | None = None, **claims: str | None
) -> VerifiedSigner:
    """Return the signer called *identity*, of whom its certificate says *claims*.

    Its key is its own, unless *key* names one to be shared.
    """
    name = _general_name(identity) if isinstance(identity, str) else identity
    private = _private_key(key or repr(name))
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "authority")]))
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(START)
        .not_valid_after(START + timedelta(minutes=10))
        .add_extension(x509.SubjectAlternativeName([name]), critical=True)
    )
    for claim, text in claims.items():
        if text is not None:
            builder = builder.add_extension(_extension(claim, text), critical=False)
    der = builder.sign(private, SHA256()).public_bytes(Encoding.DER)
    certificate = Certificate.parse(der)
    return VerifiedSigner(
        key=certificate.key, certificate=certificate, authority="authority", scts=()
    )


def person(name: str, *, issuer: str | None = GOOGLE, key: str | None = None) -> VerifiedSigner:
    """Return a signer with an e-mail address."""
    return signer(f"{name}@example.com", key=key, issuer=issuer)


def bare_key(name: str) -> VerifiedSigner:
    """Return a signer of whom nothing is known but a key."""
    return VerifiedSigner(key=public_key(name), certificate=None, authority=None, scts=())


def public_key(name: str) -> PublicKey:
    """Return the public key called *name*."""
    spki = (
        _private_key(name)
        .public_key()
        .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )
    return PublicKey.parse(spki)


@cache
def _private_key(name: str) -> ec.EllipticCurvePrivateKey:
    assert name  # only to tell the keys apart
    return ec.generate_private_key(ec.SECP256R1())


def _general_name(identity: str) -> x509.GeneralName:
    if "://" in identity:
        return x509.UniformResourceIdentifier(identity)
    return x509.RFC822Name(identity)


def _extension(claim: str, text: str) -> x509.UnrecognizedExtension:
    data = text.encode()
    if claim in AS_DER:
        data = b"\x0c" + _length(len(data)) + data
    number = AS_DER.get(claim) or AS_BARE_TEXT[claim]
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(f"1.3.6.1.4.1.57264.1.{number}"), data)


def _length(size: int) -> bytes:
    return bytes([size]) if size < 0x80 else bytes([0x81, size])

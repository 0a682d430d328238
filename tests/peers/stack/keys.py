# SPDX-License-Identifier: Apache-2.0
"""The keys of the stack, made anew for each run: of its authorities, and of its logs."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from keyless.value import value

PASSWORD = "of no use to anybody"  # noqa: S105 - the keys are gone with the run
START = datetime(2026, 1, 1, tzinfo=UTC) - timedelta(days=365)
_DAYS = timedelta(days=3650)
_ORGANISATION = "peers.keyless.test"

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@value
class Authority:
    """An authority's files: its *chain*, lowest first, and the *key* of the lowest, encrypted."""

    chain: Path
    key: Path


@value
class LogKey:
    """A log's files: its *key* to sign with, and the *public* one."""

    key: Path
    public: Path


def certificate_authority(folder: Path) -> Authority:
    """Make a root and an intermediate that certifies signers."""
    return _authority(folder, "fulcio", usage=ExtendedKeyUsageOID.CODE_SIGNING, is_ca=True)


def timestamp_authority(folder: Path) -> Authority:
    """Make a root and a certificate that signs timestamps."""
    return _authority(folder, "tsa", usage=ExtendedKeyUsageOID.TIME_STAMPING, is_ca=False)


def ecdsa_log(folder: Path, name: str, *, encrypted: bool = False) -> LogKey:
    """Make a P-256 key; *encrypted* in the old way of OpenSSL's, which ctfe asks for."""
    key = ec.generate_private_key(ec.SECP256R1())
    if encrypted:
        how = BestAvailableEncryption(PASSWORD.encode())
        return _log(folder, name, key, PrivateFormat.TraditionalOpenSSL, how)
    return _log(folder, name, key)


def ed25519_log(folder: Path, name: str) -> LogKey:
    """Make an Ed25519 key."""
    return _log(folder, name, ed25519.Ed25519PrivateKey.generate())


def _log(
    folder: Path,
    name: str,
    key: PrivateKey,
    form: PrivateFormat = PrivateFormat.PKCS8,
    encryption: KeySerializationEncryption | None = None,
) -> LogKey:
    made = LogKey(key=folder / f"{name}.pem", public=folder / f"{name}.pub")
    made.key.write_bytes(key.private_bytes(Encoding.PEM, form, encryption or NoEncryption()))
    made.key.chmod(0o600)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    made.public.write_bytes(public)
    return made


def _authority(folder: Path, name: str, *, usage: x509.ObjectIdentifier, is_ca: bool) -> Authority:
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name = _name(f"{name} root")
    root = _certificate(root_name, root_key, root_name, root_key)
    root = root.add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
    root = root.add_extension(_usage(is_ca=True), critical=True)
    lower = _certificate(_name(name), key, root_name, root_key)
    constraints = x509.BasicConstraints(ca=is_ca, path_length=0 if is_ca else None)
    lower = lower.add_extension(constraints, critical=True)
    lower = lower.add_extension(_usage(is_ca=is_ca), critical=True)
    # RFC 3161, 2.3: that a certificate is for timestamps alone must be critical.
    lower = lower.add_extension(x509.ExtendedKeyUsage([usage]), critical=not is_ca)
    chain = [each.sign(root_key, hashes.SHA256()) for each in (lower, root)]
    made = Authority(chain=folder / f"{name}.chain.pem", key=folder / f"{name}.key.pem")
    made.chain.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in chain))
    how = BestAvailableEncryption(PASSWORD.encode())
    made.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how))
    made.key.chmod(0o600)
    return made


def _certificate(
    name: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
) -> x509.CertificateBuilder:
    of_issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START)
        .not_valid_after(START + _DAYS)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(of_issuer, critical=False)
    )


def _name(common_name: str) -> x509.Name:
    # sigstore-python reads no trusted root in which an authority has no common name.
    organisation = x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANISATION)
    return x509.Name([organisation, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _usage(*, is_ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        encipher_only=False,
        decipher_only=False,
    )

# SPDX-License-Identifier: Apache-2.0
"""A certificate authority that nobody trusts but who is told to, and what it vouches for."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


class Authority:
    """The authority, with its certificate in *certificate*, a file in *folder*."""

    def __init__(self, folder: Path) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = folder / "authority.pem"
        self._name = _name("an authority of these tests")
        made = self._signed(self._name, self.key.public_key(), authority=True)
        self.certificate.write_bytes(made.public_bytes(Encoding.PEM))
        self.certificate_der = made.public_bytes(Encoding.DER)

    def vouch(self, certificate: Path, key: Path) -> None:
        """Write a certificate for this machine, and its key."""
        secret = ec.generate_private_key(ec.SECP256R1())
        made = self._signed(_name("127.0.0.1"), secret.public_key(), authority=False)
        certificate.write_bytes(made.public_bytes(Encoding.PEM))
        key.write_bytes(secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def _signed(
        self, name: x509.Name, key: ec.EllipticCurvePublicKey, *, authority: bool
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=authority,
            crl_sign=authority,
            encipher_only=False,
            decipher_only=False,
        )
        mine = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
        names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
        basic = x509.BasicConstraints(ca=authority, path_length=None)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(basic, critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(mine),
                critical=False,
            )
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(self.key, SHA256())
        )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

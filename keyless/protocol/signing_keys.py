# SPDX-License-Identifier: Apache-2.0
"""Private keys, made for minutes: they sign, and show nobody what they are.

A key is written out only where `to_pkcs8` is called by name. What does so by itself, a log line, a
traceback, a copy to a worker process, gets the kind of the key and nothing else, or is refused.
"""

from collections.abc import Callable
from typing import NoReturn

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from keyless.errors import InputError, ParseError, UnsupportedError
from keyless.protocol.der import OID, oid_text, sequence
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.keys import KNOWN_KINDS, LARGEST_KEY, Algorithm, PublicKey

Signer = (
    ec.EllipticCurvePrivateKey
    | rsa.RSAPrivateKey
    | ed25519.Ed25519PrivateKey
    | mldsa.MLDSA44PrivateKey
    | mldsa.MLDSA65PrivateKey
    | mldsa.MLDSA87PrivateKey
)


class SigningKey:
    """A private key of a kind the registry knows; *algorithm* is how it signs when not told."""

    __slots__ = ("_key", "algorithm", "public")

    def __init__(self, key: PrivateKeyTypes, *, algorithm: Algorithm | None = None) -> None:
        self._key = _accepted(key)
        self.public = PublicKey(self._key.public_key())
        self.algorithm = self._fitting(algorithm or self.public.algorithm)

    @classmethod
    def generate(cls, algorithm: Algorithm) -> "SigningKey":
        """Make a new key that signs by *algorithm*."""
        return cls(_generated(algorithm.kind), algorithm=algorithm)

    @classmethod
    def parse(cls, pkcs8: bytes, *, algorithm: Algorithm | None = None) -> "SigningKey":
        """Read an unencrypted key in DER (PKCS#8)."""
        if len(pkcs8) > LARGEST_KEY:
            raise ParseError(f"a private key of {len(pkcs8)} bytes")
        try:
            # The library would read other forms as well, and other kinds, some with a warning.
            _check_kind(pkcs8)
            key = load_der_private_key(pkcs8, password=None)
        except UnsupportedError:
            raise
        except (ParseError, ValueError, TypeError, UnsupportedAlgorithm):
            # What was wrong is not repeated: it might quote what nobody is to see.
            raise ParseError("not a private key in unencrypted PKCS#8") from None
        return cls(key, algorithm=algorithm)

    def to_pkcs8(self) -> bytes:
        """Write the key in DER, unencrypted, for the one place that keeps it."""
        return self._key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())

    def sign(self, message: bytes | Digest, *, algorithm: Algorithm | None = None) -> bytes:
        """Sign *message*; a `Digest` stands for the message it was made of."""
        how = self.algorithm if algorithm is None else self._fitting(algorithm)
        key = self._key
        match key:
            case ec.EllipticCurvePrivateKey():
                digest = _digest(message, how)
                return key.sign(digest.value, ec.ECDSA(_prehashed(digest)))
            case rsa.RSAPrivateKey():
                digest = _digest(message, how)
                return key.sign(digest.value, _padding(how, digest), _prehashed(digest))
            case _:
                return key.sign(_content(message, how))

    def _fitting(self, algorithm: Algorithm) -> Algorithm:
        if algorithm.scheme == "ed25519ph":
            raise InputError(
                "Ed25519ph is not offered by the cryptography library",
                hint="sign with Ed25519, ECDSA or RSA instead",
            )
        if algorithm.kind != self.public.kind:
            raise InputError(f"a key of kind {self.public.kind} does not sign by {algorithm}")
        return algorithm

    def __repr__(self) -> str:
        return f"SigningKey({self.public.kind}, sha256={self.public.fingerprint.hex})"

    def __reduce__(self) -> NoReturn:
        # Pickles lie about in queues and caches, and cross to other processes.
        raise TypeError("a signing key is not pickled or copied; use to_pkcs8() where it is kept")


def _accepted(key: PrivateKeyTypes) -> Signer:
    match key:
        case (
            ec.EllipticCurvePrivateKey()
            | rsa.RSAPrivateKey()
            | ed25519.Ed25519PrivateKey()
            | mldsa.MLDSA44PrivateKey()
            | mldsa.MLDSA65PrivateKey()
            | mldsa.MLDSA87PrivateKey()
        ):
            return key
        case _:
            raise _unknown_kind(type(key).__name__.removesuffix("PrivateKey"))


def _check_kind(pkcs8: bytes) -> None:
    """Read PrivateKeyInfo { version, SEQUENCE { kind, parameters }, … } as far as its kind."""
    fields = sequence(pkcs8, "private key")
    fields.integer()
    kind = fields.inside().content(OID)
    if kind not in KNOWN_KINDS:
        raise _unknown_kind(oid_text(kind))


def _unknown_kind(kind: str) -> UnsupportedError:
    return UnsupportedError(
        f"a private key of kind {kind}, which is not accepted here",
        hint="use ECDSA P-256, P-384 or P-521, RSA of 2048, 3072 or 4096 bits, or Ed25519",
    )


def _generated(kind: str) -> Signer:
    if kind in _CURVES:
        return ec.generate_private_key(_CURVES[kind])
    if kind in _RSA_SIZES:
        return rsa.generate_private_key(public_exponent=65537, key_size=_RSA_SIZES[kind])
    return _MESSAGE_SIGNERS[kind]()


def _digest(message: bytes | Digest, how: Algorithm) -> Digest:
    wanted = how.hash or HashAlgorithm.SHA256
    if isinstance(message, bytes):
        return Digest.of(message, wanted)
    if message.algorithm is not wanted:
        raise InputError(f"{how} signs a {wanted.name} digest, not {message}")
    return message


def _content(message: bytes | Digest, how: Algorithm) -> bytes:
    if isinstance(message, Digest):
        raise InputError(
            f"{how} signs the content itself, and only its digest was given",
            hint="give the content as bytes, or sign with ECDSA",
        )
    return message


def _padding(how: Algorithm, digest: Digest) -> padding.AsymmetricPadding:
    if how.scheme == "pss":
        return padding.PSS(padding.MGF1(_HASHES[digest.algorithm]), padding.PSS.DIGEST_LENGTH)
    return padding.PKCS1v15()


def _prehashed(digest: Digest) -> Prehashed:
    return Prehashed(_HASHES[digest.algorithm])


_CURVES: dict[str, ec.EllipticCurve] = {
    "ECDSA P-256": ec.SECP256R1(),
    "ECDSA P-384": ec.SECP384R1(),
    "ECDSA P-521": ec.SECP521R1(),
}
_RSA_SIZES = {"RSA 2048": 2048, "RSA 3072": 3072, "RSA 4096": 4096}
_MESSAGE_SIGNERS: dict[str, Callable[[], Signer]] = {
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
    "ML-DSA-44": mldsa.MLDSA44PrivateKey.generate,
    "ML-DSA-65": mldsa.MLDSA65PrivateKey.generate,
    "ML-DSA-87": mldsa.MLDSA87PrivateKey.generate,
}
_HASHES: dict[HashAlgorithm, hashes.HashAlgorithm] = {
    HashAlgorithm.SHA256: hashes.SHA256(),
    HashAlgorithm.SHA384: hashes.SHA384(),
    HashAlgorithm.SHA512: hashes.SHA512(),
}

# SPDX-License-Identifier: Apache-2.0
"""Public keys, and the registry of ways to sign with them.

The registry is Sigstore's; its names stand in bundles, log entries and trust roots as
`keyDetails`. A key alone does not say which hash a signature used (many release bundles carry
P-384 keys over SHA-256), so whoever verifies says which one was promised, and only the three of
`HashAlgorithm` can be said.
"""

from collections.abc import Callable
from functools import partial
from typing import Literal

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from keyless.errors import Check, ParseError, UnsupportedError, VerificationError
from keyless.protocol.der import OID, oid_bytes, oid_text, sequence
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.encoding import pem_decode
from keyless.safe_text import shown
from keyless.value import replace, value

SHA256, SHA384, SHA512 = HashAlgorithm.SHA256, HashAlgorithm.SHA384, HashAlgorithm.SHA512
LARGEST_KEY = 64 << 10
RSA_SIZES = (2048, 3072, 4096)

Scheme = Literal["ecdsa", "pkcs1v15", "pss", "message", "ed25519ph"]
MessageKey = (
    ed25519.Ed25519PublicKey
    | mldsa.MLDSA44PublicKey
    | mldsa.MLDSA65PublicKey
    | mldsa.MLDSA87PublicKey
)


@value
class Algorithm:
    """One way to sign; without a *hash*, the message itself is signed."""

    kind: str
    scheme: Scheme
    hash: HashAlgorithm | None = None

    def __str__(self) -> str:
        over = f" over {self.hash.name}" if self.hash else ""
        return f"{self.kind}{' PSS' if self.scheme == 'pss' else ''}{over}"


Message = bytes | Digest  # a digest stands for the message it was made of
Verify = Callable[[bytes, Message, Algorithm, Check], None]


def _rsa(bits: int, scheme: Scheme) -> Algorithm:
    return Algorithm(kind=f"RSA {bits}", scheme=scheme, hash=SHA256)


ALGORITHMS = {
    "PKIX_ECDSA_P256_SHA_256": Algorithm(kind="ECDSA P-256", scheme="ecdsa", hash=SHA256),
    "PKIX_ECDSA_P384_SHA_384": Algorithm(kind="ECDSA P-384", scheme="ecdsa", hash=SHA384),
    "PKIX_ECDSA_P384_SHA_256": Algorithm(kind="ECDSA P-384", scheme="ecdsa", hash=SHA256),
    "PKIX_ECDSA_P521_SHA_512": Algorithm(kind="ECDSA P-521", scheme="ecdsa", hash=SHA512),
    "PKIX_ECDSA_P521_SHA_256": Algorithm(kind="ECDSA P-521", scheme="ecdsa", hash=SHA256),
    "PKIX_RSA_PKCS1V15_2048_SHA256": _rsa(2048, "pkcs1v15"),
    "PKIX_RSA_PKCS1V15_3072_SHA256": _rsa(3072, "pkcs1v15"),
    "PKIX_RSA_PKCS1V15_4096_SHA256": _rsa(4096, "pkcs1v15"),
    "PKIX_RSA_PSS_2048_SHA256": _rsa(2048, "pss"),
    "PKIX_RSA_PSS_3072_SHA256": _rsa(3072, "pss"),
    "PKIX_RSA_PSS_4096_SHA256": _rsa(4096, "pss"),
    "PKIX_ED25519": Algorithm(kind="Ed25519", scheme="message"),
    "PKIX_ED25519_PH": Algorithm(kind="Ed25519", scheme="ed25519ph", hash=SHA512),
    "ML_DSA_44": Algorithm(kind="ML-DSA-44", scheme="message"),
    "ML_DSA_65": Algorithm(kind="ML-DSA-65", scheme="message"),
    "ML_DSA_87": Algorithm(kind="ML-DSA-87", scheme="message"),
}
# How a key signs when nothing names an algorithm: the first in the registry for its kind.
_USUAL = {algorithm.kind: algorithm for algorithm in reversed(ALGORITHMS.values())}


def algorithm_named(name: str) -> Algorithm:
    """Return the registry's algorithm *name*, as in `PKIX_ECDSA_P256_SHA_256`."""
    if name not in ALGORITHMS:
        raise UnsupportedError(f"{shown(name, longest=80)} is not an algorithm accepted here")
    return ALGORITHMS[name]


class PublicKey:
    """A public key of a kind the registry knows."""

    __slots__ = ("_key", "_verify", "kind")

    def __init__(self, key: PublicKeyTypes) -> None:
        self._key = key
        self.kind, self._verify = _accepted(key)

    @classmethod
    def parse(cls, spki: bytes) -> "PublicKey":
        """Read a DER SubjectPublicKeyInfo."""
        if len(spki) > LARGEST_KEY:
            raise ParseError(f"a public key of {len(spki)} bytes")
        fields = sequence(spki, "public key")
        kind = fields.inside().content(OID)
        if kind not in KNOWN_KINDS:
            raise _unknown_kind(oid_text(kind))
        # A point has three more forms, and one key would have four names.
        if kind == _ECDSA and not fields.whole_bytes().startswith(b"\x04"):
            raise _unknown_kind("ECDSA with its point compressed")
        try:
            key = load_der_public_key(spki)
        except UnsupportedAlgorithm as error:
            raise UnsupportedError(f"not a public key of a known kind: {shown(error)}") from None
        except (ValueError, TypeError) as error:
            raise ParseError(f"not a public key: {shown(error)}") from None
        return cls(key)

    @classmethod
    def parse_pem(cls, text: str) -> "PublicKey":
        """Read one PEM block that holds a SubjectPublicKeyInfo."""
        return cls.parse(pem_decode(text, "PUBLIC KEY"))

    @property
    def spki(self) -> bytes:
        """The key as a DER SubjectPublicKeyInfo, the same however it was written where it stood."""
        # Written when asked for: few signers' keys are, and writing takes as long as reading.
        return self._key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def fingerprint(self) -> Digest:
        """The SHA-256 of the key's SubjectPublicKeyInfo, by which logs are called."""
        return Digest.of(self.spki)

    @property
    def algorithm(self) -> Algorithm:
        """How the key signs when nothing else is said."""
        return _USUAL[self.kind]

    def algorithm_with(self, hash_algorithm: HashAlgorithm) -> Algorithm:
        """Return how the key signs with *hash_algorithm*; one that signs messages ignores it."""
        usual = self.algorithm
        if usual.hash is None or usual.hash is hash_algorithm:
            return usual
        return replace(usual, hash=hash_algorithm)

    def verify(
        self,
        signature: bytes,
        message: Message,
        *,
        check: Check,
        algorithm: Algorithm | None = None,
    ) -> None:
        """Refuse, in the name of *check*, a *signature* over *message* that is not this key's."""
        how = algorithm or self.algorithm
        if how.kind != self.kind:
            raise VerificationError(
                f"the {check.value} is said to be signed with {how}, but its key is {self.kind}",
                check=check,
                found=self.kind,
                wanted=how.kind,
            )
        if how.scheme == "ed25519ph":
            raise VerificationError(
                "the signature is Ed25519ph, which the cryptography library does not offer",
                check=check,
                hint="sign with Ed25519, ECDSA or RSA instead",
            )
        try:
            self._verify(signature, message, how, check)
        except InvalidSignature:
            raise VerificationError(
                f"the {check.value} does not verify with its key ({how})",
                check=check,
                found=f"a signature of {len(signature)} bytes",
                wanted=f"one by the key with SHA-256 {self.fingerprint.hex}",
                hint="the bytes were altered, or another key signed them",
            ) from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and self.spki == other.spki

    def __hash__(self) -> int:
        return hash(self.spki)

    def __repr__(self) -> str:
        return f"PublicKey({self.kind}, sha256={self.fingerprint.hex})"

    def __reduce__(self) -> tuple[object, ...]:
        return PublicKey.parse, (self.spki,)


def _accepted(key: PublicKeyTypes) -> tuple[str, Verify]:
    """Return of which kind *key* is, and how such a key verifies: found out once, not each time."""
    match key:
        case ec.EllipticCurvePublicKey() if key.curve.name in _CURVES:
            return _CURVES[key.curve.name], partial(_verify_ecdsa, key)
        case rsa.RSAPublicKey() if key.key_size in RSA_SIZES:
            return f"RSA {key.key_size}", partial(_verify_rsa, key)
        case ed25519.Ed25519PublicKey():
            return "Ed25519", partial(_verify_message, key)
        case mldsa.MLDSA44PublicKey():
            return "ML-DSA-44", partial(_verify_message, key)
        case mldsa.MLDSA65PublicKey():
            return "ML-DSA-65", partial(_verify_message, key)
        case mldsa.MLDSA87PublicKey():
            return "ML-DSA-87", partial(_verify_message, key)
        case _:
            name = type(key).__name__.removesuffix("PublicKey")
            raise _unknown_kind(f"{name} {getattr(key, 'key_size', '')}".strip())


def _unknown_kind(kind: str) -> UnsupportedError:
    return UnsupportedError(
        f"a key of kind {kind}, which is not accepted here",
        hint="use ECDSA P-256, P-384 or P-521, RSA of 2048, 3072 or 4096 bits, or Ed25519",
    )


class _Hashing:
    """What is left to be hashed, in the words of each kind of key: made once, not each time."""

    def __init__(self, algorithm: hashes.HashAlgorithm | Prehashed) -> None:
        self.algorithm = algorithm
        self.ecdsa = ec.ECDSA(algorithm)


def _verify_ecdsa(
    key: ec.EllipticCurvePublicKey, signature: bytes, message: Message, how: Algorithm, check: Check
) -> None:
    data, hashing = _hashed(message, how, check)
    key.verify(signature, data, hashing.ecdsa)


def _verify_rsa(
    key: rsa.RSAPublicKey, signature: bytes, message: Message, how: Algorithm, check: Check
) -> None:
    data, hashing = _hashed(message, how, check)
    key.verify(signature, data, _padding(how), hashing.algorithm)


def _verify_message(
    key: MessageKey, signature: bytes, message: Message, how: Algorithm, check: Check
) -> None:
    key.verify(signature, _content(message, how, check))


def _hashed(message: Message, how: Algorithm, check: Check) -> tuple[bytes, _Hashing]:
    """Return what a key that signs hashes is given: the message and a hash, or a digest."""
    wanted = how.hash or SHA256
    if isinstance(message, bytes):
        return message, _HASHING[wanted]
    if message.algorithm is not wanted:
        raise VerificationError(
            f"the {check.value} is signed over {wanted.name}, "
            f"but the digest given is {message.algorithm.name}",
            check=check,
            found=str(message),
            wanted=wanted.value,
        )
    return message.value, _PREHASHED[wanted]


def _content(message: Message, how: Algorithm, check: Check) -> bytes:
    if isinstance(message, Digest):
        raise VerificationError(
            f"a signature by {how} covers the content itself, and only its digest was given",
            check=check,
            found=str(message),
            wanted="the content",
            hint="give the content as bytes instead of its digest",
        )
    return message


def _padding(how: Algorithm) -> padding.AsymmetricPadding:
    if how.scheme != "pss":
        return padding.PKCS1v15()
    # With salt of any length: other clients sign with as much as fits.
    return padding.PSS(padding.MGF1(_HASHES[how.hash or SHA256]), padding.PSS.AUTO)


# The kinds that are read at all. About others the library may warn, in the middle of a verdict.
_ECDSA = oid_bytes("1.2.840.10045.2.1")
KNOWN_KINDS = {
    _ECDSA,
    oid_bytes("1.2.840.113549.1.1.1"),  # RSA
    oid_bytes("1.3.101.112"),  # Ed25519
    *(oid_bytes(f"2.16.840.1.101.3.4.3.{number}") for number in (17, 18, 19)),  # ML-DSA
}
_CURVES = {"secp256r1": "ECDSA P-256", "secp384r1": "ECDSA P-384", "secp521r1": "ECDSA P-521"}
_HASHES = {SHA256: hashes.SHA256(), SHA384: hashes.SHA384(), SHA512: hashes.SHA512()}
_HASHING = {each: _Hashing(made) for each, made in _HASHES.items()}
_PREHASHED = {each: _Hashing(Prehashed(made)) for each, made in _HASHES.items()}

# SPDX-License-Identifier: Apache-2.0
"""Tokens, signed and verified (RFC 7515, compact form), and the keys for it in JSON (RFC 7517).

    base64url(header) . base64url(claims) . base64url(signature)

An ECDSA signature is two numbers, which tokens write side by side, 32 bytes each, and all else in
Sigstore as a SEQUENCE of DER.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from keyless.errors import Check, ParseError
from keyless.protocol.der import INTEGER, SEQUENCE, sequence
from keyless.protocol.json_reader import Json, JsonValue
from keyless.protocol.keys import PublicKey
from keyless.protocol.signing_keys import SigningKey

ALGORITHMS = {"ES256": "PKIX_ECDSA_P256_SHA_256", "RS256": "PKIX_RSA_PKCS1V15_2048_SHA256"}
_NAMES = {"ECDSA P-256": "ES256", "RSA 2048": "RS256"}
_HALF = 32


def algorithm_of(key: PublicKey) -> str:
    """Return what tokens call the way in which *key* signs."""
    return _NAMES[key.kind]


def key_id(key: PublicKey) -> str:
    """Return what tokens call *key*."""
    return key.fingerprint.hex[:16]


def signed_token(claims: Mapping[str, JsonValue], key: SigningKey) -> str:
    """Write a token that says *claims*, signed by *key*."""
    header = {"alg": algorithm_of(key.public), "kid": key_id(key.public), "typ": "JWT"}
    signed = ".".join(_encoded(json.dumps(part).encode("utf-8")) for part in (header, claims))
    signature = key.sign(signed.encode("ascii"))
    if header["alg"] == "ES256":
        signature = b"".join(n.to_bytes(_HALF, "big") for n in decode_dss_signature(signature))
    return f"{signed}.{_encoded(signature)}"


def verify_token(text: str, keys: Mapping[str, PublicKey]) -> None:
    """Refuse the token *text* unless one of *keys*, which are named by their ids, signed it."""
    signed, _, tail = text.rpartition(".")
    header = Json.parse(_decoded(signed.partition(".")[0]))
    key = keys.get(header.text("kid"))
    # By the key, never by what the token says of itself: "none" is an algorithm, too.
    if key is None or header.text("alg") != algorithm_of(key):
        raise header.error("no key of this issuer's signs so")
    signature = _decoded(tail)
    if header.text("alg") == "ES256":
        if len(signature) != 2 * _HALF:
            raise header.error("a signature that ES256 does not make")
        halves = signature[:_HALF], signature[_HALF:]
        signature = encode_dss_signature(*(int.from_bytes(half, "big") for half in halves))
    key.verify(signature, signed.encode("ascii"), check=Check.SIGNATURE)


def to_jwk(key: PublicKey) -> dict[str, JsonValue]:
    """Write *key* as it stands among an issuer's keys."""
    named: dict[str, JsonValue] = {
        "kid": key_id(key),
        "use": "sig",
        "alg": algorithm_of(key),
    }
    if key.kind == "ECDSA P-256":
        x, y = key.spki[-2 * _HALF : -_HALF], key.spki[-_HALF:]
        return {"kty": "EC", "crv": "P-256", "x": _encoded(x), "y": _encoded(y), **named}
    modulus, exponent = (_encoded(each) for each in _modulus_and_exponent(key))
    return {"kty": "RSA", "n": modulus, "e": exponent, **named}


def _modulus_and_exponent(key: PublicKey) -> tuple[bytes, bytes]:
    """Read SubjectPublicKeyInfo { algorithm, BIT STRING { SEQUENCE { modulus, exponent } } }."""
    with sequence(key.spki, "public key") as fields:
        fields.element(SEQUENCE)
        with sequence(fields.whole_bytes(), "public key") as numbers:
            # DER puts a zero before a number whose first bit is set, so that it is positive.
            return numbers.content(INTEGER).lstrip(b"\0"), numbers.content(INTEGER).lstrip(b"\0")


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decoded(text: str) -> bytes:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise ParseError("not base64url") from None

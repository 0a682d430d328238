# SPDX-License-Identifier: Apache-2.0
"""Tokens as the sandbox signs and verifies them, held against PyJWT."""

import json

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from jwt.utils import base64url_encode

from keyless.errors import Check, ParseError, VerificationError
from keyless.protocol.keys import algorithm_named
from keyless.protocol.signing_keys import SigningKey
from keyless.sandbox.jws import ALGORITHMS, key_id, signed_token, to_jwk, verify_token

KEYS = {name: SigningKey.generate(algorithm_named(kind)) for name, kind in ALGORITHMS.items()}
NAMED = {key_id(key.public): key.public for key in KEYS.values()}
CLAIMS = {"sub": "alice", "n": 1, "list": ["ü"]}
EVERY_ALGORITHM = pytest.mark.parametrize("name", ALGORITHMS)


def with_header(token: str, **changes: str) -> str:
    """Change what the header of *token* says."""
    header = {**jwt.get_unverified_header(token), **changes}
    return ".".join([base64url_encode(json.dumps(header).encode()).decode(), *token.split(".")[1:]])


@EVERY_ALGORITHM
def test_pyjwt_verifies_a_token_by_the_published_key(name: str) -> None:
    """Signature, header and key are as everybody else writes them."""
    token = signed_token(CLAIMS, KEYS[name])
    key = jwt.PyJWK(to_jwk(KEYS[name].public))
    assert key.key_id == jwt.get_unverified_header(token)["kid"]
    assert jwt.decode(token, key=key, algorithms=[name]) == CLAIMS


@EVERY_ALGORITHM
def test_a_token_of_pyjwts_is_verified(name: str) -> None:
    """And their tokens are genuine here."""
    key = KEYS[name]
    pem = load_der_private_key(key.to_pkcs8(), None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    verify_token(jwt.encode(CLAIMS, pem, name, headers={"kid": key_id(key.public)}), NAMED)


@EVERY_ALGORITHM
def test_altered_claims_are_refused(name: str) -> None:
    """What was signed is what is believed."""
    head, _, signature = signed_token(CLAIMS, KEYS[name]).split(".")
    other = base64url_encode(json.dumps({"sub": "mallory"}).encode()).decode()
    with pytest.raises(VerificationError) as refusal:
        verify_token(f"{head}.{other}.{signature}", NAMED)
    assert refusal.value.check is Check.SIGNATURE


@pytest.mark.parametrize(
    "changes", [{"kid": "another"}, {"alg": "none"}, {"alg": "RS256"}], ids=str
)
def test_no_algorithm_but_the_keys_own_is_believed(changes: dict[str, str]) -> None:
    """A token does not choose how it is verified."""
    token = with_header(signed_token(CLAIMS, KEYS["ES256"]), **changes)
    with pytest.raises(ParseError, match="no key of this issuer's signs so"):
        verify_token(token, NAMED)


def test_a_signature_in_der_is_no_signature_of_a_token() -> None:
    """There is one form of each."""
    signed = signed_token(CLAIMS, KEYS["ES256"]).rpartition(".")[0]
    der = base64url_encode(KEYS["ES256"].sign(signed.encode())).decode()
    with pytest.raises(ParseError, match="a signature that ES256 does not make"):
        verify_token(f"{signed}.{der}", NAMED)


def test_what_is_not_base64_is_no_token() -> None:
    """It is refused as anything else that cannot be read."""
    with pytest.raises(ParseError, match="not base64url"):
        verify_token("a.b.c", NAMED)

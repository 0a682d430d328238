# SPDX-License-Identifier: Apache-2.0
"""Tokens that answer a sign-in: whose they must be, whom they must be for, and what they answer."""

import json
from base64 import urlsafe_b64encode
from functools import cache
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from keyless.errors import LoginError, LoginFailure, ParseError
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.id_token import KeySet, SignIn, verify_id_token
from tests.protocol.test_token import CLAIMS, DEX

ACCESS = "the access token"
WANTED = SignIn(issuer=DEX, client="sigstore", nonce="the nonce", access_token=ACCESS)
ANSWER = {**CLAIMS, "nonce": "the nonce"}


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """Make a key, once."""
    return rsa.generate_private_key(65537, bits)


KEYS: dict[str, Any] = {
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "ES512": ec.generate_private_key(ec.SECP521R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
    **{f"{kind}{size}": rsa_key() for kind in ("RS", "PS") for size in (256, 384, 512)},
}
HASHES = {
    "256": HashAlgorithm.SHA256,
    "384": HashAlgorithm.SHA384,
    "512": HashAlgorithm.SHA512,
    "DSA": HashAlgorithm.SHA512,
}


def jwk(algorithm: str = "ES256", key: Any = None, **changes: Any) -> dict[str, Any]:
    """Write the public half of a key as it stands in a key set, with members changed."""
    kinds: dict[str, Any] = {"ES": ECAlgorithm, "Ed": OKPAlgorithm}
    kind = kinds.get(algorithm[:2], RSAAlgorithm)
    public = (key or KEYS[algorithm]).public_key()
    whole = {**kind.to_jwk(public, as_dict=True), "kid": algorithm, "use": "sig", **changes}
    return {name: member for name, member in whole.items() if member is not None}


def key_set(*keys: Any) -> KeySet:
    """Write and read a key set."""
    return KeySet.parse(json.dumps({"keys": keys}).encode())


def token(
    algorithm: str = "ES256", *, key: Any = None, kid: str | None = "", **changes: Any
) -> str:
    """Sign a token with claims changed, or dropped where None."""
    claims = {name: claim for name, claim in {**ANSWER, **changes}.items() if claim is not None}
    headers = {} if kid is None else {"kid": kid or algorithm}
    return jwt.encode(claims, key or KEYS[algorithm], algorithm=algorithm, headers=headers)


def refusal(text: str, *keys: Any, wanted: SignIn = WANTED) -> tuple[LoginFailure, str]:
    """Return why the token is refused."""
    with pytest.raises(LoginError) as caught:
        verify_id_token(text, keys=key_set(*(keys or [jwk()])), wanted=wanted)
    assert caught.value.hint
    assert text not in caught.value.message or not text
    return caught.value.reason, caught.value.message


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_token_that_its_issuer_signed_is_taken(algorithm: str) -> None:
    """With any of the algorithms that prove something, and the right hash of the access token."""
    whole = Digest.of(ACCESS.encode(), HASHES[algorithm[-3:]]).value
    at_hash = urlsafe_b64encode(whole[: len(whole) // 2]).rstrip(b"=").decode()
    others = [jwk(name) for name in KEYS if name != algorithm]
    keys = key_set(*others, jwk(algorithm))
    text = token(algorithm, at_hash=at_hash)
    assert keys.has_key_for(text)
    assert verify_id_token(text, keys=keys, wanted=WANTED).email == "alice@example.com"


def test_a_token_for_several_is_ours_if_we_are_its_party() -> None:
    """And if there is but one, it need not say so."""
    for changes in ({"aud": ["other", "sigstore"], "azp": "sigstore"}, {"azp": "sigstore"}):
        assert verify_id_token(token(**changes), keys=key_set(jwk()), wanted=WANTED)


def test_a_device_has_no_nonce() -> None:
    """There is none in its request; and an issuer need not give an access token at all."""
    device = SignIn(issuer=DEX, client="sigstore", nonce=None, access_token=None)
    text = token(nonce=None, at_hash="x")
    assert verify_id_token(text, keys=key_set(jwk()), wanted=device)


def test_a_key_without_a_name_is_taken_if_it_is_the_only_one() -> None:
    """Of its kind and its curve; with two of them nobody knows which is meant."""
    text = token(kid=None)
    only = key_set(jwk("RS256"), jwk("ES384"), jwk("EdDSA"), jwk(kid=None))
    assert verify_id_token(text, keys=only, wanted=WANTED)
    assert not key_set(jwk(), jwk(kid="other")).has_key_for(text)


def test_a_key_that_is_not_known_is_no_key() -> None:
    """Whoever asks fetches the keys once more then."""
    keys = key_set(jwk(kid="old"), jwk(kid="ES256", use="enc"), jwk(kid="ES256", alg="ES384"))
    assert not keys.has_key_for(token())
    reason, said = refusal(token(), jwk(kid="old"))
    assert reason is LoginFailure.SIGNATURE
    assert "the key ES256, which is none of the issuer's" in said


BAD_SIGNATURES: dict[str, tuple[Any, Any, str]] = {
    "another key": (token(key=ec.generate_private_key(ec.SECP256R1())), jwk(), "verification"),
    "no signature": (
        jwt.encode(ANSWER, "", algorithm="none", headers={"kid": "ES256"}) + "AAAA",
        jwk(),
        "signed by none, which proves nothing",
    ),
    "a secret that is public": (
        jwt.encode(ANSWER, "x" * 32, algorithm="HS256", headers={"kid": "ES256"}),
        {"kty": "oct", "k": "eHh4", "kid": "ES256"},
        "signed by HS256, which proves nothing",
    ),
    "a key that is too weak": (
        token("RS256"),
        jwk("RS256", rsa_key(1024)),
        "has only 1024 bits",
    ),
    "a key that is none": (token(), jwk(x="AAAA"), "cannot be read"),
    "a key that is text": (token(), jwk(x=7), "cannot be read"),
}


@pytest.mark.parametrize(
    ("text", "key", "found"), BAD_SIGNATURES.values(), ids=BAD_SIGNATURES.keys()
)
def test_a_token_that_its_issuer_did_not_sign_is_refused(text: str, key: Any, found: str) -> None:
    """In each of the ways in which one can look as if it had."""
    reason, said = refusal(text, key)
    assert reason is LoginFailure.SIGNATURE
    assert found in said


BAD_CLAIMS: dict[str, tuple[dict[str, Any], LoginFailure]] = {
    "another issuer": ({"iss": "https://elsewhere.test"}, LoginFailure.WRONG_ISSUER),
    "another client": ({"aud": "other"}, LoginFailure.WRONG_AUDIENCE),
    "no client": ({"aud": []}, LoginFailure.NO_TOKEN),
    "another party": ({"azp": "other"}, LoginFailure.WRONG_AUDIENCE),
    "several, and no party": ({"aud": ["sigstore", "other"]}, LoginFailure.WRONG_AUDIENCE),
    "another nonce": ({"nonce": "another"}, LoginFailure.NONCE),
    "no nonce": ({"nonce": None}, LoginFailure.NONCE),
    "an odd nonce": ({"nonce": [7]}, LoginFailure.NONCE),
    "another access token": ({"at_hash": "AAAA"}, LoginFailure.ACCESS_HASH),
    "no time of issue": ({"iat": None}, LoginFailure.NO_TOKEN),
}


@pytest.mark.parametrize(("changes", "reason"), BAD_CLAIMS.values(), ids=BAD_CLAIMS.keys())
def test_a_token_that_answers_something_else_is_refused(
    changes: dict[str, Any], reason: LoginFailure
) -> None:
    """Though the issuer signed it: it was meant for another sign-in."""
    assert refusal(token(**changes))[0] is reason


def test_when_it_is_valid_is_judged_elsewhere() -> None:
    """By a clock that can be told; the token here is from 2025."""
    assert verify_id_token(token(nbf=2**33, iat=2**33), keys=key_set(jwk()), wanted=WANTED)


@pytest.mark.parametrize("text", ["", "gho_16C7e42F292c6912E7710c838347Ae178B4a", "a.b.c"])
def test_what_is_no_token_is_refused(text: str) -> None:
    """An opaque access token, for one."""
    reason, said = refusal(text)
    assert reason is LoginFailure.NO_TOKEN
    assert "not an identity token" in said


def test_a_header_that_cannot_be_read_is_refused() -> None:
    """Before any key is looked for."""
    with pytest.raises(LoginError, match="its header cannot be read") as caught:
        key_set(jwk()).has_key_for("x")
    assert caught.value.reason is LoginFailure.NO_TOKEN


@pytest.mark.parametrize("document", [b"", b"[]", b'{"keys": 7}', b'{"keys": ["x"]}'])
def test_what_is_no_key_set_is_refused(document: bytes) -> None:
    """As any JSON is that is not what it should be."""
    with pytest.raises(ParseError):
        KeySet.parse(document)


def test_a_sign_in_does_not_show_its_secrets() -> None:
    """Neither the access token nor the nonce."""
    assert repr(WANTED) == f"SignIn(sigstore at {DEX})"

# SPDX-License-Identifier: Apache-2.0
"""The token that an issuer gives to whoever has just signed in, verified (OpenID Connect, 3.1.3.7).

    key set       {"keys": [{"kid": …, "kty": "RSA", "n": …, "e": …}, …]}       RFC 7517
    header        {"alg": "RS256", "kid": …}
    claims        {"iss": …, "aud": …, "azp": …, "nonce": …, "at_hash": …}

The certificate authority verifies it again. What is verified here protects the one who signs in:
a token that another sign-in was answered with would have them sign as somebody else. Whether the
token is valid now, `diagnose` says: the library's own clock cannot be set.
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hmac import compare_digest
from typing import NoReturn

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.types import Options

from keyless.errors import LoginError, LoginFailure, ParseError
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.json_reader import Json
from keyless.protocol.token import IdentityToken
from keyless.safe_text import shown
from keyless.value import value

LARGEST_KEY_SET = 1 << 20
MOST_KEYS = 256
SMALLEST_RSA = 2048

_S256, _S384, _S512 = HashAlgorithm.SHA256, HashAlgorithm.SHA384, HashAlgorithm.SHA512
# The kind of key that each takes, its curve, and its hash. None of them is symmetric: with a secret
# that a client shares, anybody who has that could have signed. And "none" is no algorithm at all.
_ALGORITHMS: Mapping[str, tuple[str, str | None, HashAlgorithm]] = {
    "RS256": ("RSA", None, _S256),
    "RS384": ("RSA", None, _S384),
    "RS512": ("RSA", None, _S512),
    "PS256": ("RSA", None, _S256),
    "PS384": ("RSA", None, _S384),
    "PS512": ("RSA", None, _S512),
    "ES256": ("EC", "P-256", _S256),
    "ES384": ("EC", "P-384", _S384),
    "ES512": ("EC", "P-521", _S512),
    "EdDSA": ("OKP", "Ed25519", _S512),
}
# What of a key is public; whatever else a key set holds of it is not even looked at.
_PUBLIC = ("kty", "crv", "n", "e", "x", "y")
_WRONG: tuple[tuple[type[jwt.PyJWTError], LoginFailure], ...] = (
    (jwt.InvalidSignatureError, LoginFailure.SIGNATURE),
    (jwt.InvalidIssuerError, LoginFailure.WRONG_ISSUER),
    (jwt.InvalidAudienceError, LoginFailure.WRONG_AUDIENCE),
)
# When is judged elsewhere; what a token is numbered, nowhere.
_OPTIONS: Options = {
    "require": ["iss", "sub", "aud", "exp", "iat"],
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_jti": False,
}


@value
class SignIn:
    """What a token has to answer: who was asked, by which *client*, and with which *nonce*.

    There is none where a device has signed in. With the *access_token* it came along.
    """

    issuer: str
    client: str
    nonce: str | None
    access_token: str | None

    def __repr__(self) -> str:
        return f"SignIn({shown(self.client)} at {shown(self.issuer)})"


@value
class KeySet:
    """The keys that an issuer signs with; those of a kind that is not known here are left out."""

    keys: tuple[Json, ...]

    @classmethod
    def parse(cls, data: bytes) -> "KeySet":
        """Read a key set."""
        json = Json.parse(data, largest=LARGEST_KEY_SET)
        return cls(keys=tuple(json.objects("keys", most=MOST_KEYS)))

    def has_key_for(self, text: str) -> bool:
        """Say whether the token *text* can have been signed with one of these keys."""
        return bool(self._keys_for(_header(text)))

    def key_for(self, text: str) -> jwt.PyJWK:
        """Return the key that the token *text* says it was signed with."""
        header = _header(text)
        algorithm = _algorithm(header)
        fitting = self._keys_for(header)
        if not fitting:
            _refuse(
                LoginFailure.SIGNATURE,
                f"it is signed with the key {shown(header.get('kid'), longest=80)}, which is none "
                "of the issuer's",
            )
        public = {name: fitting[0].value(name) for name in _PUBLIC if fitting[0].has(name)}
        try:
            key = jwt.PyJWK(public, algorithm=algorithm)
        except (jwt.PyJWTError, ValueError, TypeError):
            _refuse(LoginFailure.SIGNATURE, "the issuer's key cannot be read")
        if isinstance(key.key, RSAPublicKey) and key.key.key_size < SMALLEST_RSA:
            _refuse(LoginFailure.SIGNATURE, f"the issuer's key has only {key.key.key_size} bits")
        return key

    def _keys_for(self, header: Mapping[str, object]) -> list[Json]:
        algorithm = _algorithm(header)
        kind, curve, _ = _ALGORITHMS[algorithm]
        fitting = [
            each
            for each in self.keys
            if each.value("kty") == kind
            and each.value("crv") == curve
            and each.value("use") in (None, "sig")
            and each.value("alg") in (None, algorithm)
        ]
        if "kid" in header:
            return [each for each in fitting if each.value("kid") == header["kid"]]
        # Without a name, it must be plain which one is meant (OpenID Connect, 10.1).
        return fitting if len(fitting) == 1 else []


def verify_id_token(text: str, *, keys: KeySet, wanted: SignIn) -> IdentityToken:
    """Return what the token *text* says, which one of *keys* has signed, in answer to *wanted*.

    Raises LoginError, which says what is wrong with it.
    """
    try:
        token = IdentityToken.parse(text)
    except ParseError as error:
        _refuse(LoginFailure.NO_TOKEN, error.message)
    key = keys.key_for(text)
    try:
        claims = jwt.decode(
            text,
            key,
            algorithms=[key.algorithm_name],
            audience=wanted.client,
            issuer=wanted.issuer,
            options=_OPTIONS,
        )
    except jwt.PyJWTError as error:
        reasons = (reason for kind, reason in _WRONG if isinstance(error, kind))
        problem = str(error)
        _refuse(next(reasons, LoginFailure.NO_TOKEN), f"{shown(problem, longest=200)}")
    _check_party(token, claims, wanted)
    _check_nonce(claims, wanted)
    _check_access_token(claims, wanted, key.algorithm_name)
    return token


def _header(text: str) -> Mapping[str, object]:
    try:
        return jwt.get_unverified_header(text)
    except jwt.PyJWTError:
        _refuse(LoginFailure.NO_TOKEN, "its header cannot be read")


def _algorithm(header: Mapping[str, object]) -> str:
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in _ALGORITHMS:
        _refuse(
            LoginFailure.SIGNATURE,
            f"it is signed by {shown(algorithm, longest=80)}, which proves nothing",
        )
    return algorithm


def _check_party(token: IdentityToken, claims: Mapping[str, object], wanted: SignIn) -> None:
    # Of several for whom a token is, the authorized party alone may use it; it must be us.
    party = claims.get("azp")
    if party != wanted.client and (party is not None or len(token.audience) > 1):
        _refuse(
            LoginFailure.WRONG_AUDIENCE,
            f"it is for {shown(party, longest=80)} to use, not for {shown(wanted.client)}",
        )


def _check_nonce(claims: Mapping[str, object], wanted: SignIn) -> None:
    if wanted.nonce is not None and not _same(claims.get("nonce"), wanted.nonce):
        _refuse(LoginFailure.NONCE, "its nonce is not the one of this sign-in")


def _check_access_token(claims: Mapping[str, object], wanted: SignIn, algorithm: str) -> None:
    """Compare at_hash, the first half of the access token's hash (OpenID Connect, 3.1.3.6)."""
    said = claims.get("at_hash")
    if said is None or wanted.access_token is None:
        return
    _, _, hash_algorithm = _ALGORITHMS[algorithm]
    whole = Digest.of(wanted.access_token.encode("utf-8"), hash_algorithm).value
    half = urlsafe_b64encode(whole[: len(whole) // 2]).rstrip(b"=").decode("ascii")
    if not _same(said, half):
        _refuse(LoginFailure.ACCESS_HASH, "it names another access token than it came with")


def _same(said: object, wanted: str) -> bool:
    # In time that does not depend on where they begin to differ.
    return compare_digest(str(said).encode("utf-8", "replace"), wanted.encode("utf-8"))


def _refuse(reason: LoginFailure, why: str) -> NoReturn:
    raise LoginError(
        f"the issuer gave an identity token that is not to be used: {why}",
        reason=reason,
        hint="nothing was signed; sign in again, and if it happens again, tell who runs the issuer",
    )

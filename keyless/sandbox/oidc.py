# SPDX-License-Identifier: Apache-2.0
"""The issuer of identity tokens: it says who somebody is, and nobody has to prove it (OpenID).

    GET .well-known/openid-configuration    where everything else is
    GET keys                                the keys that its tokens are verified with
    auth, token, device, device/code        how to sign in: `oauth`

Where GitHub or GitLab would give a workflow its token, this issuer does, in their name: a
certificate then says what it would say for a real one.
"""

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import timedelta
from threading import Lock
from typing import Literal, Protocol

from keyless.errors import LoginError
from keyless.protocol.certified import GITHUB, GITLAB
from keyless.protocol.digest import Digest
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.keys import PublicKey, algorithm_named
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.token import IdentityToken, diagnose
from keyless.sandbox.answering import NOT_FOUND, json_response, path_under
from keyless.sandbox.clock import Clock
from keyless.sandbox.jws import ALGORITHMS, key_id, signed_token, to_jwk, verify_token
from keyless.sandbox.oauth import Flows
from keyless.sandbox.wishes import CONNECTORS, Denied, Person, Wish
from keyless.sandbox.workflow_tokens import github_claims, gitlab_claims
from keyless.services.http import Request, Response, joined
from keyless.value import replace

TokenAlgorithm = Literal["ES256", "RS256"]

AUDIENCE = "sigstore"
LIFETIME = timedelta(seconds=60)
# Who knows a person: what the certificate names as its issuer.
CONNECTOR = CONNECTORS[0]


class OtherIssuer(Protocol):
    """An issuer elsewhere, as `keyless.services.oidc.OpenIdIssuer` is: slow to import."""

    @property
    def url(self) -> str:
        """What it calls itself."""

    def verify(self, text: str) -> IdentityToken:
        """Return what the token *text* says, if it is its own."""


class Issuer:
    """The issuer at *url*. May be shared between threads.

    Who signs in gets a token of its *lifetime* and *algorithm*, and an access token that is the
    same, as the public instance's is, unless it is *opaque*. One that is not *federated* knows
    everybody itself, whomever a client would have it ask. Its own clock may be *ahead* of the
    sandbox's.
    """

    def __init__(self, clock: Clock, *, url: str) -> None:
        self._clock = clock
        self._making = Lock()
        self._keys: dict[str, SigningKey] = {}
        self._others: dict[str, OtherIssuer] = {}
        self._names = {GITHUB, GITLAB}
        self.flows = Flows(clock, url=lambda: self.url, tokens=self._signed_in)
        self.lifetime = LIFETIME
        self.algorithm: TokenAlgorithm = "ES256"
        self.opaque = False
        self.federated = True
        self.ahead = timedelta()
        self.move(url)

    def move(self, url: str) -> None:
        """Be at *url* from now on; what it has said where it was before, it has said."""
        self._names.add(url)
        self.url = url

    def token(
        self,
        email: str,
        *,
        audience: str = AUDIENCE,
        lifetime: timedelta = LIFETIME,
        connector: str | None = CONNECTOR,
        verified: bool = True,
    ) -> str:
        """Say that whoever holds this token is *email*, as *connector* knows them.

        Without a *connector*, this issuer knows them itself.
        """
        person = Person(email=email, verified=verified)
        return self.token_of(_claims(person, connector), audience=audience, lifetime=lifetime)

    def github_token(
        self,
        repository: str,
        *,
        workflow: str = "release.yml",
        ref: str = "refs/heads/main",
        audience: str = AUDIENCE,
        lifetime: timedelta = LIFETIME,
    ) -> str:
        """Give the token that GitHub would give a run of *workflow* in *repository* at *ref*."""
        claims = {"iss": GITHUB, **github_claims(repository, workflow=workflow, ref=ref)}
        return self.token_of(claims, audience=audience, lifetime=lifetime)

    def gitlab_token(
        self,
        project: str,
        *,
        file: str = ".gitlab-ci.yml",
        ref: str = "refs/heads/main",
        audience: str = AUDIENCE,
        lifetime: timedelta = LIFETIME,
    ) -> str:
        """Give the token that GitLab would give a pipeline of *project*, out of *file* at *ref*."""
        claims = {"iss": GITLAB, **gitlab_claims(project, file=file, ref=ref)}
        return self.token_of(claims, audience=audience, lifetime=lifetime)

    def token_of(
        self,
        claims: Mapping[str, JsonValue],
        *,
        audience: str = AUDIENCE,
        lifetime: timedelta = LIFETIME,
        algorithm: TokenAlgorithm = "ES256",
    ) -> str:
        """Sign *claims*, whatever they are, with who says so, to whom, and from when to when."""
        now = int((self._clock.now + self.ahead).timestamp())
        said: dict[str, JsonValue] = {
            "iss": self.url,
            "aud": audience,
            "iat": now,
            "nbf": now,
            "exp": now + lifetime // timedelta(seconds=1),
            **claims,
        }
        return signed_token(said, self._key(algorithm))

    def accept(self, other: OtherIssuer) -> None:
        """Have tokens of *other* count as those of this issuer do, once it has verified them."""
        self._others[other.url] = other

    @property
    def accepted(self) -> list[str]:
        """The URLs of everybody else whose tokens count."""
        return list(self._others)

    def verified(self, text: str, *, audience: str = AUDIENCE) -> IdentityToken:
        """Return the token *text* if it is genuine, for *audience*, and valid now."""
        token = IdentityToken.parse(text)
        other = self._others.get(token.issuer)
        if other is not None:
            token = other.verify(text)
        else:
            verify_token(text, self.keys)
            if token.issuer not in self._names:
                raise LoginError("the token is in the name of an issuer that is not known here")
        now = self._clock.now
        diagnose(token, now=now, audience=audience)
        return token

    @property
    def keys(self) -> Mapping[str, PublicKey]:
        """The keys that its tokens are verified with, by their ids."""
        with self._making:
            return {key_id(key.public): key.public for key in self._keys.values()}

    def approve(self, email: str, *, connector: str | None = None, verified: bool = True) -> None:
        """Have whoever signs in from now on be *email*, as *connector* or as who is asked knows."""
        self.flows.decided = Person(email=email, connector=connector, verified=verified)

    def deny(self) -> None:
        """Have whoever is asked to sign in from now on say no."""
        self.flows.decided = Denied()

    def ask(self) -> None:
        """Have whoever signs in say themselves who they are, as it is in the beginning."""
        self.flows.decided = None

    def rotate(self) -> None:
        """Sign with new keys from now on, and let nobody verify with the ones before."""
        with self._making:
            self._keys.clear()

    def handle(self, request: Request) -> Response:
        """Answer *request*, with what time it is here."""
        # It takes longer to import than a sandbox to start.
        from email.utils import format_datetime  # noqa: PLC0415

        answer = self._answer(request)
        date = format_datetime(self._clock.now + self.ahead, usegmt=True)
        return replace(answer, headers=(*answer.headers, ("Date", date)))

    def _answer(self, request: Request) -> Response:
        path = path_under(self.url, request)
        match request.method, path:
            case "GET", ".well-known/openid-configuration":
                return json_response(self._configuration())
            case "GET", "keys":
                self._key("ES256")
                return json_response({"keys": [to_jwk(key) for key in self.keys.values()]})
            case _:
                return self.flows.handle(request.method, path, request) or NOT_FOUND

    def _configuration(self) -> JsonValue:
        return {
            "issuer": self.url,
            "jwks_uri": joined(self.url, "keys"),
            "id_token_signing_alg_values_supported": list(ALGORITHMS),
            "subject_types_supported": ["public"],
            **self.flows.configuration(),
        }

    def _signed_in(self, person: Person, wish: Wish) -> dict[str, JsonValue]:
        """Write what somebody's client gets once they have signed in."""
        claims = _claims(person, wish.connector if self.federated else None)
        access = self._signed(claims, wish.client)
        if self.opaque:
            access = secrets.token_urlsafe(24)
        half = Digest.of(access.encode("ascii")).value[:16]
        claims["at_hash"] = urlsafe_b64encode(half).rstrip(b"=").decode("ascii")
        if wish.nonce:
            claims["nonce"] = wish.nonce
        return {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": self.lifetime // timedelta(seconds=1),
            "id_token": self._signed(claims, wish.client),
        }

    def _signed(self, claims: Mapping[str, JsonValue], client: str) -> str:
        return self.token_of(
            claims, audience=client, lifetime=self.lifetime, algorithm=self.algorithm
        )

    def _key(self, algorithm: TokenAlgorithm) -> SigningKey:
        """Return the key for *algorithm*, made when it is first wanted: RSA takes its time."""
        with self._making:
            if algorithm not in self._keys:
                self._keys[algorithm] = new_key(algorithm)
            return self._keys[algorithm]


def new_key(algorithm: TokenAlgorithm) -> SigningKey:
    """Make a key that signs tokens by *algorithm*."""
    return SigningKey.generate(algorithm_named(ALGORITHMS[algorithm]))


def _claims(person: Person, connector: str | None) -> dict[str, JsonValue]:
    connector = person.connector or connector
    claims: dict[str, JsonValue] = {
        "sub": f"{connector or 'sandbox'}|{person.email}",
        "email": person.email,
        "email_verified": person.verified,
    }
    if connector is not None:
        claims["federated_claims"] = {"connector_id": connector, "user_id": person.email}
    return claims

# SPDX-License-Identifier: Apache-2.0
"""An issuer of identity tokens: a client of OpenID Connect, and of OAuth's flow for devices.

    GET  {issuer}/.well-known/openid-configuration      where everything else is
    POST token_endpoint          grant_type, code, redirect_uri, client_id, code_verifier
    200  {"id_token": …, "access_token": …}
    400  {"error": "invalid_grant", "error_description": …}
    GET  jwks_uri                                        the keys that the token is verified with
    POST device_authorization_endpoint                   `device_grant`

It is the identity token that counts. The access token is for asking the issuer, may be anything,
and is looked at only because the other one names it.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote_plus, urlencode

from keyless.errors import LoginError, LoginFailure, ServiceError
from keyless.protocol.id_token import KeySet, SignIn, verify_id_token
from keyless.protocol.issuer_metadata import IssuerMetadata, demand_safe
from keyless.protocol.json_reader import Json
from keyless.protocol.token import IdentityToken
from keyless.services.answers import answer_of
from keyless.services.authorization import Attempt
from keyless.services.client import Client
from keyless.services.http import (
    Request,
    Response,
    Transport,
    joined,
    place,
    send,
    server_words,
)
from keyless.services.http.messages import Headers
from keyless.services.refusal import Refusal
from keyless.value import value

SECONDS = 30.0
LARGEST_ANSWER = 1 << 20
DISCOVERY = ".well-known/openid-configuration"
_FORM = "application/x-www-form-urlencoded"
# By these an issuer says no, in words of its own.
_REFUSALS = range(400, 500)
# A server tells the time in whole seconds, cut off.
_HALF_A_SECOND = timedelta(seconds=0.5)

Clock = Callable[[], datetime]


@value
class SignedIn:
    """Who signed in, by a token that was verified; and how far our clock is *ahead* of theirs."""

    token: IdentityToken
    ahead: timedelta | None


@value
class TokenAnswer:
    """What the token endpoint gave."""

    id_token: str
    access_token: str | None
    ahead: timedelta | None

    def __repr__(self) -> str:
        return "TokenAnswer()"


class OpenIdIssuer:
    """The issuer that *metadata* describes, as *client* sees it; `discover` finds it."""

    def __init__(
        self, metadata: IssuerMetadata, transport: Transport, *, client: Client, clock: Clock
    ) -> None:
        self.metadata = metadata
        self.client = client
        self.name = _name(metadata.issuer)
        self._transport = transport
        self._clock = clock

    @classmethod
    def discover(
        cls, url: str, transport: Transport, *, client: Client, clock: Clock
    ) -> "OpenIdIssuer":
        """Find out how to sign in to the issuer at *url*; LoginError if that is not safe."""
        demand_safe(url, what="issuer")
        # Appended, as the URL may have a path: that is part of who it is.
        request = _get(joined(url, DISCOVERY))
        response = send(transport, request, service=_name(url))
        with answer_of(_name(url)):
            metadata = IssuerMetadata.parse(response.body, issuer=url)
        return cls(metadata, transport, client=client, clock=clock)

    def redeem(self, code: str, *, attempt: Attempt, redirect: str) -> SignedIn:
        """Exchange *code*, with which a browser came back to *redirect*; verify what comes."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect}
        answer = self.post(
            self.metadata.token_endpoint,
            {**form, "code_verifier": attempt.verifier},
            secrets=(code, attempt.verifier),
        )
        if isinstance(answer, Refusal):
            raise answer.by(self.name)
        return self.verified(self.tokens_in(answer), nonce=attempt.nonce)

    def tokens_in(self, answer: Response) -> TokenAnswer:
        """Read what the token endpoint has answered just now."""
        now = self._clock()
        with answer_of(self.name):
            json = Json.parse(answer.body)
            access_token = json.optional_text("access_token")
            id_token = json.optional_text("id_token")
        if id_token is None:
            raise LoginError(
                f"the {self.name} gave no identity token",
                reason=LoginFailure.NO_TOKEN,
                hint="ask for the scope openid; an access token is for something else",
            )
        return TokenAnswer(id_token=id_token, access_token=access_token, ahead=_ahead(answer, now))

    @property
    def url(self) -> str:
        """What it calls itself."""
        return self.metadata.issuer

    def verify(self, text: str) -> IdentityToken:
        """Return what the token *text* says, whoever brought it, if it is the issuer's own."""
        answer = TokenAnswer(id_token=text, access_token=None, ahead=None)
        return self.verified(answer, nonce=None).token

    def verified(self, answer: TokenAnswer, *, nonce: str | None) -> SignedIn:
        """Verify the token in *answer* with the issuer's keys, fetched now."""
        wanted = SignIn(
            issuer=self.metadata.issuer,
            client=self.client.name,
            nonce=nonce,
            access_token=answer.access_token,
        )
        keys = self._keys()
        if not keys.has_key_for(answer.id_token):
            # Keys change; one that was changed just now may not be everywhere yet.
            keys = self._keys()
        token = verify_id_token(answer.id_token, keys=keys, wanted=wanted)
        return SignedIn(token=token, ahead=answer.ahead)

    def post(
        self, url: str, form: Mapping[str, str], *, secrets: tuple[str, ...]
    ) -> Response | Refusal:
        """Post *form*, as this client, to *url* of the issuer's; no redirect is followed."""
        request = self._request(url, form, secrets)
        response = send(self._transport, request, service=self.name, also=_REFUSALS)
        if response.status < 300:
            return response
        refusal = Refusal.of(response, secrets=request.confidences)
        if refusal is None:
            said = server_words(response, secrets=request.confidences)
            raise ServiceError(
                f"the {self.name} answered {response.status}{said and f': {said}'}",
                service=self.name,
                status=response.status,
                hint="something else may have answered in its place, as a proxy",
            )
        return refusal

    def _request(self, url: str, form: Mapping[str, str], secrets: tuple[str, ...]) -> Request:
        headers: Headers = (("Accept", "application/json"), ("Content-Type", _FORM))
        client, secret = self.client.name, self.client.secret
        whole = {**form, "client_id": client}
        if secret is not None and self.metadata.takes_basic:
            # Each part is encoded as in a form first (RFC 6749, 2.3.1).
            pair = f"{quote_plus(client)}:{quote_plus(secret)}".encode("ascii")
            headers += (("Authorization", f"Basic {b64encode(pair).decode('ascii')}"),)
        elif secret is not None:
            whole["client_secret"] = secret
        return Request(
            method="POST",
            url=url,
            headers=headers,
            body=urlencode(whole).encode("ascii"),
            seconds=SECONDS,
            largest=LARGEST_ANSWER,
            secrets=(*secrets, *filter(None, [secret])),
        )

    def _keys(self) -> KeySet:
        response = send(self._transport, _get(self.metadata.jwks_uri), service=self.name)
        with answer_of(self.name):
            return KeySet.parse(response.body)


def _name(url: str) -> str:
    return f"issuer {place(url)}"


def _get(url: str) -> Request:
    return Request(
        method="GET",
        url=url,
        headers=(("Accept", "application/json"),),
        seconds=SECONDS,
        largest=LARGEST_ANSWER,
    )


def _ahead(response: Response, now: datetime) -> timedelta | None:
    """Return how far the clock by which it is *now* is ahead of who has just answered."""
    # It takes longer to import than a verdict does.
    from email.utils import parsedate_to_datetime  # noqa: PLC0415

    try:
        date = parsedate_to_datetime(response.header("Date"))
        # Elsewhere, the last hours of the year 9999 are over by then, and no date can say when.
        utc = date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return now - utc - _HALF_A_SECOND

# SPDX-License-Identifier: Apache-2.0
"""What an issuer says that is well formed and wrong, to whoever has just signed in there."""

import json
from collections.abc import Callable

from keyless.protocol.json_reader import JsonValue
from keyless.protocol.token import IdentityToken
from keyless.sandbox.answering import json_response
from keyless.sandbox.faults import Lie, Party
from keyless.sandbox.oidc import Issuer
from keyless.services.http import Request, Response
from keyless.value import replace

_Claims = dict[str, JsonValue]
_Sign = Callable[[Issuer, _Claims], str]


def _token_lie(name: str, sign: _Sign, **others: JsonValue) -> Lie:
    def tell(party: Party, request: Request) -> Response:
        answer = party.handle(request)
        if not isinstance(party, Issuer) or request.method != "POST" or answer.status != 200:
            return answer
        tokens = json.loads(answer.body)
        if "id_token" not in tokens:
            return answer
        said = IdentityToken.parse(tokens["id_token"]).said()
        claims = {name: said.value(name) for name in said.names()}
        headers = tuple(each for each in answer.headers if each[0] != "Content-Type")
        told = {**tokens, "id_token": sign(party, claims), **others}
        return json_response(told, headers=headers)

    return Lie(name=name, services=("oidc",), tell=tell)


def _with_another_state(party: Party, request: Request) -> Response:
    answer = party.handle(request)
    back = answer.header("Location").replace("state=", "state=x")
    return replace(answer, headers=(("Location", back),)) if back else answer


def _forged(issuer: Issuer, claims: _Claims) -> str:
    head, claims_part, _ = issuer.token_of(claims).split(".")
    *_, signature = issuer.token_of({"sub": "somebody else"}).split(".")
    return f"{head}.{claims_part}.{signature}"


# It is of somebody who has not signed in.
ANOTHER_TOKEN = _token_lie(
    "somebody else's token",
    lambda issuer, claims: issuer.token_of({**claims, "email": "mallory@example.com"}),
)
# It answers another request than the one that was made.
ANOTHER_NONCE = _token_lie(
    "a token with another nonce", lambda issuer, claims: issuer.token_of({**claims, "nonce": "x"})
)
# It is for another client.
ANOTHER_AUDIENCE = _token_lie(
    "a token for another client", lambda issuer, claims: issuer.token_of({**claims, "aud": "x"})
)
# It is in the name of another issuer.
ANOTHER_ISSUER = _token_lie(
    "a token of another issuer",
    lambda issuer, claims: issuer.token_of({**claims, "iss": "https://elsewhere.test"}),
)
# No key of the issuer's has signed it.
FORGED_TOKEN = _token_lie("a forged token", _forged)
# It names another access token than the one that comes along.
ANOTHER_ACCESS_TOKEN = _token_lie(
    "another access token",
    lambda issuer, claims: issuer.token_of(claims),
    access_token="another",  # noqa: S106 - no secret
)
# It has no e-mail address.
NO_EMAIL = _token_lie(
    "a token without an e-mail address",
    lambda issuer, claims: issuer.token_of({**claims, "email": None}),
)
# It comes without an identity token, as where nobody asked for one.
NO_ID_TOKEN = _token_lie("no identity token", lambda *_: "", id_token=None)
# What is called one is not.
OPAQUE_TOKEN = _token_lie("an opaque token", lambda *_: "gho_16C7e42F292c6912E7710c838")
# The browser comes back with the state of another request.
ANOTHER_STATE = Lie(name="another state", services=("oidc",), tell=_with_another_state)

TOKEN_LIES = (
    ANOTHER_TOKEN,
    ANOTHER_NONCE,
    ANOTHER_AUDIENCE,
    ANOTHER_ISSUER,
    FORGED_TOKEN,
    ANOTHER_ACCESS_TOKEN,
    NO_EMAIL,
    NO_ID_TOKEN,
    OPAQUE_TOKEN,
    ANOTHER_STATE,
)

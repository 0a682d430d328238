# SPDX-License-Identifier: Apache-2.0
"""What an issuer says of itself, or to a browser, that keeps whoever signs in there from doing so.

What it says of who has signed in is in `token_lies`.
"""

import json
from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode

from keyless.protocol.json_reader import JsonValue
from keyless.sandbox.answering import json_response
from keyless.sandbox.faults import Lie, Party
from keyless.sandbox.jws import to_jwk
from keyless.sandbox.oidc import Issuer, new_key
from keyless.services.http import Request, Response
from keyless.value import replace

_Document = dict[str, JsonValue]
_Parameters = dict[str, str]


def _discovery_lie(name: str, change: Callable[[_Document], _Document]) -> Lie:
    def tell(party: Party, request: Request) -> Response:
        answer = party.handle(request)
        if not request.url.endswith("/openid-configuration"):
            return answer
        return json_response(change(json.loads(answer.body)))

    return Lie(name=name, services=("oidc",), tell=tell)


def _redirect_lie(name: str, change: Callable[[_Parameters], _Parameters]) -> Lie:
    def tell(party: Party, request: Request) -> Response:
        answer = party.handle(request)
        place, mark, query = answer.header("Location").partition("?")
        if not mark:
            return answer
        back = f"{place}?{urlencode(change(dict(parse_qsl(query))))}"
        return replace(answer, headers=(("Location", back),))

    return Lie(name=name, services=("oidc",), tell=tell)


def _without(name: str) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda said: {key: text for key, text in said.items() if key != name}


def _refusing(error: str, words: str = "") -> Callable[[_Parameters], _Parameters]:
    description = {"error_description": words} if words else {}

    def refuse(said: _Parameters) -> _Parameters:
        kept = {key: text for key, text in said.items() if key in {"state", "iss"}}
        return {**kept, "error": error, **description}

    return refuse


def _keys_of_another(party: Party, request: Request) -> Response:
    answer = party.handle(request)
    if not isinstance(party, Issuer) or not request.url.endswith("/keys"):
        return answer
    return json_response({"keys": [to_jwk(new_key("ES256").public)]})


# It does not know the proof of key, or only the kind that shows the verifier.
NO_PROOF_OF_KEY = _discovery_lie(
    "no proof of key", lambda said: {**said, "code_challenge_methods_supported": ["plain"]}
)
# It says that it is somebody else.
ANOTHER_NAME = _discovery_lie(
    "another name", lambda said: {**said, "issuer": "https://elsewhere.test"}
)
# Whoever is on the way reads what is sent there.
PLAIN_ADDRESS = _discovery_lie(
    "an address without https",
    lambda said: {**said, "token_endpoint": "http://oauth.sandbox.test/token"},
)
# It knows no devices.
NO_DEVICES = _discovery_lie(
    "no devices",
    lambda said: {
        key: each for key, each in said.items() if key != "device_authorization_endpoint"
    },
)

# The browser comes back without saying what it answers, or who sent it.
NO_STATE = _redirect_lie("no state", _without("state"))
NO_RESPONSE_ISSUER = _redirect_lie("no issuer in the answer", _without("iss"))
NO_CODE = _redirect_lie("no code", _without("code"))
# Somebody else has sent it.
ANOTHER_RESPONSE_ISSUER = _redirect_lie(
    "another issuer in the answer", lambda said: {**said, "iss": "https://elsewhere.test"}
)
# It comes back with bad news, explained or not.
REFUSAL = _redirect_lie("a refusal", _refusing("server_error", "the database is <b>asleep</b>"))
BARE_REFUSAL = _redirect_lie("a refusal without words", _refusing("temporarily_unavailable"))

# The keys are those of before they were changed, or somebody else's.
OTHER_KEYS = Lie(name="other keys", services=("oidc",), tell=_keys_of_another)

LOGIN_LIES = (
    NO_PROOF_OF_KEY,
    ANOTHER_NAME,
    PLAIN_ADDRESS,
    NO_DEVICES,
    NO_STATE,
    NO_RESPONSE_ISSUER,
    NO_CODE,
    ANOTHER_RESPONSE_ISSUER,
    REFUSAL,
    BARE_REFUSAL,
    OTHER_KEYS,
)

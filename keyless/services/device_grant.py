# SPDX-License-Identifier: Apache-2.0
"""Signing in on another device than the one that wants to know who it is (RFC 8628).

    POST device_authorization_endpoint   client_id, scope, code_challenge
    200  {"device_code": …, "user_code": "WDJB-MJHT", "verification_uri": …,
          "verification_uri_complete": …, "expires_in": 300, "interval": 5}
    POST token_endpoint                  device_code, code_verifier, again and again
    400  {"error": "authorization_pending" | "slow_down" | "access_denied" | "expired_token"}

Somebody opens the page, types in the code, and signs in there, on whatever machine has a browser.
"""

from typing import Literal, assert_never

from keyless.errors import ServiceError
from keyless.protocol.issuer_metadata import demand_safe
from keyless.protocol.json_reader import Json
from keyless.services.answers import answer_of
from keyless.services.authorization import Attempt
from keyless.services.http import Response
from keyless.services.http.patience import PASSING
from keyless.services.oidc import OpenIdIssuer, TokenAnswer
from keyless.services.refusal import Refusal
from keyless.value import value

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
# Where the issuer does not say (RFC 8628, 3.2).
INTERVAL = 5
LONGEST_INTERVAL = 60
LONGEST_LIFE = 3600
LONGEST_CODE = 64

NotYet = Literal["pending", "slow down"]


@value
class DeviceCode:
    """What a device shows, *user_code* and where to type it; and what it keeps, the *secret*.

    There are *seconds* to do so, and it is asked every *interval*, in seconds as well.
    """

    secret: str
    user_code: str
    page: str
    page_with_code: str
    seconds: int
    interval: int

    def __repr__(self) -> str:
        return f"DeviceCode({self.user_code!r})"


def start_device(
    issuer: OpenIdIssuer, attempt: Attempt, *, connector: str | None = None
) -> DeviceCode:
    """Ask *issuer*, which knows devices, for the code that somebody is to type in."""
    form = {
        "scope": " ".join(issuer.client.scopes),
        **attempt.challenge,
        **({} if connector is None else {"connector_id": connector}),
    }
    answer = issuer.post(issuer.metadata.device_endpoint or "", form, secrets=())
    if isinstance(answer, Refusal):
        raise answer.by(issuer.name)
    with answer_of(issuer.name):
        return _device_code(Json.parse(answer.body))


def ask_device(issuer: OpenIdIssuer, device: DeviceCode, attempt: Attempt) -> TokenAnswer | NotYet:
    """Ask *issuer* whether somebody has signed in; LoginError if nobody ever will."""
    form = {
        "grant_type": GRANT,
        "device_code": device.secret,
        "code_verifier": attempt.verifier,
    }
    secrets = (device.secret, attempt.verifier)
    try:
        answer = issuer.post(issuer.metadata.token_endpoint, form, secrets=secrets)
    except ServiceError as error:
        if error.status is None or error.status in PASSING:
            # A network may fail for a moment: it is asked again, and less often (RFC 8628, 3.5).
            return "slow down"
        raise
    match answer:
        case Response():
            return issuer.tokens_in(answer)
        case Refusal(error="authorization_pending"):
            return "pending"
        case Refusal(error="slow_down"):
            return "slow down"
        case Refusal():
            raise answer.by(issuer.name)
        case _:
            assert_never(answer)


def _device_code(json: Json) -> DeviceCode:
    user_code = json.text("user_code")
    if not 0 < len(user_code) <= LONGEST_CODE:
        raise json.error("not a code that somebody could type", name="user_code")
    page = demand_safe(json.text("verification_uri"), what="page of the issuer")
    with_code = json.optional_text("verification_uri_complete")
    return DeviceCode(
        secret=json.text("device_code"),
        user_code=user_code,
        page=page,
        page_with_code=demand_safe(with_code or page, what="page of the issuer"),
        seconds=min(json.integer("expires_in"), LONGEST_LIFE),
        interval=_interval(json),
    )


def _interval(json: Json) -> int:
    # None is asked for more often than the issuer has to expect, whatever it says.
    said = json.integer("interval") if json.has("interval") else INTERVAL
    return min(max(said, 1), LONGEST_INTERVAL)

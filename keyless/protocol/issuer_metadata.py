# SPDX-License-Identifier: Apache-2.0
"""What an issuer says of itself: where to sign in, and how (OpenID Connect Discovery, RFC 8414).

    {"issuer": "https://oauth2.example/auth",
     "authorization_endpoint": …, "token_endpoint": …, "jwks_uri": …,
     "device_authorization_endpoint": …,                              RFC 8628
     "code_challenge_methods_supported": ["S256"],                    RFC 7636
     "authorization_response_iss_parameter_supported": true}          RFC 9207

Whoever can read on the way what is sent to one of these addresses signs in as the user. So each is
under https, but on this machine, where there is no way in between.
"""

import re

from keyless.errors import LoginError, LoginFailure
from keyless.protocol.json_reader import Json
from keyless.safe_text import shown
from keyless.value import value

LARGEST_METADATA = 1 << 20
MOST_METHODS = 64

_REST = r"(:[0-9]{1,5})?(/[!\"$-~]*|\?[!\"$-~]*)?"  # all that is visible but "#"
_SAFE = re.compile(rf"https://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]){_REST}")
_LOOPBACK = re.compile(rf"http://(localhost|127(\.[0-9]{{1,3}}){{3}}|\[::1\]){_REST}")
# It takes S256, and does not say so.
_AZURE = re.compile(
    r"https://(login\.microsoftonline\.(com|us)|login\.partner\.microsoftonline\.cn|sts\.windows\.net)/.*"
)


@value
class IssuerMetadata:
    """Where an issuer is asked for what; no *device_endpoint* is for those who have no such flow.

    One that *names_itself* does so whenever it sends a browser back (RFC 9207).
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    device_endpoint: str | None
    names_itself: bool
    takes_basic: bool

    @classmethod
    def parse(cls, data: bytes, *, issuer: str) -> "IssuerMetadata":
        """Read the document found at *issuer*; LoginError if that is not safe to sign in to."""
        json = Json.parse(data, largest=LARGEST_METADATA)
        _demand_same(json.text("issuer"), issuer)
        _demand_proof_of_key(json, issuer)
        device = "device_authorization_endpoint"
        ways = json.texts("token_endpoint_auth_methods_supported", most=MOST_METHODS)
        return cls(
            issuer=issuer,
            authorization_endpoint=_address(json, "authorization_endpoint"),
            token_endpoint=_address(json, "token_endpoint"),
            jwks_uri=_address(json, "jwks_uri"),
            device_endpoint=_address(json, device) if json.has(device) else None,
            names_itself=json.value("authorization_response_iss_parameter_supported") is True,
            takes_basic=not ways or "client_secret_basic" in ways,
        )


def demand_safe(url: str, *, what: str) -> str:
    """Return *url*, of *what*; LoginError if anybody on the way could read what is sent there."""
    if not _SAFE.fullmatch(url) and not _LOOPBACK.fullmatch(url):
        raise LoginError(
            f"the {what} is no address under https: {shown(url, longest=120)}",
            reason=LoginFailure.UNSAFE_ISSUER,
            hint="sign in to another issuer; without https, anybody on the way could sign as you",
        )
    return url


def _address(json: Json, name: str) -> str:
    return demand_safe(json.text(name), what=f"{name} of the issuer")


def _demand_same(found: str, issuer: str) -> None:
    # Otherwise one issuer could have another one's tokens taken for its own.
    if found != issuer:
        raise LoginError(
            f"the issuer at {shown(issuer)} says that it is {shown(found)}",
            reason=LoginFailure.UNSAFE_ISSUER,
            hint="name the issuer just as it names itself, to the last slash",
        )


def _demand_proof_of_key(json: Json, issuer: str) -> None:
    # Without it, whoever sees the code on its way through the browser can redeem it. One that says
    # nothing has no such proof (RFC 8414, 2).
    methods = json.texts("code_challenge_methods_supported", most=MOST_METHODS)
    is_azure = not methods and _AZURE.fullmatch(issuer) is not None
    if "S256" not in methods and not is_azure:
        said = " and ".join(shown(each, longest=40) for each in methods[:5]) or "none"
        raise LoginError(
            f"the issuer {shown(issuer)} does not take the proof of key S256 (PKCE): it says that "
            f"it takes {said}",
            reason=LoginFailure.UNSAFE_ISSUER,
            hint="sign in to another issuer; a code that this one gives could be stolen",
        )

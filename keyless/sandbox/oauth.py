# SPDX-License-Identifier: Apache-2.0
"""Signing in: how somebody who is asked who they are lets a client have a token (OAuth 2.1).

    GET  auth           sends the browser back with a code, or asks who it is      RFC 6749, 7636
    POST device/code    a code for people to type in elsewhere                     RFC 8628
    GET  device         where they do
    POST token          either code, for a token

There is nobody to ask in a sandbox. Who it is, is said beforehand (`approve`, `deny`); unless it
is, whoever opens the page says so themselves. Proof of the key for the code exchange (PKCE) is
demanded, in its one sound form.
"""

import re
import secrets
from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import RLock
from urllib.parse import urlencode

from keyless.protocol.json_reader import JsonValue
from keyless.sandbox.answering import form_of, json_response, query_of
from keyless.sandbox.clock import Clock
from keyless.sandbox.login_pages import code_page, done_page, error_page, who_page
from keyless.sandbox.wishes import (
    Decision,
    Denied,
    OAuthError,
    Person,
    Wish,
    challenge_of,
    decision_of,
    wish_of,
)
from keyless.services.http import Request, Response, joined

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
CODE_LIFE = timedelta(seconds=60)
DEVICE_LIFE = timedelta(minutes=5)
INTERVAL = timedelta(seconds=5)

_LOOPBACK = re.compile(r"http://(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?(/[!-~]*)?")
# Without vowels, so that no code is a word.
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"


# Writes what the token endpoint answers for somebody.
Tokens = Callable[[Person, Wish], dict[str, JsonValue]]


class _Device:
    """A device that waits for somebody to decide elsewhere."""

    def __init__(self, wish: Wish, now: datetime, *, interval: timedelta) -> None:
        self.wish = wish
        self.user_code = "-".join(
            "".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(2)
        )
        self.expires_at = now + DEVICE_LIFE
        self.interval = interval
        self.polled_at: datetime | None = None
        self.decision: Decision | None = None


class Flows:
    """The flows of the issuer whose URL *url* returns. May be shared between threads.

    What was *decided* beforehand counts for whoever comes next. A device that waits has to do so
    for an *interval* before it asks again.
    """

    def __init__(self, clock: Clock, *, url: Callable[[], str], tokens: Tokens) -> None:
        self._clock = clock
        self._url = url
        self._tokens = tokens
        self._lock = RLock()
        self._codes: dict[str, tuple[Wish, Person, datetime]] = {}
        self._devices: dict[str, _Device] = {}
        self.decided: Decision | None = None
        self.interval = INTERVAL

    def configuration(self) -> dict[str, JsonValue]:
        """Write what a client needs to know of the flows."""
        url = self._url()
        return {
            "authorization_endpoint": joined(url, "auth"),
            "token_endpoint": joined(url, "token"),
            "device_authorization_endpoint": joined(url, "device/code"),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", DEVICE_GRANT],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none", "client_secret_basic"],
            "scopes_supported": ["openid", "email"],
            "authorization_response_iss_parameter_supported": True,
        }

    def handle(self, method: str, path: str, request: Request) -> Response | None:
        """Answer *request* if it is part of a flow."""
        match method, path:
            case "GET", "auth":
                return self._authorize(query_of(request))
            case "GET", "device":
                return self._decide(query_of(request))
            case "POST", "device/code":
                return _told(lambda: self._start(form_of(request)))
            case "POST", "token":
                return _told(lambda: self._exchange(form_of(request), _client(request)))
            case _:
                return None

    def _authorize(self, query: Mapping[str, str]) -> Response:
        redirect = query.get("redirect_uri", "")
        if redirect != OUT_OF_BAND and not _LOOPBACK.fullmatch(redirect):
            # It is not sent there: whoever owns the place would get what comes along.
            return error_page("redirect_uri is no address on this machine")
        back = {"state": query["state"]} if "state" in query else {}
        try:
            wish = wish_of(query)
        except OAuthError as error:
            return self._back(redirect, back, error=error.error, words=error.description)
        match self.decided or decision_of(query):
            case None:
                return who_page(joined(self._url(), "auth"), query)
            case Denied():
                return self._back(redirect, back, error="access_denied", words="somebody said no")
            case Person() as person:
                code = secrets.token_urlsafe(24)
                with self._lock:
                    self._codes[code] = (wish, person, self._clock.now + CODE_LIFE)
                return self._back(redirect, {"code": code, **back})

    def _back(
        self, redirect: str, found: Mapping[str, str], *, error: str = "", words: str = ""
    ) -> Response:
        """Send the browser back to the client, which learns what was *found* or the *error*."""
        problem = {"error": error, "error_description": words} if error else {}
        if redirect == OUT_OF_BAND:
            return error_page(f"{error}: {words}") if error else code_page(found["code"])
        # RFC 9207: so that no other issuer's answer can be passed off as this one's.
        said = urlencode({**found, **problem, "iss": self._url()})
        separator = "&" if "?" in redirect else "?"
        return Response(status=303, headers=(("Location", f"{redirect}{separator}{said}"),))

    def _start(self, form: Mapping[str, str]) -> JsonValue:
        """Give a device the code that somebody is to type in elsewhere."""
        device = _Device(wish_of(form), self._clock.now, interval=self.interval)
        device_code = secrets.token_urlsafe(24)
        with self._lock:
            self._devices[device_code] = device
        page = joined(self._url(), "device")
        return {
            "device_code": device_code,
            "user_code": device.user_code,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?{urlencode({'user_code': device.user_code})}",
            "expires_in": DEVICE_LIFE // timedelta(seconds=1),
            "interval": self.interval // timedelta(seconds=1),
        }

    def _decide(self, query: Mapping[str, str]) -> Response:
        """Ask somebody who has typed in a code, or do as they say."""
        typed = query.get("user_code", "").upper()
        with self._lock:
            waiting = [each for each in self._devices.values() if each.user_code == typed]
            if not waiting and typed:
                return error_page("no device waits with this code")
            decision = decision_of(query)
            if not waiting or decision is None:
                return who_page(joined(self._url(), "device"), query, asks_code=True)
            waiting[0].decision = decision
        return done_page()

    def _exchange(self, form: Mapping[str, str], client: str) -> JsonValue:
        match form.get("grant_type"):
            case "authorization_code":
                wish, person = self._redeemed(form.get("code", ""))
                if form.get("redirect_uri") != wish.redirect:
                    raise OAuthError("invalid_grant", "the code was sent to another redirect_uri")
            case "urn:ietf:params:oauth:grant-type:device_code":
                wish, person = self._polled(form.get("device_code", ""))
            case _:
                raise OAuthError("unsupported_grant_type", "only codes are taken here")
        if form.get("client_id", client) != wish.client:
            raise OAuthError("invalid_grant", "the code was given to another client")
        if challenge_of(form.get("code_verifier", "")) != wish.challenge:
            raise OAuthError("invalid_grant", "code_verifier does not fit the code_challenge")
        return self._tokens(person, wish)

    def _redeemed(self, code: str) -> tuple[Wish, Person]:
        """Take *code*, which is then worth nothing any more."""
        with self._lock:
            wish, person, expires_at = self._codes.pop(code, (None, None, self._clock.now))
        if wish is None or person is None:
            raise OAuthError("invalid_grant", "the code is not known, or was used already")
        if self._clock.now >= expires_at:
            raise OAuthError("invalid_grant", "the code has expired")
        return wish, person

    def _polled(self, device_code: str) -> tuple[Wish, Person]:
        """Return what was decided about a device; unless it is still waiting, or asks too often."""
        now = self._clock.now
        with self._lock:
            device = self._devices.get(device_code)
            if device is None:
                raise OAuthError("invalid_grant", "the device code is not known")
            if now >= device.expires_at:
                raise OAuthError("expired_token", "nobody has decided in time")
            too_soon = device.polled_at is not None and now - device.polled_at < device.interval
            device.polled_at = now
            if too_soon:
                device.interval += INTERVAL
                raise OAuthError("slow_down", "it was asked too soon")
            match self.decided or device.decision:
                case None:
                    raise OAuthError("authorization_pending", "nobody has decided yet")
                case Denied():
                    raise OAuthError("access_denied", "somebody said no")
                case Person() as person:
                    del self._devices[device_code]
                    return device.wish, person


def _told(answer: Callable[[], JsonValue]) -> Response:
    """Answer as the token endpoint does, which nobody is to keep."""
    headers = (("Cache-Control", "no-store"),)
    try:
        return json_response(answer(), headers=headers)
    except OAuthError as error:
        said: JsonValue = {"error": error.error, "error_description": error.description}
        return json_response(said, status=400, headers=headers)


def _client(request: Request) -> str:
    """Return what a client calls itself that has an empty password, as some think they must."""
    scheme, _, credentials = request.header("Authorization").partition(" ")
    if scheme != "Basic":
        return ""
    try:
        return b64decode(credentials, validate=True).decode("latin-1").partition(":")[0]
    except ValueError:
        return ""

# SPDX-License-Identifier: Apache-2.0
"""Having a person sign in: in the way that there is, and checked before anybody else is told.

An authority does not say what is wrong with a token. So whatever can be known of it is said here:
whose it is, that it is theirs who was expected, and that the clocks agree.
"""

from typing import assert_never

from keyless.auth.browser import Caller, SigningIn, sign_in_with_browser
from keyless.auth.deadline import Deadline
from keyless.auth.device import sign_in_with_device
from keyless.auth.notice import tell_notice
from keyless.auth.surroundings import Choice, Way, choose_way, demanded_way, wanted_flow
from keyless.auth.wish import Scene, Wish
from keyless.errors import KeylessError, LoginError, LoginFailure
from keyless.instance import Sigstore
from keyless.protocol.token import IdentityToken, diagnose
from keyless.safe_text import shown
from keyless.services.authorization import connector_of
from keyless.services.http import place
from keyless.services.oidc import OpenIdIssuer, SignedIn
from keyless.value import replace

_LABELS = {
    "https://github.com/login/oauth": "GitHub",
    "https://accounts.google.com": "Google",
    "https://login.microsoftonline.com": "Microsoft",
}
_WORDS: dict[Way, str] = {
    "browser": "a browser",
    "device": "a device code",
    "paste": "a browser on another machine",
}


def ask_person(sigstore: Sigstore, wish: Wish, scene: Scene) -> IdentityToken:
    """Have somebody sign in to *sigstore* by *wish*; LoginError if nobody does."""
    problem: BaseException
    try:
        return _Asking(sigstore, wish, scene).token()
    except KeylessError as error:
        problem, why = error, error.message
    except KeyboardInterrupt:
        problem, why = KeyboardInterrupt(), "it was interrupted"
    if scene.contact.board is not None:
        scene.contact.board.end("not signed in", why)
    # Raised from here, with nothing left of where it came from: the frames on that way hold the
    # token, or what it could have been had with.
    problem.__context__ = problem.__cause__ = None
    raise problem.with_traceback(None)


class _Asking:
    """Asks one person, once."""

    def __init__(self, sigstore: Sigstore, wish: Wish, scene: Scene) -> None:
        self._sigstore = sigstore
        self._wish = wish
        self._contact = scene.contact
        self._scene = scene
        self._url = wish.issuer or sigstore.issuer_url()
        self._connector = connector_of(wish.provider, issuer=self._url)

    def token(self) -> IdentityToken:
        tell_notice(self._contact, self._scene.environ)
        deadline = self._scene.deadline()
        issuer = deadline.within(self._discover)
        choice = self._choice(issuer)
        self._contact.tell(f"signing in with {_WORDS[choice.way]}, {choice.why}")
        wanted = SigningIn(issuer=issuer, connector=self._connector, check=self._check)
        token = self._gone(choice.way, wanted, deadline).token
        self._tell_who(token)
        return token

    def _discover(self) -> OpenIdIssuer:
        sigstore = self._sigstore
        return OpenIdIssuer.discover(
            self._url, sigstore.transport, client=self._wish.client, clock=sigstore.clock
        )

    def _choice(self, issuer: OpenIdIssuer) -> Choice:
        devices = issuer.metadata.device_endpoint is not None
        reader = self._contact.read is not None
        flow = wanted_flow(self._wish.flow, self._scene.environ)
        match flow:
            case "auto" | "ci":
                return choose_way(self._scene.surroundings, devices=devices, reader=reader)
            case _:
                return demanded_way(flow, devices=devices, reader=reader)

    def _gone(self, way: Way, wanted: SigningIn, deadline: Deadline) -> SignedIn:
        match way:
            case "browser":
                return sign_in_with_browser(wanted, contact=self._contact, deadline=deadline)
            case "paste":
                elsewhere = replace(self._contact, open_browser=None)
                return sign_in_with_browser(wanted, contact=elsewhere, deadline=deadline)
            case "device":
                return sign_in_with_device(wanted, contact=self._contact, deadline=deadline)
            case _:
                assert_never(way)

    def _check(self, signed_in: SignedIn) -> Caller:
        """Say who has signed in; LoginError if that will be refused, or is not who was meant."""
        token, wish = signed_in.token, self._wish
        diagnose(
            token,
            now=self._sigstore.clock(),
            audience=wish.client.name,
            expected=wish.expected,
            ahead=signed_in.ahead,
        )
        if token.email is None and token.certified_name is None and "email" in wish.client.scopes:
            raise LoginError(
                f"{shown(token.issuer)} says no e-mail address of {shown(token.subject)}, by which "
                "a certificate would call them",
                reason=LoginFailure.NO_EMAIL,
                hint="have the account show one that is verified; where certificates call people "
                "otherwise, ask for the scope openid alone",
            )
        if token.connector not in (None, self._connector) and self._connector is not None:
            raise LoginError(
                f"signed in with {_provider(token)}, not with {_label(self._connector)}",
                reason=LoginFailure.UNEXPECTED_PROVIDER,
                hint="sign in with the account that is meant; nothing was sent to anybody",
            )
        return Caller(name=token.name, provider=_provider(token))

    def _tell_who(self, token: IdentityToken) -> None:
        if self._connector is not None and token.connector is None:
            self._contact.tell(
                f"{place(token.issuer)} has signed you in itself, and asked nobody else: it does "
                f"not know {_label(self._connector)}"
            )
        board = self._contact.shown_on()
        board.end(f"signed in as {shown(token.name)} ({shown(_provider(token))})")


def _provider(token: IdentityToken) -> str:
    return _label(token.connector or token.issuer)


def _label(connector: str) -> str:
    return _LABELS.get(connector) or place(connector)

# SPDX-License-Identifier: Apache-2.0
"""Signing in: to an identity, in whichever way there is here.

what says who this is without asking anybody    a variable, a file, a job of CI
a session that is kept                          if that was asked for, and is still good
a person                                        a browser, a device code, a pasted address
"""

from collections.abc import Callable
from threading import Lock

from keyless.auth import Identity
from keyless.auth.ambient import AmbientSource, ambient_source, demanded_source
from keyless.auth.contact import Contact
from keyless.auth.person import ask_person
from keyless.auth.session_cache import SessionCache
from keyless.auth.surroundings import Surroundings, wanted_flow
from keyless.auth.wish import Renew, Scene, Wish
from keyless.errors import LoginError, LoginFailure
from keyless.instance import Sigstore
from keyless.protocol.certificate import Certificate
from keyless.protocol.token import IdentityToken
from keyless.protocol.window import in_words
from keyless.safe_text import shown


def sign_in(
    sigstore: Sigstore, wish: Wish, *, scene: Scene, kept_in: SessionCache | None = None
) -> Identity:
    """Return who is here by *wish*; have them sign in to *sigstore* if nothing else says it.

    Raises LoginError, whose `reason` is why that is nobody. Where sessions are *kept_in* a keyring,
    one that is there is gone on with, and nobody signs in unless it turns out to be no good.
    """
    vouched = vouched_for(sigstore, wish, scene=scene)
    return vouched or by_person(sigstore, wish, scene=scene, kept_in=kept_in)


def vouched_for(sigstore: Sigstore, wish: Wish, *, scene: Scene) -> Identity | None:
    """Return who this place says is here, if *wish* leaves that to it; None if it says nobody."""
    flow = wanted_flow(wish.flow, scene.environ)
    # Who names a provider means a person's account there.
    if flow != "ci" and (flow != "auto" or wish.provider is not None):
        return None
    source = ambient_source(scene.environ, audience=wish.client.name)
    if flow == "ci":
        source = demanded_source(source)
    return None if source is None else _ambient(sigstore, wish, source, scene)


def by_person(
    sigstore: Sigstore, wish: Wish, *, scene: Scene, kept_in: SessionCache | None = None
) -> Identity:
    """Return whoever signs in by *wish*, or whose session is *kept_in* a keyring."""
    if wanted_flow(wish.flow, scene.environ) == "auto":
        _demand_no_build(scene.surroundings)
    person = _Person(lambda: ask_person(sigstore, wish, scene), renew=wish.renew)
    session = None if kept_in is None else kept_in.find(sigstore.clock())
    first = None
    if session is None:
        first = person.token()
    else:
        tell_resumed(session.certificate, scene.contact)
    return Identity(
        lambda: person.token().text,
        expected=wish.expected,
        audience=wish.client.name,
        first=first,
        kept_in=kept_in,
    )


def go_on(sigstore: Sigstore, wish: Wish, *, scene: Scene, kept_in: SessionCache) -> Identity:
    """Return whose session is *kept_in* a keyring; nobody is asked before it is over.

    Then they sign in again by *wish*, if they are here.
    """

    def ask() -> IdentityToken:
        demand_somebody(scene.surroundings)
        return ask_person(sigstore, wish, scene)

    person = _Person(ask, renew=wish.renew)
    return Identity(
        lambda: person.token().text,
        expected=wish.expected,
        audience=wish.client.name,
        kept_in=kept_in,
    )


def tell_resumed(certificate: Certificate, contact: Contact) -> None:
    """Tell by *contact* that it is gone on with the session of *certificate*."""
    whose, until = shown(certificate.identity.text), in_words(certificate.not_after)
    contact.tell(f"going on with the session of {whose}, which is kept until {until}")


def demand_somebody(surroundings: Surroundings) -> None:
    """Raise LoginError if nobody is here who could sign in, as far as can be told."""
    if not surroundings.has_somebody:
        raise LoginError(
            "nobody to sign as: there is no identity token here, and nobody to sign in, as this is "
            "neither a terminal nor a notebook",
            reason=LoginFailure.NOBODY_THERE,
            hint="have SIGSTORE_ID_TOKEN hold a token; or sign in with keyless.login(), and name "
            "who that is: sign(…, me)",
        )


class _Person:
    """Somebody who is asked for a token: once, or with *renew* `login` whenever there is need."""

    def __init__(self, ask: Callable[[], IdentityToken], *, renew: Renew) -> None:
        self._ask = ask
        self._renew = renew
        self._asking = Lock()
        self._who: str | None = None

    def token(self) -> IdentityToken:
        with self._asking:
            if self._who is not None and self._renew == "never":
                raise LoginError(
                    f"the sign-in of {shown(self._who)} is over: the token has expired",
                    reason=LoginFailure.EXPIRED,
                    hint="sign in again with keyless.login(), and sign then; a Signer signs many "
                    'under one certificate, and renew="login" has people sign in again by itself',
                )
            token = self._ask()
            self._who = token.name
            return token


def _ambient(
    sigstore: Sigstore, wish: Wish, source: AmbientSource, scene: Scene
) -> Identity | None:
    """Be who *source* says that this is; None if it gives no token, and somebody can be asked."""
    scene.contact.tell(f"being who {source.name} says that this is")
    identity = Identity(source.ask, expected=wish.expected, audience=wish.client.name)
    try:
        # What is wrong with it is said before anything is done.
        identity.token(clock=sigstore.clock)
    except LoginError as error:
        # A machine in a cloud may be somebody's own, and vouch for nobody.
        is_empty = error.reason in (LoginFailure.SOURCE, LoginFailure.TIMED_OUT)
        if wish.flow != "auto" or not is_empty or not scene.surroundings.has_somebody:
            raise
        scene.contact.tell(error.message)
        return None
    return identity


def _demand_no_build(surroundings: Surroundings) -> None:
    if surroundings.in_ci:
        raise LoginError(
            "this is a build (CI is set), in which nobody signs in, and nothing says who it is",
            reason=LoginFailure.NOBODY_THERE,
            hint="let the job ask for an identity token, or have SIGSTORE_ID_TOKEN hold one; "
            "flow=device has somebody sign in all the same",
        )

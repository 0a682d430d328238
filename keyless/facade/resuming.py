# SPDX-License-Identifier: Apache-2.0
"""Who signs where nobody brought a token: a job, whoever's session is kept, or who signs in now.

A session is found again by whoever does not say how it was begun: a certificate says whose it is,
so that is no guess as long as there is one person that it can be.
"""

from keyless.auth import Identity
from keyless.auth.flows import by_person, demand_somebody, go_on, tell_resumed, vouched_for
from keyless.auth.kept_session import KeptSession, SessionPlace
from keyless.auth.session_cache import SessionCache, Tell, sessions_to_use
from keyless.auth.surroundings import wanted_flow
from keyless.auth.wish import Scene, Wish
from keyless.credential import Credential
from keyless.errors import InputError
from keyless.facade.login import session_place
from keyless.instance import Sigstore
from keyless.safe_text import shown
from keyless.services.authorization import PROVIDERS
from keyless.value import replace


def who_signs(sigstore: Sigstore, wish: Wish, *, scene: Scene, remember: bool = False) -> Identity:
    """Return who signs by *wish*; LoginError if nobody says who it is, and nobody is there to.

    With *remember*, the session that the first signature begins is kept in the keyring.
    """
    vouched = vouched_for(sigstore, wish, scene=scene)
    if vouched is not None:
        return vouched
    if wanted_flow(wish.flow, scene.environ) == "auto" and not scene.surroundings.in_ci:
        resumed = _resumed(sigstore, wish, scene)
        if resumed is not None:
            return resumed
        demand_somebody(scene.surroundings)
    kept_in = None
    if remember:
        kept_in = SessionCache(session_place(sigstore, wish), tell=scene.contact.tell)
    return by_person(sigstore, wish, scene=scene, kept_in=kept_in)


def session_kept_for(sigstore: Sigstore, wish: Wish, *, tell: Tell) -> KeptSession | None:
    """Return the session that is kept of whoever signs in to *sigstore* by *wish*, if one is.

    Raises InputError if it could be one of several people's.
    """
    place = session_place(sigstore, wish)
    sessions = sessions_to_use(sigstore.clock(), tell=tell)
    fitting = [session for session in sessions if _fits(session, place)]
    people = sorted({(session.identity, session.issuer or "") for session in fitting})
    if len(people) > 1:
        first = shown(people[0][0])
        names = " and ".join(f"{shown(name)} (vouched for by {shown(by)})" for name, by in people)
        raise InputError(
            f"sessions of several are kept: {names}",
            hint=f"say as whom: --expect {first}, or in code expect=; or with which provider",
        )
    return max(fitting, key=lambda session: session.expires_at, default=None)


def _fits(session: KeptSession, place: SessionPlace) -> bool:
    """Say whether who would sign in at *place* could be whose *session* is."""
    if _anybody_at(session.place) != _anybody_at(place):
        return False
    if place.expected not in (None, session.identity):
        return False
    provider = place.provider
    if provider is None:
        return True
    asked = {session.place.provider, session.issuer}
    return not asked.isdisjoint({provider, PROVIDERS.get(provider, provider)})


def _anybody_at(place: SessionPlace) -> SessionPlace:
    return replace(place, provider=None, expected=None)


def _resumed(sigstore: Sigstore, wish: Wish, scene: Scene) -> Identity | None:
    """Go on with the session that is kept; None if there is none, or it is no good."""
    session = session_kept_for(sigstore, wish, tell=scene.contact.tell)
    if session is None:
        return None
    kept_in = SessionCache(session.place, tell=scene.contact.tell)
    # The list of sessions only says whose one is: the certificate has to, or it is not used.
    again = replace(wish, provider=session.place.provider, expected=session.identity)
    identity = go_on(sigstore, again, scene=scene, kept_in=kept_in)
    credential = Credential.resume(identity, sigstore)
    if credential is None or credential.certificate is None:
        return None
    tell_resumed(credential.certificate, scene.contact)
    return identity

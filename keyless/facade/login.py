# SPDX-License-Identifier: Apache-2.0
"""Signing in: who am I; asked once in a process, unless somebody asks for it again."""

from collections.abc import Callable
from threading import Lock
from typing import Literal

from keyless.auth import Identity
from keyless.auth.ambient import ambient_source
from keyless.auth.contact import Contact, Reader, open_in_browser, tell_stderr, terminal_line
from keyless.auth.kept_session import SessionPlace
from keyless.auth.notebook_card import NotebookCard
from keyless.auth.session_cache import SessionCache
from keyless.auth.surroundings import Flow, Surroundings
from keyless.auth.wish import TIMEOUT, Renew, Scene, Wish
from keyless.errors import InputError
from keyless.instance import Sigstore, connect
from keyless.protocol.digest import Digest
from keyless.safe_text import shown
from keyless.services.client import PUBLIC_CLIENT, Client

Remember = Literal["keyring"]


# Who has signed in to which instance, by whom that trusts. Of the whole process, as the person
# before it is: they would be asked again for each line of a script otherwise.
_signed_in: dict[Digest, Identity] = {}
_remembering = Lock()
_signing_in = Lock()


def login(  # noqa: PLR0913 - each is a question of its own, and most are for few callers
    provider: str | None = None,
    *,
    flow: Flow = "auto",
    expect: str | None = None,
    timeout: float = TIMEOUT,
    remember: Remember | None = None,
    renew: Renew = "never",
    sigstore: Sigstore | None = None,
    issuer: str | None = None,
    client: Client = PUBLIC_CLIENT,
    reader: Callable[[], str] | None = None,
    tell: Callable[[str], None] | None = None,
    open_browser: Callable[[str], bool] | None = None,
) -> Identity:
    """Return who you are: what this place says, a session that is kept, or whoever signs in now.

    A person signs in with a browser, or with a code on another device where none can be opened
    here; *flow*, or KEYLESS_FLOW, says how: `auto`, `browser`, `device`, `ci` (nobody is asked) or
    `paste`. *provider* is with whom they have an account, `github`, `google` or `microsoft`, and
    whoever is not who one can *expect* is refused. There are *timeout* seconds for it.

    With *remember* `keyring`, a key is certified now, and kept with its certificate for some
    minutes: whoever signs in the same way until then goes on with it. A token lives for about a
    minute; one that is asked for after that has somebody sign in again with *renew* `login`, and
    is a LoginError with `never`.

    What there is to say goes to *tell*, or to standard error, or onto a card in a notebook. Nothing
    is read unless a *reader* is given, which returns an address that somebody has pasted, as
    `keyless.auth.contact.terminal_line` does; and *open_browser* opens one, or the desktop's is.
    *issuer* and *client* are the instance's own.

    Raises LoginError, whose `reason` says why nobody is signed in, and whose `hint` what to do.
    """
    # What listens for a browser, and verifies tokens, is slow to import.
    from keyless.auth.flows import sign_in  # noqa: PLC0415

    instance = sigstore or connect()
    wish = Wish(
        provider=provider, flow=flow, expected=expect, issuer=issuer, client=client, renew=renew
    )
    scene = scene_here(timeout=timeout, reader=reader, tell=tell, open_browser=open_browser)
    kept_in = _cache(instance, wish, remember, scene.contact)
    identity = sign_in(instance, wish, scene=scene, kept_in=kept_in)
    # Whose keyring keeps nothing need not become public for it.
    if identity.kept_in is not None and identity.kept_in.works:
        _keep(identity, instance)
    with _remembering:
        _signed_in[_trust(instance)] = identity
    return identity


def scene_here(
    *,
    timeout: float = TIMEOUT,
    reader: Callable[[], str] | None = None,
    tell: Callable[[str], None] | None = None,
    open_browser: Callable[[str], bool] | None = None,
) -> Scene:
    """Return where somebody signs in who sits here, as `login` explains."""
    surroundings = Surroundings.look()
    opens = open_browser or (open_in_browser if surroundings.may_open_browser else None)
    contact = Contact(
        tell=tell or tell_stderr,
        open_browser=opens,
        read=_reading(reader),
        board=NotebookCard() if surroundings.in_notebook else None,
    )
    return Scene.here(contact, timeout=timeout)


def somebody(sigstore: Sigstore) -> Identity:
    """Return who signs where nobody was named: what this place says, or whoever has signed in.

    If nobody has in this process, and there is a terminal or a notebook to ask in, they do now.
    """
    source = ambient_source()
    if source is not None:
        identity = Identity(source.ask)
        identity.reveal_token()  # asks, so that what is wrong with it is known at once
        return identity
    from keyless.auth.flows import demand_somebody  # noqa: PLC0415 - as above

    with _signing_in:
        with _remembering:
            known = _signed_in.get(_trust(sigstore))
        if known is not None:
            return known
        demand_somebody(Surroundings.look())
        return login(sigstore=sigstore)


def _trust(sigstore: Sigstore) -> Digest:
    return Digest.of(sigstore.trusted_root_json)


def _reading(reader: Callable[[], str] | None) -> Reader | None:
    """Read by *reader*; that of the terminal alone can be told that nobody waits any more."""
    if reader is None or reader is terminal_line:
        return None if reader is None else terminal_line
    return lambda _: reader()


def _cache(
    sigstore: Sigstore, wish: Wish, remember: str | None, contact: Contact
) -> SessionCache | None:
    if remember is None:
        return None
    if remember != "keyring":
        raise InputError(
            f"remember={shown(remember, longest=40)} is no place to keep a session",
            hint='say "keyring", the one of the operating system; nothing else is safe enough',
        )
    return SessionCache(session_place(sigstore, wish), tell=contact.tell)


def _keep(identity: Identity, sigstore: Sigstore) -> None:
    """Have a session kept, for whoever signs in another process when the token has expired."""
    # Credentials are made of more than who signs in need wait for.
    from keyless.credential import Credential  # noqa: PLC0415

    # One that is there may be somebody else's work: it is verified before it is gone on with.
    if Credential.resume(identity, sigstore) is None:
        Credential.issue(identity, sigstore)


def session_place(sigstore: Sigstore, wish: Wish) -> SessionPlace:
    """Return what a session is good for that somebody begins by *wish*."""
    authority = sigstore.signing_services().authority
    return SessionPlace(
        authority="" if authority is None else authority.url,
        issuer=wish.issuer or sigstore.issuer_url(),
        client=wish.client.name,
        provider=wish.provider,
        expected=wish.expected,
    )

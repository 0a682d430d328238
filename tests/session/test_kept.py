# SPDX-License-Identifier: Apache-2.0
"""Signing with a session that was kept: nobody signs in, and it is verified before it is used."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from keyless.auth import Identity
from keyless.auth.kept_session import Session, SessionPlace
from keyless.auth.session_cache import SessionCache, kept_sessions
from keyless.credential import P256, Credential
from keyless.errors import Check, LoginError
from keyless.protocol.certificate import Certificate
from keyless.protocol.claims import Claims
from keyless.protocol.names import San
from keyless.protocol.signing_keys import SigningKey
from keyless.sandbox import Sandbox
from keyless.session import Signer
from tests.auth.keyrings import LockedKeyring, MemoryKeyring
from tests.instances import Wire, on
from tests.refusals import refused

ALICE = "alice@example.com"
GITHUB = "https://github.com/login/oauth"


@pytest.fixture
def sandbox() -> Sandbox:
    """An instance of its own."""
    return Sandbox()


def place(sandbox: Sandbox, **changes: Any) -> SessionPlace:
    """Say where sessions of *sandbox* are kept."""
    urls = sandbox.core.urls
    given = {"authority": urls.authority, "issuer": urls.issuer, "client": "sigstore", **changes}
    return SessionPlace(**given)


def cache(sandbox: Sandbox, keyring: Any, **changes: Any) -> SessionCache:
    """Use *keyring* as one process does; nothing is to be told."""
    return SessionCache(place(sandbox, **changes), keyring, tell=pytest.fail)


def nobody() -> str:
    """Have nobody sign in."""
    raise LoginError("nobody is there to sign in")


def resuming(sandbox: Sandbox, keyring: Any, **changes: Any) -> Identity:
    """Be whoever has a session, in a process where nobody can sign in."""
    return Identity(nobody, kept_in=cache(sandbox, keyring, **changes))


def signed_in(sandbox: Sandbox, keyring: Any, email: str = ALICE, **changes: Any) -> Identity:
    """Be *email*, who has just signed in, and has the session kept."""
    return Identity(lambda: sandbox.token(email), kept_in=cache(sandbox, keyring, **changes))


def kept(sandbox: Sandbox, email: str = ALICE, **changes: Any) -> MemoryKeyring:
    """Return a keyring with the session of *email*."""
    keyring = MemoryKeyring()
    Credential.issue(signed_in(sandbox, keyring, email, **changes), sandbox.sigstore)
    return keyring


def certified_for(credential: Credential | None) -> str | None:
    """Return whom the certificate of *credential* names, if there is one."""
    if credential is None:
        return None
    assert credential.certificate is not None
    return credential.certificate.identity.text


def resumed(sandbox: Sandbox, keyring: Any, **changes: Any) -> str | None:
    """Return who signs with what is kept in *keyring*, if anybody does."""
    return certified_for(Credential.resume(resuming(sandbox, keyring, **changes), sandbox.sigstore))


def test_a_kept_session_signs_without_anybody_signing_in(sandbox: Sandbox) -> None:
    """In another process; neither the issuer nor the authority is asked."""
    keyring = kept(sandbox)
    wire = Wire(sandbox)
    sigstore = on(sandbox, transport=wire)
    with Signer(resuming(sandbox, keyring), sigstore=sigstore) as signer:
        signed = signer.sign(b"artifact")
    assert signed.proof.signer.identity.text == ALICE
    assert not {"oauth", "fulcio"} & set(wire.hosts())


def test_an_identity_knows_from_its_session_who_it_is(sandbox: Sandbox) -> None:
    """By the certificate, as no token was asked for."""
    me = resuming(sandbox, kept(sandbox))
    assert repr(me) == "Identity(not asked yet)"
    credential = Credential.resume(me, sandbox.sigstore)
    assert credential is not None
    assert (me.name, me.issuer, me.expires_at) == (ALICE, GITHUB, credential.expires_at)
    assert repr(me) == f"Identity({ALICE}, vouched for by {GITHUB})"


def test_what_becomes_public_is_told_from_the_session(sandbox: Sandbox) -> None:
    """Nobody has to sign in to see it."""
    me = resuming(sandbox, kept(sandbox))
    with Signer(me, sigstore=sandbox.sigstore) as signer:
        told = signer.disclosure(b"artifact")
    assert told.certainty == "stated"
    assert ("identity", ALICE) in told.who


def test_a_new_session_is_kept_when_the_last_has_ended(sandbox: Sandbox) -> None:
    """Whoever can sign in again does."""
    keyring = kept(sandbox)
    sandbox.clock.advance(timedelta(minutes=9, seconds=1))
    with Signer(signed_in(sandbox, keyring), sigstore=sandbox.sigstore) as signer:
        first = signer.sign(b"artifact")
    assert resumed(sandbox, keyring) == ALICE
    sandbox.clock.advance(timedelta(minutes=8))
    with Signer(resuming(sandbox, keyring), sigstore=sandbox.sigstore) as signer:
        second = signer.sign(b"artifact")
    assert first.bundle.material == second.bundle.material


def test_a_session_that_has_ended_is_none(sandbox: Sandbox) -> None:
    """Then somebody has to sign in, and says so if nobody is there."""
    keyring = kept(sandbox)
    sandbox.clock.advance(timedelta(minutes=9, seconds=1))
    with (
        Signer(resuming(sandbox, keyring), sigstore=sandbox.sigstore) as signer,
        pytest.raises(LoginError, match="nobody is there"),
    ):
        signer.sign(b"artifact")
    assert kept_sessions(sandbox.clock.now, keyring) == ()


def test_a_release_renews_its_session_and_keeps_each(sandbox: Sandbox) -> None:
    """The certificate that is signed with is the one that is kept."""
    keyring = MemoryKeyring()
    with Signer(signed_in(sandbox, keyring), sigstore=sandbox.sigstore) as signer:
        one = signer.sign(b"artifact")
        sandbox.clock.advance(timedelta(minutes=9, seconds=30))
        two = signer.sign(b"artifact")
    assert one.bundle.material != two.bundle.material
    me = resuming(sandbox, keyring)
    assert Credential.resume(me, sandbox.sigstore) is not None
    assert me.kept_in is not None
    assert me.kept_in.certificate == two.bundle.material


def without(sandbox: Sandbox) -> MemoryKeyring:
    """Keep nothing."""
    del sandbox
    return MemoryKeyring()


def put(sandbox: Sandbox, key: SigningKey, certificate: Certificate) -> MemoryKeyring:
    """Put a session into a keyring, as any program of the user's can."""
    keyring = MemoryKeyring()
    cache(sandbox, keyring).keep(Session(key=key, certificate=certificate))
    return keyring


def forged(sandbox: Sandbox) -> MemoryKeyring:
    """Have another authority certify that a key is Alice's."""
    key = SigningKey.generate(P256)
    other = Sandbox(sandbox.clock.now)
    san = San(kind="e-mail", text=ALICE)
    certificate = other.core.authority.issue(key.public, san, Claims(issuer=GITHUB))
    return put(sandbox, key, certificate)


def of_another_instance(sandbox: Sandbox) -> MemoryKeyring:
    """Keep the session of an instance that is at the same place, but not the same."""
    return kept(Sandbox(sandbox.clock.now))


def unlogged(sandbox: Sandbox) -> MemoryKeyring:
    """Keep a certificate that no certificate log has seen."""
    key = SigningKey.generate(P256)
    authority = sandbox.core.authority
    san = San(kind="e-mail", text=ALICE)
    template = authority.template(key.public, (san,), Claims(issuer=GITHUB))
    return put(sandbox, key, authority.sign(template, scts=()))


def of_no_issuer(sandbox: Sandbox) -> MemoryKeyring:
    """Keep a certificate that nobody could ask for, as it names no issuer."""
    key = SigningKey.generate(P256)
    san = San(kind="e-mail", text=ALICE)
    return put(sandbox, key, sandbox.core.authority.issue(key.public, san, Claims()))


@pytest.mark.parametrize("prepared", [without, forged, of_another_instance, unlogged, of_no_issuer])
def test_a_session_that_nobody_vouches_for_is_none_and_goes(
    sandbox: Sandbox, prepared: Callable[[Sandbox], MemoryKeyring]
) -> None:
    """Whoever put it there."""
    keyring = prepared(sandbox)
    me = resuming(sandbox, keyring)
    assert Credential.resume(me, sandbox.sigstore) is None
    assert me.name is None
    assert [name for name, _ in keyring.kept if place(sandbox).entry in name] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"expected": "bob@example.com"},
        {"provider": "google"},
        {"provider": "https://accounts.google.com"},
    ],
)
def test_a_session_of_somebody_else_than_was_expected_is_none(
    sandbox: Sandbox, changes: dict[str, Any]
) -> None:
    """Though it lies where theirs would."""
    keyring = kept(sandbox, **changes)
    assert resumed(sandbox, keyring, **changes) is None
    assert kept_sessions(sandbox.clock.now, keyring) == ()


@pytest.mark.parametrize(
    "changes", [{"expected": ALICE}, {"provider": "github"}, {"provider": GITHUB}]
)
def test_a_session_of_whom_was_expected_is_theirs(
    sandbox: Sandbox, changes: dict[str, Any]
) -> None:
    """By their address, or by with whom they have an account."""
    assert resumed(sandbox, kept(sandbox, **changes), **changes) == ALICE


def test_whoever_has_signed_in_does_not_sign_as_another(sandbox: Sandbox) -> None:
    """Bob's session lies where Alice's would, as nobody said whom to expect."""
    keyring = kept(sandbox, "bob@example.com")
    me = signed_in(sandbox, keyring)
    me.reveal_token()
    with Signer(me, sigstore=sandbox.sigstore) as signer:
        signed = signer.sign(b"artifact")
    assert signed.proof.signer.identity.text == ALICE
    assert resumed(sandbox, keyring) == ALICE


def test_whoever_has_signed_in_goes_on_with_their_own_session(sandbox: Sandbox) -> None:
    """As the token of a minute ago has expired, and is asked for only once."""
    keyring = MemoryKeyring()
    tokens = iter([sandbox.token(ALICE)])
    me = Identity(lambda: next(tokens), kept_in=cache(sandbox, keyring))
    for _ in range(2):
        with Signer(me, sigstore=sandbox.sigstore) as signer:
            signer.sign(b"artifact")
        sandbox.clock.advance(timedelta(minutes=2))


def test_a_locked_keyring_costs_one_sentence_and_nothing_else(sandbox: Sandbox) -> None:
    """What was signed is signed."""
    told: list[str] = []
    cache_of_locked = SessionCache(place(sandbox), LockedKeyring(), tell=told.append)
    me = Identity(lambda: sandbox.token(ALICE), kept_in=cache_of_locked)
    with Signer(me, sigstore=sandbox.sigstore) as signer:
        signed = signer.sign(b"artifact")
    assert signed.proof.signer.identity.text == ALICE
    assert told == ["no session is used: the keyring tests.auth.keyrings.LockedKeyring is locked"]


def test_an_identity_that_keeps_nothing_has_nothing_to_go_on_with(sandbox: Sandbox) -> None:
    """Which is how it is unless somebody asked for it."""
    assert Credential.resume(sandbox.identity(ALICE), sandbox.sigstore) is None


def test_a_certificate_that_is_refused_is_not_kept(sandbox: Sandbox) -> None:
    """Nothing would come of it later either."""
    keyring = MemoryKeyring()
    sandbox.fulcio.scts = "none"
    with refused(Check.SCT):
        Credential.issue(signed_in(sandbox, keyring), sandbox.sigstore)
    assert keyring.kept == {}

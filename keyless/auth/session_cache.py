# SPDX-License-Identifier: Apache-2.0
"""Sessions in the keyring of the operating system, for whoever wishes that: the one way to it.

What is kept is a key that was made for ten minutes and its certificate, at most until that ends;
never a token, and never in a file of ours. A keyring that is locked, not there or not good enough
is no error: there is no session then, and one sentence that says why.
"""

import sys
from collections.abc import Callable
from datetime import datetime
from threading import Lock

from keyless.auth.kept_session import (
    MOST_SESSIONS,
    KeptSession,
    Session,
    SessionPlace,
    index_text,
    parse_index,
)
from keyless.auth.kept_texts import KeptTexts, Keyring, UnfitKeyringError
from keyless.errors import KeylessError, ParseError, ServiceError
from keyless.protocol.certificate import Certificate
from keyless.safe_text import shown

Tell = Callable[[str], object]

_INDEX = "index"
# Another process may write the list of sessions at the same time, and lose ours.
_ATTEMPTS = 5


def on_stderr(sentence: str) -> None:
    """Tell *sentence* whoever sits before the terminal."""
    sys.stderr.write(f"keyless: {sentence}\n")


class SessionCache:
    """The session that is kept for a *place* in a *keyring*: the operating system's, or another.

    What goes wrong there is told, once, and is no session; from then on it no longer *works*. May
    be shared between threads. *certificate* is that of the session that was found or kept last.
    """

    def __init__(
        self, place: SessionPlace, keyring: Keyring | None = None, *, tell: Tell = on_stderr
    ) -> None:
        self.place = place
        self.certificate: Certificate | None = None
        self.works = True
        self._keyring = keyring
        self._tell = tell
        self._told = False
        self._using = Lock()

    def find(self, now: datetime) -> Session | None:
        """Return the session that is kept, if one is that can be signed with *now*.

        It is read, and has yet to be verified: who can write to the keyring may have put it there.
        """
        with self._using:
            try:
                session = self._found(now)
            except ServiceError as error:
                session, self.works = None, False
                self._say(f"no session is used: {error.message}")
            self.certificate = None if session is None else session.certificate
            return session

    def keep(self, session: Session) -> None:
        """Keep *session*, in place of any that is kept, until it ends."""
        with self._using:
            try:
                self._kept(session)
            except KeylessError as error:
                self.works = False
                self._say(f"no session is kept: {error.message}")
            else:
                self.certificate = session.certificate

    def forget(self) -> None:
        """Keep no session here."""
        with self._using:
            self.certificate = None
            try:
                _remove(_texts(self._keyring), self.place.entry)
            except ServiceError as error:
                self._say(f"the session that is kept stays until it ends: {error.message}")

    def _found(self, now: datetime) -> Session | None:
        texts = _texts(self._keyring)
        entry = self.place.entry
        try:
            text = texts.read(entry)
            if text is None:
                return None
            session = Session.parse(text, entry=entry)
        except ServiceError:
            raise
        except KeylessError:
            self._say("what was kept as a session is none, and was removed")
        else:
            if session.covers(now):
                return session
        _remove(texts, entry)
        return None

    def _kept(self, session: Session) -> None:
        texts = _texts(self._keyring)
        entry = self.place.entry
        text = session.to_text(entry=entry)
        # Listed first: what is not listed, `sign_out` would not find.
        kept = KeptSession.of(session, self.place)
        _list(texts, kept, session.certificate.not_before)
        try:
            texts.write(entry, text)
            if texts.read(entry) != text:
                raise ServiceError("the keyring gives back something else", service="keyring")
        except KeylessError:
            _remove_if_possible(texts, entry)
            raise

    def _say(self, sentence: str) -> None:
        if not self._told:
            self._told = True
            self._tell(sentence)

    def __repr__(self) -> str:
        whose = self.certificate and shown(self.certificate.identity.text)
        return f"SessionCache({whose or 'nothing found yet'})"


def kept_sessions(
    now: datetime, keyring: Keyring | None = None, *, tell: Tell = on_stderr
) -> tuple[KeptSession, ...]:
    """Return the sessions that are kept and have not ended *now*; those that have are removed."""
    try:
        return _current(now, _texts(keyring))
    except ServiceError as error:
        tell(f"no session is kept: {error.message}")
        return ()


def sessions_to_use(
    now: datetime, keyring: Keyring | None = None, *, tell: Tell = on_stderr
) -> tuple[KeptSession, ...]:
    """Return what `kept_sessions` does, for whoever may not have wished for any.

    They need not hear that there is no keyring in which one would have been kept.
    """
    try:
        return _current(now, _texts(keyring))
    except UnfitKeyringError:
        return ()
    except ServiceError as error:
        tell(f"no session is used: {error.message}")
        return ()


def remove_sessions(keyring: Keyring | None = None) -> int:
    """Remove every session that is kept, and return how many there were.

    Raises ServiceError if they cannot be removed, as from a keyring that is locked. Where there is
    no keyring in which one would have been kept, there was none.
    """
    try:
        texts = _texts(keyring)
        listed = _listed(texts)
    except UnfitKeyringError:
        return 0
    for session in listed:
        texts.remove(session.entry)
    texts.remove(_INDEX)
    return len(listed)


def _current(now: datetime, texts: KeptTexts) -> tuple[KeptSession, ...]:
    listed = _listed(texts)
    for session in listed:
        if now > session.expires_at:
            _remove(texts, session.entry)
    return tuple(session for session in listed if now <= session.expires_at)


def _texts(keyring: Keyring | None) -> KeptTexts:
    return KeptTexts(keyring if keyring is not None else _system_keyring())


def _system_keyring() -> Keyring:
    try:
        # It takes 0.1 s to import, and looks through all that is installed.
        import keyring  # noqa: PLC0415

        return keyring.get_keyring()
    except Exception as error:  # noqa: BLE001 - back ends that are configured wrongly raise anything
        kind = type(error).__name__
    raise ServiceError(
        f"the keyring that is configured cannot be used ({kind})",
        service="keyring",
        hint="see PYTHON_KEYRING_BACKEND, and what `keyring diagnose` says",
    )


def _listed(texts: KeptTexts) -> tuple[KeptSession, ...]:
    try:
        text = texts.read(_INDEX)
        return () if text is None else parse_index(text)
    except ParseError:
        return ()  # it is written anew with the next session


def _list(texts: KeptTexts, session: KeptSession, now: datetime) -> None:
    """Have *session* on the list of those that are kept, and none that has ended *now*."""
    for _ in range(_ATTEMPTS):
        listed = [each for each in _listed(texts) if each.entry != session.entry]
        others = [each for each in listed if each.expires_at > now][1 - MOST_SESSIONS :]
        for each in listed:
            if each not in others:
                texts.remove(each.entry)
        texts.write(_INDEX, index_text([*others, session]))
        if session in _listed(texts):
            return
    raise ServiceError("the keyring loses what is kept", service="keyring")


def _remove(texts: KeptTexts, entry: str) -> None:
    texts.remove(entry)
    listed = _listed(texts)
    others = [each for each in listed if each.entry != entry]
    if len(others) < len(listed):
        texts.write(_INDEX, index_text(others))


def _remove_if_possible(texts: KeptTexts, entry: str) -> None:
    try:
        _remove(texts, entry)
    except KeylessError:
        return  # a part of a key is none

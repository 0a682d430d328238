# SPDX-License-Identifier: Apache-2.0
"""Sessions that are kept in the keyring: which there are, and having none."""

from keyless.auth.kept_session import KeptSession
from keyless.auth.session_cache import kept_sessions, remove_sessions
from keyless.instance.sigstore import now

__all__ = ["KeptSession", "sessions", "sign_out"]


def sessions() -> tuple[KeptSession, ...]:
    """Return the sessions that `remember="keyring"` keeps: whose they are, and until when.

    They end by themselves after some minutes. Where there is no keyring that would keep one, or it
    is locked, there is none, and a sentence on standard error says why.
    """
    return kept_sessions(now())


def sign_out() -> int:
    """Remove every session that is kept in the keyring, and return how many there were.

    Raises ServiceError if the keyring cannot be asked, as one that is locked.
    """
    return remove_sessions()

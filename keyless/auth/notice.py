# SPDX-License-Identifier: Apache-2.0
"""What whoever signs in should know before they do, told once."""

from collections.abc import Callable, Mapping
from threading import Lock

from keyless.auth.contact import Contact

SILENCE = "KEYLESS_NOTICE"
NOTICE = """\
Signing is public: the address or account name that you sign in with, and a digest of what you sign,
are written into logs that anybody can read and nobody can erase. Signing in alone writes nothing,
unless a session is to be kept. (KEYLESS_NOTICE=off silences this.)"""


class Notice:
    """Tells the notice the first time, and no other."""

    def __init__(self) -> None:
        self._telling = Lock()
        self._is_told = False

    def tell(self, tell: Callable[[str], None], environ: Mapping[str, str]) -> None:
        """Tell it by *tell*, unless it was told before or the environment silences it."""
        with self._telling:
            if not self._is_told and environ.get(SILENCE, "").lower() not in ("off", "0", "false"):
                tell(NOTICE)
            self._is_told = True


# One for the process: who has read it once need not again.
PROCESS = Notice()


def tell_notice(contact: Contact, environ: Mapping[str, str]) -> None:
    """Tell whoever *contact* reaches, unless this process has told somebody before."""
    PROCESS.tell(contact.tell, environ)

# SPDX-License-Identifier: Apache-2.0
"""The one answer that an attempt to sign in waits for, among all that may come.

    a request to this machine     ?code=…&state=…&iss=…      or    ?error=…&state=…
    a line that somebody pastes   http://localhost:PORT/auth/callback?code=…&state=…

Any page in any browser can send a request here. What does not name the state that only our own
request had is no answer: nobody could tell whose account it would sign in to. It ends nothing, and
waiting goes on.
"""

import enum
from collections.abc import Mapping
from hmac import compare_digest
from threading import Event, Lock
from urllib.parse import parse_qs

from keyless.safe_text import shown

CALLBACK = "/auth/callback"
LONGEST_ANSWER = 16 << 10
MOST_PARAMETERS = 32
# Ctrl-C does not end a wait on some systems: so each is short.
_MOMENT = 0.2
_KNOWN = ("code", "state", "iss", "error", "error_description")


class Verdict(enum.Enum):
    """What was made of something that may be the answer."""

    TAKEN = "this is the answer"
    UNREADABLE = "it cannot be read"
    NO_STATE = "it does not say which attempt to sign in it answers"
    WRONG_STATE = "it answers another attempt to sign in"
    SECOND = "the attempt to sign in that it answers has been answered already"
    OVER = "the attempt to sign in is over"


class Answers:
    """Waits for the answer to the attempt with this *state*; takes one, and no other.

    May be shared between threads.
    """

    def __init__(self, state: str) -> None:
        self._state = state.encode("utf-8")
        self._taking = Lock()
        self._taken = Event()
        self._answer: Mapping[str, str] = {}
        self._is_over = False
        self.strays = 0

    def offer(self, query: str) -> Verdict:
        """Take *query*, the part of an address after its `?`, if it is the answer."""
        said = _read(query)
        with self._taking:
            verdict = self._verdict(said)
            if said is not None and verdict is Verdict.TAKEN:
                self._answer = said
                self._taken.set()
            elif verdict is not Verdict.SECOND:
                self.strays += 1
        return verdict

    def wait(self, seconds: float) -> Mapping[str, str] | None:
        """Return the answer, or None if there is none after so many *seconds*."""
        while seconds > 0 and not self._taken.wait(min(_MOMENT, seconds)):
            seconds -= _MOMENT
        return self._answer if self._taken.is_set() else None

    def close(self) -> None:
        """Take no answer from now on."""
        with self._taking:
            self._is_over = True

    def _verdict(self, said: Mapping[str, str] | None) -> Verdict:
        if said is None:
            return Verdict.UNREADABLE
        if "state" not in said:
            return Verdict.NO_STATE
        # In time that does not depend on where they begin to differ.
        if not compare_digest(said["state"].encode("utf-8", "replace"), self._state):
            return Verdict.WRONG_STATE
        if self._taken.is_set():
            return Verdict.SECOND
        return Verdict.OVER if self._is_over else Verdict.TAKEN

    def __repr__(self) -> str:
        return "Answers()"


def pasted_query(text: str) -> str:
    """Return the part after its `?` of an address that somebody has pasted; it may stand alone."""
    before, mark, query = text.strip().strip("<>\"'").partition("?")
    return (query if mark else before).partition("#")[0]


def advice_on_pasted(verdict: Verdict) -> str:
    """Say to whoever pasted something what to do instead."""
    if verdict in (Verdict.NO_STATE, Verdict.UNREADABLE):
        return (
            "that is not it: paste the whole address at which the browser ended, from http to the "
            "last character; it has code= and state= in it"
        )
    return f"that is not it: {shown(verdict.value)}"


def _read(query: str) -> Mapping[str, str] | None:
    if len(query) > LONGEST_ANSWER:
        return None
    try:
        pairs = parse_qs(query, keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError:  # more parameters than that
        return None
    # One that stands there twice, two readers could understand differently (RFC 6749, 3.1).
    if any(len(pairs.get(name, ())) > 1 for name in _KNOWN):
        return None
    return {name: pairs[name][0] for name in _KNOWN if name in pairs}

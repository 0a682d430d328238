# SPDX-License-Identifier: Apache-2.0
"""Identities: asked when needed, again when expired, and never shown."""

import copy
import pickle
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from keyless.auth import Identity
from keyless.errors import InputError, LoginError, LoginFailure
from keyless.protocol.token import IdentityToken
from tests.protocol.test_token import ACTIONS, DEX, GITHUB, NOON, WORKFLOW, token_with

SECOND = timedelta(seconds=1)


def token(*, minute: int = 0, **changes: Any) -> str:
    """Write a token that lives for the given minute after noon."""
    start = int(NOON.timestamp()) + 60 * minute
    return token_with(**{"iat": start, "exp": start + 60, **changes})


def at(now: datetime) -> Callable[[], datetime]:
    """Make a clock that stands at *now*."""
    return lambda: now


class Source:
    """Gives tokens for one minute after the other, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> str:
        """Give the next one."""
        self.asked += 1
        return token(minute=self.asked - 1)


def test_a_source_is_not_asked_before_a_token_is_needed() -> None:
    """It may open a browser."""
    source = Source()
    me = Identity(source)
    assert (me.name, me.issuer, me.expires_at, repr(me)) == (
        None,
        None,
        None,
        "Identity(not asked yet)",
    )
    assert source.asked == 0


def test_a_token_is_used_until_it_expires() -> None:
    """The source is asked once a minute, whatever is signed in between."""
    source = Source()
    me = Identity(source)
    tokens = [me.token(clock=at(NOON + seconds * SECOND)).text for seconds in (0, 30, 57, 58, 90)]
    assert tokens == [*[token()] * 3, *[token(minute=1)] * 2]
    assert source.asked == 2


def test_threads_that_need_a_token_at_once_ask_for_one() -> None:
    """Somebody who signs in does so once."""
    source = Source()
    me = Identity(source)
    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(lambda _: me.token(clock=at(NOON)).text, range(64)))
    assert set(tokens) == {token()}
    assert source.asked == 1


def test_signing_in_may_take_longer_than_a_token_lives() -> None:
    """By the time the source answers, it is later than when it was asked."""
    now = [NOON]

    def source() -> str:
        now.append(NOON + 180 * SECOND)
        return token(minute=3)

    me = Identity(source)
    assert me.token(clock=lambda: now[-1]).text == token(minute=3)


def test_an_expired_token_is_told_if_there_is_no_other() -> None:
    """The error says until when it was valid."""
    me = Identity.from_token(token())
    with pytest.raises(LoginError, match=r"alice@example.com has expired: .* 12:01:00 UTC"):
        me.token(clock=at(NOON + 61 * SECOND))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"aud": "somebody-else"}, "is for somebody-else, not for sigstore"),
        ({"email_verified": False}, "has not verified the e-mail address"),
        ({"iat": int(NOON.timestamp()) + 90}, "is not valid yet"),
    ],
)
def test_a_token_that_will_be_refused_is_told_before_it_is_sent(
    changes: dict[str, Any], reason: str
) -> None:
    """The authority would not say why."""
    me = Identity.from_token(token(**changes))
    with pytest.raises(LoginError, match=reason):
        me.token(clock=at(NOON))


def test_a_token_may_be_for_another_audience() -> None:
    """A private authority can have a name of its own."""
    me = Identity.from_token(token(aud="fulcio.example"))
    assert me.token(clock=at(NOON), audience="fulcio.example").audience == ("fulcio.example",)


def test_an_identity_says_what_a_certificate_will() -> None:
    """The e-mail address, and with whom one signed in."""
    me = Identity.from_token(token())
    assert (me.name, me.issuer) == ("alice@example.com", GITHUB)
    assert me.expires_at == NOON + 60 * SECOND
    assert repr(me) == f"Identity(alice@example.com, vouched for by {GITHUB})"


def test_an_identity_says_how_long_it_is_good_for() -> None:
    """By this machine's clock: that noon is long past."""
    assert Identity(Source()).expires_in is None
    left = Identity.from_token(token()).expires_in
    assert left is not None
    assert left < timedelta()


def test_a_workflow_is_called_by_its_uri() -> None:
    """Which is what certificates call it."""
    text = token(iss=ACTIONS, job_workflow_ref=WORKFLOW, email=None, federated_claims=None)
    me = Identity.from_token(text)
    assert (me.name, me.issuer) == (f"https://github.com/{WORKFLOW}", ACTIONS)


def test_what_cannot_be_known_is_not_guessed() -> None:
    """What an authority makes of an unknown issuer's token is for it to decide."""
    me = Identity.from_token(token(email=None, federated_claims=None))
    assert (me.name, me.issuer) == (None, None)
    assert repr(me) == "Identity(CgVhbGljZQ)"


def test_a_file_is_read_again_when_its_token_has_expired(tmp_path: Path) -> None:
    """A token that a machine is given in a file is renewed there."""
    file = tmp_path / "token"
    file.write_text(f"{token()}\n")
    me = Identity.from_file(file)
    file.write_text(token(minute=1))
    assert me.token(clock=at(NOON)).text == token()
    assert me.token(clock=at(NOON + 60 * SECOND)).text == token(minute=1)


def test_an_environment_variable_is_read_again_when_its_token_has_expired(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever renews it there is heard."""
    monkeypatch.setenv("SIGSTORE_ID_TOKEN", token())
    me = Identity.from_environment()
    monkeypatch.setenv("SIGSTORE_ID_TOKEN", token(minute=1))
    assert me.token(clock=at(NOON)).text == token()
    assert me.token(clock=at(NOON + 60 * SECOND)).text == token(minute=1)


@pytest.mark.parametrize(("value", "reason"), [(None, "is unset"), (" ", "is empty")])
def test_an_environment_without_a_token_is_told(
    monkeypatch: pytest.MonkeyPatch, value: str | None, reason: str
) -> None:
    """At once, and with what to do."""
    monkeypatch.delenv("SIGSTORE_ID_TOKEN", raising=False)
    if value is not None:
        monkeypatch.setenv("SIGSTORE_ID_TOKEN", value)
    with pytest.raises(LoginError, match=f"SIGSTORE_ID_TOKEN {reason}"):
        Identity.from_environment()


def test_a_file_without_a_token_is_told(tmp_path: Path) -> None:
    """One that is not there, one that is empty, and one that is a folder."""
    with pytest.raises(InputError, match="there is no file"):
        Identity.from_file(tmp_path / "nowhere")
    (tmp_path / "empty").touch()
    with pytest.raises(LoginError, match="is empty, and holds no identity token"):
        Identity.from_file(tmp_path / "empty")
    with pytest.raises(InputError, match="is a folder"):
        Identity.from_file(tmp_path)


def test_a_file_with_something_else_is_told(tmp_path: Path) -> None:
    """Bytes of any kind are no token."""
    (tmp_path / "noise").write_bytes(b"\xff\x00.\xfe.\xfd")
    with pytest.raises(LoginError, match="not an identity token") as caught:
        Identity.from_file(tmp_path / "noise")
    assert caught.value.reason is LoginFailure.NO_TOKEN


def fail() -> str:
    """Be a source that breaks."""
    raise KeyError("ID_TOKEN")


def decline() -> str:
    """Be a source that has its own reasons."""
    raise LoginError("the user said no")


def nothing() -> Any:
    """Be a source that forgot to return."""


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (fail, "the source of identity tokens failed: KeyError"),
        (decline, "the user said no"),
        (nothing, "the source of identity tokens failed: TypeError"),
    ],
)
def test_a_source_that_fails_is_a_login_error(source: Callable[[], str], reason: str) -> None:
    """Nothing else escapes; what a stranger's code raised is kept as the cause."""
    with pytest.raises(LoginError, match=reason) as refusal:
        Identity(source).token(clock=at(NOON))
    assert isinstance(refusal.value.__cause__, (KeyError, TypeError, type(None)))


def test_a_source_that_fails_is_told_from_one_that_says_why() -> None:
    """By the reason."""
    reasons = []
    for source in (fail, decline):
        with pytest.raises(LoginError) as caught:
            Identity(source).reveal_token()
        reasons.append(caught.value.reason)
    assert reasons == [LoginFailure.SOURCE, LoginFailure.NO_IDENTITY]


def test_whoever_is_not_expected_is_refused() -> None:
    """Each time the source is asked: it may have become somebody else."""
    answers = iter([token(), token(minute=1, email="bob@example.com")])
    me = Identity(lambda: next(answers), expected="alice@example.com")
    assert me.token(clock=at(NOON)).email == "alice@example.com"
    with pytest.raises(LoginError, match="signed in as bob@") as caught:
        me.token(clock=at(NOON + 60 * SECOND))
    assert caught.value.reason is LoginFailure.UNEXPECTED_IDENTITY


def test_a_token_that_came_by_signing_in_is_used_first() -> None:
    """Nobody signs in twice for one signature; and it may be for a client of another name."""
    source, first = Source(), IdentityToken.parse(token(aud="a client"))
    me = Identity(source, first=first, audience="a client")
    assert me.token(clock=at(NOON)) is first
    assert me.name == "alice@example.com"
    assert source.asked == 0


def test_a_source_that_failed_is_asked_again() -> None:
    """A network may be back the next time."""
    answers: Iterator[str] = iter(["not a token", token()])
    me = Identity(lambda: next(answers))
    with pytest.raises(LoginError, match="not an identity token"):
        me.token(clock=at(NOON))
    assert me.token(clock=at(NOON)).text == token()


def test_a_token_is_revealed_to_who_asks_for_it_by_that_name() -> None:
    """There is one way out; it asks the source if nobody has."""
    source = Source()
    me = Identity(source)
    assert me.reveal_token() == me.reveal_token() == token()
    assert source.asked == 1


def test_nothing_shows_a_token() -> None:
    """Not the identity, its attributes, its pickle or its copy."""
    me = Identity.from_token(token())
    secret = token().rpartition(".")[2]
    assert secret not in f"{me} {me!r} {vars(me)}"
    with pytest.raises(TypeError, match="not pickled or copied"):
        pickle.dumps(me)
    with pytest.raises(TypeError, match="not pickled or copied"):
        copy.copy(me)


def frames_of(error: BaseException) -> str:
    """Show every local variable that *error*, and the errors that led to it, keep alive."""
    shown = []
    reason: BaseException | None = error
    while reason is not None:
        frames = traceback.TracebackException.from_exception(reason, capture_locals=True)
        shown += [str(frame.locals) for frame in frames.stack if "/tests/" not in frame.filename]
        reason = reason.__cause__ or reason.__context__
    return " ".join(shown)


@pytest.mark.parametrize("text", [token()[:-1] + "!", token(exp="never"), token(aud="x")])
def test_no_error_keeps_a_token(text: str) -> None:
    """Neither in its words nor in the variables of the calls that led to it."""
    me = Identity(lambda: text)
    with pytest.raises(LoginError) as refusal:
        me.token(clock=at(NOON))
    whole = f"{refusal.value} {refusal.value.hint} {frames_of(refusal.value)}"
    assert text.split(".")[2].rstrip("!") not in whole


def test_a_token_says_whose_it_is_and_no_more() -> None:
    """What is handed on to the authority's client is as silent."""
    one = Identity.from_token(token()).token(clock=at(NOON))
    assert isinstance(one, IdentityToken)
    assert repr(one) == f"IdentityToken(alice@example.com, by {DEX})"

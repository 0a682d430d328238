# SPDX-License-Identifier: Apache-2.0
"""Sessions in a keyring: kept, found, forgotten, and none where the keyring is not good enough."""

import os
import re
import secrets
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from keyring.backends.fail import Keyring as FailKeyring
from keyring.backends.null import Keyring as NullKeyring
from keyrings.alt import file

from keyless.auth.kept_session import MOST_SESSIONS, Session, SessionPlace
from keyless.auth.session_cache import SessionCache, kept_sessions, remove_sessions
from keyless.errors import ServiceError
from keyless.protocol.certificate import Certificate
from keyless.protocol.digest import Digest
from keyless.protocol.names import San
from keyless.protocol.signing_keys import SigningKey
from keyless.value import replace
from tests.auth.keyrings import (
    BrokenKeyring,
    ByteKeyring,
    ForgetfulKeyring,
    FullKeyring,
    HomemadeKeyring,
    ListKeyring,
    LockedKeyring,
    MemoryKeyring,
    ModestKeyring,
    OddKeyring,
    PlaintextKeyring,
    ReadOnlyKeyring,
    SilentKeyring,
    TinyKeyring,
    WindowsLikeKeyring,
    chained,
)
from tests.forge import GITHUB, GITHUB_CLAIMS, NOON, SECOND, Forge

PLACE = SessionPlace(
    authority="https://fulcio.example",
    issuer="https://oauth2.example/auth",
    client="sigstore",
    provider="github",
)
BOB = San(kind="e-mail", text="bob@example.com")
LIFE = timedelta(minutes=10)


@pytest.fixture(scope="module")
def forge() -> Forge:
    """One instance for all."""
    return Forge()


def session(forge: Forge, **changes: Any) -> Session:
    """Make a session from noon until ten past."""
    signer = forge.signer(**changes)
    assert isinstance(signer.certificate, Certificate)
    return Session(key=signer.key, certificate=signer.certificate)


@pytest.fixture
def alices(forge: Forge) -> Session:
    """A session of Alice's."""
    return session(forge)


class Told(list[str]):
    """What was told, sentence by sentence."""

    def __call__(self, sentence: str) -> None:
        """Tell."""
        self.append(sentence)


def cache(keyring: Any, place: SessionPlace = PLACE, told: Told | None = None) -> SessionCache:
    """Use *keyring*; where nothing is to be told, telling something fails the test."""
    return SessionCache(place, keyring, tell=pytest.fail if told is None else told)


def same(found: Session | None, kept: Session) -> bool:
    """Say whether the session that was found is the one that was kept."""
    return (
        found is not None
        and found.certificate == kept.certificate
        and found.key.to_pkcs8() == kept.key.to_pkcs8()
    )


@pytest.mark.parametrize("kind", [MemoryKeyring, WindowsLikeKeyring])
def test_what_is_kept_is_found_by_another(kind: type[MemoryKeyring], alices: Session) -> None:
    """By another process, that is, which has nothing but the keyring."""
    keyring = kind()
    assert cache(keyring).find(NOON) is None
    cache(keyring).keep(alices)
    again = cache(keyring)
    assert same(again.find(NOON), alices)
    assert again.certificate == alices.certificate


def test_a_large_certificate_fits_into_a_keyring_of_windows(forge: Forge) -> None:
    """In parts, each under a service of its own, as that keeps one secret of a service."""
    claims = replace(GITHUB_CLAIMS, run_invocation_uri="https://github.com/" + "r" * 2000)
    large = session(forge, names=[GITHUB], claims=claims)
    keyring = WindowsLikeKeyring()
    cache(keyring).keep(large)
    assert same(cache(keyring).find(NOON), large)
    parts = [name for name, _ in keyring.kept if PLACE.entry in name]
    assert len(parts) == len(set(parts)) >= 4


def test_what_was_longer_leaves_nothing(forge: Forge, alices: Session) -> None:
    """A smaller session in its place is all there is then."""
    claims = replace(GITHUB_CLAIMS, run_invocation_uri="https://github.com/" + "r" * 3000)
    keyring = MemoryKeyring()
    cache(keyring).keep(session(forge, names=[GITHUB], claims=claims))
    cache(keyring).keep(alices)
    fresh = MemoryKeyring()
    cache(fresh).keep(alices)
    assert keyring.kept.keys() == fresh.kept.keys()


def test_a_session_is_kept_until_a_minute_before_it_ends(alices: Session) -> None:
    """Then it is removed, to the last part."""
    keyring = MemoryKeyring()
    cache(keyring).keep(alices)
    assert cache(keyring).find(NOON + LIFE - 60 * SECOND) is not None
    assert cache(keyring).find(NOON + LIFE - 59 * SECOND) is None
    assert not [name for name, _ in keyring.kept if PLACE.entry in name]
    assert kept_sessions(NOON, keyring) == ()


def test_a_session_of_later_is_none(alices: Session) -> None:
    """The clock was set back, or somebody made it up."""
    keyring = MemoryKeyring()
    cache(keyring).keep(alices)
    assert cache(keyring).find(NOON - timedelta(minutes=2)) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"authority": "https://fulcio.other.example"},
        {"issuer": "https://oauth2.other.example/auth"},
        {"client": "other"},
        {"provider": "google"},
        {"provider": None},
        {"expected": "alice@example.com"},
    ],
)
def test_another_place_has_another_session(alices: Session, changes: Any) -> None:
    """Who is expected is part of it, as two people may share a machine."""
    keyring = MemoryKeyring()
    cache(keyring).keep(alices)
    assert cache(keyring, replace(PLACE, **changes)).find(NOON) is None
    assert cache(keyring).find(NOON) is not None


def test_the_name_of_an_entry_tells_nobody_anything() -> None:
    """And is told apart from one whose parts are divided otherwise."""
    assert re.fullmatch("[0-9a-f]{64}", PLACE.entry)
    one = SessionPlace(authority="a", issuer="b", client="c", provider="d")
    other = SessionPlace(authority="a", issuer="b", client="c", expected="d")
    assert one.entry != other.entry


def test_two_identities_are_kept_beside_each_other(forge: Forge, alices: Session) -> None:
    """And listed."""
    keyring = MemoryKeyring()
    bobs = session(forge, names=[BOB])
    cache(keyring, replace(PLACE, expected="alice@example.com")).keep(alices)
    cache(keyring, replace(PLACE, expected="bob@example.com")).keep(bobs)
    listed = kept_sessions(NOON, keyring)
    assert [each.identity for each in listed] == ["alice@example.com", "bob@example.com"]
    assert str(listed[1]) == (
        "bob@example.com, vouched for by https://accounts.google.com, until 2025-03-01 12:10:00 UTC"
    )
    assert same(cache(keyring, replace(PLACE, expected="bob@example.com")).find(NOON), bobs)


def test_signing_out_removes_them_all(forge: Forge, alices: Session) -> None:
    """Nothing of ours is left in the keyring."""
    keyring = MemoryKeyring()
    cache(keyring).keep(alices)
    cache(keyring, replace(PLACE, client="other")).keep(session(forge, names=[BOB]))
    assert remove_sessions(keyring) == 2
    assert keyring.kept == {}
    assert remove_sessions(keyring) == 0


def test_one_session_is_forgotten_and_the_others_stay(forge: Forge, alices: Session) -> None:
    """On the list as well."""
    keyring = MemoryKeyring()
    other = replace(PLACE, client="other")
    cache(keyring).keep(alices)
    cache(keyring, other).keep(session(forge, names=[BOB]))
    mine = cache(keyring)
    mine.find(NOON)
    mine.forget()
    assert mine.certificate is None
    assert cache(keyring).find(NOON) is None
    assert [each.entry for each in kept_sessions(NOON, keyring)] == [other.entry]


def test_what_has_ended_is_not_listed_and_goes(alices: Session) -> None:
    """Even if nobody looks for it where it is kept."""
    keyring = MemoryKeyring()
    cache(keyring).keep(alices)
    assert len(kept_sessions(NOON + LIFE, keyring)) == 1
    assert kept_sessions(NOON + LIFE + SECOND, keyring) == ()
    assert not [name for name, _ in keyring.kept if PLACE.entry in name]


def test_no_more_sessions_are_kept_than_can_be_listed(alices: Session) -> None:
    """The first of them go, and leave nothing."""
    keyring = MemoryKeyring()
    for number in range(MOST_SESSIONS + 2):
        cache(keyring, replace(PLACE, client=str(number))).keep(alices)
    assert len(kept_sessions(NOON, keyring)) == MOST_SESSIONS
    assert cache(keyring, replace(PLACE, client="1")).find(NOON) is None
    assert cache(keyring, replace(PLACE, client="2")).find(NOON) is not None
    assert remove_sessions(keyring) == MOST_SESSIONS
    assert keyring.kept == {}


@pytest.mark.parametrize(
    ("keyring", "why"),
    [
        (PlaintextKeyring(), "tests.auth.keyrings.PlaintextKeyring keeps secrets in plain text"),
        (HomemadeKeyring(), "tests.auth.keyrings.HomemadeKeyring keeps secrets in plain text"),
        (ModestKeyring(), "ModestKeyring is not recommended by its own library (priority 0.9)"),
        (OddKeyring(), "OddKeyring is not recommended by its own library (priority nan)"),
        (SilentKeyring(), "SilentKeyring has no priority"),
        (FailKeyring(), "there is no keyring here that keeps anything"),
        (NullKeyring(), "there is no keyring here that keeps anything"),
        (chained(PlaintextKeyring(), MemoryKeyring()), "PlaintextKeyring keeps secrets in plain"),
        (chained(), "there is no keyring here that keeps anything"),
    ],
)
def test_a_keyring_that_is_not_good_enough_is_refused_by_name(
    alices: Session, keyring: Any, why: str
) -> None:
    """For looking as for keeping, in one sentence; nothing is asked of it."""
    told = Told()
    cache(keyring, told=told).keep(alices)
    assert cache(keyring, told=told).find(NOON) is None
    assert [sentence.partition(": ")[0] for sentence in told] == [
        "no session is kept",
        "no session is used",
    ]
    assert all(why in sentence for sentence in told)
    for each in (keyring, *getattr(keyring, "backends", ())):
        assert not getattr(each, "asked", None)
    assert remove_sessions(keyring) == 0


def test_the_one_that_writes_a_file_is_refused(alices: Session, tmp_path: Path) -> None:
    """Whoever has installed `keyrings.alt` gets it without asking for it."""
    keyring = file.PlaintextKeyring()
    keyring.file_path = str(tmp_path / "keyring.cfg")
    told = Told()
    cache(keyring, told=told).keep(alices)
    (sentence,) = told
    assert sentence.endswith("keyrings.alt.file.PlaintextKeyring keeps secrets in plain text")
    assert not (tmp_path / "keyring.cfg").exists()


def test_of_a_chain_the_one_that_keeps_things_is_used(alices: Session) -> None:
    """Some are for reading alone, and go before it; one that is not good enough may come after."""
    good, bad = MemoryKeyring(), PlaintextKeyring()
    chain = chained(ReadOnlyKeyring(), good, bad)
    cache(chain).keep(alices)
    assert same(cache(chain).find(NOON), alices)
    assert good.kept
    assert not bad.asked


def test_a_chain_that_would_keep_things_in_a_bad_one_keeps_none(alices: Session) -> None:
    """What the good ones do not take is not handed on."""
    bad = PlaintextKeyring()
    told = Told()
    cache(chained(ReadOnlyKeyring(), bad), told=told).keep(alices)
    assert told == [
        "no session is kept: the keyring tests.auth.keyrings.ReadOnlyKeyring keeps nothing"
    ]
    assert not bad.asked


@pytest.mark.parametrize(
    ("keyring", "why"),
    [
        (LockedKeyring(), "LockedKeyring is locked"),
        (BrokenKeyring(), "BrokenKeyring failed (with an error of its own)"),
        (TinyKeyring(), "TinyKeyring failed (PasswordSetError)"),
        (FullKeyring(room=2), "FullKeyring failed (PasswordSetError)"),
        (ForgetfulKeyring(), "the keyring loses what is kept"),
        (ListKeyring(), "the keyring gives back something else"),
    ],
)
def test_a_keyring_that_fails_is_no_error(alices: Session, keyring: Any, why: str) -> None:
    """There is no session, and one sentence that says why, without what was to be kept."""
    told = Told()
    mine = cache(keyring, told=told)
    mine.keep(alices)
    mine.keep(alices)
    mine.find(NOON)
    mine.forget()
    assert len(told) == 1
    assert told[0].startswith("no session is kept: ")
    assert why in told[0]
    assert mine.certificate is None


def test_half_a_session_is_not_left_behind(forge: Forge) -> None:
    """A keyring that is full takes the first parts of a key, and then no more."""
    claims = replace(GITHUB_CLAIMS, run_invocation_uri="https://github.com/" + "r" * 2000)
    keyring = FullKeyring()
    told = Told()
    cache(keyring, told=told).keep(session(forge, names=[GITHUB], claims=claims))
    assert len(told) == 1
    assert not [name for name, _ in keyring.kept if PLACE.entry in name]


def test_signing_out_of_a_locked_keyring_is_an_error() -> None:
    """Whoever signs out must know that they have not."""
    with pytest.raises(ServiceError, match="LockedKeyring is locked") as caught:
        remove_sessions(LockedKeyring())
    assert caught.value.hint == "unlock it first"


def test_the_sessions_of_a_locked_keyring_are_none() -> None:
    """And it is told why."""
    told = Told()
    assert kept_sessions(NOON, LockedKeyring(), tell=told) == ()
    assert told == ["no session is kept: the keyring tests.auth.keyrings.LockedKeyring is locked"]


def entry_parts(keyring: MemoryKeyring) -> list[tuple[str, str]]:
    """List where the parts of the session are."""
    return [name for name in keyring.kept if PLACE.entry in name[0]]


def truncated(keyring: MemoryKeyring) -> None:
    """Lose the last part."""
    del keyring.kept[entry_parts(keyring)[-1]]


def mixed(keyring: MemoryKeyring) -> None:
    """Have a part of another text."""
    place = entry_parts(keyring)[-1]
    keyring.kept[place] = re.sub(":.{16}:", f":{secrets.token_hex(8)}:", keyring.kept[place])


def changed(keyring: MemoryKeyring) -> None:
    """Have a part with other content."""
    place = entry_parts(keyring)[0]
    keyring.kept[place] = keyring.kept[place][:-1] + "?"


def junk(keyring: MemoryKeyring) -> None:
    """Have something else."""
    keyring.kept[entry_parts(keyring)[0]] = "\ud800 hunter2"


def elsewhere(keyring: MemoryKeyring) -> None:
    """Have the session of another place there."""
    other = replace(PLACE, client="other")
    for (service, user), part in list(keyring.kept.items()):
        if other.entry in service:
            keyring.kept[service.replace(other.entry, PLACE.entry), user] = part


@pytest.mark.parametrize("damage", [truncated, mixed, changed, junk, elsewhere])
def test_what_is_damaged_is_ignored_and_removed(alices: Session, damage: Any) -> None:
    """Whoever damaged it."""
    keyring = MemoryKeyring()
    cache(keyring).keep(alices)
    cache(keyring, replace(PLACE, client="other")).keep(alices)
    damage(keyring)
    told = Told()
    assert cache(keyring, told=told).find(NOON) is None
    assert told == ["what was kept as a session is none, and was removed"]
    assert entry_parts(keyring) == []
    assert cache(keyring, replace(PLACE, client="other")).find(NOON) is not None


def test_a_certificate_of_another_key_is_no_session(alices: Session) -> None:
    """Nothing signed with the one would verify with the other."""
    keyring = MemoryKeyring()
    other = SigningKey.generate(alices.key.algorithm)
    cache(keyring).keep(Session(key=other, certificate=alices.certificate))
    told = Told()
    assert cache(keyring, told=told).find(NOON) is None
    assert len(told) == 1
    assert entry_parts(keyring) == []


def test_a_damaged_list_is_written_anew(alices: Session) -> None:
    """The sessions that were on it end by themselves."""
    keyring = MemoryKeyring()
    cache(keyring).keep(alices)
    keyring.kept["keyless:index:0", "keyless"] = "[]"
    assert kept_sessions(NOON, keyring) == ()
    cache(keyring).keep(alices)
    assert len(kept_sessions(NOON, keyring)) == 1


def test_a_list_names_nothing_but_sessions(alices: Session) -> None:
    """Else it could have other secrets removed: their names follow from what is on it."""
    keyring = MemoryKeyring()
    cache(keyring).keep(alices)
    keyring.kept["keyless:other:0", "keyless"] = "0/1:…:of something else"
    index = ("keyless:index:0", "keyless")
    text = b'{"sessions": [{"entry": "other"}]}'
    tag = Digest.of(text).hex[:16]
    keyring.kept[index] = f"0/1:{tag}:{text.decode()}"
    assert remove_sessions(keyring) == 0
    assert ("keyless:other:0", "keyless") in keyring.kept


def test_a_list_says_how_each_session_was_begun(alices: Session) -> None:
    """So that it is found again by whoever does not know."""
    keyring = MemoryKeyring()
    place = replace(PLACE, provider="github", expected="alice@example.com")
    SessionCache(place, keyring).keep(alices)
    (kept,) = kept_sessions(NOON, keyring)
    assert kept.place == place
    assert (kept.entry, kept.authority) == (place.entry, place.authority)


class Racing(MemoryKeyring):
    """Loses what is written to the list so many *times*, as if another process wrote it too."""

    times = 2

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep it, or not."""
        if service.startswith("keyless:index:") and self.times:
            self.times -= 1
            return
        super().set_password(service, username, password)


def test_a_list_that_another_process_writes_is_written_again(alices: Session) -> None:
    """What is not on it, signing out would leave."""
    keyring = Racing()
    cache(keyring).keep(alices)
    assert remove_sessions(keyring) == 1


def test_nothing_shows_a_key(alices: Session) -> None:
    """Not the session, not its cache, and not what the keyring's error keeps of it."""
    secret = alices.to_text(entry=PLACE.entry)
    keyring = TinyKeyring()
    mine = cache(keyring, told=Told())
    mine.keep(alices)
    shown = repr(alices) + repr(mine)
    assert not any(secret[at : at + 40] in shown for at in range(0, len(secret), 40))
    with pytest.raises(ServiceError) as caught:
        remove_sessions(LockedKeyring())
    assert caught.value.__context__ is caught.value.__cause__ is None


def test_no_token_is_ever_kept(alices: Session) -> None:
    """A key and its certificate, and who that is."""
    keyring = MemoryKeyring()
    cache(keyring).keep(alices)
    kept = "".join(keyring.kept.values())
    assert set(re.findall(r'"(\w+)":', kept)) <= {
        "entry",
        "key",
        "certificate",
        "sessions",
        "identity",
        "issuer",
        "authority",
        "client",
        "provider",
        "expected",
        "vouched_for_by",
        "expires_at",
    }


@pytest.mark.parametrize(
    ("backend", "words"),
    [
        ("no.such.module.Keyring", "cannot be used (ModuleNotFoundError)"),
        ("keyring.backends.null.Keyring", "there is no keyring here"),
    ],
)
def test_the_keyring_of_the_system_is_the_one_that_is_configured(
    tmp_path: Path, backend: str, words: str
) -> None:
    """It is looked for when it is used, in a process of its own as it stays the same in one."""
    script = (
        "from datetime import datetime, UTC\n"
        "import sys\n"
        "from keyless.auth.session_cache import SessionCache\n"
        "from keyless.auth.kept_session import SessionPlace\n"
        "cache = SessionCache(SessionPlace(authority='a', issuer='b', client='c'))\n"
        "assert 'keyring' not in sys.modules\n"
        "assert cache.find(datetime.now(UTC)) is None\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHON_KEYRING_BACKEND": backend, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.startswith("keyless: no session is used: ")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_a_back_end_gives_that_is_no_text_is_nothing() -> None:
    """It is other people's code."""
    assert cache(ByteKeyring()).find(NOON) is None


def test_what_is_kept_later_goes_before(forge: Forge, alices: Session) -> None:
    """There is one session in a place, and one on the list."""
    keyring = MemoryKeyring()
    cache(keyring).keep(alices)
    bobs = session(forge, names=[BOB])
    cache(keyring).keep(bobs)
    assert same(cache(keyring).find(NOON), bobs)
    assert len(kept_sessions(NOON, keyring)) == 1

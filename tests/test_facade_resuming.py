# SPDX-License-Identifier: Apache-2.0
"""Who signs where nobody brought a token: whose session is kept, and what becomes of it."""

import json
from collections.abc import Iterator

import keyring
import pytest

import keyless
from keyless.auth.contact import Contact
from keyless.auth.deadline import Deadline
from keyless.auth.kept_texts import KeptTexts
from keyless.auth.surroundings import Surroundings
from keyless.auth.wish import Scene, Wish
from keyless.errors import LoginFailure
from keyless.facade.resuming import who_signs
from keyless.sandbox import Sandbox
from tests.auth.keyrings import MemoryKeyring
from tests.auth.people import DESKTOP, Browser, Person
from tests.instances import NOON

ALICE = "alice@example.com"
NOBODY = Surroundings()


@pytest.fixture(autouse=True)
def kept() -> Iterator[MemoryKeyring]:
    """The keyring of the operating system."""
    before, memory = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


@pytest.fixture
def sandbox() -> Sandbox:
    """A sandbox at noon, in which Alice signs in."""
    sandbox = Sandbox(NOON)
    sandbox.issuer.approve(ALICE)
    return sandbox


def scene(sandbox: Sandbox, surroundings: Surroundings, person: Person) -> Scene:
    """Return where *person* sits, with a browser if there is anybody."""
    opens = Browser(sandbox) if surroundings.has_somebody else None
    return Scene(
        contact=Contact(tell=person, open_browser=opens),
        surroundings=surroundings,
        deadline=lambda: Deadline(20),
        environ={"KEYLESS_NOTICE": "off"},
    )


def remembered(sandbox: Sandbox) -> None:
    """Sign in, sign something, and have the session kept."""
    place = scene(sandbox, DESKTOP, Person())
    me = who_signs(sandbox.sigstore, Wish(provider="github"), scene=place, remember=True)
    keyless.sign(b"hello", me, sigstore=sandbox.sigstore)


def test_a_session_is_begun_by_the_first_signature(sandbox: Sandbox) -> None:
    """Until then nothing is public, and nothing is kept."""
    place = scene(sandbox, DESKTOP, Person())
    me = who_signs(sandbox.sigstore, Wish(), scene=place, remember=True)
    assert len(sandbox.core.ct_log.tree) == 0
    keyless.sign(b"hello", me, sigstore=sandbox.sigstore)
    assert len(sandbox.core.ct_log.tree) == 1
    again = who_signs(sandbox.sigstore, Wish(), scene=scene(sandbox, NOBODY, Person()))
    assert again.name == ALICE


def test_a_session_that_ends_meanwhile_has_nobody_guessed(sandbox: Sandbox) -> None:
    """Whoever is there signs in again; where nobody is, that is said."""
    remembered(sandbox)
    me = who_signs(sandbox.sigstore, Wish(), scene=scene(sandbox, NOBODY, Person()))
    with keyless.Signer(me, sigstore=sandbox.sigstore) as signer:
        signer.sign(b"in time")
        sandbox.wait(700)
        with pytest.raises(keyless.LoginError, match="nobody to sign as") as caught:
            signer.sign(b"too late")
    assert caught.value.reason is LoginFailure.NOBODY_THERE


def test_who_goes_on_after_that_is_the_same_person(sandbox: Sandbox) -> None:
    """Half a release by somebody else would be refused by whoever verifies it."""
    remembered(sandbox)
    me = who_signs(sandbox.sigstore, Wish(), scene=scene(sandbox, DESKTOP, Person()))
    with keyless.Signer(me, sigstore=sandbox.sigstore) as signer:
        sandbox.wait(700)
        sandbox.issuer.approve("bob@example.com")
        with pytest.raises(keyless.LoginError, match=f"not as {ALICE}"):
            signer.sign(b"too late")


def test_what_the_list_says_of_a_session_its_certificate_has_to_say(
    sandbox: Sandbox, kept: MemoryKeyring
) -> None:
    """Else whoever writes the list would choose who signs."""
    remembered(sandbox)
    texts = KeptTexts(kept)
    index = json.loads(texts.read("index") or "")
    index["sessions"][0]["identity"] = "carol@example.com"
    texts.write("index", json.dumps(index))
    with pytest.raises(keyless.LoginError, match="nobody to sign as"):
        who_signs(
            sandbox.sigstore,
            Wish(expected="carol@example.com"),
            scene=scene(sandbox, NOBODY, Person()),
        )
    assert keyless.sessions() == ()


def test_in_a_build_no_session_is_looked_for(sandbox: Sandbox, kept: MemoryKeyring) -> None:
    """A keyring there is nobody's."""
    remembered(sandbox)
    kept.asked.clear()
    with pytest.raises(keyless.LoginError, match="this is a build"):
        who_signs(
            sandbox.sigstore, Wish(), scene=scene(sandbox, Surroundings(in_ci=True), Person())
        )
    assert kept.asked == []

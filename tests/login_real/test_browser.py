# SPDX-License-Identifier: Apache-2.0
"""Signing in with Chromium at a certified OpenID provider, by what a person types and clicks."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

import keyless
from tests.cli.terminal import terminal
from tests.login_real.errand import Errand
from tests.login_real.places import (
    SECONDS,
    Place,
    Surfer,
    environ_for,
    instance,
    needs_browser,
    provider,
)

pytestmark = needs_browser

ALICE = "alice@example.com"
DEVICE_PAGES = {page: f"login-device-{page}" for page in ("code", "confirm", "end")}


@pytest.fixture(scope="module", name="place")
def _place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One for all."""
    with (
        provider() as issuer,
        instance(issuer, tmp_path_factory.mktemp("sandbox")) as place,
    ):
        yield place


@pytest.fixture(name="surfer")
def _surfer(tmp_path: Path) -> Iterator[Surfer]:
    surfer = Surfer(tmp_path)
    yield surfer
    left = surfer.left()
    surfer.close()
    assert not left, "a browser was left behind"


@pytest.fixture(name="artifact")
def _artifact(tmp_path: Path) -> Path:
    path = tmp_path / "app.txt"
    path.write_bytes(b"hello\n")
    return path


def command(
    place: Place, errand: Errand, *words: str, config: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `keyless` with *words*, by a browser on *errand*."""
    return subprocess.run(
        [sys.executable, "-m", "keyless", *words, "--trust-config", config or place.config],
        env=environ_for(errand, KEYLESS_NOTICE="off"),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_somebody_signs_in_and_what_they_sign_verifies(
    place: Place, surfer: Surfer, artifact: Path
) -> None:
    """With tokens that live for a minute, access tokens that mean nothing, and RFC 9207's iss."""
    errand = surfer.errand(who="alice", pages={"login": "login-provider"})
    done = command(place, errand, "sign", str(artifact), "--flow", "browser")
    assert done.returncode == 0, done.stderr
    assert f"signed in as {ALICE} (GitHub)" in done.stderr
    proof = keyless.verify(
        artifact, identity=ALICE, issuer="github", sigstore=place.served.sigstore
    )
    assert proof.signer.identity is not None
    end = surfer.outcome(errand)
    assert f"Signed in as {ALICE} (GitHub)" in end["text"]
    assert "You may close this tab" in end["text"]


def test_no_code_stays_in_the_address_of_the_last_page(place: Place, surfer: Surfer) -> None:
    """It could be photographed, or synchronised with other machines."""
    errand = surfer.errand(who="alice")
    assert command(place, errand, "login").returncode == 0
    assert re.fullmatch(r"http://localhost:[0-9]+/auth/done/[\w-]+", surfer.outcome(errand)["url"])


@pytest.mark.parametrize(("dark", "light"), [(False, True), (True, False)])
def test_the_last_page_is_as_light_or_dark_as_the_rest(
    place: Place, surfer: Surfer, *, dark: bool, light: bool
) -> None:
    """As the person has it."""
    errand = surfer.errand(
        who="alice", dark=dark, pages={"end": "login-signed-in-dark" if dark else "login-signed-in"}
    )
    assert command(place, errand, "login").returncode == 0
    channels = re.findall(r"[0-9]+", surfer.outcome(errand)["background"])
    assert (min(map(int, channels[:3])) > 200) is light


def test_who_cancels_is_told_in_the_browser_and_in_the_terminal(
    place: Place, surfer: Surfer
) -> None:
    """Both say the same, and what to do."""
    errand = surfer.errand(choice="cancel", pages={"end": "login-cancelled"})
    done = command(place, errand, "login")
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    (why,) = re.findall("keyless: error: (.*)", done.stderr)
    end = surfer.outcome(errand)
    assert end["text"].startswith("Not signed in") or "Not signed in" in end["text"]
    assert why[1:40] in end["text"]


def test_what_is_not_the_answer_is_told_and_waiting_goes_on(
    place: Place, surfer: Surfer, tmp_path: Path
) -> None:
    """As when somebody opens the page of an earlier attempt again."""
    words = ("login", "--flow", "browser", "--trust-config", place.config)
    with terminal(*words, folder=tmp_path) as window:
        url = window.wait_for(r"on this machine:\n(http\S+)\n")[1]
        (back,) = parse_qs(urlsplit(url).query)["redirect_uri"]
        stray = surfer.errand(pages={"end": "login-stray"})
        with surfer.browse(f"{back}?code=1&state=2", stray) as browsing:
            assert browsing.wait(SECONDS) == 0
        assert "This is not the sign-in that was started" in surfer.outcome(stray)["text"]
        errand = surfer.errand(who="alice")
        with surfer.browse(url, errand) as browsing:
            assert window.end() == 0
            assert browsing.wait(SECONDS) == 0
    assert f"Signed in as {ALICE}" in surfer.outcome(errand)["text"]


def test_the_wrong_account_is_told_before_anybody_else_sees_it(
    place: Place, surfer: Surfer
) -> None:
    """No certificate is asked for."""
    certified = len(place.sandbox.core.ct_log.tree)
    errand = surfer.errand(who="bob", pages={"end": "login-wrong-account"})
    done = command(place, errand, "login", "--expect", ALICE, "--remember")
    assert done.returncode == 3
    assert f"keyless: error: signed in as bob@example.com, not as {ALICE}" in done.stderr
    assert f"Signed in as bob@example.com, not as {ALICE}." in surfer.outcome(errand)["text"]
    assert len(place.sandbox.core.ct_log.tree) == certified


def test_an_address_that_nobody_verified_is_refused(place: Place, surfer: Surfer) -> None:
    """The authority would refuse it, and not say why."""
    errand = surfer.errand(who="nobody")
    done = command(place, errand, "login")
    assert done.returncode == 3
    assert "has not verified the e-mail address nobody@example.com" in done.stderr
    assert "has not verified" in surfer.outcome(errand)["text"]


def test_a_browser_that_knows_ipv6_alone_comes_back(place: Place, surfer: Surfer) -> None:
    """Both addresses of this machine are listened on."""
    if not Path("/proc/net/if_inet6").exists():
        pytest.skip("this machine has no IPv6")
    errand = surfer.errand(who="alice", ipv6=True)
    done = command(place, errand, "login")
    assert done.returncode == 0, done.stderr
    assert f"Signed in as {ALICE}" in surfer.outcome(errand)["text"]


def test_a_code_is_typed_in_on_another_device(
    place: Place, surfer: Surfer, artifact: Path, tmp_path: Path
) -> None:
    """The code stands in the terminal, and whoever types it in signs here."""
    words = ("sign", str(artifact), "--flow", "device", "--trust-config", place.config)
    with terminal(*words, folder=tmp_path, environ={"HOME": os.environ["HOME"]}) as window:
        shown = window.wait_for(r"type it in at (http\S+): (\S+)")
        errand = surfer.errand(who="alice", user_code=shown[2], pages=DEVICE_PAGES)
        with surfer.browse(shown[1], errand) as browsing:
            assert browsing.wait(SECONDS) == 0
        assert window.end() == 0
    assert "Success" in surfer.outcome(errand)["text"]
    keyless.verify(artifact, identity=ALICE, issuer="github", sigstore=place.served.sigstore)


def test_a_device_that_is_denied_is_told(place: Place, surfer: Surfer, tmp_path: Path) -> None:
    """By whoever had the code."""
    words = ("login", "--flow", "device", "--trust-config", place.config)
    with terminal(*words, folder=tmp_path) as window:
        shown = window.wait_for(r"type it in at (http\S+): (\S+)")
        errand = surfer.errand(choice="cancel", user_code=shown[2])
        with surfer.browse(shown[1], errand) as browsing:
            assert browsing.wait(SECONDS) == 0
        assert window.end() == 3
    assert "keyless: error: " in window.shown
    surfer.outcome(errand)


def test_ctrl_c_leaves_no_browser_behind(place: Place, surfer: Surfer, tmp_path: Path) -> None:
    """It is pressed while somebody is still typing their name."""
    errand = surfer.errand(choice="wait")
    words = ("login", "--trust-config", place.config)
    environ = environ_for(errand, KEYLESS_NOTICE="off")
    with terminal(*words, folder=tmp_path, environ=environ) as window:
        surfer.await_browser()
        window.interrupt()
        assert window.end() == 130
    surfer.await_end()


def test_a_sandbox_signs_people_in_with_a_browser(
    place: Place, surfer: Surfer, tmp_path: Path
) -> None:
    """As whoever tries it out is told to."""
    config = place.served.trust_config()
    errand = surfer.errand(who=ALICE, pages={"who-filled-in": "login-sandbox"})
    done = command(place, errand, "login", config=config)
    assert done.returncode == 0, done.stderr
    assert f"Signed in as {ALICE} (GitHub)" in surfer.outcome(errand)["text"]
    words = ("login", "--flow", "device", "--trust-config", config)
    with terminal(*words, folder=tmp_path) as window:
        page = window.wait_for(r"on any device:\n(http\S+)\n")[1]
        errand = surfer.errand(
            who=ALICE,
            pages={"who-filled-in": "login-sandbox-device", "end": "login-sandbox-device-done"},
        )
        with surfer.browse(page, errand) as browsing:
            assert browsing.wait(SECONDS) == 0
        assert window.end() == 0
    assert "Done" in surfer.outcome(errand)["text"]

# SPDX-License-Identifier: Apache-2.0
"""Which way to sign in follows from where this runs, and why."""

import io
import sys
import types
from typing import Any

import pytest

from keyless.auth.surroundings import (
    Surroundings,
    Way,
    choose_way,
    demanded_way,
    wanted_flow,
)
from keyless.errors import InputError, LoginError, LoginFailure

SSH = "an SSH connection in between"

# Where it is, whether the issuer knows devices, whether something reads: the way, and why.
PLACES: dict[str, tuple[Surroundings, bool, bool, Way, str]] = {
    "desktop": (
        Surroundings(has_display=True),
        True,
        True,
        "browser",
        "this machine has a display",
    ),
    "desktop, no devices": (Surroundings(has_display=True), False, False, "browser", "a display"),
    "SSH": (Surroundings(has_display=True, away=SSH), True, True, "device", SSH),
    "SSH, no devices": (Surroundings(away=SSH), False, True, "paste", f"{SSH}, and the issuer"),
    "SSH, with BROWSER": (
        Surroundings(away=SSH, names_browser=True),
        True,
        True,
        "browser",
        "BROWSER names one",
    ),
    "no display": (Surroundings(), True, False, "device", "there is no display here"),
    "notebook": (
        Surroundings(in_notebook=True, has_display=True),
        True,
        False,
        "device",
        "this is a notebook",
    ),
    "notebook, no devices": (
        Surroundings(in_notebook=True, has_display=True),
        False,
        False,
        "browser",
        "a display",
    ),
}


@pytest.mark.parametrize(
    ("surroundings", "devices", "reader", "way", "why"), PLACES.values(), ids=PLACES.keys()
)
def test_a_place_has_its_way(
    surroundings: Surroundings, devices: bool, reader: bool, way: Way, why: str
) -> None:
    """And it is said why."""
    choice = choose_way(surroundings, devices=devices, reader=reader)
    assert choice.way == way
    assert why in choice.why


def test_a_place_may_have_none() -> None:
    """Then nobody can sign in, and it is said what is missing."""
    with pytest.raises(LoginError, match="there is no display here, the issuer knows no") as caught:
        choose_way(Surroundings(), devices=False, reader=False)
    assert caught.value.reason is LoginFailure.NOBODY_THERE


@pytest.mark.parametrize("way", ["browser", "device", "paste"])
def test_what_was_asked_for_is_done(way: Way) -> None:
    """Wherever it is."""
    choice = demanded_way(way, devices=True, reader=True)
    assert (choice.way, choice.why) == (way, "as was asked for")


def test_what_cannot_be_done_is_told() -> None:
    """Devices that the issuer does not know, and lines that nothing reads."""
    reasons = []
    for way in ("device", "paste"):
        with pytest.raises(LoginError) as caught:
            demanded_way(way, devices=False, reader=False)  # type: ignore[arg-type]  # they are
        reasons.append(caught.value.reason)
    assert reasons == [LoginFailure.NOT_OFFERED, LoginFailure.NOBODY_THERE]


@pytest.mark.parametrize(
    ("flow", "environ", "wanted"),
    [
        ("auto", {}, "auto"),
        ("auto", {"KEYLESS_FLOW": "device"}, "device"),
        ("auto", {"KEYLESS_FLOW": ""}, "auto"),
        ("paste", {"KEYLESS_FLOW": "device"}, "paste"),
    ],
)
def test_the_environment_chooses_where_nobody_else_does(
    flow: str, environ: dict[str, str], wanted: str
) -> None:
    """Whoever says it in code means it."""
    assert wanted_flow(flow, environ) == wanted


def test_a_way_that_is_not_known_is_told() -> None:
    """With those that are, and where it was said."""
    with pytest.raises(InputError, match=r"called oob$") as caught:
        wanted_flow("oob", {})
    assert "auto, browser, device, ci, paste" in str(caught.value.hint)
    with pytest.raises(InputError, match="called oob, which KEYLESS_FLOW names"):
        wanted_flow("auto", {"KEYLESS_FLOW": "oob"})


LOOKS: dict[str, tuple[dict[str, str], str, dict[str, Any]]] = {
    "nothing": ({}, "linux", {"has_display": False, "names_browser": False, "in_ci": False}),
    "X": ({"DISPLAY": ":0"}, "linux", {"has_display": True}),
    "Wayland": ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", {"has_display": True}),
    "Windows": ({}, "win32", {"has_display": True}),
    "a Mac": ({}, "darwin", {"has_display": True}),
    "BROWSER": ({"BROWSER": "firefox"}, "linux", {"names_browser": True}),
    "SSH": ({"SSH_CONNECTION": "1 2 3 4"}, "linux", {"away": SSH}),
    "SSH, by its terminal": ({"SSH_TTY": "/dev/pts/0"}, "linux", {"away": SSH}),
    "a hub": ({"JUPYTERHUB_USER": "a"}, "linux", {"away": "a notebook server in between"}),
    "Kubernetes": ({"KUBERNETES_SERVICE_HOST": "1"}, "linux", {"away": "a container around this"}),
    "a build": ({"CI": "true"}, "linux", {"in_ci": True}),
    "no build": ({"CI": "false"}, "linux", {"in_ci": False}),
}


@pytest.mark.parametrize(("environ", "platform", "found"), LOOKS.values(), ids=LOOKS.keys())
def test_a_place_is_known_by_what_it_has(
    environ: dict[str, str], platform: str, found: dict[str, Any]
) -> None:
    """The environment, and the platform."""
    surroundings = Surroundings.look(environ, platform=platform)
    assert {name: getattr(surroundings, name) for name in found} == found


class Terminal(io.StringIO):
    """What somebody watches."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_a_terminal_is_one_if_both_ends_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody has to see what is asked, and be able to answer; and either may be closed."""
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert Surroundings.look({}).is_watching
    assert Surroundings.look({}).has_somebody
    closed = io.StringIO()
    closed.close()
    for stream in (io.StringIO(), None, closed):
        monkeypatch.setattr(sys, "stdin", stream)
        assert not Surroundings.look({}).is_watching


def test_a_notebook_is_known_by_its_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is in one has loaded it already; a terminal's IPython is none."""
    for name, found in (("ZMQInteractiveShell", True), ("TerminalInteractiveShell", False)):
        module = types.ModuleType("IPython")
        module.get_ipython = type(name, (), {})  # type: ignore[attr-defined]  # as it has
        monkeypatch.setitem(sys.modules, "IPython", module)
        assert Surroundings.look({}).in_notebook is found


def test_a_browser_may_be_opened_where_it_would_be_seen_somewhere() -> None:
    """Programs for terminals, that know no display, would take over this one."""
    assert not Surroundings().may_open_browser
    assert Surroundings(has_display=True, away=SSH).may_open_browser
    assert not Surroundings(has_display=True, away=SSH).can_open_browser

# SPDX-License-Identifier: Apache-2.0
"""Which registry is spoken to, and whether in the clear."""

from pathlib import Path

import pytest

from keyless.errors import ImageNotFound, InputError
from keyless.protocol.oci import ImageReference
from keyless.services.http.hosts import is_loopback
from keyless.services.registry_credentials import anonymous
from keyless.services.registry_opening import open_registry
from keyless.services.registry_options import RegistryOptions
from tests.services.transports import Scripted, answered


def asked(name: str, *, insecure: bool | tuple[str, ...] = False) -> str:
    """Return where somebody is asked about the image *name*."""
    transport = Scripted(answered(404))
    options = RegistryOptions(credentials=anonymous, insecure=insecure)
    image = ImageReference.parse(name)
    registry = open_registry(image, transport=transport, options=options)
    with pytest.raises(ImageNotFound):
        registry.resolve(image.reference)
    return transport.asked[0].url


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("nginx", "https://index.docker.io/v2/library/nginx/manifests/latest"),
        ("ghcr.io/me/app:v1", "https://ghcr.io/v2/me/app/manifests/v1"),
        ("registry.lan:5000/app", "https://registry.lan:5000/v2/app/manifests/latest"),
        ("10.0.0.1/app", "https://10.0.0.1/v2/app/manifests/latest"),
        ("localhost:5000/app", "http://localhost:5000/v2/app/manifests/latest"),
        ("127.0.0.2/app", "http://127.0.0.2/v2/app/manifests/latest"),
        ("[::1]:5000/app", "http://[::1]:5000/v2/app/manifests/latest"),
    ],
)
def test_only_this_machine_is_spoken_to_in_the_clear(name: str, where: str) -> None:
    """On the way to any other, somebody may listen."""
    assert asked(name) == where


def test_others_are_spoken_to_in_the_clear_where_that_is_wanted() -> None:
    """By name."""
    assert asked("registry.lan/app", insecure=True).startswith("http://registry.lan/")
    named = ("registry.lan", "registry.lan:5000")
    assert asked("registry.lan:5000/app", insecure=named).startswith("http://registry.lan:5000/")


def test_where_one_is_named_no_other_is_spoken_to_in_the_clear() -> None:
    """What is copied from a registry elsewhere may need a password there."""
    assert asked("ghcr.io/app", insecure=("registry.lan",)).startswith("https://ghcr.io/")
    assert asked("registry.lan:1/app", insecure=("registry.lan",)).startswith("https://")


def test_an_authority_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Before anybody is asked."""
    options = RegistryOptions(ca=str(tmp_path / "none.pem"))
    with pytest.raises(InputError, match=r"no file .*none\.pem"):
        open_registry(ImageReference.parse("a.test/b"), transport=Scripted(), options=options)


def test_an_authority_for_what_is_said_in_the_clear_makes_no_sense(tmp_path: Path) -> None:
    """Whoever asks for both means one of them."""
    ca = tmp_path / "ca.pem"
    ca.touch()
    options = RegistryOptions(ca=str(ca), insecure=True)
    with pytest.raises(InputError, match="not both"):
        open_registry(ImageReference.parse("a.test/b"), transport=Scripted(), options=options)


@pytest.mark.parametrize(
    ("host", "is_this_machine"),
    [
        ("localhost", True),
        ("app.localhost", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("localhost.evil.test", False),
        ("127.0.0.1.evil.test", False),
        ("10.0.0.1", False),
    ],
)
def test_this_machine_is_known_by_its_names(host: str, is_this_machine: bool) -> None:
    """And by its addresses."""
    assert is_loopback(host) is is_this_machine

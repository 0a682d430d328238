# SPDX-License-Identifier: Apache-2.0
"""A sandbox whose authority takes another issuer's tokens as well, as of one that is tried out."""

import pytest

import keyless
from keyless.sandbox import Sandbox
from keyless.sandbox.instance_core import InstanceUrls
from keyless.services.client import PUBLIC_CLIENT
from keyless.services.oidc import OpenIdIssuer
from tests.instances import NOON

URL = "https://oauth.other.sandbox.test"


@pytest.fixture
def other() -> Sandbox:
    """Somebody else's sandbox, of which the issuer is used."""
    return Sandbox(NOON, urls=InstanceUrls(issuer=URL))


@pytest.fixture
def sandbox(other: Sandbox) -> Sandbox:
    """A sandbox that takes its tokens."""
    sandbox = Sandbox(NOON)
    sandbox.issuer.accept(
        OpenIdIssuer.discover(
            URL, other.transport, client=PUBLIC_CLIENT, clock=lambda: sandbox.clock.now
        )
    )
    return sandbox


def test_who_is_vouched_for_elsewhere_signs(other: Sandbox, sandbox: Sandbox) -> None:
    """The certificate says who has asked them."""
    signed = keyless.sign(
        b"hello",
        keyless.Identity.from_token(other.token("alice@example.com", connector=None)),
        sigstore=sandbox.sigstore,
    )
    keyless.verify(
        b"hello", signed, identity="alice@example.com", issuer=URL, sigstore=sandbox.sigstore
    )


def test_a_token_that_the_other_never_signed_is_refused(other: Sandbox, sandbox: Sandbox) -> None:
    """Its own keys count, and no others."""
    token = other.token("alice@example.com", connector=None)
    other.issuer.rotate()
    with pytest.raises(keyless.ServiceError, match="processing the identity token"):
        keyless.sign(b"hello", keyless.Identity.from_token(token), sigstore=sandbox.sigstore)


def test_without_that_nobody_elsewhere_counts(other: Sandbox) -> None:
    """A sandbox believes its own issuer."""
    token = other.token("alice@example.com", connector=None)
    with pytest.raises(keyless.KeylessError):
        keyless.sign(b"hello", keyless.Identity.from_token(token), sigstore=Sandbox(NOON).sigstore)

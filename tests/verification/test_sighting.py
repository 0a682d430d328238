# SPDX-License-Identifier: Apache-2.0
"""Whom an entry seems to be of, and who issued its certificate: a reason to look, no verdict."""

import pytest

from keyless.policy import SignedBy, SignedByKey
from keyless.protocol.certificate import Certificate
from keyless.protocol.claims import Claims
from keyless.protocol.keys import algorithm_named
from keyless.protocol.names import San
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.trusted_root import TrustedRoot
from keyless.sandbox.certificate_authority import P256
from keyless.sandbox.instance_core import InstanceCore
from keyless.verification.memory import CertificateMemory
from keyless.verification.sighting import issuing_authority, would_accept

ISSUER = "https://accounts.google.com"
ALICE = San(kind="e-mail", text="alice@example.com")
MALLORY = San(kind="e-mail", text="mallory@example.com")
HERS = SignedBy(ALICE.text, issuer=ISSUER)


@pytest.fixture(scope="module")
def core() -> InstanceCore:
    """An instance, whose authority issues certificates."""
    return InstanceCore()


def certificate(core: InstanceCore, *sans: San) -> Certificate:
    """Return a certificate for whomever, which no certificate log has seen."""
    authority = core.authority
    key = SigningKey.generate(P256).public
    return authority.sign(authority.template(key, sans, Claims(issuer=ISSUER)), scts=[])


def test_a_policy_is_asked_whom_a_certificate_names(core: InstanceCore) -> None:
    """As if it were genuine."""
    assert would_accept(HERS, certificate(core, ALICE))
    assert not would_accept(HERS, certificate(core, MALLORY))


def test_each_of_several_names_counts(core: InstanceCore) -> None:
    """Other programs accept a certificate for any of them."""
    assert would_accept(HERS, certificate(core, MALLORY, ALICE))
    assert not would_accept(HERS, certificate(core, MALLORY, MALLORY))


def test_nobody_is_named_in_a_certificate_without_a_name(core: InstanceCore) -> None:
    """There is nothing to accept."""
    assert not would_accept(HERS, certificate(core))


def test_a_policy_is_asked_about_a_key() -> None:
    """As entries without a certificate have one."""
    key = SigningKey.generate(algorithm_named("PKIX_ED25519")).public
    assert would_accept(SignedByKey(key), key)
    assert not would_accept(HERS, key)


def test_who_issued_a_certificate_is_told(core: InstanceCore) -> None:
    """Whether or not a certificate log has seen it: who was issued one unseen wants to know."""
    root = TrustedRoot.parse(core.trusted_root_json())
    assert (
        issuing_authority(certificate(core, ALICE), root, CertificateMemory()) == core.authority.url
    )


def test_what_nobody_issued_is_told(core: InstanceCore) -> None:
    """Anybody can write a name into a certificate, and have it logged."""
    root = TrustedRoot.parse(core.trusted_root_json())
    forged = certificate(InstanceCore(), ALICE)
    assert issuing_authority(forged, root, CertificateMemory()) is None


def test_what_is_remembered_of_one_certificate_is_true_of_no_other(core: InstanceCore) -> None:
    """Of entries under the same one it is verified once; what another root trusts, it trusts."""
    root, elsewhere = (
        TrustedRoot.parse(each.trusted_root_json()) for each in (core, InstanceCore())
    )
    memory, genuine = CertificateMemory(), certificate(core, ALICE)
    found = [issuing_authority(genuine, each, memory) for each in (root, root, elsewhere)]
    assert found == [core.authority.url, core.authority.url, None]
    assert issuing_authority(certificate(InstanceCore(), ALICE), root, memory) is None

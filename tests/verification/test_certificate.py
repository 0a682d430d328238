# SPDX-License-Identifier: Apache-2.0
"""A certificate that has just been issued is judged by itself, before anything is signed."""

import pytest

from keyless.errors import Check
from keyless.evidence import VerifiedSigner
from keyless.policy import Requirements
from keyless.protocol.certificate import Certificate
from keyless.verification import verify_certificate
from tests.forge import ALICE, GOOGLE, NOON, SECOND, Forge
from tests.refusals import refused


@pytest.fixture(scope="module")
def forge() -> Forge:
    """One instance for all."""
    return Forge()


def certified(forge: Forge, *, scts: list[bytes] | None = None) -> Certificate:
    """Have Alice certified at noon."""
    certificate = forge.signer(scts=scts).certificate
    assert certificate is not None
    return certificate


def judged(forge: Forge, certificate: Certificate, *, seconds: float = 0) -> VerifiedSigner:
    """Judge *certificate* some *seconds* after noon."""
    root = forge.trusted_root()
    return verify_certificate(certificate, at=NOON + seconds * SECOND, trusted_root=root)


@pytest.mark.parametrize("seconds", [0, 60, 600])
def test_a_certificate_says_whose_key_it_is_as_long_as_it_lives(
    forge: Forge, seconds: float
) -> None:
    """From its first second to its last; the evidence names the signer and the log."""
    certificate = certified(forge)
    signer = judged(forge, certificate, seconds=seconds)
    assert (signer.key, signer.identity) == (certificate.key, ALICE)
    assert signer.issuer == GOOGLE.issuer
    assert [sct.log for sct in signer.scts] == ["ct.sandbox.test"]


@pytest.mark.parametrize("seconds", [-0.001, 600.001])
def test_a_certificate_says_nothing_at_another_time(forge: Forge, seconds: float) -> None:
    """Before its first second and after its last it vouches for nobody."""
    with refused(Check.CHAIN):
        judged(forge, certified(forge), seconds=seconds)


def test_a_certificate_of_another_instance_is_refused(forge: Forge) -> None:
    """An authority of the same name is not the same authority."""
    with refused(Check.CHAIN):
        judged(forge, certified(Forge(others=0)))


def test_a_certificate_that_no_log_has_seen_is_refused(forge: Forge) -> None:
    """An authority could issue it in secret; only who says so does without."""
    unseen = certified(forge, scts=[])
    with refused(Check.SCT):
        judged(forge, unseen)
    verify_certificate(
        unseen, at=NOON, trusted_root=forge.trusted_root(), requirements=Requirements(scts=0)
    )

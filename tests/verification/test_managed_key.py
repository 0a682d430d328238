# SPDX-License-Identifier: Apache-2.0
"""Bundles without a certificate: the key must be one that the caller named."""

import pytest

from keyless.errors import Check, PolicyError
from keyless.policy import Policy, SignedByKey
from keyless.protocol.bundle import KeyHint
from keyless.value import replace
from tests.forge import BY_ALICE, Forge, Signer, managed
from tests.refusals import refused


@pytest.fixture(scope="module")
def forge() -> Forge:
    """One instance for all."""
    return Forge()


SIGNER = managed()


def any_of(*signers: Signer) -> Policy:
    """Accept whichever of *signers* it was."""
    policy: Policy = SignedByKey(signers[0].key.public)
    for each in signers[1:]:
        policy |= SignedByKey(each.key.public)
    return policy


def test_no_key_was_named(forge: Forge) -> None:
    """A policy about names cannot say whose bare key it is."""
    with refused(Check.KEY, "carries no certificate") as refusal:
        forge.verify(forge.bundle(signer=SIGNER), policy=BY_ALICE)
    assert refusal.value.wanted == "a certificate"


@pytest.mark.parametrize("log", [1, 2])
def test_another_key_was_named(forge: Forge, log: int) -> None:
    """The one key that is trusted did not make the signature."""
    with refused(Check.SIGNATURE, "^the signature "):
        forge.verify(forge.bundle(signer=SIGNER, log=log), policy=any_of(managed()))


@pytest.mark.parametrize("hint", ["", "the release key"])
def test_several_other_keys_were_named(forge: Forge, hint: str) -> None:
    """Each was tried; the refusal shows the hint, and that it helped nobody."""
    bundle = replace(forge.bundle(signer=SIGNER), material=KeyHint(hint=hint))
    with refused(Check.KEY, "carries no certificate") as refusal:
        forge.verify(bundle, policy=any_of(managed(), managed()))
    assert refusal.value.found == f"a key with the hint {hint or '(none)'}"
    assert refusal.value.wanted == "one of 2 trusted keys"


def test_a_hint_at_another_trusted_key(forge: Forge) -> None:
    """A hint that leads to the wrong one of two is no reason to try the other: it was altered."""
    other = managed()
    hinted = replace(forge.bundle(signer=SIGNER), material=other.material)
    with refused(Check.SIGNATURE, "^the signature "):
        forge.verify(hinted, policy=any_of(SIGNER, other))


def test_the_key_of_a_certificate_is_no_key_of_ones_own(forge: Forge) -> None:
    """A certificate's key is judged with its certificate, also by a policy that names the key."""
    signer = forge.signer()
    bundle = forge.bundle(signer=signer)
    forge.verify(bundle, policy=SignedByKey(signer.key.public))
    with pytest.raises(PolicyError) as refusal:
        forge.verify(bundle, policy=any_of(managed()))
    assert refusal.value.check is Check.POLICY


def test_a_certificate_taken_away(forge: Forge) -> None:
    """The log has the certificate, so a bundle that shows the bare key shows another signer."""
    signer = forge.signer()
    content = forge.message(signer)
    entry = forge.logged(signer, content)
    bare = Signer(key=signer.key)
    bundle = forge.bundle(signer=bare, content=content, entries=[entry])
    with refused(Check.ENTRY, "records another signer"):
        forge.verify(bundle, policy=any_of(bare))


def test_another_bare_key_in_the_log(forge: Forge) -> None:
    """Compared byte for byte."""
    content = forge.message(SIGNER)
    entry = forge.logged(managed(), content)
    with refused(Check.ENTRY, "records another signer"):
        forge.verify(
            forge.bundle(signer=SIGNER, content=content, entries=[entry]), policy=any_of(SIGNER)
        )


def test_a_timestamp_that_is_there_must_hold(forge: Forge) -> None:
    """A bare key needs no time, but what is said is not to be false."""
    bundle = forge.bundle(signer=SIGNER, timestamps=[forge.timestamp(forge.message(SIGNER))])
    with refused(Check.TIMESTAMP, "was made for something else"):
        forge.verify(bundle, policy=any_of(SIGNER))

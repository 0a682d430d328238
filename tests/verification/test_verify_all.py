# SPDX-License-Identifier: Apache-2.0
"""Several bundles for one artifact: as many different signers as the quorum asks for."""

import pytest

from keyless.errors import Check, PolicyError
from keyless.evidence import Verified
from keyless.policy import Quorum, SignedBy, SignedByKey
from keyless.protocol.bundle import Bundle
from keyless.protocol.names import San
from keyless.value import replace
from keyless.verification import verify_all
from tests.forge import ARTIFACT, Forge, managed

ALICE, BOB, CAROL = (
    SignedBy(f"{name}@example.com", issuer="google") for name in ("alice", "bob", "carol")
)


@pytest.fixture(scope="module")
def forge() -> Forge:
    """One instance for all."""
    return Forge()


def by(forge: Forge, name: str, artifact: bytes = ARTIFACT) -> Bundle:
    """Have the person called *name* sign *artifact*."""
    signer = forge.signer(
        names=[San(kind="e-mail", text=f"{name}@example.com")], algorithm=ALGORITHMS[name]
    )
    return forge.bundle(signer=signer, content=forge.message(signer, artifact))


# The forge keeps one key for each algorithm; these people are to have each their own.
ALGORITHMS = {
    "alice": "PKIX_ECDSA_P256_SHA_256",
    "bob": "PKIX_ECDSA_P384_SHA_384",
    "carol": "PKIX_ECDSA_P384_SHA_256",
    "mallory": "PKIX_ECDSA_P521_SHA_512",
}


def verified(forge: Forge, quorum: Quorum, *bundles: Bundle) -> tuple[Verified, ...]:
    """Verify *bundles* as one release."""
    return verify_all(bundles, ARTIFACT, trusted_root=forge.trusted_root(), quorum=quorum)


def names(proofs: tuple[Verified, ...]) -> list[str]:
    """Return who signed, in the order of the proofs."""
    return [proof.signer.identity.text.split("@")[0] for proof in proofs if proof.signer.identity]


def test_two_of_three_are_enough(forge: Forge) -> None:
    """Their proofs come in the order of the policies, whatever that of the bundles."""
    proofs = verified(forge, Quorum(2, ALICE, BOB, CAROL), by(forge, "carol"), by(forge, "alice"))
    assert names(proofs) == ["alice", "carol"]


def test_one_of_two_is_not_enough(forge: Forge) -> None:
    """The refusal names who is missing."""
    with pytest.raises(PolicyError, match=r"1 of the 2 signers wanted; missing: bob@") as refusal:
        verified(forge, Quorum(2, ALICE, BOB), by(forge, "alice"))
    assert refusal.value.check is Check.POLICY


def test_one_signer_twice_is_one_signer(forge: Forge) -> None:
    """However many bundles they made."""
    with pytest.raises(PolicyError, match="1 of the 2 signers wanted"):
        verified(forge, Quorum(2, ALICE, BOB), by(forge, "alice"), by(forge, "alice"))


def test_a_bundle_that_does_not_hold_counts_for_nothing(forge: Forge) -> None:
    """The others do; if they are too few, the refusal says why it did not."""
    altered = replace(by(forge, "bob"), entries=())
    alice, carol = by(forge, "alice"), by(forge, "carol")
    quorum = Quorum(2, ALICE, BOB, CAROL)
    assert names(verified(forge, quorum, altered, alice, carol)) == ["alice", "carol"]
    with pytest.raises(PolicyError) as refusal:
        verified(forge, quorum, alice, altered)
    assert "bundle 2: no transparency log vouches" in str(refusal.value.hint)


def test_a_bundle_of_another_artifact_counts_for_nothing(forge: Forge) -> None:
    """All sign one thing."""
    with pytest.raises(PolicyError) as refusal:
        verified(forge, Quorum(2, ALICE, BOB), by(forge, "alice"), by(forge, "bob", b"another"))
    assert "bundle 2: the bundle is for another artifact" in str(refusal.value.hint)


def test_a_bundle_that_cannot_be_read_to_its_end_counts_for_nothing(forge: Forge) -> None:
    """A statement that is none is found so only when its signature holds: nobody else suffers."""
    signer = forge.signer(algorithm=ALGORITHMS["bob"])
    malformed = forge.bundle(signer=signer, content=forge.envelope(signer, {"_type": "none"}))
    alice, carol = by(forge, "alice"), by(forge, "carol")
    quorum = Quorum(2, ALICE, BOB, CAROL)
    assert names(verified(forge, quorum, malformed, alice, carol)) == ["alice", "carol"]
    with pytest.raises(PolicyError) as refusal:
        verified(forge, quorum, alice, malformed)
    assert "bundle 2: $._type" in str(refusal.value.hint)


def test_somebody_nobody_asked_for_does_no_harm(forge: Forge) -> None:
    """And helps nobody."""
    quorum = Quorum(2, ALICE, BOB)
    mallory = by(forge, "mallory")
    proofs = verified(forge, quorum, mallory, by(forge, "alice"), by(forge, "bob"))
    assert names(proofs) == ["alice", "bob"]
    with pytest.raises(PolicyError, match="missing: bob@"):
        verified(forge, quorum, mallory, by(forge, "alice"))


def test_no_bundle_at_all_is_nobody(forge: Forge) -> None:
    """The refusal does not blame any bundle."""
    with pytest.raises(PolicyError, match="0 of the 1 signers wanted") as refusal:
        verified(forge, Quorum(1, ALICE))
    assert refusal.value.found == "no signature that holds"


def test_a_key_may_be_one_of_several_signers(forge: Forge) -> None:
    """A person and a machine with a key of its own."""
    machine = managed()
    quorum = Quorum(2, ALICE, SignedByKey(machine.key.public))
    proofs = verified(forge, quorum, forge.bundle(signer=machine), by(forge, "alice"))
    assert [proof.signer.key for proof in proofs][1] == machine.key.public
    assert names(proofs) == ["alice"]

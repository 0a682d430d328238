# SPDX-License-Identifier: Apache-2.0
"""Quorums: as many policies as possible find a signer of their own."""

import pickle

import pytest

from keyless.errors import Check, InputError, PolicyError
from keyless.evidence import VerifiedSigner
from keyless.policy import Glob, Quorum, SignedBy, SignedByKey
from tests.policy.signers import GITHUB, GOOGLE, bare_key, person, public_key

ALICE, BOB, CAROL = (
    SignedBy(f"{name}@example.com", issuer="google") for name in ("alice", "bob", "carol")
)
TEAM = SignedBy(Glob("*@example.com"), issuer="google")


def missing(quorum: Quorum, *signers: VerifiedSigner) -> PolicyError:
    """Return how *quorum* refuses *signers*."""
    with pytest.raises(PolicyError) as caught:
        quorum.match(signers)
    return caught.value


@pytest.mark.parametrize(
    ("names", "positions"),
    [
        (("alice", "bob"), (0, 1)),
        (("bob", "alice"), (1, 0)),
        (("mallory", "carol", "alice"), (2, 1)),
        (("alice", "bob", "carol"), (0, 1, 2)),
    ],
)
def test_enough_different_signers_are_found(
    names: tuple[str, ...], positions: tuple[int, ...]
) -> None:
    """They are given in the order of their policies; strangers are passed over."""
    assert Quorum(2, ALICE, BOB, CAROL).match([person(name) for name in names]) == positions


def test_the_missing_are_named_and_the_found_are_not() -> None:
    """Of three, one signed where two were wanted."""
    error = missing(Quorum(2, ALICE, BOB, CAROL), person("bob"))
    assert error.check is Check.POLICY
    assert error.message == (
        f"1 of the 2 signers wanted; missing: {ALICE.description}; {CAROL.description}"
    )
    assert error.found == str(person("bob"))
    assert error.wanted == Quorum(2, ALICE, BOB, CAROL).description
    assert error.hint is None


def test_no_signature_at_all_is_said() -> None:
    """An empty list is a refusal as any other."""
    assert missing(Quorum(1, ALICE)).found == "no signature that holds"


def test_the_same_person_counts_once() -> None:
    """Two signatures under one name, with two certificates, are one signer's."""
    error = missing(Quorum(2, TEAM, TEAM), person("alice", key="1"), person("alice", key="2"))
    assert error.message.startswith("1 of the 2 signers wanted")
    assert error.hint == "whoever signed more than once counts once"


def test_two_of_a_group_are_two_of_its_members() -> None:
    """One policy named twice wants two people."""
    assert Quorum(2, TEAM, TEAM).match([person("alice"), person("alice"), person("bob")]) == (0, 2)


def test_a_name_under_another_issuer_is_another_person() -> None:
    """Who is alice at one issuer need not be alice at another."""
    both = SignedBy("alice@example.com", issuer=Glob("**"))
    signers = [person("alice", issuer=GOOGLE), person("alice", issuer=GITHUB, key="github's")]
    assert Quorum(2, both, both).match(signers) == (0, 1)


def test_one_key_is_one_signer_whatever_it_is_called() -> None:
    """A certificate for a key that also signs by itself does not make it two."""
    quorum = Quorum(2, ALICE, SignedByKey(public_key("release")))
    missing(quorum, person("alice", key="release"), bare_key("release"))
    assert quorum.match([person("alice"), bare_key("release")]) == (0, 1)


def test_names_joined_by_a_key_met_later_are_one_person() -> None:
    """Two strangers turn out to be one when a third signature has the name of the one and the
    key of the other.
    """
    signers = [person("alice"), person("bob", key="shared"), person("alice", key="shared")]
    missing(Quorum(2, ALICE, BOB), *signers)


def test_keys_are_signers() -> None:
    """A quorum may be of keys alone."""
    keys = [SignedByKey(public_key(name)) for name in ("one", "two", "three")]
    assert Quorum(2, *keys).match([bare_key("three"), bare_key("one")]) == (1, 0)


def test_a_policy_that_has_the_choice_leaves_the_only_one_to_another() -> None:
    """Taking the first that fits would miss a matching that exists."""
    assert Quorum(2, TEAM, ALICE).match([person("alice"), person("bob")]) == (1, 0)


def test_a_policy_about_the_certificate_finds_the_right_signature() -> None:
    """Of two signatures by one person, the one that the policy accepts is given."""
    key = SignedByKey(public_key("second"))
    signers = [person("alice", key="first"), person("alice", key="second")]
    assert Quorum(1, ALICE & key).match(signers) == (1,)


@pytest.mark.parametrize("count", [0, -1, True, 1.5, None])
def test_a_quorum_of_none_cannot_be_made(count: object) -> None:
    """A count below one would accept anything."""
    with pytest.raises(InputError, match="a quorum of"):
        Quorum(count, ALICE)  # type: ignore[arg-type]  # that is the test


def test_a_quorum_that_cannot_be_met_cannot_be_made() -> None:
    """Three of two is a slip."""
    with pytest.raises(InputError, match="a quorum of 3 cannot be met by 2 policies"):
        Quorum(3, ALICE, BOB)


def test_a_quorum_needs_policies() -> None:
    """Of nobody, there is no quorum."""
    with pytest.raises(InputError, match="no policy was given"):
        Quorum(1)


def test_a_quorum_trusts_the_keys_of_its_policies() -> None:
    """A verifier asks which keys might have signed a bundle without a certificate."""
    assert Quorum(1, ALICE, SignedByKey(public_key("k"))).keys == (public_key("k"),)


def test_a_quorum_is_a_value() -> None:
    """It can be compared, hashed, sent to another process, and read."""
    quorum = Quorum(2, ALICE, BOB)
    assert {pickle.loads(pickle.dumps(quorum))} == {quorum}
    assert repr(quorum) == f"Quorum(2, {ALICE!r}, {BOB!r})"

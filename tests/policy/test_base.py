# SPDX-License-Identifier: Apache-2.0
"""Policies joined: any of them, all of them, and none of them by accident."""

import pickle

import pytest

import keyless.policy
from keyless.errors import Check, InputError, PolicyError
from keyless.evidence import VerifiedSigner
from keyless.policy import AllOf, AnyOf, Policy, Quorum, SignedBy, SignedByKey, UnsafeAnySigner
from tests.policy.signers import bare_key, person, public_key

ALICE, BOB, CAROL = (
    SignedBy(f"{name}@example.com", issuer="google") for name in ("alice", "bob", "carol")
)
BY_KEY = SignedByKey(public_key("release"))


def refusal(policy: Policy, who: VerifiedSigner) -> PolicyError:
    """Return how *policy* refuses *who*."""
    with pytest.raises(PolicyError) as caught:
        policy.check(who)
    return caught.value


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_any_of_several_will_do(name: str) -> None:
    """One policy that accepts is enough, whichever it is."""
    (ALICE | BOB).check(person(name))


def test_none_of_several_is_refused_with_every_reason() -> None:
    """Each policy says why it refused; who signed is said once."""
    error = refusal(ALICE | BOB, person("mallory"))
    assert error.check is Check.POLICY
    assert error.message == (
        f"signed by {person('mallory')}: not by {ALICE.description}; not by {BOB.description}"
    )
    assert error.found == str(person("mallory"))
    assert error.wanted == f"{ALICE.description}, or {BOB.description}"


def test_hints_of_several_are_kept_and_not_repeated() -> None:
    """One that is the same for all is given once."""
    assert refusal(ALICE | BOB, person("mallory")).hint == refusal(ALICE, person("mallory")).hint
    both = str(refusal(ALICE | BOB, person("Alice")).hint)
    assert "upper and lower case" in both
    assert "somebody else" in both


def test_all_of_several_is_about_one_signer() -> None:
    """The name and the key must be the same signer's."""
    (ALICE & BY_KEY).check(person("alice", key="release"))


@pytest.mark.parametrize(
    ("who", "reasons"),
    [
        (person("alice", key="other"), 1),
        (person("bob", key="release"), 1),
        (person("bob", key="other"), 2),
    ],
    ids=["another key", "another name", "both"],
)
def test_all_of_several_refuses_with_the_reasons_there_are(
    who: VerifiedSigner, reasons: int
) -> None:
    """Only those that refuse are heard."""
    error = refusal(ALICE & BY_KEY, who)
    assert error.message.count("not by") == reasons
    assert error.wanted == f"{ALICE.description}, and also {BY_KEY.description}"


def test_a_refusal_without_hints_has_none() -> None:
    """A policy of somebody's own may have nothing to add."""

    class Nobody(Policy):
        """Accepts nobody."""

        description = "nobody"

        def check(self, signer: VerifiedSigner) -> None:
            """Refuse."""
            raise PolicyError("nobody will do", found=str(signer))

    assert refusal(AllOf(Nobody()), person("alice")).hint is None
    error = refusal(Nobody() | Nobody(), person("alice"))
    assert error.message == f"signed by {person('alice')}: nobody will do"


def test_choices_of_choices_are_one_choice() -> None:
    """Operators chain without nesting."""
    assert (ALICE | BOB) | CAROL == ALICE | (BOB | CAROL) == AnyOf(ALICE, BOB, CAROL)
    assert AllOf(ALICE, BOB, CAROL) == (ALICE & BOB) & CAROL


def test_what_is_nested_is_described_in_brackets() -> None:
    """One sees what belongs together."""
    nested = (ALICE & BY_KEY) | BOB
    assert nested.description == (
        f"({ALICE.description}, and also {BY_KEY.description}), or {BOB.description}"
    )
    assert AnyOf(AllOf(ALICE)).description == ALICE.description


def test_joined_policies_trust_the_keys_of_their_parts_once() -> None:
    """A key behind an operator is still found, and not twice."""
    other = SignedByKey(public_key("other"))
    assert (BY_KEY | ALICE | other | (BY_KEY & BOB)).keys == (*BY_KEY.keys, *other.keys)
    assert (BY_KEY & ALICE).keys == BY_KEY.keys


def test_a_key_alone_does_not_pass_where_a_name_is_wanted_too() -> None:
    """Trusting the key in one branch does not open the other."""
    assert "no certificate" in str(refusal(BY_KEY & ALICE, bare_key("release")).hint)


@pytest.mark.parametrize("join", [AnyOf, AllOf])
def test_nothing_cannot_be_joined(join: type[AnyOf | AllOf]) -> None:
    """All of no policies would accept everyone."""
    with pytest.raises(InputError, match="no policy was given"):
        join()


@pytest.mark.parametrize(
    "other", ["alice@example.com", None, Quorum(1, BOB)], ids=["text", "nothing", "quorum"]
)
def test_only_policies_about_one_signer_can_be_joined(other: object) -> None:
    """A quorum is about several signers, and text is about none."""
    with pytest.raises(InputError, match="is not a policy about one signer"):
        ALICE | other  # type: ignore[operator]  # that is the test


@pytest.mark.parametrize("policy", [ALICE | BY_KEY, ALICE & BY_KEY, UnsafeAnySigner()], ids=repr)
def test_joined_policies_are_values(policy: Policy) -> None:
    """They can be compared, hashed, and sent to another process."""
    assert {pickle.loads(pickle.dumps(policy))} == {policy}


def test_joined_policies_are_written_as_they_are_typed() -> None:
    """A representation could be pasted back."""
    assert repr(ALICE | BOB) == f"AnyOf({ALICE!r}, {BOB!r})"
    assert repr(ALICE & BOB) == f"AllOf({ALICE!r}, {BOB!r})"
    assert repr(UnsafeAnySigner()) == "UnsafeAnySigner()"


def test_accepting_anyone_is_called_unsafe() -> None:
    """It accepts, says so, trusts no key, and does not come with a star import."""
    UnsafeAnySigner().check(person("mallory"))
    assert "unsafe" in UnsafeAnySigner().description
    assert UnsafeAnySigner().keys == ()
    assert "UnsafeAnySigner" not in keyless.policy.__all__

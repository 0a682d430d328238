# SPDX-License-Identifier: Apache-2.0
"""How many different signers, each fitting a policy of its own."""

from collections.abc import Mapping, Sequence

from keyless.errors import InputError, PolicyError
from keyless.evidence import VerifiedSigner
from keyless.policy.assignment import assigned
from keyless.policy.base import Policy, all_keys, demand_policies
from keyless.protocol.keys import PublicKey
from keyless.safe_text import shown
from keyless.value import value


@value
class Quorum:
    """At least *count* of *policies*, each met by a signer that meets no other of them.

    Not itself a policy: a policy judges one signer, and a quorum is about several of them. Signers
    are different when neither name (issuer and identity) nor key is the same. To want any two of a
    group, name the group twice: `Quorum(2, team, team)`.
    """

    count: int
    policies: tuple[Policy, ...]

    def __init__(self, count: int, *policies: Policy) -> None:
        demand_policies(policies)
        _demand_count(count)
        if count > len(policies):
            raise InputError(
                f"a quorum of {count} cannot be met by {len(policies)} policies, one signer each"
            )
        self.__dict__.update(count=count, policies=policies)

    def match(self, signers: Sequence[VerifiedSigner]) -> tuple[int, ...]:
        """Find a signer of its own for as many policies as possible.

        Returns the positions in *signers* of those found, in the order of their policies. Refuses
        fewer than *count*, naming the policies that found none.
        """
        people = _people(signers)
        accepted = [self._accepted(policy, signers, people) for policy in self.policies]
        found = assigned(accepted)
        if len(found) < self.count:
            raise self._refusal(found, signers, len(set(people)))
        return tuple(accepted[policy][person] for policy, person in sorted(found.items()))

    @property
    def description(self) -> str:
        """Who is wanted, in words."""
        wanted = "; ".join(policy.description for policy in self.policies)
        return f"{self.count} different signers, one for each policy, of: {wanted}"

    @property
    def keys(self) -> tuple[PublicKey, ...]:
        """The keys that any of the policies trusts by themselves."""
        return all_keys(self.policies)

    def _accepted(
        self, policy: Policy, signers: Sequence[VerifiedSigner], people: Sequence[int]
    ) -> dict[int, int]:
        """Return whom *policy* accepts: each person, and the first of their signatures it does."""
        accepted: dict[int, int] = {}
        for position, (signer, person) in enumerate(zip(signers, people, strict=True)):
            if person not in accepted and _accepts(policy, signer):
                accepted[person] = position
        return accepted

    def _refusal(
        self, found: Mapping[int, int], signers: Sequence[VerifiedSigner], people: int
    ) -> PolicyError:
        missing = "; ".join(
            policy.description
            for position, policy in enumerate(self.policies)
            if position not in found
        )
        once = "whoever signed more than once counts once" if people < len(signers) else None
        return PolicyError(
            f"{len(found)} of the {self.count} signers wanted; missing: {missing}",
            found="; ".join(dict.fromkeys(map(str, signers))) or "no signature that holds",
            wanted=self.description,
            hint=once,
        )

    def __repr__(self) -> str:
        return f"Quorum({', '.join(map(repr, (self.count, *self.policies)))})"


def _demand_count(count: object) -> None:
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise InputError(
            f"a quorum of {shown(count)} is none",
            hint="as in Quorum(2, alice, bob, carol): any two of the three",
        )


def _accepts(policy: Policy, signer: VerifiedSigner) -> bool:
    try:
        policy.check(signer)
    except PolicyError:
        return False
    return True


def _people(signers: Sequence[VerifiedSigner]) -> list[int]:
    """Give each signer the number of a person: two that share a name or a key are one."""
    known: dict[object, int] = {}
    people: list[int] = []
    for number, signer in enumerate(signers):
        marks = _marks(signer)
        same = {known[mark] for mark in marks if mark in known}
        people.append(number)
        # This signature may show that two people met so far are one.
        people = [number if person in same else person for person in people]
        known = {mark: number if person in same else person for mark, person in known.items()}
        known.update(dict.fromkeys(marks, number))
    return people


def _marks(signer: VerifiedSigner) -> tuple[object, ...]:
    """Return what a person is known by."""
    if signer.identity is None:
        return (signer.key,)
    return signer.key, (signer.issuer, signer.identity.text)

# SPDX-License-Identifier: Apache-2.0
"""What a policy is, and how policies are joined."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from keyless.errors import InputError, PolicyError
from keyless.evidence import VerifiedSigner
from keyless.protocol.keys import PublicKey
from keyless.value import value


class Policy(ABC):
    """Who may have signed. Judges one signer; `|` and `&` join two policies about that signer.

    A subclass of your own needs `check` and `description`.
    """

    @abstractmethod
    def check(self, signer: VerifiedSigner) -> None:
        """Refuse with PolicyError a *signer* who is not the one wanted."""

    @property
    @abstractmethod
    def description(self) -> str:
        """Who is wanted, in words."""

    @property
    def keys(self) -> tuple[PublicKey, ...]:
        """The keys this policy trusts by themselves; a bundle without certificate needs one."""
        return ()

    def __or__(self, other: "Policy") -> "AnyOf":
        return AnyOf(self, other)

    def __and__(self, other: "Policy") -> "AllOf":
        return AllOf(self, other)


@value
class AnyOf(Policy):
    """A signer whom at least one of *policies* accepts."""

    policies: tuple[Policy, ...]

    def __init__(self, *policies: Policy) -> None:
        demand_policies(policies)
        self.__dict__.update(policies=_flattened(policies, AnyOf))

    def check(self, signer: VerifiedSigner) -> None:
        """Refuse a *signer* whom every one of the policies refuses; say each one's reason."""
        refusals = []
        for policy in self.policies:
            try:
                policy.check(signer)
            except PolicyError as error:
                refusals.append(error)
            else:
                return
        raise _joined(refusals, signer, self.description)

    @property
    def description(self) -> str:
        """Who is wanted, in words."""
        return ", or ".join(_nested(policy) for policy in self.policies)

    @property
    def keys(self) -> tuple[PublicKey, ...]:
        """The keys that any of the policies trusts by themselves."""
        return all_keys(self.policies)

    def __repr__(self) -> str:
        return f"AnyOf({', '.join(map(repr, self.policies))})"


@value
class AllOf(Policy):
    """A signer whom every one of *policies* accepts: one signer, fitting them all."""

    policies: tuple[Policy, ...]

    def __init__(self, *policies: Policy) -> None:
        demand_policies(policies)
        self.__dict__.update(policies=_flattened(policies, AllOf))

    def check(self, signer: VerifiedSigner) -> None:
        """Refuse a *signer* whom one of the policies refuses; say the reason of each that does."""
        refusals = []
        for policy in self.policies:
            try:
                policy.check(signer)
            except PolicyError as error:
                refusals.append(error)
        if refusals:
            raise _joined(refusals, signer, self.description)

    @property
    def description(self) -> str:
        """Who is wanted, in words."""
        return ", and also ".join(_nested(policy) for policy in self.policies)

    @property
    def keys(self) -> tuple[PublicKey, ...]:
        """The keys that any of the policies trusts by themselves; the others judge them too."""
        return all_keys(self.policies)

    def __repr__(self) -> str:
        return f"AllOf({', '.join(map(repr, self.policies))})"


@value
class UnsafeAnySigner(Policy):
    """Anybody at all who holds a certificate: proves that *someone* signed, and not who.

    Only for showing what a bundle holds. Whoever decides by it has decided nothing.
    """

    def check(self, signer: VerifiedSigner) -> None:
        """Accept *signer*, whoever it is."""

    @property
    def description(self) -> str:
        """Who is wanted, in words."""
        return "anybody at all (unsafe: this does not say who signed)"


def demand_policies(policies: Sequence[object]) -> None:
    """Refuse an empty list of policies, and what is no policy."""
    if not policies:
        raise InputError(
            "no policy was given", hint="say who may have signed: nothing stands for anybody"
        )
    for policy in policies:
        if not isinstance(policy, Policy):
            raise InputError(
                f"{type(policy).__name__} is not a policy about one signer",
                hint='policies are SignedBy("me@example.com", issuer="google") and the like',
            )


def all_keys(policies: Sequence[Policy]) -> tuple[PublicKey, ...]:
    """Return each key that one of *policies* trusts by itself, once."""
    return tuple(dict.fromkeys(key for policy in policies for key in policy.keys))


def _flattened(policies: Sequence[Policy], kind: type[AnyOf | AllOf]) -> tuple[Policy, ...]:
    """Take `(a | b) | c` for what it means: one choice of three."""
    flat: list[Policy] = []
    for policy in policies:
        flat.extend(policy.policies if isinstance(policy, kind) else (policy,))
    return tuple(flat)


def _nested(policy: Policy) -> str:
    joined = isinstance(policy, AnyOf | AllOf) and len(policy.policies) > 1
    return f"({policy.description})" if joined else policy.description


def _joined(refusals: Sequence[PolicyError], signer: VerifiedSigner, wanted: str) -> PolicyError:
    """Return one refusal for all of *refusals*, which says only once who signed."""
    who = f"signed by {signer}"
    reasons = dict.fromkeys(it.message.removeprefix(who).lstrip(",: ") for it in refusals)
    hints = dict.fromkeys(it.hint for it in refusals if it.hint)
    return PolicyError(
        f"{who}: {'; '.join(reasons)}",
        found=str(signer),
        wanted=wanted,
        hint="; ".join(hints) or None,
    )

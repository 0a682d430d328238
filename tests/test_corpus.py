# SPDX-License-Identifier: Apache-2.0
"""Sixty bundles of real CPython releases: accepted for their signers, for nobody and never else."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from keyless.errors import Check, PolicyError, VerificationError
from keyless.evidence import Verified
from keyless.policy import SignedBy
from keyless.protocol.bundle import Bundle
from keyless.protocol.trusted_root import TrustedRoot
from keyless.protocol.window import Window
from keyless.value import replace
from keyless.verification import verify
from tests.cases import Case, corpus, parametrized

CASES = corpus()
SECOND = timedelta(seconds=1)
WINDOWS = {
    "authorities": Check.CHAIN,
    "ct_logs": Check.SCT,
    "logs": Check.LOG,
    "timestamp_authorities": Check.TIMESTAMP,
}


@parametrized(CASES)
def test_a_release_is_accepted_for_who_signed_it(case: Case) -> None:
    """The identity and issuer that the release notes name are found, logged and dated."""
    proof = case.outcome()
    assert isinstance(proof, Verified)
    assert isinstance(case.policy, SignedBy)
    assert case.policy.check(proof.signer) is None
    assert proof.entries
    assert proof.signed_at is not None


@parametrized(CASES)
@pytest.mark.parametrize("other", ["mallory@example.com", "identity"])
def test_a_release_is_refused_for_anybody_else(case: Case, other: str) -> None:
    """Another identity, and another issuer for the same identity, are refused by the policy."""
    signer = _verified(case, case.trusted_root).signer
    assert signer.identity is not None
    policy = (
        SignedBy(signer.identity.text, issuer="https://issuer.example")
        if other == "identity"
        else SignedBy(other, issuer=str(signer.issuer))
    )
    with pytest.raises(PolicyError) as refusal:
        verify(
            Bundle.parse(case.bundle),
            case.artifact,
            trusted_root=case.trusted_root,
            policy=policy,
        )
    assert signer.identity.text in str(refusal.value.found)


@parametrized(CASES)
@pytest.mark.parametrize(("part", "check"), WINDOWS.items(), ids=WINDOWS)
@pytest.mark.parametrize("end", ["before", "after"])
def test_a_release_is_refused_outside_any_window(
    case: Case, part: str, check: Check, end: str
) -> None:
    """Whatever vouches for it (CA, CT log, log, TSA) must have been trusted at that very time."""
    proof = _verified(case, case.trusted_root)
    times = _times(proof, part)
    if not times:
        assert part == "timestamp_authorities"  # these bundles carry no timestamp
        return
    window = (
        Window(start=max(times) + SECOND)
        if end == "after"
        else Window(start=min(times) - timedelta(days=999), end=min(times) - SECOND)
    )
    with pytest.raises(VerificationError) as refusal:
        _verified(case, _with_windows(case.trusted_root, part, lambda _: window))
    assert refusal.value.check is check


@parametrized(CASES)
@pytest.mark.parametrize("part", WINDOWS)
def test_a_release_is_accepted_at_the_very_ends_of_a_window(case: Case, part: str) -> None:
    """A window includes the moment it starts and the moment it ends."""
    proof = _verified(case, case.trusted_root)
    times = _times(proof, part)
    if not times:
        assert part == "timestamp_authorities"  # these bundles carry no timestamp
        return
    exact = _with_windows(
        case.trusted_root, part, lambda _: Window(start=min(times), end=max(times))
    )
    assert _verified(case, exact).signer == proof.signer


def _verified(case: Case, trusted_root: TrustedRoot) -> Verified:
    return verify(
        Bundle.parse(case.bundle), case.artifact, trusted_root=trusted_root, policy=case.policy
    )


def _times(proof: Verified, part: str) -> list[datetime]:
    match part:
        case "ct_logs":
            return [sct.at for sct in proof.signer.scts]
        case "timestamp_authorities":
            return [time.at for time in proof.times if time.kind == "timestamp authority"]
        case "logs":
            return [time.at for time in proof.times if time.kind == "transparency log"]
        case _:
            return [time.at for time in proof.times]


def _with_windows(
    trusted_root: TrustedRoot, part: str, window: Callable[[Any], Window]
) -> TrustedRoot:
    moved = tuple(replace(one, window=window(one)) for one in getattr(trusted_root, part))
    return replace(trusted_root, **{part: moved})

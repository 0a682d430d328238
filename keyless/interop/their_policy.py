# SPDX-License-Identifier: Apache-2.0
"""Policies, as sigstore-python can be asked them: names in full, and all of a policy or nothing.

A policy that said less over there than it does here would make its verdict look like one on ours.
"""

from collections.abc import Sequence

from cryptography.x509 import Certificate
from sigstore.verify import policy as theirs
from sigstore.verify.policy import VerificationPolicy

from keyless.policy import (
    AllOf,
    AnyOf,
    GitHubWorkflow,
    GitLabPipeline,
    Policy,
    SignedBy,
    UnsafeAnySigner,
)
from keyless.policy.issuers import GITHUB_ACTIONS, GITLAB

_GITHUB = "https://github.com/"


class Anybody:
    """Asks nothing. Their own such policy also writes to the log that it is unsafe."""

    def verify(self, cert: Certificate) -> None:
        """Accept *cert*."""


def their_policy(policy: Policy) -> VerificationPolicy | None:
    """Return what asks just what *policy* asks, or None if nothing of theirs does."""
    same: VerificationPolicy | None = None
    match policy:
        case SignedBy(identity=str() as identity, issuer=str() as issuer):
            same = theirs.Identity(identity=identity, issuer=issuer)
        case AnyOf() if choices := _all(policy.policies):
            same = theirs.AnyOf(choices)
        case AllOf() if demands := _all(policy.policies):
            same = theirs.AllOf(demands)
        case GitHubWorkflow():
            same = _github(policy)
        case GitLabPipeline():
            same = _gitlab(policy)
        case UnsafeAnySigner():
            same = Anybody()
        case _:
            pass
    return same


def _all(policies: Sequence[Policy]) -> list[VerificationPolicy]:
    """Return the same as all of *policies*, or nothing if one of them has no equal."""
    translated = [their_policy(policy) for policy in policies]
    known = [policy for policy in translated if policy is not None]
    return known if len(known) == len(translated) else []


def _github(policy: GitHubWorkflow) -> VerificationPolicy | None:
    """Ask for a workflow of the repository's own, named in full; the rest has no equal there."""
    match policy:
        case GitHubWorkflow(
            repository=str() as repository,
            file=str() as file,
            ref=str() as ref,
            signer=None,
            environment=None,
            trigger=None | str() as trigger,
        ):
            source = f"{_GITHUB}{repository}"
            return theirs.AllOf(
                [
                    theirs.Identity(
                        identity=f"{source}/.github/workflows/{file}@{ref}", issuer=GITHUB_ACTIONS
                    ),
                    theirs.OIDCSourceRepositoryURI(source),
                    theirs.OIDCSourceRepositoryRef(ref),
                    *_claims(trigger, policy.sha, policy.repository_id, policy.owner_id),
                ]
            )
        case _:
            return None


def _gitlab(policy: GitLabPipeline) -> VerificationPolicy | None:
    """Ask for a pipeline of the project's own, named in full; the rest has no equal there."""
    match policy:
        case GitLabPipeline(
            project=str() as project,
            host=host,
            file=str() as file,
            ref=str() as ref,
            signer=None,
            environment=None,
            trigger=None | str() as trigger,
        ):
            # As for ours, the public Fulcio writes gitlab.com in front of every GitLab's projects.
            homes = dict.fromkeys((host, GITLAB))
            return theirs.AllOf(
                [
                    theirs.Identity(identity=f"{host}/{project}//{file}@{ref}", issuer=host),
                    theirs.AnyOf(
                        [theirs.OIDCSourceRepositoryURI(f"{home}/{project}") for home in homes]
                    ),
                    theirs.OIDCSourceRepositoryRef(ref),
                    *_claims(trigger, policy.sha, policy.project_id, policy.namespace_id),
                ]
            )
        case _:
            return None


def _claims(
    trigger: str | None, sha: str | None, repository: str | None, owner: str | None
) -> list[VerificationPolicy]:
    asked = (
        (theirs.OIDCBuildTrigger, trigger),
        (theirs.OIDCSourceRepositoryDigest, sha),
        (theirs.OIDCSourceRepositoryIdentifier, repository),
        (theirs.OIDCSourceRepositoryOwnerIdentifier, owner),
    )
    return [ask(wanted) for ask, wanted in asked if wanted is not None]

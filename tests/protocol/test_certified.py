# SPDX-License-Identifier: Apache-2.0
"""What a certificate will say, told from the token."""

from typing import Any

import pytest

from keyless.protocol.certified import certified_claims
from keyless.protocol.claims import Claims
from keyless.protocol.token import IdentityToken
from keyless.value import replace
from tests.forge import GITHUB_CLAIMS, GITLAB_CLAIMS
from tests.protocol.test_token import token_with

SHA = "0123456789abcdef0123456789abcdef01234567"
WORKFLOW = "org/app/.github/workflows/release.yml@refs/tags/v1.2"
ON_GITHUB = {
    "iss": "https://token.actions.githubusercontent.com",
    "sub": "repo:org/app:ref:refs/tags/v1.2",
    "event_name": "push",
    "sha": SHA,
    "workflow": "Release",
    "repository": "org/app",
    "repository_id": "632596897",
    "repository_owner": "org",
    "repository_owner_id": "131804563",
    "repository_visibility": "public",
    "ref": "refs/tags/v1.2",
    "job_workflow_ref": WORKFLOW,
    "job_workflow_sha": SHA,
    "workflow_ref": WORKFLOW,
    "workflow_sha": SHA,
    "runner_environment": "github-hosted",
    "run_id": "8347481628",
    "run_attempt": "1",
    "email": None,
}
ON_GITLAB = {
    "iss": "https://gitlab.com",
    "sub": "project_path:group/app:ref_type:branch:ref:main",
    "ci_config_ref_uri": "gitlab.com/group/app//.gitlab-ci.yml@refs/heads/main",
    "ci_config_sha": "89abcdef0123456789abcdef0123456789abcdef",
    "runner_environment": "gitlab-hosted",
    "project_path": "group/app",
    "project_id": "42",
    "project_visibility": "private",
    "namespace_path": "group",
    "namespace_id": "7",
    "sha": "89abcdef0123456789abcdef0123456789abcdef",
    "ref": "main",
    "ref_type": "branch",
    "pipeline_source": "push",
    "job_id": "1",
    "email": None,
}


def foretold(**claims: Any) -> Claims | None:
    """Say what a certificate for a token with *claims* will."""
    return certified_claims(IdentityToken.parse(token_with(**claims)))


def test_a_workflow_of_github() -> None:
    """Its repository, its commit and its run, in the old words and in the new."""
    subject = "repo:org/app:ref:refs/tags/v1.2"
    assert foretold(**ON_GITHUB) == replace(GITHUB_CLAIMS, token_subject=subject)


def test_a_pipeline_of_gitlab() -> None:
    """The same, by GitLab's names."""
    subject = "project_path:group/app:ref_type:branch:ref:main"
    assert foretold(**ON_GITLAB) == replace(GITLAB_CLAIMS, token_subject=subject)


def test_a_pipeline_of_gitlab_on_a_tag() -> None:
    """GitLab says whether a reference is a branch or a tag beside it, Git in it."""
    claims = foretold(**{**ON_GITLAB, "ref": "v1", "ref_type": "tag"})
    assert claims is not None
    assert claims.source_repository_ref == "refs/tags/v1"


def test_what_a_token_does_not_say_is_not_in_the_certificate() -> None:
    """Nor what is nothing that a certificate could say."""
    claims = foretold(**{**ON_GITHUB, "run_id": None, "sha": [5]})
    assert claims is not None
    assert (claims.run_invocation_uri, claims.source_repository_digest) == (None, None)


def test_an_environment_is_in_the_certificate_if_there_is_one() -> None:
    """A job may be for deployment, or not."""
    claims = foretold(**ON_GITHUB, environment="pypi")
    assert claims is not None
    assert claims.deployment_environment == "pypi"


@pytest.mark.parametrize(
    ("changes", "issuer"),
    [
        ({}, "https://github.com/login/oauth"),
        (
            {"federated_claims": None, "iss": "https://accounts.google.com"},
            "https://accounts.google.com",
        ),
    ],
)
def test_a_person_is_vouched_for_by_whom_they_signed_in_with(
    changes: dict[str, Any], issuer: str
) -> None:
    """Where the issuer asked somebody else, the certificate names that one."""
    claims = foretold(**changes)
    assert claims is not None
    assert claims.issuer == issuer
    assert [name for name, _ in claims.items()] == ["issuer", "token_subject"]


def test_of_other_issuers_nothing_is_foretold() -> None:
    """No guess is better than a wrong one, for people as for machines."""
    assert foretold(iss="https://ci.example.com", email=None) is None
    assert foretold(iss="https://dex.example.com") is None

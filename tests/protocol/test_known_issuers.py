# SPDX-License-Identifier: Apache-2.0
"""What certificates of the public authority say for tokens of each issuer that it knows."""

import json
from typing import Any

import pytest

from keyless.protocol.issuer_rules import known_rules
from keyless.protocol.json_reader import Json
from keyless.protocol.known_issuers import certified_identity, certified_texts

GITHUB = "https://token.actions.githubusercontent.com"
GITLAB = "https://gitlab.com"
DEX = "https://oauth2.sigstore.dev/auth"
WORKFLOW = "org/app/.github/workflows/release.yml@refs/tags/v1"
PIPELINE = "gitlab.com/group/app//.gitlab-ci.yml@refs/heads/main"
BUILDKITE = {
    "organization_slug": "acme",
    "pipeline_slug": "app",
    "build_number": 12,
    "job_id": "0184990a",
    "build_commit": "9f3182061f1e2cca4702c368cbc039b7dc9d4485",
    "runner_environment": "self-hosted",
}
CIRCLECI = {
    "oidc.circleci.com/project-id": "d8a0",
    "oidc.circleci.com/pipeline-definition-id": "b7c1",
    "oidc.circleci.com/pipeline-id": "a1b2",
    "oidc.circleci.com/workflow-id": "w1",
    "oidc.circleci.com/job-id": "j1",
    "oidc.circleci.com/vcs-ref": "refs/heads/main",
    "oidc.circleci.com/vcs-origin": "github.com/org/app",
    "oidc.circleci.com/ssh-rerun": False,
}
CIRCLECI_NAME = "https://circleci.com/api/v2/projects/d8a0/pipeline-definitions/b7c1"
CODEFRESH = {
    "account_name": "acme",
    "account_id": "628a80b6",
    "pipeline_name": "project/build",
    "pipeline_id": "6434ff93",
    "workflow_id": "64f447c0",
}
KUBERNETES = {"kubernetes.io": {"namespace": "prod", "serviceaccount": {"name": "builder"}}}
KUBERNETES_NAME = "https://kubernetes.io/namespaces/prod/serviceaccounts/builder"
EKS = "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF"
ALICE = {"email": "alice@example.com"}
FEDERATED = {**ALICE, "federated_claims": {"connector_id": "https://accounts.google.com"}}


def said(issuer: str, claims: dict[str, Any]) -> Json:
    """Write what a token of *issuer* says."""
    return Json.parse(json.dumps({"iss": issuer, "sub": "subject/7", **claims}).encode())


def named(issuer: str, claims: dict[str, Any]) -> str | None:
    """Return whom a certificate will name."""
    return certified_identity(said(issuer, claims), issuer)


def texts(issuer: str, claims: dict[str, Any]) -> dict[str, str]:
    """Return what else it will say."""
    found = certified_texts(said(issuer, claims), issuer)
    assert found is not None
    return dict(found)


@pytest.mark.parametrize(
    ("issuer", "claims", "name"),
    [
        (DEX, FEDERATED, "alice@example.com"),
        ("https://oauth2.sigstage.dev/auth", FEDERATED, "alice@example.com"),
        ("https://accounts.google.com", ALICE, "alice@example.com"),
        ("https://sigstore.verify.ibm.com/oauth2", ALICE, "alice@example.com"),
        ("https://www.kaggle.com/api/v1/models/signing", ALICE, "alice@example.com"),
        (GITHUB, {"job_workflow_ref": WORKFLOW}, f"https://github.com/{WORKFLOW}"),
        (f"{GITHUB}/acme", {"job_workflow_ref": WORKFLOW}, f"https://github.com/{WORKFLOW}"),
        (GITLAB, {"ci_config_ref_uri": PIPELINE}, f"https://{PIPELINE}"),
        ("https://ops.gitlab.net", {"ci_config_ref_uri": PIPELINE}, f"https://{PIPELINE}"),
        ("https://agent.buildkite.com", BUILDKITE, "https://buildkite.com/acme/app"),
        ("https://oidc.circleci.com", CIRCLECI, CIRCLECI_NAME),
        ("https://oidc.circleci.com/org/0f5a-1", CIRCLECI, CIRCLECI_NAME),
        (
            "https://oidc.codefresh.io",
            CODEFRESH,
            "https://g.codefresh.io/acme/project/build:628a80b6/6434ff93",
        ),
        ("https://issuer.enforce.dev", {}, "https://issuer.enforce.dev/subject/7"),
        (EKS, KUBERNETES, KUBERNETES_NAME),
        (
            "https://container.googleapis.com/v1/projects/p/locations/l/clusters/c",
            KUBERNETES,
            KUBERNETES_NAME,
        ),
        ("https://oidc.prod-aks.azure.com/7d6f/", KUBERNETES, KUBERNETES_NAME),
    ],
)
def test_a_known_issuer_says_who_will_be_named(
    issuer: str, claims: dict[str, Any], name: str
) -> None:
    """As the public authority's configuration has it."""
    assert named(issuer, claims) == name
    assert known_rules(issuer) is not None


@pytest.mark.parametrize(
    ("issuer", "vouching"),
    [
        (DEX, "https://accounts.google.com"),
        ("https://accounts.google.com", "https://accounts.google.com"),
        ("http://localhost:5556/auth", "https://accounts.google.com"),
        ("https://oauth.sandbox.test", "https://accounts.google.com"),
    ],
)
def test_whoever_asked_another_names_that_one(issuer: str, vouching: str) -> None:
    """The public issuer of tokens does, and whatever stands in for it on this machine."""
    assert texts(issuer, FEDERATED)["issuer"] == vouching


def test_a_stand_in_that_asked_nobody_names_itself() -> None:
    """It knows its people then."""
    assert texts("http://127.0.0.1:4455", ALICE)["issuer"] == "http://127.0.0.1:4455"


def test_without_whom_it_asked_the_public_issuer_foretells_no_issuer() -> None:
    """The authority would refuse such a token."""
    assert "issuer" not in texts(DEX, ALICE)


@pytest.mark.parametrize(
    "issuer",
    [
        "https://dex.example.com",
        "https://accounts.google.com/",
        f"{GITHUB}/",
        f"{GITHUB}/a/b",
        f"{GITHUB}.evil.example",
        "https://evil.example/https://accounts.google.com",
        "https://oidc.eks.eu.west.amazonaws.com/id/1",
        "https://test",
        "https://sandbox.test.evil.example",
        "ftp://localhost",
    ],
)
def test_of_an_issuer_that_is_not_listed_nothing_is_told(issuer: str) -> None:
    """What looks like a known one is none."""
    claims = {**FEDERATED, "job_workflow_ref": WORKFLOW}
    assert named(issuer, claims) is None
    assert certified_texts(said(issuer, claims), issuer) is None


@pytest.mark.parametrize(
    ("issuer", "claims"),
    [
        (DEX, {}),
        (DEX, {"email": "älice@example.com"}),
        (DEX, {"email": "alice"}),
        (DEX, {"email": 7}),
        (GITHUB, ALICE),
        (GITHUB, {"job_workflow_ref": "org/app/.github/workflows/r.yml@refs/heads/ä"}),
        (GITHUB, {"job_workflow_ref": "org/app/.github/workflows/r.yml@refs/heads/50%"}),
        (GITHUB, {"job_workflow_ref": "org/app/.github/workflows/a#b.yml@refs/heads/c#d"}),
        ("https://agent.buildkite.com", {**BUILDKITE, "pipeline_slug": None}),
        (EKS, {"kubernetes.io": {"namespace": "prod"}}),
    ],
)
def test_a_name_that_cannot_be_told_is_not_guessed(issuer: str, claims: dict[str, Any]) -> None:
    """The authority refuses some, and writes others in its own way."""
    assert named(issuer, claims) is None


@pytest.mark.parametrize("ref", ["refs/tags/v1.0+build", "refs/heads/fix#7", "refs/heads/a(b)!"])
def test_what_a_uri_may_hold_is_told_as_it_is(ref: str) -> None:
    """The authority writes it the same."""
    workflow = f"org/app/.github/workflows/r.yml@{ref}"
    assert named(GITHUB, {"job_workflow_ref": workflow}) == f"https://github.com/{workflow}"


def test_a_job_of_buildkites_is_found_by_its_run() -> None:
    """Its number is written out."""
    found = texts("https://agent.buildkite.com", BUILDKITE)
    assert found["run_invocation_uri"] == "https://buildkite.com/acme/app/builds/12#0184990a"
    assert found["token_subject"] == "subject/7"  # noqa: S105 - no secret
    assert "build_trigger" not in found


def test_a_large_number_is_not_foretold() -> None:
    """The authority writes a million as 1e+06."""
    found = texts("https://agent.buildkite.com", {**BUILDKITE, "build_number": 1_000_000})
    assert "run_invocation_uri" not in found


@pytest.mark.parametrize(("rerun", "said"), [(True, "ssh-rerun"), (False, '""'), ("x", '""')])
def test_a_job_of_circlecis_says_whether_somebody_was_on_its_machine(rerun: Any, said: str) -> None:
    """With the two quotes that the public configuration has written otherwise."""
    found = texts("https://oidc.circleci.com", {**CIRCLECI, "oidc.circleci.com/ssh-rerun": rerun})
    assert found["runner_environment"] == said
    assert found["build_signer_uri"] == CIRCLECI_NAME


def test_a_token_may_say_what_the_authority_has_a_default_for() -> None:
    """Its own word goes before."""
    claims = {**CODEFRESH, "platform_url": "https://codefresh.acme.example", "scm_ref": ""}
    found = texts("https://oidc.codefresh.io", claims)
    assert found["build_config_uri"] == "https://codefresh.acme.example/api/pipelines/6434ff93"
    assert "source_repository_ref" not in found

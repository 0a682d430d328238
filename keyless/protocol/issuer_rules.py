# SPDX-License-Identifier: Apache-2.0
"""What the public authority writes into a certificate for a token, one set of rules an issuer.

    whose token                           the identity will be                        the issuer
    people
      oauth2.sigstore.dev, .sigstage.dev  {email}                                     {connector_id}
      accounts.google.com, IBM's,
      Eclipse's, Hellō's, Kaggle's        {email}                                     {iss}
    jobs
      GitHub Actions, of an enterprise's  https://github.com/{job_workflow_ref}       {iss}
      gitlab.com, and four other GitLabs  https://{ci_config_ref_uri}                 {iss}
      Buildkite                           {url}/{organization_slug}/{pipeline_slug}   {iss}
      CircleCI, of an organization's      {api_url}/projects/{…}/pipeline-definitions/{…}
      Codefresh                           {platform_url}/{account_name}/{pipeline_name}:{…}/{…}
    services
      Chainguard                          {iss}/{sub}                                 {iss}
      Kubernetes of Google, Amazon, Azure https://kubernetes.io/namespaces/{…}/serviceaccounts/{…}

As Fulcio 1.8.8 is configured in public; who runs another may have other rules, so nothing is judged
by these. A sandbox, and whatever else stands in for the public instance on one machine, is taken to
have the rules for people. Of an issuer that is not listed nothing is foretold.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

from keyless.value import value

# Of whom an issuer speaks; a stand-in may speak of anybody.
Kind = Literal["person", "job", "service", "anybody"]
Texts = Mapping[str, str]  # what a token says, as text, by the names of its claims

GITHUB = "https://token.actions.githubusercontent.com"
GITLAB = "https://gitlab.com"
PUBLIC_ISSUERS = ("https://oauth2.sigstore.dev/auth", "https://oauth2.sigstage.dev/auth")


_WILDCARD = "[-_a-zA-Z0-9]+"  # which is what Fulcio takes for a `*`


def _nothing(_: Texts) -> Texts:
    return {}


@value
class Rules:
    """How the authority names whoever has a token of one kind of issuer, in templates.

    What they are filled in with is what the token says, *defaults* of the authority's for what it
    does not, and what is *derived* from both.
    """

    kind: Kind
    identity: str
    issuer: str = "{iss}"
    claims: Texts = MappingProxyType({})
    defaults: Texts = MappingProxyType({})
    derived: Callable[[Texts], Texts] = _nothing


def known_rules(issuer: str) -> Rules | None:
    """Return the rules for tokens of *issuer*; None where they are not known."""
    return next((rules for pattern, rules in _PATTERNS if pattern.fullmatch(issuer)), None)


def issuer_pattern(url: str) -> str:
    """Return the regular expression for the issuers that *url* names, in which `*` is a word."""
    return _WILDCARD.join(map(re.escape, url.split("*")))


def _of_stand_in(texts: Texts) -> Texts:
    return {"vouching": texts.get("federated_claims/connector_id", texts["iss"])}


def _of_gitlab(texts: Texts) -> Texts:
    return {"kind_of_ref": "heads" if texts.get("ref_type") == "branch" else "tags"}


def _of_circleci(texts: Texts) -> Texts:
    # Where a job was not run anew over SSH, the public configuration has two quotes written.
    rerun = texts.get("oidc.circleci.com/ssh-rerun") == "true"
    return {"rerun": "ssh-rerun" if rerun else '""'}


_PERSON = Rules(kind="person", identity="{email}")
_FEDERATED = Rules(kind="person", identity="{email}", issuer="{federated_claims/connector_id}")
_STAND_IN = Rules(kind="anybody", identity="{email}", issuer="{vouching}", derived=_of_stand_in)
_GITHUB = Rules(
    kind="job",
    identity="{url}/{job_workflow_ref}",
    defaults={"url": "https://github.com"},
    claims={
        "github_workflow_trigger": "{event_name}",
        "github_workflow_sha": "{sha}",
        "github_workflow_name": "{workflow}",
        "github_workflow_repository": "{repository}",
        "github_workflow_ref": "{ref}",
        "build_signer_uri": "{url}/{job_workflow_ref}",
        "build_signer_digest": "{job_workflow_sha}",
        "runner_environment": "{runner_environment}",
        "source_repository_uri": "{url}/{repository}",
        "source_repository_digest": "{sha}",
        "source_repository_ref": "{ref}",
        "source_repository_identifier": "{repository_id}",
        "source_repository_owner_uri": "{url}/{repository_owner}",
        "source_repository_owner_identifier": "{repository_owner_id}",
        "build_config_uri": "{url}/{workflow_ref}",
        "build_config_digest": "{workflow_sha}",
        "build_trigger": "{event_name}",
        "run_invocation_uri": "{url}/{repository}/actions/runs/{run_id}/attempts/{run_attempt}",
        "source_repository_visibility_at_signing": "{repository_visibility}",
        "deployment_environment": "{environment}",
    },
)
_GITLAB = Rules(
    kind="job",
    identity="https://{ci_config_ref_uri}",
    defaults={"url": "https://gitlab.com"},  # of the other GitLabs as well
    derived=_of_gitlab,
    claims={
        "build_signer_uri": "https://{ci_config_ref_uri}",
        "build_signer_digest": "{ci_config_sha}",
        "runner_environment": "{runner_environment}",
        "source_repository_uri": "{url}/{project_path}",
        "source_repository_digest": "{sha}",
        "source_repository_ref": "refs/{kind_of_ref}/{ref}",
        "source_repository_identifier": "{project_id}",
        "source_repository_owner_uri": "{url}/{namespace_path}",
        "source_repository_owner_identifier": "{namespace_id}",
        "build_config_uri": "https://{ci_config_ref_uri}",
        "build_config_digest": "{ci_config_sha}",
        "build_trigger": "{pipeline_source}",
        "run_invocation_uri": "{url}/{project_path}/-/jobs/{job_id}",
        "source_repository_visibility_at_signing": "{project_visibility}",
        "deployment_environment": "{environment}",
    },
)
_BUILDKITE = Rules(
    kind="job",
    identity="{url}/{organization_slug}/{pipeline_slug}",
    defaults={"url": "https://buildkite.com"},
    claims={
        "run_invocation_uri": (
            "{url}/{organization_slug}/{pipeline_slug}/builds/{build_number}#{job_id}"
        ),
        "runner_environment": "{runner_environment}",
        "source_repository_digest": "{build_commit}",
        "build_trigger": "{build_source}",
    },
)
_CIRCLECI_PIPELINE = (
    "{api_url}/projects/{oidc.circleci.com/project-id}"
    "/pipeline-definitions/{oidc.circleci.com/pipeline-definition-id}"
)
_CIRCLECI = Rules(
    kind="job",
    identity=_CIRCLECI_PIPELINE,
    defaults={
        "api_url": "https://circleci.com/api/v2",
        "platform_url": "https://app.circleci.com/",
    },
    derived=_of_circleci,
    claims={
        "build_config_uri": "{api_url}/pipeline/{oidc.circleci.com/pipeline-id}/config",
        "build_signer_uri": _CIRCLECI_PIPELINE,
        "run_invocation_uri": (
            "{platform_url}/workflow/{oidc.circleci.com/workflow-id}/job/{oidc.circleci.com/job-id}"
        ),
        "runner_environment": "{rerun}",
        "source_repository_ref": "{oidc.circleci.com/vcs-ref}",
        "source_repository_uri": "{oidc.circleci.com/vcs-origin}",
    },
)
_CODEFRESH = Rules(
    kind="job",
    identity="{platform_url}/{account_name}/{pipeline_name}:{account_id}/{pipeline_id}",
    defaults={"platform_url": "https://g.codefresh.io"},
    claims={
        "build_signer_uri": "{platform_url}/build/{workflow_id}",
        "runner_environment": "{runner_environment}",
        "source_repository_uri": "{scm_repo_url}",
        "source_repository_ref": "{scm_ref}",
        "build_config_uri": "{platform_url}/api/pipelines/{pipeline_id}",
        "run_invocation_uri": "{platform_url}/build/{workflow_id}",
    },
)
_CHAINGUARD = Rules(kind="service", identity="{iss}/{sub}")
_KUBERNETES = Rules(
    kind="service",
    identity=(
        "https://kubernetes.io/namespaces/{kubernetes.io/namespace}"
        "/serviceaccounts/{kubernetes.io/serviceaccount/name}"
    ),
)

_ISSUERS: tuple[tuple[Rules, tuple[str, ...]], ...] = (
    (_FEDERATED, PUBLIC_ISSUERS),
    (
        _PERSON,
        (
            "https://accounts.google.com",
            "https://auth.eclipse.org/auth/realms/foundation-service-accounts",
            "https://issuer.hello.coop",
            "https://sigstore.verify.ibm.com/oauth2",
            "https://www.kaggle.com/api/v1/models/signing",
        ),
    ),
    (_GITHUB, (GITHUB, f"{GITHUB}/*")),
    (
        _GITLAB,
        (
            GITLAB,
            "https://dev.gitlab.org",
            "https://gitlab.archlinux.org",
            "https://ops.gitlab.net",
        ),
    ),
    (_BUILDKITE, ("https://agent.buildkite.com",)),
    (_CIRCLECI, ("https://oidc.circleci.com", "https://oidc.circleci.com/org/*")),
    (_CODEFRESH, ("https://oidc.codefresh.io",)),
    (_CHAINGUARD, ("https://issuer.enforce.dev", "https://issuer.chainops.dev")),
    (
        _KUBERNETES,
        (
            "https://container.googleapis.com/v1/projects/*/locations/*/clusters/*",
            "https://oidc.eks.*.amazonaws.com/id/*",
            "https://*.oic.prod-aks.azure.com/*/*",
            "https://*.oic.prod-aks.azure.com/*/*/",
            "https://oidc.prod-aks.azure.com/*",
            "https://oidc.prod-aks.azure.com/*/",
            "https://oidc.prod-aks.azure.com/*/*",
        ),
    ),
)
_PATTERNS = (
    *((re.compile("|".join(map(issuer_pattern, urls))), rules) for rules, urls in _ISSUERS),
    # Of this machine, or reserved for tests (RFC 6761): nobody else can reach these.
    (
        re.compile(r"https?://([a-z0-9.-]+\.test|localhost|127\.0\.0\.1|\[::1\])([:/].*)?"),
        _STAND_IN,
    ),
)

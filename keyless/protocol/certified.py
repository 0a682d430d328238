# SPDX-License-Identifier: Apache-2.0
"""What a certificate will say of whoever holds a token, for issuers whose rules are known.

An authority writes down who signs by rules of its own, one set for each issuer. Those of the public
instance for people, and for workflows of GitHub and GitLab, stand here: so that what becomes public
can be shown before it does. Nothing is judged by them.
"""

from collections.abc import Mapping

from keyless.protocol.claims import Claims
from keyless.protocol.json_reader import Json
from keyless.protocol.token import IdentityToken

GITHUB = "https://token.actions.githubusercontent.com"
GITLAB = "https://gitlab.com"

_GITHUB_CLAIMS = {
    "github_workflow_trigger": "{event_name}",
    "github_workflow_sha": "{sha}",
    "github_workflow_name": "{workflow}",
    "github_workflow_repository": "{repository}",
    "github_workflow_ref": "{ref}",
    "build_signer_uri": "https://github.com/{job_workflow_ref}",
    "build_signer_digest": "{job_workflow_sha}",
    "runner_environment": "{runner_environment}",
    "source_repository_uri": "https://github.com/{repository}",
    "source_repository_digest": "{sha}",
    "source_repository_ref": "{ref}",
    "source_repository_identifier": "{repository_id}",
    "source_repository_owner_uri": "https://github.com/{repository_owner}",
    "source_repository_owner_identifier": "{repository_owner_id}",
    "build_config_uri": "https://github.com/{workflow_ref}",
    "build_config_digest": "{workflow_sha}",
    "build_trigger": "{event_name}",
    "run_invocation_uri": (
        "https://github.com/{repository}/actions/runs/{run_id}/attempts/{run_attempt}"
    ),
    "source_repository_visibility_at_signing": "{repository_visibility}",
    "deployment_environment": "{environment}",
    "token_subject": "{sub}",
}
_GITLAB_CLAIMS = {
    "build_signer_uri": "https://{ci_config_ref_uri}",
    "build_signer_digest": "{ci_config_sha}",
    "runner_environment": "{runner_environment}",
    "source_repository_uri": "https://gitlab.com/{project_path}",
    "source_repository_digest": "{sha}",
    "source_repository_ref": "refs/{kind_of_ref}/{ref}",
    "source_repository_identifier": "{project_id}",
    "source_repository_owner_uri": "https://gitlab.com/{namespace_path}",
    "source_repository_owner_identifier": "{namespace_id}",
    "build_config_uri": "https://{ci_config_ref_uri}",
    "build_config_digest": "{ci_config_sha}",
    "build_trigger": "{pipeline_source}",
    "run_invocation_uri": "https://gitlab.com/{project_path}/-/jobs/{job_id}",
    "source_repository_visibility_at_signing": "{project_visibility}",
    "deployment_environment": "{environment}",
    "token_subject": "{sub}",
}


def certified_claims(token: IdentityToken) -> Claims | None:
    """Return what a certificate for the holder of *token* will say; None where no rule is known.

    Authorities of before 2026 leave the token's subject out.
    """
    if token.issuer == GITHUB:
        said = _texts(token.said())
        return Claims(issuer=token.issuer, **_filled_in(_GITHUB_CLAIMS, said))
    if token.issuer == GITLAB:
        said = _texts(token.said())
        said["kind_of_ref"] = "heads" if said.get("ref_type") == "branch" else "tags"
        return Claims(issuer=token.issuer, **_filled_in(_GITLAB_CLAIMS, said))
    if token.email is not None:
        return Claims(issuer=token.connector or token.issuer, token_subject=token.subject)
    return None


def _texts(said: Json) -> dict[str, str]:
    claims = ((name, said.value(name)) for name in said.names())
    return {name: claim for name, claim in claims if isinstance(claim, str)}


def _filled_in(templates: Mapping[str, str], said: Mapping[str, str]) -> dict[str, str]:
    """Fill in each of *templates* for which everything is *said*."""
    filled_in = {}
    for name, template in templates.items():
        try:
            filled_in[name] = template.format_map(said)
        except KeyError:
            continue
    return filled_in

# SPDX-License-Identifier: Apache-2.0
"""What the tokens of workflows say: GitHub Actions and GitLab CI, each in its own words."""

import secrets
from collections.abc import Mapping

from keyless.protocol.digest import Digest
from keyless.protocol.json_reader import JsonValue

_COMMIT = "3f1c6c8e2b9d4a70515e8b7f9c2d1a6e4b0f8d37"


def github_claims(repository: str, *, workflow: str, ref: str) -> Mapping[str, JsonValue]:
    """Say what GitHub says of a run of *workflow*, a file in *repository*, at *ref*."""
    owner, _, _ = repository.partition("/")
    workflow_ref = f"{repository}/.github/workflows/{workflow}@{ref}"
    return {
        "sub": f"repo:{repository}:ref:{ref}",
        "repository": repository,
        "repository_id": _number(repository),
        "repository_owner": owner,
        "repository_owner_id": _number(owner),
        "repository_visibility": "public",
        "ref": ref,
        "ref_type": _kind_of_ref(ref),
        "sha": _COMMIT,
        "workflow": workflow.rpartition(".")[0] or workflow,
        "workflow_ref": workflow_ref,
        "workflow_sha": _COMMIT,
        "job_workflow_ref": workflow_ref,
        "job_workflow_sha": _COMMIT,
        "event_name": "push",
        "actor": owner,
        "runner_environment": "github-hosted",
        "run_id": str(secrets.randbelow(9 * 10**9) + 10**9),
        "run_number": "1",
        "run_attempt": "1",
    }


def gitlab_claims(project: str, *, file: str, ref: str) -> Mapping[str, JsonValue]:
    """Say what GitLab says of a pipeline out of *file* in *project* at *ref*."""
    namespace, _, _ = project.rpartition("/")
    kind = _kind_of_ref(ref)
    short = ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    return {
        "sub": f"project_path:{project}:ref_type:{kind}:ref:{short}",
        "project_path": project,
        "project_id": _number(project),
        "project_visibility": "public",
        "namespace_path": namespace,
        "namespace_id": _number(namespace),
        "ref": short,
        "ref_type": kind,
        "sha": _COMMIT,
        "ci_config_ref_uri": f"gitlab.com/{project}//{file}@{ref}",
        "ci_config_sha": _COMMIT,
        "pipeline_source": "push",
        "pipeline_id": str(secrets.randbelow(10**9)),
        "job_id": str(secrets.randbelow(10**9)),
        "runner_environment": "gitlab-hosted",
    }


def _kind_of_ref(ref: str) -> str:
    return "tag" if ref.startswith("refs/tags/") else "branch"


def _number(name: str) -> str:
    """Return the number of *name*: the same whenever it is asked for."""
    return str(int.from_bytes(Digest.of(name.encode("utf-8")).value[:4], "big"))

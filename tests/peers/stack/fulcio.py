# SPDX-License-Identifier: Apache-2.0
"""The authority that certifies keys: Fulcio. Two cannot run at once; these take turns."""

import json
from pathlib import Path

from tests.peers.stack.keys import PASSWORD, Authority
from tests.peers.stack.ports import HOST, answers, free_port
from tests.peers.stack.process import Server
from tests.peers.stack.programs import place

# How a workflow's claims become a certificate's, as the public instance has it.
GITHUB_WORKFLOW = {
    "default-template-values": {"url": "https://github.com"},
    "subject-alternative-name-template": "{{ .url }}/{{ .job_workflow_ref }}",
    "extension-templates": {
        "github-workflow-trigger": "event_name",
        "github-workflow-sha": "sha",
        "github-workflow-name": "workflow",
        "github-workflow-repository": "repository",
        "github-workflow-ref": "ref",
        "build-signer-uri": "{{ .url }}/{{ .job_workflow_ref }}",
        "build-signer-digest": "job_workflow_sha",
        "runner-environment": "runner_environment",
        "source-repository-uri": "{{ .url }}/{{ .repository }}",
        "source-repository-digest": "sha",
        "source-repository-ref": "ref",
        "source-repository-identifier": "repository_id",
        "source-repository-owner-uri": "{{ .url }}/{{ .repository_owner }}",
        "source-repository-owner-identifier": "repository_owner_id",
        "build-config-uri": "{{ .url }}/{{ .workflow_ref }}",
        "build-config-digest": "workflow_sha",
        "build-trigger": "event_name",
        "run-invocation-uri": (
            "{{ .url }}/{{ .repository }}/actions/runs/{{ .run_id }}/attempts/{{ .run_attempt }}"
        ),
        "source-repository-visibility-at-signing": "repository_visibility",
    },
}


def write_config(folder: Path, *, people: str, federated: str, workflows: str) -> Path:
    """Write whom to believe: three issuers, the second of which speaks for others."""
    common = {"client-id": "sigstore"}
    email = {**common, "type": "email"}
    ci = {**common, "type": "ci-provider", "ci-provider": "github-workflow"}
    config = {
        "oidc-issuers": {
            people: {**email, "issuer-url": people},
            federated: {
                **email,
                "issuer-url": federated,
                "issuer-claim": "$.federated_claims.connector_id",
            },
            workflows: {**ci, "issuer-url": workflows},
        },
        "ci-issuer-metadata": {"github-workflow": GITHUB_WORKFLOW},
    }
    path = folder / "fulcio.yaml"
    # JSON is YAML; but what parses as JSON Fulcio reads by other names, and finds nothing.
    path.write_text(f"# not JSON\n{json.dumps(config, indent=2)}\n")
    return path


def fulcio(port: int, *, config: Path, ct_log: str, authority: Authority | None) -> Server:
    """Make the server of *authority* at *port*; without one, of an authority it makes itself.

    *ct_log* is the URL of the certificate log, or empty.
    """
    return Server(
        "fulcio" if authority else "fulcio-ephemeral",
        [
            *(place("fulcio"), "serve", f"--host={HOST}", f"--port={port}"),
            *(f"--grpc-host={HOST}", f"--grpc-port={free_port()}"),
            *(f"--metrics-port={free_port()}", f"--config-path={config}"),
            *(f"--ct-log-url={ct_log}", *_authority(authority)),
        ],
        is_ready=lambda: answers(f"http://{HOST}:{port}/api/v2/configuration"),
    )


def _authority(authority: Authority | None) -> list[str]:
    if authority is None:
        return ["--ca=ephemeralca"]
    return [
        *("--ca=fileca", f"--fileca-cert={authority.chain}", f"--fileca-key={authority.key}"),
        *(f"--fileca-key-passwd={PASSWORD}", "--fileca-watch=false"),
    ]

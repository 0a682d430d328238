# SPDX-License-Identifier: Apache-2.0
"""Who vouches for people and workflows: npm's oidc-provider, as three issuers."""

import json
import shutil
import urllib.request
from pathlib import Path

from tests.peers.stack.ports import answers
from tests.peers.stack.process import Server
from tests.peers.stack.programs import node_modules

SCRIPT = Path(__file__).with_suffix(".mjs")
DISCOVERY = ".well-known/openid-configuration"
ALICE = "alice@example.com"
GITHUB_LOGIN = "https://github.com/login/oauth"
WORKFLOW = {
    "sub": "repo:octo/app:ref:refs/heads/main",
    "event_name": "push",
    "sha": "a" * 40,
    "workflow": "release",
    "repository": "octo/app",
    "repository_id": "1",
    "repository_owner": "octo",
    "repository_owner_id": "2",
    "repository_visibility": "public",
    "ref": "refs/heads/main",
    "job_workflow_ref": "octo/app/.github/workflows/release.yml@refs/heads/main",
    "job_workflow_sha": "a" * 40,
    "workflow_ref": "octo/app/.github/workflows/release.yml@refs/heads/main",
    "workflow_sha": "a" * 40,
    "runner_environment": "github-hosted",
    "run_id": "3",
    "run_attempt": "1",
}


def oidc_server(*issuers: str) -> Server:
    """Make the *issuers*, whose URLs say where they are."""
    node = shutil.which("node")
    assert node
    places = [issuer.removeprefix("http://") for issuer in issuers]
    urls = [f"{issuer}/{DISCOVERY}" for issuer in issuers]
    command = [node, SCRIPT, node_modules(), *places]
    return Server("oidc-provider", command, is_ready=lambda: all(map(answers, urls)))


def issuer_at(port: int, host: str = "localhost") -> str:
    """Return the issuer at *port* of this machine; its URL is its name."""
    return f"http://{host}:{port}"


def mint(issuer: str, **claims: object) -> str:
    """Have *issuer* sign a token of *claims*, beside those that every token has."""
    request = urllib.request.Request(  # noqa: S310 - on this machine
        f"{issuer}/mint", data=json.dumps(claims).encode(), method="POST"
    )
    with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310 - as above
        return str(response.read().decode())


def person(email: str = ALICE, **claims: object) -> dict[str, object]:
    """Return what a token says about somebody who has signed in at GitHub by way of the issuer."""
    vouched = {"connector_id": GITHUB_LOGIN, "user_id": email}
    about = {"sub": email, "email": email, "email_verified": True, "federated_claims": vouched}
    return {**about, **claims}

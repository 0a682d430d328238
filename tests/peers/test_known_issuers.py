# SPDX-License-Identifier: Apache-2.0
"""What keyless foretells of certificates, beside what Fulcio writes into them.

Fulcio goes by the public configuration, but for the URLs of the issuers, which are on this machine.
"""

import re
from typing import Any

import pytest

from keyless.credential import P256
from keyless.errors import ServiceError
from keyless.protocol.certificate import Certificate
from keyless.protocol.issuer_rules import Kind, known_rules
from keyless.protocol.known_issuers import certified_identity, certified_texts
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.token import IdentityToken
from keyless.services.fulcio import Fulcio
from keyless.services.http import requests_transport
from tests.peers.here import needs_peers
from tests.peers.stack.deployment import Stack
from tests.peers.stack.fulcio import CHAINGUARD, GITHUB, JOBS, KUBERNETES, PERSON
from tests.peers.stack.oidc import WORKFLOW, mint
from tests.peers.stack.programs import PUBLIC_FULCIO
from tests.protocol import test_known_issuers as known

pytestmark = needs_peers

GITLAB, BUILDKITE, CIRCLECI, CODEFRESH = JOBS[1:]
PIPELINE = {
    "ci_config_ref_uri": "gitlab.com/group/app//.gitlab-ci.yml@refs/heads/main",
    "ci_config_sha": "b" * 40,
    "environment": "production",
    "job_id": "302",
    "namespace_id": "72",
    "namespace_path": "group",
    "pipeline_source": "push",
    "project_id": "20",
    "project_path": "group/app",
    "project_visibility": "public",
    "ref": "main",
    "ref_type": "branch",
    "runner_environment": "gitlab-hosted",
    "sha": "b" * 40,
}
BUILD = {**known.BUILDKITE, "build_source": "ui"}
SOURCE = {"scm_repo_url": "https://github.com/acme/app", "scm_ref": "v1"}
AWKWARD = "octo/app/.github/workflows/a+b.yml@refs/heads/fix-(7)!"

# A kind of issuer, one of those in public, and what its tokens say.
TOKENS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "GitHub": (GITHUB, known.GITHUB, WORKFLOW),
    "GitHub, to an environment": (GITHUB, known.GITHUB, {**WORKFLOW, "environment": "production"}),
    "GitHub, an awkward ref": (GITHUB, known.GITHUB, {**WORKFLOW, "job_workflow_ref": AWKWARD}),
    "GitLab": (GITLAB, known.GITLAB, PIPELINE),
    "GitLab, a tag": (GITLAB, known.GITLAB, {**PIPELINE, "ref_type": "tag", "ref": "v1"}),
    "Buildkite": (BUILDKITE, "https://agent.buildkite.com", BUILD),
    "CircleCI": (CIRCLECI, "https://oidc.circleci.com", known.CIRCLECI),
    "CircleCI, over SSH": (
        *(CIRCLECI, "https://oidc.circleci.com"),
        {**known.CIRCLECI, "oidc.circleci.com/ssh-rerun": True},
    ),
    "Codefresh": (CODEFRESH, "https://oidc.codefresh.io", {**known.CODEFRESH, **SOURCE}),
    "Codefresh, of no repository": (CODEFRESH, "https://oidc.codefresh.io", known.CODEFRESH),
    "Codefresh, elsewhere": (
        *(CODEFRESH, "https://oidc.codefresh.io"),
        {**known.CODEFRESH, **SOURCE, "platform_url": "https://ci.example.com"},
    ),
    "Chainguard": (CHAINGUARD, "https://issuer.enforce.dev", {}),
    "Kubernetes": (KUBERNETES, known.EKS, known.KUBERNETES),
}


def issued(stack: Stack, token: str) -> Certificate:
    """Have a key certified for *token*."""
    key = SigningKey.generate(P256)
    return Fulcio(stack.urls.fulcio, requests_transport()).issue(key, IdentityToken.parse(token))


@pytest.mark.parametrize("which", TOKENS)
def test_a_certificate_says_what_was_foretold(stack: Stack, which: str) -> None:
    """Whom it names, and every claim; nothing else, and nothing less."""
    kind, public, claims = TOKENS[which]
    token = mint(stack.others[kind], **{"sub": "subject/7", **claims})
    certificate = issued(stack, token)
    said = IdentityToken.parse(token).said()
    assert certificate.identity.text == certified_identity(said, public)
    assert dict(certificate.claims.items()) == certified_texts(said, public)


def test_a_large_number_is_written_in_the_way_that_is_not_foretold(stack: Stack) -> None:
    """With an exponent; should Fulcio have learned better, so can we."""
    token = mint(stack.others[BUILDKITE], sub="7", **{**BUILD, "build_number": 1_000_000})
    assert "/builds/1e+06#" in str(issued(stack, token).claims.run_invocation_uri)


def test_a_token_that_lacks_a_claim_is_refused_in_fulcio_s_words(stack: Stack) -> None:
    """Where no rule says what stands in its place."""
    token = mint(stack.others[BUILDKITE], sub="7", **known.BUILDKITE)
    with pytest.raises(ServiceError, match="value <build_source> not present"):
        issued(stack, token)


def test_every_public_issuer_is_known_by_its_kind() -> None:
    """Those that are listed, and those that are patterns, in which a star stands for a word."""
    kinds: dict[str, Kind] = {PERSON: "person", CHAINGUARD: "service", KUBERNETES: "service"}
    listed = dict(_public_issuers())
    assert len(listed) > 20
    for url, kind in listed.items():
        rules = known_rules(url.replace("*", "word"))
        assert rules is not None, url
        assert rules.kind == kinds.get(kind, "job"), url


def _public_issuers() -> list[tuple[str, str]]:
    """Return every issuer in Fulcio's public configuration, with its type."""
    public = PUBLIC_FULCIO.place.read_text().partition("oidc-issuers:")[2]
    public = public.partition("ci-issuer-metadata:")[0]
    return re.findall(r"^  (https://\S+):\n(?:    .*\n)*?    type: (\S+)$", public, re.MULTILINE)

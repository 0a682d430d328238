# SPDX-License-Identifier: Apache-2.0
"""The real Fulcio: whom it certifies, as whom, and in which words it refuses."""

import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import keyless
from keyless.auth import AUDIENCE
from keyless.credential import P256
from keyless.errors import Check, LoginError, LoginFailure, ServiceError
from keyless.policy import GitHubWorkflow, Requirements, SignedBy
from keyless.protocol.certificate import Certificate
from keyless.protocol.encoding import b64encode
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.token import IdentityToken
from keyless.services.fulcio import Fulcio
from keyless.services.http import requests_transport
from tests.peers.here import needs_peers
from tests.peers.signing import BY_ALICE, alice, connected, sign, verify
from tests.peers.stack.deployment import Stack
from tests.peers.stack.fulcio import fulcio
from tests.peers.stack.oidc import ALICE, GITHUB_LOGIN, WORKFLOW, mint, person
from tests.peers.stack.ports import HOST, free_port
from tests.refusals import refused

pytestmark = needs_peers

ARTIFACT = b"what was signed"
_END = "-----END CERTIFICATE-----\n"
WORDS = "There was an error processing the identity token"
WORKFLOW_URL = f"https://github.com/{WORKFLOW['job_workflow_ref']}"


def issued(stack: Stack, token: str) -> Certificate:
    """Have a key certified for *token*, without asking first whether it will do."""
    key = SigningKey.generate(P256)
    return Fulcio(stack.urls.fulcio, requests_transport()).issue(key, IdentityToken.parse(token))


def test_a_person_is_certified_as_the_issuer_vouches(stack: Stack) -> None:
    """By its own URL, where it speaks for nobody else."""
    me = keyless.Identity.from_token(mint(stack.people, **person()))
    sigstore = connected(stack)
    signed = keyless.sign(ARTIFACT, me, sigstore=sigstore)
    by = SignedBy(ALICE, issuer=stack.people)
    proof = keyless.verify(ARTIFACT, signed, policy=by, sigstore=sigstore)
    assert proof.signer.certificate
    assert proof.signer.certificate.claims.issuer == stack.people


def test_a_person_is_certified_as_another_issuer_vouches_by_way_of_it(stack: Stack) -> None:
    """The issuer where she has signed in is named, and not the one that says so."""
    proof = verify(ARTIFACT, sign(ARTIFACT, stack), stack)
    assert proof.signer.certificate
    assert proof.signer.certificate.claims.issuer == GITHUB_LOGIN
    assert proof.signer.certificate.identity.text == ALICE


def test_a_workflow_is_certified_with_all_it_claims(stack: Stack) -> None:
    """Its URL is the identity; repository, ref, commit and run are claims."""
    me = keyless.Identity.from_token(mint(stack.workflows, **WORKFLOW))
    sigstore = connected(stack)
    signed = keyless.sign(ARTIFACT, me, sigstore=sigstore)
    by = SignedBy(WORKFLOW_URL, issuer=stack.workflows)
    proof = keyless.verify(ARTIFACT, signed, policy=by, sigstore=sigstore)
    assert proof.signer.certificate
    assert dict(proof.signer.certificate.claims.items()) == {
        "issuer": stack.workflows,
        "github_workflow_trigger": "push",
        "github_workflow_sha": WORKFLOW["sha"],
        "github_workflow_name": "release",
        "github_workflow_repository": "octo/app",
        "github_workflow_ref": "refs/heads/main",
        "build_signer_uri": WORKFLOW_URL,
        "build_signer_digest": WORKFLOW["sha"],
        "runner_environment": "github-hosted",
        "source_repository_uri": "https://github.com/octo/app",
        "source_repository_digest": WORKFLOW["sha"],
        "source_repository_ref": "refs/heads/main",
        "source_repository_identifier": "1",
        "source_repository_owner_uri": "https://github.com/octo",
        "source_repository_owner_identifier": "2",
        "build_config_uri": WORKFLOW_URL,
        "build_config_digest": WORKFLOW["sha"],
        "build_trigger": "push",
        "run_invocation_uri": "https://github.com/octo/app/actions/runs/3/attempts/1",
        "source_repository_visibility_at_signing": "public",
        "token_subject": WORKFLOW["sub"],
    }


def test_a_workflow_of_another_issuer_is_not_one_of_github(stack: Stack) -> None:
    """Whoever names GitHub's workflows means those that GitHub itself vouches for."""
    me = keyless.Identity.from_token(mint(stack.workflows, **WORKFLOW))
    sigstore = connected(stack)
    signed = keyless.sign(ARTIFACT, me, sigstore=sigstore)
    with refused(Check.POLICY):
        keyless.verify(ARTIFACT, signed, policy=GitHubWorkflow("octo/app"), sigstore=sigstore)


REFUSED = {
    "expired": (lambda: {"iat": now() - 120, "exp": now() - 60}, LoginFailure.EXPIRED),
    "wrong audience": (lambda: {"aud": "somebody else"}, LoginFailure.WRONG_AUDIENCE),
    "unverified": (lambda: {"email_verified": False}, LoginFailure.EMAIL_NOT_VERIFIED),
}


@pytest.mark.parametrize("why", REFUSED)
def test_a_token_that_it_refuses_is_refused_here_before(stack: Stack, why: str) -> None:
    """It does not say why, so that has to be found out before it is asked."""
    said, reason = REFUSED[why]
    token = stack.token(**said())
    with pytest.raises(ServiceError, match=WORDS) as there:
        issued(stack, token)
    assert there.value.status == 400
    assert there.value.hint
    me = keyless.Identity.from_token(token)
    with pytest.raises(LoginError) as here:
        keyless.sign(ARTIFACT, me, sigstore=connected(stack))
    assert here.value.reason is reason


def test_a_token_of_an_issuer_that_it_does_not_know_is_refused_in_its_words(stack: Stack) -> None:
    """Which are those for every other token; whose it takes, it says when asked for that."""
    with pytest.raises(ServiceError, match=WORDS) as caught:
        issued(stack, stack.token(iss="http://localhost:1"))
    hint = str(caught.value.hint)
    assert "takes no tokens of http://localhost:1" in hint
    assert stack.workflows in hint


def test_what_an_intermediate_issued_is_verified_by_way_of_it(stack: Stack) -> None:
    """Its issuer is the lower of the two in the trusted root, the upper is that one's."""
    certificate = verify(ARTIFACT, sign(ARTIFACT, stack), stack).signer.certificate
    assert certificate
    pems = stack.authority.chain.read_text().split(_END)[:2]
    lower, upper = (Certificate.parse_pem(pem + _END) for pem in pems)
    assert (certificate.issued_by, lower.issued_by) == (lower.subject, upper.subject)


@pytest.fixture
def ephemeral(stack: Stack, tmp_path: Path) -> Iterator[Path]:
    """Have a Fulcio in the other's place that makes its own root, and asks no certificate log."""
    port = free_port()
    with stack.without("fulcio"):
        server = fulcio(port, config=stack.fulcio_config, ct_log="", authority=None)
        stack.run(server)
        try:
            yield _trusting(stack, f"http://{HOST}:{port}", tmp_path)
        finally:
            server.stop()
            del stack.servers[server.name]


def _trusting(stack: Stack, url: str, folder: Path) -> Path:
    """Write the documents of an instance whose authority is at *url*, and that has no CT log."""
    with urllib.request.urlopen(f"{url}/api/v1/rootCert") as response:  # noqa: S310 - of ours
        root = Certificate.parse_pem(response.read().decode())
    document = json.loads(stack.trust_config(rekor=1, tsa=True).read_text())
    authority = document["trustedRoot"]["certificateAuthorities"][0]
    encoded = b64encode(root.der)
    authority["certChain"]["certificates"] = [{"rawBytes": encoded}]
    document["signingConfig"]["caUrls"][0]["url"] = url
    path = folder / "ephemeral.json"
    path.write_text(json.dumps(document))
    return path


def test_an_authority_without_a_certificate_log_is_refused(stack: Stack, ephemeral: Path) -> None:
    """Before anything is logged; unless one asks for less, and then the result says so."""
    sigstore = keyless.connect(trust_config=ephemeral, rekor=1)
    with refused(Check.SCT):
        keyless.sign(ARTIFACT, alice(stack), sigstore=sigstore)
    less = Requirements(scts=0)
    signed = keyless.sign(ARTIFACT, alice(stack), sigstore=sigstore, requirements=less)
    proof = keyless.verify(ARTIFACT, signed, policy=BY_ALICE, sigstore=sigstore, requirements=less)
    assert proof.signer.scts == ()
    assert proof.relaxations == tuple(less.relaxations())


def test_the_audience_is_the_one_that_it_wants(stack: Stack) -> None:
    """What we ask issuers for is what the authority is configured with."""
    token = IdentityToken.parse(stack.token())
    assert token.audience == (AUDIENCE,)
    assert issued(stack, token.text).identity.text == ALICE


def now() -> int:
    """Return the time, as tokens tell it."""
    return int(time.time())

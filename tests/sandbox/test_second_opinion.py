# SPDX-License-Identifier: Apache-2.0
"""What the sandbox's instance makes, judged by sigstore-python: it owes us nothing.

A sandbox whose bundles only our own verifier accepts would hide what both get wrong.
"""

import pytest
from sigstore.models import Bundle as TheirBundle
from sigstore.models import ClientTrustConfig
from sigstore.verify import Verifier
from sigstore.verify.policy import Identity

from keyless.protocol.bundle import Bundle
from keyless.protocol.certificate import Claims
from keyless.protocol.names import San
from keyless.sandbox.trust_documents import client_trust_config_json
from tests.forge import (
    ALICE,
    ARTIFACT,
    GITHUB,
    GITHUB_CLAIMS,
    GITLAB,
    GITLAB_CLAIMS,
    GOOGLE,
    Forge,
)

PEOPLE = {
    "person": (ALICE, GOOGLE),
    "github": (GITHUB, GITHUB_CLAIMS),
    "gitlab": (GITLAB, GITLAB_CLAIMS),
}
EVERYBODY = pytest.mark.parametrize(("san", "claims"), PEOPLE.values(), ids=PEOPLE.keys())
BOTH_LOGS = pytest.mark.parametrize("log", [1, 2])


@pytest.fixture(scope="module")
def forge() -> Forge:
    """One instance for all."""
    return Forge()


@pytest.fixture(scope="module")
def verifier(forge: Forge) -> Verifier:
    """Their verifier, trusting the instance as its documents ask."""
    core = forge.core
    config = client_trust_config_json(core.trusted_root_json(), core.signing_config_json())
    return Verifier(trusted_root=ClientTrustConfig.from_json(config.decode()).trusted_root)


def theirs(bundle: Bundle) -> TheirBundle:
    """Hand *bundle* over as it is written."""
    return TheirBundle.from_json(bundle.to_json())


@EVERYBODY
@BOTH_LOGS
def test_a_signed_artifact_is_accepted(
    forge: Forge, verifier: Verifier, san: San, claims: Claims, log: int
) -> None:
    """Certificate, receipts, entry, proof and time hold for others too."""
    signer = forge.signer(names=[san], claims=claims)
    policy = Identity(identity=san.text, issuer=claims.issuer)
    verifier.verify_artifact(ARTIFACT, theirs(forge.bundle(signer=signer, log=log)), policy)


@BOTH_LOGS
def test_a_signed_statement_is_accepted(forge: Forge, verifier: Verifier, log: int) -> None:
    """In an envelope, by either log."""
    signer = forge.signer()
    bundle = forge.bundle(signer=signer, content=forge.envelope(signer), log=log)
    policy = Identity(identity=ALICE.text, issuer=GOOGLE.issuer)
    _, payload = verifier.verify_dsse(theirs(bundle), policy)
    assert payload == forge.envelope(signer).payload


def test_a_timestamp_beside_a_promise_is_accepted(forge: Forge, verifier: Verifier) -> None:
    """Two clocks agree."""
    signer = forge.signer()
    content = forge.message(signer)
    bundle = forge.bundle(signer=signer, content=content, timestamps=[forge.timestamp(content)])
    policy = Identity(identity=ALICE.text, issuer=GOOGLE.issuer)
    verifier.verify_artifact(ARTIFACT, theirs(bundle), policy)

# SPDX-License-Identifier: Apache-2.0
"""What `@sigstore/verify` makes of our bundles, and of those in which one thing is wrong."""

import tomllib
from base64 import b64encode
from pathlib import Path

import pytest

from keyless.policy import GitHubWorkflow, GitLabPipeline, Policy, SignedBy, SignedByKey
from keyless.protocol.digest import Digest
from keyless.protocol.encoding import pem_encode
from keyless.protocol.json_reader import JsonValue
from tests.forge import ARTIFACT, GITHUB, GITHUB_CLAIMS, GITLAB, GITLAB_CLAIMS, Forge
from tests.javascript.node import needs_node, run
from tests.scenes import SCENES, Scene

VERDICTS = tomllib.loads((Path(__file__).parents[1] / "vectors" / "peers.toml").read_text())
ACCEPTS = "accepts"


@pytest.fixture(scope="module")
def verdicts() -> dict[str, str | None]:
    """Have all scenes judged at once: Node takes longer to start than to judge."""
    answers = run("verify.js", [question(make(Forge())) for make in SCENES.values()])
    assert isinstance(answers, list)
    return dict(zip(SCENES, answers, strict=True))  # type: ignore[arg-type]  # the script's words


@needs_node
@pytest.mark.parametrize("name", SCENES)
def test_a_bundle_has_the_verdict_that_the_table_says(
    verdicts: dict[str, str | None], name: str
) -> None:
    """Acceptance, or a refusal by its code."""
    assert VERDICTS[name]["sigstore-js"] in (verdicts[name] or ACCEPTS)


@pytest.mark.parametrize("name", SCENES)
def test_a_disagreement_with_us_is_explained(name: str) -> None:
    """And an agreement is not."""
    row = VERDICTS[name]
    disagree = (row["keyless"] == ACCEPTS) != (row["sigstore-js"] == ACCEPTS)
    assert disagree == ("because" in row)


def question(scene: Scene) -> JsonValue:
    """Put *scene* as the script wants it; an artifact is always given in full."""
    artifact = ARTIFACT if isinstance(scene.artifact, Digest) else scene.artifact
    return {
        "bundle": scene.bundle.decode(),
        "trustedRoot": scene.trusted_root.decode(),
        "artifact": b64encode(artifact).decode(),
        **asked(scene.policy),
    }


def asked(policy: Policy) -> dict[str, JsonValue]:
    """Say who must have signed by a name and an issuer, or by a key."""
    match policy:
        case SignedBy(identity=str() as identity, issuer=str() as issuer):
            return {"identity": identity, "issuer": issuer}
        case GitHubWorkflow():
            return {"identity": GITHUB.text, "issuer": GITHUB_CLAIMS.issuer}
        case GitLabPipeline():
            return {"identity": GITLAB.text, "issuer": GITLAB_CLAIMS.issuer}
        case SignedByKey(key=key):
            return {"key": pem_encode("PUBLIC KEY", key.spki)}
        case _:
            raise NotImplementedError(policy)

# SPDX-License-Identifier: Apache-2.0
"""A verdict as cosign writes it, for scripts that read that.

What `cosign verify --output json` writes is a list:

    of a legacy signature   the document that was signed; and under `optional`, beside the signer's
                            annotations, who signed and what a log promised of it
    of a bundle             a document that looks the same, which nobody signed: its reference is
                            the one that was asked for, its type that of the statement

The names under `optional` are cosign's. Of a certificate that is those of a run on GitHub, each
under its everyday name and its number.
"""

from keyless.evidence import VerifiedSigner
from keyless.images.proof import ImageProof, ImageSignature, ImageStatements
from keyless.protocol.cosign import SIGN_PREDICATE, SIGNATURE_TYPE, SimpleSigning
from keyless.protocol.cosign_layers import promise_json, timestamp_json
from keyless.protocol.digest import Digest
from keyless.protocol.dsse import Envelope
from keyless.protocol.json_reader import JsonValue

_ISSUER = "1.3.6.1.4.1.57264.1.1"
_GITHUB = (
    ("github_workflow_trigger", "githubWorkflowTrigger", "1.3.6.1.4.1.57264.1.2"),
    ("github_workflow_sha", "githubWorkflowSha", "1.3.6.1.4.1.57264.1.3"),
    ("github_workflow_name", "githubWorkflowName", "1.3.6.1.4.1.57264.1.4"),
    ("github_workflow_repository", "githubWorkflowRepository", "1.3.6.1.4.1.57264.1.5"),
    ("github_workflow_ref", "githubWorkflowRef", "1.3.6.1.4.1.57264.1.6"),
)


def cosign_json(proof: ImageProof) -> list[JsonValue]:
    """Write the signatures in *proof* as cosign does: bundles if there are any, or else the others.

    It does not look at legacy signatures where there is a bundle.
    """
    bundles = [_of_bundle(each, proof) for each in proof.signatures if each.payload is None]
    return bundles or [_of_legacy(each, each.payload) for each in proof.signatures if each.payload]


def cosign_attestations_json(statements: ImageStatements) -> list[JsonValue]:
    """Write what is said in *statements* as cosign does: the envelope of each."""
    contents = (each.bundle.content for each in statements)
    return [content.to_json() for content in contents if isinstance(content, Envelope)]


def _of_bundle(signature: ImageSignature, proof: ImageProof) -> JsonValue:
    return {
        "critical": _critical(proof.reference, proof.digest, SIGN_PREDICATE),
        "optional": dict(signature.annotations),
    }


def _of_legacy(signature: ImageSignature, payload: SimpleSigning) -> JsonValue:
    optional = {**dict(payload.annotations), **_signer(signature.proof.signer)}
    # A layer has room for one of each.
    for entry in signature.bundle.entries:
        optional["Bundle"] = promise_json(entry)
    for timestamp in signature.bundle.timestamps:
        optional["RFC3161Timestamp"] = timestamp_json(timestamp)
    return {
        "critical": _critical(payload.docker_reference, payload.digest, SIGNATURE_TYPE),
        "optional": optional or None,
    }


def _critical(reference: str, digest: Digest, kind: str) -> JsonValue:
    return {
        "identity": {"docker-reference": reference},
        "image": {"docker-manifest-digest": str(digest)},
        "type": kind,
    }


def _signer(signer: VerifiedSigner) -> dict[str, JsonValue]:
    if signer.identity is None or signer.claims is None:
        return {}
    said: dict[str, JsonValue] = {"Subject": signer.identity.text}
    claims = dict(signer.claims.items())
    if "issuer" in claims:
        said["Issuer"] = said[_ISSUER] = claims["issuer"]
    for claim, name, number in _GITHUB:
        if claim in claims:
            said[name] = said[number] = claims[claim]
    return said

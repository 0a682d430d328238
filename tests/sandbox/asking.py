# SPDX-License-Identifier: Apache-2.0
"""Requests to the services of a sandbox, and what their answers say."""

import json
from typing import Any

from keyless.protocol.bundle import MessageSignature
from keyless.protocol.certificate import Certificate
from keyless.protocol.claims import Claims
from keyless.protocol.digest import Digest
from keyless.protocol.dsse import Envelope, EnvelopeSignature, pae
from keyless.protocol.keys import PublicKey, algorithm_named
from keyless.protocol.names import San
from keyless.protocol.proposal import Proposal
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.statement import IN_TOTO
from keyless.sandbox import Sandbox
from keyless.services.http import Request, Response, joined

P256 = algorithm_named("PKIX_ECDSA_P256_SHA_256")
ARTIFACT = b"what was signed\n"
STATEMENT = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": "artifact", "digest": {"sha256": Digest.of(ARTIFACT).hex}}],
    "predicateType": "https://slsa.dev/provenance/v1",
    "predicate": {},
}


def get(base: str, path: str) -> Request:
    """Ask for *path* under *base*."""
    return Request(method="GET", url=joined(base, path))


def post(base: str, path: str, content: Any, **headers: str) -> Request:
    """Post *content*, as JSON unless it is bytes; underscores in headers stand for hyphens."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    named = {"Content-Type": "application/json"} | {
        name.replace("_", "-"): text for name, text in headers.items()
    }
    return Request(method="POST", url=joined(base, path), headers=tuple(named.items()), body=body)


def said(response: Response) -> Any:
    """Return the JSON in *response*."""
    assert response.header("Content-Type") == "application/json"
    return json.loads(response.body)


def refusal(response: Response) -> tuple[int, str]:
    """Return the status and the words of a refusal."""
    return response.status, said(response)["message"]


def certified(sandbox: Sandbox, key: PublicKey) -> Certificate:
    """Return a certificate for *key*, of Alice."""
    san = San(kind="e-mail", text="alice@example.com")
    return sandbox.core.authority.issue(key, san, Claims(issuer="https://accounts.google.com"))


def signed_artifact(
    key: SigningKey, verifier: Certificate | PublicKey, content: bytes = ARTIFACT
) -> Proposal:
    """Propose a signature over *content*."""
    digest = Digest.of(content, key.algorithm.hash or P256.hash)
    signature = MessageSignature(digest=digest, signature=key.sign(content))
    return Proposal.of(signature, verifier, algorithm=key.algorithm)


def signed_statement(
    key: SigningKey, verifier: Certificate | PublicKey, statement: Any = STATEMENT
) -> Proposal:
    """Propose an envelope with *statement*."""
    payload = json.dumps(statement).encode()
    signature = EnvelopeSignature(signature=key.sign(pae(IN_TOTO, payload)))
    envelope = Envelope(payload_type=IN_TOTO, payload=payload, signatures=(signature,))
    return Proposal.of(envelope, verifier, algorithm=key.algorithm)

# SPDX-License-Identifier: Apache-2.0
"""The search index of the log: what entries have to do with, and with what they have not."""

import json
from base64 import b64encode
from typing import Any

import pytest

from keyless.protocol.digest import Digest
from keyless.protocol.encoding import pem_encode
from keyless.protocol.json_reader import Json
from keyless.protocol.names import San
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.statement import IN_TOTO
from keyless.sandbox import Sandbox
from keyless.sandbox.proposals import accept_v1
from tests.sandbox.asking import (
    ARTIFACT,
    P256,
    STATEMENT,
    certified,
    post,
    refusal,
    said,
    signed_artifact,
    signed_statement,
)

KEY, BARE = SigningKey.generate(P256), SigningKey.generate(P256)
DIGEST = Digest.of(ARTIFACT)


def public_key(label: str, der: bytes) -> dict[str, str]:
    """Search for a key or certificate."""
    return {"format": "x509", "content": b64encode(pem_encode(label, der).encode()).decode()}


class Log:
    """A log with three entries: of an artifact by a certificate and by a key, and a statement."""

    def __init__(self) -> None:
        self.sandbox = Sandbox()
        self.certificate = certified(self.sandbox, KEY.public)
        self.artifact = self.logged(signed_artifact(KEY, self.certificate).v1_body())
        self.bare = self.logged(signed_artifact(BARE, BARE.public).v1_body())
        self.proposal = signed_statement(KEY, self.certificate).v1_body()
        self.statement = self.logged(self.proposal)

    def post(self, path: str, content: Any) -> Any:
        """Post to the log."""
        return self.sandbox.rekor_v1.handle(post(self.sandbox.core.urls.log_v1, path, content))

    def logged(self, proposal: bytes) -> str:
        """Have *proposal* written down; return its name."""
        (uuid,) = said(self.post("api/v1/log/entries", proposal))
        return str(uuid)

    def find(self, **query: Any) -> set[str]:
        """Search."""
        return set(said(self.post("api/v1/index/retrieve", query)))


@pytest.fixture(scope="module")
def log() -> Log:
    """One log for all."""
    return Log()


@pytest.mark.parametrize("name", ["email", "subject"])
def test_entries_are_found_by_who_signed(log: Log, name: str) -> None:
    """In any case of letters."""
    assert log.find(**{name: "ALICE@example.com"}) == {log.artifact, log.statement}
    assert log.find(**{name: "bob@example.com"}) == set()


def test_a_workflow_is_a_subject() -> None:
    """Though it has no e-mail address."""
    log, key = Log(), SigningKey.generate(P256)
    workflow = "https://github.com/org/app/.github/workflows/release.yml@refs/heads/main"
    certificate = log.sandbox.core.authority.issue(key.public, San(kind="URI", text=workflow))
    uuid = log.logged(signed_artifact(key, certificate).v1_body())
    assert log.find(subject=workflow) == {uuid}


@pytest.mark.parametrize("prefix", ["", "sha256:", "SHA256:"])
def test_entries_are_found_by_the_digest_of_a_file(log: Log, prefix: str) -> None:
    """Its signatures, and the statements about it."""
    found = log.find(hash=f"{prefix}{DIGEST.hex.upper()}")
    assert found == {log.artifact, log.bare, log.statement}


def test_a_statement_is_found_by_its_own_digests(log: Log) -> None:
    """That of its payload, and that of its envelope."""
    envelope = json.loads(log.proposal)["spec"]["proposedContent"]["envelope"].encode()
    payload = json.dumps(STATEMENT).encode()
    for document in (envelope, payload):
        assert log.find(hash=str(Digest.of(document))) == {log.statement}


def test_entries_are_found_by_their_key(log: Log) -> None:
    """Artifacts by the key as it is, and statements, as in the real log, only by its digest."""
    certificate = public_key("CERTIFICATE", log.certificate.der)
    pem = pem_encode("CERTIFICATE", log.certificate.der).encode()
    assert log.find(publicKey=public_key("PUBLIC KEY", BARE.public.spki)) == {log.bare}
    assert log.find(publicKey=certificate) == {log.artifact}
    assert log.find(hash=str(Digest.of(pem))) == {log.statement}


def test_what_is_searched_for_can_be_narrowed_down(log: Log) -> None:
    """All of it, or any of it when nothing is said."""
    query = {"email": "alice@example.com", "hash": str(DIGEST)}
    assert log.find(**query, operator="and") == {log.artifact, log.statement}
    assert log.find(**query) == {log.artifact, log.bare, log.statement}
    assert log.find(**query, operator="or") == {log.artifact, log.bare, log.statement}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({}, "asks for nothing"),
        ({"hash": "abc"}, "not a digest"),
        ({"publicKey": {"format": "pgp", "content": ""}}, "is not supported by this server"),
        ({"publicKey": {"format": "x509"}}, "missing"),
    ],
    ids=str,
)
def test_what_is_no_query_is_refused(log: Log, query: Any, words: str) -> None:
    """With why."""
    status, found = refusal(log.post("api/v1/index/retrieve", query))
    assert status == 400
    assert words in found


def test_a_payload_that_is_no_statement_is_found_by_its_digest_alone() -> None:
    """Whatever it is said to be."""
    proposal = signed_statement(KEY, KEY.public, statement=["no statement"])
    accepted = accept_v1(proposal.v1_body())
    assert accepted.envelope is not None
    assert accepted.envelope.payload_type == IN_TOTO
    log = Log()
    uuid = log.logged(proposal.v1_body())
    assert log.find(hash=str(Digest.of(accepted.envelope.payload))) == {uuid}
    assert Json.parse(accepted.body).text("kind") == "dsse"

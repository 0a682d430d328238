# SPDX-License-Identifier: Apache-2.0
"""What becomes public, told before it does."""

import json
from typing import Any

import pytest

from keyless.auth import Identity
from keyless.credential import P256, Credential
from keyless.disclosure import Disclosure, disclosure
from keyless.errors import LoginError
from keyless.instance.sigstore import LogVersion
from keyless.protocol.claims import Claims
from keyless.protocol.digest import Digest
from keyless.protocol.dsse import pae
from keyless.protocol.names import San
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.statement import Statement, Subject
from keyless.sandbox import Sandbox
from tests.forge import ALICE, GITHUB, GITHUB_CLAIMS, GOOGLE
from tests.instances import NOON, Wire, on
from tests.protocol.test_certified import ON_GITHUB
from tests.protocol.test_token import token_with

ARTIFACT = Digest.of(b"what is signed")
STATEMENT = Statement(
    predicate_type="https://example.com/reviewed/v1",
    subjects=(Subject(name="app.whl", digests=(ARTIFACT,)),),
    predicate={"reviewer": "<b>Carol</b>"},
)


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    """One instance for all: nothing is done to it."""
    return Sandbox(NOON)


def certified(sandbox: Sandbox, name: San = ALICE, claims: Claims = GOOGLE) -> Credential:
    """Hold a certificate of *sandbox*."""
    key = SigningKey.generate(P256)
    certificate = sandbox.core.authority.issue(key.public, name, claims)
    return Credential(key, certificate=certificate)


def told(
    sandbox: Sandbox,
    signer: Identity | Credential,
    content: Digest | Statement = ARTIFACT,
    *,
    rekor: LogVersion = 1,
) -> Disclosure:
    """Say what becomes public when *signer* signs *content*."""
    return disclosure(signer, content, sigstore=on(sandbox, rekor=rekor))


def alice(**changes: Any) -> Identity:
    """Be Alice, by a token."""
    return Identity.from_token(token_with(**changes))


def test_a_person_becomes_public_by_name(sandbox: Sandbox) -> None:
    """By the e-mail address, and by whom they sign in with."""
    said = told(sandbox, alice())
    assert said.certainty == "foretold"
    assert said.who == (
        ("identity", "alice@example.com"),
        ("issuer", "https://github.com/login/oauth"),
        ("token_subject", "CgVhbGljZQ"),
    )


def test_a_workflow_becomes_public_with_all_of_its_claims(sandbox: Sandbox) -> None:
    """What is foretold is what the certificate states then."""
    before = told(sandbox, alice(**ON_GITHUB))
    after = told(sandbox, certified(sandbox, GITHUB, GITHUB_CLAIMS))
    assert after.certainty == "stated"
    assert dict(before.who) == {**dict(after.who), "token_subject": ON_GITHUB["sub"]}


def test_where_nothing_can_be_foretold_everything_is_possible(sandbox: Sandbox) -> None:
    """All that the token says of its holder, but for formalities."""
    said = told(sandbox, alice(iss="https://ci.example.com", email=None, job=5))
    assert said.certainty == "possible"
    assert dict(said.who) == {
        "iss": "https://ci.example.com",
        "sub": "CgVhbGljZQ",
        "email_verified": "True",
        "federated_claims": "{'connector_id': 'https://github.com/login/oauth', 'user_id': '7'}",
        "job": "5",
    }
    assert "possibly, job" in str(said)


def test_a_workflow_without_a_name_is_not_foretold(sandbox: Sandbox) -> None:
    """Its authority may be one that takes another claim for the name."""
    assert told(sandbox, alice(**{**ON_GITHUB, "job_workflow_ref": None})).certainty == "possible"


def test_a_key_becomes_public_and_no_name(sandbox: Sandbox) -> None:
    """Nor is any certificate logged."""
    key = SigningKey.generate(P256)
    said = told(sandbox, Credential.from_key(key))
    assert said.who == (("key", str(key.public.fingerprint)),)
    assert said.where == ("the log rekor.sandbox.test",)


def test_an_artifact_becomes_public_by_its_digest(sandbox: Sandbox) -> None:
    """It stays where it is."""
    said = told(sandbox, alice())
    assert said.what == (("artifact", str(ARTIFACT)), ("time", "when it was signed"))
    assert said.where == (
        "the certificate log of fulcio.sandbox.test (who, and nothing else)",
        "the log rekor.sandbox.test",
    )
    assert said.unpublished == (
        "the artifact, its name, or where it lies",
        "what timestamp.sandbox.test sees: the digest of a signature",
    )


def test_a_statement_is_sent_to_a_log_of_version_1(sandbox: Sandbox) -> None:
    """To the byte as it is signed."""
    said = told(sandbox, alice(), STATEMENT, rekor=1)
    assert said.what[0] == ("statement", STATEMENT.to_json().decode())
    assert said.unpublished[0] == "the artifacts that the statement is about"


def test_a_statement_that_is_written_already_is_told_as_it_stands(sandbox: Sandbox) -> None:
    """Blanks and all; what of it is no text is told all the same."""
    written = b" " + STATEMENT.to_json() + b"\xff"
    said = disclosure(alice(), written, sigstore=on(sandbox, rekor=1))
    assert said.what[0] == ("statement", f" {STATEMENT.to_json().decode()}\\xff")


def test_a_statement_is_not_sent_to_a_log_of_version_2(sandbox: Sandbox) -> None:
    """Only a digest is."""
    said = told(sandbox, alice(), STATEMENT, rekor=2)
    encoded = pae("application/vnd.in-toto+json", STATEMENT.to_json())
    assert said.what[0] == ("digest of the statement", str(Digest.of(encoded)))
    assert said.unpublished[0].startswith("the statement: only who is given the bundle")
    assert "Carol" not in str(said)


def test_an_instance_without_an_authority_names_none(sandbox: Sandbox) -> None:
    """Where nothing could be certified, nothing would be logged there."""
    sigstore = on(sandbox, edit=lambda config: config.update(caUrls=[]))
    said = disclosure(alice(), ARTIFACT, sigstore=sigstore)
    assert [place for place in said.where if "certificate log" in place] == []


def test_it_is_shown_safely(sandbox: Sandbox) -> None:
    """As text and as HTML: what is signed is not markup."""
    said = told(sandbox, alice(), STATEMENT)
    text, html = str(said), said._repr_html_()
    assert text.startswith("signing makes this public, for ever\n")
    for part in ("alice@example.com", "<b>Carol</b>", "the log rekor.sandbox.test", "but not"):
        assert part in text
    assert "&lt;b&gt;Carol" in html
    assert "<b>Carol" not in html


def test_it_is_json_for_machines(sandbox: Sandbox) -> None:
    """All of it."""
    said = told(sandbox, alice()).to_json()
    assert json.loads(json.dumps(said)) == said
    assert said["who"] == dict(told(sandbox, alice()).who)
    assert said["what"] == [
        {"name": "artifact", "content": str(ARTIFACT)},
        {"name": "time", "content": "when it was signed"},
    ]


def test_nobody_is_asked_but_the_identity(sandbox: Sandbox) -> None:
    """An expired token is told, as it would be when signing; the network is left alone."""
    wire = Wire(sandbox)
    sigstore = on(sandbox, transport=wire)
    disclosure(alice(), ARTIFACT, sigstore=sigstore)
    with pytest.raises(LoginError, match="has expired"):
        disclosure(alice(exp=int(NOON.timestamp())), ARTIFACT, sigstore=sigstore)
    assert wire.asked == []


def test_what_a_certificate_states_is_read_from_it(sandbox: Sandbox) -> None:
    """Once there is one, nothing is left to foretell."""
    said = told(sandbox, certified(sandbox))
    assert said.who == (
        ("identity", "alice@example.com"),
        ("issuer", "https://accounts.google.com"),
    )
    assert len(said.where) == 2

# SPDX-License-Identifier: Apache-2.0
"""What becomes public, told before it does."""

import json
from typing import Any

import pytest

from keyless.auth import Identity
from keyless.credential import Credential
from keyless.disclosure import Disclosure, disclosure
from keyless.errors import LoginError
from keyless.protocol.certificate import Certificate
from keyless.protocol.digest import Digest
from keyless.protocol.dsse import pae
from keyless.protocol.keys import algorithm_named
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.statement import Statement, Subject
from tests.forge import GITHUB, GITHUB_CLAIMS, NOON, SECOND, Forge
from tests.instances import connected
from tests.protocol.test_certified import ON_GITHUB
from tests.protocol.test_token import token_with

ARTIFACT = Digest.of(b"what is signed")
STATEMENT = Statement(
    predicate_type="https://example.com/reviewed/v1",
    subjects=(Subject(name="app.whl", digests=(ARTIFACT,)),),
    predicate={"reviewer": "<b>Carol</b>"},
)


@pytest.fixture(scope="module")
def forge() -> Forge:
    """One instance for all."""
    return Forge()


def told(
    forge: Forge,
    signer: Identity | Credential,
    content: Digest | Statement = ARTIFACT,
    *,
    rekor: int = 1,
) -> Disclosure:
    """Say what becomes public when *signer* signs *content*."""
    return disclosure(signer, content, sigstore=connected(forge, rekor=rekor))


def alice(**changes: Any) -> Identity:
    """Be Alice, by a token."""
    return Identity.from_token(token_with(**changes))


def test_a_person_becomes_public_by_name(forge: Forge) -> None:
    """By the e-mail address, and by whom they sign in with."""
    said = told(forge, alice())
    assert said.certainty == "foretold"
    assert said.who == (
        ("identity", "alice@example.com"),
        ("issuer", "https://github.com/login/oauth"),
        ("token_subject", "CgVhbGljZQ"),
    )


def test_a_workflow_becomes_public_with_all_of_its_claims(forge: Forge) -> None:
    """What is foretold is what the certificate states then."""
    before = told(forge, alice(**ON_GITHUB))
    signer = forge.signer(names=[GITHUB], claims=GITHUB_CLAIMS)
    after = told(forge, Credential(signer.key, certificate=signer.certificate))
    assert after.certainty == "stated"
    assert dict(before.who) == {**dict(after.who), "token_subject": ON_GITHUB["sub"]}


def test_where_nothing_can_be_foretold_everything_is_possible(forge: Forge) -> None:
    """All that the token says of its holder, but for formalities."""
    said = told(forge, alice(iss="https://ci.example.com", email=None, job=5))
    assert said.certainty == "possible"
    assert dict(said.who) == {
        "iss": "https://ci.example.com",
        "sub": "CgVhbGljZQ",
        "email_verified": "True",
        "federated_claims": "{'connector_id': 'https://github.com/login/oauth', 'user_id': '7'}",
        "job": "5",
    }
    assert "possibly, job" in str(said)


def test_a_workflow_without_a_name_is_not_foretold(forge: Forge) -> None:
    """Its authority may be one that takes another claim for the name."""
    assert told(forge, alice(**{**ON_GITHUB, "job_workflow_ref": None})).certainty == "possible"


def test_a_key_becomes_public_and_no_name(forge: Forge) -> None:
    """Nor is any certificate logged."""
    key = SigningKey.generate(algorithm_named("PKIX_ECDSA_P256_SHA_256"))
    said = told(forge, Credential.from_key(key))
    assert said.who == (("key", str(key.public.fingerprint)),)
    assert said.where == ("the log rekor.sandbox.test",)


def test_an_artifact_becomes_public_by_its_digest(forge: Forge) -> None:
    """It stays where it is."""
    said = told(forge, alice())
    assert said.what == (("artifact", str(ARTIFACT)), ("time", "when it was signed"))
    assert said.where == (
        "the certificate log of fulcio.sandbox.test (who, and nothing else)",
        "the log rekor.sandbox.test",
    )
    assert said.unpublished == (
        "the artifact, its name, or where it lies",
        "what timestamp.sandbox.test sees: the digest of a signature",
    )


def test_a_statement_is_sent_to_a_log_of_version_1(forge: Forge) -> None:
    """To the byte as it is signed."""
    said = told(forge, alice(), STATEMENT, rekor=1)
    assert said.what[0] == ("statement", STATEMENT.to_json().decode())
    assert said.unpublished[0] == "the artifacts that the statement is about"


def test_a_statement_is_not_sent_to_a_log_of_version_2(forge: Forge) -> None:
    """Only a digest is."""
    said = told(forge, alice(), STATEMENT, rekor=2)
    encoded = pae("application/vnd.in-toto+json", STATEMENT.to_json())
    assert said.what[0] == ("digest of the statement", str(Digest.of(encoded)))
    assert said.unpublished[0].startswith("the statement: only who is given the bundle")
    assert "Carol" not in str(said)


def test_an_instance_without_an_authority_names_none(forge: Forge) -> None:
    """Where nothing could be certified, nothing would be logged there."""
    sigstore = connected(forge, edit=lambda config: config.update(caUrls=[]))
    said = disclosure(alice(), ARTIFACT, sigstore=sigstore)
    assert [place for place in said.where if "certificate log" in place] == []


def test_it_is_shown_safely(forge: Forge) -> None:
    """As text and as HTML: what is signed is not markup."""
    said = told(forge, alice(), STATEMENT)
    text, html = str(said), said._repr_html_()
    assert text.startswith("signing makes this public, for ever\n")
    for part in ("alice@example.com", "<b>Carol</b>", "the log rekor.sandbox.test", "but not"):
        assert part in text
    assert "&lt;b&gt;Carol" in html
    assert "<b>Carol" not in html


def test_it_is_json_for_machines(forge: Forge) -> None:
    """All of it."""
    said = told(forge, alice()).to_json()
    assert json.loads(json.dumps(said)) == said
    assert said["who"] == dict(told(forge, alice()).who)
    assert said["what"] == [
        {"name": "artifact", "content": str(ARTIFACT)},
        {"name": "time", "content": "when it was signed"},
    ]


def test_nobody_is_asked_but_the_identity(forge: Forge) -> None:
    """An expired token is told, as it would be when signing; the network is left alone."""
    sigstore = connected(forge, now=NOON + 90 * SECOND)
    with pytest.raises(LoginError, match="has expired"):
        disclosure(alice(), ARTIFACT, sigstore=sigstore)


def test_what_a_certificate_states_is_read_from_it(forge: Forge) -> None:
    """Once there is one, nothing is left to foretell."""
    signer = forge.signer()
    assert isinstance(signer.certificate, Certificate)
    said = told(forge, Credential(signer.key, certificate=signer.certificate))
    assert said.who == (
        ("identity", "alice@example.com"),
        ("issuer", "https://accounts.google.com"),
    )
    assert len(said.where) == 2

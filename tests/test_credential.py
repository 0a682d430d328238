# SPDX-License-Identifier: Apache-2.0
"""Credentials: what is refused of a certificate on arrival, and how they sign."""

import pickle
from datetime import timedelta
from typing import Any

import pytest

from keyless.auth import Identity
from keyless.credential import Credential, check_issued
from keyless.errors import Check, InputError, LoginError, LoginFailure
from keyless.policy import Requirements, SignedBy, SignedByKey
from keyless.protocol.bundle import KeyHint
from keyless.protocol.certificate import Certificate
from keyless.protocol.claims import Claims
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.dsse import pae
from keyless.protocol.encoding import b64encode
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.keys import algorithm_named
from keyless.protocol.names import San
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.token import IdentityToken
from keyless.sandbox import Sandbox
from keyless.value import replace
from tests.forge import ALICE, ARTIFACT, GITHUB, GITHUB_CLAIMS, GOOGLE, NOON, SECOND, Forge, Signer
from tests.instances import Wire, on
from tests.protocol.test_token import ACTIONS, token_with
from tests.refusals import refused

BOB = San(kind="e-mail", text="bob@example.com")
DEX = "https://oauth2.example/auth"
WORKFLOW = GITHUB.text.removeprefix("https://github.com/")


@pytest.fixture(scope="module")
def forge() -> Forge:
    """One instance for all."""
    return Forge()


def alices(**changes: Any) -> IdentityToken:
    """Read a token of Alice's, by Google."""
    given = {"iss": GOOGLE.issuer, "federated_claims": None, "sub": "117", **changes}
    return IdentityToken.parse(token_with(**given))


def arrives(
    forge: Forge,
    signer: Signer,
    token: IdentityToken,
    *,
    seconds: float = 0,
    requirements: Requirements = Requirements.PUBLIC,
) -> None:
    """Have the certificate of *signer* arrive for *token*, some *seconds* after noon."""
    assert isinstance(signer.certificate, Certificate)
    check_issued(
        signer.certificate,
        token,
        now=NOON + seconds * SECOND,
        trusted_root=forge.trusted_root(),
        requirements=requirements,
    )


def test_a_certificate_for_the_holder_of_the_token_is_taken(forge: Forge) -> None:
    """With or without the token's subject in it."""
    arrives(forge, forge.signer(), alices())
    claims = replace(GOOGLE, token_subject="117")  # noqa: S106 - no secret
    arrives(forge, forge.signer(claims=claims), alices())


@pytest.mark.parametrize(
    ("names", "claims", "what"),
    [
        ([BOB], GOOGLE, "identity"),
        ([replace(ALICE, text="Alice@example.com")], GOOGLE, "identity"),
        ([ALICE], Claims(issuer="https://accounts.example.com"), "issuer"),
        ([ALICE], Claims(), "issuer"),
        ([ALICE], replace(GOOGLE, token_subject="118"), "subject"),  # noqa: S106 - no secret
    ],
)
def test_a_certificate_for_somebody_else_is_refused(
    forge: Forge, names: list[San], claims: Claims, what: str
) -> None:
    """By another name, by another issuer, or of another account of the same name."""
    with refused(Check.POLICY, f"for somebody else: another {what} than the token's"):
        arrives(forge, forge.signer(names=names, claims=claims), alices())


@pytest.mark.parametrize("issuer", [DEX, "https://github.com/login/oauth"])
def test_of_a_federated_token_either_issuer_may_be_named(forge: Forge, issuer: str) -> None:
    """The authority decides whether it names who asked, or who knew."""
    token = IdentityToken.parse(token_with(iss=DEX))
    arrives(forge, forge.signer(claims=Claims(issuer=issuer)), token)


def test_a_workflow_is_named_by_its_uri(forge: Forge) -> None:
    """A certificate for another workflow of the same repository is for somebody else."""
    claims = {"iss": ACTIONS, "email": None}
    signer = forge.signer(names=[GITHUB], claims=GITHUB_CLAIMS)
    arrives(forge, signer, alices(job_workflow_ref=WORKFLOW, **claims))
    other = WORKFLOW.replace("release", "test")
    with refused(Check.POLICY, "another identity"):
        arrives(forge, signer, alices(job_workflow_ref=other, **claims))


def test_a_name_for_which_no_rule_is_known_is_taken(forge: Forge) -> None:
    """What the authority of a private instance calls a job, it alone decides."""
    job = San(kind="URI", text="https://ci.example.com/job/5")
    signer = forge.signer(names=[job], claims=Claims(issuer="https://ci.example.com"))
    arrives(forge, signer, alices(iss="https://ci.example.com", email=None))
    with refused(Check.POLICY, "another issuer"):
        arrives(forge, signer, alices(email=None))


def test_an_e_mail_address_is_the_tokens_or_nobodys(forge: Forge) -> None:
    """A token without one gets no certificate with one."""
    with refused(Check.POLICY, "another identity") as refusal:
        arrives(forge, forge.signer(), alices(email=None))
    assert "the token has no e-mail address" in str(refusal.value.wanted)


def test_a_machine_is_no_signer(forge: Forge) -> None:
    """A certificate that no policy would accept is refused before anything is signed."""
    machine = San(kind="DNS name", text="ci.example.com")
    signer = forge.signer(names=[machine], claims=Claims(issuer="https://ci.example.com"))
    with refused(Check.POLICY):
        arrives(forge, signer, alices(iss="https://ci.example.com", email=None))


@pytest.mark.parametrize("seconds", [-60, 0, 600])
def test_clocks_may_differ_a_little(forge: Forge, seconds: float) -> None:
    """A certificate of the next minute is of a server whose clock is ahead."""
    arrives(forge, forge.signer(), alices(), seconds=seconds)


@pytest.mark.parametrize("seconds", [-60.1, 600.1])
def test_a_certificate_of_another_time_is_refused(forge: Forge, seconds: float) -> None:
    """Nothing could be signed under it."""
    with refused(Check.CHAIN, "the certificate is not valid now"):
        arrives(forge, forge.signer(), alices(), seconds=seconds)


def test_a_certificate_of_another_authority_is_refused(forge: Forge) -> None:
    """Somebody answered in its place."""
    with refused(Check.CHAIN):
        arrives(forge, Forge(others=0).signer(), alices())


def test_a_certificate_that_no_log_has_seen_is_refused(forge: Forge) -> None:
    """Unless the instance has no certificate log, and the caller says so."""
    unseen = forge.signer(scts=[])
    with refused(Check.SCT):
        arrives(forge, unseen, alices())
    arrives(forge, unseen, alices(), requirements=Requirements(scts=0))


def credential(forge: Forge) -> Credential:
    """Hold a certificate of Alice's, as long as it lives."""
    signer = forge.signer()
    assert isinstance(signer.certificate, Certificate)
    certificate = signer.certificate
    return Credential(signer.key, certificate=certificate, expires_at=certificate.not_after)


def test_a_certificate_says_who_signs(forge: Forge) -> None:
    """To bundles, to logs, and to whoever verifies."""
    mine = credential(forge)
    assert mine.material == mine.verifier == mine.certificate
    assert mine.policy == SignedBy("alice@example.com", issuer="google")


def test_a_key_of_ones_own_says_which_it_is() -> None:
    """By the digest of the key, as cosign does."""
    key = SigningKey.generate(algorithm_named("PKIX_ECDSA_P384_SHA_384"))
    mine = Credential.from_key(key)
    assert mine.material == KeyHint(hint=b64encode(key.public.fingerprint.value))
    assert mine.verifier == key.public
    assert mine.policy == SignedByKey(key.public)
    assert mine.hash is HashAlgorithm.SHA384
    mine.demand_valid(NOON - timedelta(days=9), by="authority")
    mine.demand_unexpired(NOON + timedelta(days=9))


def test_what_is_signed_verifies(forge: Forge) -> None:
    """A digest with its artifact, a statement with its encoding."""
    mine = credential(forge)
    assert isinstance(mine.verifier, Certificate)
    key = mine.verifier.key
    message = mine.sign_digest(Digest.of(ARTIFACT))
    key.verify(message.signature, ARTIFACT, check=Check.SIGNATURE)
    assert message.digest == Digest.of(ARTIFACT)
    envelope = mine.sign_statement(b"{}")
    encoded = pae("application/vnd.in-toto+json", b"{}")
    key.verify(envelope.signature, encoded, check=Check.SIGNATURE)


def test_a_digest_by_another_hash_is_refused(forge: Forge) -> None:
    """The key signs one kind."""
    with pytest.raises(InputError, match="signs a SHA256 digest, not sha512"):
        credential(forge).sign_digest(Digest.of(ARTIFACT, HashAlgorithm.SHA512))


@pytest.mark.parametrize("seconds", [-1, 601])
def test_a_time_outside_of_its_life_is_refused(forge: Forge, seconds: float) -> None:
    """A signature of then would never verify."""
    with refused(Check.CHAIN, "so it was not logged: it is valid 2025-03-01 12:00:00 UTC to"):
        credential(forge).demand_valid(NOON + seconds * SECOND, by="authority")


def test_it_expires(forge: Forge) -> None:
    """By this machine's clock."""
    mine = credential(forge)
    mine.demand_unexpired(NOON + 600 * SECOND)
    with refused(Check.CHAIN, "it expired at 2025-03-01 12:10:00 UTC, it is .* 12:10:01"):
        mine.demand_unexpired(NOON + 601 * SECOND)


def test_nothing_shows_its_key(forge: Forge) -> None:
    """Not its words, and not its pickle."""
    mine = credential(forge)
    assert repr(mine).startswith("Credential(Certificate(e-mail alice@example.com, from 2025-03-01")
    own = Credential.from_key(SigningKey.generate(algorithm_named("PKIX_ED25519")))
    assert repr(own).startswith("Credential(PublicKey(Ed25519, sha256=")
    assert own.hash is HashAlgorithm.SHA256
    with pytest.raises(TypeError, match="not pickled or copied"):
        pickle.dumps(mine)


def test_an_authority_that_takes_no_such_tokens_is_not_shown_any() -> None:
    """Who somebody is need not be known to whom it is of no use."""
    sandbox = Sandbox(NOON)
    wire = Wire(sandbox)
    claims: dict[str, JsonValue] = {"iss": "https://ci.example.com", "sub": "job"}
    me = Identity(lambda: sandbox.issuer.token_of(claims))
    with pytest.raises(LoginError, match=r"takes no tokens of https://ci\.example\.com") as caught:
        Credential.issue(me, on(sandbox, transport=wire))
    assert caught.value.reason is LoginFailure.WRONG_ISSUER
    assert sandbox.core.urls.issuer in str(caught.value.hint)
    assert [request.method for request in wire.asked] == ["GET"]

# SPDX-License-Identifier: Apache-2.0
"""Signing through a whole instance: what comes of it, and what is refused before it is logged."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from keyless.credential import Credential
from keyless.errors import Check, InputError, ServiceError
from keyless.instance import Sigstore
from keyless.instance.sigstore import LogVersion
from keyless.policy import GitHubWorkflow, Requirements, SignedBy, SignedByKey
from keyless.protocol.bundle import Bundle, KeyHint
from keyless.protocol.certificate import Certificate
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.dsse import Envelope
from keyless.protocol.keys import algorithm_named
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.statement import Statement, Subject
from keyless.sandbox import Sandbox
from keyless.services.http import Request, Response, Transport
from keyless.signing import LARGEST_STATEMENT, attest, sign
from keyless.value import replace
from keyless.verification import verify
from tests.instances import NOON, Wire, nothing_logged, on
from tests.refusals import refused

ARTIFACT = b"what is signed\n"
DIGEST = Digest.of(ARTIFACT)
STATEMENT = Statement(
    predicate_type="https://example.com/reviewed/v1",
    subjects=(Subject(name="app.whl", digests=(DIGEST,)),),
    predicate={"reviewer": "Carol", "score": [1, 2.5, None, "größer"]},
)
BY_ALICE = SignedBy("alice@example.com", issuer="github")
BOTH = pytest.mark.parametrize("rekor", [1, 2])

Make = Callable[..., Bundle]


@pytest.fixture
def sandbox() -> Sandbox:
    """A whole instance, at noon."""
    return Sandbox(NOON)


def alice(sandbox: Sandbox, sigstore: Sigstore | None = None) -> Credential:
    """Have Alice certified."""
    return Credential.issue(sandbox.identity("alice@example.com"), sigstore or sandbox.sigstore)


def own_key(name: str = "PKIX_ECDSA_P256_SHA_256") -> Credential:
    """Hold a key of one's own."""
    return Credential.from_key(SigningKey.generate(algorithm_named(name)))


def sign_artifact(credential: Credential, **options: Any) -> Bundle:
    """Sign the artifact."""
    return sign(ARTIFACT, credential, **options)


def attest_artifact(credential: Credential, **options: Any) -> Bundle:
    """Sign the statement about it."""
    return attest(STATEMENT, credential, **options)


EITHER = pytest.mark.parametrize("make", [sign_artifact, attest_artifact])


# What comes of it


@BOTH
def test_a_signature_verifies(sandbox: Sandbox, rekor: LogVersion) -> None:
    """As whom the token was about, at noon, in the log that was asked for."""
    sigstore = sandbox.connect(rekor=rekor)
    bundle = sign(ARTIFACT, alice(sandbox, sigstore), sigstore=sigstore)
    written = Bundle.parse(bundle.to_json())
    proof = verify(written, ARTIFACT, trusted_root=sigstore.trusted_root, policy=BY_ALICE)
    assert (bundle.version, written) == ("0.3", bundle)
    assert proof.signed_at == NOON
    assert [entry.version for entry in proof.entries] == [f"0.0.{rekor}"]
    assert [time.kind for time in proof.times][:1] == ["timestamp authority"]


@BOTH
def test_an_attestation_verifies(sandbox: Sandbox, rekor: LogVersion) -> None:
    """What is said is what was to be said, to the byte."""
    sigstore = sandbox.connect(rekor=rekor)
    bundle = attest(STATEMENT, alice(sandbox, sigstore), sigstore=sigstore)
    assert isinstance(bundle.content, Envelope)
    assert bundle.content.payload == STATEMENT.to_json()
    proof = verify(bundle, DIGEST, trusted_root=sigstore.trusted_root, policy=BY_ALICE)
    assert proof.statement == STATEMENT
    assert [entry.kind for entry in proof.entries] == [{1: "dsse", 2: "hashedrekord"}[rekor]]


def test_a_digest_stands_for_its_artifact(sandbox: Sandbox) -> None:
    """Whoever signs need not have the artifact, and who verifies may."""
    bundle = sign(DIGEST, alice(sandbox), sigstore=sandbox.sigstore)
    verify(bundle, ARTIFACT, trusted_root=sandbox.sigstore.trusted_root, policy=BY_ALICE)


def test_one_certificate_is_for_many_signatures(sandbox: Sandbox) -> None:
    """Each is another, and all are under the same."""
    credential = alice(sandbox)
    bundles = [sign(ARTIFACT, credential, sigstore=sandbox.sigstore) for _ in range(3)]
    assert len({bundle.signature for bundle in bundles}) == 3
    assert {bundle.material for bundle in bundles} == {credential.certificate}


def test_a_workflow_signs_as_itself(sandbox: Sandbox) -> None:
    """With all that GitHub says of it."""
    me = sandbox.github_identity("org/app", ref="refs/tags/v1")
    bundle = sign(ARTIFACT, Credential.issue(me, sandbox.sigstore), sigstore=sandbox.sigstore)
    policy = GitHubWorkflow("org/app", file="release.yml", ref="refs/tags/v1")
    verify(bundle, ARTIFACT, trusted_root=sandbox.sigstore.trusted_root, policy=policy)


@EITHER
@BOTH
@pytest.mark.parametrize(
    "name", ["PKIX_ECDSA_P256_SHA_256", "PKIX_ECDSA_P384_SHA_384", "PKIX_ECDSA_P521_SHA_512"]
)
def test_a_key_of_ones_own_signs(
    sandbox: Sandbox, make: Make, rekor: LogVersion, name: str
) -> None:
    """Nobody is named, and no authority is asked; who verifies needs the key."""
    wire = Wire(sandbox)
    credential = own_key(name)
    bundle = make(credential, sigstore=on(sandbox, rekor=rekor, transport=wire))
    assert isinstance(bundle.material, KeyHint)
    assert "fulcio" not in wire.hosts()
    policy = credential.policy
    assert isinstance(policy, SignedByKey)
    verify(bundle, ARTIFACT, trusted_root=sandbox.sigstore.trusted_root, policy=policy)


def test_a_statement_by_a_larger_key_goes_to_one_version_of_the_log(sandbox: Sandbox) -> None:
    """Version 1 verifies it over SHA-256, version 2 over the hash of the key."""

    def edit(config: dict[str, Any]) -> None:
        config["rekorTlogConfig"] = {"selector": "ALL"}
        config["rekorTlogUrls"][0]["operator"] = "somebody else"

    credential = own_key("PKIX_ECDSA_P521_SHA_512")
    with (
        nothing_logged(sandbox),
        pytest.raises(InputError, match="cannot go to logs of both versions"),
    ):
        attest(STATEMENT, credential, sigstore=on(sandbox, edit=edit))
    sign(Digest.of(b"x", credential.hash), credential, sigstore=on(sandbox, edit=edit))


def test_several_logs_are_written_to_where_the_instance_wants_it(sandbox: Sandbox) -> None:
    """Both, if both are to hold it; one bundle has both entries."""

    def edit(config: dict[str, Any]) -> None:
        config["rekorTlogConfig"] = {"selector": "ALL"}
        config["rekorTlogUrls"][0]["operator"] = "somebody else"

    sigstore = on(sandbox, edit=edit)
    bundle = sign(ARTIFACT, alice(sandbox), sigstore=sigstore, requirements=Requirements(logs=2))
    assert {entry.version for entry in bundle.entries} == {"0.0.1", "0.0.2"}


def test_without_a_timestamp_authority_a_log_of_version_1_says_when(sandbox: Sandbox) -> None:
    """As the public instance did for years."""
    sigstore = on(sandbox, rekor=1, edit=lambda config: config.update(tsaUrls=[]))
    bundle = sign(ARTIFACT, alice(sandbox), sigstore=sigstore)
    assert bundle.timestamps == ()


# The order of things


@EITHER
@BOTH
def test_a_timestamp_is_had_before_anything_is_logged(
    sandbox: Sandbox, make: Make, rekor: LogVersion
) -> None:
    """What is logged without one could never be verified."""
    wire = Wire(sandbox)
    credential = alice(sandbox)
    sigstore = on(sandbox, rekor=rekor, transport=wire)
    make(credential, sigstore=sigstore)
    assert wire.hosts() == ["timestamp", {1: "rekor", 2: "log2025-1"}[rekor]]
    wire.bend("timestamp", lambda *_: Response(status=403, body=b"not for you"))
    with nothing_logged(sandbox), pytest.raises(ServiceError, match="403: not for you"):
        make(credential, sigstore=sigstore)


@EITHER
def test_nothing_begins_that_no_clock_could_date(sandbox: Sandbox, make: Make) -> None:
    """A certificate lives ten minutes, and a log of version 2 does not say when."""
    wire = Wire(sandbox)
    edit = {"tsaUrls": []}
    sigstore = on(sandbox, rekor=2, edit=lambda config: config.update(edit), transport=wire)
    credential = alice(sandbox)
    with pytest.raises(InputError, match="0 of the services to sign with say what time it is"):
        make(credential, sigstore=sigstore)
    assert wire.asked == []
    make(own_key(), sigstore=sigstore)  # a key does not expire


@EITHER
def test_nothing_begins_that_too_few_would_vouch_for(sandbox: Sandbox, make: Make) -> None:
    """As many logs and clocks as whoever verifies will want."""
    wire = Wire(sandbox)
    credential, sigstore = alice(sandbox), on(sandbox, rekor=2, transport=wire)
    with pytest.raises(InputError, match="1 of the services to sign with are logs, 2 wanted"):
        make(credential, sigstore=sigstore, requirements=Requirements(logs=2))
    with pytest.raises(InputError, match=r"1 of the services to sign with say .*, 2 wanted"):
        make(credential, sigstore=sigstore, requirements=Requirements(times=2))
    assert wire.asked == []


@EITHER
@BOTH
def test_nothing_is_logged_under_a_certificate_that_has_expired(
    sandbox: Sandbox, make: Make, rekor: LogVersion
) -> None:
    """The timestamp says so before it is too late."""
    credential = alice(sandbox)
    sandbox.clock.advance(timedelta(minutes=10, seconds=1))
    with nothing_logged(sandbox), refused(Check.CHAIN, "so it was not logged: it is valid"):
        make(credential, sigstore=sandbox.connect(rekor=rekor))


def test_a_certificate_can_expire_while_a_timestamp_is_waited_for(sandbox: Sandbox) -> None:
    """By this machine's clock, where no timestamp says so."""
    credential = alice(sandbox)

    def slow(request: Request, transport: Transport) -> Response:
        answer = transport(request)
        sandbox.clock.advance(timedelta(minutes=11))
        return answer

    wire = Wire(sandbox)
    wire.bend("timestamp", slow)
    with nothing_logged(sandbox), refused(Check.CHAIN, "so it was not logged: it expired at"):
        sign(ARTIFACT, credential, sigstore=on(sandbox, transport=wire))


# What is refused of a statement


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (replace(STATEMENT, subjects=()), "nobody would accept the statement: .* about nothing"),
        (replace(STATEMENT, predicate_type=""), "nobody would accept the statement: .* empty"),
        (
            replace(STATEMENT, subjects=(Subject(name="a", digests=(), other_digests=()),)),
            "nobody would accept the statement: .* 0 digests",
        ),
        (
            replace(
                STATEMENT, subjects=(Subject(name="a", digests=(), other_digests=(("g", ""),)),)
            ),
            "names no artifact by a digest that verifiers compare",
        ),
        (replace(STATEMENT, predicate="x" * LARGEST_STATEMENT), "more than the .* that fit into"),
        (replace(STATEMENT, predicate={"a": float("inf")}), "cannot be written as JSON"),
    ],
)
def test_a_statement_that_nobody_would_accept_is_not_signed(
    sandbox: Sandbox, statement: Statement, reason: str
) -> None:
    """It is the caller's, and told before anybody is asked."""
    wire = Wire(sandbox)
    with pytest.raises(InputError, match=reason):
        attest(statement, own_key(), sigstore=on(sandbox, transport=wire))
    assert wire.asked == []


def test_the_largest_statement_fits_into_a_bundle(sandbox: Sandbox) -> None:
    """The limit leaves room for all the rest."""
    room = LARGEST_STATEMENT - len(replace(STATEMENT, predicate="").to_json())
    statement = replace(STATEMENT, predicate="x" * room)
    bundle = attest(statement, alice(sandbox), sigstore=sandbox.connect(rekor=2))
    assert Bundle.parse(bundle.to_json()) == bundle


def test_a_key_that_signs_messages_cannot_sign_digests(sandbox: Sandbox) -> None:
    """Nothing is asked of anybody; an attestation it can sign, for a log of version 1."""
    wire, credential = Wire(sandbox), own_key("PKIX_ED25519")
    sigstore = on(sandbox, rekor=1, transport=wire)
    with pytest.raises(InputError, match="signs the content itself"):
        sign(ARTIFACT, credential, sigstore=sigstore)
    assert wire.asked == []
    bundle = attest(STATEMENT, credential, sigstore=sigstore)
    verify(bundle, DIGEST, trusted_root=sigstore.trusted_root, policy=credential.policy)


def test_a_digest_by_another_hash_is_refused(sandbox: Sandbox) -> None:
    """A log could not verify what is signed over another."""
    other = Digest.of(ARTIFACT, HashAlgorithm.SHA512)
    with pytest.raises(InputError, match="signs a SHA256 digest"):
        sign(other, alice(sandbox), sigstore=sandbox.sigstore)


# Lies


def without_proof(request: Request, transport: Transport) -> Response:
    """Answer as the log, but for the proof."""
    response = transport(request)
    answer = json.loads(response.body)
    entry = answer if "inclusionProof" in answer else next(iter(answer.values()))["verification"]
    del entry["inclusionProof"]
    return Response(status=response.status, body=json.dumps(answer).encode())


@EITHER
@BOTH
def test_a_log_that_proves_nothing_is_named(
    sandbox: Sandbox, make: Make, rekor: LogVersion
) -> None:
    """A promise is no proof, and no bundle may be without one."""
    wire = Wire(sandbox)
    wire.bend({1: "rekor", 2: "log2025"}[rekor], without_proof)
    with refused(Check.INCLUSION, r"the transparency log (rekor|log2025-1\.rekor).*does not prove"):
        make(alice(sandbox), sigstore=on(sandbox, rekor=rekor, transport=wire))


@EITHER
@BOTH
def test_a_log_of_another_instance_is_named(
    sandbox: Sandbox, make: Make, rekor: LogVersion
) -> None:
    """Somebody answers in its place, and all they say is true of another tree."""
    wire, other = Wire(sandbox), Sandbox(NOON)
    wire.bend({1: "rekor", 2: "log2025"}[rekor], lambda request, _: other.transport(request))
    with refused(Check.LOG, "the transparency log .* gave a wrong answer: .* not trusted"):
        make(alice(sandbox), sigstore=on(sandbox, rekor=rekor, transport=wire))


@EITHER
def test_a_clock_of_another_instance_is_named(sandbox: Sandbox, make: Make) -> None:
    """Before anything is logged."""
    wire, other = Wire(sandbox), Sandbox(NOON)
    wire.bend("timestamp", lambda request, _: other.transport(request))
    with (
        nothing_logged(sandbox),
        refused(Check.TIMESTAMP, "the timestamp authority timestamp.sandbox.test gave a wrong"),
    ):
        make(alice(sandbox), sigstore=on(sandbox, transport=wire))


def test_a_certificate_of_another_instance_is_named(sandbox: Sandbox) -> None:
    """Before anything is signed."""
    wire, other = Wire(sandbox), Sandbox(NOON)
    wire.bend("fulcio", lambda request, _: other.transport(request))
    me = other.identity("alice@example.com")
    with refused(Check.CHAIN, "the certificate authority fulcio.sandbox.test gave a wrong answer"):
        Credential.issue(me, on(sandbox, transport=wire))


def test_a_certificate_for_somebody_else_is_named(sandbox: Sandbox) -> None:
    """The authority is right about its own token, and that is not ours."""
    bobs = sandbox.token("bob@example.com")

    def mistaken(request: Request, transport: Transport) -> Response:
        headers = tuple(it for it in request.headers if it[0] != "Authorization")
        return transport(replace(request, headers=(*headers, ("Authorization", f"Bearer {bobs}"))))

    wire = Wire(sandbox)
    wire.bend("fulcio", mistaken)
    with refused(Check.POLICY, "gave a wrong answer: the certificate is for somebody else"):
        alice(sandbox, on(sandbox, transport=wire))


def test_without_an_authority_only_keys_can_sign(sandbox: Sandbox) -> None:
    """It is told before a token is asked for."""
    sigstore = on(sandbox, edit=lambda config: config.update(caUrls=[]))
    with pytest.raises(InputError, match="has no authority that issues certificates"):
        alice(sandbox, sigstore)
    assert isinstance(sign(ARTIFACT, own_key(), sigstore=sigstore), Bundle)


def test_a_certificate_is_good_for_ten_minutes(sandbox: Sandbox) -> None:
    """By this machine's clock, whatever the authority's says."""
    credential = alice(sandbox)
    assert isinstance(credential.certificate, Certificate)
    assert credential.expires_at == NOON + timedelta(minutes=10)

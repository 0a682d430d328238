# SPDX-License-Identifier: Apache-2.0
"""What is accepted: every way in which a sound bundle can be made, and what its proof says."""

import json
import pickle
from datetime import datetime

import pytest

from keyless.evidence import Inclusion, Promise, Verified
from keyless.policy import GitHubWorkflow, GitLabPipeline, Policy, SignedBy, SignedByKey
from keyless.protocol.bundle import Bundle, KeyHint
from keyless.protocol.certificate import Claims
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.keys import algorithm_named
from keyless.protocol.names import San
from keyless.protocol.statement import Statement
from keyless.sandbox.ct_log import leaf_index_extension
from keyless.sandbox.note_writer import Witness
from keyless.sandbox.transparency_log import LogV2
from keyless.sandbox.trust_documents import LogTrust
from keyless.value import replace
from tests.forge import (
    ALICE,
    ARTIFACT,
    BY_ALICE,
    EARLIER,
    GITHUB,
    GITHUB_CLAIMS,
    GITLAB,
    GITLAB_CLAIMS,
    GOOGLE,
    MICROSECOND,
    NOON,
    SECOND,
    STATEMENT,
    Forge,
    managed,
    trusted,
    with_proof,
)

ECDSA = [
    "PKIX_ECDSA_P256_SHA_256",
    "PKIX_ECDSA_P384_SHA_384",
    "PKIX_ECDSA_P384_SHA_256",
    "PKIX_ECDSA_P521_SHA_512",
    "PKIX_ECDSA_P521_SHA_256",
]
PKCS1V15 = [f"PKIX_RSA_PKCS1V15_{bits}_SHA256" for bits in (2048, 3072, 4096)]
PSS = ["PKIX_RSA_PSS_2048_SHA256"]
OVER_THE_MESSAGE = ["PKIX_ED25519", "ML_DSA_44", "ML_DSA_65", "ML_DSA_87"]


@pytest.fixture(scope="module")
def forge() -> Forge:
    """One instance for all: what is accepted leaves nothing behind."""
    return Forge()


@pytest.mark.parametrize("algorithm", [*ECDSA, *PKCS1V15])
def test_a_file_in_the_first_log(forge: Forge, algorithm: str) -> None:
    """The log knows the digest, and with the kind of key that says how it was signed."""
    verified = forge.verify(forge.bundle(signer=forge.signer(algorithm=algorithm)))
    assert verified.content.algorithm == algorithm_named(algorithm)


@pytest.mark.parametrize("algorithm", [*ECDSA, *PKCS1V15, *PSS, *OVER_THE_MESSAGE])
def test_a_file_in_the_second_log(forge: Forge, algorithm: str) -> None:
    """The log says by name how it was signed."""
    verified = forge.verify(forge.bundle(signer=forge.signer(algorithm=algorithm), log=2))
    assert verified.content.algorithm == algorithm_named(algorithm)


@pytest.mark.parametrize("kind", ["dsse", "intoto"])
@pytest.mark.parametrize("algorithm", [*ECDSA, *PKCS1V15, *OVER_THE_MESSAGE])
def test_a_statement_in_the_first_log(forge: Forge, algorithm: str, kind: str) -> None:
    """No party says how an envelope was signed: over SHA-256, or as the key usually does."""
    signer = forge.signer(algorithm=algorithm)
    envelope = forge.envelope(signer)
    entry = forge.logged(signer, envelope, kind=kind)
    verified = forge.verify(forge.bundle(signer=signer, content=envelope, entries=[entry]))
    assert verified.content.algorithm == algorithm_named(algorithm)
    assert verified.statement == Statement.parse(envelope.payload)


@pytest.mark.parametrize("kind", ["dsse", "hashedrekord"])
@pytest.mark.parametrize("algorithm", [*ECDSA, *PKCS1V15, *PSS, *OVER_THE_MESSAGE])
def test_a_statement_in_the_second_log(forge: Forge, algorithm: str, kind: str) -> None:
    """Written down as an envelope, as the log once did, or as its encoding's digest."""
    signer = forge.signer(algorithm=algorithm)
    envelope = forge.envelope(signer)
    entry = forge.logged(signer, envelope, kind=kind, log=2)
    verified = forge.verify(forge.bundle(signer=signer, content=envelope, entries=[entry]))
    assert verified.content.algorithm == algorithm_named(algorithm)
    assert (verified.entries[0].kind, verified.entries[0].version) == (kind, "0.0.2")


@pytest.mark.parametrize("version", ["0.1", "0.2", "0.3"])
def test_every_version_of_a_bundle(forge: Forge, version: str) -> None:
    """With a promise and a proof, as the public log gives them."""
    verified = forge.verify(forge.bundle(version=version))
    assert isinstance(verified.entries[0].proof, Inclusion)


def test_a_promise_alone(forge: Forge) -> None:
    """The oldest bundles have nothing more, and the proof says so."""
    signer = forge.signer()
    content = forge.message(signer)
    entry = replace(forge.logged(signer, content), proof=None)
    bundle = forge.bundle(signer=signer, content=content, entries=[entry], version="0.1")
    verified = forge.verify(bundle)
    assert isinstance(verified.entries[0].proof, Promise)
    assert "promised by the log" in str(verified)


def test_a_promise_beside_a_proof_that_leads_nowhere(forge: Forge) -> None:
    """Without a checkpoint, a proof in the oldest bundles proves nothing and is passed over."""
    signer = forge.signer()
    content = forge.message(signer)
    entry = with_proof(forge.logged(signer, content), checkpoint=None, root=bytes(32))
    bundle = forge.bundle(signer=signer, content=content, entries=[entry], version="0.1")
    assert isinstance(forge.verify(bundle).entries[0].proof, Promise)


def test_a_proof_without_a_promise_but_with_a_timestamp(forge: Forge) -> None:
    """The first log need not promise where somebody else says when."""
    signer = forge.signer()
    content = forge.message(signer)
    entry = replace(forge.logged(signer, content), promise=None, integrated_time=0)
    bundle = forge.bundle(
        signer=signer, content=content, entries=[entry], timestamps=[forge.timestamp(content)]
    )
    verified = forge.verify(bundle)
    assert [time.kind for time in verified.times] == ["timestamp authority"]
    assert verified.entries[0].integrated_time is None


def test_two_logs_and_a_timestamp(forge: Forge) -> None:
    """Whoever vouches more is believed, each for what it is."""
    signer = forge.signer()
    content = forge.message(signer)
    bundle = forge.bundle(
        signer=signer,
        content=content,
        entries=[forge.logged(signer, content), forge.logged(signer, content, log=2)],
        timestamps=[forge.timestamp(content, at=NOON + SECOND)],
    )
    verified = forge.verify(bundle)
    assert len(verified.entries) == 2
    assert [time.at for time in verified.times] == [NOON + SECOND, NOON]
    assert verified.signed_at == NOON


def test_the_place_in_the_tree_is_not_the_number_of_the_entry(forge: Forge) -> None:
    """The first log counts over all of its shards, its proofs within one."""
    entry = forge.verify(forge.bundle()).entries[0]
    assert isinstance(entry.proof, Inclusion)
    assert entry.index == EARLIER + entry.proof.index
    assert entry.index != entry.proof.index


def test_the_first_entry_of_a_young_log() -> None:
    """Number 0, alone in its tree: nothing is to be proved but that."""
    forge = Forge(others=0)
    verified = forge.verify(forge.bundle(log=2))
    assert verified.entries[0].index == 0


def test_a_checkpoint_that_witnesses_cosigned(forge: Forge) -> None:
    """Their lines are others', and do not disturb; the log's may stand anywhere among them."""
    forge.core.log_v2.witnesses = (Witness("witness.test"), Witness("another.test"))
    signer = forge.signer()
    content = forge.message(signer)
    entry = forge.logged(signer, content, log=2)
    forge.core.log_v2.witnesses = ()
    assert entry.proof
    assert entry.proof.checkpoint
    lines = entry.proof.checkpoint.signatures
    assert len(lines) == 3
    turned = with_proof(entry, checkpoint=replace(entry.proof.checkpoint, signatures=lines[::-1]))
    for each in (entry, turned):
        forge.verify(forge.bundle(signer=signer, content=content, entries=[each]))


def test_a_second_log_that_signs_with_ecdsa(forge: Forge) -> None:
    """Known by another kind of key id."""
    log = LogV2(
        forge.core.clock,
        url="https://log2025-2.rekor.sandbox.test",
        algorithm=algorithm_named("PKIX_ECDSA_P256_SHA_256"),
    )
    trust = forge.core.trust
    named = LogTrust(url=log.url, log_id=log.log_id, key=log.key, window=forge.core.window)
    root = trusted(replace(trust, logs=(*trust.logs, named)))
    signer = forge.signer()
    content = forge.message(signer)
    entry = forge.logged(signer, content, log=log)
    bundle = forge.bundle(signer=signer, content=content, entries=[entry])
    assert forge.verify(bundle, trusted_root=root).entries[0].log == log.name


@pytest.mark.parametrize("order", [1, -1])
def test_an_authority_that_has_renewed_its_key(order: int) -> None:
    """It keeps its name, and for a while both keys are in use: either may have signed."""
    old, new = Forge(), Forge()
    both = (*old.core.trust.authorities, *new.core.trust.authorities)[::order]
    trust = replace(old.core.trust, authorities=both)
    new.core.authority.ct_logs = (old.core.ct_log,)
    for signer in (old.signer(), new.signer()):
        old.verify(old.bundle(signer=signer), trusted_root=trusted(trust))


def test_a_build_on_github(forge: Forge) -> None:
    """Every claim of a workflow's certificate can be read from the proof."""
    signer = forge.signer(names=[GITHUB], claims=GITHUB_CLAIMS)
    policy = GitHubWorkflow(
        "org/app", file="release.yml", ref="refs/tags/*", repository_id=632596897
    )
    verified = forge.verify(forge.bundle(signer=signer), policy=policy)
    assert verified.signer.claims == GITHUB_CLAIMS


def test_a_build_on_gitlab(forge: Forge) -> None:
    """And of a pipeline's."""
    signer = forge.signer(names=[GITLAB], claims=GITLAB_CLAIMS)
    policy = GitLabPipeline("group/app", file=".gitlab-ci.yml", ref="refs/heads/main")
    verified = forge.verify(forge.bundle(signer=signer), policy=policy)
    assert verified.signer.claims == GITLAB_CLAIMS


def test_a_user_name_of_a_private_instance(forge: Forge) -> None:
    """A name that is neither an address nor a URI is one all the same."""
    signer = forge.signer(
        names=[San(kind="other name", text="alice!example.com")],
        claims=Claims(issuer="https://login.example.com"),
    )
    policy = SignedBy("alice!example.com", issuer="https://login.example.com")
    verified = forge.verify(forge.bundle(signer=signer), policy=policy)
    assert verified.signer.identity == San(kind="other name", text="alice!example.com")


def test_certificate_timestamps_with_extensions(forge: Forge) -> None:
    """Logs on tiles say in them where the certificate stands."""
    template, sct = _logged_certificate(forge, extensions=leaf_index_extension(7))
    signer = forge.signer(edit=lambda _: template, scts=[sct])
    (verified,) = forge.verify(forge.bundle(signer=signer)).signer.scts
    assert verified.log == forge.core.ct_log.url.split("/")[2]


def test_a_certificate_timestamp_of_a_log_unknown_beside_a_known_one(forge: Forge) -> None:
    """A log that is not trusted counts for nothing, and does no harm."""
    template, sct = _logged_certificate(forge)
    _, strange = _logged_certificate(Forge())
    signer = forge.signer(edit=lambda _: template, scts=[strange, sct])
    assert len(forge.verify(forge.bundle(signer=signer)).signer.scts) == 1


def _logged_certificate(forge: Forge, *, extensions: bytes = b"") -> tuple[object, bytes]:
    core = forge.core
    template = core.authority.template(forge.signer().key.public, [ALICE], GOOGLE)
    issuer = core.authority.chain[0].key
    tbs = template.to_tbs(algorithm_named("PKIX_ECDSA_P256_SHA_256"))
    return template, core.ct_log.append(tbs, issuer=issuer, extensions=extensions)


@pytest.mark.parametrize("hint", [None, "", "the release key"], ids=["known", "none", "unknown"])
def test_a_key_of_the_signers_own(forge: Forge, hint: str | None) -> None:
    """Named by the caller; the bundle's hint only saves trying others."""
    signer = managed()
    bundle = _hinted(forge.bundle(signer=signer), hint)
    for others in ([], [managed(), managed()]):
        policies = [SignedByKey(each.key.public) for each in (*others, signer)]
        policy: Policy = policies[0]
        for each in policies[1:]:
            policy |= each
        verified = forge.verify(bundle, policy=policy)
        assert verified.signer.key == signer.key.public
        assert (verified.signer.identity, verified.signer.issuer) == (None, None)


def test_a_key_of_the_signers_own_in_the_second_log(forge: Forge) -> None:
    """No certificate expires, so no time is needed."""
    signer = managed()
    bundle = forge.bundle(signer=signer, log=2)
    verified = forge.verify(bundle, policy=SignedByKey(signer.key.public))
    assert (verified.times, verified.signed_at) == ((), None)


def _hinted(bundle: Bundle, hint: str | None) -> Bundle:
    return bundle if hint is None else replace(bundle, material=KeyHint(hint=hint))


@pytest.mark.parametrize("algorithm", ["PKIX_ECDSA_P256_SHA_256", "PKIX_ECDSA_P384_SHA_384"])
def test_a_digest_stands_for_its_file(forge: Forge, algorithm: str) -> None:
    """Whoever has hashed the file already need not read it again."""
    signer = forge.signer(algorithm=algorithm)
    digest = Digest.of(ARTIFACT, signer.hash)
    assert forge.verify(forge.bundle(signer=signer), digest).content.digest == digest


@pytest.mark.parametrize(
    ("subject", "artifact"),
    [
        ({"digest": {"sha512": Digest.of(ARTIFACT, HashAlgorithm.SHA512).hex}}, ARTIFACT),
        (
            {"digest": {"sha512": Digest.of(ARTIFACT, HashAlgorithm.SHA512).hex}},
            Digest.of(ARTIFACT, HashAlgorithm.SHA512),
        ),
        ({"digest": {"gitCommit": "00", "sha256": Digest.of(ARTIFACT).hex}}, ARTIFACT),
    ],
)
def test_an_artifact_is_a_subject_by_any_of_its_digests(
    forge: Forge, subject: object, artifact: bytes | Digest
) -> None:
    """Among others, in any of the three hashes, beside digests of other kinds."""
    other = {"name": "other", "digest": {"sha256": Digest.of(b"other").hex}}
    signer = forge.signer()
    envelope = forge.envelope(signer, {**STATEMENT, "subject": [other, subject]})
    verified = forge.verify(forge.bundle(signer=signer, content=envelope), artifact)
    assert verified.content.digest in {Digest.of(ARTIFACT, each) for each in HashAlgorithm}


def test_a_bundle_without_the_hint_which_digest_was_signed(forge: Forge) -> None:
    """The log's entry says it, or the kind of the key."""
    signer = forge.signer(algorithm="PKIX_ECDSA_P384_SHA_384")
    content = forge.message(signer)
    entry = forge.logged(signer, content)
    unhinted = replace(content, digest=None)
    forge.verify(forge.bundle(signer=signer, content=unhinted, entries=[entry]))


@pytest.fixture(scope="module")
def verified(forge: Forge) -> Verified:
    """Return the proof of a bundle that has everything."""
    signer = forge.signer(names=[GITHUB], claims=GITHUB_CLAIMS)
    content = forge.envelope(signer)
    bundle = forge.bundle(
        signer=signer,
        content=content,
        entries=[forge.logged(signer, content), forge.logged(signer, content, log=2)],
        timestamps=[forge.timestamp(content, at=NOON + SECOND + MICROSECOND)],
    )
    return forge.verify(bundle, policy=GitHubWorkflow("org/app"))


def test_a_proof_is_the_same_in_another_process(verified: Verified) -> None:
    """Batches send them through pools."""
    assert pickle.loads(pickle.dumps(verified)) == verified


def test_a_proof_says_of_each_check_what_it_proved(verified: Verified) -> None:
    """In the order of the checks, none left out."""
    assert [check.name for check, _ in verified.checks] == [
        "INCLUSION",
        "INCLUSION",
        "TIME",
        "TIME",
        "CHAIN",
        "SCT",
        "SIGNATURE",
        "ARTIFACT",
        "ENTRY",
        "ENTRY",
        "POLICY",
    ]


def test_a_proof_is_json_for_machines(verified: Verified, forge: Forge) -> None:
    """One schema, of plain values."""
    document = json.loads(json.dumps(verified.to_json()))
    assert document["signer"]["identity"] == GITHUB.text
    assert document["signer"]["issuer"] == GITHUB_CLAIMS.issuer
    assert document["artifact"] == str(Digest.of(ARTIFACT))
    assert document["predicate_type"] == STATEMENT["predicateType"]
    assert [time["at"] for time in document["times"]] == [
        "2025-03-01T12:00:01.000001Z",
        "2025-03-01T12:00:00Z",
    ]
    assert [entry["integrated_time"] for entry in document["entries"]] == [
        "2025-03-01T12:00:00Z",
        None,
    ]
    assert document["trusted_root"]["digest"] == str(forge.trusted_root().fingerprint)


def test_a_proof_is_text_and_html_for_people(verified: Verified) -> None:
    """Both say who signed, and who judged."""
    for shown in (str(verified), verified._repr_html_()):
        assert "org/app" in shown
        assert "the forge" in shown


def test_a_proof_by_a_key_says_which(forge: Forge) -> None:
    """There is no name to give."""
    signer = managed()
    verified = forge.verify(forge.bundle(signer=signer), policy=SignedByKey(signer.key.public))
    fingerprint = signer.key.public.fingerprint.hex
    assert str(verified).startswith(f"verified: the key with SHA-256 {fingerprint}")
    assert verified.to_json()["signer"] == {
        "identity": None,
        "identity_kind": None,
        "issuer": None,
        "claims": {},
        "authority": None,
        "key": f"sha256:{fingerprint}",
    }


def test_a_proof_names_the_policy_that_it_met(forge: Forge) -> None:
    """What was asked is part of what was proved; here nothing was asked for less."""
    verified = forge.verify(forge.bundle())
    assert (verified.policy, verified.relaxations) == (BY_ALICE.description, ())


def test_a_proof_without_a_log_has_no_entry(forge: Forge) -> None:
    """The first entry stands for several; none is none."""
    verified = forge.verify(forge.bundle())
    assert verified.entry is verified.entries[0]
    assert replace(verified, entries=()).entry is None
    assert replace(verified, times=()).signed_at is None
    assert isinstance(verified.signed_at, datetime)


def test_an_index_that_nothing_vouches_for_is_not_repeated(forge: Forge) -> None:
    """Only the promise signs a v1 entry's number over all shards; without it there is none."""
    signer = forge.signer()
    content = forge.message(signer)
    bundle = forge.bundle(signer=signer, content=content, timestamps=[forge.timestamp(content)])
    (entry,) = bundle.entries
    unpromised = replace(bundle, entries=(replace(entry, promise=None, index=123456),))
    (verified,) = forge.verify(unpromised).entries
    assert verified.index is None
    assert str(verified).startswith("an entry of ")
    assert isinstance(verified.proof, Inclusion)
    assert entry.proof is not None
    assert verified.proof.index == entry.proof.index


def test_a_proof_says_when_no_time_was_there_to_judge_by(forge: Forge) -> None:
    """A bare key in a log without a clock: nobody can say the log was trusted then."""
    signer = managed()
    policy = SignedByKey(signer.key.public)
    content = forge.message(signer)
    untimed = forge.bundle(signer=signer, content=content, log=2)
    (relaxation,) = forge.verify(untimed, policy=policy).relaxations
    assert "nothing says when" in relaxation
    timed = forge.bundle(
        signer=signer, content=content, log=2, timestamps=[forge.timestamp(content)]
    )
    assert forge.verify(timed, policy=policy).relaxations == ()

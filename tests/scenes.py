# SPDX-License-Identifier: Apache-2.0
"""Bundles for several verifiers to judge: sound ones, and ones with exactly one thing wrong.

Each is a function from a forge to a `Scene`, called by its name with the underscores as blanks.
tests/vectors/peers.toml says what every verifier makes of each.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from keyless.policy import GitHubWorkflow, GitLabPipeline, Policy, SignedBy, SignedByKey
from keyless.protocol.bundle import Bundle, Content
from keyless.protocol.certificate import Claims
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.entry import LogEntry
from keyless.protocol.keys import algorithm_named
from keyless.protocol.names import San
from keyless.protocol.window import Window
from keyless.sandbox.certificate_authority import with_extension
from keyless.sandbox.certificate_writer import Extension, key_usage, purposes
from keyless.sandbox.clock import Clock
from keyless.sandbox.instance_core import InstanceCore
from keyless.sandbox.note_writer import Witness
from keyless.sandbox.trust_documents import TrustDocument
from keyless.value import replace
from tests.forge import (
    ALICE,
    ARTIFACT,
    BY_ALICE,
    GITHUB,
    GITHUB_CLAIMS,
    GITLAB,
    GITLAB_CLAIMS,
    GOOGLE,
    NOON,
    P256,
    SECOND,
    STATEMENT,
    Forge,
    Signer,
    managed,
    signing_key,
    windowed,
    with_proof,
    written,
)

OTHER = b"something else\n"
DAY = timedelta(days=1)
BEFORE, AFTER = Window(start=NOON - 9 * DAY, end=NOON - DAY), Window(start=NOON + DAY)
P384 = "PKIX_ECDSA_P384_SHA_384"
USER = San(kind="other name", text="alice!example.com")


@dataclass(frozen=True)
class Scene:
    """A bundle as bytes, and what it is judged against."""

    bundle: bytes
    trusted_root: bytes
    artifact: bytes | Digest = ARTIFACT
    policy: Policy = BY_ALICE


Make = Callable[[Forge], Scene]


def _scene(forge: Forge, bundle: Bundle, **others: object) -> Scene:
    return _as(forge, written(bundle, bundle.version), **others)


def _as(
    forge: Forge, data: bytes, *, trust: TrustDocument | None = None, **others: object
) -> Scene:
    root = (trust or forge.core.trust).to_json()
    return Scene(bundle=data, trusted_root=root, **others)  # type: ignore[arg-type]


def _logged(
    forge: Forge,
    edit: Callable[[LogEntry], LogEntry],
    *,
    log: int = 1,
    content: Callable[[Forge, Signer], Content] = Forge.message,
    recorded: Callable[[Content], Content] = lambda it: it,
    version: str = "0.3",
) -> Scene:
    """Sign, have it logged, and *edit* what the log answered."""
    signer = forge.signer()
    signed = content(forge, signer)
    entry = edit(forge.logged(signer, recorded(signed), log=log))
    stamps = [forge.timestamp(signed)] if entry.promise is None else []
    made = forge.bundle(
        signer=signer, content=signed, entries=[entry], timestamps=stamps, version=version
    )
    return _scene(forge, made)


# What is sound.


def a_file_in_log_1(forge: Forge) -> Scene:
    """As the public instance signs today."""
    return _scene(forge, forge.bundle())


def a_file_in_log_2(forge: Forge) -> Scene:
    """Dated by a timestamp."""
    return _scene(forge, forge.bundle(log=2))


def a_statement_in_log_1(forge: Forge) -> Scene:
    """As `dsse`."""
    signer = forge.signer()
    return _scene(forge, forge.bundle(signer=signer, content=forge.envelope(signer)))


def a_statement_in_log_2(forge: Forge) -> Scene:
    """As `hashedrekord`, over the envelope's encoding."""
    signer = forge.signer()
    return _scene(forge, forge.bundle(signer=signer, content=forge.envelope(signer), log=2))


def a_bundle_of_version_1(forge: Forge) -> Scene:
    """Promised and proved."""
    return _scene(forge, forge.bundle(version="0.1"))


def a_bundle_of_version_2(forge: Forge) -> Scene:
    """With a chain in place of a certificate."""
    return _scene(forge, forge.bundle(version="0.2"))


def a_timestamp_beside_a_promise(forge: Forge) -> Scene:
    """Two clocks agree."""
    signer = forge.signer()
    content = forge.message(signer)
    stamps = [forge.timestamp(content)]
    return _scene(forge, forge.bundle(signer=signer, content=content, timestamps=stamps))


def a_workflow_on_github(forge: Forge) -> Scene:
    """Named in full."""
    signer = forge.signer(names=[GITHUB], claims=GITHUB_CLAIMS)
    policy = GitHubWorkflow(
        "org/app", file="release.yml", ref="refs/tags/v1.2", repository_id=632596897
    )
    return _scene(forge, forge.bundle(signer=signer), policy=policy)


def a_pipeline_on_gitlab(forge: Forge) -> Scene:
    """Named in full."""
    signer = forge.signer(names=[GITLAB], claims=GITLAB_CLAIMS)
    policy = GitLabPipeline("group/app", file=".gitlab-ci.yml", ref="refs/heads/main")
    return _scene(forge, forge.bundle(signer=signer), policy=policy)


def a_cosigned_checkpoint(forge: Forge) -> Scene:
    """Witnesses stand below the log."""
    forge.core.log_v2.witnesses = (Witness("witness.test"),)
    try:
        return _scene(forge, forge.bundle(log=2))
    finally:
        forge.core.log_v2.witnesses = ()


def a_log_of_one_entry(_: Forge) -> Scene:
    """Number 0, alone in its tree."""
    young = Forge(others=0)
    return _scene(young, young.bundle(log=2))


def what_protobuf_leaves_out(_: Forge) -> Scene:
    """As a writer of protobuf JSON has it: what is 0, or empty, is not there."""
    young = Forge(others=0)
    document = json.loads(written(young.bundle(log=2), "0.3"))
    (entry,) = document["verificationMaterial"]["tlogEntries"]
    del entry["logIndex"], entry["inclusionProof"]["logIndex"], entry["inclusionProof"]["hashes"]
    return _as(young, json.dumps(document).encode())


def a_larger_key(forge: Forge) -> Scene:
    """P-384, over SHA-384, as it is in the specification."""
    return _scene(forge, forge.bundle(signer=forge.signer(algorithm=P384), log=2))


def a_larger_key_and_its_digest(forge: Forge) -> Scene:
    """The artifact is known by its SHA-384, as whoever signed it knew it."""
    digest = Digest.of(ARTIFACT, HashAlgorithm.SHA384)
    signer = forge.signer(algorithm=P384)
    return _scene(forge, forge.bundle(signer=signer, log=2), artifact=digest)


def a_larger_key_over_sha256(forge: Forge) -> Scene:
    """P-384 over SHA-256, as many clients sign."""
    signer = forge.signer(algorithm="PKIX_ECDSA_P384_SHA_256")
    return _scene(forge, forge.bundle(signer=signer))


def the_largest_key_over_sha256(forge: Forge) -> Scene:
    """P-521 over SHA-256."""
    signer = forge.signer(algorithm="PKIX_ECDSA_P521_SHA_256")
    return _scene(forge, forge.bundle(signer=signer))


def an_rsa_key(forge: Forge) -> Scene:
    """In a certificate."""
    signer = forge.signer(algorithm="PKIX_RSA_PKCS1V15_2048_SHA256")
    return _scene(forge, forge.bundle(signer=signer))


def an_ed25519_key(forge: Forge) -> Scene:
    """Over a statement."""
    signer = forge.signer(algorithm="PKIX_ED25519")
    return _scene(forge, forge.bundle(signer=signer, content=forge.envelope(signer)))


def a_key_of_the_signers_own(forge: Forge) -> Scene:
    """Without a certificate."""
    signer = managed()
    policy = SignedByKey(signer.key.public)
    return _scene(forge, forge.bundle(signer=signer), policy=policy)


def a_promise_alone(forge: Forge) -> Scene:
    """As the oldest bundles have it."""
    return _logged(forge, lambda entry: replace(entry, proof=None), version="0.1")


def two_logs(forge: Forge) -> Scene:
    """Both hold it."""
    signer = forge.signer()
    content = forge.message(signer)
    entries = [forge.logged(signer, content), forge.logged(signer, content, log=2)]
    return _scene(forge, forge.bundle(signer=signer, content=content, entries=entries))


def a_statement_logged_as_intoto(forge: Forge) -> Scene:
    """As statements were logged until 2024."""
    signer = forge.signer()
    envelope = forge.envelope(signer)
    entry = forge.logged(signer, envelope, kind="intoto")
    return _scene(forge, forge.bundle(signer=signer, content=envelope, entries=[entry]))


def a_statement_logged_as_dsse_in_log_2(forge: Forge) -> Scene:
    """As the second log first wrote statements down."""
    signer = forge.signer()
    envelope = forge.envelope(signer)
    entry = forge.logged(signer, envelope, log=2, kind="dsse")
    stamps = [forge.timestamp(envelope)]
    made = forge.bundle(signer=signer, content=envelope, entries=[entry], timestamps=stamps)
    return _scene(forge, made)


def a_statement_of_the_older_kind(forge: Forge) -> Scene:
    """Statement v0.1, as many tools still write."""
    return _statement(forge, {**STATEMENT, "_type": "https://in-toto.io/Statement/v0.1"})


def a_subject_by_sha512_alone(forge: Forge) -> Scene:
    """A subject may be named by any digest."""
    digest = Digest.of(ARTIFACT, HashAlgorithm.SHA512)
    subject = [{"name": "artifact", "digest": {"sha512": digest.hex}}]
    return _statement(forge, {**STATEMENT, "subject": subject})


def a_subject_by_sha512_and_its_digest(forge: Forge) -> Scene:
    """The artifact is known by the same."""
    digest = Digest.of(ARTIFACT, HashAlgorithm.SHA512)
    subject = [{"name": "artifact", "digest": {"sha512": digest.hex}}]
    return _statement(forge, {**STATEMENT, "subject": subject}, artifact=digest)


def a_subject_with_other_digests(forge: Forge) -> Scene:
    """Beside one that is known, some that are not."""
    subject = [{"name": "artifact", "digest": {**_SHA256, "gitCommit": "0" * 40}}]
    return _statement(forge, {**STATEMENT, "subject": subject})


def two_receipts(forge: Forge) -> Scene:
    """Of two certificate logs, one of them unknown here."""
    template = replace(
        forge.core.authority.template(signing_key(P256).public, [ALICE], GOOGLE), serial=77
    )
    tbs = template.to_tbs(algorithm_named(P256))
    issuer = forge.core.authority.chain[0].key
    scts = [log.append(tbs, issuer=issuer) for log in (forge.core.ct_log, Forge().core.ct_log)]
    signer = forge.signer(edit=lambda _: template, scts=scts)
    return _scene(forge, forge.bundle(signer=signer))


def a_user_name(forge: Forge) -> Scene:
    """As a private instance names people."""
    signer = forge.signer(names=[USER], claims=Claims(issuer="https://login.example.com"))
    policy = SignedBy(USER.text, issuer="https://login.example.com")
    return _scene(forge, forge.bundle(signer=signer), policy=policy)


def an_issuer_in_the_new_claim_alone(forge: Forge) -> Scene:
    """Fulcio writes it in both, until it stops."""
    signer = forge.signer(
        edit=lambda it: replace(
            it,
            extensions=tuple(each for each in it.extensions if not each.oid.endswith("57264.1.1")),
        )
    )
    return _scene(forge, forge.bundle(signer=signer))


def a_member_that_nobody_knows(forge: Forge) -> Scene:
    """Newer versions of the format may add some."""
    document = json.loads(written(forge.bundle(), "0.3"))
    return _as(forge, json.dumps({**document, "newer": {}}).encode())


def no_digest_beside_the_signature(forge: Forge) -> Scene:
    """It is a hint, and may be left out."""
    signer = forge.signer()
    content = forge.message(signer)
    entry = forge.logged(signer, content)
    bare = replace(content, digest=None)
    return _scene(forge, forge.bundle(signer=signer, content=bare, entries=[entry]))


def the_last_moment_of_a_timestamp_authority(forge: Forge) -> Scene:
    """A window ends with it, not before it."""
    signer = forge.signer()
    content = forge.message(signer)
    stamps = [forge.timestamp(content, at=NOON + SECOND)]
    made = forge.bundle(signer=signer, content=content, log=2, timestamps=stamps)
    ends = Window(start=NOON - DAY, end=NOON + SECOND)
    return _scene(forge, made, trust=windowed(forge.core.trust, tsa=ends))


def a_trusted_root_of_version_2(forge: Forge) -> Scene:
    """Which differs in its media type alone."""
    newer = b"application/vnd.dev.sigstore.trustedroot.v0.2+json"
    older = b"application/vnd.dev.sigstore.trustedroot+json;version=0.1"
    sound = a_file_in_log_1(forge)
    return Scene(bundle=sound.bundle, trusted_root=sound.trusted_root.replace(older, newer))


def a_trusted_root_with_a_member_that_nobody_knows(forge: Forge) -> Scene:
    """As newer ones may have."""
    sound = a_file_in_log_1(forge)
    document = {**json.loads(sound.trusted_root), "newer": {}}
    return Scene(bundle=sound.bundle, trusted_root=json.dumps(document).encode())


def an_authority_without_a_common_name(forge: Forge) -> Scene:
    """As a Fulcio makes for itself to be tried out."""
    sound = a_file_in_log_1(forge)
    document = json.loads(sound.trusted_root)
    for authority in document["certificateAuthorities"]:
        del authority["subject"]["commonName"]
    return Scene(bundle=sound.bundle, trusted_root=json.dumps(document).encode())


def a_signature_of_the_year_2999(_: Forge) -> Scene:
    """As a machine whose clock stands still would see all of today's."""
    later = Forge(others=0)
    later.core = InstanceCore(Clock(NOON.replace(year=2999)))
    return _scene(later, later.bundle())


# What is not.


def another_artifact(forge: Forge) -> Scene:
    """The file was altered."""
    return _scene(forge, forge.bundle(), artifact=OTHER)


def a_statement_about_another_artifact(forge: Forge) -> Scene:
    """A genuine one, and not about this file."""
    signer = forge.signer()
    return _scene(
        forge, forge.bundle(signer=signer, content=forge.envelope(signer)), artifact=OTHER
    )


def a_payload_that_is_no_statement(forge: Forge) -> Scene:
    """It names no artifact, so it is about none."""
    signer = forge.signer()
    envelope = forge.envelope(signer, payload_type="application/json")
    return _scene(forge, forge.bundle(signer=signer, content=envelope))


def somebody_else(forge: Forge) -> Scene:
    """Genuine, and not by whom was asked for."""
    return _scene(forge, forge.bundle(), policy=SignedBy("bob@example.com", issuer="google"))


def another_issuer(forge: Forge) -> Scene:
    """The same name, vouched for by another."""
    policy = SignedBy("alice@example.com", issuer="microsoft")
    return _scene(forge, forge.bundle(), policy=policy)


def a_name_that_only_begins_like_it(forge: Forge) -> Scene:
    """Whoever owns the longer name is somebody else."""
    signer = forge.signer(names=[San(kind="e-mail", text="alice@example.com.evil.test")])
    return _scene(forge, forge.bundle(signer=signer))


def two_names(forge: Forge) -> Scene:
    """One of them is the one asked for; a signer has one."""
    signer = forge.signer(names=[ALICE, San(kind="e-mail", text="mallory@example.com")])
    return _scene(forge, forge.bundle(signer=signer))


def a_signature_by_another_key(forge: Forge) -> Scene:
    """The certificate is genuine, and another's."""
    signer = forge.signer()
    content = replace(forge.message(signer), signature=managed().key.sign(ARTIFACT))
    return _scene(forge, forge.bundle(signer=signer, content=content))


def an_altered_statement(forge: Forge) -> Scene:
    """After it was signed."""
    signer = forge.signer()
    envelope = forge.envelope(signer)
    altered = replace(envelope, payload=envelope.payload.replace(b"slsa.dev", b"evil.dev"))
    entry = forge.logged(signer, altered)
    return _scene(forge, forge.bundle(signer=signer, content=altered, entries=[entry]))


def an_entry_of_another_artifact(forge: Forge) -> Scene:
    """Whoever watches the log would not see this one."""
    other = Digest.of(OTHER)
    return _logged(forge, lambda it: it, recorded=lambda content: replace(content, digest=other))


def an_entry_of_another_signature(forge: Forge) -> Scene:
    """By the same signer, over the same artifact."""
    signer = forge.signer()
    entry = forge.logged(signer, forge.message(signer))
    made = forge.bundle(signer=signer, content=forge.message(signer), entries=[entry])
    return _scene(forge, made)


def an_entry_of_another_signer(forge: Forge) -> Scene:
    """The same signature and key, under another certificate."""
    signer, other = forge.signer(), forge.signer()
    content = forge.message(signer)
    entry = forge.logged(other, content)
    return _scene(forge, forge.bundle(signer=signer, content=content, entries=[entry]))


def an_entry_of_another_statement(forge: Forge) -> Scene:
    """About the same artifact."""
    signer = forge.signer()
    envelope = forge.envelope(signer)
    other = replace(envelope, payload=json.dumps({**STATEMENT, "predicate": {}}).encode())
    entry = forge.logged(signer, other)
    return _scene(forge, forge.bundle(signer=signer, content=envelope, entries=[entry]))


def an_entry_called_by_another_kind(forge: Forge) -> Scene:
    """In the bundle; the log knows better."""
    return _logged(forge, lambda entry: replace(entry, version="0.0.2"))


def no_entry(forge: Forge) -> Scene:
    """Nobody who watches the log would ever see it."""
    signer = forge.signer()
    content = forge.message(signer)
    stamps = [forge.timestamp(content)]
    made = forge.bundle(signer=signer, content=content, entries=[], timestamps=stamps)
    return _scene(forge, made)


def a_log_that_nobody_trusts(forge: Forge) -> Scene:
    """However sound its entry is."""
    signer = forge.signer()
    content = forge.message(signer)
    entry = Forge().logged(signer, content)
    return _scene(forge, forge.bundle(signer=signer, content=content, entries=[entry]))


def an_altered_promise(forge: Forge) -> Scene:
    """The log's signed word, about something else."""
    return _logged(forge, lambda entry: replace(entry, integrated_time=entry.integrated_time + 1))


def an_entry_under_another_logs_id(forge: Forge) -> Scene:
    """Signed by a log that is trusted, in the name of one that nobody knows."""

    def renamed(entry: LogEntry) -> LogEntry:
        named = _signed_by(replace(entry, log_id=bytes(32)), key_hint=bytes(4))
        return forge.core.log_v1.promised(named)

    return _logged(forge, renamed)


def a_hash_altered_in_the_proof(forge: Forge) -> Scene:
    """It leads to another root."""

    def altered(entry: LogEntry) -> LogEntry:
        assert entry.proof
        return with_proof(entry, hashes=(bytes(32), *entry.proof.hashes[1:]))

    return _logged(forge, altered)


def a_proof_of_another_entry(forge: Forge) -> Scene:
    """Of the one beside it."""

    def altered(entry: LogEntry) -> LogEntry:
        assert entry.proof
        return with_proof(entry, index=entry.proof.index - 1)

    return _logged(forge, altered)


def a_proof_that_states_another_size(forge: Forge) -> Scene:
    """Than its checkpoint, which alone is signed."""

    def altered(entry: LogEntry) -> LogEntry:
        assert entry.proof
        return with_proof(entry, size=entry.proof.size + 1)

    return _logged(forge, altered)


def a_proof_that_states_another_root(forge: Forge) -> Scene:
    """Than its checkpoint, which alone is signed."""
    return _logged(forge, lambda entry: with_proof(entry, root=bytes(32)))


def a_checkpoint_by_another_key(forge: Forge) -> Scene:
    """It says that it is the log's."""
    return _logged(forge, lambda entry: _signed_by(entry, signature=bytes(70)))


def a_checkpoint_in_another_name(forge: Forge) -> Scene:
    """A log of version 2 signs in the name of its host."""
    return _logged(forge, lambda entry: _signed_by(entry, name="another.test"), log=2)


def a_checkpoint_in_part_of_the_name(forge: Forge) -> Scene:
    """Which is not its name."""
    return _logged(forge, lambda entry: _signed_by(entry, name="sandbox.test"), log=2)


def a_timestamp_of_something_else(forge: Forge) -> Scene:
    """The only one."""
    signer = forge.signer()
    stamps = [forge.timestamp(forge.message(signer))]
    return _scene(forge, forge.bundle(signer=signer, log=2, timestamps=stamps))


def a_false_timestamp_beside_a_promise(forge: Forge) -> Scene:
    """One that was altered is no accident, whatever stands beside it."""
    signer = forge.signer()
    stamps = [forge.timestamp(forge.message(signer))]
    return _scene(forge, forge.bundle(signer=signer, timestamps=stamps))


def a_timestamp_by_a_stranger(forge: Forge) -> Scene:
    """Nobody trusts that authority."""
    signer = forge.signer()
    content = forge.message(signer)
    stamps = [Forge().timestamp(content)]
    made = forge.bundle(signer=signer, content=content, log=2, timestamps=stamps)
    return _scene(forge, made)


def no_time_at_all(forge: Forge) -> Scene:
    """A certificate lives minutes: nothing says that it was valid."""
    return _scene(forge, forge.bundle(log=2, timestamps=[]))


def an_expired_certificate(forge: Forge) -> Scene:
    """The log saw the signature an hour later."""
    signer = forge.signer()
    content = forge.message(signer)
    entry = forge.logged(signer, content, at=NOON + timedelta(hours=1))
    return _scene(forge, forge.bundle(signer=signer, content=content, entries=[entry]))


def an_authority_that_nobody_trusts(forge: Forge) -> Scene:
    """It has the name of the one that is."""
    return _scene(forge, forge.bundle(signer=Forge().signer()))


def a_certificate_that_no_log_has_seen(forge: Forge) -> Scene:
    """It may have been issued in secret."""
    return _scene(forge, forge.bundle(signer=forge.signer(scts=[])))


def a_receipt_for_another_certificate(forge: Forge) -> Scene:
    """Of the same key and name."""
    template = forge.core.authority.template(signing_key(P256).public, [ALICE], GOOGLE)
    issuer = forge.core.authority.chain[0].key
    sct = forge.core.ct_log.append(template.to_tbs(algorithm_named(P256)), issuer=issuer)
    return _scene(forge, forge.bundle(signer=forge.signer(scts=[sct])))


def a_receipt_under_another_logs_id(forge: Forge) -> Scene:
    """Signed by a log that is trusted, in the name of one that nobody knows."""
    template = replace(
        forge.core.authority.template(signing_key(P256).public, [ALICE], GOOGLE), serial=78
    )
    issuer = forge.core.authority.chain[0].key
    sct = forge.core.ct_log.append(template.to_tbs(algorithm_named(P256)), issuer=issuer)
    renamed = sct[:1] + bytes(32) + sct[33:]  # version, then the id of the log
    signer = forge.signer(edit=lambda _: template, scts=[renamed])
    return _scene(forge, forge.bundle(signer=signer))


def a_certificate_for_servers(forge: Forge) -> Scene:
    """Its key is not for signing code."""
    servers = purposes("1.3.6.1.5.5.7.3.1")
    return _scene(forge, forge.bundle(signer=_saying(forge, servers)))


def a_certificate_for_agreeing_on_keys(forge: Forge) -> Scene:
    """Its key is not for signing."""
    return _scene(forge, forge.bundle(signer=_saying(forge, key_usage("cRLSign"))))


def something_critical_that_nobody_knows(forge: Forge) -> Scene:
    """Who does not understand it must refuse."""
    unknown = Extension(oid="1.2.3.4", content=b"\x05\x00", critical=True)
    return _scene(forge, forge.bundle(signer=_saying(forge, unknown)))


def log_1_before_its_window(forge: Forge) -> Scene:
    """It was not trusted yet."""
    return _scene(forge, forge.bundle(), trust=windowed(forge.core.trust, log_v1=AFTER))


def log_1_after_its_window(forge: Forge) -> Scene:
    """It was not trusted any more."""
    return _scene(forge, forge.bundle(), trust=windowed(forge.core.trust, log_v1=BEFORE))


def log_2_after_its_window(forge: Forge) -> Scene:
    """It was not trusted any more."""
    return _scene(forge, forge.bundle(log=2), trust=windowed(forge.core.trust, log_v2=BEFORE))


def a_certificate_log_after_its_window(forge: Forge) -> Scene:
    """It was not trusted any more."""
    return _scene(forge, forge.bundle(), trust=windowed(forge.core.trust, ct_log=BEFORE))


def an_authority_after_its_window(forge: Forge) -> Scene:
    """It was not trusted any more."""
    return _scene(forge, forge.bundle(), trust=windowed(forge.core.trust, authority=BEFORE))


def a_timestamp_authority_after_its_window(forge: Forge) -> Scene:
    """It was not trusted any more."""
    return _scene(forge, forge.bundle(log=2), trust=windowed(forge.core.trust, tsa=BEFORE))


def a_member_that_stands_twice(forge: Forge) -> Scene:
    """Two programs would read two things."""
    data = written(forge.bundle(), "0.3")
    return _as(forge, data.replace(b'{"mediaType"', b'{"mediaType": "another", "mediaType"', 1))


def base64_with_bits_to_spare(forge: Forge) -> Scene:
    """It does not print back the same."""
    document = json.loads(written(forge.bundle(), "0.3"))
    digest = document["messageSignature"]["messageDigest"]["digest"]  # 32 bytes: ends in one "="
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    spare = last[last.index(digest[-2]) + 1]
    document["messageSignature"]["messageDigest"]["digest"] = f"{digest[:-2]}{spare}="
    return _as(forge, json.dumps(document).encode())


def a_version_that_nobody_knows(forge: Forge) -> Scene:
    """It may mean anything."""
    document = json.loads(written(forge.bundle(), "0.3"))
    document["mediaType"] = "application/vnd.dev.sigstore.bundle.v9.9+json"
    return _as(forge, json.dumps(document).encode())


_SHA256 = {"sha256": Digest.of(ARTIFACT).hex}


def _statement(forge: Forge, statement: object, **others: object) -> Scene:
    signer = forge.signer()
    content = forge.envelope(signer, statement)
    return _scene(forge, forge.bundle(signer=signer, content=content), **others)


def _saying(forge: Forge, extension: Extension) -> Signer:
    return forge.signer(edit=lambda template: with_extension(template, extension))


def _signed_by(entry: LogEntry, **changes: object) -> LogEntry:
    assert entry.proof
    assert entry.proof.checkpoint
    (line,) = entry.proof.checkpoint.signatures
    checkpoint = replace(entry.proof.checkpoint, signatures=(replace(line, **changes),))
    return with_proof(entry, checkpoint=checkpoint)


SCENES: dict[str, Make] = {
    name.replace("_", " "): make
    for name, make in list(globals().items())
    if not name.startswith("_") and getattr(make, "__annotations__", {}).get("return") is Scene
}

# SPDX-License-Identifier: Apache-2.0
"""What is refused of a signature: made by somebody else, or over something else."""

import json

import pytest

from keyless.errors import Check, ParseError
from keyless.policy import Requirements, SignedByKey
from keyless.protocol.bundle import MessageSignature
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.dsse import Envelope, EnvelopeSignature, pae
from keyless.protocol.keys import algorithm_named
from keyless.protocol.statement import IN_TOTO
from keyless.sandbox.entry_writer import hashedrekord_v2
from keyless.value import replace
from keyless.verification import artifact_algorithm
from tests.forge import ARTIFACT, STATEMENT, Forge, Signer, managed
from tests.refusals import refused

OTHER = b"something else\n"
ABOUT_OTHERS = {
    **STATEMENT,
    "subject": [{"name": "artifact", "digest": {"sha256": Digest.of(OTHER).hex}}],
}
SHA384, SHA512 = HashAlgorithm.SHA384, HashAlgorithm.SHA512


@pytest.fixture(scope="module")
def forge() -> Forge:
    """One instance for all."""
    return Forge()


@pytest.fixture(scope="module")
def signer(forge: Forge) -> Signer:
    """Alice, with a key and a certificate."""
    return forge.signer()


@pytest.mark.parametrize("artifact", [OTHER, Digest.of(OTHER), b""])
@pytest.mark.parametrize("log", [1, 2])
def test_another_artifact_than_was_signed(
    forge: Forge, signer: Signer, artifact: bytes | Digest, log: int
) -> None:
    """The refusal names both digests."""
    with refused(Check.ARTIFACT, "the bundle is for another artifact") as refusal:
        forge.verify(forge.bundle(signer=signer, log=log), artifact)
    assert refusal.value.wanted == f"the one with {Digest.of(ARTIFACT)}"


def test_another_artifact_where_the_bundle_does_not_say_which(forge: Forge, signer: Signer) -> None:
    """Without its hint, the signature itself refuses."""
    content = forge.message(signer)
    entry = forge.logged(signer, content)
    bundle = forge.bundle(signer=signer, content=replace(content, digest=None), entries=[entry])
    with refused(Check.SIGNATURE, "^the signature "):
        forge.verify(bundle, OTHER)


def test_a_hint_at_the_right_artifact_does_not_replace_the_signature(
    forge: Forge, signer: Signer
) -> None:
    """The signature is over another artifact, as is the log's entry; only the hint was changed."""
    content = forge.message(signer, OTHER)
    entry = forge.logged(signer, content)
    hinted = replace(content, digest=Digest.of(ARTIFACT))
    with refused(Check.SIGNATURE, "^the signature "):
        forge.verify(forge.bundle(signer=signer, content=hinted, entries=[entry]))


@pytest.mark.parametrize("log", [1, 2])
def test_a_signature_by_another_key(forge: Forge, signer: Signer, log: int) -> None:
    """The certificate is Alice's, and the log has it so; but she did not sign."""
    content = forge.message(managed())
    with refused(Check.SIGNATURE, "^the signature "):
        forge.verify(forge.bundle(signer=signer, content=content, log=log))


@pytest.mark.parametrize("kind", ["dsse", "intoto"])
def test_an_envelope_signed_by_another_key(forge: Forge, signer: Signer, kind: str) -> None:
    """Likewise for statements, whatever the log calls them."""
    envelope = forge.envelope(managed())
    entry = forge.logged(signer, envelope, kind=kind)
    with refused(Check.SIGNATURE, "^the signature "):
        forge.verify(forge.bundle(signer=signer, content=envelope, entries=[entry]))


def test_an_envelope_whose_payload_alone_was_signed(forge: Forge, signer: Signer) -> None:
    """A signature covers the type as well, or one could pass for another kind of thing."""
    payload = json.dumps(STATEMENT).encode()
    envelope = Envelope(
        payload_type=IN_TOTO,
        payload=payload,
        signatures=(EnvelopeSignature(signature=signer.key.sign(payload)),),
    )
    with refused(Check.SIGNATURE, "^the signature "):
        forge.verify(forge.bundle(signer=signer, content=envelope))


def test_a_payload_of_another_type_than_was_signed(forge: Forge, signer: Signer) -> None:
    """It was signed as something else, and only called a statement."""
    signed = forge.envelope(signer, payload_type="text/plain")
    relabelled = replace(signed, payload_type=IN_TOTO)
    with refused(Check.SIGNATURE, "^the signature "):
        forge.verify(forge.bundle(signer=signer, content=relabelled))


@pytest.mark.parametrize("log", [1, 2])
def test_an_envelope_that_holds_no_statement(forge: Forge, signer: Signer, log: int) -> None:
    """Whatever its payload says, it names no artifact."""
    envelope = forge.envelope(signer, payload_type="application/vnd.cyclonedx+json")
    with refused(Check.ARTIFACT, "what was signed is no in-toto statement"):
        forge.verify(forge.bundle(signer=signer, content=envelope, log=log))


def test_a_statement_that_cannot_be_read(forge: Forge, signer: Signer) -> None:
    """It is signed, and still no statement."""
    envelope = forge.envelope(signer, {"_type": "https://in-toto.io/Statement/v1"})
    with pytest.raises(ParseError):
        forge.verify(forge.bundle(signer=signer, content=envelope))


@pytest.mark.parametrize("artifact", [ARTIFACT, Digest.of(ARTIFACT)])
def test_a_statement_about_others(forge: Forge, signer: Signer, artifact: bytes | Digest) -> None:
    """The refusal says which."""
    envelope = forge.envelope(signer, ABOUT_OTHERS)
    with refused(Check.ARTIFACT, "the statement is about other artifacts") as refusal:
        forge.verify(forge.bundle(signer=signer, content=envelope), artifact)
    assert refusal.value.wanted == str(Digest.of(OTHER))


def test_a_statement_that_names_no_digest_that_counts(forge: Forge, signer: Signer) -> None:
    """A commit is not a hash that an artifact is compared by."""
    subject = {"name": "artifact", "digest": {"gitCommit": "00"}}
    envelope = forge.envelope(signer, {**STATEMENT, "subject": [subject]})
    with refused(Check.ARTIFACT, "the statement is about other artifacts") as refusal:
        forge.verify(forge.bundle(signer=signer, content=envelope))
    assert refusal.value.wanted == "nothing: it names no digest"


def test_a_digest_by_another_hash_than_was_signed(forge: Forge) -> None:
    """P-384 over SHA-384 cannot be verified with a SHA-256 digest."""
    signer = forge.signer(algorithm="PKIX_ECDSA_P384_SHA_384")
    content = forge.message(signer)
    entry = forge.logged(signer, content)
    unhinted = replace(content, digest=None)
    bundle = forge.bundle(signer=signer, content=unhinted, entries=[entry])
    with refused(Check.SIGNATURE, "over SHA384, but the digest given is SHA256"):
        forge.verify(bundle, Digest.of(ARTIFACT))


@pytest.mark.parametrize("algorithm", ["PKIX_ED25519", "ML_DSA_65"])
def test_a_digest_where_the_artifact_itself_was_signed(forge: Forge, algorithm: str) -> None:
    """The refusal asks for the artifact."""
    signer = forge.signer(algorithm=algorithm)
    with refused(Check.SIGNATURE, "covers the content itself, and only its digest was given"):
        forge.verify(forge.bundle(signer=signer, log=2), Digest.of(ARTIFACT))


def test_an_ed25519_key_in_the_first_log(forge: Forge) -> None:
    """It can have verified the prehashed kind alone, which is not to be had here."""
    signer = forge.signer(algorithm="PKIX_ED25519")
    content = replace(forge.message(signer), digest=Digest.of(ARTIFACT, SHA512))
    with refused(Check.SIGNATURE, "Ed25519ph"):
        forge.verify(forge.bundle(signer=signer, content=content))


@pytest.mark.parametrize(
    ("key", "named"),
    [
        ("PKIX_ECDSA_P256_SHA_256", "PKIX_ECDSA_P384_SHA_256"),
        ("PKIX_ECDSA_P384_SHA_384", "PKIX_ECDSA_P384_SHA_256"),
        ("PKIX_RSA_PKCS1V15_2048_SHA256", "PKIX_RSA_PSS_2048_SHA256"),
        ("PKIX_ED25519", "PKIX_ED25519_PH"),
    ],
)
def test_another_algorithm_than_the_log_says(forge: Forge, key: str, named: str) -> None:
    """The second log says how it was signed, and is taken at its word."""
    signer = forge.signer(algorithm=key)
    said = algorithm_named(named)
    digest = Digest.of(ARTIFACT, said.hash or HashAlgorithm.SHA256)
    content = MessageSignature(signature=signer.key.sign(ARTIFACT), digest=digest)
    body = hashedrekord_v2(digest, content.signature, signer.verifier, algorithm=said)
    entry = forge.core.log_v2.append(body)
    with refused(Check.SIGNATURE):
        forge.verify(forge.bundle(signer=signer, content=content, entries=[entry]))


def test_a_statement_signed_over_a_hash_that_its_key_does_not_use(forge: Forge) -> None:
    """Nothing names an envelope's hash, so only the usual ones are tried."""
    signer = forge.signer(algorithm="PKIX_ECDSA_P384_SHA_384")
    payload = json.dumps(STATEMENT).encode()
    over_sha512 = replace(signer.algorithm, hash=SHA512)
    signature = signer.key.sign(pae(IN_TOTO, payload), algorithm=over_sha512)
    envelope = Envelope(
        payload_type=IN_TOTO,
        payload=payload,
        signatures=(EnvelopeSignature(signature=signature),),
    )
    with refused(Check.SIGNATURE, "^the signature "):
        forge.verify(forge.bundle(signer=signer, content=envelope))


# What follows is about which digest to make of a file, before anything is judged.


def subjects(*algorithms: HashAlgorithm) -> dict[str, object]:
    """Make a statement about the artifact by its digests in *algorithms*."""
    digests = {each.value: Digest.of(ARTIFACT, each).hex for each in algorithms}
    return {**STATEMENT, "subject": [{"name": "artifact", "digest": digests}]}


@pytest.mark.parametrize(
    ("algorithm", "wanted"),
    [("PKIX_ECDSA_P384_SHA_384", SHA384), ("PKIX_ECDSA_P384_SHA_256", HashAlgorithm.SHA256)],
)
def test_a_file_is_hashed_as_its_bundle_hints_or_its_entry_says(
    forge: Forge, algorithm: str, wanted: HashAlgorithm
) -> None:
    """So that a digest can be given in place of the file."""
    bundle = forge.bundle(signer=forge.signer(algorithm=algorithm))
    assert isinstance(bundle.content, MessageSignature)
    assert artifact_algorithm(bundle) is wanted
    unhinted = replace(bundle, content=replace(bundle.content, digest=None))
    assert artifact_algorithm(unhinted) is wanted
    assert artifact_algorithm(replace(unhinted, entries=())) is HashAlgorithm.SHA256


@pytest.mark.parametrize(
    ("named", "wanted"),
    [
        ([SHA384], SHA384),
        ([SHA512, HashAlgorithm.SHA256], HashAlgorithm.SHA256),
        ([], HashAlgorithm.SHA256),
    ],
)
def test_a_file_is_hashed_as_the_statement_names_it(
    forge: Forge, signer: Signer, named: list[HashAlgorithm], wanted: HashAlgorithm
) -> None:
    """SHA-256 where there is a choice."""
    statement = subjects(*named) if named else {**ABOUT_OTHERS, "subject": [_without_digest()]}
    bundle = forge.bundle(signer=signer, content=forge.envelope(signer, statement))
    assert artifact_algorithm(bundle) is wanted


def _without_digest() -> dict[str, object]:
    return {"name": "artifact", "digest": {"gitCommit": "00"}}


def test_what_is_no_statement_says_nothing_about_hashes(forge: Forge, signer: Signer) -> None:
    """It will be refused; until then, SHA-256 is as good as any."""
    bundle = forge.bundle(signer=signer, content=forge.envelope(signer, payload_type="text/plain"))
    assert artifact_algorithm(bundle) is HashAlgorithm.SHA256


@pytest.mark.parametrize("algorithm", ["PKIX_ECDSA_P384_SHA_384", "PKIX_ED25519"])
def test_a_key_bundle_without_entry_or_hint_is_judged_as_its_key_usually_signs(
    forge: Forge, algorithm: str
) -> None:
    """Where the caller asks for no log, nobody says how it was signed."""
    signer = managed(algorithm)
    content = replace(forge.message(signer), digest=None)
    bundle = forge.bundle(signer=signer, content=content, entries=[])
    verified = forge.verify(
        bundle, policy=SignedByKey(signer.key.public), requirements=Requirements(logs=0)
    )
    assert verified.content.algorithm == algorithm_named(algorithm)


def test_a_key_bundle_without_entry_is_judged_as_it_hints(forge: Forge) -> None:
    """The hint is good for the hash, one of the three; the signature must fit it."""
    signer = managed("PKIX_ECDSA_P384_SHA_256")
    bundle = forge.bundle(signer=signer, entries=[])
    verified = forge.verify(
        bundle, policy=SignedByKey(signer.key.public), requirements=Requirements(logs=0)
    )
    assert verified.content.algorithm == algorithm_named("PKIX_ECDSA_P384_SHA_256")

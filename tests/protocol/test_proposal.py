# SPDX-License-Identifier: Apache-2.0
"""Proposals: written as the logs want them, and recognised in what the logs recorded."""

import json
from collections.abc import Callable
from functools import cache

import pytest
import rekor_types
from sigstore_models.rekor.v2.entry import CreateEntryRequest

from keyless.errors import Check, InputError, VerificationError
from keyless.protocol.bundle import Content, MessageSignature
from keyless.protocol.certificate import Certificate
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.dsse import Envelope, EnvelopeSignature, pae
from keyless.protocol.encoding import b64decode, b64encode, pem_encode
from keyless.protocol.entry import LogEntry
from keyless.protocol.entry_body import UnknownRecord, Verifier
from keyless.protocol.keys import algorithm_named
from keyless.protocol.names import San
from keyless.protocol.proposal import Proposal
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.statement import IN_TOTO
from keyless.sandbox import entry_writer
from keyless.sandbox.instance_core import InstanceCore
from keyless.value import replace

Other = Callable[[], Proposal]
Record = Callable[[Proposal], LogEntry]

P256 = algorithm_named("PKIX_ECDSA_P256_SHA_256")
P384 = algorithm_named("PKIX_ECDSA_P384_SHA_384")
DIGEST = Digest.of(b"artifact")
PAYLOAD = '{"é": "payload"}'.encode()


@cache
def core() -> InstanceCore:
    """Make an instance, once."""
    return InstanceCore()


@cache
def key() -> SigningKey:
    """Make a signer's key, once."""
    return SigningKey.generate(P256)


@cache
def certificate(text: str = "alice@example.com") -> Certificate:
    """Have the key certified."""
    return core().authority.issue(key().public, San(kind="e-mail", text=text))


@cache
def message() -> MessageSignature:
    """Sign the artifact."""
    return MessageSignature(signature=key().sign(DIGEST), digest=DIGEST)


@cache
def envelope() -> Envelope:
    """Sign a statement."""
    signature = EnvelopeSignature(signature=key().sign(pae(IN_TOTO, PAYLOAD)))
    return Envelope(payload_type=IN_TOTO, payload=PAYLOAD, signatures=(signature,))


def proposal(content: Content | None = None, *, by_key: bool = False) -> Proposal:
    """Propose what was signed, by the certificate or the bare key."""
    verifier = key().public if by_key else certificate()
    return Proposal.of(content or message(), verifier, algorithm=P256)


def verifier(proposed: Proposal) -> Verifier:
    """Return whose signature the log would have recorded."""
    if isinstance(proposed.verifier, Certificate):
        return Verifier(der=proposed.verifier.der, is_certificate=True)
    return Verifier(der=proposed.verifier.spki, is_certificate=False)


def recorded_v1(proposed: Proposal) -> LogEntry:
    """Have version 1 of the log write down what was proposed."""
    if isinstance(proposed.content, Envelope):
        body = entry_writer.dsse_v1(proposed.content, verifier(proposed))
    else:
        body = entry_writer.hashedrekord_v1(
            proposed.digest, proposed.content.signature, verifier(proposed)
        )
    return core().log_v1.append(body)


def recorded_v2(proposed: Proposal) -> LogEntry:
    """Have version 2 of the log write down what was proposed."""
    body = entry_writer.hashedrekord_v2(
        proposed.digest,
        proposed.content.signature,
        verifier(proposed),
        algorithm=proposed.algorithm,
    )
    return core().log_v2.append(body)


def pem_of_certificate() -> str:
    """Return the certificate as version 1 of the log wants it."""
    return b64encode(pem_encode("CERTIFICATE", certificate().der).encode())


def test_an_artifact_is_proposed_to_version_1_as_hashedrekord() -> None:
    """Its digest in hexadecimal, the signature, and the certificate as PEM in base64."""
    assert json.loads(proposal().v1_body()) == {
        "apiVersion": "0.0.1",
        "kind": "hashedrekord",
        "spec": {
            "data": {"hash": {"algorithm": "sha256", "value": DIGEST.hex}},
            "signature": {
                "content": b64encode(message().signature),
                "publicKey": {"content": pem_of_certificate()},
            },
        },
    }


def test_an_envelope_is_proposed_to_version_1_as_dsse() -> None:
    """The envelope as JSON in a string, its payload as it was signed, and the certificate."""
    document = json.loads(proposal(envelope()).v1_body())
    proposed = document["spec"].pop("proposedContent")
    assert document == {"apiVersion": "0.0.1", "kind": "dsse", "spec": {}}
    assert proposed["verifiers"] == [pem_of_certificate()]
    sent = json.loads(proposed["envelope"])
    assert sent == envelope().to_json()
    assert b64decode(sent["payload"]) == PAYLOAD


def test_others_read_what_is_proposed() -> None:
    """By the models of sigstore-python, for either version of the log."""
    assert rekor_types.Hashedrekord.model_validate_json(proposal().v1_body())
    assert rekor_types.Dsse.model_validate_json(proposal(envelope()).v1_body())
    request = proposal().v2_request()
    assert CreateEntryRequest.from_json(request).to_dict() == json.loads(request)


def test_a_key_without_a_certificate_is_proposed_as_a_key() -> None:
    """Version 1 tells the two apart by the label of the PEM block."""
    document = json.loads(proposal(by_key=True).v1_body())
    pem = b64decode(document["spec"]["signature"]["publicKey"]["content"]).decode()
    assert pem == pem_encode("PUBLIC KEY", key().public.spki)


@pytest.mark.parametrize("by_key", [False, True], ids=["certificate", "key"])
@pytest.mark.parametrize("is_envelope", [False, True], ids=["artifact", "envelope"])
def test_everything_is_proposed_to_version_2_as_hashedrekord(
    is_envelope: bool, by_key: bool
) -> None:
    """Of an envelope, version 2 sees the digest of its encoding, and never the payload."""
    content = envelope() if is_envelope else message()
    digest = Digest.of(pae(IN_TOTO, PAYLOAD)) if is_envelope else DIGEST
    kind, der = (
        ("publicKey", key().public.spki) if by_key else ("x509Certificate", certificate().der)
    )
    assert json.loads(proposal(content, by_key=by_key).v2_request()) == {
        "hashedRekordRequestV002": {
            "digest": b64encode(digest.value),
            "signature": {
                "content": b64encode(content.signature),
                "verifier": {
                    kind: {"rawBytes": b64encode(der)},
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                },
            },
        }
    }


def test_the_digest_is_made_with_the_hash_of_the_key() -> None:
    """A P-384 key over SHA-384: the log verifies the signature from that digest alone."""
    larger = SigningKey.generate(P384)
    signature = EnvelopeSignature(signature=larger.sign(pae(IN_TOTO, PAYLOAD)))
    signed = Envelope(payload_type=IN_TOTO, payload=PAYLOAD, signatures=(signature,))
    proposed = Proposal.of(signed, larger.public, algorithm=P384)
    assert proposed.digest == Digest.of(pae(IN_TOTO, PAYLOAD), HashAlgorithm.SHA384)
    assert b"PKIX_ECDSA_P384_SHA_384" in proposed.v2_request()


def test_a_proposal_is_always_the_same_bytes() -> None:
    """What is sent again must be the same entry."""
    assert proposal(envelope()).v1_body() == proposal(envelope()).v1_body()
    assert proposal(envelope()).v2_request() == proposal(envelope()).v2_request()


def test_a_signature_without_its_digest_is_not_proposed() -> None:
    """There is nothing that the log could verify it with."""
    unsaid = MessageSignature(signature=b"signature", digest=None)
    with pytest.raises(InputError, match="without the digest that it is over"):
        Proposal.of(unsaid, certificate(), algorithm=P256)


@pytest.mark.parametrize("write", [Proposal.v1_body, Proposal.v2_request])
@pytest.mark.parametrize("name", ["PKIX_ED25519", "PKIX_ECDSA_P384_SHA_384"])
def test_what_a_log_could_not_verify_is_not_proposed(
    name: str, write: Callable[[Proposal], bytes]
) -> None:
    """A signature over the content itself, or over another digest than the one at hand."""
    proposed = Proposal.of(message(), certificate(), algorithm=algorithm_named(name))
    with pytest.raises(InputError, match=r"cannot verify a signature by .* from a SHA256 digest"):
        write(proposed)


@pytest.mark.parametrize("record", [recorded_v1, recorded_v2], ids=["v1", "v2"])
@pytest.mark.parametrize("by_key", [False, True], ids=["certificate", "key"])
@pytest.mark.parametrize("is_envelope", [False, True], ids=["artifact", "envelope"])
def test_what_was_proposed_is_recognised(is_envelope: bool, by_key: bool, record: Record) -> None:
    """Both versions of the log, both kinds of content, both kinds of signer."""
    proposed = proposal(envelope() if is_envelope else message(), by_key=by_key)
    proposed.matches(record(proposed))


def another_envelope() -> Envelope:
    """Put another payload under the signature."""
    return replace(envelope(), payload=b"{}")


def signed_again(content: Content) -> Content:
    """Sign the same once more: ECDSA gives another signature."""
    if isinstance(content, Envelope):
        signature = EnvelopeSignature(signature=key().sign(pae(IN_TOTO, PAYLOAD)))
        return replace(content, signatures=(signature,))
    return replace(content, signature=key().sign(DIGEST))


OTHERS = {
    "another artifact": (
        lambda: Proposal.of(
            replace(message(), digest=Digest.of(b"other")), certificate(), algorithm=P256
        ),
        "digest",
    ),
    "another signature": (lambda: proposal(signed_again(message())), "signature"),
    "another certificate": (
        lambda: Proposal.of(message(), certificate("mallory@example.com"), algorithm=P256),
        "signer",
    ),
    "the bare key": (lambda: proposal(by_key=True), "signer"),
}


@pytest.mark.parametrize("record", [recorded_v1, recorded_v2], ids=["v1", "v2"])
@pytest.mark.parametrize(("other", "what"), OTHERS.values(), ids=OTHERS.keys())
def test_another_record_of_an_artifact_is_refused(other: Other, what: str, record: Record) -> None:
    """The log answers with an entry that is somebody else's, or ours of another day."""
    refusal = refused(proposal(), record(other()))
    assert f"recorded another {what} than was proposed" in refusal.message
    assert refusal.found != refusal.wanted


OTHER_ENVELOPES = {
    "another payload": (lambda: proposal(another_envelope()), "payload"),
    "another signature": (lambda: proposal(signed_again(envelope())), "signature"),
    "another certificate": (
        lambda: Proposal.of(envelope(), certificate("mallory@example.com"), algorithm=P256),
        "signer",
    ),
    "two signatures": (
        lambda: proposal(replace(envelope(), signatures=envelope().signatures * 2)),
        "number of signatures",
    ),
}


@pytest.mark.parametrize(("other", "what"), OTHER_ENVELOPES.values(), ids=OTHER_ENVELOPES.keys())
def test_another_record_of_an_envelope_is_refused(other: Other, what: str) -> None:
    """As of an artifact, and by its payload."""
    body = entry_writer.dsse_v1(other().content, verifier(other()))
    refusal = refused(proposal(envelope()), core().log_v1.append(body))
    assert f"recorded another {what} than was proposed" in refusal.message


def test_another_algorithm_is_refused() -> None:
    """Version 2 records how the signature was made, and verifiers go by it."""
    entry = recorded_v2(replace(proposal(), algorithm=P384))
    refusal = refused(proposal(), entry)
    assert "another algorithm" in refusal.message
    assert (refusal.found, refusal.wanted) == ("ECDSA P-384 over SHA384", str(P256))


def kinds() -> dict[str, LogEntry]:
    """Return entries of kinds that were never proposed."""
    by = verifier(proposal())
    log = core().log_v1
    dsse = entry_writer.dsse_v2(envelope(), by, algorithm=P256)
    return {
        "an envelope for an artifact": recorded_v1(proposal(envelope())),
        "intoto": log.append(entry_writer.intoto_v2(envelope(), by)),
        "dsse 0.0.2": core().log_v2.append(dsse),
        "a kind it is not": replace(recorded_v1(proposal()), kind="dsse"),
        "a version it is not": replace(recorded_v1(proposal()), version="0.0.2"),
    }


@pytest.mark.parametrize("name", sorted(kinds()))
def test_another_kind_of_record_is_refused(name: str) -> None:
    """And one that says it is of another kind than its body."""
    assert "recorded another kind than" in refused(proposal(), kinds()[name]).message


def test_an_entry_that_says_nothing_is_refused() -> None:
    """A body that was not read records nothing, whatever its kind is called."""
    unread = UnknownRecord(kind="hashedrekord", version="0.0.1")
    entry = replace(recorded_v1(proposal()), body=unread)
    assert refused(proposal(), entry).found == "none"


def refused(proposed: Proposal, entry: LogEntry) -> VerificationError:
    """Return why *entry* is not what was *proposed*."""
    with pytest.raises(VerificationError) as caught:
        proposed.matches(entry)
    assert caught.value.check is Check.ENTRY
    return caught.value

# SPDX-License-Identifier: Apache-2.0
"""Legacy layers: written from bundles, read as bundles, and judged as any other."""

import base64
import json
import re
from functools import cache
from typing import Any

import pytest

from keyless.credential import Credential
from keyless.errors import Check, InputError, ParseError
from keyless.evidence import Promise
from keyless.instance.sigstore import LogVersion
from keyless.policy import Policy, Requirements, SignedBy, SignedByKey
from keyless.protocol.bundle import Bundle, KeyHint
from keyless.protocol.cosign import SimpleSigning
from keyless.protocol.cosign_layers import (
    BUNDLE_NOTE,
    CERTIFICATE_NOTE,
    CHAIN_NOTE,
    SIGNATURE_NOTE,
    TIMESTAMP_NOTE,
    attestation_bundle,
    envelope_json,
    layer_notes,
    signature_bundle,
)
from keyless.protocol.digest import Digest
from keyless.protocol.dsse import Envelope
from keyless.protocol.keys import PublicKey, algorithm_named
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.statement import Statement, Subject
from keyless.protocol.timestamp_request import TimestampRequest
from keyless.sandbox import Sandbox
from keyless.sandbox.timestamp_authority import TimestampQuery
from keyless.signing import attest, sign
from keyless.value import replace
from keyless.verification import verify
from tests.instances import NOON
from tests.refusals import refused
from tests.shared_data import shared

IMAGE = Digest.of(b"an image")
PAYLOAD = SimpleSigning(docker_reference="ghcr.io/me/app", digest=IMAGE).to_json()
STATEMENT = Statement(
    predicate_type="https://example.com/reviewed/v1",
    subjects=(Subject(name="ghcr.io/me/app", digests=(IMAGE,)),),
    predicate={"reviewer": "Carol"},
)
BY_ALICE = SignedBy("alice@example.com", issuer="github")
KEY = SigningKey.generate(algorithm_named("PKIX_ECDSA_P256_SHA_256"))


@cache
def sandbox() -> Sandbox:
    """A whole instance, at noon, once."""
    return Sandbox(NOON)


@cache
def alice() -> Credential:
    """Have Alice certified, once."""
    return Credential.issue(sandbox().identity("alice@example.com"), sandbox().sigstore)


@cache
def signed(rekor: LogVersion = 1) -> Bundle:
    """Have Alice sign the payload."""
    return sign(PAYLOAD, alice(), sigstore=sandbox().connect(rekor=rekor))


@cache
def attested() -> Bundle:
    """Have Alice attest to the image."""
    return attest(STATEMENT, alice(), sigstore=sandbox().sigstore)


def envelope_of(bundle: Bundle) -> bytes:
    """Write the envelope in *bundle* as it stands in a layer."""
    assert isinstance(bundle.content, Envelope)
    return envelope_json(bundle.content)


def notes(**changes: Any) -> dict[str, str]:
    """Return the notes on Alice's signature, with what the log said changed."""
    all_of_them = dict(layer_notes(signed()))
    logged = json.loads(all_of_them[BUNDLE_NOTE])
    logged["Payload"].update(changes)
    return all_of_them | {BUNDLE_NOTE: json.dumps(logged)}


def judged(bundle: Bundle, artifact: bytes | Digest, policy: Policy = BY_ALICE) -> Any:
    """Judge *bundle* as any other is."""
    return verify(bundle, artifact, trusted_root=sandbox().sigstore.trusted_root, policy=policy)


def why_not(changed: dict[str, str]) -> str:
    """Return why the *changed* notes cannot be read."""
    with pytest.raises(ParseError) as caught:
        signature_bundle(changed)
    return caught.value.message


# There and back


def test_a_signature_survives_as_a_layer() -> None:
    """With the log's promise in place of its proof, which is what there is room for."""
    proof = judged(signature_bundle(dict(layer_notes(signed()))), PAYLOAD)
    assert proof.content.digest == Digest.of(PAYLOAD)
    assert proof.entry.proof == Promise()
    assert {time.kind for time in proof.times} == {"timestamp authority", "transparency log"}


def test_the_notes_are_cosigns() -> None:
    """Each under its own name; the chain is there, and says nothing."""
    written = dict(layer_notes(signed()))
    assert list(written) == sorted(
        [SIGNATURE_NOTE, CERTIFICATE_NOTE, CHAIN_NOTE, BUNDLE_NOTE, TIMESTAMP_NOTE]
    )
    assert written[CHAIN_NOTE] == ""
    assert re.fullmatch(
        r'\{"SignedEntryTimestamp":"[^"]+","Payload":\{"body":"[^"]+",'
        r'"integratedTime":\d+,"logIndex":\d+,"logID":"[0-9a-f]{64}"\}\}',
        written[BUNDLE_NOTE],
    )
    assert re.fullmatch(r'\{"SignedRFC3161Timestamp":"[^"]+"\}', written[TIMESTAMP_NOTE])


def test_a_signature_with_a_key_of_ones_own_survives() -> None:
    """It has no certificate, and nothing hints at the key."""
    bundle = sign(PAYLOAD, Credential.from_key(KEY), sigstore=sandbox().sigstore)
    written = dict(layer_notes(bundle))
    assert not written.keys() & {CERTIFICATE_NOTE, CHAIN_NOTE}
    read = signature_bundle(written)
    assert read.material == KeyHint(hint="")
    assert judged(read, PAYLOAD, SignedByKey(KEY.public)).signer.key == KEY.public


def test_an_attestation_survives_as_a_layer() -> None:
    """Its signature stands in the envelope, and the note for one is empty."""
    written = dict(layer_notes(attested()))
    assert written[SIGNATURE_NOTE] == ""
    proof = judged(attestation_bundle(written, envelope_of(attested())), IMAGE)
    assert proof.statement == STATEMENT
    # cosign refuses a layer whose timestamp is of the signature in it, and needs none.
    assert [time.kind for time in proof.times] == ["transparency log"]


def test_an_envelope_is_the_one_that_the_log_was_sent() -> None:
    """It keeps the hash of its bytes, which cosign compares with the layer's."""
    (entry,) = attested().entries
    recorded = json.loads(entry.canonical_body)["spec"]["envelopeHash"]["value"]
    assert Digest.of(envelope_of(attested())).hex == recorded


def test_of_two_logs_the_one_that_promised_is_written() -> None:
    """Whichever comes first in the bundle."""
    both = replace(signed(), entries=(*signed(2).entries, *signed().entries))
    assert layer_notes(both) == layer_notes(signed())


def test_a_timestamp_of_a_whole_envelope_is_left_out() -> None:
    """As cosign 2 has them made: ours are of the signature. The log's time is there still."""
    envelope = envelope_of(attested())
    query = TimestampQuery.parse(TimestampRequest.over(envelope, nonce=1).to_der())
    encoded = base64.b64encode(sandbox().core.timestamp_authority.timestamp(query)).decode()
    changed = dict(layer_notes(attested())) | {
        TIMESTAMP_NOTE: json.dumps({"SignedRFC3161Timestamp": encoded})
    }
    proof = judged(attestation_bundle(changed, envelope), IMAGE)
    assert [time.kind for time in proof.times] == ["transparency log"]


def test_a_signature_that_was_never_logged_has_no_entry() -> None:
    """Neither when written nor when read; and nobody accepts it who asks for a log."""
    unlogged = replace(signed(), entries=(), timestamps=())
    written = dict(layer_notes(unlogged))
    assert not written.keys() & {BUNDLE_NOTE, TIMESTAMP_NOTE}
    read = signature_bundle(written)
    with refused(Check.LOG, "no transparency log vouches"):
        judged(read, PAYLOAD)


def test_a_log_without_promises_cannot_be_written() -> None:
    """Version 2 gives none, and there is no room for its proof."""
    with pytest.raises(InputError, match="without a promise of its log's"):
        layer_notes(signed(2))


def test_a_layer_without_a_promise_is_refused_for_that() -> None:
    """It is null, as cosign writes it, where the log was of version 2."""
    changed = notes()
    changed[BUNDLE_NOTE] = json.dumps(
        json.loads(changed[BUNDLE_NOTE]) | {"SignedEntryTimestamp": None}
    )
    with refused(Check.INCLUSION, "without a proof"):
        judged(signature_bundle(changed), PAYLOAD)


def test_whoever_wants_a_proof_refuses_every_layer() -> None:
    """A promise is not one: policy decides whether it will do."""
    read = signature_bundle(dict(layer_notes(signed())))
    with refused(Check.INCLUSION, "without a proof"):
        verify(
            read,
            PAYLOAD,
            trusted_root=sandbox().sigstore.trusted_root,
            policy=BY_ALICE,
            requirements=Requirements(inclusion="proof"),
        )


# What is wrong with a layer


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"integratedTime": 1_700_000_000}, Check.PROMISE),
        ({"logIndex": 4242}, Check.PROMISE),
        ({"logID": "00" * 32}, Check.LOG),
    ],
)
def test_a_promise_about_something_else_is_refused(changes: dict[str, Any], check: Check) -> None:
    """It signs the time, the place, and the log."""
    with refused(check):
        judged(signature_bundle(notes(**changes)), PAYLOAD)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"logID": "00"}, r"1 bytes where 32 name a log"),
        ({"logIndex": 1 << 60}, "an index beyond 2^53"),
        ({"integratedTime": 1 << 50}, "a time after the year 9999"),
        ({"body": "e30="}, "$.Payload.body: $.kind: missing"),
        ({"body": None}, "$.Payload.body: missing"),
    ],
)
def test_what_no_log_says_is_refused(changes: dict[str, Any], reason: str) -> None:
    """Before it is compared with anything."""
    message = why_not(notes(**changes))
    assert message.startswith(f"{BUNDLE_NOTE}: ")
    assert reason in message


@pytest.mark.parametrize(
    ("note", "text", "reason"),
    [
        (SIGNATURE_NOTE, "", f"{SIGNATURE_NOTE}: no signature"),
        (SIGNATURE_NOTE, "?", f"{SIGNATURE_NOTE}: not base64"),
        (CERTIFICATE_NOTE, "no PEM", f"{CERTIFICATE_NOTE}: not one PEM block"),
        (BUNDLE_NOTE, "[]", f"{BUNDLE_NOTE}: $: not a JSON object"),
        (TIMESTAMP_NOTE, "{}", f"{TIMESTAMP_NOTE}: $.SignedRFC3161Timestamp: missing"),
        (
            TIMESTAMP_NOTE,
            '{"SignedRFC3161Timestamp": "AAAA"}',
            f"{TIMESTAMP_NOTE}: $.SignedRFC3161Timestamp: ",
        ),
    ],
)
def test_a_note_that_cannot_be_read_is_named(note: str, text: str, reason: str) -> None:
    """Nobody should have to guess which of five it is."""
    assert why_not(notes() | {note: text}).startswith(reason)


def test_a_layer_without_its_signature_is_refused() -> None:
    """The first note is the one without which the others are about nothing."""
    without = {name: text for name, text in notes().items() if name != SIGNATURE_NOTE}
    assert why_not(without) == f"{SIGNATURE_NOTE}: no signature"


def test_a_signature_that_cosign_made_verifies() -> None:
    """One that was published with its key, when logs were not asked for yet."""
    seed = shared("seeds/000_a1400a4261e5a344.txt").read_text("utf-8")
    key_in_pem, signature = (
        re.findall(rf'cosign/{name}": "([^"]+)"', seed)[0] for name in ("pub", "signature")
    )
    payload = SimpleSigning(
        docker_reference="us-central1-docker.pkg.dev/builder-395303/repo1/tee",
        digest=Digest.parse(
            "sha256:60cb37c249fe3695c3660e431a60bf8e8684989bf1882786cc673ce933e27849"
        ),
        annotations=(
            ("dev.cosignproject.cosign/pub", key_in_pem),
            ("dev.cosignproject.cosign/sigalg", "ECDSA_P256_SHA256"),
            ("key1", "value1"),
        ),
    ).to_json()
    key = PublicKey.parse_pem(base64.b64decode(key_in_pem + "==").decode())
    proof = verify(
        signature_bundle({SIGNATURE_NOTE: signature}),
        payload,
        trusted_root=sandbox().sigstore.trusted_root,
        policy=SignedByKey(key),
        requirements=Requirements(logs=0, times=0),
    )
    assert proof.content.digest == Digest.of(payload)

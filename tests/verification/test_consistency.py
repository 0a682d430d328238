# SPDX-License-Identifier: Apache-2.0
"""What is refused as an entry: one that truly is in the log, and is of another signature.

Each bundle here is sound but for its entry, and each entry but for its bundle (CVE-2022-36056).
"""

import json
from collections.abc import Callable

import pytest

from keyless.errors import Check
from keyless.protocol.bundle import Content
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.dsse import Envelope, EnvelopeSignature
from keyless.protocol.entry import LogEntry
from keyless.protocol.entry_body import Verifier
from keyless.protocol.json_reader import JsonValue
from keyless.sandbox.entry_writer import dsse_v1, hashedrekord_v1, hashedrekord_v2, intoto_v2
from keyless.value import replace
from tests.forge import ARTIFACT, STATEMENT, Forge, Signer
from tests.refusals import refused

OTHER = b"something else\n"
BOTH_LOGS = pytest.mark.parametrize("log", [1, 2], ids=["first log", "second log"])
KINDS = [(1, "dsse"), (1, "intoto"), (2, "dsse"), (2, "hashedrekord")]
EVERY_ENVELOPE = pytest.mark.parametrize(("log", "kind"), KINDS)


@pytest.fixture(scope="module")
def forge() -> Forge:
    """One instance for all."""
    return Forge()


@pytest.fixture(scope="module")
def signer(forge: Forge) -> Signer:
    """Alice, with a key and a certificate."""
    return forge.signer()


def refuse(
    forge: Forge, signer: Signer, content: Content, entry: LogEntry, what: str
) -> tuple[str | None, str | None]:
    """Expect *entry* to be refused for recording another *what*; return found and wanted."""
    bundle = forge.bundle(signer=signer, content=content, entries=[entry])
    with refused(Check.ENTRY, f"records another {what}$") as refusal:
        forge.verify(bundle)
    return refusal.value.found, refusal.value.wanted


@BOTH_LOGS
def test_an_entry_of_another_signature(forge: Forge, signer: Signer, log: int) -> None:
    """By the same signer, over the same artifact."""
    content, other = forge.message(signer), forge.message(signer)
    entry = forge.logged(signer, other, log=log)
    found, wanted = refuse(forge, signer, content, entry, "signature")
    assert (found, wanted) == (other.signature.hex(), content.signature.hex())


@BOTH_LOGS
def test_an_entry_of_another_signer(forge: Forge, signer: Signer, log: int) -> None:
    """The same signature under another certificate, of the same name and key."""
    content = forge.message(signer)
    other = forge.signer()
    entry = forge.logged(other, content, log=log)
    found, _ = refuse(forge, signer, content, entry, "signer")
    assert other.certificate
    assert found == f"the certificate with SHA-256 {Digest.of(other.certificate.der).hex}"


@BOTH_LOGS
def test_an_entry_with_the_bare_key_of_the_certificate(
    forge: Forge, signer: Signer, log: int
) -> None:
    """Who looks for the certificate's owner in the log would not find it."""
    content = forge.message(signer)
    entry = forge.logged(Signer(key=signer.key), content, log=log)
    found, _ = refuse(forge, signer, content, entry, "signer")
    assert found == f"the key with SHA-256 {signer.key.public.fingerprint.hex}"


@BOTH_LOGS
def test_an_entry_of_another_artifact(forge: Forge, signer: Signer, log: int) -> None:
    """The log says that the signature is over something else."""
    content = forge.message(signer)
    entry = forge.logged(signer, replace(content, digest=Digest.of(OTHER)), log=log)
    found, wanted = refuse(forge, signer, content, entry, "artifact")
    assert (found, wanted) == (str(Digest.of(OTHER)), str(Digest.of(ARTIFACT)))


@EVERY_ENVELOPE
def test_an_entry_of_another_statement(forge: Forge, signer: Signer, log: int, kind: str) -> None:
    """Its payload is about the same artifact, but says something else."""
    envelope = forge.envelope(signer)
    payload = forge.envelope(signer, {**STATEMENT, "predicate": {}}).payload
    entry = forge.logged(signer, replace(envelope, payload=payload), log=log, kind=kind)
    refuse(forge, signer, envelope, entry, "envelope" if kind == "hashedrekord" else "payload")


@EVERY_ENVELOPE
def test_an_entry_of_another_signature_of_the_statement(
    forge: Forge, signer: Signer, log: int, kind: str
) -> None:
    """One payload, signed twice."""
    entry = forge.logged(signer, forge.envelope(signer), log=log, kind=kind)
    refuse(forge, signer, forge.envelope(signer), entry, "signature")


@EVERY_ENVELOPE
def test_an_entry_of_another_signer_of_the_statement(
    forge: Forge, signer: Signer, log: int, kind: str
) -> None:
    """As for artifacts."""
    envelope = forge.envelope(signer)
    entry = forge.logged(forge.signer(), envelope, log=log, kind=kind)
    refuse(forge, signer, envelope, entry, "signer")


def test_an_entry_of_a_payload_of_another_type(forge: Forge, signer: Signer) -> None:
    """`intoto` is the one kind that records the type beside the payload."""
    envelope = forge.envelope(signer)
    other = replace(envelope, payload_type="text/plain")
    entry = forge.core.log_v1.append(intoto_v2(other, signer.verifier))
    found, _ = refuse(forge, signer, envelope, entry, "payload type")
    assert found == "text/plain"


@pytest.mark.parametrize("write", [dsse_v1, intoto_v2])
@pytest.mark.parametrize("count", [0, 2])
def test_an_entry_of_an_envelope_with_more_signatures_or_none(
    forge: Forge,
    signer: Signer,
    write: Callable[[Envelope, Verifier], bytes],
    count: int,
) -> None:
    """Which of them the bundle's is would be the reader's guess."""
    envelope = forge.envelope(signer)
    signatures = (*envelope.signatures, EnvelopeSignature(signature=b"another"))
    other = replace(envelope, signatures=signatures[:count])
    entry = forge.core.log_v1.append(write(other, signer.verifier))
    refuse(forge, signer, envelope, entry, "number of signatures")


@pytest.mark.parametrize(
    ("kind", "version"), [("hashedrekord", "0.0.2"), ("dsse", "0.0.1"), ("rekord", "0.0.1")]
)
def test_an_entry_that_the_bundle_calls_by_another_kind(
    forge: Forge, signer: Signer, kind: str, version: str
) -> None:
    """What the log wrote, and what the bundle calls it, are compared."""
    content = forge.message(signer)
    entry = replace(forge.logged(signer, content), kind=kind, version=version)
    found, wanted = refuse(forge, signer, content, entry, "kind")
    assert (found, wanted) == ("hashedrekord 0.0.1", f"{kind} {version}")


def test_an_entry_of_a_statement_for_an_artifact(forge: Forge, signer: Signer) -> None:
    """The log has an attestation; the bundle holds a bare signature."""
    entry = forge.logged(signer, forge.envelope(signer))
    found, wanted = refuse(forge, signer, forge.message(signer), entry, "kind")
    assert (found, wanted) == ("dsse 0.0.1", "one for a signed artifact")


@pytest.mark.parametrize("content", ["artifact", "envelope"])
def test_an_entry_of_a_kind_that_is_not_known(forge: Forge, signer: Signer, content: str) -> None:
    """It is in the log, and cannot be compared with anything."""
    body = b'{"apiVersion":"0.0.1","kind":"rekord","spec":{}}'
    entry = forge.core.log_v1.append(body)
    signed = forge.message(signer) if content == "artifact" else forge.envelope(signer)
    found, wanted = refuse(forge, signer, signed, entry, "kind")
    assert (found, wanted) == ("rekord 0.0.1", f"one for a signed {content}")


def test_an_entry_that_keeps_no_signature(forge: Forge, signer: Signer) -> None:
    """The oldest kind of entry for statements names only the signer, who signs much else."""
    envelope = forge.envelope(signer)
    entry = forge.core.log_v1.append(_intoto_v1(envelope, signer))
    found, _ = refuse(forge, signer, envelope, entry, "signature")
    assert found == "none: entries of this kind do not keep it"


def _intoto_v1(envelope: Envelope, signer: Signer) -> bytes:
    spec: dict[str, JsonValue] = json.loads(hashedrekord_v1(Digest.of(b""), b"", signer.verifier))
    public_key = spec["spec"]["signature"]["publicKey"]["content"]  # type: ignore[index,call-overload]
    content = {"payloadHash": {"algorithm": "sha256", "value": Digest.of(envelope.payload).hex}}
    document = {
        "apiVersion": "0.0.1",
        "kind": "intoto",
        "spec": {"content": content, "publicKey": public_key},
    }
    return json.dumps(document).encode()


def test_every_entry_must_be_of_this_signature(forge: Forge, signer: Signer) -> None:
    """One that is does not excuse one that is not."""
    content = forge.message(signer)
    entries = [
        forge.logged(signer, content),
        forge.logged(signer, forge.message(signer), log=2),
    ]
    with refused(Check.ENTRY, "records another signature"):
        forge.verify(forge.bundle(signer=signer, content=content, entries=entries))


def test_logs_that_record_digests_by_two_hashes(forge: Forge) -> None:
    """One signature is over one digest; a log that names another did not verify it."""
    signer = forge.signer(algorithm="PKIX_ECDSA_P384_SHA_384")
    content = forge.message(signer)
    digest = Digest.of(ARTIFACT, HashAlgorithm.SHA256)
    body = hashedrekord_v2(digest, content.signature, signer.verifier, algorithm=signer.algorithm)
    entries = [forge.logged(signer, content), forge.core.log_v2.append(body)]
    with refused(Check.ENTRY, "records another artifact"):
        forge.verify(forge.bundle(signer=signer, content=content, entries=entries))


def test_a_second_entry_that_names_another_algorithm(forge: Forge, signer: Signer) -> None:
    """Each entry that names an algorithm must name the one the signature was made with."""
    content = forge.message(signer)
    body = json.loads(forge.logged(signer, content, log=2).canonical_body)
    verifier = body["spec"]["hashedRekordV002"]["signature"]["verifier"]
    verifier["keyDetails"] = "PKIX_ECDSA_P384_SHA_256"
    entries = [
        forge.logged(signer, content, log=1),
        forge.core.log_v2.append(json.dumps(body).encode()),
    ]
    bundle = forge.bundle(signer=signer, content=content, entries=entries)
    with refused(Check.ENTRY, "records another algorithm$") as refusal:
        forge.verify(bundle)
    assert refusal.value.found == "ECDSA P-384 over SHA256"

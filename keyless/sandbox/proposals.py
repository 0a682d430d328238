# SPDX-License-Identifier: Apache-2.0
"""What the logs are asked to write down, verified before they do (Rekor's part).

    version 1    hashedrekord 0.0.1, dsse 0.0.1, intoto 0.0.2
    version 2    hashedrekord 0.0.2

A log does not care who signs, but what it writes down is a signature that verifies, by a key or
certificate that stands beside it.
"""

from collections.abc import Callable, Mapping

from keyless.errors import Check, ParseError
from keyless.protocol.certificate import Certificate
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.dsse import Envelope, EnvelopeSignature, pae
from keyless.protocol.encoding import b64decode, pem_decode
from keyless.protocol.entry_body import HashedRekord, Verifier, parse_body
from keyless.protocol.json_reader import Json
from keyless.protocol.keys import PublicKey, algorithm_named
from keyless.safe_text import shown
from keyless.sandbox.entry_writer import dsse_v1, hashedrekord_v1, hashedrekord_v2, intoto_v2
from keyless.value import value

LARGEST_PROPOSAL = 32 << 20
MOST_VERIFIERS = 8


@value
class Accepted:
    """A proposal that holds: the *body* to write down, whose it is, and what is in it.

    An *attestation* is kept beside the entry, where the log does so for its kind.
    """

    body: bytes
    verifier: Verifier
    digests: tuple[str, ...]
    envelope: Envelope | None = None
    attestation: bytes | None = None


def accept_v1(data: bytes) -> Accepted:
    """Read and verify a proposal to a log of version 1."""
    json = Json.parse(data, largest=LARGEST_PROPOSAL)
    kind, version = json.text("kind"), json.text("apiVersion")
    accept = _KINDS_V1.get((kind, version))
    if accept is None:
        raise ParseError(f"entries of kind {shown(kind)} {shown(version)} are not taken here")
    return accept(json.object("spec"), data)


def accept_v2(data: bytes) -> Accepted:
    """Read and verify a proposal to a log of version 2."""
    json = Json.parse(data)
    if names := [name for name in json.names() if name != "hashedRekordRequestV002"]:
        raise json.error(f"unknown field {shown(names[0], longest=80)}")
    record = json.object("hashedRekordRequestV002")
    signature = record.object("signature")
    named = signature.object("verifier")
    algorithm = named.within("keyDetails", algorithm_named, named.text("keyDetails"))
    if algorithm.hash is None:
        raise named.error("a log cannot verify this from a digest", name="keyDetails")
    digest = Digest.checked(algorithm.hash, record.base64("digest"))
    kind = named.only_one_of("x509Certificate", "publicKey")
    verifier = Verifier(
        der=named.object(kind).base64("rawBytes"), is_certificate=kind == "x509Certificate"
    )
    content = signature.base64("content")
    key_of(verifier).verify(content, digest, check=Check.SIGNATURE, algorithm=algorithm)
    body = hashedrekord_v2(digest, content, verifier, algorithm=algorithm)
    return Accepted(body=body, verifier=verifier, digests=(str(digest),))


def key_of(verifier: Verifier) -> PublicKey:
    """Return the key that *verifier* is, or has."""
    if verifier.is_certificate:
        return Certificate.parse(verifier.der).key
    return PublicKey.parse(verifier.der)


def _hashedrekord(spec: Json, data: bytes) -> Accepted:
    _, _, record = parse_body(data)
    if not isinstance(record, HashedRekord):
        raise spec.error("not a hashedrekord")
    key = key_of(record.verifier)
    how = key.algorithm_with(record.digest.algorithm)
    key.verify(record.signature, record.digest, check=Check.SIGNATURE, algorithm=how)
    return Accepted(
        body=hashedrekord_v1(record.digest, record.signature, record.verifier),
        verifier=record.verifier,
        digests=(str(record.digest),),
    )


def _dsse(spec: Json, _: bytes) -> Accepted:
    proposed = spec.object("proposedContent")
    document = proposed.text("envelope").encode("utf-8")
    envelope = proposed.within("envelope", _envelope, document)
    pems = proposed.base64s("verifiers", most=MOST_VERIFIERS)
    if len(pems) != 1:
        raise proposed.error(f"{len(pems)} where one signature has one", name="verifiers")
    verifier = proposed.within("verifiers[0]", _verifier, pems[0])
    _verify(envelope, key_of(verifier))
    hashed = Digest.of(envelope.payload), Digest.of(document)
    return Accepted(
        body=dsse_v1(envelope, verifier, document=document),
        verifier=verifier,
        digests=tuple(map(str, hashed)),
        envelope=envelope,
    )


def _intoto(spec: Json, _: bytes) -> Accepted:
    proposed = spec.object("content").object("envelope")
    signatures = proposed.objects("signatures", most=1)
    if not signatures:
        raise proposed.error("no signature", name="signatures")
    (signature,) = signatures
    verifier = signature.within("publicKey", _verifier, signature.base64("publicKey"))
    # Clients of this kind encode what is encoded already.
    envelope = Envelope(
        payload_type=proposed.text("payloadType"),
        payload=proposed.within("payload", _decoded, proposed.base64("payload")),
        signatures=(
            EnvelopeSignature(signature=signature.within("sig", _decoded, signature.base64("sig"))),
        ),
    )
    _verify(envelope, key_of(verifier))
    return Accepted(
        body=intoto_v2(envelope, verifier),
        verifier=verifier,
        digests=(str(Digest.of(envelope.payload)),),
        envelope=envelope,
        attestation=envelope.payload,
    )


def _verify(envelope: Envelope, key: PublicKey) -> None:
    """Refuse *envelope* unless *key* signed it over SHA-256, as the real log does for every key."""
    message = pae(envelope.payload_type, envelope.payload)
    algorithm = key.algorithm_with(HashAlgorithm.SHA256)
    key.verify(envelope.signature, message, check=Check.SIGNATURE, algorithm=algorithm)


def _envelope(document: bytes) -> Envelope:
    return Envelope.parse(Json.parse(document, largest=LARGEST_PROPOSAL))


def _verifier(pem: bytes) -> Verifier:
    text = pem.decode("latin-1")
    der = pem_decode(text, "CERTIFICATE", "PUBLIC KEY")
    return Verifier(der=der, is_certificate="-----BEGIN CERTIFICATE-----" in text)


def _decoded(text: bytes) -> bytes:
    return b64decode(text.decode("latin-1"))


_KINDS_V1: Mapping[tuple[str, str], Callable[[Json, bytes], Accepted]] = {
    ("hashedrekord", "0.0.1"): _hashedrekord,
    ("dsse", "0.0.1"): _dsse,
    ("intoto", "0.0.2"): _intoto,
}

# SPDX-License-Identifier: Apache-2.0
"""What a log wrote down: the body of an entry, a JSON document of its own, kind by kind.

    kind          version  spec
    hashedrekord  0.0.1    data.hash{algorithm, value}, signature{content, publicKey.content}
                  0.0.2    hashedRekordV002{data, signature{content, verifier}}
    dsse          0.0.1    payloadHash, signatures[{signature, verifier}]
                  0.0.2    dsseV002{payloadHash, signatures[{content, verifier}]}
    intoto        0.0.1    content{hash, payloadHash}, publicKey
                  0.0.2    content{payloadHash, envelope{payloadType, signatures[{sig, publicKey}]}}

Version 1 of the log writes keys and certificates as PEM in base64 and digests in hexadecimal,
version 2 (every 0.0.2 but intoto's) writes DER and digests in base64. Hashes of whole envelopes are
not read: an envelope can be written as JSON in many ways, so they prove nothing about ours.
"""

from collections.abc import Callable, Mapping
from functools import partial

from keyless.errors import ParseError
from keyless.protocol.digest import Digest, HashAlgorithm, hash_algorithm
from keyless.protocol.encoding import b64decode, pem_decode
from keyless.protocol.json_reader import Json
from keyless.protocol.keys import Algorithm, algorithm_named
from keyless.value import value

# Real bodies have a score of values, and 32 bodies may come in one bundle.
LARGEST_BODY = 4 << 20
MOST_VALUES = 4_000
MOST_SIGNATURES = 32


@value
class Verifier:
    """What the log was given to verify a signature with: a certificate or a bare key, in DER."""

    der: bytes
    is_certificate: bool


@value
class RecordedSignature:
    """A signature over an envelope as the log has it.

    *signature* is None in intoto 0.0.1, which keeps only who signed; *algorithm* is known to
    version 2 of the log alone.
    """

    signature: bytes | None
    verifier: Verifier
    algorithm: Algorithm | None = None


@value
class HashedRekord:
    """A signature over an artifact of which the log knows the digest."""

    digest: Digest
    signature: bytes
    verifier: Verifier
    algorithm: Algorithm | None = None


@value
class DsseRecord:
    """The signatures of an envelope of which the log knows the payload's digest."""

    payload_digest: Digest
    signatures: tuple[RecordedSignature, ...]


@value
class IntotoRecord:
    """As `DsseRecord`, in the form the log used before; 0.0.1 does not know the payload's type."""

    payload_digest: Digest
    payload_type: str | None
    signatures: tuple[RecordedSignature, ...]


@value
class UnknownRecord:
    """An entry of a kind that this program cannot compare with anything."""

    kind: str
    version: str


EntryBody = HashedRekord | DsseRecord | IntotoRecord | UnknownRecord


def parse_body(data: bytes) -> tuple[str, str, EntryBody]:
    """Return the kind that the body *data* says it is of, that kind's version, and what it says."""
    json = Json.parse(data, largest=LARGEST_BODY, most=MOST_VALUES)
    kind, version = json.text("kind"), json.text("apiVersion")
    parse = _KINDS.get((kind, version))
    if parse is None:
        return kind, version, UnknownRecord(kind=kind, version=version)
    return kind, version, parse(json.object("spec"))


def recorded_body(data: bytes) -> tuple[str, str, EntryBody]:
    """Return the same of an entry that is looked up, whatever its body is.

    What `parse_body` refuses cannot be compared with anything. Where the body is no JSON object
    that names its kind, what is returned for kind and version is nothing.
    """
    try:
        return parse_body(data)
    except ParseError:
        pass
    try:
        json = Json.parse(data)
        kind, version = json.text("kind"), json.text("apiVersion")
    except ParseError:
        kind = version = ""
    return kind, version, UnknownRecord(kind=kind, version=version)


def protobuf_digest(json: Json) -> Digest:
    """Read a digest as protobuf's `HashOutput` writes it: both halves, and they must fit."""
    return _checked(json, "digest", json.base64("digest"))


def _hashedrekord_v1(spec: Json) -> EntryBody:
    signature = spec.object("signature")
    return HashedRekord(
        digest=_hex_digest(spec.object("data").object("hash")),
        signature=signature.base64("content"),
        verifier=_pem_verifier(signature.object("publicKey"), "content"),
    )


def _hashedrekord_v2(spec: Json) -> EntryBody:
    record = spec.object("hashedRekordV002")
    signature = record.object("signature")
    verifier = signature.object("verifier")
    return HashedRekord(
        digest=protobuf_digest(record.object("data")),
        signature=signature.base64("content"),
        verifier=_der_verifier(verifier),
        algorithm=_algorithm(verifier),
    )


def _dsse_v1(spec: Json) -> EntryBody:
    return DsseRecord(
        payload_digest=_hex_digest(spec.object("payloadHash")),
        signatures=tuple(
            RecordedSignature(
                signature=each.base64("signature"), verifier=_pem_verifier(each, "verifier")
            )
            for each in spec.objects("signatures", most=MOST_SIGNATURES)
        ),
    )


def _dsse_v2(spec: Json) -> EntryBody:
    record = spec.object("dsseV002")
    return DsseRecord(
        payload_digest=protobuf_digest(record.object("payloadHash")),
        signatures=tuple(
            _signature_v2(each) for each in record.objects("signatures", most=MOST_SIGNATURES)
        ),
    )


def _signature_v2(json: Json) -> RecordedSignature:
    verifier = json.object("verifier")
    return RecordedSignature(
        signature=json.base64("content"),
        verifier=_der_verifier(verifier),
        algorithm=_algorithm(verifier),
    )


def _intoto_v1(spec: Json) -> EntryBody:
    return IntotoRecord(
        payload_digest=_hex_digest(spec.object("content").object("payloadHash")),
        payload_type=None,
        signatures=(RecordedSignature(signature=None, verifier=_pem_verifier(spec, "publicKey")),),
    )


def _intoto_v2(spec: Json) -> EntryBody:
    content = spec.object("content")
    envelope = content.object("envelope")
    return IntotoRecord(
        payload_digest=_hex_digest(content.object("payloadHash")),
        payload_type=envelope.text("payloadType"),
        signatures=tuple(
            RecordedSignature(
                signature=each.within("sig", _twice_encoded, each.base64("sig")),
                verifier=_pem_verifier(each, "publicKey"),
            )
            for each in envelope.objects("signatures", most=MOST_SIGNATURES)
        ),
    )


def _hex_digest(json: Json) -> Digest:
    return _checked(json, "value", json.hex("value"))


def _checked(json: Json, name: str, value: bytes) -> Digest:
    algorithm: HashAlgorithm = json.within("algorithm", hash_algorithm, json.text("algorithm"))
    return json.within(name, partial(Digest.checked, algorithm), value)


def _algorithm(json: Json) -> Algorithm:
    return json.within("keyDetails", algorithm_named, json.text("keyDetails"))


def _der_verifier(json: Json) -> Verifier:
    kind = json.only_one_of("x509Certificate", "publicKey")
    return Verifier(
        der=json.object(kind).base64("rawBytes"), is_certificate=kind == "x509Certificate"
    )


def _pem_verifier(json: Json, name: str) -> Verifier:
    return json.within(name, _verifier_in_pem, json.base64(name))


def _verifier_in_pem(pem: bytes) -> Verifier:
    # The certificate is compared as DER with one already parsed: reading it as X.509 once more
    # would cost more than all the rest of the body.
    text = _ascii(pem)
    der = pem_decode(text, "CERTIFICATE", "PUBLIC KEY")
    return Verifier(der=der, is_certificate="-----BEGIN CERTIFICATE-----" in text)


def _twice_encoded(text: bytes) -> bytes:
    # The log took the envelope's base64 for bytes, and encoded them.
    return b64decode(_ascii(text))


def _ascii(data: bytes) -> str:
    try:
        return data.decode("ascii")
    except UnicodeDecodeError as error:
        raise ParseError(f"not ASCII at byte {error.start}") from None


_KINDS: Mapping[tuple[str, str], Callable[[Json], EntryBody]] = {
    ("hashedrekord", "0.0.1"): _hashedrekord_v1,
    ("hashedrekord", "0.0.2"): _hashedrekord_v2,
    ("dsse", "0.0.1"): _dsse_v1,
    ("dsse", "0.0.2"): _dsse_v2,
    ("intoto", "0.0.1"): _intoto_v1,
    ("intoto", "0.0.2"): _intoto_v2,
}

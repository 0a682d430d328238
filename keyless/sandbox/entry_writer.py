# SPDX-License-Identifier: Apache-2.0
"""What a log writes down of a signature, to the byte: the bodies that `entry_body` reads.

    kind          version  of the log
    hashedrekord  0.0.1    1
    dsse          0.0.1    1
    intoto        0.0.2    1
    hashedrekord  0.0.2    2
    dsse          0.0.2    2, before it took envelopes as hashedrekord

All are canonical JSON (RFC 8785), as the leaf of the tree is the hash of these very bytes.
"""

import json

from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.dsse import Envelope
from keyless.protocol.encoding import b64encode, pem_encode
from keyless.protocol.entry_body import Verifier
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.keys import ALGORITHMS, Algorithm

_NAMES = {algorithm: name for name, algorithm in reversed(ALGORITHMS.items())}


def hashedrekord_v1(digest: Digest, signature: bytes, verifier: Verifier) -> bytes:
    """Write down a *signature* over an artifact."""
    return _body(
        "hashedrekord",
        "0.0.1",
        {
            "data": {"hash": _hex_digest(digest)},
            "signature": {
                "content": b64encode(signature),
                "publicKey": {"content": _pem(verifier)},
            },
        },
    )


def dsse_v1(envelope: Envelope, verifier: Verifier, *, document: bytes = b"") -> bytes:
    """Write down an *envelope*, of which the payload stays outside; *document* is its JSON."""
    document = document or json.dumps(envelope.to_json(), separators=(",", ":")).encode("utf-8")
    signatures: list[JsonValue] = [
        {"signature": b64encode(each.signature), "verifier": _pem(verifier)}
        for each in envelope.signatures
    ]
    return _body(
        "dsse",
        "0.0.1",
        {
            "envelopeHash": _hex_digest(Digest.of(document)),
            "payloadHash": _hex_digest(Digest.of(envelope.payload)),
            "signatures": signatures,
        },
    )


def intoto_v2(envelope: Envelope, verifier: Verifier) -> bytes:
    """Write down an *envelope* in the way that came before `dsse`."""
    document = json.dumps(envelope.to_json(), separators=(",", ":")).encode("utf-8")
    signatures: list[JsonValue] = [
        # The log takes the base64 that it is sent for the signature, and encodes that.
        {"publicKey": _pem(verifier), "sig": b64encode(b64encode(each.signature).encode("ascii"))}
        for each in envelope.signatures
    ]
    return _body(
        "intoto",
        "0.0.2",
        {
            "content": {
                "envelope": {"payloadType": envelope.payload_type, "signatures": signatures},
                "hash": _hex_digest(Digest.of(document)),
                "payloadHash": _hex_digest(Digest.of(envelope.payload)),
            }
        },
    )


def hashedrekord_v2(
    digest: Digest, signature: bytes, verifier: Verifier, *, algorithm: Algorithm
) -> bytes:
    """Write down a *signature*, by *algorithm*, over an artifact or an encoded envelope."""
    record: dict[str, JsonValue] = {
        "data": _protobuf_digest(digest),
        "signature": _signature(signature, verifier, algorithm),
    }
    return _body("hashedrekord", "0.0.2", {"hashedRekordV002": record})


def dsse_v2(envelope: Envelope, verifier: Verifier, *, algorithm: Algorithm) -> bytes:
    """Write down an *envelope*, signed by *algorithm*."""
    record: dict[str, JsonValue] = {
        "payloadHash": _protobuf_digest(Digest.of(envelope.payload, HashAlgorithm.SHA256)),
        "signatures": [
            _signature(each.signature, verifier, algorithm) for each in envelope.signatures
        ],
    }
    return _body("dsse", "0.0.2", {"dsseV002": record})


def _body(kind: str, version: str, spec: dict[str, JsonValue]) -> bytes:
    document = {"apiVersion": version, "kind": kind, "spec": spec}
    # RFC 8785 for what stands here: names in ASCII, and no numbers.
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.encode("utf-8")


def _hex_digest(digest: Digest) -> dict[str, JsonValue]:
    return {"algorithm": digest.algorithm.value, "value": digest.hex}


def _protobuf_digest(digest: Digest) -> dict[str, JsonValue]:
    return {"algorithm": digest.algorithm.protobuf_name, "digest": b64encode(digest.value)}


def _signature(signature: bytes, verifier: Verifier, algorithm: Algorithm) -> dict[str, JsonValue]:
    kind = "x509Certificate" if verifier.is_certificate else "publicKey"
    return {
        "content": b64encode(signature),
        "verifier": {
            "keyDetails": _NAMES[algorithm],
            kind: {"rawBytes": b64encode(verifier.der)},
        },
    }


def _pem(verifier: Verifier) -> str:
    label = "CERTIFICATE" if verifier.is_certificate else "PUBLIC KEY"
    return b64encode(pem_encode(label, verifier.der).encode("ascii"))

# SPDX-License-Identifier: Apache-2.0
"""Bodies of log entries to test with: one of each kind that is known."""

import json
from typing import Any

from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.encoding import b64encode, pem_encode
from keyless.protocol.entry_body import Verifier

DIGEST = Digest.of(b"artifact", HashAlgorithm.SHA384)
CERTIFICATE = Verifier(der=b"a certificate", is_certificate=True)
KEY = Verifier(der=b"a key", is_certificate=False)

CERTIFICATE_PEM = b64encode(pem_encode("CERTIFICATE", CERTIFICATE.der).encode())
KEY_PEM = b64encode(pem_encode("PUBLIC KEY", KEY.der).encode())
HEX_DIGEST = {"algorithm": "sha384", "value": DIGEST.hex}
BASE64_DIGEST = {"algorithm": "SHA2_384", "digest": b64encode(DIGEST.value)}
SIGNATURE = b64encode(b"signature")
CERTIFICATE_V2 = {
    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
    "x509Certificate": {"rawBytes": b64encode(CERTIFICATE.der)},
}
KEY_V2 = {
    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
    "publicKey": {"rawBytes": b64encode(KEY.der)},
}

SPECS: dict[tuple[str, str], dict[str, Any]] = {
    ("hashedrekord", "0.0.1"): {
        "data": {"hash": HEX_DIGEST},
        "signature": {"content": SIGNATURE, "publicKey": {"content": CERTIFICATE_PEM}},
    },
    ("hashedrekord", "0.0.2"): {
        "hashedRekordV002": {
            "data": BASE64_DIGEST,
            "signature": {"content": SIGNATURE, "verifier": CERTIFICATE_V2},
        }
    },
    ("dsse", "0.0.1"): {
        "payloadHash": HEX_DIGEST,
        "signatures": [{"signature": SIGNATURE, "verifier": KEY_PEM}],
    },
    ("dsse", "0.0.2"): {
        "dsseV002": {
            "payloadHash": BASE64_DIGEST,
            "signatures": [{"content": SIGNATURE, "verifier": KEY_V2}],
        }
    },
    ("intoto", "0.0.1"): {
        "content": {"hash": HEX_DIGEST, "payloadHash": HEX_DIGEST},
        "publicKey": CERTIFICATE_PEM,
    },
    ("intoto", "0.0.2"): {
        "content": {
            "hash": HEX_DIGEST,
            "payloadHash": HEX_DIGEST,
            "envelope": {
                "payloadType": "text/plain",
                "signatures": [
                    {"sig": b64encode(SIGNATURE.encode()), "publicKey": CERTIFICATE_PEM}
                ],
            },
        }
    },
}


def body(kind: str, version: str, spec: object) -> bytes:
    """Write a body."""
    return json.dumps({"apiVersion": version, "kind": kind, "spec": spec}).encode()

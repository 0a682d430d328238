# SPDX-License-Identifier: Apache-2.0
"""Who leaves checks out is fast: keyless and the floor must refuse what has one thing wrong.

(sigstore-python is taken as it is: it passes over a timestamp that does not hold if the log's own
promise says when.)

The certificate timestamp is signed inside the certificate, so nobody can alter it alone: instead
the key of the log that made it is another one.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from benchmarks.contestants import prepared
from benchmarks.material import Material

SIGNED = {"signature", "signedEntryTimestamp", "signedTimestamp", "rawBytes"}


def check(contestant: str, material: Material) -> None:
    """Assert that *contestant* accepts *material*, and nothing that is almost *material*."""
    prepared(contestant, material)()
    for what, broken in _broken(material):
        try:
            prepared(contestant, broken)()
        except Exception:  # noqa: BLE001, S112 - however it refuses
            continue
        raise AssertionError(f"{contestant} accepts a bundle with another {what}")


def _broken(material: Material) -> Iterator[tuple[str, Material]]:
    sample = material.samples[-1]
    for other in (
        replace(sample, sha256=bytes(32)),
        replace(sample, identity=f"x{sample.identity}"),
        replace(sample, issuer=f"{sample.issuer}x"),
    ):
        yield "artifact, identity or issuer", replace(material, samples=(other,))
    for path, bundle in _with_altered_leaves(sample.bundle):
        yield path, replace(material, samples=(replace(sample, bundle=bundle),))
    for logs in ("tlogs", "ctlogs"):
        root = _with_other_keys(material.trusted_root, logs)
        yield f"key of its {logs}", replace(material, samples=(sample,), trusted_root=root)


def _with_altered_leaves(bundle: bytes) -> Iterator[tuple[str, bytes]]:
    document = json.loads(bundle)
    for holder, key in list(_signed_leaves(document)):
        before = holder[key]
        holder[key] = _altered(before)
        yield f"{key} {before[:12]}…", json.dumps(document).encode()
        holder[key] = before


def _signed_leaves(value: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401
    """Yield where in *value* each signature, certificate, proof hash and checkpoint stands."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        if key in SIGNED | {"envelope"} or (isinstance(value, list) and isinstance(item, str)):
            yield value, key
        elif isinstance(item, dict | list):
            yield from _signed_leaves(item)


def _altered(text: str) -> str:
    """Change the last byte of *text*, base64 or a checkpoint that ends in it."""
    head, space, encoded = text.rpartition(" ")
    data = b64decode(encoded)
    return f"{head}{space}{b64encode(data[:-1] + bytes([data[-1] ^ 1])).decode()}" + (
        "\n" if space else ""
    )


def _with_other_keys(trusted_root: bytes, logs: str) -> bytes:
    root = json.loads(trusted_root)
    ecdsa = ec.generate_private_key(ec.SECP256R1()).public_key()
    edwards = ed25519.Ed25519PrivateKey.generate().public_key()
    for log in root[logs]:
        other = edwards if log["publicKey"]["keyDetails"] == "PKIX_ED25519" else ecdsa
        der = other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        log["publicKey"]["rawBytes"] = b64encode(der).decode()
    return json.dumps(root).encode()

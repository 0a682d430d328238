# SPDX-License-Identifier: Apache-2.0
"""The floor: what no verifier can do without, written down one after another.

JSON, base64, the certificate, every signature (CA over certificate, certificate timestamp, the
log's promise and checkpoint, timestamp authority, artifact), every hash, the Merkle path, and that
the names and the recorded entry are those of the bundle: by `cryptography` and the standard library
alone. There is no validity window, no strictness, no limit, no evidence and no error message.

Never verify with it. It takes what a verifier must refuse, and is here to be compared with.
"""

import json
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from cryptography.x509 import (
    Certificate,
    Extension,
    ObjectIdentifier,
    load_der_x509_certificate,
)
from cryptography.x509.oid import ExtensionOID

from benchmarks.floor_timestamp import timestamp_to_verify

ISSUER = ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
RAW_ISSUER = ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
SHA256 = ec.ECDSA(hashes.SHA256())
PREHASHED = ec.ECDSA(utils.Prehashed(hashes.SHA256()))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)

Extensions = Mapping[ObjectIdentifier, Extension[Any]]
LogKey = Callable[
    [bytes, bytes], None
]  # raises unless the first is the log's signature on the second


class Floor:
    """The keys of one trusted root, made ready once, as every verifier may.

    Every signature passes through *signed*, so that a heir can keep them.
    """

    def __init__(self, trusted_root: bytes) -> None:
        root = json.loads(trusted_root)
        self._logs = _log_keys(root["tlogs"])
        self._ct_logs = _log_keys(root["ctlogs"])
        issuers = [_first_certificate(authority) for authority in root["certificateAuthorities"]]
        self._authorities = {ca.subject: (_ec_key(ca), _key_hash(ca)) for ca in issuers}
        signers = [_first_certificate(authority) for authority in root["timestampAuthorities"]]
        self._timestamp_keys = {signer.serial_number: _ec_key(signer) for signer in signers}

    def judge(self, bundle: bytes, digest: bytes, identity: str, issuer: str) -> None:
        """Raise something unless *bundle* holds for the artifact with SHA-256 *digest*."""
        parsed = json.loads(bundle)
        material = parsed["verificationMaterial"]
        signature = b64decode(parsed["messageSignature"]["signature"])
        same(b64decode(parsed["messageSignature"]["messageDigest"]["digest"]), digest)
        der = _leaf(material)
        leaf = load_der_x509_certificate(der)
        extensions = {extension.oid: extension for extension in leaf.extensions}
        same(_names(extensions), (identity, issuer))
        self._judge_certificate(leaf, extensions)
        for entry in material["tlogEntries"]:
            self._judge_entry(entry, (digest, signature, der))
        for token in material.get("timestampVerificationData", {}).get("rfc3161Timestamps", ()):
            der = b64decode(token["signedTimestamp"])
            self.signed(*timestamp_to_verify(der, signature, self._timestamp_keys))
        self.signed(_ec_key(leaf).verify, signature, digest, PREHASHED)

    def signed(self, verify: Callable[..., None], *arguments: object) -> None:
        """Verify one signature."""
        verify(*arguments)

    def _judge_certificate(self, leaf: Certificate, extensions: Extensions) -> None:
        key, key_hash = self._authorities[leaf.issuer]
        assert leaf.signature_hash_algorithm is not None
        issued_by = ec.ECDSA(leaf.signature_hash_algorithm)
        self.signed(key.verify, leaf.signature, leaf.tbs_certificate_bytes, issued_by)
        for sct in extensions[ExtensionOID.PRECERT_SIGNED_CERTIFICATE_TIMESTAMPS].value:
            at = (sct.timestamp.replace(tzinfo=UTC) - EPOCH) // MILLISECOND
            tbs, stated = leaf.tbs_precertificate_bytes, sct.extension_bytes
            head = b"\0\0%b\0\1%b%b" % (at.to_bytes(8), key_hash, len(tbs).to_bytes(3))
            signed = b"%b%b%b%b" % (head, tbs, len(stated).to_bytes(2), stated)
            self.signed(self._ct_logs[sct.log_id], sct.signature, signed)

    def _judge_entry(self, entry: Any, recorded: tuple[bytes, bytes, bytes]) -> None:  # noqa: ANN401
        log_id = b64decode(entry["logId"]["keyId"])
        log = self._logs[log_id]
        if "inclusionPromise" in entry:
            promise = b64decode(entry["inclusionPromise"]["signedEntryTimestamp"])
            self.signed(log, promise, _promised(entry))
        text, _, lines = entry["inclusionProof"]["checkpoint"]["envelope"].partition("\n\n")
        self.signed(log, _note_signature(lines, log_id[:4]), f"{text}\n".encode())
        _, size, root = text.split("\n")[:3]
        body = b64decode(entry["canonicalizedBody"])
        leaf = sha256(b"\0" + body).digest()
        path = map(b64decode, entry["inclusionProof"]["hashes"])
        index = int(entry["inclusionProof"]["logIndex"])
        same(_merkle_root(leaf, index, int(size), path), b64decode(root))
        same(_recorded(json.loads(body)["spec"]), recorded)


def _leaf(material: Any) -> bytes:  # noqa: ANN401
    if "certificate" in material:
        return b64decode(material["certificate"]["rawBytes"])
    return b64decode(material["x509CertificateChain"]["certificates"][0]["rawBytes"])


def _names(extensions: Extensions) -> tuple[str, str]:
    (name,) = extensions[ExtensionOID.SUBJECT_ALTERNATIVE_NAME].value
    if ISSUER in extensions:  # DER, of which two bytes say that it is text, and how long
        return name.value, extensions[ISSUER].value.value[2:].decode()
    return name.value, extensions[RAW_ISSUER].value.value.decode()


def _promised(entry: Any) -> bytes:  # noqa: ANN401
    log_id = b64decode(entry["logId"]["keyId"]).hex()
    return (
        f'{{"body":"{entry["canonicalizedBody"]}","integratedTime":{entry["integratedTime"]},'
        f'"logID":"{log_id}","logIndex":{entry["logIndex"]}}}'
    ).encode()


def _note_signature(lines: str, hint: bytes) -> bytes:
    signatures = (b64decode(line.rpartition(" ")[2]) for line in lines.splitlines())
    return next(signature[4:] for signature in signatures if signature[:4] == hint)


def _merkle_root(leaf: bytes, index: int, size: int, path: Iterable[bytes]) -> bytes:
    """Hash from *leaf* up to the root (RFC 9162, 2.1.3.2)."""
    node, last = leaf, size - 1
    for sibling in path:
        if index & 1 or index == last:
            node = sha256(b"\1" + sibling + node).digest()
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = sha256(b"\1" + node + sibling).digest()
        index, last = index >> 1, last >> 1
    assert last == 0
    return node


def _recorded(spec: Any) -> tuple[bytes, bytes, bytes]:  # noqa: ANN401
    """Return what the log recorded: digest, signature, certificate."""
    if "hashedRekordV002" in spec:
        record = spec["hashedRekordV002"]
        verifier = record["signature"]["verifier"]["x509Certificate"]["rawBytes"]
        digest = b64decode(record["data"]["digest"])
        return digest, b64decode(record["signature"]["content"]), b64decode(verifier)
    pem = b64decode(spec["signature"]["publicKey"]["content"])
    return (
        bytes.fromhex(spec["data"]["hash"]["value"]),
        b64decode(spec["signature"]["content"]),
        b64decode(pem.split(b"-----")[2]),
    )


def _log_keys(logs: Any) -> dict[bytes, LogKey]:  # noqa: ANN401
    return {
        b64decode(log["logId"]["keyId"]): _log_key(b64decode(log["publicKey"]["rawBytes"]))
        for log in logs
    }


def _log_key(der: bytes) -> LogKey:
    key = load_der_public_key(der)
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key.verify
    if isinstance(key, rsa.RSAPublicKey):
        return partial(key.verify, padding=padding.PKCS1v15(), algorithm=hashes.SHA256())
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return partial(key.verify, signature_algorithm=SHA256)


def _first_certificate(authority: Any) -> Certificate:  # noqa: ANN401
    return load_der_x509_certificate(
        b64decode(authority["certChain"]["certificates"][0]["rawBytes"])
    )


def _ec_key(certificate: Certificate) -> ec.EllipticCurvePublicKey:
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return key


def _key_hash(certificate: Certificate) -> bytes:
    spki = _ec_key(certificate).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return sha256(spki).digest()


def same(found: object, wanted: object) -> None:
    assert found == wanted

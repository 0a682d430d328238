# SPDX-License-Identifier: Apache-2.0
"""Proposals: what a log is asked to write down, and whether that is what it wrote.

    version 1    hashedrekord 0.0.1 for an artifact, dsse 0.0.1 for an envelope
    version 2    hashedrekord 0.0.2 for both; of an envelope, the digest of its encoding (PAE)

A proposal is always written as the same bytes, so that one sent twice is still one entry.
"""

import json
from collections.abc import Iterator
from itertools import zip_longest
from typing import assert_never

from keyless.errors import Check, InputError, VerificationError
from keyless.protocol.bundle import Content, MessageSignature
from keyless.protocol.certificate import Certificate
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.dsse import Envelope, pae
from keyless.protocol.encoding import b64encode, pem_encode
from keyless.protocol.entry import LogEntry
from keyless.protocol.entry_body import (
    DsseRecord,
    EntryBody,
    HashedRekord,
    RecordedSignature,
    Verifier,
)
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.keys import ALGORITHMS, Algorithm, PublicKey
from keyless.safe_text import shown
from keyless.value import value

_NAMES = {algorithm: name for name, algorithm in ALGORITHMS.items()}


@value
class Proposal:
    """A signature for a log to write down: over what, and whose.

    *digest* is that of the artifact, or of an envelope's encoding, by the hash that *algorithm*
    signs with.
    """

    content: Content
    verifier: Certificate | PublicKey
    digest: Digest
    algorithm: Algorithm

    @classmethod
    def of(
        cls, content: Content, verifier: Certificate | PublicKey, *, algorithm: Algorithm
    ) -> "Proposal":
        """Propose *content*, which the key of *verifier* signed by *algorithm*."""
        digest = _signed_digest(content, algorithm.hash or HashAlgorithm.SHA256)
        return cls(content=content, verifier=verifier, digest=digest, algorithm=algorithm)

    def v1_body(self) -> bytes:
        """Write what version 1 of the log is sent."""
        match self.content:
            case MessageSignature():
                return _document(self._hashedrekord_v1())
            case Envelope() as envelope:
                return _document(self._dsse_v1(envelope))
            case _:
                assert_never(self.content)

    def v2_request(self) -> bytes:
        """Write what version 2 of the log is sent."""
        recorded = _recorded(self.verifier)
        kind = "x509Certificate" if recorded.is_certificate else "publicKey"
        verifier: dict[str, JsonValue] = {
            kind: {"rawBytes": b64encode(recorded.der)},
            "keyDetails": _NAMES[self.algorithm],
        }
        request: dict[str, JsonValue] = {
            "digest": b64encode(self._verifiable_digest().value),
            "signature": {"content": b64encode(self.content.signature), "verifier": verifier},
        }
        return _document({"hashedRekordRequestV002": request})

    def matches(self, entry: LogEntry) -> None:
        """Refuse *entry*, a log's answer, unless it records just what was proposed."""
        kind, record = self._record_v2() if entry.is_v2 else self._record_v1()
        found = [entry.recorded_as, (entry.kind, entry.version)]
        facts = [*(("kind", " ".join(each)) for each in found), *_facts(entry.body)]
        wanted = [("kind", kind), ("kind", kind), *_facts(record)]
        # Of two records of one kind, the facts stand in one order; of two kinds, the first differs.
        for (what, said), (_, proposed) in zip_longest(facts, wanted, fillvalue=("kind", "none")):
            if said != proposed:
                raise VerificationError(
                    f"the log recorded another {what} than was proposed, as its entry "
                    f"{entry.index}",
                    check=Check.ENTRY,
                    found=shown(said),
                    wanted=shown(proposed),
                    hint="do not rely on this log, and tell whoever runs it",
                )

    def _hashedrekord_v1(self) -> dict[str, JsonValue]:
        digest = self._verifiable_digest()
        spec: dict[str, JsonValue] = {
            "data": {"hash": {"algorithm": digest.algorithm.value, "value": digest.hex}},
            "signature": {
                "content": b64encode(self.content.signature),
                "publicKey": {"content": _pem(self.verifier)},
            },
        }
        return {"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": spec}

    def _dsse_v1(self, envelope: Envelope) -> dict[str, JsonValue]:
        # The envelope travels as text in a string: the log keeps hashes of it and of its payload.
        proposed: dict[str, JsonValue] = {
            "envelope": _document(envelope.to_json()).decode("utf-8"),
            "verifiers": [_pem(self.verifier)],
        }
        return {"apiVersion": "0.0.1", "kind": "dsse", "spec": {"proposedContent": proposed}}

    def _verifiable_digest(self) -> Digest:
        """Return the digest, from which alone the log must be able to verify the signature."""
        if self.digest.algorithm is not self.algorithm.hash:
            raise InputError(
                f"a log cannot verify a signature by {self.algorithm} from a "
                f"{self.digest.algorithm.name} digest",
                hint="sign with ECDSA or RSA, over the digest by the hash that belongs to the key",
            )
        return self.digest

    def _record_v1(self) -> tuple[str, EntryBody]:
        signature, verifier = self.content.signature, _recorded(self.verifier)
        if isinstance(self.content, MessageSignature):
            return "hashedrekord 0.0.1", HashedRekord(
                digest=self.digest, signature=signature, verifier=verifier
            )
        return "dsse 0.0.1", DsseRecord(
            payload_digest=Digest.of(self.content.payload),
            signatures=(RecordedSignature(signature=signature, verifier=verifier),),
        )

    def _record_v2(self) -> tuple[str, EntryBody]:
        return "hashedrekord 0.0.2", HashedRekord(
            digest=self.digest,
            signature=self.content.signature,
            verifier=_recorded(self.verifier),
            algorithm=self.algorithm,
        )


def _signed_digest(content: Content, algorithm: HashAlgorithm) -> Digest:
    match content:
        case MessageSignature(digest=Digest() as digest):
            return digest
        case MessageSignature():
            raise InputError("a signature without the digest that it is over cannot be logged")
        case Envelope():
            return Digest.of(pae(content.payload_type, content.payload), algorithm)
        case _:
            assert_never(content)


def _facts(body: EntryBody) -> Iterator[tuple[str, str]]:
    """Yield what a log recorded, each with its name, in words that differ whenever it does."""
    match body:
        case HashedRekord():
            yield "digest", str(body.digest)
            yield from _signature_facts(body)
        case DsseRecord():
            yield "payload", str(body.payload_digest)
            yield "number of signatures", str(len(body.signatures))
            for signature in body.signatures:
                yield from _signature_facts(signature)
        case _:
            return


def _signature_facts(record: HashedRekord | RecordedSignature) -> Iterator[tuple[str, str]]:
    yield "signature", record.signature.hex() if record.signature is not None else "none"
    what = "certificate" if record.verifier.is_certificate else "key"
    yield "signer", f"the {what} with SHA-256 {Digest.of(record.verifier.der).hex}"
    yield "algorithm", str(record.algorithm)


def _recorded(verifier: Certificate | PublicKey) -> Verifier:
    match verifier:
        case Certificate():
            return Verifier(der=verifier.der, is_certificate=True)
        case PublicKey():
            return Verifier(der=verifier.spki, is_certificate=False)
        case _:
            assert_never(verifier)


def _pem(verifier: Certificate | PublicKey) -> str:
    recorded = _recorded(verifier)
    label = "CERTIFICATE" if recorded.is_certificate else "PUBLIC KEY"
    return b64encode(pem_encode(label, recorded.der).encode("ascii"))


def _document(content: dict[str, JsonValue]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8")

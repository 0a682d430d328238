# SPDX-License-Identifier: Apache-2.0
"""One entry of a log, as it is shown: who signed what, when, and whether it is in the log."""

from datetime import UTC, datetime
from functools import cached_property
from typing import Literal

from keyless.evidence import VerifiedEntry
from keyless.protocol.certificate import Certificate, Claims, San
from keyless.protocol.digest import Digest
from keyless.protocol.entry import InclusionProof, LogEntry
from keyless.protocol.entry_body import DsseRecord, HashedRekord, IntotoRecord, Verifier
from keyless.protocol.keys import PublicKey
from keyless.value import value


@value
class Address:
    """Of which log an entry is: what it is *name*d here, its *version*, and where it answers."""

    name: str
    version: Literal[1, 2]
    url: str


class Entry:
    """An entry of a log; *evidence* is None for one that nobody has verified."""

    def __init__(
        self,
        record: LogEntry,
        *,
        log: Address,
        uuid: str,
        evidence: VerifiedEntry | None,
        attestation: bytes | None = None,
    ) -> None:
        self.record = record
        self.log = log
        self.uuid = uuid
        self.evidence = evidence
        self.attestation = attestation

    @property
    def is_verified(self) -> bool:
        """Whether the log was shown to hold it."""
        return self.evidence is not None

    @property
    def index(self) -> int:
        """Its number: in a log of version 1 it counts over all trees."""
        return self.record.index

    @property
    def shard(self) -> str:
        """The name of the log it is in."""
        return self.log.name

    @property
    def kind(self) -> str:
        """Of what kind it is, as in `hashedrekord`."""
        return self.record.kind

    @property
    def version(self) -> str:
        """Of which version of its kind, as in `0.0.1`."""
        return self.record.version

    @property
    def time(self) -> datetime | None:
        """When the log says that it wrote it down; None where nothing vouches for that."""
        if self.evidence is not None:
            return self.evidence.integrated_time
        seconds = self.record.integrated_time
        return datetime.fromtimestamp(seconds, UTC) if seconds else None

    @property
    def proof(self) -> InclusionProof | None:
        """The hashes that lead from it to the root that the log signs."""
        return self.record.proof

    @property
    def certificate(self) -> Certificate | None:
        """The signer's certificate, if it was not a bare key that signed."""
        return self._signer if isinstance(self._signer, Certificate) else None

    @property
    def key(self) -> PublicKey | None:
        """The signer's key."""
        return self._signer.key if isinstance(self._signer, Certificate) else self._signer

    @property
    def identity(self) -> San | None:
        """Who signed, as the certificate says it; nobody has verified that it is genuine."""
        return next(iter(self.certificate.sans), None) if self.certificate else None

    @property
    def issuer(self) -> str | None:
        """Who vouched for the identity, as the certificate says it."""
        return self.certificate.claims.issuer if self.certificate else None

    @property
    def claims(self) -> Claims | None:
        """All that the certificate says of the signer."""
        return self.certificate.claims if self.certificate else None

    @property
    def digest(self) -> Digest | None:
        """The digest of what was signed."""
        match self.record.body:
            case HashedRekord(digest=digest):
                return digest
            case DsseRecord(payload_digest=digest) | IntotoRecord(payload_digest=digest):
                return digest
            case _:
                return None

    @cached_property
    def _signer(self) -> Certificate | PublicKey | None:
        match self.record.body:
            case HashedRekord(verifier=verifier):
                return _parsed(verifier)
            case DsseRecord(signatures=[first, *_]) | IntotoRecord(signatures=[first, *_]):
                return _parsed(first.verifier)
            case _:
                return None


def _parsed(verifier: Verifier) -> Certificate | PublicKey:
    return (Certificate if verifier.is_certificate else PublicKey).parse(verifier.der)

# SPDX-License-Identifier: Apache-2.0
"""What an entry of a log says, and what of it is known to be so.

That a log holds an entry says nothing about whether what stands in it is true. The log has verified
that the signature is by the key beside it, and takes any certificate, with any name, for that key.
Whether a trusted authority has issued it, `authority` says.
"""

from datetime import UTC, datetime
from functools import cached_property
from typing import Literal

from keyless.errors import ParseError
from keyless.evidence import VerifiedEntry
from keyless.explorer.proof import Proof
from keyless.protocol.certificate import Certificate, Claims, San
from keyless.protocol.digest import Digest
from keyless.protocol.entry import LogEntry
from keyless.protocol.entry_content import EntryContent, RecordedDigest
from keyless.protocol.entry_kinds import read_content
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.keys import PublicKey
from keyless.protocol.recorded_key import RecordedKey
from keyless.protocol.statement import Statement
from keyless.protocol.tiles import tile_of_leaf
from keyless.protocol.trusted_root import TrustedRoot
from keyless.value import value
from keyless.verification.memory import CertificateMemory
from keyless.verification.sighting import issuing_authority

# Where people look at entries of the public log.
_PUBLIC, _SEARCH = "rekor.sigstore.dev", "https://search.sigstore.dev/?logIndex="


@value
class Address:
    """Of which log an entry is: what it is *name*d here, its *version*, and where it answers."""

    name: str
    version: Literal[1, 2]
    url: str


class EntryFacts:
    """An entry of a log; *evidence* is None for one that nobody has verified.

    *attestation* is what the log keeps beside it. Who issued its certificate is known only where a
    *trusted_root* is given.
    """

    def __init__(  # noqa: PLR0913 - where it is from, what it says, and what is known of that
        self,
        record: LogEntry,
        *,
        log: Address,
        uuid: str,
        evidence: VerifiedEntry | None,
        attestation: bytes | None = None,
        trusted_root: TrustedRoot | None = None,
    ) -> None:
        self.record = record
        self.log = log
        self.uuid = uuid
        self.evidence = evidence
        self.attestation = attestation
        self.trusted_root = trusted_root

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
        """Of what kind it is, as in `hashedrekord`; nothing if it cannot be told."""
        # Not what a bundle calls it: for that nobody vouches.
        return self.record.recorded_as[0]

    @property
    def version(self) -> str:
        """Of which version of its kind, as in `0.0.1`."""
        return self.record.recorded_as[1]

    @property
    def time(self) -> datetime | None:
        """When the log says that it wrote it down; None where nothing vouches for that.

        Logs of version 2 know no time: there, timestamps date signatures, and stand in bundles.
        """
        if self.evidence is not None:
            return self.evidence.integrated_time
        seconds = self.record.integrated_time
        return datetime.fromtimestamp(seconds, UTC) if seconds else None

    @property
    def proof(self) -> Proof | None:
        """The hashes that lead from it to the root that the log signs; prints as a drawing."""
        proof = self.record.proof
        return None if proof is None else Proof.of(self.record.leaf, proof)

    @property
    def url(self) -> str:
        """Where it is to be looked at, by a browser or another program."""
        if self.log.version == 2:
            # What nobody has verified may say that it is beyond the end of its own tree.
            size = max(self.index + 1, self.proof.size if self.proof else 0)
            tile = tile_of_leaf(self.index, size=size)
            return f"{self.log.url}/api/v2/{tile.entries_path}"
        if self.log.name == _PUBLIC:
            return f"{_SEARCH}{self.index}"
        return f"{self.log.url}/api/v1/log/entries/{self.uuid}"

    @cached_property
    def content(self) -> EntryContent:
        """What stands in it, as far as it can be read."""
        return read_content(self.record.canonical_body)

    @property
    def body(self) -> JsonValue:
        """All of it, if it is JSON; else None, and `record.canonical_body` has the bytes."""
        return self.content.document

    @property
    def digests(self) -> tuple[RecordedDigest, ...]:
        """The digests in it, each with what it is of."""
        return self.content.digests

    @property
    def digest(self) -> Digest | None:
        """The digest of what was signed: the artifact, or the payload of an envelope."""
        return next((each.digest for each in self.digests if each.digest), None)

    @property
    def signature(self) -> bytes | None:
        """The signature, the first if there are several; entries of some kinds keep none."""
        return next(iter(self.content.signatures), None)

    @property
    def signer(self) -> RecordedKey | None:
        """What the signature is verified with, the first if there are several."""
        return next(iter(self.content.keys), None)

    @property
    def key(self) -> PublicKey | None:
        """The signer's key."""
        return self.signer.key if self.signer else None

    @property
    def certificate(self) -> Certificate | None:
        """The signer's certificate, where it was not a bare key that signed."""
        return self.signer.certificate if self.signer else None

    @property
    def identity(self) -> San | None:
        """Who signed, as the certificate says: `authority` says whether that is to be believed."""
        return next(iter(self.certificate.sans), None) if self.certificate else None

    @property
    def issuer(self) -> str | None:
        """Who vouched for the identity, as the certificate says."""
        return self.certificate.claims.issuer if self.certificate else None

    @property
    def claims(self) -> Claims | None:
        """All that the certificate says of the signer."""
        return self.certificate.claims if self.certificate else None

    @cached_property
    def authority(self) -> str | None:
        """Which trusted authority has issued the certificate; None if none has."""
        return self.issued_by(CertificateMemory())

    def issued_by(self, memory: CertificateMemory) -> str | None:
        """Say what `authority` does, for one of many: *memory* has each certificate verified once.

        It belongs to whoever goes through them, and ends with that.
        """
        if self.certificate is None or self.trusted_root is None:
            return None
        return issuing_authority(self.certificate, self.trusted_root, memory)

    @cached_property
    def statement(self) -> Statement | None:
        """What was attested, where the log keeps it, and it is what was signed."""
        payloads = [each.digest for each in self.digests if each.of == "payload"]
        if self.attestation is None or Digest.of(self.attestation) not in payloads:
            return None
        try:
            return Statement.parse(self.attestation)
        except ParseError:
            return None

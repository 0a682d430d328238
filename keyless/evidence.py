# SPDX-License-Identifier: Apache-2.0
"""What each check proves.

Only `verification` makes these values (a test sees to it), so whoever holds one knows that its
check was passed. A check that needs what another one proved takes that evidence as an argument,
and mypy refuses a pipeline in the wrong order: that sentence replaces a numbered list in a
comment.

    LogEntry ──► VerifiedEntry ──► VerifiedTime ──► VerifiedSigner ──► VerifiedContent ──► Verified
"""

from datetime import datetime
from typing import Literal

from keyless.errors import Check
from keyless.protocol.certificate import Certificate, Claims, San
from keyless.protocol.checkpoint import Checkpoint
from keyless.protocol.digest import Digest
from keyless.protocol.entry_body import EntryBody
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.keys import Algorithm, PublicKey
from keyless.protocol.statement import Statement
from keyless.protocol.window import in_rfc3339, in_words
from keyless.report import Row, html, text
from keyless.safe_text import shown
from keyless.value import value


@value
class Inclusion:
    """The entry is in the tree that a checkpoint signs."""

    index: int
    size: int
    root: bytes
    origin: str

    def __str__(self) -> str:
        return (
            f"proven to be leaf {self.index} of the {self.size} that {shown(self.origin)} signs for"
        )


@value
class Promise:
    """The log promised to include the entry; nothing shows that it did."""

    def __str__(self) -> str:
        return "promised by the log (no proof of inclusion)"


@value
class VerifiedEntry:
    """A log holds, or has promised to hold, this entry.

    *index* counts over all shards of a v1 log. The promise signs it and the inclusion proof does
    not, so without a promise nothing vouches for it, and it is None.
    """

    log: str
    log_id: bytes
    index: int | None
    kind: str
    version: str
    recorded_as: tuple[str, str]
    body: EntryBody
    proof: Inclusion | Promise
    integrated_time: datetime | None

    @property
    def name(self) -> str:
        """Which entry, of which log, in words."""
        number = "an entry" if self.index is None else f"entry {self.index}"
        return f"{number} of {shown(self.log)}"

    def __str__(self) -> str:
        return f"{self.name}, {self.proof}"


@value
class VerifiedCheckpoint:
    """A log signs for a tree of *size* leaves under *root*; *origin* says which tree it means."""

    log: str
    log_id: bytes
    origin: str
    size: int
    root: bytes
    checkpoint: Checkpoint

    def __str__(self) -> str:
        return f"{shown(self.origin)}: {self.size} entries under root {self.root.hex()}"


@value
class VerifiedCosignature:
    """The *witness* has seen a checkpoint, and says that it was *at* this time."""

    witness: str
    at: datetime

    def __str__(self) -> str:
        return f"seen by the witness {shown(self.witness)} at {in_words(self.at)}"


@value
class VerifiedTime:
    """At this time the signature existed, says *source*."""

    at: datetime
    source: str
    kind: Literal["timestamp authority", "transparency log"]

    def __str__(self) -> str:
        return f"{in_words(self.at)}, says the {self.kind} {shown(self.source)}"


@value
class VerifiedSct:
    """A certificate transparency log has seen the certificate."""

    log: str
    at: datetime

    def __str__(self) -> str:
        return f"in the certificate log {shown(self.log)} since {in_words(self.at)}"


@value
class VerifiedSigner:
    """Whose key it is: a certificate's that an authority issued, or one the caller trusts."""

    key: PublicKey
    certificate: Certificate | None
    authority: str | None
    scts: tuple[VerifiedSct, ...]

    @property
    def identity(self) -> San | None:
        """The certificate's one subject name: an e-mail address or a URI."""
        return self.certificate.identity if self.certificate else None

    @property
    def issuer(self) -> str | None:
        """Who vouched for the identity: the OpenID Connect issuer the certificate names."""
        return self.certificate.claims.issuer if self.certificate else None

    @property
    def claims(self) -> Claims | None:
        """All that the issuer said of the signer."""
        return self.certificate.claims if self.certificate else None

    def __str__(self) -> str:
        if self.identity is None:
            return f"the key with SHA-256 {self.key.fingerprint.hex}"
        who = f"{shown(self.identity.text)} ({self.identity.kind})"
        return f"{who}, vouched for by {shown(self.issuer)}"


@value
class VerifiedContent:
    """What was signed, and how: the artifact, and the statement about it if there is one."""

    digest: Digest
    algorithm: Algorithm
    statement: Statement | None


@value
class Verified:
    """The proof that the signer signed the artifact: who, what, when, and who vouches for it."""

    signer: VerifiedSigner
    content: VerifiedContent
    entries: tuple[VerifiedEntry, ...]
    times: tuple[VerifiedTime, ...]
    policy: str
    relaxations: tuple[str, ...]
    trusted_root: Digest
    trust: str

    @property
    def signed_at(self) -> datetime | None:
        """The earliest time at which the signature is known to have existed."""
        return min((time.at for time in self.times), default=None)

    @property
    def entry(self) -> VerifiedEntry | None:
        """The log entry, the first if there are several."""
        return self.entries[0] if self.entries else None

    @property
    def statement(self) -> Statement | None:
        """What was said of the artifact, when it was an attestation that was signed."""
        return self.content.statement

    @property
    def checks(self) -> tuple[tuple[Check, str], ...]:
        """Every check that was passed, with what it proved, in the order of the checks."""
        logged = [
            (Check.INCLUSION if isinstance(entry.proof, Inclusion) else Check.PROMISE, str(entry))
            for entry in self.entries
        ]
        recorded = [(Check.ENTRY, f"{it.name} is of this signature") for it in self.entries]
        return (
            *logged,
            *((Check.TIME, str(time)) for time in self.times),
            *_signer_checks(self.signer),
            (Check.SIGNATURE, f"by the signer's key ({self.content.algorithm})"),
            (Check.ARTIFACT, f"over {self.content.digest}"),
            *recorded,
            (Check.POLICY, self.policy),
        )

    def to_json(self) -> dict[str, JsonValue]:
        """Return all of it as JSON, in the one schema that the command line prints too."""
        return {
            "artifact": str(self.content.digest),
            "signer": _signer_json(self.signer),
            "signed_at": None if self.signed_at is None else in_rfc3339(self.signed_at),
            "times": [
                {"at": in_rfc3339(time.at), "kind": time.kind, "source": time.source}
                for time in self.times
            ],
            "entries": [_entry_json(entry) for entry in self.entries],
            "predicate_type": None if self.statement is None else self.statement.predicate_type,
            "checks": [{"check": check.value, "proved": proved} for check, proved in self.checks],
            "policy": self.policy,
            "relaxations": list(self.relaxations),
            "trusted_root": {"digest": str(self.trusted_root), "origin": self.trust},
        }

    def __str__(self) -> str:
        return text(f"verified: {self.signer}", self._rows())

    def _repr_html_(self) -> str:
        return html(f"verified: {self.signer}", self._rows())

    def _rows(self) -> list[Row]:
        claims = self.signer.claims.items() if self.signer.claims else ()
        return [
            *((check.value, proved, "") for check, proved in self.checks),
            *((f"claim: {name.replace('_', ' ')}", claim, "") for name, claim in claims),
            *(("asked for less", relaxation, "") for relaxation in self.relaxations),
            ("judged by", self.trust, f"trusted root {self.trusted_root}"),
        ]


def _signer_checks(signer: VerifiedSigner) -> tuple[tuple[Check, str], ...]:
    certificate = signer.certificate
    if certificate is None:
        return ((Check.KEY, f"{signer} is one the policy trusts"),)
    life = f"{in_words(certificate.not_before)} to {in_words(certificate.not_after)}"
    issued = f"issued by {shown(signer.authority)}, valid {life}, at each of these times"
    return ((Check.CHAIN, issued), *((Check.SCT, str(sct)) for sct in signer.scts))


def _signer_json(signer: VerifiedSigner) -> dict[str, JsonValue]:
    claims = signer.claims.items() if signer.claims else ()
    identity = signer.identity
    return {
        "identity": None if identity is None else identity.text,
        "identity_kind": None if identity is None else identity.kind,
        "issuer": signer.issuer,
        "claims": dict(claims),
        "authority": signer.authority,
        "key": str(signer.key.fingerprint),
    }


def _entry_json(entry: VerifiedEntry) -> dict[str, JsonValue]:
    at = entry.integrated_time
    return {
        "log": entry.log,
        "log_id": entry.log_id.hex(),
        "index": entry.index,
        "kind": entry.kind,
        "version": entry.version,
        "proof": "inclusion" if isinstance(entry.proof, Inclusion) else "promise",
        "integrated_time": None if at is None else in_rfc3339(at),
    }

# SPDX-License-Identifier: Apache-2.0
"""What verifying an image proves: which image, who signed it, and what was found beside that."""

from collections.abc import Iterator
from datetime import datetime

from keyless.errors import Rejected
from keyless.evidence import Promise, Verified
from keyless.images.formats import Format
from keyless.protocol.bundle import Bundle
from keyless.protocol.cosign import Annotations, SimpleSigning
from keyless.protocol.digest import Digest
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.statement import Statement
from keyless.report import Row, html, text
from keyless.safe_text import shown
from keyless.value import value

_FORMATS = {"bundle": "a bundle", "legacy": "a legacy signature"}


@value
class ImageSignature:
    """One signature of an image that holds: the *proof* of it, and where it was found.

    *payload* is what a legacy signature signs, None for a bundle. *annotations* are the signer's,
    and signed.
    """

    proof: Verified
    bundle: Bundle
    location: str
    format: Format
    annotations: Annotations
    payload: SimpleSigning | None = None

    @property
    def identity(self) -> str | None:
        """Who signed: the certificate's one name; None for a bare key."""
        identity = self.proof.signer.identity
        return None if identity is None else identity.text

    @property
    def issuer(self) -> str | None:
        """Who vouched for the identity."""
        return self.proof.signer.issuer

    @property
    def signed_at(self) -> datetime | None:
        """The earliest time at which the signature is known to have existed."""
        return self.proof.signed_at

    @property
    def missing(self) -> tuple[str, ...]:
        """Say, in a sentence each, which proofs there are not, that a bundle would have."""
        promised = [it for it in self.proof.entries if isinstance(it.proof, Promise)]
        return tuple(f"{it.name} is promised, and not proven to be in the log" for it in promised)

    def to_json(self) -> dict[str, JsonValue]:
        """Return all of it as JSON."""
        return {
            "format": self.format,
            "location": self.location,
            "annotations": dict(self.annotations),
            "missing": list(self.missing),
            "proof": self.proof.to_json(),
        }

    def __str__(self) -> str:
        return text(f"signed: {self.proof.signer}", self._rows())

    def _repr_html_(self) -> str:
        return html(f"signed: {self.proof.signer}", self._rows())

    def _rows(self) -> list[Row]:
        return [
            ("found", f"{_FORMATS[self.format]} at {self.location}", ""),
            *((f"annotation: {name}", str(said), "") for name, said in self.annotations),
            *((check.value, proved, "") for check, proved in self.proof.checks),
            *(("missing", each, "") for each in self.missing),
        ]


@value
class ImageProof:
    """The proof that an image is signed as was asked for: deploy `pinned`, which cannot move.

    *signatures* are all that hold, by whom was asked for; *rejected* is what else was found, each
    with the reason why it counts for nothing. *platforms* has the same for each part of a
    multi-platform image, where that was asked for, and *platform* says which part this is about.
    """

    reference: str
    pinned: str
    digest: Digest
    signatures: tuple[ImageSignature, ...]
    rejected: tuple[Rejected, ...]
    platform: str | None = None
    platforms: tuple["ImageProof", ...] = ()

    def to_json(self) -> dict[str, JsonValue]:
        """Return all of it as JSON."""
        return {
            "reference": self.reference,
            "pinned": self.pinned,
            "platform": self.platform,
            "signatures": [each.to_json() for each in self.signatures],
            "rejected": rejected_json(self.rejected),
            "platforms": [each.to_json() for each in self.platforms],
        }

    def __str__(self) -> str:
        return text(self._title(), list(self._rows()))

    def _repr_html_(self) -> str:
        return html(self._title(), list(self._rows()))

    def _title(self) -> str:
        of = f" ({self.platform})" if self.platform else ""
        return f"verified: {self.pinned}{of}"

    def _rows(self) -> Iterator[Row]:
        for each in self.signatures:
            detail = "; ".join((*(f"{name}={said}" for name, said in each.annotations),))
            yield "signed by", str(each.proof.signer), detail
            for time in each.proof.times:
                yield "time", str(time), ""
            for entry in each.proof.entries:
                yield "log", str(entry), ""
        yield from rejected_rows(self.rejected)
        for part in self.platforms:
            yield part.platform or "part", part.pinned, ""


@value
class ImageAttestation:
    """One attestation about an image that holds: what is said, and the *proof* of who says it."""

    proof: Verified
    bundle: Bundle
    location: str
    format: Format
    statement: Statement

    @property
    def predicate_type(self) -> str:
        """What kind of thing is said, a URI."""
        return self.statement.predicate_type

    @property
    def predicate(self) -> JsonValue:
        """What is said."""
        return self.statement.predicate

    def to_json(self) -> dict[str, JsonValue]:
        """Return all of it as JSON."""
        return {
            "format": self.format,
            "location": self.location,
            "predicate_type": self.predicate_type,
            "predicate": self.predicate,
            "proof": self.proof.to_json(),
        }

    def __str__(self) -> str:
        return text(f"{shown(self.predicate_type)}, said by {self.proof.signer}", self._rows())

    def _repr_html_(self) -> str:
        return html(f"{shown(self.predicate_type)}, said by {self.proof.signer}", self._rows())

    def _rows(self) -> list[Row]:
        return [
            ("found", f"at {self.location}", ""),
            *((check.value, proved, "") for check, proved in self.proof.checks),
        ]


@value
class ImageStatements:
    """The proof of what is said about an image, of one type, by whom was asked for.

    Iterating it yields each attestation; there is one at least.
    """

    reference: str
    pinned: str
    digest: Digest
    attestations: tuple[ImageAttestation, ...]
    rejected: tuple[Rejected, ...]

    def __iter__(self) -> Iterator[ImageAttestation]:
        return iter(self.attestations)

    def __len__(self) -> int:
        return len(self.attestations)

    def __getitem__(self, position: int) -> ImageAttestation:
        return self.attestations[position]

    def to_json(self) -> dict[str, JsonValue]:
        """Return all of it as JSON."""
        return {
            "reference": self.reference,
            "pinned": self.pinned,
            "attestations": [each.to_json() for each in self.attestations],
            "rejected": rejected_json(self.rejected),
        }

    def __str__(self) -> str:
        return text(self._title(), list(self._rows()))

    def _repr_html_(self) -> str:
        return html(self._title(), list(self._rows()))

    def _title(self) -> str:
        return f"verified: what is said about {self.pinned}"

    def _rows(self) -> Iterator[Row]:
        for each in self.attestations:
            yield shown(each.predicate_type), f"says {each.proof.signer}", ""
        yield from rejected_rows(self.rejected)


def rejected_json(rejected: tuple[Rejected, ...]) -> list[JsonValue]:
    """Write what was *rejected* as JSON."""
    return [{"location": each.location, "reason": each.error.message} for each in rejected]


def rejected_rows(rejected: tuple[Rejected, ...]) -> Iterator[Row]:
    """Write what was *rejected* for a person."""
    return (("rejected", each.location, each.error.message) for each in rejected)

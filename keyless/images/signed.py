# SPDX-License-Identifier: Apache-2.0
"""What signing an image returns: which image, what was signed of it, and where that was put."""

from collections.abc import Iterator

from keyless.evidence import Verified
from keyless.images.formats import Format
from keyless.protocol.bundle import Bundle
from keyless.protocol.digest import Digest
from keyless.protocol.json_reader import JsonValue
from keyless.report import Row, html, text
from keyless.value import value


@value
class ImageSigning:
    """One signature or attestation that was made: the *bundle*, and our own verifier's *proof*.

    *location* is where it was put, None if nowhere. *payload* is what was signed, byte for byte:
    a statement, or, for a legacy signature, the simple-signing document.
    """

    bundle: Bundle
    proof: Verified
    format: Format
    payload: bytes
    location: str | None


@value
class SignedImage:
    """An image that was signed, or attested to; *reference* is to its digest, which cannot move.

    *signings* has one for each format; *parts* the same for each part of a multi-platform image,
    where those were signed too.
    """

    digest: Digest
    reference: str
    signings: tuple[ImageSigning, ...]
    platform: str | None = None
    parts: tuple["SignedImage", ...] = ()

    @property
    def bundle(self) -> Bundle:
        """What was signed, logged and verified: that of the first format."""
        return self.signings[0].bundle

    @property
    def proof(self) -> Verified:
        """What our own verifier says of it."""
        return self.signings[0].proof

    @property
    def location(self) -> str | None:
        """Where it was put: the digest of a referrer, or a tag; None if it was not pushed."""
        return self.signings[0].location

    def to_json(self) -> dict[str, JsonValue]:
        """Return all of it as JSON."""
        return {
            "digest": str(self.digest),
            "reference": self.reference,
            "platform": self.platform,
            "signings": [
                {"format": it.format, "location": it.location, "proof": it.proof.to_json()}
                for it in self.signings
            ],
            "parts": [part.to_json() for part in self.parts],
        }

    def __str__(self) -> str:
        return text(f"signed: {self.reference}", list(self._rows()))

    def _repr_html_(self) -> str:
        return html(f"signed: {self.reference}", list(self._rows()))

    def _rows(self) -> Iterator[Row]:
        yield "by", str(self.proof.signer), ""
        statement = self.proof.statement
        if statement is not None:
            yield "statement", statement.predicate_type, ""
        for signing in self.signings:
            yield signing.format, signing.location or "not pushed", ""
            yield from (("log", str(entry), "") for entry in signing.proof.entries)
        for part in self.parts:
            yield part.platform or "part", part.reference, ""

# SPDX-License-Identifier: Apache-2.0
"""Timestamp requests: what an authority is asked to sign, together with the time (RFC 3161).

    TimeStampReq ::= SEQUENCE { version 1, SEQUENCE { hash, imprint }, policy OPTIONAL,
                                nonce OPTIONAL, certReq DEFAULT FALSE, [0] extensions OPTIONAL }

The authority sees the digest of a signature, never the signature.
"""

from keyless.errors import Check, VerificationError
from keyless.protocol.algorithm_writer import hash_identifier
from keyless.protocol.der_writer import TRUE, integer, octet_string, sequence
from keyless.protocol.digest import Digest
from keyless.protocol.timestamp import Timestamp
from keyless.value import value


@value
class TimestampRequest:
    """A wish for a timestamp; *nonce* ties the answer to it, so that an old one cannot pass."""

    imprint: Digest
    nonce: int

    @classmethod
    def over(cls, signature: bytes, *, nonce: int) -> "TimestampRequest":
        """Ask when *signature* existed; *nonce* is a number that was never used before."""
        return cls(imprint=Digest.of(signature), nonce=nonce)

    def to_der(self) -> bytes:
        """Write the request.

        It asks for the authority's certificate: verifiers that do not take that from their trusted
        root look for it in the timestamp.
        """
        algorithm = hash_identifier(self.imprint.algorithm)
        imprint = sequence(algorithm, octet_string(self.imprint.value))
        return sequence(integer(1), imprint, integer(self.nonce), TRUE)

    def check_answer(self, timestamp: Timestamp) -> None:
        """Refuse *timestamp* unless it answers this request; that it is genuine is not said."""
        _demand_same("something else", str(timestamp.imprint), str(self.imprint))
        nonce = "no nonce" if timestamp.nonce is None else f"nonce {timestamp.nonce}"
        _demand_same("another request", nonce, f"nonce {self.nonce}")


def _demand_same(what: str, found: str, wanted: str) -> None:
    if found != wanted:
        raise VerificationError(
            f"the timestamp authority answered with a timestamp for {what}",
            check=Check.TIMESTAMP,
            found=found,
            wanted=wanted,
            hint="do not rely on this authority, and tell whoever runs it",
        )

# SPDX-License-Identifier: Apache-2.0
"""The log of certificates: it sees each before it is issued, and says so in it (RFC 6962, 3.2).

A certificate timestamp is what such a log says:

    +---------+----------+-----------+--------------------+---------+---------+----------------+
    | 0       | log id   | ms since  | extensions         | hash    | kind of | signature      |
    | 1 byte  | 32 bytes | 1970, 8   | length 2 bytes + … | 1 byte  | key, 1  | length 2 + …   |
    +---------+----------+-----------+--------------------+---------+---------+----------------+

What it signs, and keeps as a leaf of its tree, is this:

    +---+--------------+----------+-----------+---------------+--------------+-----------------+
    | 0 | 0: a         | ms since | 1: a pre- | SHA-256 of    | tbs          | extensions      |
    |   | timestamp    | 1970, 8  | cert., 2  | issuer's SPKI | length 3 + … | length 2 + …    |
    +---+--------------+----------+-----------+---------------+--------------+-----------------+
"""

from datetime import UTC, datetime, timedelta

from keyless.protocol.keys import PublicKey, algorithm_named
from keyless.protocol.signing_keys import SigningKey
from keyless.sandbox.clock import Clock
from keyless.sandbox.merkle_log import MerkleLog

_P256 = algorithm_named("PKIX_ECDSA_P256_SHA_256")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_CERTIFICATE, _PRECERTIFICATE = b"\x00\x00", b"\x00\x01"
# TLS's numbers: which hash, and which kind of key (RFC 5246, 7.4.1.4.1; RFC 8422, 5.1.3).
_HASH_AND_KEY = {"ecdsa": b"\x04\x03", "pkcs1v15": b"\x04\x01", "message": b"\x08\x07"}


class CtLog:
    """A certificate transparency log, which keeps what it has promised to keep."""

    def __init__(self, clock: Clock, *, url: str, key: SigningKey | None = None) -> None:
        self._clock = clock
        self.secret = key or SigningKey.generate(_P256)
        self.url = url
        self.tree = MerkleLog()

    @property
    def key(self) -> PublicKey:
        """The key its certificate timestamps are verified with."""
        return self.secret.public

    @property
    def log_id(self) -> bytes:
        """What its certificate timestamps call it."""
        return self.key.fingerprint.value

    def append(
        self,
        tbs: bytes,
        *,
        issuer: PublicKey,
        extensions: bytes = b"",
        at: datetime | None = None,
    ) -> bytes:
        """Log the precertificate *tbs* that *issuer* is about to sign; return a timestamp of it."""
        seen = _PRECERTIFICATE + issuer.fingerprint.value + _counted(tbs, 3)
        return self._append(seen, extensions, at or self._clock.now)

    def append_certificate(self, der: bytes) -> bytes:
        """Log a certificate that is issued already; return a timestamp to go beside it."""
        return self._append(_CERTIFICATE + _counted(der, 3), b"", self._clock.now)

    def _append(self, seen: bytes, extensions: bytes, at: datetime) -> bytes:
        timestamp = ((at - _EPOCH) // _MILLISECOND).to_bytes(8, "big")
        signed = b"\x00\x00" + timestamp + seen + _counted(extensions, 2)
        self.tree.append(signed)
        return (
            b"\x00"
            + self.log_id
            + timestamp
            + _counted(extensions, 2)
            + _HASH_AND_KEY[self.secret.algorithm.scheme]
            + _counted(self.secret.sign(signed), 2)
        )


def leaf_index_extension(index: int) -> bytes:
    """Write the extension by which a log on tiles says where the certificate stands."""
    # static-ct: type 0, two bytes of length, and 40 bits of index.
    return b"\x00" + _counted(index.to_bytes(5, "big"), 2)


def _counted(content: bytes, size: int) -> bytes:
    return len(content).to_bytes(size, "big") + content

# SPDX-License-Identifier: Apache-2.0
"""What logs were given to verify signatures with, in all the forms it takes: read leniently.

-----BEGIN CERTIFICATE-----              one, or a chain of them with the signer's first
-----BEGIN PUBLIC KEY-----
-----BEGIN PGP PUBLIC KEY BLOCK-----     and minisign's, SSH's: said to be there, and not read
DER                                      as version 2 of the log has it
"""

import re

from keyless.errors import ParseError
from keyless.protocol.certificate import Certificate
from keyless.protocol.encoding import pem_decode
from keyless.protocol.keys import PublicKey
from keyless.value import value

LONGEST_CHAIN = 8

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----[^-]*-----END \1-----")
_CERTIFICATE, _KEY = "CERTIFICATE", "PUBLIC KEY"
_OTHERS = (
    ("-----BEGIN PGP ", "a PGP key, which is not read here"),
    ("untrusted comment:", "a minisign key, which is not read here"),
    ("ssh-", "an SSH key, which is not read here"),
    ("ecdsa-sha2-", "an SSH key, which is not read here"),
    ("sk-", "an SSH key, which is not read here"),
)


@value
class RecordedKey:
    """A key, or the certificate that has it at the head of its chain; *words* say which it is."""

    words: str
    key: PublicKey | None = None
    chain: tuple[Certificate, ...] = ()

    @property
    def certificate(self) -> Certificate | None:
        """The signer's certificate."""
        return next(iter(self.chain), None)


def recorded_key(data: bytes) -> RecordedKey:
    """Say what *data* is: PEM, or text of another kind."""
    text = data.decode("latin-1").replace("\r\n", "\n").strip()
    blocks = list(_BLOCK.finditer(text))
    certificates = [block[0] for block in blocks if block[1] == _CERTIFICATE]
    if certificates:
        return _chain_in_pem(certificates[:LONGEST_CHAIN])
    for block in blocks:
        if block[1] == _KEY:
            return _key_in_pem(block[0])
    for start, words in _OTHERS:
        if text.startswith(start):
            return RecordedKey(words=words)
    return RecordedKey(words=f"{len(data)} bytes of a kind unknown here")


def recorded_der(der: bytes, *, is_certificate: bool) -> RecordedKey:
    """Say what *der* is, a certificate or a bare key."""
    try:
        if is_certificate:
            return _chain(Certificate.parse(der))
        return _key(PublicKey.parse(der))
    except ParseError as error:
        return _unread("certificate" if is_certificate else "key", error)


def _chain_in_pem(blocks: list[str]) -> RecordedKey:
    try:
        return _chain(*(Certificate.parse(pem_decode(block, _CERTIFICATE)) for block in blocks))
    except ParseError as error:
        return _unread("certificate", error)


def _key_in_pem(block: str) -> RecordedKey:
    try:
        return _key(PublicKey.parse_pem(block))
    except ParseError as error:
        return _unread("key", error)


def _chain(*chain: Certificate) -> RecordedKey:
    more = f", and {len(chain) - 1} of those above it" if len(chain) > 1 else ""
    return RecordedKey(words=f"a certificate{more}", key=chain[0].key, chain=chain)


def _key(key: PublicKey) -> RecordedKey:
    return RecordedKey(words=f"a key ({key.kind})", key=key)


def _unread(what: str, error: ParseError) -> RecordedKey:
    return RecordedKey(words=f"a {what} that cannot be read: {error.message}")

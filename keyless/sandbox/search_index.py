# SPDX-License-Identifier: Apache-2.0
"""The search index of a log of version 1: which entries have to do with what.

    an e-mail address or another name in a certificate    in small letters
    the digest of an artifact, an envelope or a payload    sha256:…
    the digest of a key or certificate, as PEM             … for hashedrekord, sha256:… for the rest

It is beside the log and vouches for nothing: what it finds is to be looked up and verified.
"""

import re
from collections.abc import Iterable, Iterator
from threading import Lock

from keyless.errors import ParseError
from keyless.protocol.certificate import Certificate
from keyless.protocol.digest import Digest
from keyless.protocol.encoding import pem_encode
from keyless.protocol.entry_body import Verifier
from keyless.protocol.json_reader import Json
from keyless.protocol.statement import IN_TOTO, Statement
from keyless.sandbox.proposals import Accepted

_HASH = re.compile(r"(?:sha1:)?[0-9a-f]{40}|(?:sha256:)?[0-9a-f]{64}|(?:sha512:)?[0-9a-f]{128}")
_ALGORITHMS = {40: "sha1", 64: "sha256", 128: "sha512"}
_PEM_LABELS = {True: "CERTIFICATE", False: "PUBLIC KEY"}


class SearchIndex:
    """Names of entries, by what they have to do with. May be shared between threads."""

    def __init__(self) -> None:
        self._changing = Lock()
        self._found: dict[str, list[str]] = {}

    def add(self, uuid: str, keys: Iterable[str]) -> None:
        """Find the entry called *uuid* from now on by *keys*."""
        with self._changing:
            for key in dict.fromkeys(keys):
                self._found.setdefault(key.lower(), []).append(uuid)

    def find(self, query: Json) -> list[str]:
        """Return the entries that have to do with any part of *query*, or with all of them."""
        keys = list(_wanted(query))
        if not keys:
            raise query.error("it asks for nothing")
        found = [self._found.get(key.lower(), []) for key in keys]
        if query.optional_text("operator") == "and":
            return [uuid for uuid in dict.fromkeys(found[0]) if all(uuid in each for each in found)]
        return list(dict.fromkeys(uuid for each in found for uuid in each))


def _wanted(query: Json) -> Iterator[str]:
    for name in ("email", "subject"):
        if text := query.optional_text(name):
            yield text
    if text := query.optional_text("hash"):
        yield _hash(query, text.lower())
    if (key := query.optional_object("publicKey")) is not None:
        if key.text("format") != "x509":
            raise key.error("the PKI format requested is not supported by this server")
        yield Digest.of(key.base64("content")).hex


def _hash(query: Json, text: str) -> str:
    if not _HASH.fullmatch(text):
        raise query.error("not a digest", name="hash")
    return text if ":" in text else f"{_ALGORITHMS[len(text)]}:{text}"


def keys_of(accepted: Accepted) -> Iterator[str]:
    """Yield what an entry is found by, of which so much was *accepted*."""
    yield from accepted.digests
    # As the real one has it: who searches for a key finds artifacts, and no attestations.
    prefix = "" if accepted.envelope is None else "sha256:"
    yield f"{prefix}{_fingerprint(accepted.verifier)}"
    if accepted.verifier.is_certificate:
        yield from (san.text for san in Certificate.parse(accepted.verifier.der).sans)
    if accepted.envelope is not None and accepted.envelope.payload_type == IN_TOTO:
        yield from _subjects(accepted.envelope.payload)


def _fingerprint(verifier: Verifier) -> str:
    pem = pem_encode(_PEM_LABELS[verifier.is_certificate], verifier.der)
    return Digest.of(pem.encode("ascii")).hex


def _subjects(payload: bytes) -> Iterable[str]:
    try:
        statement = Statement.parse(payload)
    except ParseError:
        return ()
    return (str(digest) for subject in statement.subjects for digest in subject.digests)

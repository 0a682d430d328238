# SPDX-License-Identifier: Apache-2.0
"""Checkpoints: what a log signs to commit to its tree (C2SP signed-note, tlog-checkpoint).

rekor.example - 3904496407287907110        origin: which log, which tree
4163431                                    how many leaves
Bj5jyzlVoYdHBQkbY9+HB6PVyMSSJdJGO9uI8Cu4…  root hash
any further lines                          extensions; nobody here needs them
                                           a blank line ends what is signed
— rekor.example wNI9ajBFAiEAyV0…           signatures: name, base64(key hint ‖ signature)
— witness.example 6hZS2QAAAABl…            witnesses cosign (tlog-cosignature)
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import TypeVar

from keyless.errors import Check, InputError, ParseError, UnsupportedError, VerificationError
from keyless.protocol.encoding import b64decode, b64encode, hexdecode, parse_decimal
from keyless.protocol.keys import PublicKey
from keyless.safe_text import shown
from keyless.value import value

LARGEST_CHECKPOINT = 64 << 10
MOST_SIGNATURES = 64
ROOT_SIZE = 32
HINT_SIZE = 4
ED25519_SIZE = 32
# 9999-12-31T23:59:59Z, the last second that a date can say.
LATEST_TIME = 253_402_300_799

_CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f]")
# A name holds neither white space nor a plus sign (signed-note): a line has one reading.
_SIGNATURE_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)")
_VERIFIER_KEY = re.compile(r"([^\s+\ud800-\udfff]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)")
T = TypeVar("T")

_ED25519 = 0x01
_ECDSA = 0x02
_COSIGNATURE = 0x04
_ED25519_SPKI = bytes.fromhex("302a300506032b6570032100")


@value
class NoteSignature:
    """One signature line: whose it says it is, which key, and the bytes."""

    name: str
    key_hint: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"{shown(self.name, longest=80)} (key {self.key_hint.hex()})"


@value
class Checkpoint:
    """A log's commitment to its tree, and who signed it."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...]
    signed: bytes
    signatures: tuple[NoteSignature, ...]

    @classmethod
    def parse(cls, envelope: str) -> "Checkpoint":
        """Read a signed checkpoint; nothing in it is verified yet."""
        _demand_note(envelope)
        text, _, lines = envelope.rpartition("\n\n")
        if not text or not lines.endswith("\n"):
            raise ParseError("not a checkpoint: no blank line with signatures below it")
        head = text.split("\n")
        if len(head) < 3 or not all(head):
            raise ParseError("not a checkpoint: origin, size and root are its first lines")
        origin, size, root, *extensions = head
        return cls(
            origin=origin,
            size=_read("tree size", parse_decimal, size),
            root=_read("root hash", _root, root),
            extensions=tuple(extensions),
            signed=f"{text}\n".encode(),
            signatures=_signatures(lines.removesuffix("\n").split("\n")),
        )

    def to_text(self) -> str:
        """Write the checkpoint as it was read."""
        lines = (f"— {it.name} {b64encode(it.key_hint + it.signature)}\n" for it in self.signatures)
        return f"{self.signed.decode()}\n{''.join(lines)}"

    def verify(self, key: PublicKey, *, key_hint: bytes, name: str | None) -> None:
        """Refuse unless *key* signed this, in a line with *key_hint* and, where given, *name*.

        Lines of others are ignored: witnesses add theirs, and so may whoever copied the note.
        """
        for line in self._signed_by(name, key_hint):
            if _verifies(key, line.signature, self.signed):
                return
        raise self._unsigned("signed by its log", name or "any name", key_hint)

    def verify_cosignature(self, key: PublicKey, *, name: str) -> datetime:
        """Return when the witness *name* says it saw this; refuse unless *key* signed that."""
        key_hint = cosignature_key_id(name, key)[:HINT_SIZE]
        for line in self._signed_by(name, key_hint):
            # ┌───────────────────────┬───────────────────┐
            # │ 8 bytes: POSIX time   │ Ed25519 signature │
            # └───────────────────────┴───────────────────┘
            at = int.from_bytes(line.signature[:8])
            message = b"cosignature/v1\ntime %d\n%b" % (at, self.signed)
            if at <= LATEST_TIME and _verifies(key, line.signature[8:], message):
                return datetime.fromtimestamp(at, UTC)
        raise self._unsigned("cosigned by this witness", name, key_hint)

    def _signed_by(self, name: str | None, key_hint: bytes) -> Iterator[NoteSignature]:
        # A hint is four bytes that anybody can make a key for: it may select several lines.
        for line in self.signatures:
            if line.key_hint == key_hint and name in {None, line.name}:
                yield line

    def _unsigned(self, wanted: str, name: str, key_hint: bytes) -> VerificationError:
        return VerificationError(
            f"the checkpoint is not {wanted}",
            check=Check.CHECKPOINT,
            found="signatures by " + ", ".join(str(line) for line in self.signatures),
            wanted=f"one that verifies by {shown(name)} (key {key_hint.hex()})",
            hint="the checkpoint was altered, or belongs to another log",
        )


def note_key_id(name: str, key: PublicKey) -> bytes:
    """Return by which id a log that signs checkpoints as *name* with *key* is known."""
    if key.kind == "Ed25519":
        return _key_id(name, _ED25519, key)
    return key.fingerprint.value


def cosignature_key_id(name: str, key: PublicKey) -> bytes:
    """Return by which id a witness *name* with the Ed25519 *key* is known."""
    if key.kind != "Ed25519":
        raise InputError(f"witnesses cosign with Ed25519 here, and this key is {key.kind}")
    return _key_id(name, _COSIGNATURE, key)


def parse_verifier_key(text: str) -> tuple[str, bytes, PublicKey]:
    """Read `name+hint+base64` (signed-note), a log's or a witness's: its name, hint and key."""
    match = _VERIFIER_KEY.fullmatch(text)
    if match is None:
        raise ParseError(f"not a verifier key as in name+0a1b2c3d+AZ…: {shown(text, longest=160)}")
    name, key_hint, data = match[1], hexdecode(match[2]), b64decode(match[3])
    kind, key = data[0], _key_of(data[0], data[1:])
    key_id = key.fingerprint.value if kind == _ECDSA else _key_id(name, kind, key)
    if key_id[:HINT_SIZE] != key_hint:
        raise ParseError("a verifier key with the hint of another one")
    return name, key_hint, key


def _key_of(kind: int, data: bytes) -> PublicKey:
    if kind == _ECDSA:
        key = PublicKey.parse(data)
        if key.kind.startswith("ECDSA"):
            return key
    elif kind in {_ED25519, _COSIGNATURE} and len(data) == ED25519_SIZE:
        return PublicKey.parse(_ED25519_SPKI + data)
    raise UnsupportedError("a verifier key that is neither of Ed25519 nor of ECDSA")


def _key_id(name: str, kind: int, key: PublicKey) -> bytes:
    raw = key.spki[-ED25519_SIZE:]
    return sha256(b"%b\n%c%b" % (name.encode("utf-8"), kind, raw)).digest()


def _verifies(key: PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message, check=Check.CHECKPOINT)
    except VerificationError:
        return False
    return True


def _demand_note(envelope: str) -> None:
    try:
        data = envelope.encode()
    except UnicodeEncodeError:
        raise ParseError("half of a surrogate pair in a checkpoint") from None
    if len(data) > LARGEST_CHECKPOINT:
        raise ParseError(f"a checkpoint of {len(data)} bytes, more than {LARGEST_CHECKPOINT}")
    if _CONTROL.search(data):
        raise ParseError("a control character in a checkpoint")


def _read(what: str, parse: Callable[[str], T], line: str) -> T:
    try:
        return parse(line)
    except ParseError as error:
        raise ParseError(f"the {what} of a checkpoint: {error.message}") from None


def _root(line: str) -> bytes:
    root = b64decode(line)
    if len(root) != ROOT_SIZE:
        raise ParseError(f"{len(root)} bytes, where a hash has {ROOT_SIZE}")
    return root


def _signatures(lines: Sequence[str]) -> tuple[NoteSignature, ...]:
    if len(lines) > MOST_SIGNATURES:
        raise ParseError(f"{len(lines)} signatures under a checkpoint")
    return tuple(_signature(line) for line in lines)


def _signature(line: str) -> NoteSignature:
    match = _SIGNATURE_LINE.fullmatch(line)
    if match is None:
        raise ParseError(f"not a signature line of a checkpoint: {shown(line, longest=120)}")
    data = _read("signature", b64decode, match[2])
    if len(data) <= HINT_SIZE:
        raise ParseError(f"a signature of {len(data)} bytes under a checkpoint, key hint included")
    return NoteSignature(name=match[1], key_hint=data[:HINT_SIZE], signature=data[HINT_SIZE:])

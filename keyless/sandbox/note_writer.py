# SPDX-License-Identifier: Apache-2.0
"""Checkpoints, signed: by the log whose tree they commit to, and by its witnesses (C2SP).

A checkpoint is its text and, below a blank line, as many signature lines as there are signers. Each
line is written on its own, so that a checkpoint can also be made that lacks the one it needs.
"""

from collections.abc import Iterable
from datetime import datetime

from keyless.protocol.checkpoint import cosignature_key_id, note_key_id
from keyless.protocol.encoding import b64encode
from keyless.protocol.keys import algorithm_named
from keyless.protocol.signing_keys import SigningKey
from keyless.sandbox.merkle_log import MerkleLog

_ED25519 = algorithm_named("PKIX_ED25519")


def checkpoint_text(
    origin: str, tree: MerkleLog, *, size: int, extensions: Iterable[str] = ()
) -> str:
    """Write what a checkpoint says: which log, how many entries, which root."""
    lines = (origin, str(size), b64encode(tree.root(size)), *extensions)
    return "".join(f"{line}\n" for line in lines)


def signed_note(text: str, lines: Iterable[str]) -> str:
    """Put signature *lines* under *text*."""
    return f"{text}\n{''.join(lines)}"


def signature_line(text: str, *, name: str, key: SigningKey) -> str:
    """Sign *text* as the log *name*."""
    return _line(name, note_key_id(name, key.public), key.sign(text.encode("utf-8")))


class Witness:
    """Somebody else who has seen a log's checkpoint, and says when (tlog-cosignature)."""

    def __init__(self, name: str, *, key: SigningKey | None = None) -> None:
        self._key = key or SigningKey.generate(_ED25519)
        self.name = name
        self.key = self._key.public

    def cosignature_line(self, text: str, *, at: datetime) -> str:
        """Sign *text*, and the time *at* which it was seen."""
        seconds = int(at.timestamp())
        message = f"cosignature/v1\ntime {seconds}\n{text}".encode()
        signature = seconds.to_bytes(8, "big") + self._key.sign(message)
        return _line(self.name, cosignature_key_id(self.name, self.key), signature)


def _line(name: str, key_id: bytes, signature: bytes) -> str:
    return f"— {name} {b64encode(key_id[:4] + signature)}\n"

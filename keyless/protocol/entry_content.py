# SPDX-License-Identifier: Apache-2.0
"""What there is to show of an entry, gathered from wherever in its JSON it may stand.

Where that is in which kind of entry, `entry_kinds` knows. Whatever is not as expected becomes a
sentence that says so, and never an error; and of nothing more than so much is taken.
"""

import re
from collections.abc import Callable
from functools import partial

from keyless.errors import ParseError
from keyless.protocol.digest import Digest, hash_algorithm
from keyless.protocol.encoding import b64decode
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.recorded_key import RecordedKey, recorded_der, recorded_key
from keyless.value import value

# Of signatures, keys, digests and facts: real entries have one to five.
MOST_SHOWN = 32

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){1,128}")
_ALGORITHM = re.compile(r"[A-Za-z0-9_-]{1,40}")


@value
class RecordedDigest:
    """A digest *of* something, as in `artifact` or `payload`, by any *algorithm*."""

    of: str
    algorithm: str
    hex: str

    @property
    def digest(self) -> Digest | None:
        """The digest, where it is by a hash that signatures may use."""
        try:
            return Digest.checked(hash_algorithm(self.algorithm), bytes.fromhex(self.hex))
        except ParseError:
            return None

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"


@value
class EntryContent:
    """What an entry has: *document* is all of it, if it is JSON at all.

    *facts* are names, and what stands there; *unread* says in a sentence each what is there and
    cannot be read.
    """

    document: JsonValue
    digests: tuple[RecordedDigest, ...]
    keys: tuple[RecordedKey, ...]
    signatures: tuple[bytes, ...]
    facts: tuple[tuple[str, str], ...]
    unread: tuple[str, ...]


class Node:
    """A place in a JSON document: it may not be there, or be of another kind than expected."""

    def __init__(self, value: JsonValue) -> None:
        self.value = value

    def __getitem__(self, name: str) -> "Node":
        return Node(self.value.get(name) if isinstance(self.value, dict) else None)

    @property
    def text(self) -> str:
        """The text or number that stands here; nothing if none does."""
        return str(self.value) if isinstance(self.value, str | int) else ""

    def each(self) -> "list[Node]":
        """Return the items of the list that stands here; none if there is no list."""
        return [Node(it) for it in self.value] if isinstance(self.value, list) else []

    def members(self) -> list[tuple[str, "Node"]]:
        """Return the members of the object that stands here; none if there is no object."""
        members = self.value.items() if isinstance(self.value, dict) else ()
        return [(name, Node(it)) for name, it in members]


class Gathering:
    """What is found in an entry, thing by thing."""

    def __init__(self) -> None:
        self._digests: list[RecordedDigest] = []
        self._keys: list[RecordedKey] = []
        self._signatures: list[bytes] = []
        self._facts: list[tuple[str, str]] = []
        self._unread: list[str] = []

    def content(self, document: JsonValue) -> EntryContent:
        """Return all that was found in *document*."""
        return EntryContent(
            document=document,
            digests=tuple(self._digests[:MOST_SHOWN]),
            keys=tuple(self._keys),
            signatures=tuple(self._signatures[:MOST_SHOWN]),
            facts=tuple(self._facts[:MOST_SHOWN]),
            unread=tuple(self._unread[:MOST_SHOWN]),
        )

    def digest(self, of: str, node: Node) -> None:
        """Take the digest that stands at *node*, written as in either version of the log."""
        if node.value is None:
            return
        algorithm, text = node["algorithm"].text, node["value"].text
        if algorithm.startswith("SHA2_"):  # protobuf's
            algorithm = f"sha{algorithm.removeprefix('SHA2_')}"
            text = self.decoded(f"digest of the {of}", node["digest"]).hex()
        if _ALGORITHM.fullmatch(algorithm) and _HEX.fullmatch(text):
            found = RecordedDigest(of=of, algorithm=algorithm, hex=text.lower())
            self._digests.append(found)
        else:
            self._unread.append(f"the digest of the {of} is not written as a digest is")

    def timestamped(self, digest: Digest) -> None:
        """Take the *digest* of what a timestamp is over."""
        algorithm = digest.algorithm.value
        found = RecordedDigest(of="signature", algorithm=algorithm, hex=digest.hex)
        self._digests.append(found)

    def signature(self, node: Node, decode: Callable[[str], bytes] = b64decode) -> None:
        """Take the signature that stands at *node*."""
        if signature := self.decoded("signature", node, decode):
            self._signatures.append(signature)

    def key(self, node: Node) -> None:
        """Take the key or certificate that stands at *node*, PEM or other text in base64."""
        if data := self.decoded("key", node):
            self._add_key(data, recorded_key)

    def verifier(self, node: Node) -> None:
        """Take the key or certificate that stands at *node*, DER as in version 2 of the log."""
        for name, is_certificate in (("x509Certificate", True), ("publicKey", False)):
            if data := self.decoded("key", node[name]["rawBytes"]):
                self._add_key(data, partial(recorded_der, is_certificate=is_certificate))

    def fact(self, name: str, text: str) -> None:
        """Take what is called *name*, if there is any *text*."""
        if text:
            self._facts.append((name, text))

    def unread(self, sentence: str) -> None:
        """Take what cannot be read."""
        self._unread.append(sentence)

    def _add_key(self, data: bytes, read: Callable[[bytes], RecordedKey]) -> None:
        # Reading a certificate takes time, and a stranger may have written thousands of them.
        if len(self._keys) < MOST_SHOWN:
            self._keys.append(read(data))

    def decoded(self, what: str, node: Node, decode: Callable[[str], bytes] = b64decode) -> bytes:
        """Return the bytes that stand at *node*; none if they cannot be read."""
        try:
            return decode(node.text)
        except ParseError as error:
            self._unread.append(f"the {what} cannot be read: {error.message}")
            return b""

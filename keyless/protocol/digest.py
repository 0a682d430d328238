# SPDX-License-Identifier: Apache-2.0
"""Digests: which hash, and its value. A signature over any but these three is worth nothing."""

import hashlib
import re
from enum import Enum

from keyless.errors import ParseError
from keyless.protocol.encoding import hexdecode
from keyless.safe_text import shown
from keyless.value import value


class HashAlgorithm(Enum):
    """A hash by its everyday name, the one that `sha256:…` and Rekor v1 use."""

    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"

    __hash__ = object.__hash__  # each is one object; Enum's own hashes the name, in Python

    @property
    def size(self) -> int:
        """How many bytes its digests have."""
        return _SIZES[self]

    @property
    def protobuf_name(self) -> str:
        """What bundles call it, as in `SHA2_256`."""
        return f"SHA2_{self.value[3:]}"

    def hash(self, data: bytes) -> bytes:
        """Hash *data*."""
        return _HASHERS[self](data).digest()


_HASHERS = {
    HashAlgorithm.SHA256: hashlib.sha256,
    HashAlgorithm.SHA384: hashlib.sha384,
    HashAlgorithm.SHA512: hashlib.sha512,
}
_SIZES = {HashAlgorithm.SHA256: 32, HashAlgorithm.SHA384: 48, HashAlgorithm.SHA512: 64}
_BY_NAME = {algorithm.value: algorithm for algorithm in HashAlgorithm}
_BY_PROTOBUF_NAME = {algorithm.protobuf_name: algorithm for algorithm in HashAlgorithm}
_TEXT = re.compile(r"([a-z0-9]+):([0-9a-f]+)")


@value
class Digest:
    """The hash of an artifact, standing for the artifact."""

    algorithm: HashAlgorithm
    value: bytes

    def __init__(self, *, algorithm: HashAlgorithm, value: bytes) -> None:
        if len(value) != algorithm.size:
            raise ParseError(
                f"a {algorithm.value} digest has {algorithm.size} bytes, this one has {len(value)}"
            )
        self.__dict__.update(algorithm=algorithm, value=value)

    @classmethod
    def of(cls, data: bytes, algorithm: HashAlgorithm = HashAlgorithm.SHA256) -> "Digest":
        """Hash *data*."""
        return cls(algorithm=algorithm, value=algorithm.hash(data))

    @classmethod
    def parse(cls, text: str) -> "Digest":
        """Read `sha256:…` in lower-case hexadecimal."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise ParseError(f"not a digest as in sha256:0f5e…: {shown(text, longest=160)}")
        return cls.checked(hash_algorithm(match[1]), hexdecode(match[2]))

    @classmethod
    def checked(cls, algorithm: HashAlgorithm, value: bytes) -> "Digest":
        """Pair *algorithm* with *value*, given by position."""
        return cls(algorithm=algorithm, value=value)

    @property
    def hex(self) -> str:
        """The value in hexadecimal."""
        return self.value.hex()

    def __str__(self) -> str:
        return f"{self.algorithm.value}:{self.hex}"


def hash_algorithm(name: str) -> HashAlgorithm:
    """Return the hash that is called *name* as in `sha256`, or as in `SHA2_256`."""
    algorithm = _BY_NAME.get(name) or _BY_PROTOBUF_NAME.get(name)
    if algorithm is None:
        raise ParseError(f"{shown(name, longest=80)} is not a hash that signatures may use here")
    return algorithm

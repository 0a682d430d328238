# SPDX-License-Identifier: Apache-2.0
"""What is to be signed: an artifact in whatever form it comes, and what is said of it."""

import os
from typing import BinaryIO

from keyless import files
from keyless.errors import InputError, ParseError
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.json_reader import JsonValue, json_value
from keyless.protocol.predicate_types import predicate_type_called
from keyless.protocol.statement import Statement, Subject
from keyless.safe_text import shown
from keyless.signing import LARGEST_STATEMENT

Path = files.Path
Artifact = Path | bytes | Digest | BinaryIO
Predicate = dict[str, JsonValue] | Path | bytes


def digested(
    artifact: Artifact, algorithm: HashAlgorithm = HashAlgorithm.SHA256
) -> tuple[str | None, Digest]:
    """Return the path of *artifact*, if it has one, and its digest."""
    match artifact:
        case Digest():
            return None, artifact
        case bytes():
            return None, Digest.of(artifact, algorithm)
        case str() | os.PathLike():
            return files.name_of(artifact), files.digest(artifact, algorithm=algorithm)
        case _:
            return None, files.digest_stream(artifact, algorithm=algorithm)


def stated(
    artifact: Artifact, predicate: Predicate, predicate_type: str
) -> tuple[str | None, Statement]:
    """Return the path of *artifact*, if it has one, and the statement that *predicate* is true."""
    uri = predicate_type_called(predicate_type)
    said = _predicate(predicate)
    path, digest = digested(artifact)
    # The name identifies nothing, but readers look for one.
    name = os.path.basename(path) if path is not None else str(digest)
    subject = Subject(name=name, digests=(digest,))
    return path, Statement(predicate_type=uri, subjects=(subject,), predicate=said)


def _predicate(predicate: Predicate) -> JsonValue:
    match predicate:
        case dict():
            return predicate
        case bytes():
            return _object(predicate, "the predicate")
        case _:
            data = files.read(predicate, largest=LARGEST_STATEMENT)
            return _object(data, shown(files.name_of(predicate)))


def _object(data: bytes, what: str) -> JsonValue:
    try:
        said = json_value(data)
    except ParseError as error:
        raise InputError(f"{what} is no predicate: {error.message}", hint=error.hint) from None
    if not isinstance(said, dict):
        raise InputError(f"{what} is no predicate: a predicate is a JSON object")
    return said

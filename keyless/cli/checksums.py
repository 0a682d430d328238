# SPDX-License-Identifier: Apache-2.0
r"""Lists of files with their digests, as `sha256sum` writes them.

    01b3c1c0…ad9  app-1.2.tar.gz       two spaces, or
    77d1e9c2…0e1 *app-1.2.zip          a space and an asterisk, which mean the same today
    \5c2f0b11…a07  two\nlines          a name with a newline, or a backslash, and how it is written

Names are relative to the folder of the list. It says which files belong together; who signed each
of them, its own bundle says.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping

from keyless import files
from keyless.cli.artifacts import Artifact, artifact_at, check_listed, is_bundle, refused
from keyless.errors import InputError, KeylessError, ParseError
from keyless.protocol.digest import Digest, HashAlgorithm
from keyless.protocol.encoding import hexdecode
from keyless.safe_text import shown
from keyless.value import replace

LARGEST_LIST = 16 << 20

_LINE = re.compile(r"(\\?)((?:[0-9a-fA-F]{2})+) [ *](.+)")
_ESCAPED = re.compile(r"(?:[^\\]|\\[\\nr])+")
_ESCAPE = re.compile(r"\\.")
_BY_SIZE = {algorithm.size: algorithm for algorithm in HashAlgorithm}
_ESCAPES = {r"\\": "\\", r"\n": "\n", r"\r": "\r"}
_UNESCAPES = str.maketrans({character: escape for escape, character in _ESCAPES.items()})


def artifacts_listed(path: str) -> Iterator[Artifact]:
    """Yield every artifact that the list at *path* names, and refuse what is not as it says."""
    folder = os.path.dirname(path)
    names: set[str] = set()
    found = False
    for digest, name in _lines(path):
        if name in names:
            raise ParseError(f"{shown(name)} stands there twice", path=path)
        names.add(name)
        artifact = _artifact(folder, name, digest)
        if artifact is not None:
            found = True
            yield artifact
    if not found:
        raise InputError(f"{shown(path)} lists no file to verify")


def write_list(path: str, digests: Mapping[str, Digest]) -> None:
    """Write to *path* the list of files, by their paths, and their *digests*."""
    names = {_name_in_list(path, file): digest for file, digest in digests.items()}
    lines = (_written(name, digest) for name, digest in names.items())
    files.write(path, os.fsencode("".join(lines)))


def demand_listable(path: str, named: Iterable[str]) -> None:
    """Refuse to write a list to *path*, of files that are *named*, which would be of no use.

    Nor is anything but an older list written over.
    """
    for file in named:
        _name_in_list(path, file)
    if os.path.lexists(path):
        try:
            list(_lines(path))
        except ParseError as error:
            raise InputError(
                f"{shown(path)} is there already, and is no list of digests: {error.message}",
                hint="choose another name, or remove the file",
            ) from None


def _name_in_list(path: str, file: str) -> str:
    try:
        name = os.path.relpath(file, os.path.dirname(path) or os.curdir)
    except ValueError:  # on another drive
        name = os.pardir
    name = name.replace(os.sep, "/")
    if name.split("/")[0] == os.pardir:
        raise InputError(
            f"{shown(file)} is not below the folder of {shown(path)}",
            hint="a list names what is in its own folder, or below",
        )
    return name


def _written(name: str, digest: Digest) -> str:
    escaped = name.translate(_UNESCAPES)
    mark = "" if escaped == name else "\\"
    return f"{mark}{digest.hex}  {escaped}\n"


def _lines(path: str) -> Iterator[tuple[Digest, str]]:
    data = files.read(path, largest=LARGEST_LIST)
    for number, line in enumerate(data.removesuffix(b"\n").split(b"\n"), 1):
        yield _line(os.fsdecode(line.removesuffix(b"\r")), f"{path}, line {number}")


def _line(line: str, place: str) -> tuple[Digest, str]:
    match = _LINE.fullmatch(line)
    algorithm = _BY_SIZE.get(len(match[2]) // 2) if match else None
    if match is None or algorithm is None:
        raise ParseError(
            "not a digest and the name of a file",
            path=place,
            hint="lines are as sha256sum writes them: 64 hexadecimal digits, two spaces, a name",
        )
    name = _unescaped(match[3], place) if match[1] else match[3]
    return Digest.checked(algorithm, hexdecode(match[2].lower())), name


def _unescaped(text: str, place: str) -> str:
    if not _ESCAPED.fullmatch(text):
        raise ParseError("an escape in a name that sha256sum does not write", path=place)
    return _ESCAPE.sub(lambda match: _ESCAPES[match[0]], text)


def _artifact(folder: str, name: str, digest: Digest) -> Artifact | None:
    """Return what is called *name* in *folder*; nothing for a bundle, which is as it is listed."""
    path = os.path.join(folder, name)
    parts = name.replace(os.sep, "/").split("/")
    if os.path.isabs(name) or os.path.splitdrive(name)[0] or ".." in parts:
        return refused(path, "leads out of the folder of the list")
    for depth in range(1, len(parts)):
        if os.path.islink(os.path.join(folder, *parts[:depth])):
            return refused(path, "lies behind a link")
    artifact = artifact_at(path, listed=digest)
    if artifact.problem is not None or not is_bundle(path):
        return artifact
    try:
        check_listed(artifact, files.digest(path, algorithm=digest.algorithm))
    except KeylessError as problem:
        return replace(artifact, problem=problem)
    return None

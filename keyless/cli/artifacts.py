# SPDX-License-Identifier: Apache-2.0
"""Which artifacts a command line names: files, digests, and all files in a folder.

Of a folder nothing is skipped: what can be no artifact (a link, a pipe, a folder nobody may read)
is a refusal of its own, so that "all verified" means all that is there.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from os.path import join

from keyless import files
from keyless.errors import Check, InputError, KeylessError, ParseError, VerificationError
from keyless.protocol.digest import Digest
from keyless.safe_text import shown
from keyless.value import value

DIGEST_PREFIXES = ("sha256:", "sha384:", "sha512:")
KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


@value
class Artifact:
    """One artifact as it was named: the path of a file, or only its digest.

    *listed* is what a list says its digest is; *problem* says why there is nothing to verify.
    """

    name: str
    source: str | Digest
    listed: Digest | None = None
    problem: KeylessError | None = None


def artifacts_named(names: Iterable[str]) -> Iterator[Artifact]:
    """Yield what *names* name: digests as in `sha256:…`, files, and all files in folders."""
    for name in names:
        if name.startswith(DIGEST_PREFIXES):
            yield Artifact(name=name, source=_digest(name))
        elif os.path.isdir(name):
            yield from _artifacts_in(name)
        else:  # a link that is named outright is meant
            yield Artifact(name=name, source=name)


def artifact_at(path: str, *, listed: Digest | None = None) -> Artifact:
    """Return the artifact at *path*, which something else than the command line names."""
    try:
        mode = os.lstat(path).st_mode
    except (OSError, ValueError) as error:  # a name with a NUL in it is a ValueError
        why = error.strerror if isinstance(error, OSError) else error
        return refused(path, f"cannot be read: {shown(why)}")
    if not stat.S_ISREG(mode):
        kind = KINDS.get(stat.S_IFMT(mode), "neither file nor folder")
        return refused(path, f"is {kind}", hint="only what the path itself holds can be verified")
    return Artifact(name=path, source=path, listed=listed)


def is_bundle(path: str) -> bool:
    """Say whether the file at *path* is a bundle: by its name, and by what it holds.

    Its name alone would let anything pass unverified that calls itself a bundle.
    """
    if not path.endswith(files.BUNDLE_SUFFIXES):
        return False
    try:
        files.read_bundle(path)
    except (ParseError, InputError):
        return False
    return True


def refused(path: str, why: str, *, hint: str | None = None) -> Artifact:
    """Return what stands at *path* as something that cannot be verified, and *why*."""
    problem = VerificationError(
        f"nothing that can be verified: {why}",
        check=Check.ARTIFACT,
        found=f"{shown(path)} {why}",
        wanted="a regular file",
        hint=hint,
    )
    return Artifact(name=path, source=path, problem=problem)


def check_listed(artifact: Artifact, digest: Digest) -> None:
    """Refuse *artifact*, whose digest is *digest*, if a list says otherwise."""
    if artifact.listed is not None and artifact.listed != digest:
        raise VerificationError(
            "the file is not the one that is listed",
            check=Check.ARTIFACT,
            found=f"a file with {digest}",
            wanted=f"the one with {artifact.listed}",
            hint="the file or the list was altered",
        )


def _digest(name: str) -> Digest:
    try:
        return Digest.parse(name)
    except ParseError as error:
        raise InputError(error.message, hint="a file of that name is called ./sha256:…") from None


def _artifacts_in(folder: str) -> Iterator[Artifact]:
    found = False
    for path in _paths_in(folder):
        locked = _is_folder(path)
        artifact = refused(path, "is a folder that cannot be read") if locked else artifact_at(path)
        if artifact.problem or not is_bundle(path):
            found = True
            yield artifact
    if not found:
        # Whoever emptied a folder must not have made all of it verified.
        raise InputError(
            f"{shown(folder)} holds no file to verify",
            hint="name the folder that holds the artifacts",
        )


def _paths_in(folder: str) -> Iterator[str]:
    """Yield the path of all in *folder* but the folders that were looked into, in order."""
    paths = [folder]
    while paths:
        path = paths.pop()
        names = _names_in(path) if path == folder or _is_folder(path) else None
        if names is None:
            yield path
        else:
            paths += [join(path, name) for name in reversed(names)]


def _names_in(folder: str) -> list[str] | None:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return None


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False

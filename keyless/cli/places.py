# SPDX-License-Identifier: Apache-2.0
"""Where each bundle goes, and whether it can: asked before anything is signed.

A log never forgets. A signature that is public and whose bundle cannot be kept helps nobody, so a
folder that is full, or closed, or a place that somebody else's bundle has taken, is noticed first.
"""

import os
from collections.abc import Iterable, Sequence
from os.path import basename, dirname, join, normpath

from keyless import files
from keyless.errors import InputError
from keyless.protocol.bundle import Material
from keyless.safe_text import shown
from keyless.session.signed import own_bundle
from keyless.value import value

SUFFIX = files.BUNDLE_SUFFIXES[0]
# More than any bundle of a signature takes; an attestation is as large as what it says.
ROOM = 32 << 10


@value
class Place:
    """A *file* that is to be signed, and the path of its *bundle*."""

    file: str
    bundle: str


def places_for(named: Sequence[str], *, folder: str | None = None) -> list[Place]:
    """Return the place of each file that is *named*, beside it or in *folder*."""
    places = [Place(file=file, bundle=bundle_of(file, folder)) for file in named]
    taken: dict[str, str] = {}
    for place in places:
        other = taken.setdefault(normpath(place.bundle), place.file)
        if other != place.file:
            raise InputError(
                f"{shown(other)} and {shown(place.file)} would have the same bundle, "
                f"{shown(place.bundle)}",
                hint="sign them into different folders",
            )
    return places


def bundle_of(file: str, folder: str | None, *, kind: str = "") -> str:
    """Return where the bundle of *file* goes, of that *kind*: beside it, or into *folder*."""
    return (file if folder is None else join(folder, basename(file))) + kind + SUFFIX


def demand_apart(places: Sequence[Place]) -> None:
    """Refuse *places* where a bundle would be written over a file that is to be signed."""
    signed = {_identity(place.file) for place in places} - {None}
    for place in places:
        if _identity(place.bundle) in signed:
            raise InputError(
                f"{shown(place.bundle)} is to be signed, and would be replaced by a bundle",
                hint="name another place for the bundle",
            )


def demand_room(places: Iterable[Place], *, size: int = ROOM) -> None:
    """Refuse *places* unless a bundle can be written into each folder now."""
    for folder in dict.fromkeys(dirname(place.bundle) for place in places):
        try:
            files.demand_room(folder or os.curdir, size=size)
        except InputError as error:
            raise InputError(
                f"nothing was signed, as there is no place for the bundle: {error.message}",
                hint="name another folder with --output-dir",
            ) from None


def demand_free(place: Place, material: Material, predicate_type: str | None = None) -> None:
    """Refuse *place* if something else is there than what would be replaced by the same again."""
    try:
        own_bundle(place.bundle, predicate_type, material)
    except InputError as error:
        raise InputError(
            error.message,
            hint="name another place with --bundle or --output-dir, or replace it with --overwrite",
        ) from None


def _identity(path: str) -> tuple[int, int] | None:
    """Return what tells the file at *path* from others, however it is called; None without one."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):  # a name with a NUL in it is a ValueError
        return None
    return found.st_dev, found.st_ino

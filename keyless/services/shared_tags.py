# SPDX-License-Identifier: Apache-2.0
"""Tags that many write to at once: lists of what refers to an image, and of its signatures.

A registry has no way to add to a list: a client reads it, adds its own, and writes all of it back,
and whoever was there in between is lost.

    A reads []                        A writes [a]                   A is sure, and leaves
              B reads []                          B writes [b]

Some registries write only if nothing has changed (`If-Match`); most ignore that, and say nothing.
So a writer reads again what became of it, and does not believe the first answer: somebody may have
read before it wrote, and not yet have written. Such a gap is about as long as it took itself to
read and write. It waits for several times as long, and by chance for longer, and looks twice. It
starts anew whenever its own is not there any more.
"""

import time
from collections import Counter
from collections.abc import Callable

from keyless.errors import ServiceError
from keyless.protocol.oci import Descriptor, Manifest
from keyless.services.http import Patience
from keyless.value import value

MOST_ROUNDS = 60
LOOKS = 2
SHORTEST_WAIT = 0.1
LONGEST_WAIT = 5.0
PATIENCE_FACTOR = 3.0

Change = Callable[[Manifest | None], Manifest]


@value
class Tagged:
    """What stands under a tag, None if nothing does, and by what mark a registry knows it."""

    manifest: Manifest | None
    etag: str = ""


@value
class SharedTag:
    """A tag that is shared: how it is *read*, and how it is *written* if it is still as it was.

    *write* answers False where the registry says that it is not.
    """

    name: str
    read: Callable[[], Tagged]
    write: Callable[[Manifest, Tagged], bool]
    patience: Patience


def edit(tag: SharedTag, change: Change) -> None:
    """Have *tag* stand for what *change* makes of it, and lose nobody's change."""
    mine: _Delta | None = None
    for _ in range(MOST_ROUNDS):
        started = time.monotonic()
        there = tag.read()
        if there.manifest is None and mine is not None:
            # It was there before: some registries have nothing while they are writing. To begin
            # anew would be to lose everybody.
            tag.patience.pause(1, 0)
            there = tag.read()
        if mine is None or not mine.holds(there.manifest):
            new = change(there.manifest)
            if there.manifest is not None and new.digest == there.manifest.digest:
                return
            mine = _Delta(before=_entries(there.manifest), after=_entries(new))
            if not tag.write(new, there):
                continue
        if _settled(tag, mine, time.monotonic() - started):
            return
    raise ServiceError(
        f"others keep changing {tag.name}, and what was added to it does not stay",
        service=tag.name,
        hint="let fewer sign the same image at once, or try again",
    )


@value
class _Delta:
    """What a change adds to a list, and what it takes away."""

    before: tuple[Descriptor, ...]
    after: tuple[Descriptor, ...]

    def holds(self, manifest: Manifest | None) -> bool:
        """Say whether *manifest* has all that was added, and nothing that was taken away."""
        there = Counter(_entries(manifest))
        added = Counter(self.after) - Counter(self.before)
        removed = Counter(self.before) - Counter(self.after)
        return not added - there and not removed & there


def _settled(tag: SharedTag, mine: _Delta, lap: float) -> bool:
    """Wait, and say whether *mine* is still there each time it is looked at."""
    wait = min(max(SHORTEST_WAIT, PATIENCE_FACTOR * lap), LONGEST_WAIT)
    for _ in range(LOOKS):
        tag.patience.sleep(wait * (1 + tag.patience.chance()))
        if not mine.holds(tag.read().manifest):
            return False
    return True


def _entries(manifest: Manifest | None) -> tuple[Descriptor, ...]:
    return () if manifest is None else (*manifest.layers, *manifest.manifests)

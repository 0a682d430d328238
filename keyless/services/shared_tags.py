# SPDX-License-Identifier: Apache-2.0
"""Tags that many write to at once: lists of what refers to an image, and of its signatures.

A registry has no way to add to a list: a client reads it, adds its own, and writes all of it back,
and whoever was there in between is lost.

    A reads []                        A writes [a]                   A is sure, and leaves
              B reads []                          B writes [b]

Some registries write only if nothing has changed (`If-Match`); most ignore that, and say nothing.
So a writer reads again what became of it, and does not believe the first answer: somebody may have
read before it wrote, and not yet have written. Such a gap is about as long as it took itself to
read and write. It waits for several times as long, and by chance for longer, and goes only when
nobody has changed anything while it looked several times: as long as others write, there may be one
who read early. It starts anew whenever its own is not there any more, and does not write at all on
what it read a while ago, as a machine that is busy may have kept it waiting.
"""

import time
from collections import Counter
from collections.abc import Callable

from keyless.errors import ServiceError
from keyless.protocol.oci import Descriptor, Manifest
from keyless.services.http import Patience
from keyless.services.http.patience import PASSING
from keyless.value import value

MOST_ROUNDS = 60
LOOKS = 3
MOST_LOOKS = 100
SHORTEST_WAIT = 0.1
LONGEST_WAIT = 5.0
PATIENCE_FACTOR = 3.0
# Between what was read and what is written on it; the machine was busy with something else.
STALE_SECONDS = 0.1

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
    attempts = _Attempts(tag)
    for _ in range(MOST_ROUNDS):
        started = time.monotonic()
        there = tag.read()
        if there.manifest is None and mine is not None:
            # It was there before: some registries have nothing while they are writing. To begin
            # anew would be to lose everybody.
            tag.patience.pause(1, 0)
            there = tag.read()
        read_at = time.monotonic()
        if mine is None or not mine.holds(there.manifest):
            new = change(there.manifest)
            if there.manifest is not None and new.digest == there.manifest.digest:
                return
            mine = _Delta(before=_entries(there.manifest), after=_entries(new))
            if time.monotonic() - read_at > STALE_SECONDS or not attempts.write(new, there):
                continue
        if _settled(tag, mine, time.monotonic() - started):
            return
    raise ServiceError(
        f"others keep changing {tag.name}, and what was added to it does not stay",
        service=tag.name,
        hint="let fewer sign the same image at once, or try again",
    )


class _Attempts:
    """Attempts to write *tag*: where one fails and it may pass, what is there is read anew first.

    The same bytes, sent again later, would be put over what others have written meanwhile.
    """

    def __init__(self, tag: SharedTag) -> None:
        self._tag = tag
        self._failures = 0

    def write(self, manifest: Manifest, there: Tagged) -> bool:
        """Write *manifest* in place of what was *there*; say whether it was taken."""
        try:
            return self._tag.write(manifest, there)
        except ServiceError as error:
            self._failures += 1
            is_passing = error.status is None or error.status in PASSING
            if not is_passing or self._failures >= self._tag.patience.attempts:
                raise
            self._tag.patience.pause(self._failures, 0)
            return False


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
    """Wait until nobody changes anything, and say whether *mine* is there all the time."""
    wait = min(max(SHORTEST_WAIT, PATIENCE_FACTOR * lap), LONGEST_WAIT)
    calm, last = 0, tag.read().manifest
    for _ in range(MOST_LOOKS):
        if not mine.holds(last):
            return False
        if calm == LOOKS:
            return True
        tag.patience.sleep(wait * (1 + tag.patience.chance()))
        there = tag.read().manifest
        calm = calm + 1 if there == last else 0
        last = there
    return True  # others go on and on, and none of them takes it away


def _entries(manifest: Manifest | None) -> tuple[Descriptor, ...]:
    return () if manifest is None else (*manifest.layers, *manifest.manifests)

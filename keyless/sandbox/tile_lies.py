# SPDX-License-Identifier: Apache-2.0
"""What a log that is read as files may get wrong about them: each well formed, or nearly so.

Those that all logs can tell are in `log_lies`.
"""

from collections.abc import Callable

from keyless.protocol.merkle import HASH_SIZE
from keyless.sandbox.faults import Lie, Party
from keyless.sandbox.rekor_v2 import RekorV2
from keyless.sandbox.transparency_log import LogV2
from keyless.services.http import Request, Response
from keyless.value import replace

_Change = Callable[[bytes], bytes]


def _tile_lie(name: str, change: _Change, *, entries: bool) -> Lie:
    def tell(party: Party, request: Request) -> Response:
        answer = party.handle(request)
        is_tile = "/tile/" in request.url and ("/tile/entries/" in request.url) is entries
        if answer.status != 200 or not is_tile:
            return answer
        return replace(answer, body=change(answer.body))

    return Lie(name=name, services=("rekor_v2",), tell=tell)


def _checkpoint_lie(name: str, write: Callable[[LogV2], str]) -> Lie:
    def tell(party: Party, request: Request) -> Response:
        answer = party.handle(request)
        if not isinstance(party, RekorV2) or not request.url.endswith("/checkpoint"):
            return answer
        return replace(answer, body=write(party.shard_of(request)).encode("utf-8"))

    return Lie(name=name, services=("rekor_v2",), tell=tell)


def _exchanged(bundle: bytes) -> bytes:
    """Exchange the first entry and the last."""
    first, *others = _counted(bundle)
    return b"".join((*others[-1:], *others[:-1], first))


def _without_last(bundle: bytes) -> bytes:
    return b"".join(_counted(bundle)[:-1])


def _counted(bundle: bytes) -> list[bytes]:
    """Take *bundle* apart into its entries, each with its length before it."""
    entries = []
    while bundle:
        end = 2 + int.from_bytes(bundle[:2], "big")
        entries.append(bundle[:end])
        bundle = bundle[end:]
    return entries


def _with_last_changed(tile: bytes) -> bytes:
    return tile[:-1] + bytes((tile[-1] ^ 1,))


def _of_nobody(log: LogV2) -> str:
    return log.successor(log.url).checkpoint()


def _shrunk(log: LogV2) -> str:
    return log.checkpoint(size=len(log.tree) // 2)


# Each of them is in the log, and stands where the other does.
EXCHANGED_ENTRIES = _tile_lie("exchanged entries", _exchanged, entries=True)
MISSING_ENTRY = _tile_lie("a missing entry", _without_last, entries=True)
ALTERED_ENTRY = _tile_lie("an altered entry", _with_last_changed, entries=True)
CUT_ENTRIES = _tile_lie("entries that break off", lambda bundle: bundle[:-1], entries=True)
ALTERED_TILE = _tile_lie("an altered tile", _with_last_changed, entries=False)
CUT_TILE = _tile_lie("a tile that breaks off", lambda tile: tile[:-HASH_SIZE], entries=False)
# Signed by somebody of the log's name, and by no key of the log's.
FORGED_CHECKPOINT = _checkpoint_lie("a forged checkpoint", _of_nobody)
# What it has once been: nothing but having seen a later one tells it from the truth.
SHRUNK_TREE = _checkpoint_lie("a shrunk tree", _shrunk)

TILE_LIES = (
    EXCHANGED_ENTRIES,
    MISSING_ENTRY,
    ALTERED_ENTRY,
    CUT_ENTRIES,
    ALTERED_TILE,
    CUT_TILE,
    FORGED_CHECKPOINT,
    SHRUNK_TREE,
)

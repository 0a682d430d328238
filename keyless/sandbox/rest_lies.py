# SPDX-License-Identifier: Apache-2.0
"""What a log of version 1 may get wrong when its entries are read: each well formed, and signed.

Those that all logs can tell are in `log_lies`.
"""

import json
from collections.abc import Callable

from keyless.protocol.checkpoint import Checkpoint
from keyless.protocol.entry import LogEntry
from keyless.protocol.json_reader import JsonValue
from keyless.sandbox.answering import NOT_FOUND, json_response
from keyless.sandbox.faults import Lie, Party
from keyless.sandbox.note_writer import checkpoint_text, signature_line, signed_note
from keyless.sandbox.rekor_v1 import RekorV1
from keyless.sandbox.transparency_log import LogV1
from keyless.services.http import Request, Response
from keyless.value import replace

_Tell = Callable[[LogV1, LogEntry], LogEntry]
_Document = dict[str, JsonValue]


def _entry_lie(name: str, tell_entry: _Tell) -> Lie:
    """Tell every entry otherwise, with a promise and a checkpoint that are signed as ever."""

    def tell(party: Party, request: Request) -> Response:
        if not isinstance(party, RekorV1) or _is_writing(request):
            return party.handle(request)
        return party.retelling(tell_entry).handle(request)

    return Lie(name=name, services=("rekor_v1",), tell=tell)


def _info_lie(name: str, change: Callable[[RekorV1, _Document], _Document]) -> Lie:
    """Say otherwise what the log is."""

    def tell(party: Party, request: Request) -> Response:
        answer = party.handle(request)
        if not isinstance(party, RekorV1) or not request.url.endswith("/api/v1/log"):
            return answer
        return json_response(change(party, json.loads(answer.body)))

    return Lie(name=name, services=("rekor_v1",), tell=tell)


def _is_writing(request: Request) -> bool:
    return request.method == "POST" and request.url.endswith("/api/v1/log/entries")


def _hidden(party: Party, request: Request) -> Response:
    answer = party.handle(request)
    if not isinstance(party, RekorV1) or _is_writing(request) or "/log/entries" not in request.url:
        return answer
    return json_response([]) if request.method == "POST" else NOT_FOUND


def _under_the_next_index(log: LogV1, entry: LogEntry) -> LogEntry:
    return log.promised(replace(entry, index=entry.index + 1))


def _of_another_place(log: LogV1, entry: LogEntry) -> LogEntry:
    place = (entry.index - log.earlier + 1) % len(log.tree)
    return log.promised(replace(log.entry(log.earlier + place), index=entry.index))


def _with_proof_of_another_size(log: LogV1, entry: LogEntry) -> LogEntry:
    """Give the hashes for a tree of one entry less, which is as good as any other."""
    if entry.proof is None or entry.proof.index == len(log.tree) - 1:
        return entry
    smaller = log.entry(entry.index, size=len(log.tree) - 1).proof
    hashes = () if smaller is None else smaller.hashes
    return replace(entry, proof=replace(entry.proof, hashes=hashes))


def _without_promise(_: LogV1, entry: LogEntry) -> LogEntry:
    return replace(entry, promise=None)


def _of_no_tree(log: LogV1, entry: LogEntry) -> LogEntry:
    if entry.proof is None:
        return entry
    text = checkpoint_text(log.name, log.tree, size=entry.proof.size)
    note = signed_note(text, [signature_line(text, name=log.name, key=log.secret)])
    return replace(entry, proof=replace(entry.proof, checkpoint=Checkpoint.parse(note)))


def _of_another_tree(party: RekorV1, info: _Document) -> _Document:
    return {**info, "treeID": str(party.log.tree_id + 1)}


def _without_earlier_trees(_: RekorV1, info: _Document) -> _Document:
    return {**info, "inactiveShards": []}


# It is what was asked for, and is not given out.
HIDDEN_ENTRY = Lie(name="a hidden entry", services=("rekor_v1",), tell=_hidden)
# The entry that was asked for, under a number that is another's.
WRONG_INDEX = _entry_lie("a wrong index", _under_the_next_index)
# Another entry of the log, promised under the number that was asked for.
WRONG_PLACE = _entry_lie("an entry from another place", _of_another_place)
PROOF_OF_ANOTHER_SIZE = _entry_lie("a proof of another size", _with_proof_of_another_size)
# All that is signed is its tree: of its number and time there is only the log's word.
NO_PROMISE = _entry_lie("no promise", _without_promise)
NO_TREE = _entry_lie("a checkpoint that names no tree", _of_no_tree)
ANOTHER_TREE = _info_lie("a checkpoint of another tree", _of_another_tree)
FEWER_TREES = _info_lie("fewer trees", _without_earlier_trees)

REST_LIES = (
    HIDDEN_ENTRY,
    WRONG_INDEX,
    WRONG_PLACE,
    PROOF_OF_ANOTHER_SIZE,
    NO_PROMISE,
    NO_TREE,
    ANOTHER_TREE,
    FEWER_TREES,
)

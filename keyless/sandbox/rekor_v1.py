# SPDX-License-Identifier: Apache-2.0
"""The log's wire, version 1: Rekor's REST interface, over one shard that grows and those before it.

GET  api/v1/log                         every shard, and its checkpoint
GET  api/v1/log/publicKey               the key of the log
GET  api/v1/log/proof                   that a shard of one size began as one of another
POST api/v1/log/entries                 201, or 409 for what was written down before
GET  api/v1/log/entries?logIndex=N      by its index over all shards
GET  api/v1/log/entries/<uuid>          by its name, with its tree or without
POST api/v1/log/entries/retrieve        ten at most
POST api/v1/index/retrieve              names of entries, by what they have to do with
"""

import json
from collections.abc import Callable, Mapping
from copy import copy
from threading import Lock
from urllib.parse import urlsplit

from keyless.errors import InputError, KeylessError, ParseError
from keyless.protocol.encoding import b64encode, parse_decimal, pem_encode
from keyless.protocol.entry import LogEntry
from keyless.protocol.json_reader import Json, JsonValue
from keyless.protocol.merkle import leaf_hash
from keyless.protocol.rest_entry import LEAF_DIGITS, TREE_DIGITS, parse_uuid
from keyless.safe_text import shown
from keyless.sandbox.answering import (
    NOT_FOUND,
    Handler,
    RefusedError,
    data_response,
    json_response,
    media_type,
    path_under,
    query_of,
    refused,
)
from keyless.sandbox.proposals import LARGEST_PROPOSAL, Accepted, accept_v1
from keyless.sandbox.rest_writer import rest_json, shard_json
from keyless.sandbox.search_index import SearchIndex, keys_of
from keyless.sandbox.transparency_log import LogV1
from keyless.services.http import Request, Response

Note = Callable[[dict[str, JsonValue]], None]
Tell = Callable[[LogV1, LogEntry], LogEntry]

MOST_RETRIEVED = 10
_MOST_COUNTED = 1000
_ENTRIES = "api/v1/log/entries"


class RekorV1:
    """The wire of a log whose present shard is *log*. May be shared between threads.

    What it has beside its trees, an *index* and *attestations*, it gives to *note* as it comes.
    """

    def __init__(self, log: LogV1) -> None:
        self._appending = Lock()
        self._tell: Tell = _as_it_is
        self.shards = [log]
        self.index = SearchIndex()
        self.attestations: dict[bytes, bytes] = {}
        self.note: Note = _unnoted

    @property
    def log(self) -> LogV1:
        """The shard that grows."""
        return self.shards[-1]

    def rotate(self) -> LogV1:
        """Close the present shard, and go on in a new one."""
        with self._appending:
            self.shards.append(self.log.successor())
            self.note({"shard": str(self.log.tree_id)})
            return self.log

    def retelling(self, tell: Tell) -> "RekorV1":
        """Return another wire of the same log, over which entries come as *tell* has them."""
        other = copy(self)
        other._tell = tell  # noqa: SLF001 - its own
        return other

    def handle(self, request: Request) -> Response:
        """Answer *request*."""
        try:
            return self._answer(request)
        except RefusedError as refusal:
            return refused(refusal.status, refusal.words)
        except InputError as error:  # an entry cannot be kept
            return refused(500, error.message)
        except KeylessError as error:
            return refused(400, error.message)

    def _answer(self, request: Request) -> Response:
        path = path_under(self.log.url, request)
        if answer := self._routes().get((request.method, path)):
            return answer(request)
        name = path.removeprefix(f"{_ENTRIES}/")
        return self._by_name(name) if request.method == "GET" and name != path else NOT_FOUND

    def _routes(self) -> Mapping[tuple[str, str], Handler]:
        return {
            ("GET", "api/v1/log"): self._info,
            ("GET", "api/v1/log/publicKey"): self._public_key,
            ("GET", "api/v1/log/proof"): self._proof,
            ("GET", _ENTRIES): self._by_index,
            ("POST", _ENTRIES): self._append,
            ("POST", f"{_ENTRIES}/retrieve"): self._retrieve,
            ("POST", "api/v1/index/retrieve"): self._search,
        }

    def _info(self, _: Request) -> Response:
        *inactive, present = (shard_json(log) for log in self.shards)
        # As Go writes a list that was never begun.
        return json_response({**present, "inactiveShards": [*inactive] or None})

    def _public_key(self, request: Request) -> Response:
        key = self._shard_named(query_of(request)).key
        pem = pem_encode("PUBLIC KEY", key.spki)
        return data_response(pem.encode("ascii"), "application/x-pem-file")

    def _proof(self, request: Request) -> Response:
        query = query_of(request)
        log = self._shard_named(query)
        first, last = _size(query, "firstSize", "1"), _size(query, "lastSize", "0")
        if not 0 < first <= last:
            raise RefusedError(400, f"firstSize({first}) must be less than lastSize({last})")
        if last > (known := len(log.tree)):
            raise RefusedError(
                400,
                f"the tree size requested({last}) was greater than what is currently "
                f"observable({known})",
            )
        hashes: list[JsonValue] = [
            each.hex() for each in log.tree.prove_consistency(first, size=last)
        ]
        return json_response({"rootHash": log.tree.root(last).hex(), "hashes": hashes})

    def _shard_named(self, query: Mapping[str, str]) -> LogV1:
        if (tree_id := query.get("treeID")) is None:
            return self.log
        for log in self.shards:
            if str(log.tree_id) == tree_id:
                return log
        raise RefusedError(400, f"no shard has the tree ID {shown(tree_id, longest=80)}")

    def _append(self, request: Request) -> Response:
        if media_type(request) != "application/json":
            raise RefusedError(415, "only application/json is taken here")
        accepted = accept_v1(request.body or b"")
        leaf = leaf_hash(accepted.body)
        with self._appending:
            log = self.log
            known = log.tree.find(leaf)
            entry = log.append(accepted.body) if known is None else log.entry(log.earlier + known)
        uuid = log.uuid(entry)
        if known is not None:
            return refused(
                409,
                f"an equivalent entry already exists in the transparency log with UUID {uuid}",
                headers=(("Location", f"{self._path}/{uuid}"),),
            )
        self._note(uuid, leaf, accepted)
        headers = ("Location", f"{self._path}/{uuid}"), ("ETag", uuid)
        return json_response(self._named(log, entry.index), status=201, headers=headers)

    def _note(self, uuid: str, leaf: bytes, accepted: Accepted) -> None:
        """Note what is found by whom, and what is kept beside an entry."""
        keys = [*keys_of(accepted)]
        if accepted.attestation is not None:
            self.attestations[leaf] = accepted.attestation
            self.note({"leaf": leaf.hex(), "attestation": b64encode(accepted.attestation)})
        self.index.add(uuid, keys)
        self.note({"uuid": uuid, "keys": [*keys]})

    @property
    def _path(self) -> str:
        """Where entries are, on this host."""
        return f"{urlsplit(self.log.url).path.rstrip('/')}/{_ENTRIES}"

    def _by_index(self, request: Request) -> Response:
        text = query_of(request).get("logIndex")
        if text is None or not text.isdecimal():
            raise RefusedError(422, "logIndex in query is required, and is not negative")
        found = self._at(parse_decimal(text))
        return json_response(found) if found else NOT_FOUND

    def _by_name(self, name: str) -> Response:
        found = self._called(_name(name))
        return json_response(found) if found else NOT_FOUND

    def _search(self, request: Request) -> Response:
        return json_response([*self.index.find(_json(request))])

    def _retrieve(self, request: Request) -> Response:
        query = _json(request)
        uuids = query.texts("entryUUIDs", most=_MOST_COUNTED)
        indexes = _indexes(query)
        proposals = _proposals(query)
        if len(uuids) + len(indexes) + len(proposals) > MOST_RETRIEVED:
            raise RefusedError(422, f"more than max allowed {MOST_RETRIEVED} entries in request")
        leaves = (leaf_hash(accept_v1(each).body) for each in proposals)
        names = [*map(_name, uuids), *(leaf.hex() for leaf in leaves)]
        found = [*map(self._called, names), *map(self._at, indexes)]
        # Those that are not there are left out without a word, as by the real one.
        return json_response([each for each in found if each])

    def _at(self, index: int) -> dict[str, JsonValue]:
        """Return the entry at *index*, over all shards, by its name; nothing when there is none."""
        for log in self.shards:
            if log.earlier <= index < log.earlier + len(log.tree):
                return self._named(log, index)
        return {}

    def _called(self, uuid: str) -> dict[str, JsonValue]:
        """Return the entry called *uuid*, by its whole name; nothing when there is none."""
        leaf = bytes.fromhex(uuid[-LEAF_DIGITS:])
        for log in reversed(self.shards):
            of_this = len(uuid) == LEAF_DIGITS or uuid[:TREE_DIGITS] == f"{log.tree_id:016x}"
            if of_this and (place := log.tree.find(leaf)) is not None:
                return self._named(log, log.earlier + place)
        return {}

    def _named(self, log: LogV1, index: int) -> dict[str, JsonValue]:
        entry = self._tell(log, log.entry(index))
        return {log.uuid(entry): self._entry(entry)}

    def _entry(self, entry: LogEntry) -> dict[str, JsonValue]:
        answer = rest_json(entry)
        if (attestation := self.attestations.get(entry.leaf)) is not None:
            answer["attestation"] = {"data": b64encode(attestation)}
        return answer


def _unnoted(_: dict[str, JsonValue]) -> None:
    """Keep nothing: a sandbox is gone with its process, unless it is told otherwise."""


def _as_it_is(_: LogV1, entry: LogEntry) -> LogEntry:
    return entry


def _size(query: Mapping[str, str], name: str, usual: str) -> int:
    text = query.get(name, usual)
    if not text.isdecimal():
        raise RefusedError(422, f"{name} in query is not a number")
    return parse_decimal(text)


def _proposals(query: Json) -> list[bytes]:
    return [json.dumps(each).encode("utf-8") for each in _list(query, "entries")]


def _indexes(query: Json) -> list[int]:
    values = _list(query, "logIndexes")
    indexes = [each for each in values if isinstance(each, int) and each >= 0]
    if len(indexes) < len(values):
        raise RefusedError(422, "logIndexes in body is a list of something else than indexes")
    return indexes


def _list(query: Json, name: str) -> list[JsonValue]:
    values = query.value(name) if query.has(name) else []
    if not isinstance(values, list):
        raise RefusedError(422, f"{name} in body is no list")
    return values


def _json(request: Request) -> Json:
    return Json.parse(request.body or b"", largest=LARGEST_PROPOSAL)


def _name(text: str) -> str:
    try:
        return parse_uuid(text)
    except ParseError as error:
        raise RefusedError(422, error.message) from None

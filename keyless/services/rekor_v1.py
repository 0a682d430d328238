# SPDX-License-Identifier: Apache-2.0
"""The log of signatures, version 1: a client of Rekor's REST interface.

POST api/v1/log/entries              201 with the entry; 409 with the place of the same one
GET  api/v1/log/entries?logIndex=…   by its index over all shards
GET  api/v1/log/entries/<uuid>       by its name
POST api/v1/log/entries/retrieve     several by index or by name; ten at most, the missing left out
POST api/v1/index/retrieve           the names of entries that have to do with something
GET  api/v1/log                      the shards: how large they are, under which checkpoint
GET  api/v1/log/proof                that a shard of one size began as one of another
"""

import json as json_text
import re
from collections.abc import Collection, Iterable, Sequence
from functools import partial

from keyless.errors import Check, InputError, ServiceError, VerificationError
from keyless.protocol.entry import LARGEST_EXACT, LogEntry
from keyless.protocol.json_reader import Json, JsonValue
from keyless.protocol.proposal import Proposal
from keyless.protocol.rest_entry import (
    LEAF_DIGITS,
    RestEntry,
    check_name,
    parse_entries,
    parse_uuid,
)
from keyless.protocol.rest_log import GrowthProof, LogInfo
from keyless.protocol.rest_search import Search, parse_found
from keyless.services.answers import advising, answer_of
from keyless.services.http import (
    PATIENCE,
    Patience,
    Request,
    Response,
    Transport,
    awaited,
    joined,
    place,
    send,
)
from keyless.services.http.messages import LARGEST_BODY

MOST_RETRIEVED = 10
# Entries may hold attestations of some megabytes, and ten come at once.
LARGEST_RETRIEVED = 96 << 20
SECONDS = 30.0
CONFLICT, NOT_FOUND = 409, 404

_PLACE = re.compile(r"(?:.*/)?([0-9a-f]{80}|[0-9a-f]{64})")
_WRITING = {
    400: "the log could not verify the signature, or does not take entries of this kind",
    413: "what was to be logged is too large for this log",
}
_READING = {
    404: "no entry has this name or number, or not yet",
    422: "the log does not take such a question",
}
_SEARCHING = {
    **_READING,
    501: "this log has no search: whoever runs it has turned it off",
}
_ACCEPT = ("Accept", "application/json")


class RekorV1:
    """The log at *url*; *patience* is for an entry that is written down and not yet to be had."""

    def __init__(self, url: str, transport: Transport, *, patience: Patience = PATIENCE) -> None:
        self.name = f"transparency log {place(url)}"
        self._url = joined(url, "api/v1")
        self._transport = transport
        self._patience = patience

    def append(self, proposal: Proposal) -> LogEntry:
        """Have *proposal* written down; what was written down before is found again.

        The entry that comes is what was proposed; that it is in the log is yet to be verified.
        """
        response = self._send("entries", body=proposal.v1_body(), also=(CONFLICT,))
        if response.status == CONFLICT:
            found = self._known(response)
        else:
            with answer_of(self.name):
                found = RestEntry.parse(Json.parse(response.body))
        with answer_of(self.name):
            proposal.matches(found.entry)
        return found.entry

    def entry(self, index: int) -> RestEntry:
        """Return the entry at *index*, counted over all shards; it is yet to be verified."""
        if not 0 <= index <= LARGEST_EXACT:
            raise InputError(f"{index} is not the index of an entry")
        response = self._send(f"entries?logIndex={index}")
        with answer_of(self.name):
            found = RestEntry.parse(Json.parse(response.body))
            if found.entry.index != index:
                raise _another(f"entry {found.entry.index}", f"entry {index}")
        return found

    def entries(self, indexes: Sequence[int]) -> dict[int, RestEntry]:
        """Return those entries at *indexes*, ten at most, that are there; yet to be verified."""
        found = self._retrieve({"logIndexes": [*indexes]}, len(indexes))
        by_index = {each.entry.index: each for each in found}
        self._demand_asked((f"entry {each}" for each in by_index), [f"entry {i}" for i in indexes])
        return by_index

    def entries_called(self, uuids: Sequence[str]) -> dict[str, RestEntry]:
        """Return those entries called *uuids*, ten at most, that are there, by these names."""
        found = self._retrieve({"entryUUIDs": [*map(parse_uuid, uuids)]}, len(uuids))
        by_leaf = {uuid[-LEAF_DIGITS:]: uuid for uuid in uuids}
        self._demand_asked((each.uuid[-LEAF_DIGITS:] for each in found), [*by_leaf])
        by_uuid = {by_leaf[each.uuid[-LEAF_DIGITS:]]: each for each in found}
        with answer_of(self.name):
            for uuid, each in by_uuid.items():
                check_name(uuid, each.entry)
        return by_uuid

    def search(self, search: Search) -> tuple[str, ...]:
        """Return the names of entries that have to do with what *search* says.

        Nothing vouches for it: what is found is to be looked up, and more may be there.
        """
        with advising(_SEARCHING):
            response = self._post("index/retrieve", search.to_json())
        with answer_of(self.name):
            return parse_found(response.body)

    def growth_proof(self, first: int, second: int, *, tree_id: int) -> GrowthProof:
        """Return why the tree of *second* entries began as that of *first*; yet to be verified."""
        response = self._send(f"proof?firstSize={first}&lastSize={second}&treeID={tree_id}")
        with answer_of(self.name):
            return GrowthProof.parse(Json.parse(response.body))

    def entry_by_uuid(self, uuid: str) -> RestEntry:
        """Return the entry called *uuid*, with its tree or without; it is yet to be verified."""
        response = self._send(f"entries/{parse_uuid(uuid)}")
        return self._called(uuid, response)

    def log_info(self) -> LogInfo:
        """Return which shards the log has, and their checkpoints, which are yet to be verified."""
        response = self._send()
        with answer_of(self.name):
            return LogInfo.parse(Json.parse(response.body))

    def _known(self, conflict: Response) -> RestEntry:
        """Return the entry that stands in the way of writing it down once more."""
        match = _PLACE.fullmatch(conflict.header("Location"))
        if match is None:
            raise ServiceError(
                f"the {self.name} has written this down before, and does not say where",
                service=self.name,
                status=CONFLICT,
            )
        # Only the name is taken from there: it is this log that is asked, and no other server.
        found = awaited(partial(self._find, match[1]), self._patience)
        if found is None:
            raise ServiceError(
                f"the {self.name} has written this down before, and does not give it out yet",
                service=self.name,
                status=NOT_FOUND,
                hint="try again later",
            )
        return found

    def _find(self, uuid: str) -> RestEntry | None:
        response = self._send(f"entries/{uuid}", also=(NOT_FOUND,))
        return None if response.status == NOT_FOUND else self._called(uuid, response)

    def _called(self, uuid: str, response: Response) -> RestEntry:
        with answer_of(self.name):
            found = RestEntry.parse(Json.parse(response.body))
            check_name(uuid, found.entry)
        return found

    def _retrieve(self, query: dict[str, JsonValue], count: int) -> tuple[RestEntry, ...]:
        if count > MOST_RETRIEVED:
            raise InputError(f"{count} entries at once, where a log gives {MOST_RETRIEVED}")
        body = json_text.dumps(query).encode("utf-8")
        path = "log/entries/retrieve"
        with advising(_READING):
            response = self._post(path, body, largest=LARGEST_RETRIEVED)
        with answer_of(self.name):
            return parse_entries(response.body, most=count, largest=LARGEST_RETRIEVED)

    def _demand_asked(self, found: Iterable[str], asked: Collection[str]) -> None:
        """Refuse an answer with something in it that nobody asked for."""
        with answer_of(self.name):
            for each in found:
                if each not in asked:
                    raise _another(each, ", ".join(asked))

    def _send(
        self, path: str = "", *, body: bytes | None = None, also: Collection[int] = ()
    ) -> Response:
        """Ask about the log: *body* is what to write down."""
        with advising(_READING if body is None else _WRITING):
            if body is not None:
                return self._post(f"log/{path}", body, also=also)
            request = Request(
                method="GET",
                url=joined(self._url, f"log/{path}" if path else "log"),
                headers=(_ACCEPT,),
                seconds=SECONDS,
            )
            return send(self._transport, request, service=self.name, also=also)

    def _post(
        self, path: str, body: bytes, *, largest: int = LARGEST_BODY, also: Collection[int] = ()
    ) -> Response:
        request = Request(
            method="POST",
            url=joined(self._url, path),
            headers=(_ACCEPT, ("Content-Type", "application/json")),
            body=body,
            seconds=SECONDS,
            largest=largest,
        )
        return send(self._transport, request, service=self.name, also=also)


def _another(found: str, wanted: str) -> VerificationError:
    return VerificationError(
        "the entry is another than the one that was asked for",
        check=Check.ENTRY,
        found=found,
        wanted=wanted,
        hint="do not rely on this log, and tell whoever runs it",
    )

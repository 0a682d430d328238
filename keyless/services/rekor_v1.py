# SPDX-License-Identifier: Apache-2.0
"""The log of signatures, version 1: a client of Rekor's REST interface.

POST api/v1/log/entries              201 with the entry; 409 with the place of the same one
GET  api/v1/log/entries?logIndex=…   by its index over all shards
GET  api/v1/log/entries/<uuid>       by its name
GET  api/v1/log                      the shards: how large they are, under which checkpoint
"""

import re
from collections.abc import Collection
from functools import partial

from keyless.errors import Check, InputError, ServiceError, VerificationError
from keyless.protocol.entry import LARGEST_EXACT, LogEntry
from keyless.protocol.json_reader import Json
from keyless.protocol.proposal import Proposal
from keyless.protocol.rest_entry import RestEntry, check_name, parse_uuid
from keyless.protocol.rest_log import LogInfo
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

SECONDS = 30.0
CONFLICT, NOT_FOUND = 409, 404

_PLACE = re.compile(r"(?:.*/)?([0-9a-f]{80}|[0-9a-f]{64})")
_WRITING = {
    400: "the log could not verify the signature, or does not take entries of this kind",
    413: "what was to be logged is too large for this log",
}
_READING = {404: "no entry has this name or number, or not yet"}


class RekorV1:
    """The log at *url*; *patience* is for an entry that is written down and not yet to be had."""

    def __init__(self, url: str, transport: Transport, *, patience: Patience = PATIENCE) -> None:
        self.name = f"transparency log {place(url)}"
        self._url = joined(url, "api/v1/log")
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
                raise VerificationError(
                    "the entry is another than the one that was asked for",
                    check=Check.ENTRY,
                    found=f"entry {found.entry.index}",
                    wanted=f"entry {index}",
                    hint="do not rely on this log, and tell whoever runs it",
                )
        return found

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

    def _send(
        self, path: str = "", *, body: bytes | None = None, also: Collection[int] = ()
    ) -> Response:
        accept = ("Accept", "application/json")
        request = Request(
            method="GET" if body is None else "POST",
            url=joined(self._url, path) if path else self._url,
            headers=(accept,) if body is None else (accept, ("Content-Type", "application/json")),
            body=body,
            seconds=SECONDS,
        )
        with advising(_READING if body is None else _WRITING):
            return send(self._transport, request, service=self.name, also=also)

# SPDX-License-Identifier: Apache-2.0
"""The log's wire, version 2: one call to write, and files to read (rekor-tiles, C2SP tlog-tiles).

POST api/v2/log/entries                    201; 409 with x-log-index; 405 when it is frozen
GET  api/v2/checkpoint
GET  api/v2/tile/<level>/<index>[.p/<width>]
GET  api/v2/tile/entries/<index>[.p/<width>]
"""

import re
from collections.abc import Callable
from copy import copy
from threading import Lock

from keyless.errors import InputError, KeylessError
from keyless.protocol.entry import LogEntry
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.merkle import leaf_hash
from keyless.protocol.tiles import WIDEST
from keyless.sandbox.answering import NOT_FOUND, data_response, json_response, path_under, refused
from keyless.sandbox.proposals import accept_v2
from keyless.sandbox.transparency_log import LogV2
from keyless.services.http import Request, Response

Tell = Callable[[LogV2, LogEntry], LogEntry]

FROZEN = b"This log has been frozen, please switch to the latest log.\n"

_INVALID_ARGUMENT, _ALREADY_EXISTS, _INTERNAL = 3, 6, 13
_HEIGHT = 8
_TILE = re.compile(
    r"api/v2/tile/(?P<level>entries|[0-9]{1,2})/(?P<index>(?:x[0-9]{3}/){0,5}[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)
_OCTETS = "application/octet-stream"


class RekorV2:
    """The wire of a log whose present shard is *log*. May be shared between threads.

    A shard that is *frozen* takes no more entries, as those before the present one do not; one that
    *tidies* up gives out no partial tile in whose place there is a full one.
    """

    def __init__(self, log: LogV2) -> None:
        self._appending = Lock()
        self._tell: Tell = _as_it_is
        self.shards = [log]
        self.frozen = False
        self.tidies = False

    @property
    def log(self) -> LogV2:
        """The shard that grows."""
        return self.shards[-1]

    def retelling(self, tell: Tell) -> "RekorV2":
        """Return another wire of the same log, over which entries come as *tell* has them."""
        other = copy(self)
        other._tell = tell  # noqa: SLF001 - its own
        return other

    def handle(self, request: Request) -> Response:
        """Answer *request*."""
        log = self.shard_of(request)
        path = path_under(log.url, request)
        match request.method, path:
            case "POST", "api/v2/log/entries":
                return self._append(log, request)
            case "GET", "api/v2/checkpoint":
                return data_response(log.checkpoint().encode("utf-8"), "text/plain")
            case "GET", _:
                return self._tile(log, path)
            case _:
                return NOT_FOUND

    def shard_of(self, request: Request) -> LogV2:
        """Return which shard is asked: the present one unless another is."""
        earlier = (log for log in self.shards if request.url.startswith(f"{log.url}/api/"))
        return next(earlier, self.log)

    def _append(self, log: LogV2, request: Request) -> Response:
        if self.frozen or log is not self.log:
            return data_response(FROZEN, "text/plain", status=405)
        try:
            body = accept_v2(request.body or b"").body
        except KeylessError as error:
            message = f"invalid hashedrekord request: {error.message}"
            return refused(400, message, code=_INVALID_ARGUMENT)
        try:
            with self._appending:
                known = log.tree.find(leaf_hash(body))
                entry = None if known is not None else log.append(body)
        except InputError as error:  # it cannot be kept
            return refused(500, error.message, code=_INTERNAL)
        if entry is None:
            message = (
                f"an equivalent entry already exists in the transparency log with index {known}"
            )
            headers = (("x-log-index", str(known)),)
            return refused(409, message, code=_ALREADY_EXISTS, headers=headers)
        return json_response(entry_json(self._tell(log, entry)), status=201)

    def _tile(self, log: LogV2, path: str) -> Response:
        match = _TILE.fullmatch(path)
        if match is None:
            return NOT_FOUND
        level = 0 if match["level"] == "entries" else int(match["level"])
        index = int(match["index"].replace("x", "").replace("/", ""))
        wanted = int(match["width"] or WIDEST)
        start = index * WIDEST
        hashes = log.tree.nodes(_HEIGHT * level, start, start + WIDEST)
        is_gone = self.tidies and wanted < len(hashes) == WIDEST
        if wanted > len(hashes) or is_gone:
            return NOT_FOUND
        if match["level"] != "entries":
            return data_response(b"".join(hashes[:wanted]), _OCTETS)
        bodies = (log.tree[each] for each in range(start, start + wanted))
        counted = (len(body).to_bytes(2, "big") + body for body in bodies)
        return data_response(b"".join(counted), _OCTETS)


def _as_it_is(_: LogV2, entry: LogEntry) -> LogEntry:
    return entry


def entry_json(entry: LogEntry) -> JsonValue:
    """Write *entry* as it is answered with: as in a bundle, and with what it has not as well."""
    return {**entry.to_json(), "integratedTime": "0", "inclusionPromise": None}

# SPDX-License-Identifier: Apache-2.0
"""The log of signatures, version 2: a client of its one call, and of the files it is read from.

POST api/v2/log/entries             201 with the entry, once a checkpoint covers it;
                                    409 with the index of the same one, and nothing more
GET  api/v2/checkpoint              what the log commits to
GET  api/v2/tile/<level>/<index>    hashes, from which proofs are made (C2SP tlog-tiles)
GET  api/v2/tile/entries/<index>    entries
"""

from collections.abc import Sequence
from functools import partial

from keyless.errors import Check, InputError, ServiceError, VerificationError
from keyless.protocol.checkpoint import HINT_SIZE, Checkpoint
from keyless.protocol.encoding import LARGEST_INT64, parse_decimal
from keyless.protocol.entry import InclusionProof, LogEntry
from keyless.protocol.json_reader import Json
from keyless.protocol.merkle import leaf_hash, verify_inclusion
from keyless.protocol.proposal import Proposal
from keyless.protocol.tiles import (
    WIDEST,
    hashes_over,
    inclusion_ranges,
    tile_of_leaf,
    tiles_under,
)
from keyless.protocol.trusted_root import Log
from keyless.services.answers import advising, answer_of
from keyless.services.http import (
    Patience,
    Request,
    Response,
    Transport,
    awaited,
    joined,
    place,
    send,
)
from keyless.services.tiled_log import TiledLog

# It answers when a checkpoint covers the entry, which it makes every few seconds.
APPEND_SECONDS = 60.0
CONFLICT, NOT_FOUND = 409, 404

# An entry that was written down by a request whose answer got lost is covered by and by.
UNTIL_COVERED = Patience(attempts=6)

_ADVICE = {
    400: "the log could not verify the signature, or does not take keys of this kind",
    405: "the log is frozen, another has taken its place: bring trust up to date and sign again",
    413: "what was to be logged is too large for this log",
}


class RekorV2:
    """The log at *url*; *logs* are the trusted ones, among which it is found by its checkpoints."""

    def __init__(
        self,
        url: str,
        transport: Transport,
        *,
        logs: Sequence[Log] = (),
        patience: Patience = UNTIL_COVERED,
    ) -> None:
        self.name = f"transparency log {place(url)}"
        self._url = joined(url, "api/v2")
        self._transport = transport
        self._files = TiledLog(url, transport)
        self._logs = tuple(logs)
        self._patience = patience

    def append(self, proposal: Proposal) -> LogEntry:
        """Have *proposal* written down; what was written down before is found again.

        The entry that comes is what was proposed; that it is in the log is yet to be verified.
        """
        request = Request(
            method="POST",
            url=joined(self._url, "log/entries"),
            headers=(("Accept", "application/json"), ("Content-Type", "application/json")),
            body=proposal.v2_request(),
            seconds=APPEND_SECONDS,
        )
        with advising(_ADVICE):
            response = send(self._transport, request, service=self.name, also=(CONFLICT,))
        if response.status == CONFLICT:
            entry = self.entry(self._index_of(response))
        else:
            with answer_of(self.name):
                entry = LogEntry.parse(Json.parse(response.body))
        with answer_of(self.name):
            proposal.matches(entry)
        return entry

    def checkpoint(self) -> Checkpoint:
        """Return what the log commits to now; that it signs it is yet to be verified."""
        return self._files.checkpoint()

    def entry(self, index: int) -> LogEntry:
        """Return the entry at *index*, with a proof made of tiles.

        The proof leads to the root of the log's checkpoint, which one of the trusted logs signs.
        """
        if not 0 <= index <= LARGEST_INT64:
            raise InputError(f"{index} is not the index of an entry")
        checkpoint = awaited(partial(self._covering, index), self._patience)
        if checkpoint is None:
            raise ServiceError(
                f"the {self.name} has no entry {index}, or no checkpoint yet that covers it",
                service=self.name,
                status=NOT_FOUND,
                hint="try again later",
            )
        with answer_of(self.name):
            log = self._signer_of(checkpoint)
            return self._proven(index, checkpoint, log)

    def _covering(self, index: int) -> Checkpoint | None:
        checkpoint = self.checkpoint()
        return checkpoint if checkpoint.size > index else None

    def _signer_of(self, checkpoint: Checkpoint) -> Log:
        """Return which trusted log signs *checkpoint*, as its entries are called by it."""
        for log in self._logs:
            key_hint = log.checkpoint_key_id[:HINT_SIZE]
            if any((it.name, it.key_hint) == (log.name, key_hint) for it in checkpoint.signatures):
                checkpoint.verify(log.key, key_hint=key_hint, name=log.name)
                return log
        raise VerificationError(
            "no trusted log signs its checkpoint",
            check=Check.LOG,
            found=f"signatures by {', '.join(map(str, checkpoint.signatures))}",
            wanted=f"one by {', '.join(log.name for log in self._logs) or 'a trusted log'}",
            hint="the log is of another Sigstore instance, or the trusted root is too old",
        )

    def _proven(self, index: int, checkpoint: Checkpoint, log: Log) -> LogEntry:
        size = checkpoint.size
        bodies = self._files.entries(tile_of_leaf(index, size=size))
        body = bodies[index % WIDEST]
        ranges = inclusion_ranges(index, size=size)
        tiles = {tile: self._files.hashes(tile) for tile in tiles_under(ranges, size=size)}
        hashes = tuple(hashes_over(ranges, tiles, size=size))
        verify_inclusion(
            leaf_hash(body), index=index, size=size, proof=hashes, root=checkpoint.root
        )
        proof = InclusionProof(
            index=index, size=size, root=checkpoint.root, hashes=hashes, checkpoint=checkpoint
        )
        return LogEntry.in_tile(body, log_id=log.log_id, proof=proof)

    def _index_of(self, conflict: Response) -> int:
        """Return the index of the entry that stands in the way of writing it down once more."""
        with answer_of(self.name):
            return parse_decimal(conflict.header("x-log-index"))

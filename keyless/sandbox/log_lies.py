# SPDX-License-Identifier: Apache-2.0
"""What a log says that is well formed and wrong, signed with its own keys.

A forked tree, alone, cannot be told from the truth: every proof in it holds. It shows to whoever
has seen another checkpoint of the log, which is why logs have witnesses.
"""

import json
from collections.abc import Callable

from keyless.protocol.checkpoint import Checkpoint
from keyless.protocol.digest import Digest
from keyless.protocol.entry import LogEntry
from keyless.protocol.entry_body import Verifier
from keyless.protocol.json_reader import JsonValue
from keyless.protocol.merkle import HASH_SIZE
from keyless.protocol.signing_keys import SigningKey
from keyless.sandbox.answering import json_response
from keyless.sandbox.certificate_authority import P256
from keyless.sandbox.entry_writer import hashedrekord_v1, hashedrekord_v2
from keyless.sandbox.faults import Lie, Party
from keyless.sandbox.rekor_v1 import RekorV1
from keyless.sandbox.rekor_v2 import RekorV2
from keyless.sandbox.rest_writer import shard_json
from keyless.sandbox.transparency_log import LogV1, LogV2
from keyless.services.http import Request, Response
from keyless.value import replace

_Log = LogV1 | LogV2
_Tell = Callable[[_Log, LogEntry], LogEntry]
# What is said, in place of *honest*, to whoever asks what the log is.
_Read = Callable[[_Log, Request, Response], Response]

# With so many entries before it, an entry's proof has a hash, and the log has a past.
_PAST = 2


def _log_lie(name: str, tell: _Tell, read: _Read) -> Lie:
    def told(party: Party, request: Request) -> Response:
        match party:
            case RekorV1() | RekorV2():
                _demand_past(party.log)
                answer = party.retelling(tell).handle(request)
                is_reading = request.method == "GET" and answer.status == 200
                return read(party.log, request, answer) if is_reading else answer
            case _:
                return party.handle(request)

    return Lie(name=name, services=("rekor_v1", "rekor_v2"), tell=told)


def _demand_past(log: _Log) -> None:
    while len(log.tree) < _PAST:
        log.append(_somebodys(log))


def _somebodys(log: _Log) -> bytes:
    """Write down a signature of somebody whom nobody knows."""
    key, digest = SigningKey.generate(P256), Digest.of(b"something else")
    verifier = Verifier(der=key.public.spki, is_certificate=False)
    if isinstance(log, LogV1):
        return hashedrekord_v1(digest, key.sign(digest), verifier)
    return hashedrekord_v2(digest, key.sign(digest), verifier, algorithm=P256)


def _another_entry(log: _Log, _: LogEntry) -> LogEntry:
    return log.append(_somebodys(log))


def _with_bad_proof(_: _Log, entry: LogEntry) -> LogEntry:
    if entry.proof is None:
        return entry
    first, *others = entry.proof.hashes
    return replace(entry, proof=replace(entry.proof, hashes=(_flipped(first), *others)))


def _with_stale_checkpoint(log: _Log, entry: LogEntry) -> LogEntry:
    if entry.proof is None:
        return entry
    checkpoint = Checkpoint.parse(log.checkpoint(size=max(1, entry.proof.index)))
    return replace(entry, proof=replace(entry.proof, checkpoint=checkpoint))


def _forked(log: _Log, entry: LogEntry) -> LogEntry:
    return log.fork().entry(entry.index)


def _with_wrong_promise(log: _Log, entry: LogEntry) -> LogEntry:
    if isinstance(log, LogV2):
        return entry
    promised = log.promised(replace(entry, integrated_time=entry.integrated_time - 1))
    return replace(entry, promise=promised.promise)


def _as_read(_: _Log, __: Request, honest: Response) -> Response:
    return honest


def _other_entries(log: _Log, request: Request, honest: Response) -> Response:
    if "/tile/entries/" not in request.url:
        return honest
    other = _somebodys(log)
    counted = len(other).to_bytes(2, "big") + other
    return replace(honest, body=counted * _count(honest.body))


def _bad_hashes(_: _Log, request: Request, honest: Response) -> Response:
    if "/log/proof" in request.url:
        proof = json.loads(honest.body)
        hashes: list[JsonValue] = [_flipped(bytes.fromhex(it)).hex() for it in proof["hashes"]]
        return json_response({**proof, "hashes": hashes})
    if "/tile/" not in request.url or "/tile/entries/" in request.url:
        return honest
    starts = range(0, len(honest.body), HASH_SIZE)
    hashes_in_tile = (honest.body[start : start + HASH_SIZE] for start in starts)
    return replace(honest, body=b"".join(map(_flipped, hashes_in_tile)))


def _stale(log: _Log, request: Request, honest: Response) -> Response:
    size = len(log.tree) - 1
    if isinstance(log, LogV1) and request.url.endswith("/api/v1/log"):
        return json_response({**json.loads(honest.body), **shard_json(log, size=size)})
    if isinstance(log, LogV2) and request.url.endswith("/checkpoint"):
        return replace(honest, body=log.checkpoint(size=size).encode("utf-8"))
    return honest


def _of_fork(log: _Log, request: Request, honest: Response) -> Response:
    match log:
        case LogV1() if "/log/entries" not in request.url:
            return RekorV1(log.fork()).handle(request)
        case LogV2():
            return RekorV2(log.fork()).handle(request)
        case _:
            return honest


def _count(bundle: bytes) -> int:
    """Return how many entries *bundle* has."""
    count = start = 0
    while start < len(bundle):
        start += 2 + int.from_bytes(bundle[start : start + 2], "big")
        count += 1
    return count


def _flipped(data: bytes) -> bytes:
    return bytes((data[0] ^ 1,)) + data[1:]


# Somebody else's entry, which is in the log, in place of the one that was proposed or asked for.
ANOTHER_ENTRY = _log_lie("another entry", _another_entry, _other_entries)
BAD_PROOF = _log_lie("a bad proof", _with_bad_proof, _bad_hashes)
# A checkpoint that the log has signed, once, when the entry was not in it.
STALE_CHECKPOINT = _log_lie("a stale checkpoint", _with_stale_checkpoint, _stale)
FORKED_TREE = _log_lie("a forked tree", _forked, _of_fork)
# The log has promised to include the entry, with another time.
WRONG_PROMISE = replace(
    _log_lie("a wrong promise", _with_wrong_promise, _as_read), services=("rekor_v1",)
)

LOG_LIES = (ANOTHER_ENTRY, BAD_PROOF, STALE_CHECKPOINT, FORKED_TREE, WRONG_PROMISE)

# SPDX-License-Identifier: Apache-2.0
"""Blobs, to a registry and from it, piece by piece and never on trust.

HEAD /v2/APP/blobs/DIGEST            is it there already
POST /v2/APP/blobs/uploads/          202  Location: where to send it
PUT  LOCATION&digest=DIGEST          201
GET  /v2/APP/blobs/DIGEST            200, or 206 where only the rest was asked for
"""

import hashlib
import re
from collections.abc import Iterable, Iterator

from keyless.errors import InputError, ServiceError
from keyless.protocol.digest import Digest
from keyless.protocol.oci import Descriptor
from keyless.services.http import PassingError, Response, Upload
from keyless.services.registry_targets import target
from keyless.services.registry_wire import Question, Wire
from keyless.value import replace

# A download that breaks off goes on where it broke off, unless that leads nowhere so many times.
ATTEMPTS = 3
MOST_PARTS = 100
_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/(?:[0-9]{1,18}|\*)")
_BINARY = (("Content-Type", "application/octet-stream"),)


def download(wire: Wire, question: Question, descriptor: Descriptor) -> Iterator[bytes]:
    """Yield the blob that *descriptor* names; raise at its end if it was another one."""
    hasher, size = hashlib.new(descriptor.digest.algorithm.value), descriptor.size
    question = replace(question, largest=max(size, question.largest))
    done = idle = 0
    for _ in range(MOST_PARTS):
        before = done
        try:
            for piece in _rest(wire, question, done):
                done += len(piece)
                hasher.update(piece)
                if done > size:
                    raise wrong_bytes(wire, descriptor.digest, f"more than {size} bytes")
                yield piece
        except PassingError:
            pass  # what follows it will show
        if done == size:
            return _check(wire, descriptor, hasher.digest())
        idle = 0 if done > before else idle + 1
        if idle == ATTEMPTS:
            break
        wire.patience.pause(idle + 1, 0)
    raise wire.broken(
        f"breaks off again and again: {done} of {size} bytes came of {descriptor.digest}",
        hint="try again later",
    )


def upload(
    wire: Wire, question: Question, begun: Response, descriptor: Descriptor, data: Iterable[bytes]
) -> None:
    """Send *data* to where the answer that an upload was *begun* with says."""
    location = target(begun.header("Location"), base=question.url, what="place for uploads")
    mark = "&" if "?" in location else "?"
    body = Upload(
        size=descriptor.size,
        pieces=lambda: _honest(data, descriptor),
        again=not isinstance(data, Iterator),
    )
    wire.ask(
        replace(
            question,
            method="PUT",
            url=f"{location}{mark}digest={descriptor.digest}",
            headers=_BINARY,
            upload=body,
        )
    )


def _rest(wire: Wire, question: Question, start: int) -> Iterator[bytes]:
    """Yield what follows the first *start* bytes."""
    part = (("Range", f"bytes={start}-"),) if start else ()
    response = wire.ask(replace(question, headers=(*question.headers, *part)))
    skipped = 0
    if response.status == 206:
        match = _RANGE.fullmatch(response.header("Content-Range"))
        if match is None or int(match[1]) != start:
            raise wire.broken(
                "answers with another part than was asked for", hint="something may be in between"
            )
        skipped = start
    for piece in response.pieces:
        # Who does not know of parts sends everything once more.
        yield piece[max(0, start - skipped) :]
        skipped += len(piece)


def _honest(data: Iterable[bytes], descriptor: Descriptor) -> Iterator[bytes]:
    """Yield *data*, and hold the last of it back unless all is what *descriptor* says.

    So a registry never gets the whole of something else, whatever it makes of a digest.
    """
    hasher, last = hashlib.new(descriptor.digest.algorithm.value), b""
    for piece in data:
        hasher.update(piece)
        if last:
            yield last
        last = piece
    if hasher.digest() != descriptor.digest.value:
        raise InputError(
            f"what was to be sent as {descriptor.digest} is something else",
            hint="it was damaged, or changed meanwhile",
        )
    yield last


def _check(wire: Wire, descriptor: Descriptor, found: bytes) -> None:
    if found != descriptor.digest.value:
        digest = Digest(algorithm=descriptor.digest.algorithm, value=found)
        raise wrong_bytes(wire, descriptor.digest, f"bytes with the digest {digest}")


def wrong_bytes(wire: Wire, wanted: Digest, found: str) -> ServiceError:
    """Return the error that the registry has given something else for *wanted*."""
    return wire.broken(
        f"answers with something else than {wanted}: {found}",
        hint="it is damaged, or somebody stands in between: do not use what came",
    )

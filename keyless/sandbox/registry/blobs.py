# SPDX-License-Identifier: Apache-2.0
"""Blobs, whole or in part."""

import re

from keyless.sandbox.registry.refusals import RegistryRefusedError
from keyless.sandbox.registry.repository import Repository, parsed_digest
from keyless.services.http import Request, Response

_RANGE = re.compile(r"bytes=([0-9]{1,18})-([0-9]{1,18})?")


def get_blob(repository: Repository, request: Request, digest: str) -> Response:
    """Answer with the blob, or with the part of it that is asked for."""
    data = repository.blob(digest)
    headers = (
        ("Content-Type", "application/octet-stream"),
        ("Docker-Content-Digest", str(parsed_digest(digest))),
        ("Accept-Ranges", "bytes"),
    )
    asked = _RANGE.fullmatch(request.header("Range"))
    if asked is None or repository.habits.parts == "ignored":  # or of a kind that may be ignored
        return Response(status=200, headers=headers, body=data)
    start, last = int(asked[1]), min(int(asked[2] or len(data)), len(data) - 1)
    if not start <= last:
        where = ("Content-Range", f"bytes */{len(data)}")
        raise RegistryRefusedError(
            416, "SIZE_INVALID", "the blob ends before that", headers=(where,)
        )
    where = ("Content-Range", f"bytes {start}-{last}/{len(data)}")
    return Response(status=206, headers=(*headers, where), body=data[start : last + 1])


def delete_blob(repository: Repository, _: Request, digest: str) -> Response:
    """Forget the blob."""
    repository.check_deletion()
    repository.blob(digest)
    del repository.blobs[str(parsed_digest(digest))]
    return Response(status=202)

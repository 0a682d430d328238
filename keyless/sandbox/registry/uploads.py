# SPDX-License-Identifier: Apache-2.0
"""How blobs get in: in one piece, in several that follow each other, or from next door.

POST   …/uploads/                   202  Location: where to go on
PATCH  that       bytes 0-999       202  Location: where to go on, Range: 0-999
PUT    that&digest=sha256:…  rest   201  Location: the blob
POST   …/uploads/?digest=sha256:…   201  all at once
POST   …/uploads/?mount=…&from=…    201  it is there already; or 202, as above
"""

import re
from collections.abc import Callable
from urllib.parse import urlencode

from keyless.protocol.digest import Digest
from keyless.sandbox.answering import query_of
from keyless.sandbox.registry.refusals import RegistryRefusedError
from keyless.sandbox.registry.repository import Repository, Upload
from keyless.services.http import Request, Response
from keyless.services.http.messages import Headers

_RANGE = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")

# Gives the blob with this digest in the repository of this name, if who asks may have it.
Neighbour = Callable[[str, str], bytes | None]


def start_upload(repository: Repository, request: Request, neighbour: Neighbour) -> Response:
    """Take a blob at once if it comes with the request or is next door; else say where to send."""
    query = query_of(request)
    if "digest" in query:
        return _created(repository, repository.put_blob(request.body or b"", query["digest"]))
    if "mount" in query and "from" in query:
        data = neighbour(query["from"], query["mount"])
        if data is not None:
            return _created(repository, repository.put_blob(data, query["mount"]))
    upload = Upload()
    repository.uploads[upload.id] = upload
    return Response(status=202, headers=_progress(repository, upload))


def continue_upload(repository: Repository, request: Request, upload_id: str) -> Response:
    """Take one more piece."""
    upload = _upload(repository, request, upload_id)
    _add(repository, upload, request)
    return Response(status=202, headers=_progress(repository, upload))


def finish_upload(repository: Repository, request: Request, upload_id: str) -> Response:
    """Take the last piece, if there is one more, and make a blob of all of them."""
    upload = _upload(repository, request, upload_id)
    _add(repository, upload, request)
    del repository.uploads[upload.id]
    digest = query_of(request).get("digest", "")
    return _created(repository, repository.put_blob(bytes(upload.data), digest))


def show_upload(repository: Repository, request: Request, upload_id: str) -> Response:
    """Say how far it is."""
    upload = _upload(repository, request, upload_id)
    return Response(status=204, headers=_progress(repository, upload))


def cancel_upload(repository: Repository, request: Request, upload_id: str) -> Response:
    """Forget what came so far."""
    del repository.uploads[_upload(repository, request, upload_id).id]
    return Response(status=204)


def _upload(repository: Repository, request: Request, upload_id: str) -> Upload:
    return repository.upload(upload_id, query_of(request).get("state", ""))


def _add(repository: Repository, upload: Upload, request: Request) -> None:
    body = request.body or b""
    said = request.header("Content-Range")
    if said:
        match = _RANGE.fullmatch(said)
        size = int(match[2]) - int(match[1]) + 1 if match else -1
        if match is None or int(match[1]) != len(upload.data) or size != len(body):
            raise RegistryRefusedError(
                416,
                "BLOB_UPLOAD_INVALID",
                f"{len(upload.data)} bytes are here; {len(body)} more cannot be {said[:40]!r}",
                headers=_progress(repository, upload),
            )
    upload.data += body


def _progress(repository: Repository, upload: Upload) -> Headers:
    # A client that forgets the query which is there already will be told that it did.
    path = f"/v2/{repository.name}/blobs/uploads/{upload.id}"
    return (
        ("Location", f"{path}?{urlencode({'state': upload.state})}"),
        # Of nothing at all, a registry cannot but say the same as of one byte.
        ("Range", f"0-{max(len(upload.data) - 1, 0)}"),
        ("Docker-Upload-UUID", upload.id),
    )


def _created(repository: Repository, digest: Digest) -> Response:
    headers = (
        ("Location", f"/v2/{repository.name}/blobs/{digest}"),
        ("Docker-Content-Digest", str(digest)),
    )
    return Response(status=201, headers=headers)

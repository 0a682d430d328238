# SPDX-License-Identifier: Apache-2.0
"""Manifests: by tag or digest, on conditions, and as their clients accept them."""

import re

from keyless.protocol.digest import Digest
from keyless.sandbox.registry.manifest import LARGEST_MANIFEST, Manifest
from keyless.sandbox.registry.refusals import RegistryRefusedError
from keyless.sandbox.registry.repository import Repository, checked_digest
from keyless.services.http import Request, Response

_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")


def get_manifest(repository: Repository, request: Request, reference: str) -> Response:
    """Answer with the manifest, if its client can read it."""
    manifest = repository.manifest(reference)
    # Some clients send one header for each type.
    accepted = ",".join(text for name, text in request.headers if name.lower() == "accept")
    if accepted and "*/*" not in accepted and manifest.media_type not in accepted:
        raise RegistryRefusedError(
            404, "MANIFEST_UNKNOWN", f"it is {manifest.media_type}, which is not accepted"
        )
    headers = (
        ("Content-Type", manifest.media_type),
        ("Docker-Content-Digest", str(manifest.digest)),
        ("ETag", _etag(manifest)),
    )
    if _etag(manifest) in request.header("If-None-Match"):
        return Response(status=304, headers=headers)
    return Response(status=200, headers=headers, body=manifest.data)


def put_manifest(repository: Repository, request: Request, reference: str) -> Response:
    """Take a manifest, for a tag or by its digest."""
    data = request.body or b""
    if len(data) > LARGEST_MANIFEST:
        raise RegistryRefusedError(413, "SIZE_INVALID", f"a manifest of {len(data)} bytes")
    is_tag = ":" not in reference
    if is_tag and not _TAG.fullmatch(reference):
        raise RegistryRefusedError(400, "TAG_INVALID", "not a tag")
    digest = Digest.of(data) if is_tag else checked_digest(data, reference)
    media_type = request.header("Content-Type").partition(";")[0].strip()
    if not media_type:
        raise RegistryRefusedError(400, "MANIFEST_INVALID", "without a Content-Type")
    manifest = Manifest.parse(data, digest=digest, media_type=media_type)
    if repository.habits.conditions == "honoured":
        _check_conditions(repository, request, reference)
    repository.put_manifest(manifest, tag=reference if is_tag else None)
    headers = [
        ("Location", f"/v2/{repository.name}/manifests/{digest}"),
        ("Docker-Content-Digest", str(digest)),
        ("ETag", _etag(manifest)),
    ]
    if manifest.subject and repository.habits.referrers in ("listed", "promised"):
        # By which a client learns that it need not keep a list of its own.
        headers.append(("OCI-Subject", manifest.subject))
    return Response(status=201, headers=tuple(headers))


def delete_manifest(repository: Repository, _: Request, reference: str) -> Response:
    """Forget the manifest, or the tag."""
    repository.check_deletion()
    repository.delete_manifest(reference)
    return Response(status=202)


def _check_conditions(repository: Repository, request: Request, reference: str) -> None:
    """Refuse if what is there is not what the client believes (RFC 9110, 13.1)."""
    digest = repository.tags.get(reference, reference)
    there = _etag(repository.manifests[digest]) if digest in repository.manifests else ""
    wanted, unwanted = request.header("If-Match"), request.header("If-None-Match")
    if wanted and not _matches(wanted, there):
        raise RegistryRefusedError(
            412, "PRECONDITION_FAILED", f"{reference} is not what If-Match says"
        )
    if unwanted and _matches(unwanted, there):
        raise RegistryRefusedError(
            412, "PRECONDITION_FAILED", f"{reference} is what If-None-Match says"
        )


def _matches(condition: str, etag: str) -> bool:
    return bool(etag) and (condition.strip() == "*" or etag in condition)


def _etag(manifest: Manifest) -> str:
    return f'"{manifest.digest}"'

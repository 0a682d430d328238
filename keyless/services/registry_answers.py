# SPDX-License-Identifier: Apache-2.0
"""What a registry answers of a manifest, and whether it is what was asked for."""

from keyless.errors import ParseError
from keyless.protocol.digest import Digest
from keyless.protocol.encoding import parse_decimal
from keyless.protocol.oci import MANIFEST_TYPES, Descriptor, Manifest
from keyless.safe_text import shown
from keyless.services.http import Response
from keyless.services.registry_blobs import wrong_bytes
from keyless.services.registry_wire import Wire
from keyless.value import replace

ACCEPTED = (("Accept", ", ".join(MANIFEST_TYPES)),)


def media_type(answer: Response) -> str:
    """Return what an answer says it is, without how it is encoded."""
    return answer.header("Content-Type").partition(";")[0].strip().lower()


def described(head: Response, reference: str) -> Descriptor | None:
    """Return what the headers of an answer say that *reference* is, if they say enough."""
    kind = media_type(head)
    if head.status != 200 or kind not in MANIFEST_TYPES:
        return None
    try:
        digest = Digest.parse(head.header("Docker-Content-Digest"))
        size = parse_decimal(head.header("Content-Length"))
    except ParseError:
        return None
    if ":" in reference and str(digest) != reference:
        return None
    return Descriptor(media_type=kind, digest=digest, size=size)


def parsed(wire: Wire, answer: Response, reference: str, said: str | None) -> Manifest:
    """Read the manifest *reference*, which is *said* to be of some type, in *answer*."""
    wanted = _wanted(answer, reference)
    if wanted is not None:
        found = Digest.of(answer.body, wanted.algorithm)
        if found != wanted:
            raise wrong_bytes(wire, wanted, f"bytes with the digest {found}")
    kind = media_type(answer)
    try:
        manifest = Manifest.parse(answer.body, said or (kind if kind in MANIFEST_TYPES else None))
    except ParseError as error:
        if ":" in reference:
            raise
        raise wire.broken(
            f"answers with {shown(kind, longest=80) or 'something'} where a manifest is wanted: "
            f"{error.message}",
            hint="something else may answer in its place, as the page of a hotel's network",
        ) from None
    return manifest if wanted is None else replace(manifest, digest=wanted)


def _wanted(answer: Response, reference: str) -> Digest | None:
    """Return the digest that the answer must have: the one asked for, or the one it claims."""
    if ":" in reference:
        return Digest.parse(reference)
    try:
        return Digest.parse(answer.header("Docker-Content-Digest"))
    except ParseError:
        return None

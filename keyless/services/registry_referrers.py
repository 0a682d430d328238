# SPDX-License-Identifier: Apache-2.0
"""What refers to an image: as a registry lists it, or as its clients do under a tag.

GET /v2/APP/referrers/DIGEST     200, and an index; or any of a dozen ways to say "what is that?"
GET /v2/APP/manifests/sha256-HEX an index that clients keep where there is no such list

Registries have answered the first with a page to log in, with 200 and something else, and with the
statuses for almost anything. What is not such a list is none: then the tag is looked at. Under the
tag may stand something else as well: some registries take it for a digest, and give the image.
"""

from keyless.errors import InputError, ParseError
from keyless.protocol.digest import Digest
from keyless.protocol.oci import IMAGE_INDEX, Descriptor, Manifest
from keyless.services.http import Response
from keyless.services.registry_answers import media_type
from keyless.services.registry_lists import pages
from keyless.services.registry_wire import Question, Wire

MOST_REFERRERS = 10_000
MOST_BYTES = 32 << 20  # of all pages: each entry may have notes of any length
NOT_OFFERED = (*range(300, 400), 400, 403, 404, 405, 406, 410, 501)


def listed(wire: Wire, question: Question) -> tuple[Descriptor, ...] | None:
    """Return what the registry lists in answer to *question*; None if it keeps no such list."""
    found: dict[Digest, Descriptor] = {}
    size = 0
    for number, page in enumerate(pages(wire, question, also=NOT_OFFERED)):
        if not _is_list(page):
            if number:
                raise wire.broken(
                    "breaks off its list of what refers to the image", hint="try again later"
                )
            return None
        for each in _entries(wire, page):
            found.setdefault(each.digest, each)
        size += len(page.body)
        if len(found) > MOST_REFERRERS or size > MOST_BYTES:
            raise wire.broken(
                f"lists more than {MOST_REFERRERS} things that refer to the image, or says more "
                f"than {MOST_BYTES} bytes of them",
                hint="somebody fills this repository; delete what is no signature",
            )
    return tuple(found.values())


def noted(manifest: Manifest | None, subject: Digest) -> tuple[Descriptor, ...]:
    """Return what *manifest*, which stands under the tag, notes of *subject*."""
    if manifest is None or not _is_note(manifest, subject):
        return ()
    # Parts of an image have platforms; what refers to one has none. Both are in one index where a
    # client took a copy of the image's for a list.
    return tuple(each for each in manifest.manifests if each.platform is None)


def checked_list(there: Manifest | None, subject: Digest) -> Manifest | None:
    """Return *there*, which stands under the tag, if more can be noted in it."""
    if there is None or _is_note(there, subject):
        return there
    what = "the image itself" if there.digest == subject else f"something else ({there.digest})"
    raise InputError(
        f"there is no place here to note what refers to {subject}: its tag stands for {what}",
        hint="sign it in the legacy format, which keeps signatures under another tag; or have what "
        "took the tag delete it",
    )


def _is_note(manifest: Manifest, subject: Digest) -> bool:
    return manifest.media_type == IMAGE_INDEX and manifest.digest != subject


def _is_list(page: Response) -> bool:
    return page.status == 200 and media_type(page) == IMAGE_INDEX


def _entries(wire: Wire, page: Response) -> tuple[Descriptor, ...]:
    try:
        return Manifest.parse(page.body, IMAGE_INDEX).manifests
    except ParseError as error:
        raise wire.broken(
            f"lists what refers to the image in a way that cannot be read: {error.message}",
            hint="something else may have answered in its place",
        ) from None

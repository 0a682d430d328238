# SPDX-License-Identifier: Apache-2.0
"""What refers to an image, as far as a registry or a layout says."""

from collections.abc import Iterable
from typing import Literal

from keyless.errors import InputError
from keyless.protocol.digest import Digest
from keyless.protocol.oci import Descriptor, Manifest
from keyless.value import value

# Who said it: the registry itself, a list that clients keep there under a tag, a layout's index, or
# nobody.
Source = Literal["api", "fallback tag", "layout", "none"]


@value
class Referrers:
    """What refers to an image. Of what the *descriptors* say, the digest alone is to be relied on.

    Registries and clients have filled in the rest wrongly for years: what a manifest is, and what
    it refers to, is said by the manifest.
    """

    descriptors: tuple[Descriptor, ...]
    source: Source


def subject_of(manifests: Iterable[Manifest]) -> Digest:
    """Return what all of *manifests* refer to; InputError if that is not one thing."""
    subjects = {None if it.subject is None else it.subject.digest for it in manifests}
    match tuple(subjects):
        case (Digest() as subject,):
            return subject
        case _:
            raise InputError("what is to be listed refers to nothing, or to several things")

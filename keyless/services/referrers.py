# SPDX-License-Identifier: Apache-2.0
"""What refers to an image, as far as a registry or a layout says."""

from typing import Literal

from keyless.protocol.oci import Descriptor
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

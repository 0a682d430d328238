# SPDX-License-Identifier: Apache-2.0
"""From what a person calls an image to the place where it is.

ghcr.io/me/app:1.2       in a registry
oci:app.tar:1.2          in a layout on this machine
"""

import os

from keyless.images.layout_names import is_layout, layout_named
from keyless.images.place import Place
from keyless.protocol.oci import ImageReference
from keyless.protocol.oci_reference import DOCKER_HUB
from keyless.services.http import Transport
from keyless.services.registry_opening import open_registry
from keyless.services.registry_options import RegistryOptions

# Where cosign's users say that signatures are kept.
REPOSITORY_VARIABLE = "COSIGN_REPOSITORY"


def open_place(reference: str, *, options: RegistryOptions | None, transport: Transport) -> Place:
    """Return the place that *reference* names; nobody is asked for anything yet."""
    if is_layout(reference):
        layout, named = layout_named(reference)
        joint = "@" if ":" in named else ":"
        whole = f"{layout.name}{joint}{named}" if named else layout.name
        return Place(whole, store=layout, named=named)
    image = ImageReference.parse(reference)
    chosen = options or RegistryOptions()
    elsewhere = chosen.repository or os.environ.get(REPOSITORY_VARIABLE)
    attachments = None
    if elsewhere:
        other = ImageReference.parse(elsewhere)
        attachments = open_registry(other, transport=transport, options=chosen)
    joint = "@" if image.digest is not None else ":"
    return Place(
        f"{image.name}{joint}{image.reference}",
        store=open_registry(image, transport=transport, options=chosen),
        named=image.reference,
        attachments=attachments,
        repository=image.name,
        is_bare=image.registry == DOCKER_HUB and not reference.startswith(_HUB),
    )


_HUB = ("docker.io/", f"{DOCKER_HUB}/")

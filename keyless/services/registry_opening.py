# SPDX-License-Identifier: Apache-2.0
"""How a registry is reached: over which wire, with which credentials, and whether in the clear."""

import os

from keyless.errors import InputError
from keyless.protocol.oci_reference import ImageReference
from keyless.safe_text import shown
from keyless.services.docker_config import docker_keychain
from keyless.services.http import PATIENCE, Patience, Transport, requests_transport
from keyless.services.http.hosts import is_loopback
from keyless.services.registry import Registry
from keyless.services.registry_auth import Doorkeeper, Entrance
from keyless.services.registry_options import RegistryOptions
from keyless.services.registry_targets import origin_of
from keyless.services.registry_wire import Wire

DEFAULT_OPTIONS = RegistryOptions()


def open_registry(
    image: ImageReference,
    *,
    transport: Transport,
    options: RegistryOptions = DEFAULT_OPTIONS,
    patience: Patience = PATIENCE,
) -> Registry:
    """Return the repository that *image* is in, over *transport*; nothing is asked yet."""
    if options.ca is not None:
        transport = _vouched_by(options.ca, patience)
    url = _url(image.registry, options)
    entrance = Entrance(name=image.registry, url=url, token_servers=options.token_servers)
    keychain = options.credentials or docker_keychain
    doorkeeper = Doorkeeper(entrance, transport=transport, keychain=keychain)
    wire = Wire(image.registry, url, transport=transport, doorkeeper=doorkeeper, patience=patience)
    return Registry(image, wire)


def _url(registry: str, options: RegistryOptions) -> str:
    """Return where *registry* is: in the clear only on this machine, or where that was wanted."""
    secure = f"https://{registry}"
    named = options.insecure
    in_the_clear = named if isinstance(named, bool) else registry in named
    if in_the_clear and options.ca is not None:
        raise InputError("a registry is spoken to in the clear, or with an authority, not both")
    if in_the_clear or (options.ca is None and is_loopback(origin_of(secure)[1])):
        return f"http://{registry}"
    return secure


def _vouched_by(ca: str, patience: Patience) -> Transport:
    if not os.path.isfile(ca):
        raise InputError(f"there is no file {shown(ca)} with certificate authorities")
    return requests_transport(patience, ca=ca)

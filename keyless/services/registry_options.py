# SPDX-License-Identifier: Apache-2.0
"""How registries are to be spoken to."""

from keyless.services.registry_credentials import Keychain
from keyless.value import value


@value
class RegistryOptions:
    """How registries are to be spoken to; by default, as docker would.

    *credentials*   has a credential for each registry; by default, what docker and podman know.
    *insecure*      whether registries elsewhere than on this machine may be spoken to in the clear;
                    or which of them: where an image is copied, the other may have a password.
    *ca*            a file of certificate authorities to trust, in place of this machine's.
    *repository*    where signatures are kept, if it is not where their images are.
    *token_servers* hosts that may be told a registry's credential though they are not under its
                    name, nor beside it.
    """

    credentials: Keychain | None = None
    insecure: bool | tuple[str, ...] = False
    ca: str | None = None
    repository: str | None = None
    token_servers: tuple[str, ...] = ()

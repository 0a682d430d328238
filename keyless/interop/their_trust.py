# SPDX-License-Identifier: Apache-2.0
"""Trusted roots, as sigstore-python holds them."""

from sigstore.models import ClientTrustConfig
from sigstore.models import TrustedRoot as TheirRoot

from keyless.errors import InputError
from keyless.protocol.client_trust_config import MEDIA_TYPE
from keyless.protocol.trusted_root import TrustedRoot
from keyless.safe_text import shown

# A trusted root is read from a file, or as a part of this document; of the other part nothing is
# needed here.
_DOCUMENT = (
    '{"mediaType":"%s","trustedRoot":%s,'
    '"signingConfig":{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json"}}'
)


def trusted_root_to_sigstore(data: bytes) -> TheirRoot:
    """Return what *data*, a `trusted_root.json`, says as an object of sigstore-python's.

    Raises ParseError for what is no trusted root, and InputError for one that it does not take.
    """
    TrustedRoot.parse(data)  # so that it is one document that is put into the other
    try:
        return ClientTrustConfig.from_json(_DOCUMENT % (MEDIA_TYPE, data.decode())).trusted_root
    except Exception as error:  # noqa: BLE001 - what it raises for a root it does not like varies
        raise InputError(
            f"sigstore-python does not take the trusted root: {shown(error)}",
            hint="it knows fewer versions and kinds of keys",
        ) from None

# SPDX-License-Identifier: Apache-2.0
"""Client trust configurations: a trusted root and a signing configuration in one document.

{"mediaType":     "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
 "trustedRoot":   {…},
 "signingConfig": {…}}
"""

import json as json_text

from keyless.protocol.json_reader import Json
from keyless.protocol.trusted_root import LARGEST_TRUSTED_ROOT
from keyless.safe_text import shown
from keyless.value import value

MEDIA_TYPE = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"
LARGEST_CLIENT_TRUST_CONFIG = LARGEST_TRUSTED_ROOT + (1 << 20)


@value
class ClientTrustConfig:
    """The two documents, each as bytes that its own reader takes."""

    trusted_root: bytes
    signing_config: bytes

    @classmethod
    def parse(cls, data: bytes) -> "ClientTrustConfig":
        """Read a client trust configuration; what is in its two documents, others read."""
        json = Json.parse(data, largest=LARGEST_CLIENT_TRUST_CONFIG)
        media_type = json.text("mediaType")
        if media_type != MEDIA_TYPE:
            raise json.error(
                f"{shown(media_type, longest=120)} is not a client trust configuration",
                name="mediaType",
            )
        return cls(
            trusted_root=_document(json, "trustedRoot"),
            signing_config=_document(json, "signingConfig"),
        )


def _document(json: Json, name: str) -> bytes:
    json.object(name)  # nothing else can be a document
    return json_text.dumps(json.value(name), ensure_ascii=False).encode("utf-8")

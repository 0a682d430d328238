# SPDX-License-Identifier: Apache-2.0
"""What version 1 of the log is asked to look for, and the names it answers with, over REST.

    {"email": …, "subject": …, "hash": "sha256:…", "publicKey": {"format": …, "content": base64},
     "operator": "and" | "or"}
    ["<16 hex: tree><64 hex: hash of the leaf>", …]

The index is beside the log: nothing vouches for what it finds, nor that it finds everything.
"""

import json as json_text
from typing import Literal

from keyless.protocol.encoding import b64encode
from keyless.protocol.json_reader import Json, JsonValue, json_value
from keyless.protocol.rest_entry import parse_uuid
from keyless.value import value

MOST_FOUND = 150_000

KeyFormat = Literal["x509", "pgp", "minisign", "ssh", "tuf"]


@value
class Search:
    """What entries have to do with, all of it or, by the *operator* `or`, any.

    *email* and *subject* are names in certificates, any case of letters; *hash* is a digest as in
    `sha256:…`; *public_key* is a key or certificate as it was given to the log, byte for byte.
    """

    email: str | None = None
    subject: str | None = None
    hash: str | None = None
    public_key: bytes | None = None
    key_format: KeyFormat = "x509"
    operator: Literal["and", "or"] = "or"

    def to_json(self) -> bytes:
        """Write the question."""
        document: dict[str, JsonValue] = {"operator": self.operator}
        for name in ("email", "subject", "hash"):
            if (text := self.__dict__[name]) is not None:
                document[name] = text
        if self.public_key is not None:
            content = b64encode(self.public_key)
            document["publicKey"] = {"format": self.key_format, "content": content}
        return json_text.dumps(document).encode("utf-8")


def parse_found(data: bytes) -> tuple[str, ...]:
    """Read the names of the entries that were found, each once, in no order that means anything."""
    listed = Json({"found": json_value(data)}).texts("found", most=MOST_FOUND)
    return tuple(dict.fromkeys(map(parse_uuid, listed)))

# SPDX-License-Identifier: Apache-2.0
"""A snapshot of an instance's trust: the documents, which version they are, and how old.

The documents are targets of a TUF repository, byte for byte. A snapshot remembers what TUF said of
them, so that whoever reads it later needs no TUF.
"""

import json as json_text
from datetime import datetime, timedelta
from typing import Literal

from keyless.errors import ParseError
from keyless.protocol.digest import Digest
from keyless.protocol.encoding import b64encode
from keyless.protocol.json_reader import Json
from keyless.protocol.time_range import parse_time
from keyless.protocol.window import in_rfc3339
from keyless.value import value

TRUSTED_ROOT = "trusted_root.json"
SIGNING_CONFIG = "signing_config.v0.2.json"
SIGNING_CONFIG_V2 = "signing_config_rekor_v2.v0.2.json"
# An instance without logs of version 2 has no configuration for them, and so on.
REQUIRED = (TRUSTED_ROOT,)
OPTIONAL = (SIGNING_CONFIG, SIGNING_CONFIG_V2)

LARGEST_SNAPSHOT = 8 << 20
FRESH = timedelta(days=1)

Source = Literal["cache", "embedded"]


@value
class TrustSnapshot:
    """The *documents* of *repository*, by name, as TUF vouched for them when they were *taken*.

    *version* is that of TUF's targets, which changes whenever one of the documents does.
    """

    source: Source
    repository: str
    root_version: int
    version: int
    taken: datetime
    expires: datetime
    documents: tuple[tuple[str, bytes], ...]

    @property
    def trusted_root(self) -> bytes:
        """The one document that no snapshot is without."""
        return dict(self.documents)[TRUSTED_ROOT]

    def is_fresh(self, now: datetime) -> bool:
        """Say whether the snapshot was taken within the day before *now*, and has not expired.

        One taken after *now* is not: a clock that was set back must not make it last for ever.
        """
        return self.taken <= now <= min(self.taken + FRESH, self.expires)

    def to_json(self) -> bytes:
        """Write the snapshot for the cache."""
        document = {
            "repository": self.repository,
            "rootVersion": self.root_version,
            "version": self.version,
            "taken": in_rfc3339(self.taken),
            "expires": in_rfc3339(self.expires),
            "documents": [
                {"name": name, "sha256": Digest.of(data).hex, "content": b64encode(data)}
                for name, data in self.documents
            ],
        }
        return json_text.dumps(document, indent=1).encode()

    @classmethod
    def parse(cls, data: bytes) -> "TrustSnapshot":
        """Read a snapshot from the cache; the digests in it find damage, and prove nothing."""
        json = Json.parse(data, largest=LARGEST_SNAPSHOT)
        documents = tuple(_document(each) for each in json.objects("documents", most=16))
        if missing := [name for name in REQUIRED if name not in dict(documents)]:
            raise json.error(f"without {' and '.join(missing)}", name="documents")
        return cls(
            source="cache",
            repository=json.text("repository"),
            root_version=json.integer("rootVersion"),
            version=json.integer("version"),
            taken=json.within("taken", parse_time, json.text("taken")),
            expires=json.within("expires", parse_time, json.text("expires")),
            documents=documents,
        )


def newest(first: TrustSnapshot | None, second: TrustSnapshot | None) -> TrustSnapshot | None:
    """Return which of two snapshots is the newer by TUF's count; the *first* when neither is."""
    if first is None or second is None:
        return first if second is None else second
    return second if second.version > first.version else first


def _document(json: Json) -> tuple[str, bytes]:
    data = json.base64("content")
    if Digest.of(data).value != json.hex("sha256"):
        raise ParseError("damaged: its SHA-256 is another", path=f"{json.path}.content")
    return json.text("name"), data

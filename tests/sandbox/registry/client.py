# SPDX-License-Identifier: Apache-2.0
"""What the tests ask a registry with: `requests`, and images as small as they can be."""

import json
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
SBOM = "text/spdx+json"


def digest_of(data: bytes) -> str:
    """Return the digest of *data* as registries write it."""
    return f"sha256:{sha256(data).hexdigest()}"


class Client:
    """A client of the registry at *url*, about one repository of it."""

    def __init__(self, url: str, name: str = "library/app", **headers: str) -> None:
        self.url = url
        self.name = name
        self.headers = headers
        self.session = requests.Session()
        self.session.trust_env = False  # nobody's ~/.netrc has a say in a test

    def ask(
        self, method: str, path: str, data: bytes | None = None, **headers: str
    ) -> requests.Response:
        """Ask for *path*, below the repository unless it begins with a slash or is a URL.

        An underscore in the name of a header stands for a hyphen.
        """
        where = path if path.startswith(("/", "http")) else f"/v2/{self.name}/{path}"
        return self.session.request(
            method,
            where if where.startswith("http") else f"{self.url}{where}",
            data=data,
            headers={k.replace("_", "-"): v for k, v in (self.headers | headers).items()},
            allow_redirects=False,
            timeout=10,
        )

    def push_blob(self, data: bytes) -> str:
        """Push *data*, as most clients do; return its digest."""
        started = self.ask("POST", "blobs/uploads/")
        assert started.status_code == 202
        done = self.ask("PUT", closing(started, digest_of(data)), data)
        assert done.status_code == 201
        return digest_of(data)

    def push_manifest(
        self, content: dict[str, Any], tag: str | None = None, **headers: str
    ) -> requests.Response:
        """Push *content* for *tag*, or by its digest."""
        data = json.dumps(content).encode()
        reference = tag or digest_of(data)
        kind = content.get("mediaType", MANIFEST)
        return self.ask("PUT", f"manifests/{reference}", data, **{"Content_Type": kind, **headers})

    def image(self, layer: bytes = b"layer", **members: Any) -> dict[str, Any]:
        """Push what an image with one *layer* consists of, and return its manifest."""
        for data in (b"{}", layer):
            self.push_blob(data)
        return {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": descriptor(b"{}", EMPTY),
            "layers": [descriptor(layer, "application/vnd.oci.image.layer.v1.tar")],
            **members,
        }


def descriptor(data: bytes, kind: str) -> dict[str, Any]:
    """Name *data* as manifests do."""
    return {"mediaType": kind, "digest": digest_of(data), "size": len(data)}


def closing(answer: requests.Response, digest: str) -> str:
    """Return where the upload that *answer* is about is closed as the blob with *digest*."""
    where = urlsplit(answer.headers["Location"])
    return urlunsplit(where._replace(query=f"{where.query}&digest={digest}"))


def error_of(answer: requests.Response) -> tuple[int, str]:
    """Return the status of a refusal, and the code that it gives."""
    (error,) = answer.json()["errors"]
    return answer.status_code, error["code"]

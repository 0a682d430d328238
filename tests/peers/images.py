# SPDX-License-Identifier: Apache-2.0
"""Images for clients to sign: pushed by crane; and signatures moved from one to another."""

import io
import json
import subprocess
import tarfile
import tempfile
import urllib.error
import urllib.request
from hashlib import sha256
from pathlib import Path

from tests.peers.stack.ports import HOST
from tests.peers.stack.programs import place

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
# What an old registry gives out only to who asks for it.
MANIFESTS = (
    MANIFEST,
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


class Repository:
    """A repository of the registry at *port*, called *name*."""

    def __init__(self, port: int, name: str) -> None:
        self.name = f"{HOST}:{port}/{name}"
        self._url = f"http://{HOST}:{port}/v2/{name}"

    def at(self, digest: str) -> str:
        """Return the reference to the image with *digest*."""
        return f"{self.name}@{digest}"

    def push(self, content: bytes, tag: str) -> str:
        """Push an image with one file, whose content is *content*; return its digest."""
        with tempfile.NamedTemporaryFile(suffix=".tar") as layer:
            layer.write(_archive(content))
            layer.flush()
            said = _crane("append", "--new_layer", layer.name, "--new_tag", f"{self.name}:{tag}")
        return said.strip().partition("@")[2]

    def move_signatures(self, old: str, new: str) -> None:
        """Have everything that vouches for the image *old* say of itself that it is about *new*."""
        tags = _crane("ls", self.name).split()
        for suffix in ("sig", "att"):
            was, becomes = (f"sha256-{each.partition(':')[2]}.{suffix}" for each in (old, new))
            if was in tags:
                _crane("copy", f"{self.name}:{was}", f"{self.name}:{becomes}")
        fallback = f"sha256-{old.partition(':')[2]}"
        if fallback in tags:
            self._move_listed(fallback, new)
        else:
            for referrer in self._referrers(old):
                self._move(referrer, new)

    def _referrers(self, digest: str) -> list[str]:
        try:
            index = json.loads(self._get(f"referrers/{digest}"))
        except urllib.error.HTTPError as error:
            error.close()
            if error.code != 404:  # there are none, or it knows none
                raise
            return []
        return [each["digest"] for each in index["manifests"]]

    def _move_listed(self, fallback: str, new: str) -> None:
        """Move those in the list that stands in for referrers where a registry knows none."""
        index = json.loads(self._get(f"manifests/{fallback}"))
        for entry in index["manifests"]:
            entry["digest"], entry["size"] = self._move(entry["digest"], new)
        data = json.dumps(index).encode()
        self._put(data, f"sha256-{new.partition(':')[2]}", index["mediaType"])

    def _move(self, referrer: str, new: str) -> tuple[str, int]:
        manifest = json.loads(self._get(f"manifests/{referrer}"))
        size = len(self._get(f"manifests/{new}"))
        manifest["subject"] = {**manifest["subject"], "digest": new, "size": size}
        data = json.dumps(manifest).encode()
        digest = f"sha256:{sha256(data).hexdigest()}"
        self._put(data, digest, MANIFEST)
        return digest, len(data)

    def _get(self, path: str) -> bytes:
        request = urllib.request.Request(  # noqa: S310 - on this machine
            f"{self._url}/{path}", headers={"Accept": ", ".join(MANIFESTS)}
        )
        with urllib.request.urlopen(request) as response:  # noqa: S310 - as above
            content: bytes = response.read()
        return content

    def _put(self, manifest: bytes, reference: str, media_type: str) -> None:
        request = urllib.request.Request(  # noqa: S310 - on this machine
            f"{self._url}/manifests/{reference}",
            manifest,
            {"Content-Type": media_type},
            method="PUT",
        )
        urllib.request.urlopen(request).close()  # noqa: S310 - as above


def _archive(content: bytes) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        entry = tarfile.TarInfo("app.txt")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return written.getvalue()


def _crane(*words: str | Path) -> str:
    done = subprocess.run([place("crane"), *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout

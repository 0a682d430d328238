# SPDX-License-Identifier: Apache-2.0
"""Images for clients to sign: pushed by crane; and signatures moved from one to another."""

import io
import json
import subprocess
import tarfile
import tempfile
import urllib.request
from hashlib import sha256
from pathlib import Path

from tests.peers.stack.ports import HOST
from tests.peers.stack.programs import place

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


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
        for referrer in json.loads(self._get(f"referrers/{old}"))["manifests"]:
            manifest = json.loads(self._get(f"manifests/{referrer['digest']}"))
            size = len(self._get(f"manifests/{new}"))
            manifest["subject"] = {**manifest["subject"], "digest": new, "size": size}
            self._put(json.dumps(manifest).encode())

    def _get(self, path: str) -> bytes:
        request = urllib.request.Request(f"{self._url}/{path}")  # noqa: S310 - on this machine
        with urllib.request.urlopen(request) as response:  # noqa: S310 - as above
            content: bytes = response.read()
        return content

    def _put(self, manifest: bytes) -> None:
        url = f"{self._url}/manifests/sha256:{sha256(manifest).hexdigest()}"
        request = urllib.request.Request(  # noqa: S310 - on this machine
            url, manifest, {"Content-Type": MANIFEST}, method="PUT"
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

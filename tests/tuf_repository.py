# SPDX-License-Identifier: Apache-2.0
"""A real TUF repository, made with python-tuf and served on this machine."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    Metadata,
    MetaFile,
    Root,
    Signed,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

ROLES = ("root", "timestamp", "snapshot", "targets")
WEEK = timedelta(days=7)


class TufRepository:
    """An instance's repository in *folder*: four roles, one key each, that publishes documents."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.version = 0
        self.signers = {role: CryptoSigner.generate_ecdsa() for role in ROLES}
        self.root = Root(consistent_snapshot=True, expires=_in(52 * WEEK))
        for role, signer in self.signers.items():
            self.root.add_key(signer.public_key, role)
        (folder / "targets").mkdir(parents=True)
        self.sign_root()

    @property
    def first_root(self) -> bytes:
        """The root that whoever trusts this repository starts from."""
        return (self.folder / "1.root.json").read_bytes()

    def publish(
        self,
        documents: Mapping[str, bytes],
        *,
        expires: Mapping[str, timedelta] = {},
        version: int | None = None,
    ) -> None:
        """Make *documents* the latest; *expires* says of a role how long from now it holds."""
        self.version = self.version + 1 if version is None else version
        targets = Targets(version=self.version, expires=_in(expires.get("targets", 52 * WEEK)))
        for name, data in documents.items():
            target = TargetFile.from_data(name, data, ["sha256"])
            targets.targets[name] = target
            (self.folder / "targets" / f"{target.hashes['sha256']}.{name}").write_bytes(data)
        snapshot = Snapshot(
            version=self.version,
            expires=_in(expires.get("snapshot", 52 * WEEK)),
            meta={"targets.json": MetaFile(version=self.version)},
        )
        self._write(targets, f"{self.version}.targets.json")
        self._write(snapshot, f"{self.version}.snapshot.json")
        self.stamp(expires=expires.get("timestamp", WEEK))

    def stamp(self, *, expires: timedelta = WEEK, version: int | None = None) -> None:
        """Say that what is published last is the latest, for as long as *expires* says."""
        timestamp = Timestamp(
            version=self.version if version is None else version,
            expires=_in(expires),
            snapshot_meta=MetaFile(version=self.version),
        )
        self._write(timestamp, "timestamp.json")

    def rotate(self, role: str) -> None:
        """Give *role* a new key; the next root, signed by the old and the new key, says so."""
        old = self.signers[role]
        self.signers[role] = CryptoSigner.generate_ecdsa()
        self.root.revoke_key(old.public_key.keyid, role)
        self.root.add_key(self.signers[role].public_key, role)
        self.root.version += 1
        self.sign_root(*([old] if role == "root" else []))

    def sign_root(self, *others: CryptoSigner) -> None:
        """Publish the root, signed by its own key and by *others*."""
        metadata = Metadata(self.root)
        for signer in (self.signers["root"], *others):
            metadata.sign(signer, append=True)
        metadata.to_file(str(self.folder / f"{self.root.version}.root.json"), JSONSerializer())

    def _write(self, signed: Signed, name: str) -> None:
        metadata = Metadata(signed)
        metadata.sign(self.signers[signed.type])
        metadata.to_file(str(self.folder / name), JSONSerializer())


class Server:
    """Serves *folder* at *url*, and remembers what it was *asked* for."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[str] = []
        handler = partial(_Handler, self.asked, directory=str(folder))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def run(self) -> None:
        """Serve until closed."""
        self._server.serve_forever(poll_interval=0.01)

    def close(self) -> None:
        """Answer nobody any more."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """Serve *folder* over HTTP on this machine."""
    server = Server(folder)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, asked: list[str], *args: object, **kwargs: object) -> None:
        self._asked = asked
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # handed on as it came

    def do_GET(self) -> None:
        self._asked.append(self.path)
        super().do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's
        """Say nothing: what was asked is in the list."""


def _in(time: timedelta) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + time

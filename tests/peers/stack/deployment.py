# SPDX-License-Identifier: Apache-2.0
"""A whole Sigstore on this machine: every server of it, in the order in which they need each other.

oidc-provider ─► fulcio ─► ct-server ─► trillian ─► postgresql
timestamp-server           rekor-v1 ──┘      └ redis (search)
tile-front ─► rekor-v2     (files)
"""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.peers.stack.ct_log import ct_server, ct_url
from tests.peers.stack.fulcio import CHAINGUARD, GITHUB, JOBS, KUBERNETES, fulcio, write_config
from tests.peers.stack.keys import (
    certificate_authority,
    ecdsa_log,
    ed25519_log,
    timestamp_authority,
)
from tests.peers.stack.oidc import issuer_at, mint, oidc_server, person
from tests.peers.stack.ports import HOST, free_port
from tests.peers.stack.postgresql import create_database, postgresql
from tests.peers.stack.process import Keeper, Server
from tests.peers.stack.redis import redis
from tests.peers.stack.registry import old_registry, registry
from tests.peers.stack.rekor_v1 import rekor_v1
from tests.peers.stack.rekor_v2 import log_url, rekor_v2, tile_front
from tests.peers.stack.trillian import create_tree, trillian_server, trillian_signer
from tests.peers.stack.trust import (
    Files,
    Urls,
    create_signing_config,
    create_trusted_root,
    join,
)
from tests.peers.stack.tsa import timestamp_server, timestamp_url

# Where logs of failed runs are left: beside the results, out of Git's sight.
KEPT = Path(__file__).parents[3] / "build" / "peers"


# The timestamp authority's port for metrics, and a socket of Fulcio's, cannot be chosen.
LOCK = Path(tempfile.gettempdir()) / "keyless-peers.lock"


class Stack:
    """The servers, running from `start` to `stop`, and all that belongs to them in one folder.

    There is one at a time on a machine: the next waits until it has ended.
    """

    def __init__(self) -> None:
        self._lock = LOCK.open("a")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.folder = Path(tempfile.mkdtemp(prefix="keyless-peers-"))
        self.folder.chmod(0o711)  # PostgreSQL is another user
        self.logs = self.folder / "logs"
        self.logs.mkdir()
        self.servers: dict[str, Server] = {}
        self._keeper = Keeper(self.folder)
        self._make_keys()
        self._choose_ports()

    def start(self) -> None:
        """Start everything, write the documents, and wait until all of it is ready."""
        self._start_storage()
        self._start_issuers()
        self._start_logs()
        self.run(registry(self.registry_port))
        self.run(old_registry(self.folder, self.old_registry_port))
        self._write_documents()

    def stop(self) -> None:
        """End everything, the last first; nothing is left, and no folder."""
        for server in reversed(self.servers.values()):
            server.stop()
        self._keeper.close()
        self._lock.close()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.keep_logs()
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def run(self, server: Server) -> Server:
        """Start *server*, and end it with the rest."""
        server.start(logs=self.logs, keeper=self._keeper)
        self.servers[server.name] = server
        return server

    def keep_logs(self) -> Path:
        """Copy the servers' logs to where they stay, and return that."""
        shutil.rmtree(KEPT, ignore_errors=True)
        shutil.copytree(self.logs, KEPT)
        return KEPT

    def token(self, email: str = "", **claims: object) -> str:
        """Have somebody's token signed: by default Alice's, who has signed in at GitHub."""
        about = person(email) if email else person()
        return mint(self.federated, **{**about, **claims})

    def trusted_root(self) -> Path:
        """Return the trusted root's file."""
        return self.folder / "trusted_root.json"

    def signing_config(self, *, rekor: int, tsa: bool) -> Path:
        """Return the file of a signing configuration."""
        return self.folder / f"signing_config_{_variant(rekor, tsa)}.json"

    def trust_config(self, *, rekor: int, tsa: bool) -> Path:
        """Return the file that holds a signing configuration and the trusted root."""
        return self.folder / f"client_trust_config_{_variant(rekor, tsa)}.json"

    @contextmanager
    def without(self, *names: str) -> Iterator[None]:
        """Have the servers called *names* stopped, in this order, and then started again."""
        for name in names:
            self.servers[name].stop()
        yield
        for name in reversed(names):
            self.servers[name].start_again()
        self.settle()

    def settle(self) -> None:
        """Wait until everybody has found again whom they ask: Rekor takes a second for Trillian."""
        for server in self.servers.values():
            server.wait()

    def _make_keys(self) -> None:
        self.authority = certificate_authority(self.folder)
        self.clock = timestamp_authority(self.folder)
        self.ct_key = ecdsa_log(self.folder, "ct-log", encrypted=True)
        self.rekor_v1_key = ecdsa_log(self.folder, "rekor-v1")
        self.rekor_v2_key = ed25519_log(self.folder, "rekor-v2")
        self.frozen_key = ed25519_log(self.folder, "frozen")

    def _choose_ports(self) -> None:
        self.people, self.federated = (issuer_at(free_port()) for _ in range(2))
        # An issuer at localhost is taken for one of people: keyless foretells its certificates.
        self.others = {
            kind: issuer_at(free_port(), "127.0.0.2") for kind in (*JOBS, CHAINGUARD, KUBERNETES)
        }
        self.workflows = self.others[GITHUB]
        self.database_port, self.redis_port, self.trillian_port = (free_port() for _ in range(3))
        self.fulcio_port, self.ct_port, self.tsa_port = (free_port() for _ in range(3))
        self.rekor_v1_port, self.rekor_v2_port, self.front_port = (free_port() for _ in range(3))
        self.frozen_port, self.frozen_front_port = free_port(), free_port()
        self.registry_port, self.old_registry_port = free_port(), free_port()
        self.urls = Urls(
            oidc=self.federated,
            fulcio=f"http://{HOST}:{self.fulcio_port}",
            ct_log=ct_url(self.ct_port),
            tsa=timestamp_url(self.tsa_port),
            rekor_v1=f"http://{HOST}:{self.rekor_v1_port}",
            rekor_v2=log_url(self.front_port),
            frozen=log_url(self.frozen_front_port),
        )

    def _start_storage(self) -> None:
        self.run(postgresql(self.folder, self.database_port))
        create_database(self.database_port)
        self.run(redis(self.folder, self.redis_port))
        self.run(trillian_server(self.trillian_port, database=self.database_port))
        self.run(trillian_signer(database=self.database_port))
        self.ct_tree, self.rekor_tree = (create_tree(self.trillian_port) for _ in range(2))

    def _start_issuers(self) -> None:
        self.run(oidc_server(self.people, self.federated, *self.others.values()))
        self.run(
            ct_server(
                self.folder,
                self.ct_port,
                tree=self.ct_tree,
                backend=self.trillian_port,
                key=self.ct_key,
                roots=self.authority.chain,
            )
        )
        self.run(timestamp_server(self.clock, self.tsa_port))
        self.fulcio_config = write_config(
            self.folder, people=self.people, federated=self.federated, others=self.others
        )
        self.run(
            fulcio(
                self.fulcio_port,
                config=self.fulcio_config,
                ct_log=self.urls.ct_log,
                authority=self.authority,
            )
        )

    def _start_logs(self) -> None:
        self.run(
            rekor_v1(
                self.rekor_v1_port,
                tree=self.rekor_tree,
                trillian=self.trillian_port,
                redis=self.redis_port,
                key=self.rekor_v1_key,
            )
        )
        storage = self.folder / "rekor-v2"
        self.run(rekor_v2(storage, self.rekor_v2_port, key=self.rekor_v2_key))
        self.run(tile_front(storage, self.front_port, log=self.rekor_v2_port))

    def _write_documents(self) -> None:
        files = Files(
            fulcio=self.authority.chain,
            ct_log=self.ct_key.public,
            tsa=self.clock.chain,
            rekor_v1=self.rekor_v1_key.public,
            rekor_v2=self.rekor_v2_key.public,
            frozen=self.frozen_key.public,
        )
        root = self.trusted_root()
        create_trusted_root(root, self.urls, files)
        for rekor in (1, 2):
            for tsa in (True, False):
                config = self.signing_config(rekor=rekor, tsa=tsa)
                create_signing_config(config, self.urls, rekor=rekor, tsa=tsa)
                both = self.trust_config(rekor=rekor, tsa=tsa)
                join(both, trusted_root=root, signing_config=config)


def _variant(rekor: int, tsa: bool) -> str:
    return f"rekor_v{rekor}" + ("" if tsa else "_without_tsa")

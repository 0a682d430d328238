# SPDX-License-Identifier: Apache-2.0
"""A second log of version 2, which begins empty, and which a witness looks after."""

import json
from pathlib import Path

import keyless
from keyless.protocol.keys import PublicKey
from keyless.protocol.trusted_root import TrustedRoot
from keyless.services.http import requests_transport
from keyless.services.rekor_v2 import RekorV2
from tests.peers.proposals import proposal
from tests.peers.stack.deployment import Stack
from tests.peers.stack.process import Server
from tests.peers.stack.rekor_v2 import ORIGIN, rekor_v2, tile_front
from tests.peers.witness import ServedWitness


class OtherLog:
    """The log, and the documents of its instance, which has no other; as `Stack` has its own."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.folder = stack.folder / "other-log"
        self.folder.mkdir()
        key = PublicKey.parse_pem(stack.frozen_key.public.read_text())
        self.witness = ServedWitness(ORIGIN, key)
        self.witness.start()
        self.server = stack.run(self._server(read_only=False))
        port, log = stack.frozen_front_port, stack.frozen_port
        stack.run(tile_front(self.folder / "log", port, log=log, name="other-front"))
        self._write_documents()

    def freeze(self) -> None:
        """Have it take no entries any more."""
        self.server.stop()
        self.server = self.stack.run(self._server(read_only=True))

    def token(self) -> str:
        """Have Alice's token signed."""
        return self.stack.token()

    def trusted_root(self) -> Path:
        """Return the trusted root's file."""
        return self.folder / "trusted_root.json"

    def signing_config(self, *, rekor: int, tsa: bool) -> Path:
        """Return the file of the only signing configuration."""
        assert (rekor, tsa) == (2, True)
        return self.folder / "signing_config.json"

    def trust_config(self, *, rekor: int, tsa: bool) -> Path:
        """Return the file that holds both."""
        assert (rekor, tsa) == (2, True)
        return self.folder / "client_trust_config.json"

    def connected(self) -> keyless.Sigstore:
        """Return the instance."""
        return keyless.connect(trust_config=self.trust_config(rekor=2, tsa=True), rekor=2)

    def append(self, number: int) -> int:
        """Have an entry logged, and return its index."""
        logs = TrustedRoot.parse(self.trusted_root().read_bytes()).logs
        client = RekorV2(self.stack.urls.frozen, requests_transport(), logs=logs)
        return client.append(proposal(b"entry %d" % number)).index

    def _server(self, *, read_only: bool) -> Server:
        return rekor_v2(
            self.folder / "log",
            self.stack.frozen_port,
            key=self.stack.frozen_key,
            name="other-rekor-v2",
            witnesses=self.witness.write_policy(self.folder / "witnesses"),
            read_only=read_only,
        )

    def _write_documents(self) -> None:
        both = json.loads(self.stack.trust_config(rekor=2, tsa=True).read_text())
        root, config, url = both["trustedRoot"], both["signingConfig"], self.stack.urls.frozen
        root["tlogs"] = [log for log in root["tlogs"] if log["baseUrl"] == url]
        config["rekorTlogUrls"][0]["url"] = url
        self.trusted_root().write_text(json.dumps(root))
        self.signing_config(rekor=2, tsa=True).write_text(json.dumps(config))
        self.trust_config(rekor=2, tsa=True).write_text(json.dumps(both))

# SPDX-License-Identifier: Apache-2.0
"""The repository from which an instance's documents are had, by The Update Framework.

    1.root.json, 2.root.json, …         each signed by the keys before it and by its own
    timestamp.json                      the one file that changes
    N.snapshot.json, N.targets.json     there for good
    targets/SHA256.trusted_root.json    the documents, there for good

Who asks starts from the first root. What is about to expire by the sandbox's clock is signed anew
when it is asked for, as whoever runs a repository does.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import RLock
from types import MappingProxyType

from keyless.errors import InputError
from keyless.protocol.digest import Digest
from keyless.protocol.keys import algorithm_named
from keyless.protocol.signing_keys import SigningKey
from keyless.sandbox.answering import NOT_FOUND, data_response, path_under
from keyless.sandbox.clock import Clock
from keyless.sandbox.tuf_metadata import (
    JsonObject,
    root_json,
    signed_metadata,
    snapshot_json,
    targets_json,
    timestamp_json,
)
from keyless.services.http import Request, Response
from keyless.value import value

DEFAULT_URL = "https://tuf.sandbox.test"
ROLES = ("root", "targets", "snapshot", "timestamp")
LIVES: Mapping[str, timedelta] = MappingProxyType(
    {
        "root": timedelta(days=365),
        "targets": timedelta(days=365),
        "snapshot": timedelta(days=21),
        "timestamp": timedelta(days=7),
    }
)

_P256 = algorithm_named("PKIX_ECDSA_P256_SHA_256")
_ROOT = re.compile(r"([0-9]{1,9})\.root\.json")


@value
class _State:
    """What was the latest at one time."""

    version: int
    root_version: int
    timestamp: bytes


class TufRepository:
    """Four roles, one key each, that publish the *documents* of an instance.

    *lives* says of each role how long what it signs may be believed: to python-tuf, which goes by
    the machine's clock, one that stands further back than that has nothing that is not expired.
    May be shared between threads.
    """

    def __init__(
        self,
        clock: Clock,
        documents: Mapping[str, bytes],
        *,
        url: str = DEFAULT_URL,
        lives: Mapping[str, timedelta] = LIVES,
    ) -> None:
        self._clock = clock
        self._lives = lives
        self._lock = RLock()
        self._keys = {role: SigningKey.generate(_P256) for role in ROLES}
        self._files: dict[str, bytes] = {}
        self._altered: dict[str, bytes] = {}
        self._expiries: dict[str, datetime] = {}
        self._states: list[_State] = []
        self._shown: _State | None = None
        self.url = url
        self.documents = dict(documents)
        self.root_version = 0
        self.version = 0
        self._sign_root()
        self.publish(self.documents)

    @property
    def first_root(self) -> bytes:
        """The root that whoever trusts this repository starts from."""
        return self._files["1.root.json"]

    @property
    def files(self) -> tuple[str, ...]:
        """The paths of all files that are there, shown or not."""
        return ("timestamp.json", *self._files)

    def handle(self, request: Request) -> Response:
        """Answer *request* with the file that it names."""
        path = path_under(self.url, request)
        data = self.file(path) if request.method == "GET" else None
        if data is None:
            return NOT_FOUND
        is_json = path.endswith(".json")
        return data_response(data, "application/json" if is_json else "application/octet-stream")

    def file(self, path: str, *, version: int | None = None) -> bytes | None:
        """Return the file at *path* when *version* was the latest, or as it is shown now.

        Return None if there is none.
        """
        with self._lock:
            if path in self._altered:
                return self._altered[path]
            state = self._state(version) or self._shown
            if state is None:
                self._renew()
                state = self._states[-1]
            root = _ROOT.fullmatch(path)
            if root and int(root[1]) > state.root_version:
                return None
            return state.timestamp if path == "timestamp.json" else self._files.get(path)

    def publish(self, documents: Mapping[str, bytes]) -> None:
        """Make *documents* the latest, in place of those before."""
        with self._lock:
            self.documents = dict(documents)
            self.version = version = self.version + 1
            for name, data in documents.items():
                self._files[f"targets/{Digest.of(data).hex}.{name}"] = data
            targets = targets_json(
                version=version, expires=self._expiry("targets"), documents=documents
            )
            snapshot = snapshot_json(
                version=version, expires=self._expiry("snapshot"), targets=version
            )
            self._files[f"{version}.targets.json"] = self._signed("targets", targets)
            self._files[f"{version}.snapshot.json"] = self._signed("snapshot", snapshot)
            timestamp = timestamp_json(
                version=version, expires=self._expiry("timestamp"), snapshot=version
            )
            self._add_state(self._signed("timestamp", timestamp))

    def rotate(self, role: str) -> None:
        """Give *role* a new key; the next root, signed by the old and the new one, says so."""
        with self._lock:
            old = self._keys[role]
            self._keys[role] = SigningKey.generate(_P256)
            self._sign_root(*([old] if role == "root" else []))
            self.publish(self.documents)

    def freeze(self) -> None:
        """From now on, show nothing new, and sign nothing anew."""
        self.show(self.version)

    def show(self, version: int | None) -> None:
        """Show what had *version* as if it were the latest still; with None, what is.

        Somebody who has seen more is shown a rollback; somebody who has not, a freeze.
        """
        with self._lock:
            self._shown = self._state(version)

    def alter(self, path: str, data: bytes | None) -> None:
        """Answer *data* for *path*, whatever should be there; with None, what should."""
        with self._lock:
            if data is None:
                self._altered.pop(path, None)
            else:
                self._altered[path] = data

    def _state(self, version: int | None) -> _State | None:
        found = [state for state in self._states if state.version == version]
        if version is not None and not found:
            raise InputError(f"the sandbox's TUF repository never had a version {version}")
        return found[0] if found else None

    def _sign_root(self, *others: SigningKey) -> None:
        """Name the keys there are now; signed by *others* too, whom the last root named."""
        self.root_version += 1
        root = root_json(
            version=self.root_version,
            expires=self._expiry("root"),
            keys={role: [key.public] for role, key in self._keys.items()},
        )
        self._files[f"{self.root_version}.root.json"] = signed_metadata(
            root, [self._keys["root"], *others]
        )

    def _signed(self, role: str, content: JsonObject) -> bytes:
        return signed_metadata(content, [self._keys[role]])

    def _add_state(self, timestamp: bytes) -> None:
        state = _State(version=self.version, root_version=self.root_version, timestamp=timestamp)
        self._states.append(state)

    def _expiry(self, role: str) -> datetime:
        self._expiries[role] = self._clock.now + self._lives[role]
        return self._expiries[role]

    def _renew(self) -> None:
        """Sign anew what has lived half its life: a client may look at it for a while."""
        due = {
            role for role in ROLES if self._clock.now > self._expiries[role] - self._lives[role] / 2
        }
        if "root" in due:
            self._sign_root()
        if due:
            self.publish(self.documents)

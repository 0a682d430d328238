# SPDX-License-Identifier: Apache-2.0
"""The logs of signatures, versions 1 and 2, each on one append-only tree (Rekor's part).

    version 1    promises at once, with a time, and numbers its entries over all of its shards:
                 index = those of earlier shards + place in this tree
    version 2    promises nothing and knows no time; who wants an entry waits for a checkpoint

What may be written down, whoever holds a log decides before asking it.
"""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from threading import Lock

from keyless.protocol.checkpoint import Checkpoint, note_key_id
from keyless.protocol.entry import InclusionProof, LogEntry
from keyless.protocol.entry_body import recorded_body
from keyless.protocol.keys import Algorithm, PublicKey, algorithm_named
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.trusted_root import host_of
from keyless.sandbox.clock import Clock
from keyless.sandbox.merkle_log import MerkleLog
from keyless.sandbox.note_writer import Witness, checkpoint_text, signature_line, signed_note
from keyless.value import replace

_P256 = algorithm_named("PKIX_ECDSA_P256_SHA_256")
# Of a kind that nobody knows, so that it is about nobody.
_NEVER_LOGGED = b'{"apiVersion":"0.0.1","kind":"never-logged","spec":{}}'
_ED25519 = algorithm_named("PKIX_ED25519")


class LogV1:
    """One shard of a log of version 1, after *earlier* entries in the shards before it.

    *secret* is what it signs with; its *times* are those of its entries, in seconds since 1970.
    """

    def __init__(
        self, clock: Clock, *, url: str, key: SigningKey | None = None, earlier: int = 0
    ) -> None:
        self._clock = clock
        self.secret = key or SigningKey.generate(_P256)
        self.times: list[int] = []
        self._appending = Lock()
        self.url = url
        self.earlier = earlier
        self.tree = MerkleLog()
        self.tree_id = secrets.randbits(62)

    @property
    def key(self) -> PublicKey:
        """The key its promises and checkpoints are verified with."""
        return self.secret.public

    @property
    def log_id(self) -> bytes:
        """What its entries call it."""
        return self.key.fingerprint.value

    @property
    def name(self) -> str:
        """The host under which it signs its checkpoints."""
        return host_of(self.url)

    @property
    def origin(self) -> str:
        """What its checkpoints call the tree."""
        return f"{self.name} - {self.tree_id}"

    def append(self, body: bytes, *, at: datetime | None = None) -> LogEntry:
        """Write *body* down, now or *at* another time; return it with promise and proof."""
        with self._appending:
            self.times.append(int((at or self._clock.now).timestamp()))
            place = self.tree.append(body)
        return self.entry(self.earlier + place)

    def entry(self, index: int, *, size: int | None = None) -> LogEntry:
        """Return the entry at *index*, counted over all shards, with proof in a tree of *size*."""
        place = index - self.earlier
        size = len(self.tree) if size is None else size
        entry = replace(
            _entry(self.tree, place, size=size, checkpoint=self.checkpoint(size=size)),
            log_id=self.log_id,
            index=index,
            integrated_time=self.times[place],
        )
        return self.promised(entry)

    def promised(self, entry: LogEntry) -> LogEntry:
        """Return *entry* with this log's promise to include it just as it is."""
        return replace(entry, promise=self.secret.sign(entry.promise_payload()))

    def uuid(self, entry: LogEntry) -> str:
        """Name *entry*: by its tree, and by the hash of its leaf."""
        return f"{self.tree_id:016x}{entry.leaf.hex()}"

    def fork(self) -> "LogV1":
        """Return a log that passes for this one, and tells another history."""
        other = LogV1(self._clock, url=self.url, key=self.secret, earlier=self.earlier)
        other.tree_id, other.tree = self.tree_id, _retold(self.tree)
        other.times.extend(self.times)
        return other

    def successor(self) -> "LogV1":
        """Return the next shard: an empty tree, whose entries are counted on from this one's."""
        earlier = self.earlier + len(self.tree)
        return LogV1(self._clock, url=self.url, key=self.secret, earlier=earlier)

    def checkpoint(self, *, size: int | None = None, extensions: Iterable[str] = ()) -> str:
        """Sign what the tree is, or was when it had *size* entries."""
        size = len(self.tree) if size is None else size
        text = checkpoint_text(self.origin, self.tree, size=size, extensions=extensions)
        return signed_note(text, [signature_line(text, name=self.name, key=self.secret)])


class LogV2:
    """A log of version 2; its *witnesses* cosign every checkpoint."""

    def __init__(
        self,
        clock: Clock,
        *,
        url: str,
        algorithm: Algorithm = _ED25519,
        key: SigningKey | None = None,
        witnesses: Sequence[Witness] = (),
    ) -> None:
        self._clock = clock
        self.secret = key or SigningKey.generate(algorithm)
        self.url = url
        self.witnesses = tuple(witnesses)
        self.tree = MerkleLog()

    @property
    def key(self) -> PublicKey:
        """The key its checkpoints are verified with."""
        return self.secret.public

    @property
    def log_id(self) -> bytes:
        """What its entries call it: the whole of what its checkpoints' key hints begin."""
        return note_key_id(self.name, self.key)

    @property
    def name(self) -> str:
        """The host under which it signs its checkpoints, and the origin of its one tree."""
        return host_of(self.url)

    def append(self, body: bytes) -> LogEntry:
        """Write *body* down; return it with its proof in a checkpoint that covers it."""
        return self.entry(self.tree.append(body))

    def entry(self, index: int, *, size: int | None = None) -> LogEntry:
        """Return the entry at *index*, with its proof in the tree of *size* entries."""
        size = len(self.tree) if size is None else size
        entry = _entry(self.tree, index, size=size, checkpoint=self.checkpoint(size=size))
        return replace(entry, log_id=self.log_id)

    def successor(self, url: str, *, key: SigningKey | None = None) -> "LogV2":
        """Return the next shard, at *url*: an empty tree, with a key of its own."""
        algorithm = self.secret.public.algorithm
        return LogV2(self._clock, url=url, algorithm=algorithm, key=key, witnesses=self.witnesses)

    def fork(self) -> "LogV2":
        """Return a log that passes for this one, and tells another history."""
        other = LogV2(self._clock, url=self.url, key=self.secret, witnesses=self.witnesses)
        other.tree = _retold(self.tree)
        return other

    def checkpoint(self, *, size: int | None = None) -> str:
        """Sign what the tree is, or was when it had *size* entries, and have it cosigned."""
        size = len(self.tree) if size is None else size
        text = checkpoint_text(self.name, self.tree, size=size)
        own = signature_line(text, name=self.name, key=self.secret)
        now = self._clock.now
        others = (witness.cosignature_line(text, at=now) for witness in self.witnesses)
        return signed_note(text, [own, *others])


def _retold(tree: MerkleLog) -> MerkleLog:
    """Return *tree* with another first entry, and so under another root at every size."""
    other = MerkleLog()
    for index in range(len(tree)):
        other.append(tree[index] if index else _NEVER_LOGGED)
    return other


def _entry(tree: MerkleLog, place: int, *, size: int, checkpoint: str) -> LogEntry:
    """Return what both versions say of the entry at *place* in *tree*."""
    body = tree[place]
    kind, version, parsed = recorded_body(body)
    proof = InclusionProof(
        index=place,
        size=size,
        root=tree.root(size),
        hashes=tuple(tree.prove_inclusion(place, size=size)),
        checkpoint=Checkpoint.parse(checkpoint),
    )
    return LogEntry(
        log_id=b"",
        index=place,
        kind=kind,
        version=version,
        integrated_time=0,
        promise=None,
        proof=proof,
        canonical_body=body,
        recorded_as=(kind, version),
        body=parsed,
    )

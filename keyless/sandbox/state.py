# SPDX-License-Identifier: Apache-2.0
"""A sandbox that outlives its process: what it keeps in a folder, which nobody else can read.

    sandbox.json     its keys, and the certificates for them, written once
    lock             held as long as a sandbox has the folder
    journal.jsonl    what happened, line by line, as it happens:

        {"ct": base64}                                  the certificate log has a leaf more
        {"v1": base64, "at": seconds}                   and so has the log of version 1,
        {"shard": decimal}                              which then went on in another tree,
        {"leaf": hex, "attestation": base64}            keeps an attestation
        {"uuid": …, "keys": […]}                        and finds an entry by these
        {"v2": base64}                                  the log of version 2 has an entry more
        {"key": base64, "at": text}                     and went on in another shard, with this key

A log that has answered has written its line before. Who is cut off in the middle of a line has not
answered, so that half a line at the end is nothing that anybody was told.
"""

import json as json_text
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from threading import Lock

from keyless import files
from keyless.errors import InputError, ParseError
from keyless.protocol.certificate import Certificate
from keyless.protocol.encoding import b64encode, parse_decimal
from keyless.protocol.json_reader import Json, JsonValue
from keyless.protocol.signing_keys import SigningKey
from keyless.protocol.time_range import parse_time
from keyless.protocol.window import Window, in_rfc3339
from keyless.safe_text import shown
from keyless.sandbox.certificate_authority import CertificateAuthority
from keyless.sandbox.ct_log import CtLog
from keyless.sandbox.instance_core import InstanceCore
from keyless.sandbox.rekor_v1 import RekorV1
from keyless.sandbox.timestamp_authority import TimestampAuthority
from keyless.sandbox.transparency_log import LogV1, LogV2
from keyless.services.trust_cache import take_lock

INSTANCE, JOURNAL = "sandbox.json", "journal.jsonl"
VERSION = 1
LARGEST_INSTANCE, LARGEST_JOURNAL = 1 << 20, 1 << 30
LONGEST_CHAIN = 16
MOST_KEYS = 10_000

_OWN = 0o600

_Authority = CertificateAuthority | TimestampAuthority
_Keyed = _Authority | CtLog | LogV1 | LogV2


class State:
    """The *folder* in which a sandbox keeps itself, held until it is closed."""

    def __init__(self, folder: files.Path) -> None:
        self.folder = os.fspath(folder)
        self._writing = Lock()
        self._held = ExitStack()
        self._journal = _opened(self.folder, self._held)

    def restore(self, core: InstanceCore, rekor_v1: RekorV1) -> None:
        """Make *core* and the wire of its log what they were; from now on they are kept."""
        with ExitStack() as failed:
            failed.callback(self.close)
            self._restore(core, rekor_v1)
            self._keep(core, rekor_v1)
            failed.pop_all()

    def rotated(self, core: InstanceCore) -> None:
        """Keep that the log of version 2 has gone on in another shard."""
        at = in_rfc3339(core.retired[-1].at)
        self._write({"key": b64encode(core.log_v2.secret.to_pkcs8()), "at": at})
        self._keep_v2(core.log_v2)

    def close(self) -> None:
        """Let another sandbox have the folder."""
        with self._writing:
            self._journal = None
            self._held.close()

    def _restore(self, core: InstanceCore, rekor_v1: RekorV1) -> None:
        path = os.path.join(self.folder, INSTANCE)
        if os.path.exists(path):
            with _reading(path):
                _take(core, Json.parse(files.read(path, largest=LARGEST_INSTANCE)))
        else:
            _write_secret(path, _written(core))
        for number, line in enumerate(self._lines(), 1):
            with _reading(f"{os.path.join(self.folder, JOURNAL)}, line {number},"):
                _replay(Json.parse(line), core, rekor_v1)

    def _lines(self) -> Iterator[bytes]:
        path = os.path.join(self.folder, JOURNAL)
        whole = files.read(path, largest=LARGEST_JOURNAL)
        told = whole[: whole.rfind(b"\n") + 1]
        if len(told) < len(whole) and self._journal is not None:
            os.ftruncate(self._journal, len(told))
        yield from told.splitlines()

    def _keep(self, core: InstanceCore, rekor_v1: RekorV1) -> None:
        core.ct_log.tree.keep = lambda leaf: self._write({"ct": b64encode(leaf)})
        self._keep_v2(core.log_v2)
        self._keep_shard(rekor_v1.log)
        rekor_v1.note = partial(self._note, rekor_v1)

    def _keep_v2(self, log: LogV2) -> None:
        log.tree.keep = lambda body: self._write({"v2": b64encode(body)})

    def _keep_shard(self, log: LogV1) -> None:
        log.tree.keep = lambda body: self._write({"v1": b64encode(body), "at": log.times[-1]})

    def _note(self, rekor_v1: RekorV1, event: dict[str, JsonValue]) -> None:
        if "shard" in event:
            self._keep_shard(rekor_v1.log)
        self._write(event)

    def _write(self, event: dict[str, JsonValue]) -> None:
        line = json_text.dumps(event, separators=(",", ":")).encode("utf-8") + b"\n"
        with self._writing:
            if self._journal is None:
                raise InputError(f"the sandbox in {shown(self.folder)} is closed")
            end = os.lseek(self._journal, 0, os.SEEK_END)
            try:
                written = os.write(self._journal, line)
            except OSError as error:
                written, why = 0, str(error.strerror)
            else:
                why = "the disk is full"
            if written < len(line):
                os.ftruncate(self._journal, end)
                raise InputError(f"the sandbox in {shown(self.folder)} cannot be kept: {why}")


def _opened(folder: str, held: ExitStack) -> int | None:
    """Open the journal in *folder*, alone; what is open then is closed with *held*."""
    try:
        os.makedirs(folder, exist_ok=True)
        lock, journal = (
            os.open(os.path.join(folder, name), os.O_RDWR | os.O_CREAT | os.O_APPEND, _OWN)
            for name in ("lock", JOURNAL)
        )
    except OSError as error:
        raise InputError(f"no sandbox can be kept in {shown(folder)}: {error.strerror}") from None
    held.callback(os.close, journal)
    held.callback(os.close, lock)
    if not take_lock(lock):
        held.close()
        raise InputError(
            f"another sandbox is kept in {shown(folder)}", hint="close it first: two cannot be one"
        )
    return journal


@contextmanager
def _reading(path: str) -> Iterator[None]:
    """Say that what is at *path* is damaged, if it cannot be read."""
    try:
        yield
    except ParseError as error:
        raise InputError(
            f"{shown(path)} is damaged: {error.message}",
            hint="remove the whole folder: a sandbox is made anew when it is next needed",
        ) from None


def _parties(core: InstanceCore) -> dict[str, _Keyed]:
    return {
        "ct_log": core.ct_log,
        "log_v1": core.log_v1,
        "log_v2": core.log_v2,
        **_authorities(core),
    }


def _authorities(core: InstanceCore) -> dict[str, _Authority]:
    return {"authority": core.authority, "timestamp_authority": core.timestamp_authority}


def _written(core: InstanceCore) -> bytes:
    document: dict[str, JsonValue] = {
        "version": VERSION,
        "since": int(core.window.start.timestamp()),
        "tree": str(core.log_v1.tree_id),
        "keys": {name: b64encode(it.secret.to_pkcs8()) for name, it in _parties(core).items()},
        "chains": {
            name: [b64encode(each.der) for each in it.chain]
            for name, it in _authorities(core).items()
        },
    }
    return json_text.dumps(document, indent=1).encode("ascii") + b"\n"


def _take(core: InstanceCore, json: Json) -> None:
    if json.integer("version") != VERSION:
        raise json.error("it is of another version of this program's", name="version")
    keys, chains = json.object("keys"), json.object("chains")
    for name, party in _parties(core).items():
        party.secret = keys.within(name, SigningKey.parse, keys.base64(name))
    for name, authority in _authorities(core).items():
        chain = chains.base64s(name, most=LONGEST_CHAIN)
        authority.chain = tuple(chains.within(name, Certificate.parse, each) for each in chain)
    core.log_v1.tree_id = json.within("tree", parse_decimal, json.text("tree"))
    core.window = Window(start=datetime.fromtimestamp(json.integer("since"), UTC))


def _replay(event: Json, core: InstanceCore, rekor_v1: RekorV1) -> None:
    match event.only_one_of("ct", "v1", "v2", "key", "shard", "leaf", "uuid"):
        case "ct":
            core.ct_log.tree.append(event.base64("ct"))
        case "v1":
            at = datetime.fromtimestamp(event.integer("at"), UTC)
            rekor_v1.log.append(event.base64("v1"), at=at)
        case "v2":
            core.log_v2.tree.append(event.base64("v2"))
        case "key":
            key = event.within("key", SigningKey.parse, event.base64("key"))
            core.rotate(key=key, at=event.within("at", parse_time, event.text("at")))
        case "shard":
            shard = rekor_v1.log.successor()
            shard.tree_id = event.within("shard", parse_decimal, event.text("shard"))
            rekor_v1.shards.append(shard)
        case "leaf":
            rekor_v1.attestations[event.hex("leaf")] = event.base64("attestation")
        case _:
            rekor_v1.index.add(event.text("uuid"), event.texts("keys", most=MOST_KEYS))


def _write_secret(path: str, data: bytes) -> None:
    # Nobody else may read it, not even for a moment: it is made so, and not changed to it.
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWN), "wb") as file:
        file.write(data)

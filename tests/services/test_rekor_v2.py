# SPDX-License-Identifier: Apache-2.0
"""The client of the log, version 2: what it writes, what it rebuilds, which answers are lies."""

import json
from typing import Any

import pytest

from keyless.errors import Check, InputError, ServiceError, VerificationError
from keyless.protocol.entry import LogEntry
from keyless.protocol.proposal import Proposal
from keyless.protocol.trusted_root import Log, TrustedRoot
from keyless.sandbox.clock import Clock
from keyless.sandbox.transparency_log import LogV2
from keyless.services.http import Patience, Request, Response
from keyless.services.rekor_v2 import RekorV2
from tests.services.material import body_v2, core, proposed, says_json
from tests.services.transports import Answer, Scripted, answered

URL = "https://log2025-1.rekor.sandbox.test"
NAME = "transparency log log2025-1.rekor.sandbox.test"
WHOLE = 256


def trusted() -> tuple[Log, ...]:
    """Return the logs of the sandbox."""
    return TrustedRoot.parse(core().trusted_root_json()).logs


class TileServer:
    """The files of a log of version 2, as it is when it has *size* entries."""

    def __init__(self, log: LogV2, *, size: int | None = None) -> None:
        self.log = log
        self.size = len(log.tree) if size is None else size
        self.changed: dict[str, bytes] = {}
        self.gone: set[str] = set()
        self.asked: list[str] = []

    def __call__(self, request: Request) -> Response:
        """Serve a file."""
        assert request.method == "GET"
        path = request.url.removeprefix(f"{URL}/api/v2/")
        self.asked.append(path)
        if path in self.changed:
            return answered(200, self.changed[path])
        if path in self.gone:
            return answered(404, b"gone")
        if path == "checkpoint":
            return answered(200, self.log.checkpoint(size=self.size).encode())
        return answered(200, self.tile(path))

    def tile(self, path: str) -> bytes:
        """Return a tile of level 0, or the entries under it, or a tile of level 1."""
        _, kind, *place = path.split("/")
        width = int(place.pop()) if ".p" in path else WHOLE
        index = int("".join(place).replace("x", "").removesuffix(".p"))
        start = index * WHOLE
        if kind == "entries":
            bodies = [self.log.tree[at] for at in range(start, start + width)]
            return b"".join(len(body).to_bytes(2, "big") + body for body in bodies)
        tree = self.log.tree
        if kind == "0":
            return b"".join(tree.leaf(at) for at in range(start, start + width))
        return b"".join(tree._levels[8][at] for at in range(start, start + width))  # noqa: SLF001


def new_log(size: int) -> tuple[LogV2, Proposal, LogEntry]:
    """Make a log of *size* entries, of which one in the middle was proposed."""
    log = LogV2(Clock(), url=URL)
    proposal = proposed()
    for at in range(size):
        log.tree.append(body_v2(proposal) if at == size // 2 else b"{}")
    return log, proposal, log.entry(size // 2)


def trust(log: LogV2) -> tuple[Log, ...]:
    """Trust *log* in place of the sandbox's own."""
    first, second = trusted()
    own = {**second.__dict__, "key": log.key, "log_id": log.log_id, "checkpoint_key_id": log.log_id}
    return first, Log(**own)


def client(transport: Any, *, logs: tuple[Log, ...] | None = None) -> RekorV2:
    """Return a client that does not really wait."""
    patience = Patience(attempts=3, sleep=lambda _: None)
    logs = trusted() if logs is None else logs
    return RekorV2(URL, transport, logs=logs, patience=patience)


def conflict(index: object) -> Response:
    """Answer that there is an entry at *index* already."""
    words = b'{"code": 6, "message": "an equivalent entry already exists"}'
    return answered(409, words, x_log_index=str(index))


def after(first: Answer, then: Any) -> Any:
    """Return the transport that gives one answer, then those of another."""
    answers = iter((first,))

    def carry(request: Request) -> Response:
        answer = next(answers, None)
        return then(request) if answer is None else Scripted(answer)(request)

    return carry


def lie(check: Check, ask: Any) -> VerificationError:
    """Return why an answer is refused."""
    with pytest.raises(VerificationError) as caught:
        ask()
    assert caught.value.check is check
    assert caught.value.message.startswith(f"the {NAME} gave a wrong answer: ")
    return caught.value


def failed(ask: Any) -> ServiceError:
    """Return why there is no answer."""
    with pytest.raises(ServiceError) as caught:
        ask()
    assert caught.value.service == NAME
    assert NAME in caught.value.message
    return caught.value


# Appending


def test_what_was_proposed_is_appended() -> None:
    """The entry comes back as a bundle holds it."""
    proposal = proposed()
    entry = core().log_v2.append(body_v2(proposal))
    transport = Scripted(says_json(entry.to_json(), status=201))
    assert client(transport).append(proposal) == entry
    (request,) = transport.asked
    assert (request.method, request.url) == ("POST", f"{URL}/api/v2/log/entries")
    assert request.header("Content-Type") == "application/json"
    assert request.body == proposal.v2_request()


def test_the_log_is_given_time() -> None:
    """It answers when a checkpoint covers the entry, and not before."""
    transport = Scripted(answered(500))
    failed(lambda: client(transport).append(proposed()))
    assert transport.asked[0].seconds >= 20


@pytest.mark.parametrize("size", [1, 2, 200, 256, 257, 700])
def test_what_was_written_down_before_is_rebuilt(size: int) -> None:
    """From its index alone: the same entry, proof and all, as the log would have answered."""
    log, proposal, entry = new_log(size)
    transport = after(conflict(entry.index), TileServer(log))
    assert client(transport, logs=trust(log)).append(proposal) == entry


def test_what_was_just_written_down_is_waited_for() -> None:
    """Until a checkpoint covers it."""
    log, proposal, entry = new_log(10)
    server = TileServer(log, size=entry.index)

    def grown(request: Request) -> Response:
        if server.asked.count("checkpoint") == 2:
            server.size = 10
        return server(request)

    got = client(after(conflict(entry.index), grown), logs=trust(log)).append(proposal)
    assert got == entry
    assert server.asked.count("checkpoint") == 3


def test_what_does_not_appear_is_not_waited_for_without_end() -> None:
    """Whoever asks has other things to do."""
    log, proposal, entry = new_log(10)
    server = TileServer(log, size=entry.index)
    transport = after(conflict(entry.index), server)
    error = failed(lambda: client(transport, logs=trust(log)).append(proposal))
    assert f"has no entry {entry.index}, or no checkpoint yet" in error.message
    assert server.asked == ["checkpoint"] * 3


@pytest.mark.parametrize("index", ["", "x", "-1", "1.5", "9" * 30])
def test_a_conflict_without_an_index_is_an_error(index: str) -> None:
    """There is nothing to look for."""
    error = failed(lambda: client(Scripted(conflict(index))).append(proposed()))
    assert "not a plain decimal number" in error.message


def test_another_entry_in_answer_is_a_lie() -> None:
    """A real one, of the same artifact and signer, that is not ours."""
    other = core().log_v2.append(body_v2(proposed()))
    transport = Scripted(says_json(other.to_json(), status=201))
    refusal = lie(Check.ENTRY, lambda: client(transport).append(proposed()))
    assert "recorded another signature than was proposed" in refusal.message


def test_another_entry_behind_a_conflict_is_a_lie() -> None:
    """Somebody else's entry is no proof that ours is in the log."""
    log, _, entry = new_log(10)
    transport = after(conflict(entry.index), TileServer(log))
    refusal = lie(Check.ENTRY, lambda: client(transport, logs=trust(log)).append(proposed()))
    assert "recorded another signature than was proposed" in refusal.message


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "could not verify the signature"),
        (405, "the log is frozen, another has taken its place"),
        (413, "too large for this log"),
        (503, "try again later"),
    ],
)
def test_a_refusal_says_what_to_do(status: int, advice: str) -> None:
    """Beside what the log says."""
    transport = Scripted(answered(status, b'{"code": 7, "message": "no"}'))
    error = failed(lambda: client(transport).append(proposed()))
    assert error.message.endswith(f"answered {status}: no")
    assert advice in str(error.hint)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}"])
def test_what_is_no_entry_is_an_error_of_the_log(body: bytes) -> None:
    """A page of a proxy, or half an answer."""
    error = failed(lambda: client(Scripted(answered(201, body))).append(proposed()))
    assert "gave an answer that cannot be read" in error.message


# Reading


@pytest.mark.parametrize("index", [-1, 1 << 63])
def test_what_is_no_index_is_not_asked_for(index: int) -> None:
    """No entry has it."""
    with pytest.raises(InputError, match="is not the index of an entry"):
        client(Scripted()).entry(index)


def test_an_entry_is_found_by_its_index() -> None:
    """From the entries around it, and the hashes on the way to the root."""
    log, _, entry = new_log(700)
    server = TileServer(log)
    assert client(server, logs=trust(log)).entry(350) == entry
    assert server.asked[:2] == ["checkpoint", "tile/entries/001"]
    assert len(server.asked) == len(set(server.asked)) < 8


def test_a_partial_tile_that_is_gone_is_in_the_full_one() -> None:
    """Logs throw partial tiles away once they have the full ones."""
    log, _, entry = new_log(300)
    server = TileServer(log, size=200)
    server.gone = {"tile/0/000.p/200", "tile/entries/000.p/200"}
    got = client(server, logs=trust(log)).entry(150)
    assert got == log.entry(150, size=200)
    assert got.canonical_body == entry.canonical_body
    assert {"tile/0/000", "tile/entries/000"} < set(server.asked)


def test_a_tile_that_is_nowhere_is_an_error() -> None:
    """And not looked for again."""
    log, _, _ = new_log(300)
    server = TileServer(log)
    server.gone = {"tile/entries/001.p/44", "tile/entries/001"}
    error = failed(lambda: client(server, logs=trust(log)).entry(290))
    assert error.status == 404


def test_a_checkpoint_is_read() -> None:
    """As the log signs it."""
    log, _, _ = new_log(3)
    assert client(TileServer(log)).checkpoint().to_text() == log.checkpoint()


@pytest.mark.parametrize("body", [b"", b"\xff", b"<html>", b"a\n5\nb\n\n"])
def test_what_is_no_checkpoint_is_an_error_of_the_log(body: bytes) -> None:
    """As a page of a proxy."""
    error = failed(lambda: client(Scripted(answered(200, body))).checkpoint())
    assert "gave an answer that cannot be read" in error.message


def test_a_log_that_nobody_trusts_is_refused() -> None:
    """Its entries could not be called by its name."""
    log, _, entry = new_log(3)
    for logs in (trusted(), ()):
        refusal = lie(Check.LOG, lambda logs=logs: client(TileServer(log), logs=logs).entry(1))
        assert "no trusted log signs its checkpoint" in refusal.message
    assert entry.index == 1


def test_a_checkpoint_with_another_signature_is_refused() -> None:
    """Its name and its hint are there for everybody to write."""
    log, _, _ = new_log(3)
    server = TileServer(log)
    text, _, line = log.checkpoint().rpartition("\n\n")
    server.changed["checkpoint"] = f"{text.replace('3', '4', 1)}\n\n{line}".encode()
    altered = server.changed["checkpoint"].decode()
    assert altered != log.checkpoint()
    refusal = lie(Check.CHECKPOINT, lambda: client(server, logs=trust(log)).entry(1))
    assert "is not signed by its log" in refusal.message


def test_an_entry_that_is_not_in_the_tree_is_refused() -> None:
    """The log serves another one in its place."""
    log, _, _ = new_log(200)
    other, _, _ = new_log(200)
    server = TileServer(log)
    path = "tile/entries/000.p/200"
    server.changed[path] = TileServer(other).tile(path)
    lie(Check.INCLUSION, lambda: client(server, logs=trust(log)).entry(100))


def test_a_tree_that_is_not_the_checkpoints_is_refused() -> None:
    """The log serves hashes of a fork."""
    log, _, _ = new_log(200)
    server = TileServer(log)
    path = "tile/0/000.p/200"
    hashes = bytearray(TileServer(log).tile(path))
    hashes[0] ^= 1
    server.changed[path] = bytes(hashes)
    lie(Check.INCLUSION, lambda: client(server, logs=trust(log)).entry(100))


@pytest.mark.parametrize(
    ("path", "message"),
    [("tile/0/000.p/200", "where 200 hashes have"), ("tile/entries/000.p/200", "ends within")],
)
def test_a_tile_that_breaks_off_is_an_error_of_the_log(path: str, message: str) -> None:
    """It is not taken for a smaller one."""
    log, _, _ = new_log(200)
    server = TileServer(log)
    server.changed[path] = server.tile(path)[:-1]
    error = failed(lambda: client(server, logs=trust(log)).entry(100))
    assert "gave an answer that cannot be read" in error.message
    assert message in error.message


def test_an_entry_that_is_no_entry_is_an_error_of_the_log() -> None:
    """It is in the tree, and says nothing."""
    log, _, _ = new_log(10)
    error = failed(lambda: client(TileServer(log), logs=trust(log)).entry(2))
    assert json.loads(log.tree[2]) == {}
    assert "kind: missing" in error.message
